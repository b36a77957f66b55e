"""The Open Home Foundation's own client against `pocket-onnx serve --wyoming`, found by the library by
which Home Assistant looks for servers: COMMAND is the program."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile

import served
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped, SynthesizeVoice,
)
from zeroconf import IPVersion, ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

#: What Home Assistant's integration looks for.
SERVICE_TYPE = "_wyoming._tcp.local."
SENTENCES = ["The morning train was late. ", "So we walked along the river. ", "It was cold."]


async def sound(client: AsyncTcpClient, streamed: bool) -> bytes:
    """The samples of one answer, whose events have to come in order."""
    event = await client.read_event()
    start = AudioStart.from_event(event)
    assert (start.rate, start.width, start.channels) == (24_000, 2, 1), start
    samples = b""
    while AudioChunk.is_type((event := await client.read_event()).type):
        chunk = AudioChunk.from_event(event)
        assert chunk.timestamp == len(samples) // 2 * 1000 // 24_000
        samples += chunk.audio
    assert AudioStop.is_type(event.type), event
    if streamed:
        assert SynthesizeStopped.is_type((await client.read_event()).type)
    return samples


async def check(port: int) -> None:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Describe().event())
        info = Info.from_event(await client.read_event())
        program = info.tts[0]
        assert program.supports_synthesize_streaming
        assert [voice.name for voice in program.voices] == ["robin", "heron"], program.voices
        assert program.voices[0].languages == ["en"], program.voices

        await client.write_event(Event(type="an-event-of-tomorrow", data={"a": 1}, payload=b"123"))
        await client.write_event(Ping(text="hello").event())
        assert Pong.from_event(await client.read_event()).text == "hello"

        voice = SynthesizeVoice(name="heron")
        await client.write_event(Synthesize(text="".join(SENTENCES), voice=voice).event())
        whole = await sound(client, streamed=False)
        assert 3 * 48_000 < len(whole) < 15 * 48_000, len(whole)

        # Sound comes after the first sentence, and goes on with what comes later.
        await client.write_event(SynthesizeStart(voice=voice).event())
        await client.write_event(SynthesizeChunk(text=SENTENCES[0]).event())
        await client.write_event(SynthesizeChunk(text=SENTENCES[1][:9]).event())
        start = await asyncio.wait_for(client.read_event(), 10)
        assert AudioStart.is_type(start.type), start
        first = AudioChunk.from_event(await asyncio.wait_for(client.read_event(), 10))
        assert first.timestamp == 0
        await client.write_event(SynthesizeChunk(text=SENTENCES[1][9:]).event())
        await client.write_event(SynthesizeChunk(text=SENTENCES[2]).event())
        # What clients send for servers that cannot stream.
        await client.write_event(Synthesize(text="".join(SENTENCES), voice=voice).event())
        await client.write_event(SynthesizeStop().event())
        samples = len(first.audio)
        while AudioChunk.is_type((event := await client.read_event()).type):
            samples += len(AudioChunk.from_event(event).audio)
        assert AudioStop.is_type(event.type), event
        assert SynthesizeStopped.is_type((await client.read_event()).type)
        assert 0.6 < samples / len(whole) < 1.6, (samples, len(whole))

        await client.write_event(Synthesize(text="Hi.", voice=SynthesizeVoice(language="en-US")).event())
        assert len(await sound(client, streamed=False)) > 4800

    # After an error the connection ends: Home Assistant waits for that, or for the end of the sound.
    nobody = SynthesizeVoice(name="no")
    refused = [
        ("robin", Synthesize(text="Hi.", voice=nobody)),
        ("text", Synthesize(text="  ")),
        ("robin", SynthesizeStart(voice=nobody), SynthesizeChunk(text="Hi."), SynthesizeStop()),
    ]
    for says, *events in refused:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            for event in events:
                await client.write_event(event.event())
            error = Error.from_event(await client.read_event())
            assert says in error.text, error
            assert await asyncio.wait_for(client.read_event(), 10) is None

    # Damage ends its connection only.
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"this is no event\n")
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Synthesize(text="Still here.").event())
        assert len(await sound(client, streamed=False)) > 4800


@contextlib.contextmanager
def serving(command: str, *options: str):
    """A server with the included model; gives its process and the port of the protocol."""
    with tempfile.TemporaryDirectory() as empty:
        server = served.Server(command, empty, *options)
        try:
            yield server.process, server.wyoming
        finally:
            server.process.terminate()
            server.process.wait(timeout=10)


async def find(server: subprocess.Popen, port: int) -> None:
    """The server is found while it runs, and gone when it has ended."""
    name = f"speech of {port}.{SERVICE_TYPE}"
    changes: asyncio.Queue = asyncio.Queue()

    def changed(zeroconf, service_type, name, state_change) -> None:
        changes.put_nowait((name, state_change))

    async def wait(wanted: ServiceStateChange) -> None:
        while await changes.get() != (name, wanted):
            pass

    network = AsyncZeroconf()
    browser = AsyncServiceBrowser(network.zeroconf, SERVICE_TYPE, handlers=[changed])
    try:
        await asyncio.wait_for(wait(ServiceStateChange.Added), 20)
        service = AsyncServiceInfo(SERVICE_TYPE, name)
        assert await service.async_request(network.zeroconf, 5000)
        assert service.port == port, service
        addresses = service.parsed_addresses(IPVersion.V4Only)
        assert addresses and not any(address.startswith("127.") for address in addresses), addresses
        async with AsyncTcpClient(addresses[0], service.port) as client:
            await client.write_event(Describe().event())
            assert Info.from_event(await client.read_event()).tts[0].voices
        server.send_signal(signal.SIGTERM)
        await asyncio.wait_for(wait(ServiceStateChange.Removed), 20)
    finally:
        await browser.async_cancel()
        await network.async_close()


def main(command: str) -> None:
    with serving(command, "--wyoming", "127.0.0.1:0") as (_, port):
        asyncio.run(check(port))
    # Its name is its own, in case that others are announced on this network.
    with socket.socket() as free:
        free.bind(("0.0.0.0", 0))
        port = free.getsockname()[1]
    options = ["--wyoming", f"0.0.0.0:{port}", f"--zeroconf=speech of {port}"]
    with serving(command, *options) as (server, port):
        asyncio.run(find(server, port))
    print("Home Assistant's client finds `pocket-onnx serve --wyoming`, and speaks through it")


if __name__ == "__main__":
    main(sys.argv[1])
