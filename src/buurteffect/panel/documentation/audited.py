"""The key figures that an audit looks at: of the level that has some, as published and on the areas of one year."""

from __future__ import annotations

from dataclasses import dataclass

from buurteffect.errors import MissingDataError
from buurteffect.panel.areas.panel_files import KeyFiguresPanel, has_key_figures, read_key_figures_panel
from buurteffect.panel.areas.scored import AVAILABLE
from buurteffect.project import Project

PREFERRED = ("wijk", "buurt", "gemeente")
"""Levels in the order in which one with key figures is looked for."""


@dataclass(frozen=True, eq=False)
class AuditedKeyFigures:
    """The key figures of one level.

    Attributes
    ----------
    published : KeyFiguresPanel
        As published.
    brought : KeyFiguresPanel or None
        Under the rule asked for; None where it cannot be had.
    lacking : MissingDataError or None
        What is missing for it then.
    """

    published: KeyFiguresPanel
    brought: KeyFiguresPanel | None
    lacking: MissingDataError | None


def audited_key_figures(source: str, level: str, rule: str, project: Project | None = None) -> AuditedKeyFigures:
    """Return the key figures of one level, as published and under a rule.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    level : {"available", "wijk", "buurt", "gemeente"}
        A level, or ``available`` for the first of wijk, buurt and gemeente that has key figures.
    rule : {"harmonised", "unchanged_only"}
        How years are brought to the areas of one year.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    MissingDataError
        If there are no key figures of the level.
    """
    there = [name for name in PREFERRED if has_key_figures(source, name, project)]
    chosen = (there or [PREFERRED[0]])[0] if level == AVAILABLE else level
    published = read_key_figures_panel(source, chosen, project=project)
    try:
        return AuditedKeyFigures(published, read_key_figures_panel(source, chosen, rule, project), None)
    except MissingDataError as error:
        return AuditedKeyFigures(published, None, error)
