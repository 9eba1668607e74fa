"""CSV and Parquet of samples: columns, units, times, outcomes, and everything that can be wrong with a file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import math
import subprocess
import sys
from pathlib import Path

import pytest

from auditkit.errors import InputError
from auditkit.latency import from_parquet, measure, to_parquet
from auditkit.latency.statistics import interval_ranks


@pytest.fixture
def write(tmp_path):
    def writing(text: str | bytes, name: str = "a.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return writing


def lines(n: int, unit: str = "ms", start: str = "{i}") -> str:
    """n calls of 1..n units, one a second."""
    body = "\n".join(f"web,cart,Get,{start.format(i=1_700_000_000 + i)},{i + 1},ok" for i in range(n))
    return f"caller,callee,operation,start,duration_{unit},outcome\n{body}\n"


def test_nearest_rank_quantiles_are_exact(write):
    """1..1000 ms: p50 is 500 ms, p99 is 990 ms; the 95 % interval is samples 983 and 997 (numbers.yaml, order_statistics)."""
    text = "caller,callee,operation,duration_ms\n" + "".join(f"web,cart,Get,{i}\n" for i in range(1, 1001))
    (profile,) = measure([write(text)]).profiles
    assert (profile.call, profile.n) == ("web -> cart:Get", 1000)
    assert (profile.p50.point, profile.p99.point) == (0.5, 0.99)
    assert (profile.p99.lo, profile.p99.hi) == (0.983, 0.997)
    assert (profile.min_s, profile.max_s) == (0.001, 1.0)
    assert profile.mean_s == pytest.approx(0.5005, rel=0.005)


@pytest.mark.parametrize(
    ("n", "lower", "upper"),
    [(367, 359, None), (368, 360, 368), (400, 392, 400), (1000, 983, 997), (4000, 3947, 3973)],
)
def test_ranks_that_enclose_p99(n, lower, upper):
    """numbers.yaml, order_statistics; below 368 samples the interval has no upper end."""
    assert interval_ranks(n, 0.99) == (lower, upper)


@pytest.mark.parametrize(("unit", "per_second"), [("ns", 1e9), ("us", 1e6), ("ms", 1e3), ("s", 1)])
def test_the_unit_is_in_the_columns_name(write, unit, per_second):
    """duration_ns, duration_us, duration_ms, duration_s."""
    (profile,) = measure([write(lines(10, unit))]).profiles
    assert profile.max_s == 10 / per_second


def test_a_unit_is_never_guessed(write):
    """`duration` alone is refused in one line; --unit settles it; a unit that contradicts the name is refused."""
    text = lines(10).replace("duration_ms", "duration")
    with pytest.raises(InputError, match="does not tell its unit") as error:
        measure([write(text)], format="csv")
    assert len(error.value.problems) == 1
    assert measure([write(text)], unit="us").profiles[0].max_s == 10e-6
    with pytest.raises(InputError, match="is in ms, not us"):
        measure([write(lines(10))], unit="us")


def test_two_units_in_one_file_are_refused(write):
    """duration_ms and duration_us side by side: which one?"""
    with pytest.raises(InputError, match="both look like the duration"):
        measure([write("caller,callee,start,duration_ms,duration_us\na,b,1,2,3\n")])


def test_columns_are_mapped(write):
    """Other names are told as options."""
    text = "src;dst;took\nweb;cart;12\nweb;cart;14\n"
    columns = {"caller": "src", "callee": "dst", "duration": "took"}
    found = measure([write(text)], format="csv", unit="ms", columns=columns)
    assert found.profiles[0].max_s == 0.014
    assert found.profiles[0].rate_per_s is None
    assert "no start times" in found.warnings[0]


def test_times_are_epoch_or_iso(write):
    """Epoch seconds, ISO 8601 with zone, and without (UTC) mean the same."""
    numbers = write(lines(3), "n.csv")
    zoned = write(
        "caller,callee,operation,start,duration_ms,outcome\n"
        "web,cart,Get,2023-11-14T23:13:20+01:00,1,ok\n"
        "web,cart,Get,2023-11-14 22:13:21,2,ok\n"
        "web,cart,Get,2023-11-14T22:13:22Z,3,ok\n",
        "z.csv",
    )
    a, b = measure([numbers]).profiles[0], measure([zoned]).profiles[0]
    assert (a.start_s, a.end_s) == (1_700_000_000, 1_700_000_002) == (b.start_s, b.end_s)


def test_milliseconds_as_seconds_are_noticed(write):
    """A start of 1700000000000 is no second of this century; it is not silently divided."""
    with pytest.raises(InputError, match="start_ms"):
        measure([write(lines(3, start="{i}000"))])
    text = lines(3, start="{i}000").replace(",start,", ",start_ms,")
    assert measure([write(text)]).profiles[0].start_s == 1_700_000_000


def test_outcomes_are_counted_apart(write):
    """Latencies are of ok answers; errors and timeouts are counted; anything else is refused."""
    body = "web,cart,1,10,ok\nweb,cart,2,1,error\nweb,cart,3,1000,timeout\nweb,cart,4,20,OK\n"
    (profile,) = measure([write("caller,callee,start,duration_ms,outcome\n" + body)]).profiles
    assert (profile.n, profile.errors, profile.timeouts, profile.max_s) == (2, 1, 1, 0.02)
    with pytest.raises(InputError, match="unknown outcome '503'"):
        measure([write("caller,callee,start,duration_ms,outcome\nweb,cart,1,10,503\n")])


def test_negative_and_zero_durations_are_reported(write):
    """Negative or unreadable ones are left out and counted; zero has its own bucket and counts."""
    body = "web,cart,1,-5,ok\nweb,cart,2,0,ok\nweb,cart,3,7,ok\nweb,cart,4,n/a,ok\n"
    (profile,) = measure([write("caller,callee,start,duration_ms,outcome\n" + body)]).profiles
    assert (profile.n, profile.rejected, profile.min_s) == (2, 2, 0.0)
    assert profile.ok.counts == (1, 1)
    assert any("exactly zero" in note for note in profile.warnings)
    assert any("2 negative or unreadable" in note for note in profile.warnings)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b" \n\n", "is empty"),
        ("binary.csv", bytes(range(256)) * 20, "binary data"),
        ("other.txt", b"Dear reader,\nthis is a letter.\n", "no format that is known"),
        ("only_header.csv", b"caller,callee,start,duration_ms\n", "holds no call"),
        ("short.csv", b"caller,callee,start,duration_ms\nweb,cart,1,2\nweb,ca", "short.csv"),
        ("cut.csv.gz", gzip.compress(b"caller,callee,start,duration_ms\n" + b"web,cart,1,2\n" * 99_999)[:200], "cut"),
        ("broken.parquet", b"PAR1 and then nothing", "broken.parquet"),
        ("nameless.csv", b"caller,callee,start,duration_ms\n,cart,1,2\n", "without caller"),
    ],
)
def test_damaged_files_get_one_line(write, name, content, message):
    """Truncated, empty, binary and foreign files: one line each that names the file, no traceback."""
    path = write(content, name)
    with pytest.raises(InputError) as error:
        measure([path])
    assert len(error.value.problems) == 1
    assert name in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_every_bad_file_is_named_at_once(write):
    """Three files, two of them bad: two lines."""
    files = [write(lines(3), "good.csv"), write(b"", "none.csv"), write(b"x", "what.txt")]
    with pytest.raises(InputError) as error:
        measure([*files, "no/such/file.csv"])
    assert len(error.value.problems) == 1
    with pytest.raises(InputError) as error:
        measure(files)
    assert len(error.value.problems) == 2


def test_many_files_patterns_and_compression_add_up(write, tmp_path):
    """Two files, one of them compressed, read by a pattern, give what one file of both gives."""
    whole = lines(1000).splitlines()
    write("\n".join(whole[:501]), "part1.csv")
    write(gzip.compress("\n".join([whole[0], *whole[501:]]).encode()), "part2.csv.gz")
    (parts,) = measure([str(tmp_path / "part*")]).profiles
    (one,) = measure([write(lines(1000), "whole.csv")]).profiles
    assert len(parts.sources) == 2
    assert parts.model_copy(update={"sources": ()}) == one.model_copy(update={"sources": ()})


def test_parquet_says_what_csv_says(tmp_path, write):
    """The same rows as Parquet, with times as timestamps, give the same profile."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n = range(1000)
    table = pa.table(
        {
            "caller": ["web"] * 1000, "callee": ["cart"] * 1000, "operation": ["Get"] * 1000,
            "start": pa.array([(1_700_000_000 + i) * 1_000_000 for i in n], pa.timestamp("us", "UTC")),
            "duration_ms": [float(i + 1) for i in n], "outcome": ["ok"] * 1000,
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    (a,), (b,) = measure([tmp_path / "a.parquet"]).profiles, measure([write(lines(1000))]).profiles
    assert a.model_copy(update={"sources": ()}) == b.model_copy(update={"sources": ()})


def test_profiles_survive_parquet_byte_for_byte(write):
    """Written twice: the same bytes; read back: the same profiles; anything else is refused."""
    profiles = measure([write(lines(500))]).profiles
    data = to_parquet(profiles)
    assert data == to_parquet(profiles)
    assert from_parquet(data) == {p.call: p for p in profiles}
    with pytest.raises(InputError, match="no file of latency profiles"):
        from_parquet(b"something else")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts the threads of a process where Linux lists them")
def test_reading_profiles_starts_no_threads(write, tmp_path):
    """A command that ended right after reading them (an unknown id, say) was aborted by Arrow's threads now and then."""
    stored = tmp_path / "profiles.parquet"
    stored.write_bytes(to_parquet(measure([write(lines(400))]).profiles))
    code = (
        "import os, pathlib, sys, pyarrow.parquet\nfrom auditkit.latency import from_parquet\n"
        "tasks = lambda: len(os.listdir('/proc/self/task'))\nbefore = tasks()\n"
        "from_parquet(pathlib.Path(sys.argv[1]).read_bytes())\nprint(before, tasks())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(stored)], capture_output=True, text=True, check=True)
    before, after = done.stdout.split()
    assert before == after


def test_names_are_matched_and_nothing_is_lost(write):
    """Pod hashes are stripped, aliases applied, and what matches nothing keeps its name and gets a suggestion."""
    text = (
        "caller,callee,start,duration_ms\nweb-579b9bff58-t2dbm,CartSvc,1,2\nweb-579b9bff58-t2dbm,payments.acme.com:443,1,2\n"
        "web-579b9bff58-t2dbm,catalogue,1,2\n"
    )
    found = measure([write(text)], names={"CartSvc": "cart"}, components=["web", "cart", "payments", "catalog"])
    assert [p.call for p in found.profiles] == ["web -> cart", "web -> catalogue", "web -> payments"]
    assert [(u.name, u.suggestions[0]) for u in found.unmatched] == [("catalogue", "catalog")]


def test_the_busiest_slices_are_kept_apart(write):
    """40 slices of 10 s; two of them ten times as busy and slow: they are the busiest 5 %."""
    rows = []
    for s in range(40):
        busy = s in (10, 30)
        rows += [f"a,b,{1_700_000_000 + s * 10 + i * 0.01},{100 if busy else 10}" for i in range(200 if busy else 20)]
    (profile,) = measure([write("caller,callee,start,duration_ms\n" + "\n".join(rows))]).profiles
    assert (profile.slices, profile.slice_s) == (40, 10.0)
    assert profile.busiest is not None
    assert (profile.busiest.total, profile.busiest.lo_s) == (400, (0.1,))
    assert profile.busiest_rate_per_s == 20.0


def test_few_slices_are_valid_for_their_window_only(write):
    """Fewer than 20 time slices."""
    (profile,) = measure([write(lines(60))]).profiles
    assert profile.slices < 20
    assert profile.busiest is None
    assert "valid for this window only" in profile.warnings[0]


def test_online_boutique_minute(shared):
    """17_00_trace.csv: counts as pandas counts them; p99 of 298 and 1,021 samples by nearest rank."""
    found = measure([shared / "data/latency/traces_csv/17_00_trace.csv"], components=["frontend", "currencyservice"])
    by_call = {p.call: p for p in found.profiles}
    convert = by_call["frontend -> currencyservice:hipstershop.CurrencyService/Convert"]
    assert (convert.n, convert.side) == (1021, "client")
    assert convert.p99.point == pytest.approx(0.348808634, abs=1e-9)
    assert math.isclose(convert.max_s, 0.493993, abs_tol=1e-6)
    assert sum(p.n for p in found.profiles) == 5525


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress], ids=["bz2", "xz"])
def test_every_compression_says_the_same(write, compress):
    """CSV as .bz2 and .xz; cut off inside, it is one line."""
    name = "a.csv.bz2" if compress is bz2.compress else "a.csv.xz"
    plain, packed = measure([write(lines(500))]).profiles, measure([write(compress(lines(500).encode()), name)]).profiles
    assert [p.model_copy(update={"sources": ()}) for p in plain] == [p.model_copy(update={"sources": ()}) for p in packed]
    with pytest.raises(InputError, match="cut off") as error:
        measure([write(compress(lines(50_000).encode())[:-400], name)])
    assert len(error.value.problems) == 1


def test_parquet_durations_that_are_no_number_are_rejected(tmp_path):
    """NaN, infinite, negative and missing durations are counted as rejected, and the rest is read (NaN once stopped it all)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    durations = [math.nan, math.inf, -1.0, None, 0.0, *(float(i) for i in range(1, 1001))]
    n = len(durations)
    columns = {"caller": ["a"] * n, "callee": ["b"] * n, "start": [1.7e9 + i for i in range(n)], "duration_ms": durations}
    pq.write_table(pa.table(columns), tmp_path / "nan.parquet")
    (profile,) = measure([tmp_path / "nan.parquet"]).profiles
    assert (profile.rejected, profile.n, profile.min_s, profile.max_s) == (4, 1001, 0.0, 1.0)


def test_names_with_spaces_quotes_and_gaps_keep_their_samples_apart(tmp_path):
    """Calls differ by each of their three names; an operation may be missing, and spaces around a name say nothing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [("it's", "b", None), ("it's", " b ", ""), ("it's", "b", "Get"), ('"x"', "b", "Get"), ("b", "it's", "Größe")]
    rows = [(*name, 10.0 * (i + 1)) for i, name in enumerate(names) for _ in range(i + 1)]
    columns = dict(zip(("caller", "callee", "operation", "duration_ms"), map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), tmp_path / "names.parquet")
    found = {profile.call: (profile.n, profile.max_s) for profile in measure([tmp_path / "names.parquet"]).profiles}
    assert found == {
        "it's -> b": (3, 0.02),
        "it's -> b:Get": (3, 0.03),
        '"x" -> b:Get': (4, 0.04),
        "b -> it's:Größe": (5, 0.05),
    }
