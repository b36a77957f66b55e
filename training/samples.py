"""Step `samples`: held-out sentences as recorded, through the codec, and spoken by pocket-tts.

`samples/{recorded,codec,spoken}/VOICE-NUMBER.wav`, each with its text in `VOICE-NUMBER.txt`.
"""

from pathlib import Path

import numpy as np
import torch
import yaml

from . import codec, compat, model, sound
from .utterances import Utterances
from .work import Work

#: Sentences of each voice.
SENTENCES = 60
#: Words of a sentence that a recogniser can be asked about.
FEWEST_WORDS = 3


def _chosen(utterances: Utterances, count: int) -> dict[str, int]:
    """`VOICE-NUMBER` to the index of each of `count` sentences a voice."""
    chosen = {}
    for voice in utterances.voices:
        own = [
            i
            for i in sorted(utterances.held_out)
            if utterances[i].voice == voice and len(utterances[i].text.split()) >= FEWEST_WORDS
        ]
        chosen |= {f"{voice}-{number:03d}": i for number, i in enumerate(own[:count])}
    return chosen


def _write(folder: Path, name: str, wave: np.ndarray, text: str) -> None:
    sound.write(folder / f"{name}.wav", wave)
    (folder / f"{name}.txt").write_text(text + "\n", encoding="utf-8")


@torch.no_grad()
def _copy(network: model.MimiModel, wave: np.ndarray) -> np.ndarray:
    """Through encoder and decoder, with a frame of silence behind."""
    frame = network.frame_size
    padded = np.pad(wave, (0, -len(wave) % frame + frame))
    latents = codec.encode(network, torch.from_numpy(padded)[None])
    return codec.decode(network, latents)[0].numpy()


def _speak(work: Work, utterances: Utterances, chosen: dict[str, int]) -> None:
    from pocket_tts import TTSModel

    config = yaml.safe_load((work.voice / "config.yaml").read_text(encoding="utf-8"))
    config["weights_path"] = str((work.voice / "model.safetensors").resolve())
    config["flow_lm"]["lookup_table"]["tokenizer_path"] = str(
        (work.voice / "tokenizer.model").resolve()
    )
    path = work.samples / "config.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    tts = TTSModel.load_model(config=str(path))
    states = {
        voice: tts.get_state_for_audio_prompt(
            torch.from_numpy(sound.read(work.voice / f"{voice}.wav"))[None]
        )
        for voice in utterances.voices
    }
    for name, index in chosen.items():
        utterance = utterances[index]
        torch.manual_seed(index)
        wave = tts.generate_audio(states[utterance.voice], utterance.text).numpy()
        _write(work.samples / "spoken", name, wave, utterance.text)


def run(work: Work, count: int) -> None:
    """`count` sentences a voice, by the voice that `export` wrote."""
    work.need(work.voice / "model.safetensors", "export")
    utterances = Utterances(work.utterances)
    network = model.build_codec(model.read_config(work.voice / "config.yaml"))
    model.load(network, model.published(work.voice, "mimi"), work.voice)
    network.eval()
    chosen = _chosen(utterances, count)
    for name, index in chosen.items():
        wave, text = utterances.sound(index), utterances[index].text
        _write(work.samples / "recorded", name, wave, text)
        _write(work.samples / "codec", name, _copy(network, wave), text)
    if compat.CURRENT:
        _speak(work, utterances, chosen)
    else:
        print("nothing spoken: pocket-tts needs PyTorch 2.5 to speak")
    print(f"{len(chosen)} sentences in {work.samples}")
