"""Pictures of latencies: the same bytes each time, everything that matters in them, nothing invented."""

from __future__ import annotations

import html

import pytest

from auditkit.latency import measure
from auditkit.latency.plots import describe_plot, ecdf_svg
from auditkit.model.latency import Histogram


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("caller,callee,duration_ms\n" + "".join(f"web,cart,{i / 10}\n" for i in range(1, 1001)))
    return measure([path]).profiles[0]


def test_same_profile_same_bytes(profile):
    """No date, no random id."""
    assert ecdf_svg(profile, recommended_s=0.3) == ecdf_svg(profile, recommended_s=0.3)


def test_everything_that_matters_is_in_it(profile):
    """p99 with its interval, today's and the recommended timeout, the cut; the title says it in words."""
    cut = profile.model_copy(update={"cut_off_at_s": 0.5})
    text = html.unescape(ecdf_svg(cut, today_s=2.0, recommended_s=0.3).decode())
    for words in ("p99 99ms, 95 % interval", "timeout today 2s", "timeout recommended 300ms", "nothing is known beyond 500ms"):
        assert words in text
    assert describe_plot(profile, 0.3) in text
    assert "web -> cart (1,000 calls)" in text


def test_nothing_measured_has_no_picture(profile):
    """An empty axis would look like an answer."""
    with pytest.raises(ValueError, match="nothing was measured"):
        ecdf_svg(profile.model_copy(update={"ok": Histogram(), "n": 0}))
