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
import sys
import tempfile
import threading
import time
import urllib.request

import served

TEXT = "The morning train was late, so we walked along the river."
#: Bytes of a second of sound.
SECOND = 48_000
#: Growth of memory from the first half of the time to the second that is no leak.
GROWTH = 1.1


class Server(served.Server):
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
            before = server.usage()
            for clients in (1, 4, 16):
                repeatedly(server, clients, min(max(seconds / 6, 3), 20))
            memory = repeatedly(server, 4, seconds, leaving=True)
            at_once(server, 50)
            more_files, more_threads = server.left_over(before)
        finally:
            server.process.terminate()
            server.process.wait(timeout=10)
    half = len(memory) // 2
    first, second = statistics.median(memory[:half]), statistics.median(memory[half:])
    print(f"memory: {first:.0f} MB, later {second:.0f} MB, at most {max(memory):.0f} MB")
    print(f"open files: {more_files:+}, threads: {more_threads:+}")
    assert second < first * GROWTH, memory


if __name__ == "__main__":
    main(str(pathlib.Path(sys.argv[1]).resolve()), float(sys.argv[2]) if len(sys.argv) > 2 else 30)
