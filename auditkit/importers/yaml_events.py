"""Two parsers of YAML behind one stream of events: a fast one in C, and a thorough one in Python.

PyYAML's binding of libyaml is about twenty times as fast as ruamel.yaml's parser, but knows YAML 1.1: it is given only
text on which both agree, and whatever it refuses is read again by the other. Both count characters, not bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final

import yaml
from ruamel.yaml import YAML
from ruamel.yaml import events as thorough

Event = Any
"""An event of either parser: `start_mark` and `end_mark` (line, column, index), and of scalars `value`, `style` and `tag`."""


class Kind(Enum):
    """What an event says."""

    DOCUMENT = "document"
    SCALAR = "scalar"
    SEQUENCE = "sequence"
    MAPPING = "mapping"
    ALIAS = "alias"
    END = "end"
    OTHER = "other"


_KINDS: Final[Mapping[type, Kind]] = {
    kind: value
    for events in (yaml.events, thorough)
    for kind, value in (
        (events.DocumentStartEvent, Kind.DOCUMENT),
        (events.ScalarEvent, Kind.SCALAR),
        (events.SequenceStartEvent, Kind.SEQUENCE),
        (events.MappingStartEvent, Kind.MAPPING),
        (events.AliasEvent, Kind.ALIAS),
        (events.SequenceEndEvent, Kind.END),
        (events.MappingEndEvent, Kind.END),
    )
}
_DIFFERENT: Final = re.compile(
    r"^%"  # directives
    r"|[\x85\u2028\u2029]"  # they end a line in YAML 1.1 only
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ud800-\udfff]|\r(?!\n)"  # not allowed, or read differently
    r"|(?:^|[\s\[{,])[&*][\w-]+[:?%@`]",  # names of anchors that hold more than letters
    re.MULTILINE,
)


class FastParserRefused(Exception):
    """The fast parser could not read a text that may be fine."""


def kind_of(event: Event) -> Kind:
    """What an event says."""
    return _KINDS.get(type(event), Kind.OTHER)


def is_plain_enough(text: str) -> bool:
    r"""Whether both parsers read a text alike, and the fast one is installed.

    >>> is_plain_enough("%YAML 1.1\n---\na: 1\n")
    False
    """
    return yaml.__with_libyaml__ and not _DIFFERENT.search(text)


def fast_events(text: str) -> Iterator[Event]:
    """The events of libyaml. Raises `FastParserRefused` where it cannot read on."""
    try:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise FastParserRefused from error


def slow_events(text: str) -> Iterator[Event]:
    """The events of ruamel.yaml. Raises its errors, which say what is wrong and where."""
    yield from YAML(typ="safe", pure=True).parse(text)
