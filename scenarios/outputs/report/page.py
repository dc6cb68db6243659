"""``report.html``: the page put together. One file, nothing from the network, and only its own scripts may run."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rasters.errors import ExportError
from rasters.files.writing import replacing
from scenarios.outputs.report.payload import Contents, payload

__all__ = ["REPORT", "write_report"]

REPORT = "report.html"
HERE = Path(__file__).parent
STYLES = ("vendor/maplibre-gl.css", "assets/page.css")
SCRIPTS = ("words", "solver", "rasters", "mapview", "tools", "scenario", "whatif", "tables", "address", "app")
LICENCE = "vendor/LICENSE-maplibre-gl.txt"


def write_report(folder: str | Path, contents: Contents) -> Path:
    """Write ``report.html`` at the root of a result folder.

    Parameters
    ----------
    folder : path
    contents : Contents
        Runs as they were generalised for their audience: the page says no more than they hold.
    """
    folder = Path(folder)
    if not contents.runs:
        raise ExportError(f"{folder / REPORT}: there is no run to show")
    text = page(payload(contents))
    with replacing(folder / REPORT) as part:
        part.write_text(text, encoding="utf-8")
    return folder / REPORT


def page(data: dict[str, Any]) -> str:
    """The page as text."""
    styles = [_text(name) for name in STYLES]
    scripts = [_library(), *(_text(f"assets/{name}.js") for name in SCRIPTS)]
    environment = Environment(loader=FileSystemLoader(HERE / "assets"), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html").render(
        policy=_policy(scripts, styles),
        title=data["study"]["title"],
        program=data["program"],
        note=data["note"],
        badge=data["badge"],
        styles=_inline("style", styles),
        scripts=_inline("script", scripts),
        data=_embedded(data),
        lang=data["lang"] or "en",
    )


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _library() -> str:
    """MapLibre GL JS with its licence in front, without the line that names a file that is not here."""
    code = _text("vendor/maplibre-gl.js").replace("//# sourceMappingURL=maplibre-gl.js.map", "")
    return f"/*\n{_text(LICENCE)}*/\n{code}"


def _policy(scripts: list[str], styles: list[str]) -> str:
    """What the browser may do: run these scripts, use these styles, draw what is in the page; connect to nothing."""
    rules = {
        "default-src": ["'none'"],
        "script-src": [_hash(text) for text in scripts],
        "style-src": [_hash(text) for text in styles],
        "img-src": ["data:", "blob:"],
        "worker-src": ["blob:"],
        "connect-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(" ".join([name, *values]) for name, values in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inline(tag: str, texts: list[str]) -> Markup:
    if any(f"</{tag}" in text.lower() for text in texts):
        raise AssertionError(f"a {tag} of the page holds its own end tag")
    return Markup("\n".join(f"<{tag}>{text}</{tag}>" for text in texts))


def _embedded(data: dict[str, Any]) -> Markup:
    """JSON that cannot end its own element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))
