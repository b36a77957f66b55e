"""Speaks for `cargo xtask bench listen` with pocket-tts itself: `original.py MODEL DIR` reads lines of
`NAME<tab>VOICE<tab>SEED<tab>TEXT`, writes DIR/NAME.wav for each and prints one line of JSON. MODEL is
a folder like models/starling."""

import json
import logging
import sys
import wave
from pathlib import Path

import torch
import yaml
from pocket_tts import TTSModel


def main() -> None:
    logging.disable(logging.WARNING)
    model_folder, folder = map(Path, sys.argv[1:])
    config = yaml.safe_load((model_folder / "config.yaml").read_text())
    config["weights_path"] = str(model_folder / "model.safetensors")
    config["flow_lm"]["lookup_table"]["tokenizer_path"] = str(model_folder / "tokenizer.model")
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    model = TTSModel.load_model(config=path)
    frame = int(model.sample_rate / model.config.mimi.frame_rate)
    voices = {}
    for line in sys.stdin:
        name, voice, seed, text = line.rstrip("\n").split("\t")
        if voice not in voices:
            voices[voice] = model.get_state_for_audio_prompt(model_folder / f"{voice}.wav")
        torch.manual_seed(int(seed))
        sound = model.generate_audio(voices[voice], text)
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(model.sample_rate)
            # As its own command converts samples.
            file.writeframes((sound.clamp(-1, 1) * 32767).short().numpy().tobytes())
        peak = sound.abs()
        answer = {"name": name, "frames": len(sound) // frame}
        answer |= {"clipped": int((peak > 1).sum()), "peak": float(peak.max())}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
