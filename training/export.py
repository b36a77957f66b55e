"""Step `export`: the finished voice, in the form of `models/starling`, for `pocket-onnx convert`.

`model.safetensors` (bf16, upstream's names), `config.yaml`, `tokenizer.model`, `NAME.wav` of each
voice, and `sentences.json` with sentences that were held out.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from . import checkpoint, model, sound
from .utterances import RATE, Utterances
from .work import Work

#: Seconds of a voice prompt: as long as most of those that the language model was trained with.
PROMPT = 2.25
#: Sentences that are listed.
SENTENCES = 100
#: Statistics of the latents, which stay f32.
EXACT = ("emb_mean", "emb_std")


def _weights(work: Work) -> dict[str, torch.Tensor]:
    codec = checkpoint.load(work.need(work.codec, "codec"))["model"]
    lm = checkpoint.load(work.need(work.lm, "lm"))["ema"]
    both = {f"mimi.{name}": values for name, values in codec.items()}
    both |= {f"flow_lm.{name}": values for name, values in lm.items()}
    return {
        name: values.to(torch.float32 if name.endswith(EXACT) else torch.bfloat16).contiguous()
        for name, values in both.items()
    }


def _prompt(utterances: Utterances, voice: str) -> int:
    """The utterance of a voice whose length is nearest to a prompt's."""
    own = [i for i in utterances.to_train if utterances[i].voice == voice]
    return min(own, key=lambda i: abs(utterances[i].samples / RATE - PROMPT))


def run(work: Work, config: Path) -> None:
    utterances = Utterances(work.utterances)
    weights = _weights(work)
    # Shapes that do not fit the configuration are found here and not by whoever gets the voice.
    settings = model.read_config(config)
    for part, network in (
        ("mimi", model.build_codec(settings)),
        ("flow_lm", model.build_lm(settings)),
    ):
        own = {
            name.removeprefix(f"{part}."): values
            for name, values in weights.items()
            if name.startswith(f"{part}.")
        }
        model.load(network, own, work.root)
    work.voice.mkdir(parents=True, exist_ok=True)
    save_file(weights, work.voice / "model.safetensors")
    shutil.copy(config, work.voice / "config.yaml")
    shutil.copy(work.need(work.tokenizer, "lm"), work.voice / "tokenizer.model")
    prompts = []
    for voice in utterances.voices:
        index = _prompt(utterances, voice)
        sound.write(work.voice / f"{voice}.wav", utterances.sound(index))
        prompts.append(f"{work.voice / voice}.wav")
        print(f"{voice}: {utterances[index].text}")
    lines = [
        json.dumps(
            {"text": u.text, "voice": u.voice, "seconds": round(u.samples / RATE, 2)},
            ensure_ascii=False,
        )
        for u in (utterances[i] for i in sorted(utterances.held_out)[:SENTENCES])
    ]
    sentences = "[\n  " + ",\n  ".join(lines) + "\n]\n"
    (work.voice / "sentences.json").write_text(sentences, encoding="utf-8")
    values = sum(tensor.numel() for tensor in weights.values())
    print(f"{values / 1e6:.2f} million values in {work.voice}; a bundle is made by")
    print(
        f"  pocket-onnx convert --config {work.voice}/config.yaml "
        f"--weights {work.voice}/model.safetensors --tokenizer {work.voice}/tokenizer.model "
        f"--voices {' '.join(prompts)} --output-dir BUNDLE"
    )
