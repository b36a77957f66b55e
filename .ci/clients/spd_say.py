"""speech-dispatcher and its `spd-say` speak through `pocket-onnx speech-dispatcher`: COMMAND is the
program."""

import array
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from sound_server import RATE, sound_server

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "speech-dispatcher"
TEXT = "The morning train was late, so we walked along the river."


@contextlib.contextmanager
def dispatcher(server, command: str, directory: pathlib.Path):
    """speech-dispatcher with this module only; gives the environment for its clients."""
    modules = directory / "modules"
    modules.mkdir()
    (modules / "pocket-onnx.conf").write_text((PACKAGING / "pocket-onnx.conf").read_text())
    (directory / "speechd.conf").write_text(
        'LogLevel 3\nAudioOutputMethod "pulse"\nDefaultModule pocket-onnx\n'
        f'AddModule "pocket-onnx" "{PACKAGING}/sd_pocket-onnx" "pocket-onnx.conf"\n'
    )
    path = directory / "socket"
    environment = {
        **server.environment, "POCKET_ONNX": command, "HOME": str(directory),
        "SPEECHD_ADDRESS": f"unix_socket:{path}",
    }
    process = subprocess.Popen(
        [
            "speech-dispatcher", "--run-single", "--config-dir", directory, "--socket-path", path,
            "--log-dir", directory, "--pid-file", directory / "pid", "--timeout", "0",
        ],
        env=environment, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            if path.exists():
                break
            time.sleep(0.1)
        yield environment
    except BaseException:
        for log in directory.glob("*.log"):
            print(f"{log.name}:\n{log.read_text()}", file=sys.stderr)
        raise
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def say(environment: dict, *arguments: str) -> None:
    subprocess.run(["spd-say", *arguments], env=environment, check=True, timeout=60)


def loudness(samples: array.array) -> float:
    return (sum(sample * sample for sample in samples) / len(samples)) ** 0.5


def check(server, environment: dict, directory: pathlib.Path) -> None:
    listed = subprocess.run(
        ["spd-say", "-L"], env=environment, check=True, timeout=60, capture_output=True, text=True
    ).stdout
    assert "robin" in listed and "heron" in listed and " en " in listed, listed

    say(environment, "--wait", TEXT)
    usual = server.heard()
    assert 2 * RATE < len(usual) < 8 * RATE, len(usual)

    # Rates are from -100 to 100: half to twice as fast. Each text has its own noise.
    say(environment, "--wait", "--rate", "100", TEXT)
    fast = server.heard()
    assert 0.35 < len(fast) / len(usual) < 0.7, (len(fast), len(usual))
    say(environment, "--wait", "--volume", "-50", TEXT)
    soft = server.heard()
    # The usual volume is 0, half of the loudest: -50 is half of that.
    assert 0.4 < loudness(soft) / loudness(usual) < 0.6, (loudness(soft), loudness(usual))
    say(environment, "--wait", "--synthesis-voice", "heron", TEXT)
    assert len(server.heard()) > RATE
    say(environment, "--wait", "--spelling", "ab")
    assert len(server.heard()) > RATE / 4

    # A stop is heard at once: what is left is on its way through the sound server.
    say(environment, f"{TEXT} " * 10)
    time.sleep(2.5)
    server.played()
    say(environment, "--cancel")
    heard = len(server.heard())
    assert heard < RATE / 2, heard
    assert not server.heard()
    # And the next text speaks.
    say(environment, "--wait", "Hello.")
    assert len(server.heard()) > RATE / 4

    # Index marks come while the text is spoken.
    begun, marks = time.monotonic(), {}
    with Client(directory / "socket") as client:
        client.send("SET SELF NOTIFICATION ALL on")
        client.send("SET SELF SSML_MODE on")
        client.send("SPEAK", done="230")
        client.write(
            f'<speak>{TEXT}<mark name="one"/> {TEXT}<mark name="two"/> {TEXT}</speak>\r\n.\r\n'
        )
        for line in client.lines():
            if line.startswith("700-") and line[4:] in ("one", "two"):
                marks[line[4:]] = time.monotonic() - begun
            elif line.startswith("702 "):
                end = time.monotonic() - begun
                break
    assert 1 < marks["one"] < marks["two"] - 1 < end - 2, (marks, end)


class Client:
    """A client of speech-dispatcher's own protocol."""

    def __init__(self, path: pathlib.Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.reader = self.socket.makefile("r", newline="\r\n")

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def write(self, text: str) -> None:
        self.socket.sendall(text.encode())

    def send(self, command: str, done: str = "2") -> None:
        self.write(f"{command}\r\n")
        line = self.reader.readline()
        assert line.startswith(done), (command, line)

    def lines(self):
        for line in self.reader:
            yield line.rstrip("\r\n")


def main(command: str) -> None:
    with tempfile.TemporaryDirectory() as directory, sound_server() as server:
        directory = pathlib.Path(directory)
        with dispatcher(server, os.path.abspath(command), directory) as environment:
            check(server, environment, directory)
    print("speech-dispatcher speaks through `pocket-onnx speech-dispatcher`")


if __name__ == "__main__":
    main(sys.argv[1])
