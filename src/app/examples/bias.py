"""A learned logarithmic decay."""
# `bias` looks at the distance of a key behind its query and at nothing else: the fastest kind.

from typing import Dict

import torch
from torch import Tensor


# What the scheme learns, drawn for each layer by itself. What all layers share comes from a
# function shared_parameters(...) of the same form.
def parameters(heads: int) -> Dict[str, Tensor]:
    return {"slope": torch.linspace(1.0, 0.1, heads)}


# distance: [N] float64, 0 for a token itself. -> [heads, N], added to the scaled scores.
def bias(distance: Tensor, p: Dict[str, Tensor]) -> Tensor:
    return -p["slope"].abs()[:, None] * torch.log1p(distance)
