"""A change is not taken across a break of its series unless it is asked for."""

import pandas as pd
import pytest

from buurteffect.errors import EstimationError
from buurteffect.estimate.scores.differences import difference

FRAME = pd.DataFrame(
    {
        "area_code": ["a", "b", "a", "b", "a"],
        "year": [2004, 2004, 2005, 2005, 2009],
        "rent_share": [0.4, 0.6, 0.5, None, 0.45],
        "people_count": [10.0, 20.0, 11.0, 19.0, 15.0],
    }
)
BREAKS = pd.DataFrame(
    {"concept": ["rent_share", "rent_share"], "break_year": [2005, 2009], "reason": ["new source", "new register"]}
)


def test_a_change_within_a_series_is_taken_for_the_areas_that_have_both_values():
    change = difference(FRAME, "people_count", 2004, 2005, BREAKS)
    assert change.to_dict("list") == {
        "area_code": ["a", "b"],
        "from_year": [2004, 2004],
        "to_year": [2005, 2005],
        "change": [1.0, -1.0],
    }


@pytest.mark.parametrize(("first", "last"), [(2004, 2005), (2005, 2009), (2004, 2009)])
def test_a_change_across_a_break_is_refused_with_its_reason(first, last):
    with pytest.raises(EstimationError, match="new"):
        difference(FRAME, "rent_share", first, last, BREAKS)


def test_a_change_across_a_break_is_given_when_asked_for():
    change = difference(FRAME, "rent_share", 2004, 2005, BREAKS, across_breaks=True)
    assert change["area_code"].tolist() == ["a"]
    assert change["change"].item() == pytest.approx(0.1)


def test_a_break_in_the_first_year_itself_does_not_count():
    assert len(difference(FRAME, "rent_share", 2005, 2009, BREAKS.query("break_year == 2005"))) == 1


@pytest.mark.parametrize(("first", "last"), [(2005, 2004), (2004, 2004), (2004, 2030)])
def test_years_that_make_no_change_are_refused(first, last):
    with pytest.raises(EstimationError):
        difference(FRAME, "people_count", first, last, BREAKS)


def test_an_area_that_stands_twice_is_refused():
    with pytest.raises(EstimationError, match="twice"):
        difference(pd.concat([FRAME, FRAME]), "people_count", 2004, 2005, BREAKS)
