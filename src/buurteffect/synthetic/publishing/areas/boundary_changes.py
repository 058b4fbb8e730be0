"""Boundary events: how the areas of a simulated country were cut and numbered in each year.

A country is simulated on the buurten of its last year. They are cut into pieces, so small that no border ever
runs through one, and every year gives each piece a code. An event of year *t* is undone going backwards, from
the codes of *t* to those of the year before:

- recode: the code had another number;
- merge: the code was two, each with a share of its addresses;
- split: the code and a neighbour's were one;
- moved border: a share of the code lay in a neighbour's.

Inside a buurt of the last year everybody is spread evenly over the addresses, so that the share of addresses is
also the share of inhabitants: what becomes of a buurt that is recoded or merged is exactly known, and what a
split leaves unknown is unknown only to those who must work from the published files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import ProjectError
from buurteffect.synthetic.world.scenarios import scenario_parameters
from buurteffect.synthetic.world.world import World

KWB_YEARS = (1995, 1997, 1999, 2001, *range(2003, 2023))
"""Years of the key figures. What changed in between is booked in the next of them, as the flags then tell."""

WIDTHS = {"gemeente": 4, "wijk": 6, "buurt": 8}
"""Digits and capitals of a code by level, without its prefix."""

PREFIXES = {"gemeente": "GM", "wijk": "WK", "buurt": "BU"}

KINDS = ("recode", "merge", "split", "moved border")

_STREAM = 0xB0D
_LARGEST_GEMEENTE = 9999
_MOST_PIECES = 6
_SERIALS = tuple(f"{n:02d}" for n in range(99, -1, -1)) + tuple(f"{c}{n}" for c in "ABCDEFGHKLM" for n in range(10))


@dataclass(frozen=True)
class BoundaryChanges:
    """How much the areas change.

    Parameters
    ----------
    share_per_year : float
        Share of the buurten that have an event in an average year of the key figures. Years differ: the
        number is drawn from a gamma distribution with variance 2, few in most years and many in some.
    kinds : tuple of float
        Shares of recode, merge, split and moved border among the events.
    mergers : int
        Gemeenten of the last year that were two before.
    least_share : float
        Least share of a code's addresses that a merge or a moved border takes; the most is 1 less that.
    """

    share_per_year: float = 0.03
    kinds: tuple[float, float, float, float] = (0.40, 0.20, 0.20, 0.20)
    mergers: int = 2
    least_share: float = 0.2

    @classmethod
    def of(cls, scenario: str) -> BoundaryChanges:
        """Return the changes of a scenario (`scenario_parameters`)."""
        return cls(share_per_year=scenario_parameters(scenario).publication.recoded_share)


@dataclass(frozen=True, eq=False)
class Vintages:
    """The areas of every year.

    Attributes
    ----------
    years : tuple of int
        Years in ascending order.
    buurt : ndarray of int, shape (pieces,)
        Position of the simulated buurt that each piece is of.
    share : ndarray of float, shape (pieces,)
        Share of that buurt's addresses; the shares of a buurt sum to 1.
    codes : dict of int to ndarray of str, shape (pieces,)
        By year, the eight digits and capitals of the buurt that each piece lies in.
    flags : DataFrame
        One row per wijk or buurt and year: ``year, level, code, flag``. 1: the code stood for the same pieces in
        the year before; 2: another code did; 3: none did. Missing in the first year.
    events : DataFrame
        One row per event: ``year, kind, code`` (in that year) ``, other_code`` (the code it had, or the
        neighbour's).
    """

    years: tuple[int, ...]
    buurt: NDArray[np.int64]
    share: NDArray[np.float64]
    codes: dict[int, NDArray[np.str_]]
    flags: pd.DataFrame
    events: pd.DataFrame

    def codes_at(self, year: int, level: str) -> NDArray[np.str_]:
        """Return the code of every piece in a year, without prefix."""
        return self.codes[year].astype(f"U{WIDTHS[level]}")


def draw_vintages(world: World, changes: BoundaryChanges | None = None) -> Vintages:
    """Draw the areas of every year of the key figures, backwards from those of the last.

    The seed is the country's; by default as much changes as the country's scenario says.

    Raises
    ------
    ProjectError
        If a code of the world is none, a wijk runs out of codes, or the settings make no sense.
    """
    changes = changes or BoundaryChanges.of(world.scenario)
    if not np.isclose(sum(changes.kinds), 1.0) or not 0 < changes.least_share <= 0.5:
        raise ProjectError(
            f"boundary changes with shares {changes.kinds} of the kinds and least share {changes.least_share}: the "
            "shares must sum to 1, and the least share must lie above 0 and at most at 0.5"
        )
    stream = np.random.default_rng(np.random.SeedSequence([world.seed, _STREAM]))
    atlas = _Atlas.of(world)
    mergers = _draw_mergers(world, changes, stream)
    later: list[list[str]] = [list(atlas.code)]
    for year in reversed(KWB_YEARS[1:]):
        merging = mergers.get(year, "")
        _undo_events(atlas, later, year, merging, changes, stream)
        if merging:
            _undo_merger(atlas, year, merging)
        later.append(list(atlas.code))
    codes = {year: np.array(listed, dtype="U8") for year, listed in zip(reversed(KWB_YEARS), later, strict=True)}
    return Vintages(
        KWB_YEARS,
        np.array(atlas.buurt, dtype=np.int64),
        np.array(atlas.share, dtype=np.float64),
        codes,
        _flags(codes),
        pd.DataFrame(atlas.events, columns=["year", "kind", "code", "other_code"]),
    )


def true_crosswalk(
    vintages: Vintages, addresses: NDArray[np.float64], year_from: int, year_to: int, level: str
) -> pd.DataFrame:
    """Return the addresses that areas of one year share with those of another: ``source, target, addresses``.

    `addresses`, shape (buurten,), are those of each simulated buurt. One row is a pair of codes, without prefix, of a
    level (``buurt``, ``wijk`` or ``gemeente``) that share a piece.
    """
    frame = pd.DataFrame(
        {
            "source": vintages.codes_at(year_from, level),
            "target": vintages.codes_at(year_to, level),
            "addresses": vintages.share * addresses[vintages.buurt],
        }
    )
    return frame.groupby(["source", "target"], as_index=False)["addresses"].sum()


@dataclass
class _Atlas:
    """The pieces and their codes while time runs backwards."""

    buurt: list[int]
    share: list[float]
    code: list[str]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    used: set[str]
    gemeenten: set[str]
    events: list[tuple[int, str, str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, world: World) -> _Atlas:
        """Begin with one piece per buurt."""
        buurten = world.geography.buurten
        codes = [str(code).removeprefix("BU") for code in buurten["buurt_code"]]
        if any(len(code) != WIDTHS["buurt"] for code in codes) or len(set(codes)) != len(codes):
            raise ProjectError("the country has a buurt without a code of its own of BU and eight digits")
        gemeenten = {code[:4] for code in codes}
        x_m, y_m = buurten["x_m"].to_numpy(dtype=float), buurten["y_m"].to_numpy(dtype=float)
        return cls(list(range(len(codes))), [1.0] * len(codes), codes, x_m, y_m, set(codes), gemeenten)

    def pieces_of(self) -> dict[str, list[int]]:
        """Return the pieces of every code."""
        found: dict[str, list[int]] = {}
        for piece, code in enumerate(self.code):
            found.setdefault(code, []).append(piece)
        return found

    def fresh(self, wijk: str) -> str:
        """Return a code of a wijk that no year has used."""
        code = next((wijk + serial for serial in _SERIALS if wijk + serial not in self.used), None)
        if code is None:
            raise ProjectError(f"wijk WK{wijk} has used up all codes of its buurten: lower the share of changes")
        self.used.add(code)
        return code

    def fresh_gemeente(self) -> str:
        """Return a code of a gemeente that no year has used."""
        code = next(str(n) for n in range(_LARGEST_GEMEENTE, 9000, -1) if str(n) not in self.gemeenten)
        self.gemeenten.add(code)
        return code

    def nearest(self, piece: int, others: list[int]) -> int:
        """Return which of other pieces lies nearest to one."""
        mine, theirs = self.buurt[piece], np.array([self.buurt[other] for other in others])
        distance = np.hypot(self.x_m[theirs] - self.x_m[mine], self.y_m[theirs] - self.y_m[mine])
        return others[int(distance.argmin())]

    def cut(self, pieces: list[int], share: float, later: list[list[str]]) -> list[int]:
        """Cut a share off each piece; return the parts cut off, which later years do not tell from the rest."""
        parts = []
        for piece in pieces:
            parts.append(len(self.code))
            self.buurt.append(self.buurt[piece])
            self.share.append(self.share[piece] * share)
            self.share[piece] *= 1 - share
            self.code.append(self.code[piece])
            for codes in later:
                codes.append(codes[piece])
        return parts

    def recode(self, pieces: list[int], code: str) -> None:
        """Give pieces a code."""
        for piece in pieces:
            self.code[piece] = code


def _draw_mergers(world: World, changes: BoundaryChanges, stream: np.random.Generator) -> dict[int, str]:
    """Return the gemeente that is formed of two in a year, by year: small ones of at least two wijken."""
    wijken = world.geography.wijken.groupby("gemeente_code").size()
    kinds = world.geography.gemeenten.set_index("gemeente_code")["kind"]
    eligible = [code for code in sorted(kinds.index[kinds == "small"]) if wijken.get(code, 0) >= 2]
    count = min(changes.mergers, len(eligible))
    chosen = stream.choice(len(eligible), size=count, replace=False) if count else np.array([], dtype=np.int64)
    years = stream.choice(np.array(KWB_YEARS[4:-2]), size=count, replace=False)
    return {int(year): str(eligible[int(one)])[2:] for year, one in zip(years, chosen, strict=True)}


def _undo_events(
    atlas: _Atlas,
    later: list[list[str]],
    year: int,
    merging: str,
    changes: BoundaryChanges,
    stream: np.random.Generator,
) -> None:
    """Undo a year's events one by one; a code takes part in one of them at most."""
    pieces = {code: found for code, found in atlas.pieces_of().items() if code[:4] != merging}
    codes = sorted(pieces)
    of_wijk: dict[str, list[str]] = {}
    for code in codes:
        of_wijk.setdefault(code[:6], []).append(code)
    count = min(round(changes.share_per_year * stream.gamma(0.5, 2.0) * len(codes)), len(codes))
    taken: set[str] = set()
    for code in (codes[int(k)] for k in stream.permutation(len(codes))):
        if len(taken) >= count:
            return
        if code in taken:
            continue
        kind = KINDS[int(stream.choice(len(KINDS), p=changes.kinds))]
        share = float(stream.uniform(changes.least_share, 1 - changes.least_share))
        near = [pieces[other][0] for other in of_wijk[code[:6]] if other != code and other not in taken]
        if (kind in ("split", "moved border") and not near) or len(pieces[code]) > _MOST_PIECES:
            kind = "recode"
        taken.add(code)
        if kind == "recode":
            other = atlas.fresh(code[:6])
            atlas.recode(pieces[code], other)
        elif kind == "merge":
            other = atlas.fresh(code[:6])
            atlas.recode(atlas.cut(pieces[code], share, later), other)
        else:
            other = atlas.code[atlas.nearest(pieces[code][0], near)]
            taken.add(other)
            moved = pieces[code] if kind == "split" else atlas.cut(pieces[code], share, later)
            atlas.recode(moved, other)
        atlas.events.append((year, kind, code, other))


def _undo_merger(atlas: _Atlas, year: int, merging: str) -> None:
    """Divide a gemeente over the two that formed it; their wijken and buurten had codes of their own."""
    wijken = sorted({code[:6] for code in atlas.code if code[:4] == merging})
    half = len(wijken) // 2
    new: dict[str, str] = {}
    for part in (wijken[:half], wijken[half:]):
        gemeente = atlas.fresh_gemeente()
        new |= {wijk: f"{gemeente}{number:02d}" for number, wijk in enumerate(part)}
        atlas.events.append((year, "merger of gemeenten", merging, gemeente))
    for piece, code in enumerate(atlas.code):
        if code[:6] in new:
            atlas.code[piece] = new[code[:6]] + code[6:]
            atlas.used.add(atlas.code[piece])


def _flags(codes: Mapping[int, NDArray[np.str_]]) -> pd.DataFrame:
    """Return the flag of every wijk and buurt: what its pieces were the year before."""
    parts = []
    before: dict[str, dict[str, frozenset[int]]] = {}
    for year in sorted(codes):
        for level in ("wijk", "buurt"):
            now = _members(codes[year].astype(f"U{WIDTHS[level]}"))
            was = before.get(level)
            if was is None:
                flags = [np.nan] * len(now)
            else:
                known = set(was.values())
                flags = [
                    1.0 if was.get(code) == members else 2.0 if members in known else 3.0
                    for code, members in now.items()
                ]
            before[level] = now
            parts.append(pd.DataFrame({"year": year, "level": level, "code": list(now), "flag": flags}))
    return pd.concat(parts, ignore_index=True)


def _members(codes: NDArray[np.str_]) -> dict[str, frozenset[int]]:
    """Return the pieces of every code."""
    unique, position = np.unique(codes, return_inverse=True)
    order = np.argsort(position, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(position))[:-1])
    return {str(code): frozenset(group.tolist()) for code, group in zip(unique, groups, strict=True)}
