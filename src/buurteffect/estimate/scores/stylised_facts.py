"""Stylised facts of a country's scores, in one table, so that two countries can be laid side by side."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.bootstrap import Bootstrap
from buurteffect.estimate.measurement.variance import fit_variance_components
from buurteffect.estimate.measurement.waves import Waves

CORRELATED = ((2002, 2022), (2002, 2008), (2008, 2012), (2012, 2014), (2014, 2018), (2018, 2022))
SPREAD = (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022)
_BREAK_YEAR = 2014


def score_facts(waves: Waves) -> pd.DataFrame:
    """Return what is known of the level, spread, persistence and decline of the scores.

    Parameters
    ----------
    waves : Waves
        Scores of one level, 2002 to 2022.

    Returns
    -------
    DataFrame
        One row per fact: ``fact`` (its name), ``label``, ``unit``, ``estimate``, ``units_count`` (areas).

    Raises
    ------
    EstimationError
        If a wave is missing.
    """
    points, rows = "LBM points", []
    for year in SPREAD:
        values = waves.column(year)[waves.scored(year)]
        sd = float(values.std(ddof=1))
        rows.append(_fact(f"sd_{year}", f"Standard deviation of the scores, {year}", points, sd, len(values)))
    for a, b in CORRELATED:
        known = _pair(waves, a, b)
        value = float(np.corrcoef(known["first"], known["second"])[0, 1])
        rows.append(
            _fact(f"correlation_{a}_{b}", f"Correlation between the waves of {a} and {b}", "", value, len(known))
        )
    known = _pair(waves, 2002, 2022)
    change = float((known["second"] - known["first"]).mean())
    lowest, among = "declined_lowest_fifth_2012_2014", "The same among the lowest fifth of 2012"
    return pd.DataFrame(
        [
            *rows,
            _fact("mean_change_2002_2022", "Mean change 2002–2022", points, change, len(known)),
            _fact("declined_2012_2014", "Share of areas whose score fell 2012–2014", "share", *_declined(waves, 1.0)),
            _fact(lowest, among, "share", *_declined(waves, 0.2)),
            *_components(waves),
        ]
    )


def recorded_facts() -> pd.DataFrame:
    """Return facts of the Netherlands as recorded, for use where the real files are not there.

    Returns
    -------
    DataFrame
        One row per fact: ``fact, label, unit, value, tolerance, source``. The tolerance, where there is one, was set
        before the synthetic country was tuned (DECISIONS.md).
    """
    with (resources.files("buurteffect.estimate.scores") / "recorded_facts.csv").open(encoding="utf-8") as stream:
        return pd.read_csv(stream)


def compare_facts(waves: Waves, others: Mapping[str, float], real: Waves | None = None) -> pd.DataFrame:
    """Lay the facts of a synthetic country beside those of the Netherlands.

    Parameters
    ----------
    waves : Waves
        Scores of the synthetic country.
    others : mapping of str to float
        Facts that are not about scores, by name.
    real : Waves, optional
        Scores of the Netherlands; by default the recorded facts are used.

    Returns
    -------
    DataFrame
        One row per fact: ``fact, label, unit, synthetic, real, difference, tolerance, source``; ``real`` is missing
        where nothing is recorded.
    """
    recorded = recorded_facts()
    if real is not None:
        computed = score_facts(real).set_index("fact")["estimate"]
        there = recorded["fact"].isin(computed.index)
        recorded.loc[there, "value"] = computed.reindex(recorded.loc[there, "fact"]).to_numpy()
        recorded.loc[there, "source"] = "computed by score_facts from the scores in data/processed/open"
    synthetic = score_facts(waves).set_index("fact")["estimate"].to_dict() | dict(others)
    recorded = recorded.rename(columns={"value": "real"})
    recorded.insert(3, "synthetic", recorded["fact"].map(synthetic))
    recorded.insert(5, "difference", recorded["synthetic"] - recorded["real"])
    return recorded


def spread_of_two(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the standard deviations in `facts` as one row per wave and country: ``year, country, estimate``."""
    spread = facts[facts["fact"].str.fullmatch(r"sd_\d{4}")]
    long = spread.assign(year=spread["fact"].str[3:].astype("int64")).melt(
        "year", ["synthetic", "real"], "country", "estimate"
    )
    return long.dropna(subset="estimate").reset_index(drop=True)


def _fact(name: str, label: str, unit: str, estimate: float, units: int) -> dict[str, object]:
    """Return one row."""
    return {"fact": name, "label": label, "unit": unit, "estimate": estimate, "units_count": units}


def _pair(waves: Waves, first: int, second: int) -> pd.DataFrame:
    """Return the areas with a score in both waves."""
    known = pd.DataFrame({"first": waves.column(first), "second": waves.column(second)}).dropna()
    if len(known) < 3:
        raise EstimationError(f"fewer than three areas have a score in {first} and {second}")
    return known


def _declined(waves: Waves, lowest: float) -> tuple[float, int]:
    """Return the share that fell 2012-2014 among the lowest share of 2012."""
    known = _pair(waves, 2012, 2014)
    known = known[known["first"] <= known["first"].quantile(lowest)]
    return float((known["second"] < known["first"]).mean()), len(known)


def _components(waves: Waves) -> list[dict[str, object]]:
    """Return the variance components fitted to the waves."""
    fit = fit_variance_components(waves, _BREAK_YEAR, bootstrap=Bootstrap(19, 1, 0.95)).components
    values = (
        ("permanent_sd", "Permanent part at 2002: SD", "LBM points", fit.permanent_sd),
        ("autoregressive_sd", "Slowly changing part: SD", "LBM points", fit.autoregressive_sd),
        ("autocorrelation", "What remains of it after a year", "share", fit.autocorrelation),
        ("break_sd", "Step at 2014: SD", "LBM points", fit.break_sd),
        ("noise_sd", "Noise of one wave: SD", "LBM points", fit.noise_sd),
    )
    return [_fact(name, label, unit, float(value), waves.units_count) for name, label, unit, value in values]
