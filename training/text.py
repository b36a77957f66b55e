"""Step `text`: the sentences that the teacher says, and with which voice."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

from . import templates
from .errors import TrainingError
from .held_out import is_held_out
from .work import Work

#: Sentences from templates.
TEMPLATES = 9000
#: Part of the utterances that are two sentences.
JOINED = 0.2
#: Characters of a first sentence that another one may follow.
JOINABLE = 45
#: Sentences of WordNet that `heron` says; `robin` says them all.
HERON = 16_000


def _examples(line: str) -> Iterator[str]:
    """The examples of one gloss that can be read aloud, as sentences."""
    # The licence stands in lines that begin with a space.
    if line.startswith(" ") or "|" not in line:
        return
    for example in re.findall(r'"([^"]+)"', line.split("|", 1)[1].strip()):
        text = re.sub(r"\s+", " ", example).strip(" ;")
        if not re.fullmatch(r"[A-Za-z0-9 ,.'!?;:-]+", text) or not 3 <= len(text.split()) <= 16:
            continue
        text = text[0].upper() + text[1:]
        yield text if text[-1] in ".!?" else text.rstrip(",;:") + "."


def wordnet(folder: Path) -> list[str]:
    """The example sentences of WordNet's glosses, of 3 to 16 words, in random order."""
    files = [folder / f"data.{part}" for part in ("noun", "verb", "adj", "adv")]
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise TrainingError(
            f"no WordNet 3.0 in {folder} ({missing[0]} is missing): install Debian's wordnet-base, "
            "name another folder by --wordnet, or do without by --no-wordnet"
        )
    sentences = set()
    for file in files:
        with file.open(encoding="latin1") as lines:
            for line in lines:
                sentences.update(_examples(line))
    ordered = sorted(sentences)
    random.Random(7).shuffle(ordered)
    return ordered


def assign(examples: list[str], made: list[str]) -> list[tuple[str, str]]:
    """`(voice, text)` of every utterance, in random order; some texts are two sentences.

    What is held out stays a sentence of its own, so that it is nowhere part of another text.
    """
    rng = random.Random(3)
    items = [("robin", text) for text in examples + made]
    items += [("heron", text) for text in rng.sample(examples, min(HERON, len(examples))) + made]
    rng.shuffle(items)
    utterances = []
    at = 0
    while at < len(items):
        voice, text = items[at]
        at += 1
        if rng.random() < JOINED and at < len(items) and len(text) < JOINABLE:
            following = items[at][1]
            if not is_held_out(text) and not is_held_out(following):
                text = f"{text} {following}"
                at += 1
        utterances.append((voice, text))
    return utterances


def run(work: Work, wordnet_folder: Path | None, template_count: int, limit: int | None) -> None:
    """Writes `sentences.tsv`; skipped where it exists."""
    if work.sentences.exists():
        print(f"{work.sentences} exists")
        return
    examples = wordnet(wordnet_folder) if wordnet_folder else []
    utterances = assign(examples, templates.make(template_count))[:limit]
    if not utterances:
        raise TrainingError("no sentences: give --templates a number above 0, or WordNet")
    work.root.mkdir(parents=True, exist_ok=True)
    new = work.sentences.with_suffix(".new")
    new.write_text("".join(f"{voice}\t{text}\n" for voice, text in utterances), encoding="utf-8")
    new.replace(work.sentences)
    print(f"{len(utterances)} utterances to be said, in {work.sentences}")
