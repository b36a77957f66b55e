"""The image that the Dockerfile describes: COMMAND is the program. Needs root.

The steps are read from the Dockerfile. In a folder with the files that its `.dockerignore` leaves, the
package that it builds is looked up, but not built again, and `packaging/image` fills the image. buildah,
where it is installed and may run programs, builds the last stage of that and runs it; elsewhere a `chroot`
does as the Dockerfile says: user, environment, command.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
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


class Chroot:
    """Runs the image as a folder, without a container tool."""

    tool = "chroot"

    def __init__(self, root: pathlib.Path, todo: dict[str, list[str]]) -> None:
        self.root = root
        environment = dict(pair.split("=", 1) for line in todo["ENV"] for pair in line.split())
        self.environment = {**environment, "PATH": os.environ["PATH"]}
        self.prefix = ["chroot", f"--userspec={todo['USER'][0]}", root]
        self.command = json.loads(todo["ENTRYPOINT"][0]) + json.loads(todo["CMD"][0])

    def start(self, command: list[str], key: str) -> subprocess.Popen:
        return subprocess.Popen(
            [*self.prefix, *command], env={**self.environment, "POCKET_ONNX_API_KEY": key}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        pass


class Container:
    """Builds the Dockerfile's last stage with buildah, and runs the image that comes of it.

    What the first stage made is in `root`: its image is in a registry, which is not asked.
    """

    tool = "buildah"
    environment = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
    image = "localhost/pocket-onnx-test"

    def __init__(self, root: pathlib.Path, todo: dict[str, list[str]]) -> None:
        stage = root.parent / "Dockerfile"
        _, start, steps = DOCKERFILE.read_text().rpartition("\nFROM ")
        stage.write_text(start + steps)
        # The stage's name leads to the folder that has `image` in it.
        self.buildah("build", "--quiet", "--build-context", f"build={root.parent}", "--file", stage,
                     "--tag", self.image, root.parent)
        described = json.loads(self.buildah("inspect", "--type", "image", self.image))
        config = described["OCIv1"]["config"]
        assert config["User"] == todo["USER"][0], config
        self.command = config["Entrypoint"] + config["Cmd"]
        self.name = self.buildah("from", "--pull-never", self.image).strip()
        self.root = pathlib.Path(self.buildah("mount", self.name).strip())

    @classmethod
    def buildah(cls, *arguments: str | pathlib.Path) -> str:
        done = subprocess.run(
            ["buildah", *arguments], check=True, text=True, stdout=subprocess.PIPE, env=cls.environment
        )
        return done.stdout

    @classmethod
    def works(cls, root: pathlib.Path, program: str) -> bool:
        """Whether buildah is installed and this machine lets it run `program` of an image with `root`."""
        if not shutil.which("buildah"):
            return False
        try:
            name = cls.buildah("from", "scratch").strip()
            try:
                shutil.copytree(root, cls.buildah("mount", name).strip(), dirs_exist_ok=True)
                cls.buildah("run", name, "--", program, "--version")
            finally:
                cls.buildah("rm", name)
        except subprocess.CalledProcessError as error:
            print(f"buildah runs nothing on this machine ({error}): a chroot does instead")
            return False
        return True

    def start(self, command: list[str], key: str) -> subprocess.Popen:
        return subprocess.Popen(
            ["buildah", "run", "--env", f"POCKET_ONNX_API_KEY={key}", self.name, "--", *command],
            env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        self.buildah("rm", self.name)
        self.buildah("rmi", self.image)


def terminate(started: subprocess.Popen) -> None:
    """Tells the server to end, which may be a grandchild of what was started: that would kill it."""
    pid = started.pid
    while pathlib.Path(f"/proc/{pid}/comm").read_text() != "pocket-onnx\n":
        tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
        pid = int(next(filter(None, (task.read_text() for task in tasks))).split()[0])
    os.kill(pid, signal.SIGTERM)
    started.wait(timeout=10)


def speak(runner: Chroot | Container) -> None:
    """Starts the server as the image says, and has it speak."""
    # Any free port: the usual one may be taken here.
    server = runner.start(["0" if it == "8000" else it for it in runner.command], "secret")
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
        terminate(server)


def main(command: str) -> None:
    todo = steps()
    build, image = todo["RUN"][0].split("&&")
    with tempfile.TemporaryDirectory() as folder:
        context, root = pathlib.Path(folder, "context"), pathlib.Path(folder, "image")
        context.mkdir()
        copy_context(context)
        script, program, target = shlex.split(image)
        assert program == built(context, shlex.split(build)), program
        assert todo["COPY"] == [". .", f"--from=build {target} /"], todo["COPY"]
        assert target == "/image", target
        subprocess.run([context / script, command, root], check=True)
        shutil.rmtree(context)
        os.chmod(folder, 0o755)
        program = json.loads(todo["ENTRYPOINT"][0])[0]
        runner = (Container if Container.works(root, program) else Chroot)(root, todo)
        try:
            files = [path for path in runner.root.rglob("*") if path.is_file()]
            speak(runner)
            assert not any((runner.root / "tmp").iterdir()), "the temporary folder is emptied"
        finally:
            runner.close()
    print(f"the image runs under {runner.tool} as the Dockerfile says, with {len(files)} files and no system")


if __name__ == "__main__":
    main(sys.argv[1])
