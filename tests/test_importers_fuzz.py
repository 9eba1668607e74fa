"""Damaged files of every format: a draft that passes the gate or problems of one line, never a traceback, hang or flood."""

from __future__ import annotations

import pytest
from fuzz_importers import tried
from importer_seeds import OTHER_FORMS, SEEDS

from auditkit.errors import InputError
from auditkit.importers import IMPORTERS, detect_format
from auditkit.importers.base import no_siblings
from auditkit.model.draft import Draft

BOMB = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n" + "".join(
    f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
"""Ten lines that stand for ten thousand million values."""


def test_every_format_is_fuzzed() -> None:
    """Whoever adds an importer adds a seed."""
    assert set(SEEDS) == set(IMPORTERS)
    assert set(OTHER_FORMS) <= set(SEEDS)


@pytest.mark.parametrize("format", OTHER_FORMS)
def test_a_second_form_is_of_its_format_and_is_read(format: str) -> None:
    """Where a format is written in two ways."""
    name, text = OTHER_FORMS[format]
    assert detect_format(name, text) == format
    draft = IMPORTERS[format].read(text, name, no_siblings)
    assert draft.components or draft.for_every_caller


@pytest.mark.parametrize("format", SEEDS)
def test_the_seed_is_of_its_format_and_is_read(format: str) -> None:
    """Fuzzing starts from a file that the importer reads."""
    name, text = SEEDS[format]
    assert detect_format(name, text) == format
    draft = IMPORTERS[format].read(text, name, no_siblings)
    assert draft.components or draft.for_every_caller


@pytest.mark.parametrize("format", SEEDS)
def test_damaged_files_are_read_or_refused_in_words(format: str) -> None:
    """A hundred of each here; `make fuzz` tries ten thousand."""
    results = {tried(format, seed) for seed in range(100)}
    assert results >= {"draft", "refused"}


@pytest.mark.parametrize("format", ["native", "compose", "kubernetes"])
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (BOMB, "aliases that stand for more than 200000 values"),
        ("deep: " + "[" * 5_000, "nested deeper than 100 levels"),
        ("long: " + "x" * 10_000_000, "YAML is read up to 10 MB"),
        ("\ttab: 1\n", "is no YAML"),
        ("nul: \x00\n", "a character that YAML does not allow"),
    ],
    ids=["bomb", "deep", "long", "tab", "nul"],
)
def test_bombs_are_refused_at_once_and_in_words(format: str, more: str, said: str) -> None:
    """One line says what is wrong, before anything has grown."""
    name, text = SEEDS[format]
    with pytest.raises(InputError, match=said):
        IMPORTERS[format].read(more + "\n" + text, name, no_siblings)


@pytest.mark.parametrize("format", ["jaeger", "otlp", "zipkin", "span-csv", "call-counts", "kiali"])
def test_a_recording_of_100_megabytes_is_refused_with_the_way_out(format: str) -> None:
    """Who calls whom shows in less."""
    name, text = SEEDS[format]
    with pytest.raises(InputError, match="has 100 MB; traffic is read up to 60 MB"):
        IMPORTERS[format].read(text + " " * (100_000_000 - len(text)), name, no_siblings)


@pytest.mark.parametrize("format", SEEDS)
def test_line_ends_and_a_byte_order_mark_change_nothing(format: str) -> None:
    """As files come from Windows."""
    name, text = SEEDS[format]
    for made in (text.replace("\n", "\r\n"), "\ufeff" + text):
        assert detect_format(name, made) == format
        assert _told(IMPORTERS[format].read(made, name, no_siblings)) == _told(IMPORTERS[format].read(text, name, no_siblings))


def _told(draft: Draft) -> list[dict[str, object]]:
    return [dict(item.data) for item in (*draft.components, *draft.dependencies)]
