"""The Open Home Foundation's own client against `pocket-onnx serve --wyoming`: COMMAND is the
program."""

import asyncio
import subprocess
import sys
import tempfile

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped, SynthesizeVoice,
)

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

        await client.write_event(Synthesize(text="Hi.", voice=SynthesizeVoice(name="no")).event())
        error = Error.from_event(await client.read_event())
        assert "robin" in error.text, error
        await client.write_event(Synthesize(text="  ").event())
        assert Error.is_type((await client.read_event()).type)
        # An error ends nothing.
        await client.write_event(Synthesize(text="Hi.", voice=SynthesizeVoice(language="en-US")).event())
        assert len(await sound(client, streamed=False)) > 4800

    # Damage ends its connection only.
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"this is no event\n")
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Synthesize(text="Still here.").event())
        assert len(await sound(client, streamed=False)) > 4800


def main(command: str) -> None:
    with tempfile.TemporaryDirectory() as empty:
        server = subprocess.Popen(
            [command, "serve", "--wyoming", "127.0.0.1:0"],
            cwd=empty, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        try:
            for line in server.stderr:
                if line.startswith("Wyoming: "):
                    break
            port = int(line.rsplit(":", 1)[1])
            asyncio.run(check(port))
        finally:
            server.terminate()
            server.wait(timeout=10)
    print("Home Assistant's client speaks through `pocket-onnx serve --wyoming`")


if __name__ == "__main__":
    main(sys.argv[1])
