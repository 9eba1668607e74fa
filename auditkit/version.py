"""The version, known without asking the installed package."""

from typing import Final

VERSION: Final = "0.1.0"
