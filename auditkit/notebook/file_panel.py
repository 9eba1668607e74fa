"""Choosing files: browse to them, write their paths, or upload small ones; whoever takes them says what came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.notebook.panel import Panel, told

UP = ".."


def file_panel(take: Callable[[Sequence[Path]], str], accept: str, shown: Callable[[], str], start: Path | None = None) -> Panel:
    """Choose files and hand them to `take`; what it says is shown, and so is a refusal.

    `accept` lists the endings that are offered, with commas; a path that is written may end in anything. Parts: `place`,
    `entries`, `add`, `paths`, `upload`, `go`, `result`, `message`.
    """
    wide = widgets.Layout(width="40rem", max_width="100%")
    place, entries, add = _browser(start or Path.cwd(), tuple(accept.split(",")))
    paths = widgets.Textarea(placeholder="paths of files on this machine, one a line", description="Files", rows=3, layout=wide)
    upload = widgets.FileUpload(accept=accept, multiple=True, description="Upload", tooltip="up to 10 MB; larger files by path")
    go = widgets.Button(description="Take them in", button_style="primary", tooltip="reads the files and saves what they say")
    result, message = widgets.HTML(shown()), widgets.HTML()

    def added(_: Any) -> None:
        listed = [line for line in paths.value.splitlines() if line.strip()]
        new = [str(Path(place.value) / name) for name in entries.value if not name.endswith("/") and name != UP]
        paths.value = "\n".join(dict.fromkeys([*listed, *new]))

    def act() -> str:
        with tempfile.TemporaryDirectory() as there:
            files = [Path(line.strip()).expanduser() for line in paths.value.splitlines() if line.strip()]
            for item in upload.value:
                copy = Path(there) / Path(item["name"]).name
                copy.write_bytes(bytes(item["content"]))
                files.append(copy)
            if not files:
                raise InputError.of("Files", "nothing was chosen", "choose a file, write a path, or upload a file")
            said = take(files)
        upload.value, paths.value = (), ""
        result.value = shown()
        return said

    add.on_click(added)
    go.on_click(lambda _: told(message, act))
    browse = widgets.Accordion([widgets.VBox([place, entries, add])], titles=("Browse this machine",), selected_index=None)
    box = widgets.VBox([paths, browse, widgets.HBox([upload, go]), message, result])
    parts = {"place": place, "entries": entries, "add": add, "paths": paths, "upload": upload, "go": go}
    return Panel(box, {**parts, "result": result, "message": message})


def _browser(start: Path, endings: tuple[str, ...]) -> tuple[Any, Any, Any]:
    wide = widgets.Layout(width="40rem", max_width="100%")
    place = widgets.Text(value=str(start.resolve()), description="Folder", continuous_update=False, layout=wide)
    entries = widgets.SelectMultiple(description="Holds", rows=8, layout=wide)
    add = widgets.Button(description="Add, or open the folder", layout=widgets.Layout(width="14rem"))

    def fill(_: Any = None) -> None:
        entries.options = listing(Path(place.value).expanduser(), endings)

    def opened(_: Any) -> None:
        folder = next((name for name in entries.value if name == UP or name.endswith("/")), None)
        if folder is not None:
            place.value = str((Path(place.value).expanduser() / folder).resolve())

    place.observe(fill, "value")
    add.on_click(opened)
    fill()
    return place, entries, add


def listing(folder: Path, endings: tuple[str, ...]) -> list[str]:
    """What a folder holds: the way up, folders (with `/`), then files with one of the endings; nothing where it cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as there:
    ...     _ = [(Path(there) / name).write_text("") for name in ("calls.csv", "notes.txt")]
    ...     (Path(there) / "k8s").mkdir()
    ...     listing(Path(there), (".csv",))
    ['..', 'k8s/', 'calls.csv']
    """
    try:
        inside = sorted((path.name, path.is_dir()) for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return [UP]
    folders = [f"{name}/" for name, is_folder in inside if is_folder]
    return [UP, *folders, *(name for name, is_folder in inside if not is_folder and name.lower().endswith(endings))]
