"""Answers to what an import could not decide: a suggestion is accepted or rejected, and is not made again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from auditkit.errors import InputError
from auditkit.importers import dump_yaml, gaps, load_yaml, merge, renamed, update_yaml, validate
from auditkit.importers.gaps import CONFIRM, MEASURED, SAME, SUGGESTED
from auditkit.model.draft import Draft, Item
from auditkit.model.system import Evidence, Question, System
from auditkit.project import folder as held
from auditkit.project.files import read_known, write_all

_CALLS = (f"{SUGGESTED} ", f"{CONFIRM} ", f"{MEASURED} ", "allowed ", "name ")
"""Questions whether one component calls another; their ids end in `caller -> callee`."""

_FACTS = ("on_failure ", "timeout ", "rate ", "concurrency ")
"""Questions about one fact of the map: they are answered by stating it, with `answer`."""


def answered_with(question: str) -> Literal["yes or no", "words", "fact"]:
    """How the question of that id is answered: `settle` takes yes or no, or words; a fact is stated with `answer`.

    >>> [answered_with(id) for id in ("confirm web -> db", "called orders", "timeout web -> db")]
    ['yes or no', 'words', 'fact']
    """
    if question.startswith(_FACTS):
        return "fact"
    return "yes or no" if question.startswith((*_CALLS, f"{SAME} ")) else "words"


def settle(folder: Path, question: str, answer: str, by: str) -> System:
    """Answer one question of an import or of the map by its id; the answer is kept, and no import asks again.

    `yes` to a call makes it a dependency (`asked`), `no` takes out what only start order or a name pattern had shown. `yes`
    to two spellings of one name gives both the first id, in every later import as well (`names` in audit.yaml). Any other
    answer is kept as it is. Raises `InputError` where there is no such question, or nobody is named.
    """
    held.require(folder)
    path = folder / held.SYSTEM
    previous, known = read_known(path)
    before = held.system(folder)
    asked = {q.id: q for q in (*gaps(before, held.profiles(folder)), *before.questions)}
    if question not in asked:
        raise InputError.of(str(path), f"there is no question {question!r}", f"open are: {', '.join(list(asked)[:5]) or 'none'}")
    if not answer.strip() or not by.strip():
        raise InputError.of("Answer", "is not complete", "give an answer, and say who gives it")
    told = asked[question].model_copy(update={"answer": answer.strip(), "answered_by": by.strip()})
    draft = load_yaml(dump_yaml(before, previous), str(path))
    facts_text, facts_known = read_known(folder / held.FACTS)
    contents: dict[str, bytes] = {}
    if question.startswith(_CALLS):
        draft = _with_call(draft, question, told)
    elif question.startswith(f"{SAME} ") and told.answer == "yes":
        other, _, first = question.removeprefix(f"{SAME} ").partition(" = ")
        draft, _ = merge([replace(renamed(draft, {other: first}), by_person=False)])
        facts = held.facts(folder)
        facts = facts.model_copy(update={"names": {**facts.names, other: first}})
        contents[held.FACTS] = update_yaml(facts_text, facts).encode()
    questions = {q.id: q for q in (*draft.questions, told)}
    after = validate(replace(draft, questions=tuple(questions.values())))
    contents[held.SYSTEM] = dump_yaml(after, previous).encode()
    write_all(folder, contents, {held.SYSTEM: known, **({held.FACTS: facts_known} if held.FACTS in contents else {})})
    return after


def _with_call(draft: Draft, question: str, told: Question) -> Draft:
    caller, _, callee = next(question.removeprefix(prefix) for prefix in _CALLS if question.startswith(prefix)).partition(" -> ")
    evidence = Evidence(source=told.answered_by or "", locator=told.answer or "", confidence="asked").model_dump(
        exclude_none=True
    )
    kept: list[Item] = []
    found = False
    for item in draft.dependencies:
        to = item.data.get("to")
        same = item.data.get("from") == caller and "|".join([to] if isinstance(to, str) else list(to or ())) == callee
        found = found or same
        if same and told.answer == "yes":
            data: dict[str, Any] = {**item.data, "evidence": [*item.data.get("evidence", ()), evidence]}
            kept.append(replace(item, data=data))
        elif not (same and told.answer == "no" and question.startswith(CONFIRM)):
            kept.append(item)
    if told.answer == "yes" and not found:
        kept.append(Item({"from": caller, "to": callee.split("|"), "evidence": [evidence]}, f"answer to {question}"))
    return replace(draft, dependencies=tuple(kept))
