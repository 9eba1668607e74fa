"""Draw the latency exports of a sample from the distributions that its answers.yaml states.

    python data/make_latency.py data/worked-example        # writes data/worked-example/latency/*.csv, the same bytes every time

Only the standard library draws (its generator is promised to stay the same), and every call has a generator of its own,
so that adding a call leaves the others as they are. Distributions, in milliseconds:

- `lognormal: {median_ms, sigma}`      p-quantile = median × exp(sigma × z_p); a light tail for sigma about 0.5
- `lomax: {floor_ms, scale_ms, shape}` P(X > floor + x) = (1 + x / scale) ^ -shape; a heavy tail for shape about 2

Starts lie over the window with a triangular density (quiet, busy, quiet); the load does not change the latency. A share
`errors` of the calls answers quickly with an error. Where `cut_off_ms` is given, what takes longer is logged as a timeout.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any

from ruamel.yaml import YAML

HEADER = "caller,callee,operation,start,duration_ms,outcome"


def quantile_ms(distribution: Mapping[str, Mapping[str, float]], p: float) -> float:
    """The p-quantile of a stated distribution in closed form, in milliseconds."""
    ((kind, figures),) = distribution.items()
    if kind == "lognormal":
        return float(figures["median_ms"] * 2.718281828459045 ** (figures["sigma"] * NormalDist().inv_cdf(p)))
    if kind == "lomax":
        return float(figures["floor_ms"] + figures["scale_ms"] * ((1 - p) ** (-1 / figures["shape"]) - 1))
    raise SystemExit(f"unknown distribution {kind!r}; known: lognormal, lomax")


def rows(call: Mapping[str, Any], seed: int, window_s: float) -> list[tuple[float, str]]:
    """Start (seconds into the window) and CSV text of every sample of one call."""
    rng = random.Random(f"{seed} {call['call']}")
    caller, _, target = call["call"].partition(" -> ")
    callee, _, operation = target.partition(":")
    drawn = []
    for _ in range(call["rows"]):
        start_s = rng.triangular(0, window_s, window_s / 2)
        u, error, late_ms = 1 - rng.random(), rng.random() < call.get("errors", 0), rng.random() * 1.5
        duration_ms, outcome = quantile_ms(call["distribution"], min(max(u, 1e-12), 1 - 1e-12)), "ok"
        if error:
            duration_ms, outcome = 2 + late_ms, "error"
        elif duration_ms > call.get("cut_off_ms", float("inf")):
            duration_ms, outcome = call["cut_off_ms"] + late_ms, "timeout"
        drawn.append((start_s, f"{caller},{callee},{operation},{{start}},{duration_ms:.2f},{outcome}"))
    return drawn


def draw(folder: Path) -> list[Path]:
    """Write every export of one sample; returns the files."""
    answers = YAML(typ="safe").load(folder / "answers.yaml")
    begin = dt.datetime.fromisoformat(answers["recorded"]["from"].replace("Z", "+00:00"))
    by_file: dict[str, list[tuple[float, str]]] = {}
    for call in answers["calls"]:
        by_file.setdefault(call["file"], []).extend(rows(call, answers["seed"], answers["recorded"]["minutes"] * 60))
    written = []
    for name, drawn in sorted(by_file.items()):
        lines = [HEADER]
        for start_s, text in sorted(drawn):
            start = begin + dt.timedelta(milliseconds=round(start_s * 1000))
            lines.append(text.format(start=start.strftime("%Y-%m-%dT%H:%M:%S.") + f"{start.microsecond // 1000:03d}Z"))
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(("\n".join(lines) + "\n").encode())
        written.append(path)
    return written


if __name__ == "__main__":
    for argument in sys.argv[1:] or sys.exit(__doc__):
        for file in draw(Path(argument)):
            print(f"{file}  {file.stat().st_size / 1e3:.0f} kB")
