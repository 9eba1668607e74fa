"""The audit folder loses nothing, whoever writes, and whenever a process dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from auditkit.errors import ExternalEdit, InputError
from auditkit.project import files
from auditkit.project.files import current, digest, read_text, recover, write_all


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_change_writes_all_its_files_and_leaves_nothing_else(tmp_path: Path) -> None:
    """Several files, some in folders that are new."""
    write_all(tmp_path / "audit", {"a.yaml": b"1", "out/deep/b.md": b"2"}, {})
    assert tree(tmp_path / "audit") == {"a.yaml": b"1", "out/deep/b.md": b"2"}


def test_an_external_edit_is_noticed_and_nothing_is_written(tmp_path: Path) -> None:
    """The file on the disk is not the one that was read: neither it nor any other file of the change is touched."""
    (tmp_path / "a.yaml").write_bytes(b"edited by hand")
    before = tree(tmp_path)
    with pytest.raises(ExternalEdit, match=r"a\.yaml  was changed by somebody else"):
        write_all(tmp_path, {"a.yaml": b"ours", "b.yaml": b"ours"}, {"a.yaml": digest(b"as we read it")})
    with pytest.raises(ExternalEdit):
        write_all(tmp_path, {"a.yaml": b"ours"}, {"a.yaml": None})
    assert tree(tmp_path) == before


def test_a_write_that_fails_half_way_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up at the second file."""
    write_all(tmp_path, {"a": b"old a", "b": b"old b"}, {})
    written = files._write

    def full(path: Path, content: bytes) -> None:
        if content == b"new b":
            raise OSError(28, "No space left on device")
        written(path, content)

    monkeypatch.setattr(files, "_write", full)
    with pytest.raises(InputError, match="No space left"):
        write_all(tmp_path, {"a": b"new a", "b": b"new b"}, {})
    assert tree(tmp_path) == {"a": b"old a", "b": b"old b"}


def test_a_change_cut_off_between_two_renames_is_finished_by_the_next_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies when the first of two files is in place: afterwards both are new, never one of each."""
    write_all(tmp_path, {"a": b"old a", "b": b"old b"}, {})
    rename = os.replace
    seen: list[str] = []

    class Died(BaseException):
        pass

    def die_at_the_second(source: str, target: str) -> None:
        if Path(target).name in {"a", "b"}:
            seen.append(str(target))
            if len(seen) == 2:
                raise Died
        rename(source, target)

    monkeypatch.setattr(os, "replace", die_at_the_second)
    with pytest.raises(Died):
        write_all(tmp_path, {"a": b"new a", "b": b"new b"}, {})
    monkeypatch.undo()
    recover(tmp_path)
    assert tree(tmp_path) == {"a": b"new a", "b": b"new b"}


def _hammer(folder: str, mark: str) -> None:
    while True:
        write_all(Path(folder), {"one": mark.encode() * 200_000, "two": mark.encode() * 200_000}, {})


def test_two_processes_that_write_at_once_never_leave_half_a_file(tmp_path: Path) -> None:
    """Two writers hammer the same two files and are killed at a bad moment: each file is whole, and both are of one writer."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_hammer, args=(str(tmp_path), mark), daemon=True) for mark in "xy"]
    for writer in writers:
        writer.start()
    until = time.monotonic() + 30
    while current(tmp_path / "two") is None and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.3)
    for writer in writers:
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    recover(tmp_path)
    one, two = (tmp_path / "one").read_bytes(), (tmp_path / "two").read_bytes()
    assert one == two
    assert one in (b"x" * 200_000, b"y" * 200_000)


def test_text_that_is_no_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    """Latin-1 from an old editor; a byte order mark is fine."""
    (tmp_path / "bad.yaml").write_bytes("a: 1\nb: Müller\n".encode("latin-1"))
    (tmp_path / "bom.yaml").write_bytes("a: 1".encode("utf-8-sig"))
    with pytest.raises(InputError, match=r"bad\.yaml:2  is not UTF-8 text  save the file as UTF-8"):
        read_text(tmp_path / "bad.yaml")
    assert read_text(tmp_path / "bom.yaml") == "a: 1"
