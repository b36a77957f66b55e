"""The two networks of a voice, as pocket-tts builds them, and where their weights come from."""

import hashlib
from pathlib import Path

import torch
import yaml
from torch import nn

from . import compat  # noqa: F401  before pocket_tts
from .errors import TrainingError

# isort: split
from pocket_tts.models.flow_lm import FlowLMModel
from pocket_tts.models.mimi import MimiModel, build_mimi
from pocket_tts.modules import text_conditioner
from pocket_tts.modules.stateful_module import StatefulModule
from pocket_tts.utils.config import FlowLMConfig, MimiConfig

#: Parameters that the latents depend on.
ENCODER = ("encoder.", "encoder_transformer.", "downsample.")


def read_config(path: Path) -> dict:
    """A configuration of upstream's form, with the flow type that this recipe trains."""
    if not path.is_file():
        raise TrainingError(f"{path} is missing: --config names a config.yaml")
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        flow = config["flow_lm"]["flow"]["type"]
        config["mimi"]["quantizer"]["dimension"]
    except (yaml.YAMLError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} is no configuration of pocket-tts: {error!r}") from error
    if flow != "pointwise":
        raise TrainingError(f"{path}: flow_lm.flow.type is {flow}; this recipe trains `pointwise`")
    if not config["flow_lm"].get("insert_bos_before_voice"):
        raise TrainingError(f"{path}: flow_lm.insert_bos_before_voice has to be true")
    return config


def latent_width(config: dict) -> int:
    return config["mimi"]["quantizer"]["dimension"]


def build_codec(config: dict) -> MimiModel:
    """Mimi with new weights."""
    codec = build_mimi(MimiConfig(**config["mimi"]))
    # The decoder's layers find their state by name.
    for name, module in codec.named_modules():
        if isinstance(module, StatefulModule):
            module._module_absolute_name = name
    return codec


def build_lm(config: dict) -> FlowLMModel:
    """FlowLM with new weights, without its tokenizer."""
    table = config["flow_lm"]["lookup_table"] | {"tokenizer_path": ""}
    parsed = FlowLMConfig(**config["flow_lm"] | {"lookup_table": table})
    build_tokenizer = text_conditioner.build_tokenizer
    text_conditioner.build_tokenizer = lambda *_: None
    try:
        lm = FlowLMModel.from_pydantic_config(
            parsed, latent_dim=latent_width(config), insert_bos_before_voice=True
        )
    finally:
        text_conditioner.build_tokenizer = build_tokenizer
    lm.speaker_proj_weight = nn.Parameter(torch.randn(lm.dim, lm.ldim) * 0.1)
    lm.bos_before_voice.data *= 0.1
    return lm


def published(folder: Path, part: str) -> dict[str, torch.Tensor]:
    """The weights of `part` (`mimi` or `flow_lm`) in a finished voice's model.safetensors."""
    from safetensors.torch import load_file

    file = folder / "model.safetensors"
    if not file.is_file():
        raise TrainingError(f"{file} is missing: --from names the folder of a finished voice")
    prefix = f"{part}."
    weights = load_file(file)
    return {
        name.removeprefix(prefix): values.float()
        for name, values in weights.items()
        if name.startswith(prefix)
    }


def load(module: nn.Module, weights: dict[str, torch.Tensor], source: Path) -> None:
    """Takes `weights`, whose names and shapes have to be the module's."""
    own = {name: tuple(values.shape) for name, values in module.state_dict().items()}
    given = {name: tuple(values.shape) for name, values in weights.items()}
    wrong = sorted(name for name in own | given if own.get(name) != given.get(name))
    if wrong:
        shape, wanted = (of.get(wrong[0], "missing") for of in (given, own))
        raise TrainingError(
            f"{source} does not fit the configuration: {wrong[0]} is {shape}, not {wanted} "
            f"({len(wrong)} tensors differ); give the --config that it was trained with"
        )
    module.load_state_dict(weights)


def encoder_fingerprint(weights: dict[str, torch.Tensor]) -> str:
    """Tells encoders apart, whose latents are of no use to one another."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        if name.startswith(ENCODER):
            digest.update(name.encode())
            digest.update(weights[name].float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
