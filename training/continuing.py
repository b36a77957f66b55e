"""Step `continue`: goes on from a finished voice, or from the checkpoints in the work folder.

Data as starling had them, the decoder's second stage, FlowLM, the finished voice. What is done is
skipped, so that the same command goes on after an interruption.
"""

from pathlib import Path

from . import codec, export, latents, lm, samples, teacher, text
from .work import Work


def run(
    work: Work,
    wordnet: Path,
    jobs: int,
    codec_options: codec.Options,
    lm_options: lm.Options,
) -> None:
    """Where the work folder has recordings, these are the data, and the teacher says nothing."""
    config = codec_options.config
    if not list(work.utterances.glob("recordings-*.jsonl")):
        text.run(work, wordnet, text.TEMPLATES, None)
        teacher.run(work, jobs)
    codec.run(work, codec_options)
    latents.run(work, config, codec_options.device)
    lm.run(work, lm_options)
    export.run(work, config)
    samples.run(work, samples.SENTENCES)
