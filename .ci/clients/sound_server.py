"""A sound server without devices, whose sound is recorded."""

import array
import contextlib
import os
import pathlib
import subprocess
import tempfile
import threading
import time

RATE = 24_000


class SoundServer:
    """PulseAudio, whose only sink is a pipe; `environment` leads programs of a user without files to it."""

    def __init__(self, directory: str) -> None:
        socket, pipe = pathlib.Path(directory, "native"), f"{directory}/pipe"
        home = pathlib.Path(directory, "user")
        home.mkdir()
        self.environment = {**os.environ, "PULSE_SERVER": f"unix:{socket}", "HOME": str(home)}
        self.process = subprocess.Popen(
            [
                "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                "-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
                "-L", f"module-pipe-sink file={pipe} rate={RATE} channels=1 format=float32le"
                " use_system_clock_for_timing=yes",
            ],
            env={**os.environ, "HOME": directory, "XDG_RUNTIME_DIR": directory},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            if socket.exists():
                break
            time.sleep(0.1)
        else:
            raise AssertionError("PulseAudio does not start")
        self._played = bytearray()
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe: str) -> None:
        with open(pipe, "rb", buffering=0) as sound:
            while data := sound.read(65536):
                self._played += data

    def heard(self) -> array.array:
        """The samples since the last call, without silence."""
        # What the program has handed over is still on its way.
        time.sleep(1)
        played = self.played()
        samples = array.array("f")
        samples.frombytes(bytes(played[: len(played) // 4 * 4]))
        return without_silence(samples)

    def played(self) -> bytearray:
        """The bytes since the last call."""
        played, self._played = self._played, bytearray()
        return played


@contextlib.contextmanager
def sound_server():
    with tempfile.TemporaryDirectory() as directory:
        server = SoundServer(directory)
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait(timeout=10)


def without_silence(samples: array.array) -> array.array:
    """The samples that are not exactly 0: on a busy machine the server fills gaps with those."""
    return array.array("f", filter(None, samples))
