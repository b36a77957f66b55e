"""OpenAI's own Python client against `pocket-onnx serve`: COMMAND is the program."""

import io
import subprocess
import sys
import tempfile
import wave

import openai

TEXT = "The morning train was late, so we walked along the river."


def check(client: openai.OpenAI) -> None:
    assert "starling" in [model.id for model in client.models.list()]
    speech = client.audio.speech

    # The standard library reads WAV strictly: the length in the header has to be true.
    answer = speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="wav")
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (24_000, 1, 2)
        seconds = sound.getnframes() / sound.getframerate()
    assert 2 < seconds < 8, seconds

    for form, start in [("mp3", b"ID3"), ("opus", b"OggS"), ("flac", b"fLaC")]:
        with speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="nova", input=TEXT, response_format=form, speed=1.25
        ) as answer:
            sound = b"".join(answer.iter_bytes())
        assert sound.startswith(start), (form, sound[:8])
    # Without a format the client asks for MP3.
    assert speech.create(model="tts-1", voice="robin", input="Hello.").content.startswith(b"ID3")

    with speech.with_streaming_response.create(
        model="starling", voice="robin", input=TEXT, stream_format="sse"
    ) as answer:
        events = [line for line in answer.iter_lines() if line.startswith("data: ")]
    assert '"speech.audio.done"' in events[-1] and len(events) > 3

    try:
        speech.create(model="tts-1", voice="nobody", input="Hello.")
        raise AssertionError("an unknown voice is an error")
    except openai.BadRequestError as error:
        assert error.param == "voice" and "robin" in error.message, error
    try:
        speech.create(model="tts-1", voice="alloy", input="Hello.", response_format="aac")
        raise AssertionError("aac is an error")
    except openai.BadRequestError as error:
        assert error.param == "response_format", error


def main(command: str) -> None:
    with tempfile.TemporaryDirectory() as empty:
        server = subprocess.Popen(
            [command, "serve", "--api-key", "secret"],
            cwd=empty, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        try:
            url = server.stdout.readline().strip()
            check(openai.OpenAI(base_url=f"{url}v1", api_key="secret", max_retries=0))
            try:
                openai.OpenAI(base_url=f"{url}v1", api_key="other").models.list()
                raise AssertionError("another key is an error")
            except openai.AuthenticationError:
                pass
        finally:
            server.terminate()
            server.wait(timeout=10)
    print("OpenAI's client speaks through `pocket-onnx serve`")


if __name__ == "__main__":
    main(sys.argv[1])
