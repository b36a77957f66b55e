"""Clients that misbehave against `pocket-onnx serve`, and a server that is killed: COMMAND is the program.

After each, another client is answered; at the end memory, files and threads are what they were.
"""

import contextlib
import json
import pathlib
import resource
import signal
import socket
import struct
import sys
import tempfile
import time

import served

TEXT = "The morning train was late, so we walked along the river. "
#: A second client is not kept waiting for longer than this, in seconds, however busy the machine is.
PATIENCE = 120
GIGABYTE = 10**9
#: Megabytes by which memory may grow: buffers of answers, and what the system's allocator keeps.
GROWTH = 100


class Server(served.Server):
    def __init__(self, command: str, directory: str, port: int = 0) -> None:
        super().__init__(
            command, directory, "--port", str(port), "--wyoming", "127.0.0.1:0",
            env={"TMPDIR": directory, "PATH": "", "HOME": directory},
        )

    def connect(self, port: int | None = None) -> socket.socket:
        # A connection that found the system's queue full is tried again after 1, 2, 4, and so on, seconds: a
        # fresh one comes sooner.
        end = time.monotonic() + PATIENCE
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port or self.port), timeout=5)
            except TimeoutError:
                if time.monotonic() > end:
                    raise
            else:
                connection.settimeout(PATIENCE)
                return connection

    def begin(self, text: str, form: str = "pcm") -> socket.socket:
        """Asks for speech, and reads nothing."""
        body = json.dumps({"input": text, "response_format": form}).encode()
        connection = self.connect()
        connection.sendall(head("/v1/audio/speech", len(body)) + body)
        return connection

    def speaks(self) -> None:
        """Another client is answered."""
        with self.begin("Hello.", "wav") as connection:
            answer = read(connection)
        assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
        assert len(answer) > 9_600, len(answer)


def head(path: str, length: int, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", f"Content-Length: {length}"]
    return "\r\n".join([*lines, *more, "", ""]).encode()


def read(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def send_much(connection: socket.socket, part: bytes) -> int:
    """Sends a gigabyte, or until the server closes; returns the bytes that were sent."""
    sent = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while sent < GIGABYTE:
            connection.sendall(part)
            sent += len(part)
    return sent


def large_bodies(server: Server) -> None:
    """A gigabyte is refused, with and without its length, and hardly any of it is taken."""
    form = (
        b"--X\r\nContent-Disposition: form-data; name=\"voice_wav\"; filename=\"a.wav\"\r\n\r\n"
    )
    part = b"x" * (1 << 16)
    chunk = b"%x\r\n%s\r\n" % (len(part), part)
    chunked = b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    for begin, part in [
        (head("/v1/audio/speech", GIGABYTE), part),
        (chunked, chunk),
        (head("/tts", GIGABYTE, "Content-Type: multipart/form-data; boundary=X") + form, part),
    ]:
        with server.connect() as connection:
            connection.sendall(begin)
            sent = send_much(connection, part)
            assert sent < GIGABYTE / 10, (begin[:30], sent)
            # The answer may be lost with what was sent meanwhile.
            answer = read(connection)
            assert not answer or answer.startswith(b"HTTP/1.1 413"), answer[:200]
        server.speaks()


def half_requests(server: Server) -> None:
    """Requests that never end, in their head and in their body."""
    connections = []
    for beginning in [
        b"POST /v1/audio/speech HTTP/1.1\r\nHost: loc",
        head("/v1/audio/speech", 100) + b'{"input": "Hel',
        head("/tts", 1000, "Content-Type: multipart/form-data; boundary=X") + b"--X\r\nContent-Dis",
    ]:
        for _ in range(100):
            connections.append(server.connect())
            connections[-1].sendall(beginning)
    server.speaks()
    # They are given up.
    for connection in connections:
        answer = read(connection)
        assert not answer or answer[:12] in (b"HTTP/1.1 408", b"HTTP/1.1 400"), answer[:100]
        connection.close()


def readers_that_stop(server: Server) -> None:
    """They ask for twenty minutes of sound, and do not read it; others wait for a while at most."""
    connections = [server.begin(TEXT * 300) for _ in range(2)]
    server.speaks()
    for connection in connections:
        connection.close()


def readers_that_leave(server: Server) -> None:
    """In the middle of the sound, by an orderly end and by a reset."""
    for number in range(20):
        connection = server.begin(TEXT * 300)
        connection.recv(1000)
        if number % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    server.speaks()


def many_connections(server: Server) -> None:
    """Ten thousand that say nothing."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 10_000
    wanted = count + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(most, wanted)))
    connections = []
    for _ in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", server.port))
        connections.append(connection)
    server.speaks()
    for connection in connections:
        connection.close()


def many_at_once(server: Server) -> None:
    """Fifty requests: all are answered."""
    connections = [server.begin(TEXT) for _ in range(50)]
    answers = [read(connection) for connection in connections]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    for connection in connections:
        connection.close()


def send_and_end(connection: socket.socket, bytes: bytes) -> None:
    """Sends, unless the server closes before, and says that there is no more."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(bytes)
        # Of a connection that was reset the system says ENOTCONN.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)


def garbage(server: Server) -> None:
    """What is no HTTP, and no event."""
    for bytes in [
        b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
        b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"GET /" + b"a" * 10**6 + b" HTTP/1.1\r\n\r\n",
        head("/v1/audio/speech", 3) + b"\xff\xfe\xfd",
    ]:
        with server.connect() as connection:
            send_and_end(connection, bytes)
            answer = read(connection)
            assert not answer or answer.startswith(b"HTTP/1.1 4"), (bytes[:20], answer[:200])
    server.speaks()
    for bytes in [b"\0" * 1000 + b"\n", b"{" * 2_000_000, b'{"type":"a","payload_length":99999999999}\n']:
        with server.connect(server.wyoming) as connection:
            send_and_end(connection, bytes)
            assert read(connection) == b"", bytes[:20]
    with server.connect(server.wyoming) as connection:
        connection.sendall(b'{"type":"ping","data":{"text":"a"}}\n')
        assert b'"pong"' in connection.recv(1000)


def restart(command: str, directory: str) -> None:
    """Killed while it speaks: the next server takes its port, and what it left is deleted."""
    server = Server(command, directory)
    connections = [server.begin(TEXT * 100) for _ in range(3)]
    connections[0].recv(1000)
    server.process.kill()
    server.process.wait()
    for connection in connections:
        read(connection)
        connection.close()
    server = Server(command, directory, server.port)
    server.speaks()
    folders = list(pathlib.Path(directory).glob("pocket-onnx-*"))
    assert len(folders) == 1, folders
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(timeout=10)
    assert not list(pathlib.Path(directory).iterdir())


def main(command: str) -> None:
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        server = Server(command, directory)
        stack.callback(server.process.kill)
        server.speaks()
        many_at_once(server)
        before, memory = server.usage(), server.memory()
        for fault in [
            large_bodies, half_requests, readers_that_stop, readers_that_leave, many_connections,
            garbage, many_at_once,
        ]:
            begun = time.monotonic()
            fault(server)
            files, threads = server.usage()
            print(f"{fault.__name__}: {time.monotonic() - begun:.1f} s, "
                  f"{server.memory():.0f} MB, {files} files, {threads} threads")
        server.left_over(before)
        grown = server.memory() - memory
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=10)
        assert grown < GROWTH, grown
        restart(command, directory)
    print("`pocket-onnx serve` outlives clients that misbehave")


if __name__ == "__main__":
    main(str(pathlib.Path(sys.argv[1]).resolve()))
