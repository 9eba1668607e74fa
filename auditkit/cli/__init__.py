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
    from auditkit.cli.app import app
    from auditkit.errors import AuditkitError

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a Windows console may be set to less
    try:
        app()
    except AuditkitError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
