"""Parts of kernels: linked into the kernels that call them, and never made into machine code of their own.

numba makes every function ready to run by itself, sixty times for the kernel; as only whole kernels are called from outside,
that was a sixth of the time to compile. What a kernel does, and how fast, is the same. Import inside functions only.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import AnalysisPass, register_pass
from numba.core.typed_passes import AnnotateTypes

_passes_of: Any = DefaultPassBuilder.define_nopython_pipeline  # numba's compiler has hardly any types
_register: Any = register_pass(mutates_CFG=False, analysis_only=True)  # type: ignore[no-untyped-call]


class _Silent:
    """In place of the engine, which knows nothing of code that it does not run."""

    def set_env(self, name: str, environment: object) -> None:
        """Nothing runs in it."""


class _Linked(JITCodeLibrary):
    """Code for other code to link in: optimised, and left at that."""

    @property
    def codegen(self) -> _Silent:
        return _Silent()

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._verify_declare_only_symbols()  # type: ignore[no-untyped-call]
        self._finalized = True


@_register
class _IntoALibrary(AnalysisPass):
    """Put what is made of a function there."""

    _name = "into_a_library_to_link"

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def run_pass(self, state: Any) -> bool:
        """Before the function is lowered, which else makes a library that runs."""
        state.library = _Linked(state.targetctx.codegen(), state.func_id.func_qualname)  # type: ignore[no-untyped-call]
        return False


class PartCompiler(CompilerBase):
    """numba's own passes, but the end of the last one."""

    def define_pipelines(self) -> list[Any]:
        """Its only pipeline."""
        passes = _passes_of(self.state)
        passes.add_pass_after(_IntoALibrary, AnnotateTypes)
        passes.finalize()
        return [passes]
