"""Fuzzing of every importer: `make fuzz`, or `python tests/fuzz_importers.py --files 10000 [FORMAT…]`.

Each importer is given that many damaged files. Every one must end, within 5 seconds and 1 GiB, as a draft that passes the
gate or as problems of one line each, and its redacted copy must be made. What fails is printed with its seed.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from importer_seeds import OTHER_FORMS, SEEDS
from mutations import damaged_json, damaged_text, outcome

from auditkit.errors import InputError
from auditkit.importers import IMPORTERS, read_documents, redact
from auditkit.project.files import decode

LONGEST_S = 5
MOST_BYTES = 2**30
_YAML_PIECES = (
    "", "[]", "{}", ": ", "- ", "\n", "\t", "&a ", "*a", "<<: *a", "${", "${A:-${B}}", "!reset ", "!override ", "null", "~", "1",
    "'", '"', "\x00", "é", "services:", "---\n", "...\n", "%YAML 1.1\n", "? ", "|\n", ">-\n", "\u2028", "\U0001f600",
    "0x" + "f" * 40, "9" * 400, "kind: List\nitems:\n", "extends: {service: web}", "$(API)", "{{ .Values.x }}", "a." * 200,
)  # fmt: skip
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252")


def damaged(name: str, text: str, seed: int) -> bytes:
    """One damaged file: its structure, its text, its line ends, its encoding, or several of these."""
    draw = random.Random(seed)
    how = draw.random()
    if how < 0.35:
        text = _with_another_shape(name, text, draw)
    elif how < 0.6:
        text = next(iter(damaged_text(text, 1, seed)))
    elif how < 0.95:
        text = _with_other_lines(text, draw)
    else:
        text = text * draw.randrange(2, 30)
    for what, now in (("\n", "\r\n"), ("  ", "\t"), ("\n", "\r"), (":", " :"), ('"', "'")):
        if draw.random() < 0.06:
            text = text.replace(what, now)
    content = text.encode(draw.choice(_ENCODINGS) if draw.random() < 0.2 else "utf-8", "replace")
    if draw.random() < 0.1:
        at = draw.randrange(len(content) + 1)
        content = content[:at] + draw.randbytes(draw.randrange(1, 6)) + content[at:]
    return content[: draw.randrange(len(content) + 1)] if draw.random() < 0.05 else content


def _with_another_shape(name: str, text: str, draw: random.Random) -> str:
    """Values of other shapes, missing or doubled, written as JSON (which is YAML as well)."""
    if name.endswith(".csv"):
        rows = [row.split(",") for row in text.splitlines()]
        return "\n".join(",".join(map(str, _flat(row))) for row in json.loads(next(damaged_json(rows, 1, draw.randrange(2**32)))))
    if not name.endswith((".yaml", ".yml", ".json")):
        return _with_other_lines(text, draw)
    documents: Any = list(read_documents(text, name))
    made = json.loads(next(damaged_json(documents, 1, draw.randrange(2**32))))
    return "\n---\n".join(map(json.dumps, made)) if name.endswith((".yaml", ".yml")) else json.dumps(made[0] if made else None)


def _flat(row: Any) -> list[Any]:
    return row if isinstance(row, list) else [row]


def _with_other_lines(text: str, draw: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    for _ in range(draw.randrange(1, 7)):
        at, move = draw.randrange(len(lines)), draw.randrange(6)
        line = lines[at]
        if move == 0 and len(lines) > 1:
            del lines[at]
        elif move == 1:
            lines.insert(at, lines[draw.randrange(len(lines))])
        elif move == 2:
            lines[at] = draw.choice(["  ", "", " ", "\t"]) + line.lstrip(" ")
        elif move == 3:
            start = draw.randrange(len(line) + 1)
            lines[at] = line[:start] + draw.choice(_YAML_PIECES) + line[start + draw.randrange(12) :]
        elif move == 4:
            key, colon, _ = line.partition(":")
            lines[at] = key + colon + " " + draw.choice(_YAML_PIECES) + "\n"
        else:
            lines[at] = line.replace(draw.choice(("web", "shop", "name", "{", "[", ":", ",", '"')), draw.choice(_YAML_PIECES))
    return "".join(lines)


def tried(format: str, seed: int) -> str:
    """What becomes of one damaged file: `draft`, `refused` or `not read`. Raises whatever the importer wrongly raises."""
    name, text = OTHER_FORMS[format] if format in OTHER_FORMS and seed % 2 else SEEDS[format]
    try:
        made = decode(damaged(name, text, seed), Path(name))
    except InputError:
        return "not read"
    result = outcome(IMPORTERS[format], made, name)
    if redact(made, name).count("\n") != made.count("\n"):
        raise AssertionError("a redacted copy has the lines of its original")
    return "refused" if isinstance(result, str) else "draft"


def _too_long(signum: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"took longer than {LONGEST_S} s")


def fuzz(format: str, files: int, first: int) -> bool:
    """Whether `files` damaged files of one format were all read or refused in words."""
    signal.signal(signal.SIGALRM, _too_long)
    results, worst, failed, began = Counter[str](), 0.0, 0, time.monotonic()
    for seed in range(first, first + files):
        signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
        start = time.monotonic()
        try:
            results[tried(format, seed)] += 1
        except Exception:
            failed += 1
            if failed <= 3:
                print(f"{format}, seed {seed}:")
                traceback.print_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        worst = max(worst, time.monotonic() - start)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    said = ", ".join(f"{count} {what}" for what, count in sorted(results.items()))
    took = time.monotonic() - began
    print(
        f"{format}: {files} files, {said}, {failed} failed; slowest {worst:.2f} s; {used / 2**20:.0f} MiB; {took:.0f} s",
        flush=True,
    )
    return failed == 0 and used <= MOST_BYTES


def main() -> int:
    """Exit code 0 where nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", default=list(SEEDS))
    parser.add_argument("--files", type=int, default=10_000, help="how many damaged files for each importer")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    fine = [fuzz(each, given.files, given.first) for each in given.formats]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
