"""Edge lists, and telling formats apart by their content."""

from __future__ import annotations

import dataclasses

import pytest

from auditkit.errors import InputError
from auditkit.importers import IMPORTERS, Importer, detect_format, importers, merge, validate
from auditkit.importers.base import no_siblings
from auditkit.model.draft import Draft
from auditkit.model.system import Fallback, Policy, Retry, System


def read(text: str) -> Draft:
    return IMPORTERS["edge-list"].read(text, "calls.csv", no_siblings)


def system(text: str) -> System:
    return validate(dataclasses.replace(merge([read(text)])[0], system="shop"))


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        system(text)
    return [str(problem) for problem in caught.value.problems]


def test_two_columns_are_enough() -> None:
    """Components are made from the names, and every fact has its line."""
    shop = system("from,to\nweb,api\napi:home,db\n")
    assert [component.id for component in shop.components] == ["web", "api", "db"]
    assert [dependency.subject for dependency in shop.dependencies] == ["web -> api", "api:home -> db"]
    assert [(e.source, e.locator, e.confidence) for e in shop.dependencies[1].evidence] == [("calls.csv", "line 3", "declared")]


def test_further_columns_are_those_of_a_dependency() -> None:
    """Dotted as deep as needed, with a short name for the timeout; empty cells say nothing."""
    shop = system(
        "from,to,to_kind,call,on_failure,rate,idempotent,stage,timeout,policy.retry.max_attempts,fallback.kind\n"
        "api,db|replica,database,sync,degrade,200/s,true,2,500ms,3,cache\n"
        "api,mail,,,,,unknown,,,,\n"
    )
    first, second = shop.dependencies
    assert (first.to, first.call, first.on_failure, first.rate_per_s, first.idempotent, first.stage) == (
        ("db", "replica"), "sync", "degrade", 200, True, 2,
    )  # fmt: skip
    assert first.policy == Policy(timeout_s=0.5, retry=Retry(max_attempts=3))
    assert first.fallback == Fallback(kind="cache")
    assert shop.component("replica").kind == "database"
    assert (second.policy, second.idempotent, second.on_failure) == (None, None, None)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_seen_by_itself(separator: str) -> None:
    """As spreadsheets in different countries write it."""
    text = "from,to,rate\napi,db,1/s\n".replace(",", separator)
    assert system(text).dependencies[0].rate_per_s == 1


def test_comments_blank_lines_quotes_and_windows_are_fine() -> None:
    """And lines are still counted as they stand in the file."""
    text = '\ufeff# our calls\r\n\r\nFrom,To\r\n"api:GET /a, b",db\r\n\r\n# more\r\napi,cache\r\n'
    shop = system(text)
    assert shop.dependencies[0].caller == "api:GET /a, b"
    assert shop.dependencies[1].evidence[0].locator == "line 7"


def test_repeated_lines_are_one_dependency() -> None:
    """With the evidence of both; where they differ it is a contradiction."""
    draft, conflicts = merge([read("from,to,rate\na,b,1/s\na,b,2/s\n")])
    assert len(draft.dependencies) == 1
    assert [conflict.what for conflict in conflicts] == ["a -> b: rate"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from,to,timeuot\na,b,1s\n", ["calls.csv:1  unknown column 'timeuot'  write 'timeout'"]),
        ("from,upstream\na,b\n", ["calls.csv:1  unknown column 'upstream'",
                                 "calls.csv:1  no column 'to'  name the columns from,to and so on"]),
        ("from,to,from\na,b,c\n", ["calls.csv:1  the column 'from' stands there twice  keep one of them"]),
        ("from,to\na\n,b\na,b,c\n", [
            "calls.csv:2  has no 'to'  name a component, or delete the line",
            "calls.csv:3  has no 'from'  name a component, or delete the line",
            "calls.csv:4  has 3 cells, the header has 2  put cells with commas in quotes",
        ]),
        ("from,to,timeout,rate\na,b,200,5\n", [
            "calls.csv:2  rate: 5 has no unit  write for example '5/s'",
            "calls.csv:2  policy.timeout: 200 has no unit  write for example '200ms' or '200s', or none",
        ]),
        ("from,to,to_kind\na,b,cache\nc,b,queue\n", [
            "calls.csv:3  'b' is a queue here and a cache at calls.csv:2  write one kind",
        ]),
        ("from,to,to_kind\na,b,cahce\n", ["calls.csv:2  kind: 'cahce' is none of the allowed words  write 'cache'"]),
        ('from,to\na,"b\n', ["is no CSV: unexpected end of data  check the quotes in this line"]),
        ("", ["calls.csv:1  is empty  write a first line such as: from,to"]),
    ],
)  # fmt: skip
def test_every_mistake_is_told_with_its_line(text: str, said: list[str]) -> None:
    """As at the gate."""
    told = problems(text)
    assert len(told) == len(said)
    assert all(any(part in line for line in told) for part in said)


