"""The server with nothing but the files of its image, in a folder that is its `/`: COMMAND is the
program. Needs root."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

IMAGE = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "image"


def main(command: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([IMAGE, command, folder], check=True)
        files = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
        os.chmod(folder, 0o755)
        server = subprocess.Popen(
            [
                "chroot", "--userspec=65534:65534", folder, "/pocket-onnx", "serve", "--host", "0.0.0.0",
                "--api-key", "secret", "--log", "json",
            ],
            env={"PATH": os.environ["PATH"], "TMPDIR": "/tmp", "HOME": "/tmp"}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        try:
            port = server.stdout.readline().strip().rstrip("/").rsplit(":", 1)[1]
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/v1/audio/speech",
                json.dumps({"input": "Hello.", "response_format": "wav"}).encode(),
                {"Content-Type": "application/json", "Authorization": "Bearer secret"},
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                sound = answer.read()
            assert sound.startswith(b"RIFF") and len(sound) > 9_600, len(sound)
        finally:
            server.terminate()
            server.wait(timeout=10)
        assert not any(pathlib.Path(folder, "tmp").iterdir()), "the temporary folder is emptied"
    print(f"`pocket-onnx serve` runs with {len(files)} files and no system")


if __name__ == "__main__":
    main(sys.argv[1])
