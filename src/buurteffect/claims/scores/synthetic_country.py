"""How far a synthetic country is like the real one: the answer of its fact sheet, in sentences."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer

_VARIANCE_PARTS = ("permanent_sd", "autoregressive_sd", "break_sd", "noise_sd")
_LOW, _INCOME = "low_income_sd_2021", "income_cv_2021"
_GROUPS = (("low_income", "households with a low income"), ("nonwestern", "the non-Western group"))


def mark_facts(facts: pd.DataFrame) -> pd.DataFrame:
    """Say of each fact whether it lies within its tolerance, and of a variance whether it was fitted at 0.

    `facts` has one row per fact: ``fact, label, synthetic, real, tolerance`` (missing where none was set). Added are
    ``within`` (“yes” or “no” and the tolerance; empty without one) and ``marked_label`` (the label, with a mark where
    the synthetic figure is at the bound of what it can be).

    Examples
    --------
    >>> row = {"fact": ["noise_sd"], "label": ["Noise"], "synthetic": [0.0], "real": [0.013], "tolerance": [0.02]}
    >>> mark_facts(pd.DataFrame(row))[["marked_label", "within"]].iloc[0].tolist()
    ['Noise (at its bound)', 'yes (±0.02)']
    """
    known = facts[["synthetic", "real", "tolerance"]].notna().all(axis=1)
    inside = (facts["synthetic"] - facts["real"]).abs() <= facts["tolerance"]
    words = inside.map({True: "yes", False: "no"}) + facts["tolerance"].map(" (±{:g})".format)
    marks = _at_bound(facts).map({True: " (at its bound)", False: ""})
    return facts.assign(within=words.where(known, ""), marked_label=facts["label"] + marks)


def describe_world(facts: pd.DataFrame, segregation: pd.DataFrame, level: str) -> Answer:
    """Say in how many facts a synthetic country is like the real one, where it is farthest off, and what it lacks.

    `facts` is as for `mark_facts`; `segregation` has one row per group and year: ``group`` (low_income, nonwestern),
    ``year``, ``estimate`` (dissimilarity). `level` is the kind of area of the scores.
    """
    answer = Answer("n00", "synthetic", level)
    _say_tolerances(answer, facts)
    _say_incomes(answer, facts)
    if _at_bound(facts).any():
        answer.say(
            "a part of the variance that is fitted as exactly 0 stands at the bound of what it can be: with the few "
            "areas of this country it cannot be told from the other parts, and 0 does not say that it is absent."
        )
    for group, words in _GROUPS:
        part = segregation[segregation["group"] == group].sort_values("year")
        if len(part) > 1:
            first, last = part.iloc[0], part.iloc[-1]
            rises = "rises" if last["estimate"] > first["estimate"] else "falls"
            answer.say(
                f"the dissimilarity of {words} over buurten {rises} from {{{group}_first:.3f}} "
                f"({int(first['year'])}) to {{{group}_last:.3f}} ({int(last['year'])}).",
                **{f"{group}_first": float(first["estimate"]), f"{group}_last": float(last["estimate"])},
            )
    answer.cannot_say(
        "No single parameter brings both spreads of income closer where they miss in opposite directions: whatever "
        "lets income count for more or less in who gets which dwelling moves the spread of low incomes and that of "
        "mean incomes together. How the mean of many countries compares is recorded in DECISIONS.md."
    )
    answer.cannot_say(
        "The country has no births that change its size, no building on new land, no vacancy chains, no rent and no "
        "schools. Offences, like other key figures that nobody acts on, are drawn from the score of a place and "
        "chance: they can be read, and cause nothing. Every buurt has the same number of simulated dwellings, each of "
        "which stands for several in the published figures. What it says about a method, it says for a "
        "country of this kind."
    )
    return answer


def _say_tolerances(answer: Answer, facts: pd.DataFrame) -> None:
    """Say how many facts lie within their tolerance, and which is farthest off."""
    aimed = facts.dropna(subset=["synthetic", "real", "tolerance"])
    off = (aimed["synthetic"] - aimed["real"]).abs() / aimed["tolerance"]
    answer.say(
        "of {aimed:d} facts with a tolerance that was set before the country was tuned, {inside:d} lie within it in "
        "this one country; the tolerances are meant for the mean of many.",
        aimed=len(aimed),
        inside=int((off <= 1).sum()),
    )
    if len(aimed):
        worst = aimed.loc[off.idxmax()]
        answer.say(
            f"the farthest from its target, measured by its tolerance, is “{worst['label']}”: "
            "{farthest_synthetic:.3f} here and {farthest_real:.3f} in the Netherlands.",
            farthest_synthetic=float(worst["synthetic"]),
            farthest_real=float(worst["real"]),
        )


def _say_incomes(answer: Answer, facts: pd.DataFrame) -> None:
    """Say how much buurten differ in low incomes and in mean income, beside the real ones."""
    known = facts.dropna(subset=["synthetic", "real"]).set_index("fact")
    if not {_LOW, _INCOME} <= set(known.index):
        return
    low, income = known.loc[_LOW], known.loc[_INCOME]
    answer.say(
        f"between urban buurten the share of low incomes differs {_compared(low)} than in the Netherlands (SD "
        f"{{low_income:.3f}} against {{low_income_real:.3f}}), and mean income {_compared(income)} (SD over mean "
        "{income:.3f} against {income_real:.3f}).",
        low_income=float(low["synthetic"]),
        low_income_real=float(low["real"]),
        income=float(income["synthetic"]),
        income_real=float(income["real"]),
    )


def _at_bound(facts: pd.DataFrame) -> pd.Series:
    """Return which facts are parts of a variance that were fitted at 0."""
    return facts["fact"].isin(_VARIANCE_PARTS) & (facts["synthetic"] == 0)


def _compared(fact: pd.Series) -> str:
    """Return the word for a figure beside the real one."""
    return "more" if fact["synthetic"] > fact["real"] else "less"
