"""Text in Markdown: names of strangers stand there as they are, and mean nothing."""

from __future__ import annotations

import re

from auditkit.document.blocks import Rich, Run, visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#+|~&$@])")
_LINE_START = re.compile(r"^(\s*)(?:(\d+)([.)])|([-=]))(?=[\s\-=]|$)")


def md(text: str) -> str:
    r"""Text with everything escaped that Markdown, its tables or HTML would take as theirs.

    >>> print(md("a|b <script> `x` [l](u) #1"))
    a\|b \<script\> \`x\` \[l\](u) \#1
    >>> print(md("1. not a list"), md("- nor this"))
    1\. not a list \- nor this
    """
    escaped = _SPECIAL.sub(r"\\\1", visible(text))
    escaped = _LINE_START.sub(lambda m: f"{m[1]}{m[2] or ''}\\{m[3] or m[4]}", escaped)
    return re.sub(r"(?i)\b(https?|ftp|mailto|www)([:.])", r"\1\\\2", escaped)


def md_code(text: str) -> str:
    r"""Text as code, between as many backticks as it needs; a bar is escaped for tables.

    >>> print(md_code("a -> b"), md_code("x`y"), md_code("a|b"))
    `a -> b` ``x`y`` `a\|b`
    """
    plain = visible(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if plain[:1] in {"`", ""} or plain[-1:] in {"`", ""} or (plain[0] == plain[-1] == " ") else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def md_rich(runs: Rich) -> str:
    """Text of several styles in one line."""
    return "".join(_run(run) for run in runs)


def _run(run: Run) -> str:
    inner = run.text.strip()
    before, after = (" " if run.text[:1] == " " else ""), (" " if inner and run.text[-1:] == " " else "")
    if not inner:
        return before
    made = md_code(inner) if run.style == "code" else md(inner)
    if run.style == "strong":
        made = f"**{made}**"
    if run.to:
        made = f"[{made}](#{run.to})"
    return before + made + after
