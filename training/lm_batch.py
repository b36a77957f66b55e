"""Batches for the language model."""

from dataclasses import dataclass

import numpy as np
import sentencepiece
import torch

from .latents import SILENCE, Latents
from .tokenizer import words_of_tokens
from .utterances import UNKNOWN, Utterances

#: Chances that a row is one, two or three utterances of its voice, so that long texts are learned.
JOINED = (0.65, 0.22, 0.13)
#: Tokens that joined utterances may have.
MOST_TOKENS = 64
#: Frames of a voice prompt: mostly of 0.8 to 2.5 s, seldom of up to 8 s.
SHORT_PROMPT, LONG_PROMPT, SHORT = (10, 32), (32, 100), 0.85
#: Candidates a row, of which those of like lengths become a batch.
CANDIDATES = 8


@dataclass(frozen=True)
class Batch:
    """B rows. Texts end, and frames begin, at the same place of all rows: what is shorter is
    padded in front of the prompt. RoPE sees distances only, so the padding moves nothing."""

    #: [B] positions of padding, [B, P, width] prompts, [B, T] tokens (0 in padding).
    padding: torch.Tensor
    prompts: torch.Tensor
    tokens: torch.Tensor
    #: [B, F, width] latents, [B, F] 1 where there is a frame, 1 where speech has ended.
    latents: torch.Tensor
    present: torch.Tensor
    ended: torch.Tensor
    #: [B, F, phones a frame].
    phones: torch.Tensor
    #: [B, T] word of each token or -1 in padding, [B, F] word that sounds or -1.
    token_words: torch.Tensor
    frame_words: torch.Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


def _one(indices: np.ndarray, rng: np.random.Generator) -> int:
    return int(indices[rng.integers(len(indices))])


@dataclass(frozen=True)
class _Row:
    indices: list[int]
    #: Frames of silence kept behind each utterance.
    gaps: list[int]
    frames: int
    tokens: int


class Batches:
    def __init__(
        self,
        utterances: Utterances,
        latents: Latents,
        tokenizer: sentencepiece.SentencePieceProcessor,
        frame: int,
        phones_a_frame: int,
        positions: int,
    ) -> None:
        self._utterances, self._latents = utterances, latents
        self._tokenizer = tokenizer
        self._frame, self._phones_a_frame = frame, phones_a_frame
        self._positions = positions
        self._tokens: list[list[int]] = [tokenizer.encode(u.text) for u in utterances]
        self._train = np.array(utterances.to_train)
        self._own, self._prompts = {}, {}
        for voice in utterances.voices:
            own = np.array([i for i in utterances.to_train if utterances[i].voice == voice])
            long = own[latents.frames[own] > SHORT_PROMPT[0] * 2 + SILENCE]
            self._own[voice] = own
            self._prompts[voice] = long if len(long) else own

    def draw(self, rng: np.random.Generator) -> Batch:
        """About `positions` positions of like rows."""
        low, high = SHORT_PROMPT if rng.random() < SHORT else LONG_PROMPT
        prompt = int(rng.integers(low, high))
        anchor = self._row(rng)
        length = prompt + 1 + anchor.tokens + anchor.frames
        count = max(2, self._positions // length)
        candidates = [self._row(rng) for _ in range(count * CANDIDATES)]
        candidates.sort(
            key=lambda row: abs(row.frames + row.tokens - anchor.frames - anchor.tokens)
        )
        return self._assemble([anchor, *candidates[: count - 1]], prompt, rng)

    def _row(self, rng: np.random.Generator) -> _Row:
        first = _one(self._train, rng)
        own = self._own[self._utterances[first].voice]
        wanted = 1 + int(rng.choice(len(JOINED), p=JOINED))
        indices, tokens = [first], len(self._tokens[first])
        for _ in range(wanted - 1):
            following = _one(own, rng)
            if tokens + len(self._tokens[following]) <= MOST_TOKENS:
                indices.append(following)
                tokens += len(self._tokens[following])
        gaps = [int(gap) for gap in rng.integers(1, SILENCE, len(indices))]
        gaps[-1] = SILENCE
        frames = sum(
            int(self._latents.frames[i]) - SILENCE + gap
            for i, gap in zip(indices, gaps, strict=True)
        )
        return _Row(indices, gaps, frames, tokens)

    def _prompt(self, voice: str, frames: int, rng: np.random.Generator) -> np.ndarray:
        """A piece of any utterance of the voice, repeated where it is too short."""
        index = _one(self._prompts[voice], rng)
        speech = int(self._latents.frames[index]) - SILENCE
        start = int(rng.integers(0, max(1, speech - frames)))
        piece = self._latents.of(index, start, min(frames, speech - start))
        return np.resize(piece, (frames, piece.shape[1]))

    def _assemble(self, rows: list[_Row], prompt: int, rng: np.random.Generator) -> Batch:
        count, width = len(rows), self._latents.values.shape[1]
        frames, tokens = max(r.frames for r in rows), max(r.tokens for r in rows)
        ids = np.zeros((count, tokens), np.int64)
        token_words = np.full((count, tokens), -1)
        latents = np.zeros((count, frames, width), np.float32)
        present = np.zeros((count, frames), np.float32)
        ended = np.zeros((count, frames), np.float32)
        phones = np.full((count, frames, self._phones_a_frame), UNKNOWN)
        frame_words = np.full((count, frames), -1)
        prompts = np.zeros((count, prompt, width), np.float32)
        for b, row in enumerate(rows):
            voice = self._utterances[row.indices[0]].voice
            prompts[b] = self._prompt(voice, prompt, rng)
            at, token, word = 0, tokens - row.tokens, 0
            for index, gap in zip(row.indices, row.gaps, strict=True):
                speech = int(self._latents.frames[index]) - SILENCE
                latents[b, at : at + speech + gap] = self._latents.of(index, 0, speech + gap)
                known = self._utterances.phones(index, self._frame // self._phones_a_frame)
                whole = len(known) // self._phones_a_frame
                phones[b, at : at + whole] = known[: whole * self._phones_a_frame].reshape(
                    whole, -1
                )
                own = self._tokens[index]
                ids[b, token : token + len(own)] = own
                words, sounding = self._words(index, speech)
                token_words[b, token : token + len(own)] = words + word
                frame_words[b, at : at + speech] = np.where(sounding < 0, -1, sounding + word)
                word += int(words.max()) + 1
                at += speech + gap
                token += len(own)
            present[b, :at] = 1
            ended[b, at - SILENCE : at] = 1
        padding = np.array([tokens - row.tokens for row in rows])
        arrays = (padding, prompts, ids, latents, present, ended, phones, token_words, frame_words)
        return Batch(*(torch.from_numpy(array) for array in arrays))

    def _words(self, index: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
        """The word of each token, and that of each frame, -1 in pauses and where nobody knows."""
        utterance, tokens = self._utterances[index], self._tokens[index]
        sounding = np.full(frames, -1)
        if utterance.words is None:
            return np.zeros(len(tokens), np.int64), sounding
        pieces = self._tokenizer.id_to_piece(tokens)
        words = words_of_tokens(pieces, len(utterance.words))
        if words is None:
            return np.zeros(len(tokens), np.int64), sounding
        middles = np.arange(frames) * self._frame + self._frame // 2
        for word, (start, end) in enumerate(utterance.words):
            sounding[(middles >= start) & (middles < end)] = word
        return words, sounding
