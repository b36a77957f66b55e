"""Records what pocket-tts-timestamped 1.4.0 computes, for the tests beside this file.

    pip install pocket-tts-timestamped==1.4.0 && python record.py

attention.json: the attention of some heads to each token, frame by frame, of two small models that are
fed the latents of their records. machine.json: what its rule makes of random scores.
"""

import gzip
import json
import random
from pathlib import Path

import torch
import yaml
from pocket_tts_timestamped import TTSModel
from pocket_tts_timestamped.modules.stateful_module import init_states, increment_steps
from pocket_tts_timestamped.timestamps.alignment import SelectedAttentionCapture, WordAlignment
from pocket_tts_timestamped.timestamps.text import _SourceWord, _TextUnit
from safetensors.torch import load_file

HERE = Path(__file__).parent
FIXTURES = HERE.parents[3] / "fixtures"
MODELS = {"tiny_english": [(0, 1), (1, 0)], "tiny_2m": [(1, 1), (0, 0), (1, 0)]}
FRAMES = 6


def attention(name, heads):
    config = yaml.safe_load((FIXTURES / f"configs/{name}.yaml").read_text())
    config["weights_path"] = str(FIXTURES / f"checkpoints/{name}/model.safetensors")
    kind = config["flow_lm"]["lookup_table"].get("tokenizer", "sentencepiece")
    file = "tokenizer.json" if kind == "tokenizers" else "tokenizer.model"
    config["flow_lm"]["lookup_table"]["tokenizer_path"] = str(HERE.parents[2] / f"checkpoint/assets/{file}")
    path = HERE / "config.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True))
    model = TTSModel.load_model(config=str(path))
    path.unlink()
    lm = model.flow_lm
    tokens = torch.arange(3, 12)[None]
    steps = load_file(FIXTURES / f"records/{name}/steps.safetensors")
    latents = [steps[f"{i}.latent"].reshape(1, 1, -1) for i in range(FRAMES - 1)]
    prompt = torch.linspace(-1, 1, 4 * lm.dim).reshape(1, 4, lm.dim)
    state = init_states(lm, batch_size=1, sequence_length=64)
    none = torch.zeros(1, 0, lm.ldim)
    frames = []
    with torch.no_grad():
        text = lm.conditioner(tokens)
        for rows in (prompt, text):
            lm.backbone(lm.input_linear(none), rows, none, state)
            increment_steps(lm, state, increment=rows.shape[1])
        capture = SelectedAttentionCapture(heads, 4, 4 + tokens.shape[1], torch.eye(tokens.shape[1]))
        for latent in [lm.bos_emb.reshape(1, 1, -1), *latents]:
            capture.begin_frame()
            rows = torch.zeros(1, 0, lm.dim)
            lm.backbone(lm.input_linear(latent), rows, latent, state, attention_capture=capture)
            increment_steps(lm, state, increment=1)
            frames.append([round(x, 8) for x in capture.finish_frame().tolist()])
    return {"model": name, "heads": heads, "tokens": tokens[0].tolist(), "frames": frames}


def machine(seed):
    rng = random.Random(seed)
    kinds = [rng.choice("wwwpa") for _ in range(rng.randint(1, 9))]
    units, words = [], 0
    for kind in kinds:
        word = None
        if kind == "w":
            word = _SourceWord("w", words, 0, 0)
            words += 1
        units.append(_TextUnit("", 0, 0, word, synthetic=kind == "a"))
    alignment = WordAlignment(tuple(units))
    frames, at = [], 0.0
    for time in range(30):
        at = min(len(units) - 1, at + rng.random() * 0.6)
        scores = [rng.random() * rng.choice([1e-4, 0.1, 1]) for _ in units]
        scores[int(at)] += rng.random()
        scores = torch.tensor([round(x, 5) for x in scores])
        sounds = rng.random() < 0.8
        events = []
        if words:
            for event in alignment.process_frame(scores, sounds, float(time)):
                events.append([type(event).__name__[4:].lower(), event.word_index])
        frames.append({"scores": [round(x, 5) for x in scores.tolist()], "sounds": sounds, "events": events})
    return {"units": "".join(kinds), "frames": frames}


def write(name, value):
    with gzip.GzipFile(HERE / f"{name}.json.gz", "wb", mtime=0) as file:
        file.write(json.dumps(value).encode())


torch.manual_seed(0)
write("attention", [attention(name, heads) for name, heads in MODELS.items()])
write("machine", [machine(seed) for seed in range(24)])
