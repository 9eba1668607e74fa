"""The only parser and printer of durations, shares and rates.

Text with a unit outside (`200ms`, `99.95%`, `200/s`), plain numbers inside: seconds, 0..1, per second. Printing is exact:
what is printed parses back to the same number.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),  # micro sign
    "μs": Decimal("1e-6"),  # Greek mu, which keyboards and copies confuse with it
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_PRINTED = ("ns", "us", "ms", "s", "m", "h", "d")
_PER_SECOND = {"s": Decimal(1), "m": Decimal(60), "min": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?"
_DURATION = re.compile(rf"({_NUMBER})\s*([a-zµμ]+)")
_RATE = re.compile(rf"({_NUMBER})\s*(?:/|per)\s*([a-z]+)")
_SHARE = re.compile(rf"({_NUMBER})\s*(%?)")


def _decimal(value: int | float | str) -> Decimal:
    """The shortest decimal that means this number."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _plain(number: Decimal) -> str:
    """A decimal without exponent and without trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_duration(text: str) -> float:
    """Seconds meant by a text such as `200ms`, `1m30s` or `0s`. Units: ns us ms s m (min) h d.

    Raises `ValueError` on a missing unit, a negative or an unreadable figure.

    >>> parse_duration("200ms"), parse_duration("5m"), parse_duration("1m30s"), parse_duration("0s")
    (0.2, 300.0, 90.0, 0.0)
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} has no unit; write for example '{text}ms' or '{text}s'")
    stripped = text.strip()
    if stripped.startswith("-"):
        raise ValueError(f"{text!r} is negative; a duration is 0s or more")
    total, at = Decimal(0), 0
    while at < len(stripped):
        match = _DURATION.match(stripped, at)
        if match is None or match[2] not in _SECONDS:
            bare = re.fullmatch(_NUMBER, stripped)
            hint = f"write for example '{stripped}ms' or '{stripped}s'" if bare else "write for example 200ms, 1.5s, 5m"
            raise ValueError(f"{text!r} is {'without unit' if bare else 'no duration'}; {hint}")
        total += _decimal(match[1]) * _SECONDS[match[2]]
        at = match.end()
    seconds = float(total)
    if at == 0 or not math.isfinite(seconds):
        raise ValueError(f"{text!r} is no duration; write for example 200ms, 1.5s, 5m")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest exact text of a duration in seconds (finite, not negative).

    >>> [format_duration(s) for s in (0.2, 300, 90, 0, 0.00005, 1.25)]
    ['200ms', '5m', '90s', '0s', '50us', '1.25s']
    """
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{seconds!r} is no duration in seconds")
    exact = _decimal(float(seconds))
    if exact == 0:
        return "0s"
    texts = [_plain(exact / _SECONDS[unit]) + unit for unit in _PRINTED if exact >= _SECONDS[unit]]
    texts = [text for text in texts if parse_duration(text) == seconds] or [_plain(exact / _SECONDS["ns"]) + "ns"]
    return min(texts, key=lambda text: (len(text), "." in text))


def say_duration(seconds: float) -> str:
    """A duration to three significant digits, for sentences; milliseconds between 1 ms and 1 s, infinity in words.

    >>> [say_duration(s) for s in (0.00784, 0.12345, 120, 1.2345, 0.00005, float("inf"))]
    ['7.84ms', '123ms', '2m', '1.23s', '50us', 'without end']
    """
    if not math.isfinite(seconds):
        return "without end"
    rounded = float(f"{seconds:.3g}")
    return f"{float(f'{rounded * 1000:.3g}'):g}ms" if 0.001 <= rounded < 1 else format_duration(rounded)


def parse_share(text: str | int | float) -> float:
    """The share 0..1 meant by `99.95%`, `0.5` or a plain number 0..1.

    Raises `ValueError` outside 0..1; a bare `50` is refused rather than read as percent.

    >>> parse_share("99.95%"), parse_share(0.5), parse_share("1%")
    (0.9995, 0.5, 0.01)
    """
    if isinstance(text, bool):
        raise ValueError(f"{text!r} is no share; write for example 50% or 0.5")
    match = _SHARE.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"{text!r} is no share; write for example 50% or 0.5")
    try:
        share = _decimal(match[1]) / (100 if match[2] else 1)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no share; write for example 50% or 0.5") from error
    if not 0 <= share <= 1:
        hint = f"; write {match[1]}% if percent are meant" if not match[2] and 1 < share <= 100 else ""
        raise ValueError(f"{text!r} is no share between 0 and 1 (0% and 100%){hint}")
    return float(share)


def format_share(share: float) -> str:
    """A share 0..1 as an exact percentage.

    >>> [format_share(s) for s in (0.9995, 0.5, 0.01, 1.0)]
    ['99.95%', '50%', '1%', '100%']
    """
    if not 0 <= share <= 1:
        raise ValueError(f"{share!r} is no share between 0 and 1")
    return _plain(_decimal(float(share)) * 100) + "%"


def parse_rate(text: str) -> float:
    """Events per second meant by `200/s`, `12000/min`, `5/h`.

    >>> parse_rate("200/s"), parse_rate("120/min")
    (200.0, 2.0)
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} has no unit; write for example '{text}/s'")
    match = _RATE.fullmatch(text.strip())
    if match is None or match[2] not in _PER_SECOND:
        bare = re.fullmatch(_NUMBER, text.strip())
        raise ValueError(f"{text!r} is no rate; write for example {text.strip() if bare else '200'}/s")
    rate = float(_decimal(match[1]) / _PER_SECOND[match[2]])
    if not math.isfinite(rate):
        raise ValueError(f"{text!r} is no rate; write for example 200/s")
    return rate


def format_rate(per_second: float) -> str:
    """A rate per second as exact text.

    >>> format_rate(200), format_rate(0.25)
    ('200/s', '0.25/s')
    """
    if not math.isfinite(per_second) or per_second < 0:
        raise ValueError(f"{per_second!r} is no rate per second")
    return _plain(_decimal(float(per_second))) + "/s"


def round_up(value: float, digits: int = 2) -> float:
    """`value` rounded up to so many significant digits; what already has no more stays as it is.

    >>> round_up(0.2871), round_up(0.3), round_up(1234)
    (0.29, 0.3, 1300.0)
    """
    if value <= 0 or not math.isfinite(value):
        return value
    exact = _decimal(float(f"{value:.12g}"))  # 3 x 0.1 is 0.30000000000000004; that is 0.3
    step = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    return float((exact / step).to_integral_value(rounding="ROUND_CEILING") * step)
