"""The written strategy says what it must, shows hostile text as text, and is the same from the same inputs."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from document_books import HOSTILE, hostile_book, shop_book, shop_profile
from simulated_books import simulated_book

from auditkit.document import Book, document, shipped
from auditkit.document.analysis import analysed
from auditkit.document.blocks import Bullets, Heading, Paragraph, Table, visible
from auditkit.document.context import context
from auditkit.document.titles import TITLES
from auditkit.errors import InputError
from auditkit.model.audit import AuditFacts, Strategy
from auditkit.model.draft import Coverage
from auditkit.model.system import System


def written(book: Book, name: str) -> str:
    return next(a.content.decode() for a in document(book) if a.path == name)


class Page(HTMLParser):
    """Collects what a reader of the page meets: elements with attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "col", "br", "link", "img", "input", "hr", "wbr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_all_seventeen_sections_stand_in_their_order():
    """Section 9 of the design names them; both formats have each of them once, in that order."""
    expected = [f"## {n} {title}" for n, title in enumerate(TITLES.values(), start=1)]
    assert len(expected) == 17
    assert [line for line in written(shop_book(), "strategy.md").splitlines() if line.startswith("## ")] == expected
    headings = re.findall(r"<h2[^>]*><span class=\"number\">(\d+)</span> (.*?)</h2>", written(shop_book(), "strategy.html"))
    assert headings == [(str(n), title) for n, title in enumerate(TITLES.values(), start=1)]


def test_the_summary_says_what_was_audited_how_sure_and_what_first():
    """Somebody who reads one page learns scope, certainty, top risk, top action and the most telling question."""
    summary = written(shop_book(), "strategy.md").split("## 2 ")[0]
    for words in (
        "5 components, 4 dependencies, 2 journeys",
        "Coverage is **medium**",
        "instance orders-db alone stops order",
        "**Set a timeout of 300ms on",
        "Does orders -\\> orders-db have a timeout today?",
        "order is hung or failed when orders-db is slow",
    ):
        if words.startswith("instance"):
            assert words not in summary  # its risk is accepted, so it is no open risk any more
        else:
            assert words in summary


def test_an_accepted_risk_is_listed_as_accepted():
    """It leaves the top risks, and stands in section 15 with its reason and the name of who answers for it."""
    text = written(shop_book(), "strategy.md")
    assert "### Accepted risks" in text
    assert "| `single_point_of_failure orders-db` | risk accepted | until the move | Sam |" in text


def test_each_proposed_figure_leads_to_its_ground():
    """Every link inside the page has a target, and the timeout's link leads to data, rule, uncertainty and cost."""
    page = Page(written(shop_book(), "strategy.html"))
    anchors = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    links = {attrs["href"] for tag, attrs in page.elements if tag == "a"}
    assert {link for link in links if link and not (link.startswith("#") and link[1:] in anchors)} == set()
    text = written(shop_book(), "strategy.md")
    row = next(line for line in text.splitlines() if line.startswith("| `api:home -> recommendation` | none | 6,000"))
    number = re.search(r"\[\\\[(\d+)\\\]\]\(#ground-\1\)", row)
    assert number is not None
    ground = next(line for line in text.splitlines() if f'<a id="ground-{number[1]}"></a>' in line)
    assert "6,000 samples [\\[D1\\]](#data-1) | 3 x p99 of 100ms | at most 0.05 % | cuts off 0 %" in ground


def test_a_long_name_may_be_broken_and_is_copied_whole():
    """Browsers get places to break at, behind the parts of a name, which are no characters; short words have none."""
    text = written(shop_book(), "strategy.html")
    assert "<code>api:<wbr>home -&gt; recommendation" not in text
    assert "chaos-<wbr>timeout-<wbr>api-<wbr>home-<wbr>recommendation" in text
    assert "chaos-timeout-api-home-recommendation" in "".join(Page(text).words)


def test_what_is_empty_is_named_in_the_document_itself():
    """No result of any experiment, no owner, nothing derived: the completeness check prints each of them."""
    strategy = shop_book().strategy.model_copy(update={"policies": (), "omitted": (), "monitoring": ()})
    text = written(shop_book(strategy=strategy), "strategy.md")
    for words in (
        "no experiment has a result yet",
        "retries: not derived in this version",
        "circuit breakers: not derived in this version",
        "bulkheads: not derived in this version",
        "monitoring: nothing was derived",
    ):
        assert text.count(words) == 2, words  # in its own section, and in the check
    assert "no earlier audit is known to compare with" in text
    full = written(shop_book(), "strategy.md")
    assert "retries: not derived" not in full


