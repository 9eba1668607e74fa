"""The command line. Errors are one line a problem on standard error and end with exit code 2."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments name."""
    try:
        _run()
    except KeyboardInterrupt:
        print("interrupted; the audit folder is as it was", file=sys.stderr)
        sys.exit(130)


def _run() -> None:
    import typer

    from auditkit.cli.app import app
    from auditkit.cli.plain import said
    from auditkit.errors import AuditkitError

    # every mistake in a call, also with a version of typer that brings its own click
    bad_call: type[Exception] = typer.BadParameter.__mro__[1]

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a Windows console may be set to less
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except AuditkitError as error:
        said(error, file=sys.stderr)
        sys.exit(2)
    except bad_call as error:
        if str(error):  # without any argument the help has been printed, and there is nothing to add
            said(_told(error), file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _told(error: Exception) -> str:
    """A mistake in a call as one line: where, what, and the way out."""
    context = getattr(error, "ctx", None)
    where = "auditkit" if context is None else context.command_path
    text = " ".join(getattr(error, "format_message", error.__str__)().split()).rstrip(".").replace("Value error, ", "")
    return f"{where}  {text}  see: {where} --help"
