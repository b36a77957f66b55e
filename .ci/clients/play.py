"""`pocket-onnx speak --play` against PulseAudio: COMMAND is the program."""

import array
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from sound_server import RATE, sound_server, without_silence

TEXT = "The morning train was late. We walked along the river, and it was cold."


def play(server, command: str, *arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [command, "speak", "--play", "--seed", "1", *arguments],
        env=server.environment, stderr=subprocess.PIPE, text=True, **options,
    )


def pcm(file: pathlib.Path) -> array.array:
    """The samples of a WAV file of floats."""
    data = file.read_bytes()
    samples = array.array("f")
    samples.frombytes(data[data.index(b"data") + 8 :])
    return samples


def check(server, command: str, directory: pathlib.Path) -> None:
    # What is heard is what is written, to the sample; for a user with a cookie, with none, and with half of one.
    user = pathlib.Path(server.environment["HOME"])
    for cookie in [bytes(range(256)), None, bytes(128)]:
        (user / ".pulse-cookie").unlink(missing_ok=True)
        if cookie is not None:
            (user / ".pulse-cookie").write_bytes(cookie)
        playing = play(server, command, TEXT, "--format", "f32", "-o", "a.wav", cwd=directory)
        _, told = playing.communicate(timeout=60)
        assert playing.returncode == 0, told
        heard, written = server.heard(), without_silence(pcm(directory / "a.wav"))
        assert heard == written, (len(heard), len(written))

    # Without -o no file is written.
    (directory / "a.wav").unlink()
    assert play(server, command, "Hello.", cwd=directory).wait(timeout=60) == 0
    assert not list(directory.iterdir())

    # The program waits for the device, so that little is made ahead; and Ctrl-C ends the sound.
    server.heard()
    begun = time.monotonic()
    playing = play(server, command, f"{TEXT} " * 20, "-o", "b.pcm", cwd=directory)
    time.sleep(4)
    playing.send_signal(signal.SIGINT)
    interrupted = time.monotonic()
    assert playing.wait(timeout=2) == 130
    assert time.monotonic() - interrupted < 1, "it ends at once"
    heard = server.heard()
    played = (interrupted - begun) * RATE
    written = (directory / "b.pcm").stat().st_size / 2
    # It comes in parts of up to 2.56 s.
    assert RATE < written < played + 8 * RATE, (written, played)
    assert RATE < len(heard) < played + RATE / 2, (len(heard), played)

    # A server that ends is told.
    playing = play(server, command, f"{TEXT} " * 20, cwd=directory)
    time.sleep(2)
    server.process.terminate()
    _, told = playing.communicate(timeout=10)
    assert playing.returncode == 1 and "sound server has ended" in told, told
    playing = play(server, command, TEXT, cwd=directory)
    _, told = playing.communicate(timeout=10)
    assert playing.returncode == 1 and "-o FILE" in told and "no sound server" in told, told


def main(command: str) -> None:
    with tempfile.TemporaryDirectory() as directory, sound_server() as server:
        check(server, command, pathlib.Path(directory))
    print("`pocket-onnx speak --play` is heard as it is written")


if __name__ == "__main__":
    main(sys.argv[1])
