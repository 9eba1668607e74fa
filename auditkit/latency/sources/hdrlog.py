"""HdrHistogram logs (`.hlog`): one compressed histogram an interval. V2 by the hdrhistogram library, V0 and V1 here.

The older encodings are a zlib stream of a header and plain counts; a count's index gives its interval of values
(G. Tene, HdrHistogram: AbstractHistogram.decodeFromByteBuffer, public domain).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
import zlib
from collections.abc import Iterator, Sequence

from auditkit.errors import InputError
from auditkit.latency.base import Asked, Buckets, File, Head, Source
from auditkit.latency.columns import PER_SECOND
from auditkit.latency.sources.rows import Bucket, buckets, number, stem

_START = re.compile(r"^#\[(?:StartTime|BaseTime): ([0-9.]+)", re.MULTILINE)
_V0, _V1, _V2 = 0x1C849309, 0x1C849302, 0x1C849304  # cookies of compressed histograms, without their word size
Interval = tuple[int, int, int]
"""Smallest value, largest value, count."""


def detect(head: Head) -> bool:
    """Whether it is a log of histograms."""
    return "Histogram log format version" in head.text or bool(
        re.search(r"^(Tag=\S+?,)?[0-9.]+,[0-9.]+,[0-9.]+,HIST", head.text, re.M)
    )


def read(file: File, asked: Asked) -> Buckets:
    """Every interval's counts, with its start; tags become operations. The unit of values is asked for."""
    if asked.unit is None:
        raise InputError.of(file.name, "does not tell the unit of its values", "say it, for example --unit us")
    return buckets(_rows(file, PER_SECOND[asked.unit]), file)


def _rows(file: File, per_second: float) -> Iterator[Bucket]:
    text = file.text()
    began = _START.search(text)
    base = float(began[1]) if began else 0.0
    for line_number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(("#", '"')):
            continue
        fields = line.strip().split(",")
        tag = fields.pop(0).removeprefix("Tag=") if fields[0].startswith("Tag=") else None
        start = number(fields[0])
        if len(fields) != 4 or start is None or not fields[3].startswith("HIST"):
            raise InputError.of(f"{file.name}:{line_number}", "is no interval of a histogram log", "is the file cut off?")
        absolute = start if start > base - 365 * 86_400 and start > 1e8 else base + start  # as the library tells them apart
        try:
            intervals = decode(fields[3])
        except (ValueError, binascii.Error, zlib.error, struct.error, IndexError) as error:
            raise InputError.of(
                f"{file.name}:{line_number}", f"holds no readable histogram: {error}", "is the file cut off?"
            ) from error
        for lo, hi, n in intervals:
            yield Bucket("hdr", stem(file), tag, absolute, "ok", lo / per_second, hi / per_second, n)


def decode(text: str) -> Sequence[Interval]:
    """Counted intervals of one histogram as text, in its own unit. Raises `ValueError` where it is none."""
    data = base64.b64decode(text, validate=True)
    cookie, length = struct.unpack_from(">ii", data)
    kind = cookie & ~0xF0
    if kind == _V2:
        return _by_library(text)
    if kind not in (_V0, _V1):
        raise ValueError(f"unknown encoding {cookie:#x}")
    return _plain(zlib.decompress(data[8 : 8 + length]), newer=kind == _V1)


def _by_library(text: str) -> list[Interval]:
    from hdrh.histogram import HdrHistogram

    histogram = HdrHistogram.decode(text)
    return [
        (int(step.value_iterated_to) if step.value_iterated_to == 0 else _lowest(histogram, step.value_iterated_to),
         int(step.value_iterated_to), int(step.count_added_in_this_iter_step))
        for step in histogram.get_recorded_iterator()
    ]  # fmt: skip


def _lowest(histogram: object, value: int) -> int:
    return int(histogram.get_lowest_equivalent_value(value))  # type: ignore[attr-defined]


def _plain(data: bytes, *, newer: bool) -> list[Interval]:
    """V0: digits, lowest, highest, total; V1: length, offset, digits, lowest, highest, ratio. Then counts of fixed width."""
    (cookie,) = struct.unpack_from(">i", data)
    if newer:
        length, _, digits, lowest, _, _ = struct.unpack_from(">iiiqqd", data, 4)
        counts = data[40 : 40 + length]
    else:
        digits, lowest, _, _ = struct.unpack_from(">iqqq", data, 4)
        counts = data[32:]
    width = (cookie & 0xF0) >> 4 & 0xE
    if width not in (2, 4, 8):
        raise ValueError(f"counts of {width} bytes")
    code = {2: "h", 4: "i", 8: "q"}[width]
    unit = int(math.log2(max(1, lowest)))
    half = max(1, math.ceil(math.log2(2 * 10**digits))) - 1
    found = []
    for index, n in enumerate(struct.unpack(f">{len(counts) // width}{code}", counts[: len(counts) // width * width])):
        if n:
            shift, sub = (index >> half) - 1, (index & ((1 << half) - 1)) + (1 << half)
            if shift < 0:
                shift, sub = 0, sub - (1 << half)
            lo = sub << (shift + unit)
            found.append((lo, lo + (1 << (shift + unit)) - 1, n))
    return found


SOURCE = Source(
    name="hdr",
    title="HdrHistogram logs (.hlog), V0 to V2",
    unit="Not in the file: it is asked for with --unit.",
    covers="What its author measured.",
    errors="Not told.",
    detect=detect,
    read=read,
)
