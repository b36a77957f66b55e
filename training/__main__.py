"""`python -m training STEP --work FOLDER`: see README.md."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from .errors import TrainingError
from .work import STARLING, Work

WORDNET = Path("/usr/share/wordnet")


def _device(name: str):  # noqa: ANN202  torch is loaded by the steps that need it alone
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("--device cuda: this PyTorch finds no CUDA device")
    return torch.device(name)


def _text(args: argparse.Namespace) -> None:
    from . import text

    wordnet = None if args.no_wordnet else args.wordnet
    text.run(Work(args.work), wordnet, args.templates, args.limit)


def _teach(args: argparse.Namespace) -> None:
    from . import teacher

    teacher.run(Work(args.work), args.jobs)


def _recordings(args: argparse.Namespace) -> None:
    from . import model, recordings

    replacements = model.read_config(args.config).get("replace_characters") or {}
    recordings.run(Work(args.work), args.folder, args.voice, not args.not_english, replacements)


def _codec(args: argparse.Namespace) -> None:
    from . import codec

    codec.run(Work(args.work), _codec_options(args, args.steps, args.gan))


def _codec_options(args: argparse.Namespace, steps: int, gan: bool):  # noqa: ANN202
    from . import codec

    return codec.Options(
        config=args.config,
        start=args.start,
        gan=gan,
        steps=steps,
        batch=args.batch,
        frames=args.frames,
        device=_device(args.device),
    )


def _latents(args: argparse.Namespace) -> None:
    from . import latents

    latents.run(Work(args.work), args.config, _device(args.device))


def _lm(args: argparse.Namespace) -> None:
    from . import lm

    lm.run(Work(args.work), _lm_options(args, args.steps))


def _lm_options(args: argparse.Namespace, steps: int):  # noqa: ANN202
    from . import lm

    return lm.Options(
        config=args.config,
        start=args.start,
        steps=steps,
        positions=args.positions,
        auxiliary=args.auxiliary,
        device=_device(args.device),
    )


def _continue(args: argparse.Namespace) -> None:
    from . import continuing

    continuing.run(
        Work(args.work),
        args.wordnet,
        args.jobs,
        _codec_options(args, args.codec_steps, gan=True),
        _lm_options(args, args.lm_steps),
    )


def _export(args: argparse.Namespace) -> None:
    from . import export

    export.run(Work(args.work), args.config)


def _samples(args: argparse.Namespace) -> None:
    from . import samples

    samples.run(Work(args.work), args.sentences)


def _evaluate(args: argparse.Namespace) -> None:
    from . import evaluate

    evaluate.run(args.folders, args.recogniser, args.language)


def _smoke(args: argparse.Namespace) -> None:
    from . import smoke

    smoke.run(args.pocket_onnx, args.spoken)


def _natural(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not above 0")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is below 0")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="STEP")

    def step(
        name: str, run: Callable[[argparse.Namespace], None], what: str
    ) -> argparse.ArgumentParser:
        added = steps.add_parser(
            name, help=what, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        added.set_defaults(run=run)
        return added

    def in_work(added: argparse.ArgumentParser) -> None:
        added.add_argument("--work", type=Path, required=True, help="folder of all that is made")

    def configured(added: argparse.ArgumentParser) -> None:
        added.add_argument(
            "--config", type=Path, default=STARLING / "config.yaml", help="shape of the model"
        )

    def on_device(added: argparse.ArgumentParser) -> None:
        added.add_argument("--device", choices=("cpu", "cuda"), default="cpu")

    def of_text(added: argparse.ArgumentParser) -> None:
        added.add_argument(
            "--wordnet", type=Path, default=WORDNET, help="folder of WordNet 3.0's data.*"
        )

    def of_teacher(added: argparse.ArgumentParser) -> None:
        added.add_argument("--jobs", type=_natural, default=2, help="processes of the teacher")

    def trained(added: argparse.ArgumentParser, start: Path | None) -> None:
        in_work(added)
        configured(added)
        on_device(added)
        added.add_argument(
            "--from",
            dest="start",
            type=Path,
            default=start,
            help="folder of a finished voice to begin with, where the work folder has none",
        )

    def of_codec(added: argparse.ArgumentParser) -> None:
        added.add_argument("--batch", type=_natural, default=8, help="excerpts of a batch")
        added.add_argument(
            "--frames", type=_natural, default=10, help="frames of an excerpt, 80 ms each"
        )

    def of_lm(added: argparse.ArgumentParser) -> None:
        added.add_argument("--positions", type=_natural, default=2600, help="positions of a batch")
        added.add_argument(
            "--auxiliary", type=float, default=0.3, help="weight of the phones' and heads' losses"
        )

    def until(added: argparse.ArgumentParser, name: str, steps: int) -> None:
        added.add_argument(name, type=_count, default=steps, help="train until there are so many")

    text = step("text", _text, "write the sentences that the teacher says")
    in_work(text)
    of_text(text)
    text.add_argument("--no-wordnet", action="store_true", help="sentences from templates alone")
    text.add_argument("--templates", type=_count, default=9000, help="sentences from templates")
    text.add_argument("--limit", type=_natural, help="stop after so many utterances")

    teach = step("teach", _teach, "have the teacher say them")
    in_work(teach)
    of_teacher(teach)

    recordings = step("recordings", _recordings, "take in recordings of your own")
    recordings.add_argument("folder", type=Path, help="metadata.csv and wavs/, like LJSpeech")
    in_work(recordings)
    configured(recordings)
    recordings.add_argument("--voice", required=True, help="name of the voice")
    recordings.add_argument(
        "--not-english",
        action="store_true",
        help="do not look for words and phones by the teacher, who knows English only",
    )

    codec = step("codec", _codec, "train Mimi")
    trained(codec, None)
    until(codec, "--steps", 28_600)
    of_codec(codec)
    codec.add_argument("--gan", action="store_true", help="second stage: the decoder alone")

    latents = step("latents", _latents, "encode every utterance")
    in_work(latents)
    configured(latents)
    on_device(latents)

    lm = step("lm", _lm, "train FlowLM")
    trained(lm, None)
    until(lm, "--steps", 12_900)
    of_lm(lm)

    onward = step("continue", _continue, "go on from a finished voice: gan, lm, export, samples")
    trained(onward, STARLING)
    of_text(onward)
    of_teacher(onward)
    until(onward, "--codec-steps", 20_000)
    until(onward, "--lm-steps", 30_000)
    of_codec(onward)
    of_lm(onward)

    export = step("export", _export, "write the finished voice")
    in_work(export)
    configured(export)

    samples = step("samples", _samples, "speak held-out sentences")
    in_work(samples)
    samples.add_argument("--sentences", type=_natural, default=60, help="of each voice")

    evaluate = step("evaluate", _evaluate, "count the words that a recogniser hears")
    evaluate.add_argument("folders", type=Path, nargs="+", help="of NAME.wav and NAME.txt")
    evaluate.add_argument("--recogniser", help="Whisper's folder or name, for faster-whisper")
    evaluate.add_argument("--language", default="en")

    smoke = step("smoke", _smoke, "try every step in a tiny size")
    smoke.add_argument("--pocket-onnx", type=Path, help="the command, to convert and speak with")
    smoke.add_argument("--spoken", type=Path, help="folder for what a recogniser is to hear")
    return parser


def main() -> None:
    args = _parser().parse_args()
    try:
        args.run(args)
    except TrainingError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command goes on")
    except ImportError as error:
        sys.exit(f"error: {error}; training/README.md says what has to be installed")


if __name__ == "__main__":
    main()
