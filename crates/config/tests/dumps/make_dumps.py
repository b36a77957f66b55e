"""Writes configurations as Python's YAML libraries dump them.

pip install pyyaml==6.0.4 ruamel.yaml==0.19.1 omegaconf==2.4.0; python make_dumps.py
"""

import io
import json
from pathlib import Path

import omegaconf
import ruamel.yaml
import yaml

HERE = Path(__file__).parent
SOURCE = HERE / "../../../../fixtures/configs/tiny_2m.yaml"
config = yaml.safe_load(SOURCE.read_text())
# Values whose spelling differs from library to library.
config["default_eos_threshold"] = -4e-7
config["mimi"]["transformer"]["layer_scale"] = 1e-5
config["replace_characters"]["\u2014"] = ", "
config["replace_characters"]["é"] = "e"
config["replace_characters"]["1"] = "one"
config["replace_characters"]["~"] = "null"
config["replace_characters"]["y"] = "yes"
# Parts that two places share, as a program that fills in defaults has them.
config["mimi"]["decoder_seanet"]["ratios"] = config["mimi"]["seanet"]["ratios"]


def ruamel_text(**settings):
    out = io.StringIO()
    dumper = ruamel.yaml.YAML(**settings)
    dumper.dump(config, out)
    return out.getvalue()


files = {
    "pyyaml_safe.yaml": yaml.safe_dump(config),
    "pyyaml_unicode_unsorted.yaml": yaml.safe_dump(config, allow_unicode=True, sort_keys=False),
    "pyyaml_flow.yaml": yaml.safe_dump(config, default_flow_style=True, width=100000),
    "pyyaml_quoted.yaml": yaml.safe_dump(config, default_style='"'),
    "pyyaml_canonical.yaml": yaml.safe_dump(config, canonical=True),
    "pyyaml_explicit.yaml": yaml.safe_dump(config, explicit_start=True, explicit_end=True, version=(1, 1)),
    "ruamel_round_trip.yaml": ruamel_text(),
    "ruamel_safe.yaml": ruamel_text(typ="safe", pure=True),
    "omegaconf.yaml": omegaconf.OmegaConf.to_yaml(omegaconf.OmegaConf.create(config)),
    "json.yaml": json.dumps(config, indent=1),
    # A tuple, as `yaml.dump` writes it of a dataclass.
    "pyyaml_tuple.yaml": yaml.dump({**config, "mimi": {**config["mimi"], "seanet": {**config["mimi"]["seanet"], "ratios": (6, 5, 4)}}}),
    # In the forms of Windows: marked, with other ends of lines.
    "windows.yaml": "\ufeff" + yaml.safe_dump(config).replace("\n", "\r\n"),
}
for name, text in files.items():
    (HERE / name).write_bytes(text.encode())
