"""Sandwich, Chi et al. 2023 (2212.10356)."""
import torch
from torch import Tensor

WIDTH = 128


def bias(distance: Tensor, heads: int) -> Tensor:
    pairs = torch.arange(WIDTH // 2, dtype=torch.float64, device=distance.device)
    frequencies = torch.pow(10000.0, -2 * pairs / WIDTH)
    total = torch.cos(distance[:, None] * frequencies).sum(1) - WIDTH // 2
    strengths = heads / (8 * torch.arange(1, heads + 1, dtype=torch.float64, device=distance.device))
    return strengths[:, None] * total
