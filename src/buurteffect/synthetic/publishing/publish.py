"""Put a synthetic country on disk: what publishers and registers would hold, and, elsewhere, the truth."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.project import writing
from buurteffect.synthetic.persons.persons import draw_persons
from buurteffect.synthetic.publishing.areas import publish_areas
from buurteffect.synthetic.publishing.areas.boundary_changes import draw_vintages
from buurteffect.synthetic.publishing.areas.true_figures import census
from buurteffect.synthetic.publishing.registers.microdata import publish_people
from buurteffect.synthetic.publishing.registers.survey import FOLDER as SURVEY
from buurteffect.synthetic.publishing.registers.survey import publish_survey
from buurteffect.synthetic.truth.persons import people_truth, register_exits, survey_truth
from buurteffect.synthetic.truth.residents import resident_truth
from buurteffect.synthetic.truth.truth import Truth
from buurteffect.synthetic.truth.waterbed import waterbed_figures
from buurteffect.synthetic.world.parameters import WorldParameters, describe_parameters
from buurteffect.synthetic.world.world import World

PUBLISHED, TRUTH = "published", "truth"
TRUTH_FILE = "truth.json"


def publish_country(world: World, truth: Truth, parameters: WorldParameters, processed: Path) -> None:
    """Write a country to its two folders; what stood there before goes only when all of it has been written.

    Parameters
    ----------
    world : World
        The country.
    truth : Truth
        Its true effects.
    parameters : WorldParameters
        What it was made with.
    processed : Path
        Folder that gets ``published/``, with what publishers and registers would hold, and ``truth/``: ``truth.json``
        (true values by the name under which a notebook records its estimate), the tables of `Truth` and
        `register_exits` as parquet, and ``parameters.csv``. No reader looks there.
    """
    published, known = processed / f"{PUBLISHED}.part", processed / f"{TRUTH}.part"
    for folder in (published, known):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    persons = draw_persons(world)
    publish_areas(world, census(world, persons), published)
    publish_people(world, published, persons=persons, vintages=draw_vintages(world))
    publish_survey(world, published / SURVEY, persons=persons)
    with writing(known / "register_exits.parquet") as aside:
        register_exits(world, persons).to_parquet(aside, index=False)
    _write_truth(world, truth, parameters, known)
    for name in (PUBLISHED, TRUTH):
        shutil.rmtree(processed / name, ignore_errors=True)
        (processed / f"{name}.part").rename(processed / name)


def named_truth(world: World, truth: Truth, parameters: WorldParameters) -> dict[str, float]:
    """Return the true values by the name under which results are recorded.

    Scores are those of wijken, as the notebooks take them by default; effects are means over event times 6 to 9, with
    every treated buurt and event time counting once. ``att_6_9_<outcome>`` is the contrast with the same country
    without any policy; ``att_6_9_since_before_<outcome>`` is less what that contrast already was on 1 January of g − 1,
    and is what every design aims at that sets the gap of g − 1 to 0 (see `place_effects`).
    """
    signal = _true_wijk_scores(world)
    sizes = world.geography.buurten["published_dwellings"].to_numpy(dtype=float)
    wijk = world.geography.buurten["wijk_code"]
    squares = (sizes / pd.Series(sizes).groupby(wijk.to_numpy()).transform("sum").to_numpy()) ** 2
    own_part = float(pd.Series(squares).groupby(wijk.to_numpy()).sum().mean())
    scores = parameters.score
    found = {
        "noise_sd": np.hypot(scores.noise_wijk_sd, scores.noise_buurt_sd * np.sqrt(own_part)),
        "break_sd": np.sqrt(scores.step_gemeente_sd**2 + scores.step_wijk_sd**2 + scores.step_buurt_sd**2 * own_part),
        "true_share_declined_2012_2014": (signal[2014] < signal[2012]).mean(),
        "true_sd_2002": signal[2002].std(ddof=1),
        "true_sd_2022": signal[2022].std(ddof=1),
        "true_sd_change_2002_2022": signal[2022].std(ddof=1) - signal[2002].std(ddof=1),
    }
    late = truth.late.set_index("outcome")
    found |= {f"att_6_9_{outcome}": effect for outcome, effect in late["effect"].items()}
    since = late["effect_since_before"]
    found |= {f"att_6_9_since_before_{outcome}": effect for outcome, effect in since.items()}
    found |= people_truth(world) | resident_truth(truth.people) | survey_truth()
    found |= waterbed_figures(truth.people, truth.displaced, truth.seen, truth.ledger)
    return {str(name): float(value) for name, value in found.items()}


def _true_wijk_scores(world: World) -> pd.DataFrame:
    """Return the scores of wijken without noise and step: one row per wijk, one column per year."""
    buurten = world.geography.buurten
    sizes = buurten["published_dwellings"].to_numpy(dtype=float)
    scores = pd.DataFrame(world.history.liveability_score.T * sizes[:, None], columns=world.history.years)
    total = pd.Series(sizes).groupby(buurten["wijk_code"].to_numpy()).sum()
    return scores.groupby(buurten["wijk_code"].to_numpy()).sum().div(total, axis=0)


def _write_truth(world: World, truth: Truth, parameters: WorldParameters, folder: Path) -> None:
    """Write the truth."""
    for name, table in truth.tables().items():
        with writing(folder / f"{name}.parquet") as aside:
            table.to_parquet(aside, index=False)
    with writing(folder / "parameters.csv") as aside:
        describe_parameters(parameters).to_csv(aside, lineterminator="\n")
    with writing(folder / TRUTH_FILE) as aside:
        aside.write_text(json.dumps(named_truth(world, truth, parameters), indent=2) + "\n", encoding="utf-8")
