"""How far a synthetic country is like the real one: the answer of its fact sheet, in sentences."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer


def describe_world(facts: pd.DataFrame, segregation: pd.DataFrame, level: str) -> Answer:
    """Say in how many facts a synthetic country is like the real one, where it is farthest off, and what it lacks.

    Parameters
    ----------
    facts : DataFrame
        One row per fact: ``label``, ``synthetic``, ``real`` (missing where nothing is recorded), ``tolerance``
        (missing where none was set).
    segregation : DataFrame
        One row per group and year: ``group`` (low_income, nonwestern), ``year``, ``estimate`` (dissimilarity).
    level : {"buurt", "wijk", "pc4"}
        Kind of area of the scores.

    Returns
    -------
    Answer
        Sentences, limits and the numbers in them.
    """
    answer = Answer("n00", "synthetic", level)
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
            f"the farthest off, measured by its tolerance, is “{worst['label']}”: {{farthest_synthetic:.3f}} here and "
            "{farthest_real:.3f} in the Netherlands.",
            farthest_synthetic=float(worst["synthetic"]),
            farthest_real=float(worst["real"]),
        )
    for group, words in (("low_income", "households with a low income"), ("nonwestern", "the non-Western group")):
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
        "The country has no births that change its size, no building on new land, no vacancy chains, no rent and no "
        "schools; grown children and former partners leave the register; its dwellings are as many in every buurt, and "
        "stand for more in print. What it says about a method, it says for a country of this kind."
    )
    return answer
