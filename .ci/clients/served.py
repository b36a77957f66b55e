"""`pocket-onnx serve`, started for a test, and what it takes of the machine."""

import pathlib
import subprocess
import threading
import time

#: Files and threads that a server may have open at the end and not at the beginning: idle threads of
#: its runtime come and go.
SPARE = 4
#: Seconds until what is idle has ended.
PATIENCE = 120


class Server:
    """Runs COMMAND with `options` in `directory`; `env` is its whole environment, if it is given."""

    def __init__(
        self, command: str, directory: str, *options: str, env: dict[str, str] | None = None
    ) -> None:
        self.process = subprocess.Popen(
            [command, "serve", *options], cwd=directory, env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])
        self.wyoming = None
        if "--wyoming" in options:
            for line in self.process.stderr:
                if line.startswith("Wyoming: "):
                    self.wyoming = int(line.rsplit(":", 1)[1])
                    break
        # What is never read would stop it one day.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def status(self, name: str) -> int:
        """A number of `/proc/PID/status`."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(line.split()[1])

    def memory(self) -> float:
        """Megabytes of memory."""
        return self.status("VmRSS") / 1024

    def usage(self) -> tuple[int, int]:
        """Open files and connections, and threads."""
        files = list(pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir())
        return len(files), self.status("Threads")

    def left_over(self, before: tuple[int, int]) -> tuple[int, int]:
        """How many files and threads there are that were not there `before`, once they are few.

        Connections that still wait to be accepted are closed one after the other, and idle threads end after some
        seconds. Fails if many stay.
        """
        end = time.monotonic() + PATIENCE
        while True:
            more = tuple(now - then for now, then in zip(self.usage(), before))
            if max(more) <= SPARE:
                return more
            assert time.monotonic() < end, f"files and threads are left over: {more}"
            time.sleep(1)
