"""SES-WOA: scores of the social status of areas from income, education and work."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import ProjectError
from buurteffect.project import writing
from buurteffect.synthetic.publishing.areas.boundary_changes import PREFIXES, Vintages
from buurteffect.synthetic.publishing.areas.figures import area_name, area_names
from buurteffect.synthetic.world.world import World

YEARS = tuple(range(2014, 2022))
FILE = Path("ses_woa") / "SES_WOA_scores_per_wijk_en_buurt_regio-indeling_2021_synthetic.csv"
SCORE_SD = 0.25
"""SD between buurten of the mean score, over households; of the order of that between real buurten."""

SPREAD_MEAN, SPREAD_SD = 0.9, 0.08
"""Mean and SD between buurten of the spread within them, which lies at about 0.7 to 1.1 in the real file."""

HOUSEHOLDS_THRESHOLD = 100
_HEADER = (
    "Perioden",
    "Wijken en buurten",
    "Regiocode (gemeente, wijk, buurt) (code)",
    "Particuliere huishoudens (Aantal)",
    "Opleidingsniveau/Laag/Waarde (%)",
    "Opleidingsniveau/Middelbaar/Waarde (%)",
    "Opleidingsniveau/Hoog/Waarde (%)",
    "SES-WOA/Totaalscore/Gemiddelde score (Getal)",
    "Spreiding/Spreiding totaal/Waarde (Getal)",
)
_EDUCATION = ("education_low_count", "education_middle_count", "education_high_count")
_BENEFITS = ("social_assistance_count", "unemployment_benefit_count", "disability_benefit_count")
_NEEDED = ("households_count", "inhabitants_count", "household_income_standardised_eur", *_EDUCATION, *_BENEFITS)
_STREAM = 0x5E5
_Values = NDArray[np.float64]


def publish_ses_woa(world: World, vintages: Vintages, census: Mapping[int, pd.DataFrame], folder: Path) -> None:
    """Write the scores of all years to `FILE`, all areas in the vintage of the last of them.

    The score of a buurt is the mean of three standardised parts: the log of its mean household income, its
    education (the share of high less that of low) and its work (the share of persons without a benefit). Over
    the country's households it has mean 0 in every year. The spread within an area is drawn. The last year is
    marked as provisional. `census` holds true values per buurt by year.

    Raises
    ------
    ProjectError
        If the census lacks a year or a concept that the score is made of.
    """
    stream = np.random.default_rng(np.random.SeedSequence([world.seed, _STREAM]))
    spread = SPREAD_MEAN + SPREAD_SD * stream.standard_normal(len(world.geography.buurten))
    names = area_names(world)
    rows = [_year_rows(names, vintages, census, year, spread) for year in YEARS]
    with writing(folder / FILE) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        file.write("\ufeff")
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(_HEADER)
        for part in rows:
            writer.writerows(part)


def _year_rows(
    names: Mapping[str, str], vintages: Vintages, census: Mapping[int, pd.DataFrame], year: int, spread: _Values
) -> list[tuple[str, ...]]:
    """Return the rows of one year: gemeenten, wijken and buurten in the order of their codes."""
    values = buurt_scores(census, year).assign(spread=spread)
    pieces = values.iloc[vintages.buurt]
    households = pieces["households"].to_numpy() * vintages.share
    weighed = pieces.mul(households, axis=0).assign(households=households)
    frames = []
    for level, prefix in PREFIXES.items():
        codes = np.char.add(prefix, vintages.codes_at(YEARS[-1], level))
        total = weighed.groupby(codes).sum()
        mean = total.div(total["households"].where(total["households"] > 0), axis=0)
        frames.append(mean.assign(households=total["households"]))
    frame = pd.concat(frames)
    frame = frame.loc[sorted(frame.index, key=lambda area: area[2:])]
    households = np.floor(frame["households"] / 100 + 0.5) * 100
    few = (households <= HOUSEHOLDS_THRESHOLD).to_numpy()
    low, high = np.round(100 * frame["low"], 1), np.round(100 * frame["high"], 1)
    cells = [
        _padded(households, 0, np.zeros(len(frame), dtype=bool)),
        *(_padded(part, 1, few) for part in (low, 100 - low - high, high)),
        *(_padded(frame[part], 3, few) for part in ("score", "spread")),
    ]
    period = f"{year}*" if year == YEARS[-1] else str(year)
    called = [area_name(code, names) for code in frame.index]
    return list(zip([period] * len(frame), called, [f"{c:<10}" for c in frame.index], *cells, strict=True))


def buurt_scores(census: Mapping[int, pd.DataFrame], year: int) -> pd.DataFrame:
    """Return households, shares of low and high education and the score of every buurt in a year.

    Raises
    ------
    ProjectError
        If the census lacks the year or a concept that the score is made of.
    """
    rows = census.get(year, pd.DataFrame())
    if absent := [name for name in _NEEDED if name not in rows or rows[name].isna().all()]:
        raise ProjectError(f"the census of {year} lacks {', '.join(absent)}, of which SES-WOA is made")
    known = rows[list(_NEEDED)].fillna(0.0)
    households = known["households_count"].to_numpy(dtype=np.float64)
    low, middle, high = (known[name].to_numpy(dtype=np.float64) for name in _EDUCATION)
    educated = np.maximum(low + middle + high, 1.0)
    income = np.log(np.maximum(known["household_income_standardised_eur"].to_numpy(dtype=np.float64), 1_000.0))
    benefits = known[list(_BENEFITS)].sum(axis=1).to_numpy(dtype=np.float64)
    work = -benefits / np.maximum(known["inhabitants_count"].to_numpy(dtype=np.float64), 1.0)
    parts = [_standardised(part, households) for part in (income, (high - low) / educated, work)]
    return pd.DataFrame(
        {
            "households": households,
            "low": low / educated,
            "high": high / educated,
            "score": SCORE_SD * _standardised(np.sum(parts, axis=0), households),
        },
        index=rows.index,
    )


def _standardised(values: _Values, weight: _Values) -> _Values:
    """Return values with weighted mean 0 and SD 1."""
    centred = values - np.average(values, weights=weight)
    sd = np.sqrt(np.average(centred**2, weights=weight))
    return np.asarray(centred / sd if sd > 0 else centred)


def _padded(values: pd.Series, decimals: int, withheld: NDArray[np.bool_]) -> list[str]:
    """Return figures padded to eight places, a dot where they are withheld or none."""
    rounded = np.round(values.to_numpy(dtype=np.float64), decimals) + 0.0  # no minus before a zero
    return [
        f"{'.':>8}" if hide or value != value else f"{value:>8.{decimals}f}"
        for value, hide in zip(rounded.tolist(), withheld.tolist(), strict=True)
    ]
