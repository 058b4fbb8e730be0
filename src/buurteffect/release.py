"""The one gate between estimates and anything that is published.

Open and synthetic data hold no persons and pass. For microdata the gate is closed: until disclosure control
is part of this project, nothing that was made from person registers leaves it, and no setting opens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from buurteffect.errors import DisclosureError

_PUBLIC_SOURCES = ("synthetic", "open")
T = TypeVar("T")


@dataclass(frozen=True)
class Gate:
    """The gate for one source of data.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    """

    source: str

    def release(self, item: T, what: str) -> T:
        """Return `item` unchanged if it may be published.

        Parameters
        ----------
        item : object
            A table, a figure's data, a sentence.
        what : str
            What it is, for the error; never its values.

        Raises
        ------
        DisclosureError
            For every source that is not known to be public, microdata included.
        """
        if self.source not in _PUBLIC_SOURCES:
            raise DisclosureError(
                f"{what} comes from source {self.source!r} and is not released: disclosure control for person "
                "registers is not part of this version, so nothing made from them can be published with it"
            )
        return item
