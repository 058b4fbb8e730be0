"""Claims C08, C12, C26 and C30: contact, feeling at home, what goes with contact, and trust."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from buurteffect.claims.known_truth import Known, known_row
from buurteffect.claims.register import read_register
from buurteffect.claims.verdict import Answer, Verdict, cannot_judge, with_interval
from buurteffect.estimate.core.intervals import p_value
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.survey.contact_tables import SMALLEST_SD

_LEVEL = "buurt"
_WORDS = {"contact_score": "contact", "at_home_score": "feeling at home"}
_JUDGED = [("contact_score", "same length of residence"), ("at_home_score", "lived there before")]
_BESIDE = {"safety_score": "safety", "trust_score": "trust"}
_TRUTHS = {
    "tie_ratio": ("ties across tenures over random mixing", "ratio"),
    "tie_ratio_residence": ("ties between old and new residents over random mixing", "ratio"),
    "homophily_share": ("Coleman's index of tenure and income together", "index"),
    "homophily_effect": ("effect on the share of ties chosen in the own group", "share"),
    "trust_low_income_trend": ("change of the gap in trust of low incomes", "points a year"),
}
_TRUST_SINCE = 2002
_ALPHA = 0.05
_LEAST_P = 0.001
_YEARS = 10
_SURVEY = (
    "Answers are what respondents say of themselves, and who answers may change in ways that weights and length of "
    "residence do not mend. Nobody is followed: a buurt is compared with itself earlier, through other respondents."
)


def no_survey(claim_id: str, reason: str, source: str) -> Verdict:
    """Return the verdict where there is no survey."""
    return cannot_judge(claim_id, [f"There is nothing to judge by: {reason.rstrip('.')}."], source, _LEVEL)


def describe_survey(waves: pd.DataFrame, projects: int, areas: int, treated: int, source: str) -> Answer:
    """Say what the survey holds.

    `waves` has one row per wave: ``year, respondents_count, areas_count, restructured_count``. `areas` buurten have
    respondents, and in `treated` of them there are `projects`.
    """
    answer = Answer("n10", source, _LEVEL)
    answer.say(
        "{waves:d} waves from {first:d} to {last:d} hold {respondents:,d} respondents from {seen:d} {areas}. The "
        "register puts {projects:d} projects in {treated:d} of these; {there:,d} respondents answered where one had "
        "begun. A wave has {each:.1f} respondents from each of the {areas} that are in it.",
        waves=len(waves),
        first=int(waves["year"].min()),
        last=int(waves["year"].max()),
        respondents=int(waves["respondents_count"].sum()),
        seen=areas,
        treated=treated,
        projects=projects,
        there=int(waves["restructured_count"].sum()),
        each=float((waves["respondents_count"] / waves["areas_count"]).mean()),
    )
    answer.cannot_say(_SURVEY)
    return answer


def describe_answers(effects: pd.DataFrame, source: str) -> Answer:
    """Say what `effects_of_scales` finds on scales that no verdict rests on, and what its placebos would have found."""
    answer = Answer("n10", source, _LEVEL)
    known = effects[effects["estimate"].notna()]
    early = known["choice"].str.startswith("placebo")
    judged = pd.MultiIndex.from_frame(known[["scale", "choice"]]).isin(_JUDGED)
    beside = known[~early & ~judged]
    answer.say(
        "of the {effects:d} effects on which no verdict rests {outside:d} have an interval (95%) without zero. By "
        "chance alone one in twenty would, and rows of one scale share their answers: with all rows of the table as "
        "one family (Romano & Wolf) {left:d} have a p-value below 0.05.",
        effects=float(len(beside)),
        outside=float(((beside["ci_low"] > 0) | (beside["ci_high"] < 0)).sum()),
        left=float((beside["p_value_romano_wolf"] < _ALPHA).sum()),
    )
    for scale, words in _BESIDE.items():
        row = _effect(known, scale, "same length of residence")
        if row is not None:
            answer.say(
                f"on {words} the effect is {{{scale}:.3f}} [{{{scale}_low:.3f}}, {{{scale}_high:.3f}}] points; no "
                "claim here asks for it.",
                **with_interval(scale, row),
            )
    if early.any():
        least = known.loc[early, "minimum_detectable_effect"] / known.loc[early, "spread"]
        answer.say(
            "the placebos would have found four times in five from {least:.2f} to {most:.2f} standard deviations on, "
            "more than what matters: they clear the design of larger faults only."
            if least.min() > SMALLEST_SD
            else "the placebos would have found four times in five from {least:.2f} to {most:.2f} standard deviations.",
            least=float(least.min()),
            most=float(least.max()),
        )
    return answer


def judge_contact(met: EffectEstimate, across: EffectEstimate, effects: pd.DataFrame, source: str) -> Verdict:
    """Judge claim C08 by `tie_ratio` between old and new residents in the last wave (first row: all ties).

    Beside it stand the same `across` tenures, and the effect on contact of `effects_of_scales`.
    """
    answer = Answer("C08", source, _LEVEL)
    answer.cannot_say(_SURVEY)
    answer.cannot_say(
        "Ties are those that households name in their own buurt. That few are with others does not say that residents "
        "avoid each other, nor does random mixing say how much contact would be good, or where it would come from."
    )
    answer.cannot_say("How often the interval of this ratio holds the truth has not been tried in simulated countries.")
    if not met:
        return answer.not_testable(f"Ties are missing: {met.reason.rstrip('.')}.")
    found = met.frame.iloc[0]
    _say_ties(answer, found, "met", "between a household that came in the last five years and one that did not")
    if across:
        _say_ties(answer, across.frame.iloc[0], "across", "between households of different tenures")
    row = _effect(effects, "contact_score", "same length of residence")
    if row is not None:
        _say_effect(answer, row, "contact with neighbours", "contact")
    half = read_register()["C08"].rule.conditions["hardly"].bound("")
    chance = float(p_value(found["estimate"], found["std_error"], met.degrees, half))
    figures = {"met_low": found["ci_low"], "met_high": found["ci_high"]}
    return answer.judge(figures, primary=pd.Series({**found, "p_value": chance}))


def _say_ties(answer: Answer, row: pd.Series, name: str, between: str) -> None:
    """Say how many ties run between two kinds of households, against random mixing."""
    answer.say(
        f"of the ties that households name {{place}}, {{{name}_observed:.1%}} are {between}; random mixing in the same "
        f"buurten would give {{{name}_expected:.1%}}. The ratio is {{{name}:.3f}} [{{{name}_low:.3f}}, "
        f"{{{name}_high:.3f}}].",
        **{f"{name}_observed": row["observed"], f"{name}_expected": row["expected"]},
        **with_interval(name, row),
    )


def judge_at_home(effects: pd.DataFrame, source: str) -> Verdict:
    """Judge claim C12 by `effects_of_scales`."""
    answer = Answer("C12", source, _LEVEL)
    answer.cannot_say(_SURVEY)
    answer.cannot_say("Who felt worst may have left before being asked: the answers are of those who stayed.")
    row = _effect(effects, "at_home_score", "lived there before")
    if row is None:
        return answer.not_testable("No effect on those who lived there before can be estimated.")
    _say_effect(answer, row, "feeling at home among those who lived there before", "home")
    figures = {"home_low_sd": row["ci_low"] / row["spread"], "home_high_sd": row["ci_high"] / row["spread"]}
    return answer.judge(figures, primary=row)


def _effect(effects: pd.DataFrame, scale: str, choice: str) -> pd.Series | None:
    """Return one row of the effects, None where there is no figure."""
    rows = effects[(effects["scale"] == scale) & (effects["choice"] == choice)]
    return None if rows.empty or not np.isfinite(rows["estimate"].iloc[0]) else rows.iloc[0]


def _p_words(name: str, value: float) -> str:
    """Return the words of a p-value for a template: those too small to print as smaller than a thousandth."""
    return "p < 0.001" if value < _LEAST_P else f"p = {{{name}:.3f}}"


def _say_effect(answer: Answer, row: pd.Series, what: str, name: str) -> None:
    """Say an effect on a scale with what could have been found and whether it is small."""
    numbers = {
        f"{name}_effect": row["estimate"],
        f"{name}_low": row["ci_low"],
        f"{name}_high": row["ci_high"],
        f"{name}_sd": row["estimate"] / row["spread"],
        f"{name}_found": row["minimum_detectable_effect"] / row["spread"],
        f"{name}_p": row["equivalence_p"],
        f"{name}_treated": row["treated_count"],
    }
    answer.say(
        f"the effect of restructuring on {what} is {{{name}_effect:.3f}} [{{{name}_low:.3f}}, {{{name}_high:.3f}}] "
        f"points on a scale of ten, {{{name}_sd:.2f}} standard deviations of the answers, in {{{name}_treated:d}} "
        f"restructured buurten. An effect of less than {{{name}_found:.2f}} standard deviations would have been missed "
        f"more than once in five; the test that it is smaller than {{smallest:.1f}} either way has "
        f"{_p_words(f'{name}_p', row['equivalence_p'])}.",
        smallest=SMALLEST_SD,
        **numbers,
    )


def judge_association(table: pd.DataFrame, source: str) -> Verdict:
    """Judge claim C26 as an association, by `associations` of feeling at home and of safety: bare and within traits.

    What decides is the comparison within traits; no repeated survey can settle what comes first.
    """
    answer = Answer("C26", source, _LEVEL)
    figures: dict[str, float] = {}
    decides: list[pd.Series] = []
    for name, (words, rows) in zip(("home", "safety"), table.groupby("term", sort=False), strict=True):
        bare, held = rows.iloc[0], rows.iloc[1]
        figures |= {f"with_{name}_low": held["ci_low"], f"with_{name}_high": held["ci_high"]}
        decides.append(held)
        answer.say(
            f"in the same buurt and year, a respondent with one point more contact has {{bare_{name}:.4f}} "
            f"[{{bare_{name}_low:.4f}}, {{bare_{name}_high:.4f}}] points more of {words}; within the same length of "
            f"residence and traits {{with_{name}:.4f}} [{{with_{name}_low:.4f}}, {{with_{name}_high:.4f}}], where "
            f"{{mde_{name}:.4f}} would have been found four times in five.",
            **with_interval(f"bare_{name}", bare),
            **with_interval(f"with_{name}", held),
            **{f"mde_{name}": held["minimum_detectable_effect"]},
        )
    answer.cannot_say(
        "What goes together need not come from each other: whoever feels at home may seek contact, and both grow with "
        "the years. Only answers of the same persons over time could say what comes first."
    )
    return answer.judge(figures, "; an association, not an effect", primary=decides[0])


def judge_trust(
    own: EffectEstimate, areas: EffectEstimate, persons: EffectEstimate, spread: float, since: int, source: str
) -> Verdict:
    """Judge claim C30 by `trend_within` of respondents of vulnerable buurten since the first year.

    Beside it stand `trend_gap`, whose last row is the change a year, between vulnerable and other `areas` and between
    `persons` with and without a low income; `spread` is the standard deviation of the answers.
    """
    answer = Answer("C30", source, _LEVEL)
    answer.cannot_say(_SURVEY)
    answer.cannot_say(
        "A trend of an area's answers is a trend of who lives there as well as of what anybody thinks, and says "
        "nothing about its cause."
    )
    if not own:
        return answer.not_testable(f"No trend can be estimated: {own.reason.rstrip('.')}.")
    row = own.frame.iloc[0]
    answer.say(
        "from {since:d} on, trust in vulnerable buurten moved by {own:.4f} [{own_low:.4f}, {own_high:.4f}] points a "
        "year {place}; a trend of less than {own_found:.4f} would have been missed more than once in five.",
        since=since,
        **with_interval("own", row),
        own_found=minimum_detectable_effect(row["std_error"], degrees=own.degrees),
    )
    if areas:
        _say_gap(answer, areas.frame.iloc[-1], "trend", "there", "elsewhere")
    if persons:
        _say_gap(
            answer, persons.frame.iloc[-1], "low", "among persons with a low income, wherever they live,", "others"
        )
    scale = _YEARS / spread
    return answer.judge({"trust_low_sd": scale * row["ci_low"], "trust_high_sd": scale * row["ci_high"]}, primary=row)


def _say_gap(answer: Answer, row: pd.Series, name: str, who: str, others: str) -> None:
    """Say by how much the trust of a group moved more than that of others."""
    answer.say(
        f"{who} it moved by {{{name}:.4f}} [{{{name}_low:.4f}}, {{{name}_high:.4f}}] points a year more than {others}.",
        **with_interval(name, row),
    )


def smallest_trend(spread: float) -> float:
    """Return the smallest trend that matters, in points a year: a tenth of a standard deviation over ten years."""
    return SMALLEST_SD * spread / _YEARS


def truth_of_contact(
    effects: pd.DataFrame,
    made: Mapping[str, EffectEstimate],
    together: pd.DataFrame | Estimate,
    since: int,
) -> list[Known]:
    """Return the estimates whose truth is known on synthetic data.

    The planted values are effects on an answer given who the respondent is, so only comparisons within the same length
    of residence of `effects_of_scales` aim at them. Of the estimates `made`, by name of the truth, the last row counts.
    Contact itself brings nothing, so that the bare rows of `associations` must miss. The gap in trust at the first wave
    is known where trends begin (`since`) in 2002.
    """
    names = {"contact_score": "contact_effect", "at_home_score": "at_home_effect"}
    choices = ("same length of residence", "lived there before", "no weights", "areas by inhabitants")
    shown = effects[effects["scale"].isin(names) & effects["choice"].isin(choices) & effects["estimate"].notna()]
    known = [
        known_row(f"{names[row['scale']]}@{row['choice']}", f"{_WORDS[row['scale']]}: {row['choice']}", row, "points")
        for _, row in shown.iterrows()
    ]
    for name, each in made.items():
        if each:
            label, unit = _TRUTHS[name]
            known.append(known_row(name, label, each.frame.iloc[-1], unit))
    trust = made.get("trust_low_income_trend")
    if trust and since == _TRUST_SINCE:
        row = trust.frame.iloc[0]
        known.append(known_row("trust_low_income_gap", f"gap in trust of low incomes, {since}", row, "points"))
    if not isinstance(together, Estimate):
        known += [
            known_row(
                f"contact_slope@{place}", f"{row['term']} with contact, {row['comparison']}", row, "points per point"
            )
            for place, (_, row) in enumerate(together.iterrows())
        ]
    return known
