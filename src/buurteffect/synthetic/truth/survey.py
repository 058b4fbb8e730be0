"""What is true of the answers of a country beside the effects of restructuring, which `people_truth` has."""

from __future__ import annotations

from buurteffect.synthetic.persons.parameters import PeopleParameters


def survey_truth(parameters: PeopleParameters | None = None) -> dict[str, float]:
    """Return planted values of survey answers, by name.

    ``trust_low_income_trend``
        Points a year, from 2002 on, by which trust of persons with a low income moves more than that of others.
    ``trust_low_income_gap``
        Points by which it is off that of others in 2002.
    ``contact_slope``
        Points of feeling at home or safe that contact itself brings: none, since both only share their causes.
    """
    p = parameters or PeopleParameters()
    return {
        "trust_low_income_trend": p.trust_trend_low_income,
        "trust_low_income_gap": p.trust_low_income,
        "contact_slope": 0.0,
    }
