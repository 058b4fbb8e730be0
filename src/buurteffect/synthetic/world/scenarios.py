"""Named countries: sizes, and scenarios in which one thing is known to be so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from buurteffect.errors import ProjectError
from buurteffect.synthetic.world.parameters import ByKind, WorldParameters


@dataclass(frozen=True)
class Size:
    """How large a country is.

    Attributes
    ----------
    gemeenten, wijken_per_gemeente : tuple of int
        For each kind of gemeente, in the order of `GEMEENTE_KINDS`: how many, and the wijken of all of them together.
    buurten : int
        Buurten in the country.
    dwellings_per_buurt : int
        Simulated dwellings in each.
    """

    gemeenten: tuple[int, int, int, int]
    wijken: tuple[int, int, int, int]
    buurten: int
    dwellings_per_buurt: int


SIZES: Mapping[str, Size] = MappingProxyType(
    {
        "test": Size((1, 2, 1, 2), (6, 6, 3, 3), 60, 60),
        "scoreboard": Size((4, 16, 8, 12), (40, 80, 32, 40), 960, 30),
        "default": Size((2, 8, 4, 10), (24, 40, 20, 36), 480, 150),
        "national": Size((4, 36, 17, 288), (240, 720, 255, 2_085), 14_000, 150),
    }
)


@dataclass(frozen=True)
class Scenario:
    """A country in which something is known to be so.

    Attributes
    ----------
    meaning : str
        What is so, in one sentence.
    changes : mapping of str to mapping
        Group of parameters to the parameters in it that differ from the default.
    """

    meaning: str
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, parameters: WorldParameters) -> WorldParameters:
        """Return the parameters with this scenario's changes."""
        changed = {group: replace(getattr(parameters, group), **values) for group, values in self.changes.items()}
        return replace(parameters, **changed)


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "S0": Scenario("Default: restructuring helps the place, moves the poor elsewhere and leaves incomes alone."),
        "S1": Scenario(
            "Placebo: projects are chosen and registered, and nothing whatever is done.", {"policy": {"works": False}}
        ),
        "S2": Scenario(
            "Whoever lived in a buurt the year before its restructuring began earns 1% more, wherever they live later.",
            {"population": {"incumbent_effect": 0.01}},
        ),
        "S3": Scenario(
            "Neither scores nor prices spill over; only the households that move carry anything elsewhere.",
            {"score": {"ring": 0.0, "receiving": 0.0}, "price": {"ring": 0.0}},
        ),
        "S4": Scenario(
            "Pure waterbed: a place gains nothing but other residents, its surroundings are touched as ever.",
            {"score": {"amenity": 0.0}},
        ),
        "S5": Scenario("Stigma: the announcement of a project lowers prices by 4%.", {"price": {"stigma": -0.04}}),
        "S6": Scenario(
            "Parallel trends: buurten are drawn by lot from the whole country, whatever their level and trend, every "
            "buurt holds social rent, and scores depend neither on what is done elsewhere nor on who lives there.",
            {
                "policy": {
                    "takes_part": ByKind(1, 1, 1, 1),
                    "social_share_above": 0.0,
                    "weight_level": 0.0,
                    "weight_dip": 0.0,
                    "capacity_sd": 0.0,
                },
                "stock": {"social_least": 0.20},
                "score": {"ring": 0.0, "receiving": 0.0, "on_low_income": 0.0},
                "price": {"ring": 0.0},
            },
        ),
        "S7": Scenario(
            "Strong dip: buurten are chosen for a fall of their score above all.",
            {"policy": {"weight_dip": 6.0, "weight_level": 0.5}},
        ),
        "S8": Scenario(
            "Segregation by income falls, because incomes count ever less in who gets which dwelling.",
            {"market": {"noise_slope": 0.024}},
        ),
        "S9": Scenario("New Towns age: their score falls by .003 a year.", {"score": {"new_town_slope": -0.003}}),
        "S10": Scenario(
            "The end of the policy hurts: after 2012 a restructured buurt loses .003 a year, by its dose.",
            {"score": {"policy_stop": -0.003}},
        ),
        "S11": Scenario(
            "Boundary chaos: 15% of the buurten are recoded, merged, split or trade ground in an average year of the "
            "key figures; all of it within their wijk, so that figures of wijken change no more than in S0.",
            {"publication": {"recoded_share": 0.15}},
        ),
        "S12": Scenario(
            "Few clusters: all projects lie in three gemeenten, drawn by lot.", {"policy": {"gemeenten_at_most": 3}}
        ),
    }
)


def scenario_parameters(scenario: str, parameters: WorldParameters | None = None) -> WorldParameters:
    """Return the parameters of a scenario.

    Raises
    ------
    ProjectError
        If there is no scenario of this name.
    """
    if scenario not in SCENARIOS:
        raise ProjectError(f"no scenario {scenario!r}; choose one of {', '.join(SCENARIOS)}")
    return SCENARIOS[scenario].of(parameters or WorldParameters())
