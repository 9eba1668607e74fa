"""Compiled kernels: the probability of a diagram in one forward pass, its derivatives in one backward pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.bdd_kernels import compiled


@compiled
def forward(
    level: NDArray[np.int32], lo: NDArray[np.int32], hi: NDArray[np.int32], module: NDArray[np.int32], p: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The probability of every node, the variable of level l being true with `p[l]`. Only positive terms are added up."""
    value = np.empty(len(level), np.float64)
    value[0], value[1] = 0.0, 1.0
    for node in range(2, len(level)):
        inner = module[level[node]]
        p_here = p[level[node]] if inner < 0 else value[inner]
        value[node] = (1.0 - p_here) * value[lo[node]] + p_here * value[hi[node]]
    return value


@compiled
def backward(
    level: NDArray[np.int32],
    lo: NDArray[np.int32],
    hi: NDArray[np.int32],
    module: NDArray[np.int32],
    p: NDArray[np.float64],
    value: NDArray[np.float64],
    root: int,
) -> NDArray[np.float64]:
    """For each level, the derivative of the root's probability by the probability of that level's variable."""
    reach = np.zeros(len(level), np.float64)  # derivative of the root's probability by that of each node
    slope = np.zeros(len(module), np.float64)
    reach[root] = 1.0
    for node in range(len(level) - 1, 1, -1):
        inner = module[level[node]]
        p_here = p[level[node]] if inner < 0 else value[inner]
        reach[lo[node]] += reach[node] * (1.0 - p_here)
        reach[hi[node]] += reach[node] * p_here
        gain = reach[node] * (value[hi[node]] - value[lo[node]])
        slope[level[node]] += gain
        if inner >= 0:
            reach[inner] += gain
    return slope