def test_a_refused_timeout_is_refused_in_words():
    """187 samples are no ground for a p99; the document says so instead of showing a figure as if it were one."""
    text = written(shop_book(), "strategy.md")
    assert "refused; start at 2s" in text
    assert "187 samples; a p99 bound needs 299" in text


def test_low_coverage_never_reads_as_no_single_point():
    """With little known and nothing found, no sentence in either format claims that there is none."""
    nothing = Strategy(system="shop")
    book = shop_book(
        strategy=nothing,
        coverage=Coverage(components=5, by_confidence={}, grade="low", reason="four of five components have no dependency"),
        single_points="Coverage is low: there may be others that nobody has described.",
    )
    for name in ("strategy.md", "strategy.html"):
        text = written(book, name).lower()
        assert not re.search(r"\bno (other )?single (point|failure)|there (is|are) no single|without (any )?single point", text)
        assert "coverage is low" in text


def test_an_empty_audit_is_written_too():
    """Nothing known gives a document that says so, not an error."""
    book = Book(system=System(system="nothing"), facts=AuditFacts(), strategy=Strategy(system="nothing"))
    text = written(book, "strategy.md")
    assert "no journey is known" in text
    assert "How much of the system is known was not computed." in text


@pytest.mark.parametrize("name", ["strategy.md", "strategy.html"])
def test_equal_books_give_equal_bytes(name):
    """Order of profiles, and the moment of writing, leave no trace."""
    one, two = shop_profile(), shop_profile("api:order -> orders", 0.2)
    first = shop_book(profiles={one.call: one, two.call: two})
    second = shop_book(profiles={two.call: two, one.call: one})
    assert written(first, name) == written(second, name)


def test_a_changed_latency_export_changes_only_the_sections_that_rest_on_it():
    """Deadlines of journeys (5), the latency picture (7) and the data (17) change; all others stay byte for byte."""
    before = written(shop_book(), "strategy.md")
    slower = shop_profile(p99=0.11)
    after = written(shop_book(profiles={slower.call: slower}), "strategy.md")
    split = re.compile(r'(?m)^<a id="\w+"></a>\n(?=## )')
    changed = [n for n, (a, b) in enumerate(zip(split.split(before), split.split(after), strict=True)) if a != b]
    assert changed == [5, 7, 17]


def test_hostile_text_stays_text_in_html():
    """No element comes out of a name, the page stays well formed, and what was written is what is read."""
    page = Page(written(hostile_book(), "strategy.html"))
    assert page.open == []
    assert [attrs for tag, attrs in page.elements if tag == "script"] == [{}]  # ours, which sorts tables
    text = "".join(page.words)
    assert visible(HOSTILE).strip() in text
    assert "49" not in re.findall(r"\{\{ [^}]* \}\}|(?<=</script> )\d+", text)


def test_hostile_text_stays_text_in_markdown():
    """Rendered by a Markdown parser that allows HTML, it brings no script, no link, no heading and no broken table."""
    from markdown_it import MarkdownIt

    source = written(hostile_book(), "strategy.md")
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(source)
    inline = [child for token in tokens if token.type == "inline" for child in token.children or ()]
    assert {
        t.content for t in inline if t.type == "html_inline" and not re.fullmatch(r'<a id="[\w-]+">|</a>', t.content)
    } == set()
    assert {
        t.content for t in tokens if t.type == "html_block" and not re.fullmatch(r'<a id="[^"<>]+"></a>\s*', t.content)
    } == set()
    targets = {t.attrGet("href") for t in inline if t.type == "link_open"}
    assert {t for t in targets if not str(t).startswith("#")} == set()
    assert sum(t.type == "heading_open" and t.tag == "h2" for t in tokens) == 17
    widths = [line.replace("\\|", "").count("|") for line in source.splitlines() if line.startswith("|")]
    rendered_rows = sum(t.type == "tr_open" for t in tokens)
    assert rendered_rows == sum(1 for line in source.splitlines() if line.startswith("|") and not set(line) <= set("|-: "))
    assert min(widths) >= 3


