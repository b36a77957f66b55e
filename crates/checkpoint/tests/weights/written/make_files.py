"""Writes small files with the safetensors library itself, from NumPy and from PyTorch.

pip install safetensors==0.8.0 numpy torch; python make_files.py
"""

from pathlib import Path

import numpy
import safetensors.numpy
import safetensors.torch
import torch

HERE = Path(__file__).parent
values = [0.5, -1.5, 3.0, 0.125, -2.0, 65504.0]
table = torch.tensor(values).reshape(2, 3)

safetensors.torch.save_file(
    {
        "model.single": table,
        "model.half": table.half(),
        "model.brain": table.bfloat16(),
        # Rows that lie apart have to be made contiguous first; this is what the library asks for.
        "model.turned": table.t().contiguous(),
        "model.number": torch.tensor(0.5),
        "model.empty": torch.zeros(0, 3),
        "model.ünïcode \"name\"": torch.tensor([0.5]),
    },
    HERE / "torch.safetensors",
    metadata={"format": "pt", "step": "1000", "note": "é \" \\ \n"},
)
safetensors.numpy.save_file({"single": numpy.array(values, dtype=numpy.float32).reshape(2, 3)}, HERE / "numpy.safetensors")


class Tied(torch.nn.Module):
    """Two names of one tensor: `save_model` keeps one of them, and tells so in the metadata."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(3, 2, bias=False)
        self.second = torch.nn.Linear(3, 2, bias=False)
        self.first.weight = torch.nn.Parameter(table.clone())
        self.second.weight = self.first.weight


safetensors.torch.save_model(Tied(), str(HERE / "tied.safetensors"))
safetensors.torch.save_file({"double": table.double(), "single": table}, HERE / "double.safetensors")
safetensors.torch.save_file({"integer": torch.tensor([1, 2]), "single": table}, HERE / "integer.safetensors")
safetensors.torch.save_file({"eight": table.to(torch.float8_e4m3fn), "single": table}, HERE / "float8.safetensors")
