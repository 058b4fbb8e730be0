"""Which library computed a figure, with its version."""

from __future__ import annotations

from importlib.metadata import version


def software_versions(*names: str) -> str:
    """Return the libraries with their versions, as they are written under a table.

    Examples
    --------
    >>> software_versions("numpy").startswith("numpy ")
    True
    """
    return ", ".join(f"{name} {version(name)}" for name in names)
