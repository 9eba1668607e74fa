"""Latencies of one call as a picture: share of calls that take longer, both axes logarithmic. SVG, the same bytes each time."""

from __future__ import annotations

import io
import math

from auditkit.model.latency import LatencyProfile
from auditkit.units import format_duration

_INK, _BAND, _TODAY, _WANTED, _CUT = "#1b1f24", "#c9dcf2", "#b04a00", "#00695c", "#6b7280"


def ecdf_svg(profile: LatencyProfile, *, today_s: float | None = None, recommended_s: float | None = None) -> bytes:
    """The empirical distribution of a call upside down, so that the last per cent, which timeouts are about, can be seen.

    With the 95 % interval of p99, today's and the recommended timeout, and the point beyond which nothing is known. Of each
    bucket the upper end counts; calls that were given up on take longer than all. Raises `ValueError` without samples.
    """
    total = profile.ok.total + profile.timeouts
    if not profile.ok.total:
        raise ValueError(f"nothing was measured of {profile.call}")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    times, shares = _steps(profile, total)
    with mpl.rc_context({"svg.hashsalt": "auditkit", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.set(xscale="log", yscale="log", xlabel="duration", ylabel="share of calls that take longer")
        axes.step(times, shares, where="post", color=_INK, linewidth=1.5)
        axes.axvspan(max(profile.p99.lo, times[0]), _end(profile, times), color=_BAND, zorder=0, label=_p99(profile))
        lines = (
            (profile.cut_off_at_s, _CUT, ":", "nothing is known beyond"),
            (today_s, _TODAY, "--", "timeout today"),
            (recommended_s, _WANTED, "-", "timeout recommended"),
        )
        for value, colour, style, words in lines:
            if value is not None:
                axes.axvline(value, color=colour, linestyle=style, label=f"{words} {_text(value)}")
        axes.set_ylim(bottom=0.5 / total, top=1.0)
        axes.set_title(f"{profile.call} ({total:,} calls)", fontsize=9)
        axes.xaxis.set_major_formatter(lambda value, _: _text(value))
        axes.legend(fontsize=8, loc="lower left")
        stream = io.BytesIO()
        about = {"Date": None, "Creator": None, "Title": describe_plot(profile, recommended_s)}
        figure.savefig(stream, format="svg", metadata=about)
    return stream.getvalue()


def describe_plot(profile: LatencyProfile, recommended_s: float | None = None) -> str:
    """The picture in words, for those who do not see it."""
    p99 = f"p99 {_text(profile.p99.point)}"
    timeout = "" if recommended_s is None else f", recommended timeout {_text(recommended_s)}"
    return f"Latencies of {profile.call}: median {_text(profile.p50.point)}, {p99}{timeout}."


def _steps(profile: LatencyProfile, total: int) -> tuple[list[float], list[float]]:
    times, shares, left = [], [], total
    for hi, n in sorted(zip(profile.ok.hi_s, profile.ok.counts, strict=True)):
        left -= n
        if hi > 0 and math.isfinite(hi):
            times.append(hi)
            shares.append(max(left / total, 0.25 / total))
    return times or [1e-9], shares or [1.0]


def _end(profile: LatencyProfile, times: list[float]) -> float:
    return profile.p99.hi if profile.p99.hi is not None else max(times[-1], profile.p99.point) * 1.5


def _p99(profile: LatencyProfile) -> str:
    return f"p99 {_text(profile.p99.point)}, 95 % interval" + ("" if profile.p99.hi is not None else " without upper end")


def _text(seconds: float) -> str:
    return format_duration(float(f"{seconds:.3g}")) if seconds > 0 else "0s"
