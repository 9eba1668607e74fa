"""Random draws as a hash: what is drawn depends on (seed, request, path, attempt, purpose) and on nothing else.

So a run can be repeated in any order of events, and two settings meet the same luck (common random numbers). The hash is
the finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), applied once for each
word of the path. Import this module inside functions only: it loads numba.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

from auditkit.simulation.kernel_parts import PartCompiler

F = TypeVar("F", bound=Callable[..., Any])
_njit: Any = numba.njit  # not all of its options are in its types

HERE = Path(__file__).parent


def _look_for_blas_later() -> None:
    """Spare every start what numba does as it loads its first kernel: ask for BLAS, which loads all of scipy.linalg.

    Our kernels need none. Who does gets it all the same: numba asks again where it is used, and scipy is installed with us.
    """
    import numba.np.linalg

    asked = numba.np.linalg.ensure_blas
    numba.np.linalg.ensure_blas = lambda: None
    try:
        import numba.np.arraymath
    finally:
        numba.np.linalg.ensure_blas = asked


_look_for_blas_later()
LATENCY, FAILURE, BACKOFF, CALLED, BALANCE, ARRIVAL, THINK, ADMITTED = (cast("int", np.int64(n)) for n in range(1, 9))
"""Purposes of a draw; of 64 bits each, for a plain number is a type of its own to numba, and compiled for itself."""

_GOLDEN, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ONE, _S27, _S30, _S31, _S11 = np.uint64(1), np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
CONSTANT, EXPONENTIAL, LOGNORMAL, HISTOGRAM = 0, 1, 2, 3
"""Kinds of distributions."""
GUIDES = 1024
"""Places of the guide table that finds a histogram's bucket (Chen and Asau, 1974)."""


def compiled(function: F) -> F:
    """The function in machine code, kept on disk between runs, free of the interpreter's lock.

    Without numba's run-time for memory (`_nrt`): kernels allocate nothing, and counting references to the tables that they hand
    to each other took nine tenths of the time.
    """
    made = _njit(cache=True, nogil=True, _nrt=False, error_model="numpy")(function)
    # numba looks at the age of one file only; a kernel is made of several, and installers give all files one age
    kept = made._cache._cache_file
    kept._source_stamp = (kept._source_stamp, _sources())
    return cast("F", made)


@lru_cache(maxsize=1)
def _sources() -> str:
    """Digest of everything that kernels are made of."""
    files = sorted([*HERE.glob("kernel*.py"), HERE / "columns.py", HERE / "draws.py"])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def part(function: F) -> F:
    """A part of a kernel: as `compiled`, but only other kernels can call it, which spares most of the time to compile it."""
    options = {"nogil": True, "_nrt": False, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast("F", _njit(**options, pipeline_class=PartCompiler)(function))


@compiled
def mix(key: Any, word: int) -> Any:
    """The key of a longer path: `key`, then `word`.

    >>> hex(mix(np.uint64(1), 2)), mix(np.uint64(1), 2) == mix(np.uint64(2), 1)
    ('0xf893a2eefb32555e', False)
    """
    z = np.uint64(key) + _GOLDEN * (np.uint64(word) + _ONE)
    z = (z ^ (z >> _S30)) * _FIRST
    z = (z ^ (z >> _S27)) * _SECOND
    return z ^ (z >> _S31)


@compiled
def uniform(key: Any, purpose: int) -> float:
    """A number in the open interval (0, 1): the draw of one path for one purpose."""
    return (float(mix(key, purpose) >> _S11) + 0.5) * 1.1102230246251565e-16


@compiled
def request_key(seed: int, journey: int, index: int) -> Any:
    """The key of one request: the seed, its journey, and its place among the journey's requests."""
    return mix(mix(mix(np.uint64(0), seed), journey), index)


@compiled
def attempt_key(key: Any, leg: int, attempt: int) -> Any:
    """The key of one attempt of one call, below the key of whoever makes it."""
    return mix(mix(key, leg + 1), attempt)


@compiled
def normal_quantile(p: float) -> float:
    """The p-quantile of the standard normal distribution, to nine digits (P. Acklam, 2003).

    >>> round(normal_quantile(0.975), 6), round(normal_quantile(0.001), 5)
    (1.959964, -3.09023)
    """
    if 0.02425 <= p <= 0.97575:
        q = p - 0.5
        r = q * q
        top = ((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.3577518672690
        top = ((top * r - 30.66479806614716) * r + 2.506628277459239) * q
        low = ((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972
        return top / ((low * r - 13.28068155288572) * r + 1.0)
    q = math.sqrt(-2.0 * math.log(p if p < 0.5 else 1.0 - p))
    top = ((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734
    top = (top * q + 4.374664141464968) * q + 2.938163982698783
    low = ((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416
    low = low * q + 1.0
    return top / low if p < 0.5 else -top / low


@compiled
def sample(dist: int, u: float, dist_i: Any, dist_f: Any, hist: Any, guide: Any) -> float:
    """Seconds drawn from distribution number `dist` by inversion at `u`; inside a histogram's bucket all values are alike."""
    kind = dist_i[dist, 0]
    if kind == CONSTANT:
        return float(dist_f[dist, 0])
    if kind == EXPONENTIAL:
        return -math.log(1.0 - u) * float(dist_f[dist, 0])
    if kind == LOGNORMAL:
        return float(dist_f[dist, 0]) * math.exp(dist_f[dist, 1] * normal_quantile(u))
    at = guide[dist_i[dist, 2], int(u * GUIDES)]
    while hist[at, 0] < u:
        at += 1
    before = hist[at - 1, 0] if at > dist_i[dist, 1] else 0.0
    return float(hist[at, 1] + (hist[at, 2] - hist[at, 1]) * (u - before) / (hist[at, 0] - before))
