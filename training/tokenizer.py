"""The tokenizer of a voice: SentencePiece, unigram, with bytes for what it has no piece for."""

import shutil
from pathlib import Path

import numpy as np
import sentencepiece

from .errors import TrainingError
from .work import Work

#: What SentencePiece writes a word's beginning as.
WORD = "\u2581"


def prepare(
    work: Work, start: Path | None, texts: list[str], size: int
) -> sentencepiece.SentencePieceProcessor:
    """The work folder's tokenizer; where it has none, that of `start`, or one made from `texts`."""
    if not work.tokenizer.exists():
        new = work.tokenizer.with_suffix(".new.model")
        if start is not None:
            given = start / "tokenizer.model"
            if not given.is_file():
                raise TrainingError(f"{given} is missing")
            shutil.copy(given, new)
        else:
            try:
                sentencepiece.SentencePieceTrainer.train(
                    sentence_iterator=iter(texts),
                    model_prefix=str(new.with_suffix("")),
                    model_type="unigram",
                    vocab_size=size,
                    byte_fallback=True,
                    character_coverage=1.0,
                    normalization_rule_name="identity",
                    remove_extra_whitespaces=False,
                    split_digits=True,
                    minloglevel=2,
                )
            except RuntimeError as error:
                raise TrainingError(
                    f"{len(texts)} texts do not give {size} pieces (flow_lm.lookup_table.n_bins): "
                    f"{error}"
                ) from error
            new.with_suffix(".vocab").unlink()
        new.replace(work.tokenizer)
    processor = sentencepiece.SentencePieceProcessor(str(work.tokenizer))
    if processor.vocab_size() != size:
        raise TrainingError(
            f"{work.tokenizer} has {processor.vocab_size()} pieces, the configuration {size} "
            "(flow_lm.lookup_table.n_bins)"
        )
    return processor


def words_of_tokens(pieces: list[str], word_count: int) -> np.ndarray | None:
    """The number of the word that each piece belongs to; None where the words do not come out."""
    word = -1
    words = []
    for piece in pieces:
        word += piece.startswith(WORD)
        words.append(max(word, 0))
    return np.array(words) if word == word_count - 1 else None
