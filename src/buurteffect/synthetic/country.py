"""The synthetic country: draw one, and, elsewhere, the truth about it."""

from __future__ import annotations

from collections.abc import Callable

from buurteffect.errors import ProjectError
from buurteffect.synthetic.simulation.run import Run, simulate
from buurteffect.synthetic.simulation.snapshot import Setting, prepare
from buurteffect.synthetic.truth.truth import Truth, draw_truth
from buurteffect.synthetic.world.parameters import WorldParameters
from buurteffect.synthetic.world.scenarios import SIZES, scenario_parameters
from buurteffect.synthetic.world.world import World


def draw_world(
    seed: int = 1,
    size: str = "default",
    scenario: str = "S0",
    parameters: WorldParameters | None = None,
    *,
    keep_people: bool = True,
    progress: Callable[[int], None] | None = None,
) -> World:
    """Draw a country as it was, with its policy.

    Parameters
    ----------
    seed : int
        Same seed, same country.
    size, scenario : str
        One of `SIZES` and one of `SCENARIOS`.
    parameters : WorldParameters, optional
        Parameters to which the scenario's changes are made; the defaults if left out.
    keep_people : bool
        Whether to keep who lives where; without it `World.residence` holds no year and `World.households` no row.
    progress : callable, optional
        Called with every year that is done.

    Raises
    ------
    ProjectError
        If there is no size or scenario of this name.

    Examples
    --------
    >>> world = draw_world(seed=1, size="test")
    >>> world.history.liveability_score.shape
    (28, 60)
    """
    chosen = _checked(size, scenario, parameters)
    setting = prepare(chosen, seed, size)
    run = simulate(setting, keep_people=keep_people, progress=progress)
    return _world(seed, size, scenario, setting, run)


def draw_country(
    seed: int = 1,
    size: str = "default",
    scenario: str = "S0",
    *,
    people: bool = True,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[World, Truth]:
    """Draw a country and the true effects of its policy.

    Parameters
    ----------
    seed, size, scenario
        As of `draw_world`.
    people : bool
        Whether to keep who lives where, and to work out the effects on households.
    workers : int, optional
        Processes beside this one, 0 or 1; the results do not depend on it. Left out, 1 where it pays. A script that
        draws a large country must then guard its entry with ``if __name__ == "__main__"``.
    progress : callable, optional
        Called with every year of the factual simulation that is done.

    Raises
    ------
    ProjectError
        If there is no size or scenario of this name.

    Examples
    --------
    >>> world, truth = draw_country(seed=1, size="test")
    >>> bool((truth.people["own_log_income"] == 0).all())
    True
    """
    chosen = _checked(size, scenario, None)
    setting, run, truth = draw_truth(chosen, seed, size, people=people, workers=workers, progress=progress)
    return _world(seed, size, scenario, setting, run), truth


def _checked(size: str, scenario: str, parameters: WorldParameters | None) -> WorldParameters:
    """Return the parameters of a scenario in a size that exists."""
    if size not in SIZES:
        raise ProjectError(f"no size {size!r}; choose one of {', '.join(SIZES)}")
    return scenario_parameters(scenario, parameters)


def _world(seed: int, size: str, scenario: str, setting: Setting, run: Run) -> World:
    """Return a simulation as a country."""
    return World(seed, size, scenario, setting.geography, run.history, run.residence, run.households, run.projects)
