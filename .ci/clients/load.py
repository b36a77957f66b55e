"""python load.py COMMAND [SECONDS]: `pocket-onnx serve` under load.

50 requests at once: all are answered. Then 1, 4 and 16 clients ask again and again, each number for a
sixth of SECONDS, at most 20: the time to the first byte, and the sound that is made in a second. Then 4
clients for SECONDS (30), some of whom leave, and again 50 at once at the end: memory stays flat, and no
open file or thread stays behind.
"""

import concurrent.futures
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

TEXT = "The morning train was late, so we walked along the river."
#: Bytes of a second of sound.
SECOND = 48_000
#: Files and threads that a server may have open at the end and not at the beginning: idle threads of
#: its runtime come and go.
SPARE = 4
#: Growth of memory from the first half of the time to the second that is no leak.
GROWTH = 1.1


class Server:
    def __init__(self, command: str, directory: str) -> None:
        self.process = subprocess.Popen(
            [command, "serve"], cwd=directory, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        self.url = self.process.stdout.readline().strip()

    def ask(self, most: int | None = None) -> tuple[float, int]:
        """Seconds to the first byte, and the bytes; `most` leaves after so many."""
        body = json.dumps({"input": TEXT, "response_format": "pcm"}).encode()
        request = urllib.request.Request(
            f"{self.url}v1/audio/speech", body, {"Content-Type": "application/json"}
        )
        begun = time.monotonic()
        with urllib.request.urlopen(request, timeout=300) as answer:
            first = answer.read(1)
            waited = time.monotonic() - begun
            return waited, len(first) + len(answer.read(most))

    def status(self, name: str) -> int:
        """A number of `/proc/PID/status`."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(line.split()[1])

    def memory(self) -> float:
        """Megabytes of memory."""
        return self.status("VmRSS") / 1024

    def files(self) -> int:
        """Open files and connections."""
        return len(list(pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir()))


def at_once(server: Server, clients: int) -> None:
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(lambda _: server.ask(), range(clients)))
    assert all(length > SECOND for _, length in answers), answers
    print(f"{clients} requests at once: all answered")


def repeatedly(server: Server, clients: int, seconds: float, leaving: bool = False) -> list[float]:
    """Memory meanwhile, once a second; prints a row of the table."""
    end = time.monotonic() + seconds
    waits, sound, lock = [], [0], threading.Lock()

    def client(number: int) -> None:
        count = 0
        while time.monotonic() < end:
            count += 1
            leaves = leaving and (number + count) % 3 == 0
            waited, length = server.ask(SECOND // 4 if leaves else None)
            with lock:
                waits.append(waited)
                sound[0] += length

    begun = time.monotonic()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    memory = []
    while time.monotonic() < end:
        time.sleep(1)
        memory.append(server.memory())
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    if not leaving:
        middle = statistics.median(waits) * 1e3
        print(f"{clients:2} clients: first byte after {middle:.0f} ms (median), "
              f"{sound[0] / SECOND / took:.1f} s of sound a second, {len(waits)} requests")
    return memory


def main(command: str, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as directory:
        server = Server(command, directory)
        try:
            server.ask()
            at_once(server, 50)
            time.sleep(1)
            files, threads = server.files(), server.status("Threads")
            for clients in (1, 4, 16):
                repeatedly(server, clients, min(max(seconds / 6, 3), 20))
            memory = repeatedly(server, 4, seconds, leaving=True)
            at_once(server, 50)
            time.sleep(1)
            more_files = server.files() - files
            more_threads = server.status("Threads") - threads
        finally:
            server.process.terminate()
            server.process.wait(timeout=10)
    half = len(memory) // 2
    before, after = statistics.median(memory[:half]), statistics.median(memory[half:])
    print(f"memory: {before:.0f} MB, later {after:.0f} MB, at most {max(memory):.0f} MB")
    print(f"open files: {more_files:+}, threads: {more_threads:+}")
    assert after < before * GROWTH, memory
    assert more_files <= SPARE and more_threads <= SPARE, (more_files, more_threads)


if __name__ == "__main__":
    main(str(pathlib.Path(sys.argv[1]).resolve()), float(sys.argv[2]) if len(sys.argv) > 2 else 30)