def test_the_page_asks_nobody_for_anything():
    """No image, style sheet, font, script or frame from outside; links lead into the page alone."""
    text = written(shop_book(), "strategy.html")
    page = Page(text)
    loading = [attrs for tag, attrs in page.elements if tag in {"link", "img", "iframe", "object", "embed", "audio", "video"}]
    assert loading == []
    assert [attrs for _, attrs in page.elements if "src" in attrs or str(attrs.get("href", "#"))[:1] != "#"] == []
    assert "@import" not in text
    assert re.findall(r"url\((?!#)", text) == []
    assert set(re.findall(r"https?://[^\s\"'<)]+", text)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("book", [shop_book(), hostile_book()], ids=["shop", "hostile"])
def test_the_page_is_valid_html(book):
    """html5lib, strict: it raises on the first thing that the standard calls a parse error."""
    import html5lib

    html5lib.HTMLParser(strict=True).parse(written(book, "strategy.html"))


def test_every_picture_speaks():
    """Title and description inside, named by the element; the Markdown has the same words as alternative text."""
    text = written(shop_book(), "strategy.html")
    for svg in re.findall(r"<svg .*?</svg>", text, flags=re.DOTALL):
        name, description = re.search(r'aria-labelledby="(\S+) (\S+)"', svg).groups()
        assert f'<title id="{name}">' in svg
        assert f'<desc id="{description}">' in svg
    assert "api calls recommendation (the caller degrades)" in written(shop_book(), "strategy.md")


def test_an_unknown_format_is_refused_in_words():
    """The error names what can be had instead."""
    with pytest.raises(InputError, match="md, html"):
        document(shop_book(), ("rtf",))


def test_templates_hold_no_more_than_for_and_if():
    """What is shown, and in which order, is decided in Python, where it can be tested."""
    for name in ("strategy.md.j2", "strategy.html.j2"):
        text = shipped("templates").joinpath(name).read_text(encoding="utf-8")
        words = set(re.findall(r"\{%-?\s*(\w+)", text))
        assert words <= {"for", "endfor", "if", "elif", "else", "endif", "macro", "endmacro"}
        assert "sort" not in text
        assert "select" not in text


def test_templates_are_found_in_a_checkout_and_in_a_wheel(tmp_path, monkeypatch):
    """The wheel carries them under auditkit/_shipped; there they come first."""
    from auditkit.document import shipped_files as where

    assert shipped("templates").joinpath("strategy.css").is_file()
    package = tmp_path / "auditkit"
    (package / "_shipped" / "data").mkdir(parents=True)
    monkeypatch.setattr(where, "files", lambda _: package)
    assert Path(str(shipped("data"))) == package / "_shipped" / "data"
    with pytest.raises(FileNotFoundError, match="install it again"):
        shipped("notebooks")


def test_the_age_of_the_data_is_stated():
    """Measured until, and how many days before the audit that was; unknown where exports have no start times."""
    assert "measured until 2026-01-01, 67 days before the audit" in written(shop_book(), "strategy.md").replace("\\", "")
    undated = shop_profile().model_copy(update={"start_s": 0.0, "end_s": 60.0})
    assert "the exports do not say when they were taken" in written(
        replace(shop_book(), profiles={undated.call: undated}), "strategy.md"
    )


def test_whatever_is_computed_leads_to_its_ground():
    """Each section that prints computed or measured figures has a link to rules, data, settings or files in the appendix."""
    context_of = context(analysed(simulated_book()))
    appendix = {block.anchor for block in context_of.sections[-1].blocks if isinstance(block, Heading)}
    appendix |= {row.anchor for block in context_of.sections[-1].blocks if isinstance(block, Table) for row in block.rows}
    for section in context_of.sections:
        if section.anchor in {"topology", "dependencies", "failures", "availability", "timeouts", "retries", "breakers",
                              "bulkheads", "monitoring", "experiments", "plan"}:  # fmt: skip
            runs = [run for block in section.blocks for run in runs_of(block)]
            assert {run.to for run in runs} & appendix, section.title


def test_no_link_leads_nowhere():
    """In whichever book, every link has its place."""
    for book in (shop_book(), hostile_book(), simulated_book()):
        page = Page(written(book, "strategy.html"))
        ids = {attrs["id"] for _, attrs in page.elements if attrs.get("id")}
        assert {attrs["href"][1:] for tag, attrs in page.elements if tag == "a"} <= ids


def test_each_measurement_says_how_old_it_is():
    """In the appendix, and each ground leads to the measurements behind it."""
    text = written(shop_book(), "strategy.md").replace("\\", "")
    assert "calls.csv; until 2026-01-01 (67 days before the audit)" in text
    assert "6,000 samples [[D1]](#data-1)" in text


def runs_of(block):
    """All pieces of text of a block."""
    if isinstance(block, Table):
        return [run for row in block.rows for cell in row.cells for run in cell]
    if isinstance(block, Bullets):
        return [run for item in block.items for run in item]
    return block.text if isinstance(block, Paragraph) else ()
