"""Bursts are measured where start times are known, and agree with what queueing theory says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auditkit.latency import measure
from auditkit.latency.bursts import correlation, under_way
from auditkit.model.latency import LatencyProfile


def measured(folder: Path, start_s: np.ndarray, duration_s: np.ndarray, failed: np.ndarray | None = None) -> LatencyProfile:
    """The profile of one call, from an export with these starts (seconds) and durations."""
    bad = np.zeros(len(start_s), dtype=bool) if failed is None else failed
    rows = [f"api,db,{s:.6f},{d * 1000:.4f},{'error' if b else 'ok'}" for s, d, b in zip(start_s, duration_s, bad, strict=True)]
    path = folder / "calls.csv"
    path.write_text("\n".join(["caller,callee,start,duration_ms,outcome", *rows]) + "\n")
    (profile,) = measure([path]).profiles
    return profile


@pytest.mark.parametrize(("batch", "expected"), [(1, 1.0), (3, 2.0), (5, 3.0)])
def test_peakedness_is_that_of_batches(tmp_path: Path, batch: int, expected: float) -> None:
    """Calls in batches of b, each of exponential length: z = 1 + (b - 1) / 2 (Fredericks 1980); alone, z = 1."""
    draw = np.random.default_rng(7)
    batches = np.sort(draw.uniform(1_772_000_000, 1_772_000_000 + 3000, 60_000 // batch))
    start = np.repeat(batches, batch)
    profile = measured(tmp_path, start, draw.exponential(0.5, len(start)))
    assert profile.peakedness == pytest.approx(expected, rel=0.12)


def test_errors_on_their_own_are_not_taken_for_bursts(tmp_path: Path) -> None:
    """One in a hundred, anywhere: no correlation. The same number, ten at a time in every tenth ten seconds: 0.08."""
    draw = np.random.default_rng(7)
    start = 1_772_000_000 + np.arange(30_000) * 0.1
    anywhere = draw.random(len(start)) < 0.01
    assert measured(tmp_path, start, np.full(len(start), 0.02), anywhere).error_correlation == 0.0
    together = np.arange(len(start)) % 1000 < 10
    found = measured(tmp_path, start, np.full(len(start), 0.02), together).error_correlation
    assert found == pytest.approx((30 * 81 + 270 - 300) / (0.01 * 0.99 * 300 * 100 * 99), rel=0.02)


def test_correlation_is_that_of_a_beta_binomial() -> None:
    """Windows whose own error share is drawn from a beta distribution: the stated correlation comes out."""
    draw = np.random.default_rng(7)
    p, rho = 0.05, 0.1
    shares = draw.beta(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho, 20_000)
    calls = np.full(len(shares), 40)
    assert correlation(calls.astype(float), draw.binomial(calls, shares)) == pytest.approx(rho, rel=0.1)


def test_few_failures_say_nothing() -> None:
    """Nineteen are too few to tell bursts from chance."""
    assert correlation(np.full(19, 50.0), np.full(19, 1)) is None


def test_without_start_times_nothing_is_measured(tmp_path: Path) -> None:
    """Durations alone show no concurrency."""
    path = tmp_path / "calls.csv"
    path.write_text("caller,callee,duration_ms\n" + "api,db,20\n" * 500)
    (profile,) = measure([path]).profiles
    assert (profile.peakedness, profile.error_correlation) == (None, None)


def test_a_recording_shorter_than_its_calls_shows_nothing() -> None:
    """Nothing is over before the last call starts."""
    assert under_way(np.array([0.0, 1.0]), np.array([5.0, 5.0]))[0] == 0.0
