"""The templates of pages, their style, and how they are filled: all values are escaped, and none may be missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(str(resources.files("buurteffect.report") / "templates"))


def filled(name: str, page: Mapping[str, Any], **filters: Callable[..., Any]) -> str:
    """Return the template `name` filled with `page` and the style of pages; `filters` are added to those of Jinja."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters |= filters
    return environment.get_template(name).render(page={"css": stylesheet(), **page}) + "\n"


def stylesheet() -> Markup:
    """Return the style of pages and index."""
    return Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
