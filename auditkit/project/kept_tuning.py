"""What was tuned and mapped of single calls, kept so that the document and the workbook can show it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from auditkit.errors import InputError
from auditkit.model.noun import Noun
from auditkit.project import folder as held
from auditkit.project.files import read_text
from auditkit.project.generated import write_generated
from auditkit.project.steps import inputs_digest
from auditkit.simulation.storms import StormMap
from auditkit.simulation.tuning import Tuning


class TuningFile(Noun):
    """`out/tuning.json`: plateaus and maps of retry storms of single calls, and which inputs they rest on."""

    auditkit: int = 1
    rests_on: str = ""
    tunings: tuple[Tuning, ...] = ()
    storms: tuple[StormMap, ...] = ()


def kept(folder: Path) -> TuningFile:
    """What was tuned and mapped upon the inputs as they are now; of other inputs nothing.

    Raises `InputError` where the file is damaged.
    """
    path = folder / held.TUNING
    if not path.is_file():
        return TuningFile()
    try:
        file = TuningFile.model_validate_json(read_text(path))
    except (ValueError, ValidationError) as error:
        raise InputError.of(str(path), "is damaged", "delete it, and run: auditkit tune") from error
    return file if file.rests_on == inputs_digest(folder, "prove") else TuningFile()


def keep(folder: Path, tunings: Sequence[Tuning] = (), storms: Sequence[StormMap] = ()) -> None:
    """Write them beside what is kept of other calls; an older one of the same call gives way."""
    before = kept(folder)
    new = {t.dependency for t in tunings}, {s.call for s in storms}
    all_tunings = (*(t for t in before.tunings if t.dependency not in new[0]), *tunings)
    all_storms = (*(s for s in before.storms if s.call not in new[1]), *storms)
    file = TuningFile(
        rests_on=inputs_digest(folder, "prove"),
        tunings=tuple(sorted(all_tunings, key=lambda t: t.dependency)),
        storms=tuple(sorted(all_storms, key=lambda s: s.call)),
    )
    write_generated(folder, {held.TUNING: (file.model_dump_json() + "\n").encode()}, ())
