"""The Dockerfile's steps without a container tool: COMMAND is the program. Needs root.

The steps are read from the Dockerfile. In a folder with the files that its `.dockerignore` leaves, the
package that it builds is looked up, but not built again. `packaging/image` fills the image, which a
`chroot` then runs as the Dockerfile says: user, environment, command.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "packaging" / "Dockerfile"


def steps() -> dict[str, list[str]]:
    """The arguments of each instruction, in order."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    steps: dict[str, list[str]] = {}
    for line in filter(None, text.splitlines()):
        instruction, arguments = line.split(maxsplit=1)
        steps.setdefault(instruction, []).append(arguments)
    return steps


def copy_context(folder: pathlib.Path) -> None:
    """Copies what `COPY . .` copies."""
    lines = DOCKERFILE.with_suffix(".dockerignore").read_text().splitlines()
    kept = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert "*" in lines
    for name in kept:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)


def built(context: pathlib.Path, build: list[str]) -> str:
    """The program that the Dockerfile's command for cargo makes, from the workspace's root."""
    assert build[:2] == ["cargo", "build"] and {"--release", "--locked"} <= set(build), build
    described = subprocess.run(
        ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"],
        cwd=context, check=True, capture_output=True,
    )
    name = build[build.index("--package") + 1]
    package = next(it for it in json.loads(described.stdout)["packages"] if it["name"] == name)
    program = next(it for it in package["targets"] if "bin" in it["kind"])
    return f"target/release/{program['name']}"


def main(command: str) -> None:
    todo = steps()
    build, image = todo["RUN"][0].split("&&")
    with tempfile.TemporaryDirectory() as folder:
        context, root = pathlib.Path(folder, "build"), pathlib.Path(folder, "image")
        context.mkdir()
        copy_context(context)
        script, program, target = shlex.split(image)
        assert program == built(context, shlex.split(build)), program
        assert todo["COPY"] == [". .", f"--from=build {target} /"], todo["COPY"]
        subprocess.run([context / script, command, root], check=True)
        files = [path for path in root.rglob("*") if path.is_file()]
        os.chmod(folder, 0o755)
        environment = dict(pair.split("=", 1) for line in todo["ENV"] for pair in line.split())
        # Any free port: the usual one may be taken here.
        arguments = ["0" if it == "8000" else it for it in json.loads(todo["CMD"][0])]
        server = subprocess.Popen(
            ["chroot", f"--userspec={todo['USER'][0]}", root, *json.loads(todo["ENTRYPOINT"][0]), *arguments],
            env={**environment, "PATH": os.environ["PATH"], "POCKET_ONNX_API_KEY": "secret"}, text=True,
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
        assert not any((root / "tmp").iterdir()), "the temporary folder is emptied"
    print(f"`pocket-onnx serve` runs as the Dockerfile says, with {len(files)} files and no system")


if __name__ == "__main__":
    main(sys.argv[1])