def test_formats_are_told_apart_by_content() -> None:
    """Whatever the file is called."""
    assert detect_format("x.txt", "from;to\na;b\n") == "edge-list"
    assert detect_format("compose.yaml", "# ours\nauditkit: 1\nsystem: s\n") == "native"
    assert detect_format("x", "system: s\ncomponents: []\n") == "native"
    assert detect_format("x.json", '{"auditkit": 1, "system": "s"}') == "native"
    assert detect_format("x", "services:\n  api:\n    image: a\n") == "compose"
    assert detect_format("x", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n") == "kubernetes"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", " \n", "a.csv:1  is empty"),
        ("a.txt", "hello", "a.txt:1  is in no format that is known here  import one of: native, "),
        ("a.yaml", "a: [", "a.yaml:1  is no YAML"),
    ],
)
def test_what_fits_no_format_is_told(name: str, text: str, said: str) -> None:
    """With the formats there are, or with the line where the YAML breaks."""
    with pytest.raises(InputError) as caught:
        detect_format(name, text)
    assert said in str(caught.value)


def test_every_importer_explains_itself() -> None:
    """Name as in the table, a title, and prose that says what the format is read for."""
    assert importers() == dict(IMPORTERS)
    for name, importer in IMPORTERS.items():
        assert isinstance(importer, Importer)
        assert importer.name == name
        assert importer.title
        assert len(importer.prose) > 80


@pytest.mark.parametrize(
    "text",
    [
        "Source;Target;Protocol\nweb;api;http\n;;\napi;db;sql\n",
        "caller\tcallee\nweb\tapi\napi\tdb\n",
        '"From Service","To Service"\nweb,api\napi,"db"\n',
        "sep=;\nConsumer;Provider;Notes\nweb;api;old\napi;db\n",
        'service,depends_on\nweb,"api"\napi,db\n',
        "Our calls of 2026\n\n,source,destination\n,web,api\n,api,db\n",
    ],
)
def test_the_ends_may_be_called_otherwise(text: str) -> None:
    """As teams and tools head such lists; titles above, Excel's `sep=` and an empty first column are passed over."""
    text = f"\ufeff{text}".replace("\n", "\r\n")
    assert detect_format("calls.csv", text) == "edge-list"
    assert [d.subject for d in system(text).dependencies] == ["web -> api", "api -> db"]


def test_a_column_that_is_not_read_is_told() -> None:
    """Notes and protocols have no place in a dependency; nor has a cell without a header."""
    assert read("from,to,notes\na,b,old\n").cannot_say[-1] == "calls.csv: these columns are not read: notes"
    assert problems("from,to,\na,b,x\n") == ["calls.csv:2  the cell 'x' has no header  name its column, or empty it"]


def test_depends_on_may_be_a_list() -> None:
    """Of all of them, not of alternatives."""
    assert [d.subject for d in system('service,depends on\nweb,"api, cart"\n').dependencies] == ["web -> api", "web -> cart"]
