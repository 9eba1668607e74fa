"""All that is open, under one name each: conflicts of sources and questions, settled by one verb, and the last one taken back."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditkit.errors import InputError
from auditkit.model.draft import Conflict
from auditkit.model.system import System
from auditkit.project import folder as held
from auditkit.project.files import read_text, write_all
from auditkit.project.importing import answer, named_things
from auditkit.project.inputs import read
from auditkit.project.settling import answered_with, settle
from auditkit.project.undoing import Answers, answers, put_back

LAST: Final = ".auditkit.undo"
"""What the files said before the last answer and after it."""
KEYS: Final = {"timeout": "policy.timeout"}
"""The key of `system.yaml` that a question about a fact asks for, where the first word of its id is another."""
_TOLD: Final = re.compile(r"(?P<value>.*) \((?P<source>.*)\)", re.DOTALL)
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """Something open: its name, what is asked, and what can be answered."""

    name: str
    what: str
    answers: str


def choices(folder: Path) -> tuple[Choice, ...]:
    """All that is open: conflicts of sources first, then questions, those that decide most first.

    A conflict is open until a person has stated the fact. Raises `InputError` where there is no audit.
    """
    found = [
        Choice(c.what, f"{c.kept} is believed, not {c.dropped}, at {c.where}", "kept, dropped, or a value")
        for c in _conflicts(folder).values()
    ]
    how = {"fact": "as in system.yaml", "yes or no": "yes, no", "words": "in words"}
    return (*found, *(Choice(q.id, q.what, how[answered_with(q.id)]) for q in read(folder).questions))


def choose(folder: Path, name: str, said: str, by: str) -> System:
    """Settle what `choices` calls `name`; `take_back` makes it as it was.

    To a conflict `said` is `kept`, `dropped` or another value; to a question `yes`, `no`, words or a value, as `choices` says.
    Raises `InputError` for a name that is not open, an answer that does not fit, and where nobody is named.
    """
    conflicts, questions = _conflicts(folder), {q.id: q for q in read(folder).questions}
    said, by = said.strip(), by.strip()
    if not said or not by:
        raise InputError.of("auditkit settle", "needs an answer, and who gives it", "settle DIR NAME ANSWER --by WHO")
    if name in conflicts:
        conflict = conflicts[name]
        about, _, key = name.rpartition(": ")
        value = {"kept": _value(conflict.kept), "dropped": _value(conflict.dropped)}.get(said, _figure(said))
        return _remembered(folder, name, lambda: answer(folder, about, key, value, by))
    if name not in questions:
        raise InputError.of(name, "is not open", _remedy(name, [*conflicts, *questions]))
    how = answered_with(name)
    if how == "yes or no" and said not in ("yes", "no"):
        raise InputError.of(name, f"is answered with yes or no, not {said!r}", "write yes or no")
    if how == "fact":
        where, key = questions[name].where, KEYS.get(name.split(" ")[0], name.split(" ")[0])
        return _remembered(folder, name, lambda: answer(folder, where, key, _figure(said), by))
    return _remembered(folder, name, lambda: settle(folder, name, said, by))


def take_back(folder: Path) -> str:
    """Take the last answer of `choose` back, and tell when there is none, or when a later change would be lost (`InputError`)."""
    held.require(folder)
    path = folder / LAST
    if not path.is_file():
        raise InputError.of(str(folder), "has no answer that could be taken back", "only the last one of auditkit settle can be")
    try:
        kept = json.loads(read_text(path))
        before, after = (Answers({name: text.encode() for name, text in kept[part].items()}) for part in ("before", "after"))
        name = str(kept["name"])
    except (ValueError, KeyError, AttributeError) as error:
        raise InputError.of(str(path), "is damaged", "delete it") from error
    put_back(folder, before, after)
    path.unlink(missing_ok=True)
    return name


def _remembered(folder: Path, name: str, act: Callable[[], System]) -> System:
    before = answers(folder)
    after_system = act()
    told = {"name": name, "before": _texts(before), "after": _texts(answers(folder))}
    write_all(folder, {LAST: json.dumps(told, ensure_ascii=False).encode()}, {})
    return after_system


def _texts(said: Answers) -> dict[str, str]:
    return {name: content.decode() for name, content in said.files.items()}


def _conflicts(folder: Path) -> dict[str, Conflict]:
    """The conflicts about a fact that nobody has stated since, the latest of each."""
    things = [thing for kind in named_things(held.system(folder)).values() for thing in kind]
    names = {name for name, _ in things}
    asked = {(name, line.locator) for name, item in things for line in item.evidence if line.confidence == "asked"}
    found = {}
    for conflict in held.sources(folder).conflicts:
        about, _, key = conflict.what.rpartition(": ")
        if about in names and _TOLD.fullmatch(conflict.dropped) and " " not in key and (about, key) not in asked:
            found[conflict.what] = conflict
    return found


def _value(told: str) -> object:
    """The value that a conflict tells, without the source behind it.

    >>> _value("5 (guess.csv)"), _value('{"zone-a": 2} (k8s.yaml)'), _value("200ms (a.yaml)")
    (5, {'zone-a': 2}, '200ms')
    """
    match = _TOLD.fullmatch(told)
    return _figure(match["value"] if match else told)


def _figure(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _remedy(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"write {near[0]!r}"
    listed = ", ".join(repr(one) for one in known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    return f"open are {listed}" if known else "nothing is open"
