"""The work folder: where each step leaves what it made."""

from dataclasses import dataclass
from pathlib import Path

from .errors import TrainingError

#: The voice of this project, which the steps can start from.
STARLING = Path(__file__).resolve().parent.parent / "models" / "starling"


@dataclass(frozen=True)
class Work:
    """The paths inside a work folder."""

    root: Path

    @property
    def sentences(self) -> Path:
        """`VOICE<tab>TEXT` a line: what the teacher is to say."""
        return self.root / "sentences.tsv"

    @property
    def utterances(self) -> Path:
        """Recordings with their texts, see `utterances.py`."""
        return self.root / "utterances"

    @property
    def codec(self) -> Path:
        return self.root / "codec.pt"

    @property
    def latents(self) -> Path:
        """Latents of every utterance, in shards."""
        return self.root / "latents"

    @property
    def tokenizer(self) -> Path:
        return self.root / "tokenizer.model"

    @property
    def lm(self) -> Path:
        return self.root / "lm.pt"

    @property
    def voice(self) -> Path:
        """The finished voice."""
        return self.root / "voice"

    @property
    def samples(self) -> Path:
        """What `evaluate` listens to."""
        return self.root / "samples"

    def need(self, path: Path, step: str) -> Path:
        """`path`, or an error that names the step that makes it."""
        if not path.exists():
            raise TrainingError(f"{path} is missing: `python -m training {step}` makes it")
        return path
