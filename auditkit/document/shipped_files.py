"""Where the workbook's own files are: in the checkout, or inside the installed wheel."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal


def shipped(folder: Literal["templates", "notebooks", "data"]) -> Traversable:
    """One of the folders that travel with the package. Raises `FileNotFoundError` where the installation is damaged.

    >>> shipped("templates").joinpath("strategy.md.j2").is_file()
    True
    """
    package = files("auditkit")
    in_wheel = package.joinpath("_shipped", folder)
    if in_wheel.is_dir():
        return in_wheel
    in_checkout = Path(str(package)).parent / folder
    if in_checkout.is_dir():
        return in_checkout
    raise FileNotFoundError(f"{folder} of auditkit is neither in {in_wheel} nor in {in_checkout}; install it again")
