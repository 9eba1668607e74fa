"""XML text to plain elements that know their line. Entities are refused, so that no file can blow up while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from auditkit.errors import InputError

MAX_DEPTH = 200
"""Elements inside elements; real fault trees need about six."""


@dataclass(slots=True)
class Element:
    """One element: its name, attributes, text, children, and the line on which it begins."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)


def parse_xml(text: str, where: str) -> Element:
    r"""The root element of a text. Raises `InputError` where it is no XML, declares entities, or nests too deeply.

    >>> root = parse_xml("<a>\n<b name='x'/></a>", "a.xml")
    >>> root.children[0].tag, root.children[0].attributes, root.children[0].line
    ('b', {'name': 'x'}, 2)
    """
    top = Element("", {}, 0)
    path = [top]
    parser = expat.ParserCreate()

    def refuse(*_: object) -> NoReturn:
        place = f"{where}:{parser.CurrentLineNumber}"
        raise InputError.of(place, "the file declares entities or another document type", "remove the declaration")

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(path) > MAX_DEPTH:
            raise InputError.of(f"{where}:{parser.CurrentLineNumber}", f"more than {MAX_DEPTH} elements deep", "name inner gates")
        element = Element(tag, attributes, parser.CurrentLineNumber)
        path[-1].children.append(element)
        path.append(element)

    def characters(data: str) -> None:
        path[-1].text += data

    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop()
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        what = f"is no well-formed XML: {expat.ErrorString(error.code)}"
        raise InputError.of(f"{where}:{error.lineno}", what, "write a complete XML file") from error
    except (UnicodeError, ValueError) as error:
        raise InputError.of(where, f"is no readable XML: {error}", "save the file as UTF-8") from error
    return top.children[0]
