"""Durations, shares and rates: one parser, one printer, and no guessing of units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.units import format_duration, format_rate, format_share, parse_duration, parse_rate, parse_share, round_up

amounts = st.floats(min_value=0, max_value=1e9, allow_nan=False, allow_subnormal=False)


@given(amounts)
def test_a_printed_duration_is_read_back_exactly(seconds: float) -> None:
    """No rounding hides between what is shown and what is meant."""
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.floats(min_value=0, max_value=1, allow_subnormal=False))
def test_a_printed_share_is_read_back_exactly(share: float) -> None:
    """The same for shares, which are printed as percent."""
    assert parse_share(format_share(share)) == share


@given(amounts)
def test_a_printed_rate_is_read_back_exactly(per_second: float) -> None:
    """The same for rates."""
    assert parse_rate(format_rate(per_second)) == per_second


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("200ms", 0.2), ("0.5s", 0.5), ("5m", 300), ("5min", 300), ("1h", 3600), ("2d", 172800), ("1m30s", 90), ("0s", 0),
        ("50us", 5e-5), ("50µs", 5e-5), ("7ns", 7e-9), (" 3 s ", 3), ("1e3ms", 1),
    ],
)  # fmt: skip
def test_durations_are_read_in_their_unit(text: str, seconds: float) -> None:
    """All units of a file."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["200", "", "ms", "-5s", "5 parsecs", "1s2", "s5", "1..5s", "infs", "nans", "5S", "٣s"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    """A figure without unit above all: nobody knows whether 200 are milliseconds."""
    with pytest.raises(ValueError, match=r"write for example|0s or more"):
        parse_duration(text)


@pytest.mark.parametrize("number", [200, 0.2, True, None])
def test_a_bare_number_is_no_duration(number: object) -> None:
    """In a file every duration has its unit."""
    with pytest.raises(ValueError, match="no unit"):
        parse_duration(number)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", ["150%", "-1%", "50", 50, -0.1, "abc", "", True, "nan", "1/2", float("nan"), float("inf")])
def test_what_is_no_share_is_refused(share: str | float) -> None:
    """A bare 50 is refused rather than taken for percent."""
    with pytest.raises(ValueError, match="no share"):
        parse_share(share)


def test_fifty_without_percent_sign_is_told_what_was_probably_meant() -> None:
    """The message holds the way out."""
    with pytest.raises(ValueError, match="write 50% if percent are meant"):
        parse_share("50")


@pytest.mark.parametrize(("text", "per_second"), [("200/s", 200), ("12000/min", 200), ("3600/h", 1), ("5 per s", 5), ("0/s", 0)])
def test_rates_are_read_per_second(text: str, per_second: float) -> None:
    """Any period in a file, per second inside."""
    assert parse_rate(text) == per_second


@pytest.mark.parametrize("text", ["200", "200/fortnight", "-1/s", "/s", ""])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """With an example of one."""
    with pytest.raises(ValueError, match="write for example"):
        parse_rate(text)


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_rounding_up_never_goes_down_and_keeps_two_digits(value: float) -> None:
    """A rounded timeout is never shorter than what was derived (but for the 12th digit, which is noise of the arithmetic)."""
    rounded = round_up(value)
    assert rounded >= value * (1 - 1e-11)
    assert rounded <= value * 1.1 * (1 + 1e-9)
    assert round_up(rounded) == rounded
