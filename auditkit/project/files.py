"""Reading and writing the audit folder so that nothing is ever lost.

All files of one change are written beside their targets first and renamed into place at the end, under a lock: a reader
sees the old content or the new one, never half of either. A file that somebody else changed since we read it is left alone.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from auditkit.errors import ExternalEdit, InputError, Problem

JOURNAL = ".auditkit.journal"
LARGEST_INPUT = 300_000_000
"""Longest file that is read at once, in bytes; each format has a limit of its own below it."""
WRITERS = 16
"""How many files are written to the disk at once."""


def digest(content: bytes) -> str:
    """SHA-256 of some content, in hexadecimal.

    >>> digest(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(content).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_input(path: Path) -> bytes:
    """The bytes of a file that a person named. Raises `InputError` where it cannot be read."""
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_INPUT + 1)
    except IsADirectoryError as error:
        raise InputError.of(str(path), "is a folder", "name a file in it") from error
    except FileNotFoundError as error:
        raise InputError.of(str(path), "does not exist", "check the path") from error
    except OSError as error:
        raise InputError.of(str(path), f"cannot be read: {error.strerror}", "check its permissions") from error
    if len(content) > LARGEST_INPUT:
        raise InputError.of(str(path), f"has more than {LARGEST_INPUT // 10**6} MB", "is it the right file? export less")
    return content


def read_text(path: Path) -> str:
    """The UTF-8 text of a file, a byte order mark stripped. Raises `InputError` where it is something else."""
    return decode(read_input(path), path)


def decode(content: bytes, path: Path) -> str:
    """The text that some bytes of a file hold. Raises `InputError` where they are no UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError.of(f"{path}:{line}", "is not UTF-8 text", "save the file as UTF-8") from error


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files that some paths, folders and patterns name, each once. Raises `InputError` where one names none."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        elif path.exists():
            inside = [path]
        else:
            inside = sorted(Path(name) for name in glob.glob(str(path), recursive=True) if Path(name).is_file())
        if not inside:
            raise InputError.of(str(path), "there is no such file", "check the path, or quote the pattern")
        found.update(dict.fromkeys(inside))
    return list(found)


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or the first of `name-2`, `name-3` … that is not taken; the suffix stays.

    >>> free_name("trace.csv", {"trace.csv"}), free_name("a", {})
    ('trace-2.csv', 'a')
    """
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    names = (name, *(f"{stem}-{number}{dot}{suffix}" for number in range(2, len(taken) + 3)))
    return next(free for free in names if free not in taken)


def read_known(path: Path) -> tuple[str | None, str | None]:
    """The text of a file of ours and the digest of the very bytes that were read; twice None where there is no such file."""
    if not path.is_file():
        return None, None
    content = read_input(path)
    return decode(content, path), digest(content)


def current(path: Path) -> str | None:
    """Digest of a file's content; None where it does not exist. Raises `InputError` where something else stands there."""
    try:
        return digest_file(path)
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        raise InputError.of(str(path), "is a folder where a file belongs", "move it away") from error
    except NotADirectoryError as error:
        raise InputError.of(str(path.parent), "is a file where a folder belongs", "move it away") from error
    except OSError as error:
        raise InputError.of(str(path), f"cannot be read: {error.strerror}", "check its permissions") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder's lock; a second writer waits for it. The lock is the operating system's and dies with its process."""
    if os.name == "nt":
        import msvcrt

        name = f"auditkit-{digest(str(folder.resolve()).encode())[:16]}.lock"
        handle = os.open(Path(tempfile.gettempdir()) / name, os.O_RDWR | os.O_CREAT)
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)  # the folder itself is the lock: no file is left behind
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


def recover(folder: Path) -> None:
    """Finish a change whose process died between its first and its last rename. Call under the lock."""
    journal = folder / JOURNAL
    if not journal.exists():
        return
    for beside, target in json.loads(journal.read_text(encoding="utf-8")):
        if (folder / beside).exists():
            os.replace(folder / beside, folder / target)
    journal.unlink()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def write_all(folder: Path, contents: Mapping[str, bytes], expected: Mapping[str, str | None]) -> None:
    """Write several files of an audit folder as one change.

    `contents` maps relative paths to bytes. `expected` maps relative paths to the digest they had when they were read
    (None: there was no such file); only those are watched. Raises `ExternalEdit`, before anything is written, where one
    of them is different now.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            recover(folder)
            _refuse_changed(folder, expected)
            _replace_all(folder, {path: new for path, new in contents.items() if current(folder / path) != digest(new)})
    except OSError as error:
        raise InputError.of(str(folder), f"cannot be written: {error.strerror}", "check permissions and free space") from error


def _refuse_changed(folder: Path, expected: Mapping[str, str | None]) -> None:
    changed = [path for path, known in expected.items() if current(folder / path) != known]
    if changed:
        raise ExternalEdit(
            Problem(str(folder / path), "was changed by somebody else meanwhile", "nothing was written; run the command again")
            for path in changed
        )


def _replace_all(folder: Path, contents: Mapping[str, bytes]) -> None:
    staged: list[tuple[str, str]] = []
    journal = folder / JOURNAL
    try:
        for target in contents:
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
            staged.append((beside.relative_to(folder).as_posix(), target))
        with ThreadPoolExecutor(WRITERS) as writers:  # a disk confirms many files together in little more time than one
            list(writers.map(_write, (folder / beside for beside, _ in staged), contents.values()))
        if len(staged) > 1:
            _write(folder / f"{JOURNAL}.part", json.dumps(staged).encode())
            os.replace(folder / f"{JOURNAL}.part", journal)  # from here on the change is certain, whoever finishes it
        for beside_name, target in staged:
            os.replace(folder / beside_name, folder / target)
        journal.unlink(missing_ok=True)
    finally:
        if not journal.exists():
            for beside_name, _ in staged:
                (folder / beside_name).unlink(missing_ok=True)
            (folder / f"{JOURNAL}.part").unlink(missing_ok=True)
