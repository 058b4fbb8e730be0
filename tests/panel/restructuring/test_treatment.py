"""A register says which areas are treated, when and how strongly."""

import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import DataError
from buurteffect.panel.restructuring.treatment import treatment_of_areas

AREAS = pd.DataFrame(
    {
        "area_code": ["BU90010000", "BU90010001", "BU90010002", "BU90010003"],
        "dwellings_count": [200.0, 100.0, 100.0, 100.0],
        "x_m": [0.0, 400.0, 900.0, 5000.0],
        "y_m": 0.0,
    }
)


def register(*rows):
    names = ["project_id", "area_code", "start_year", "demolished_social_dwellings_count"]
    return pd.DataFrame(rows, columns=names).assign(start_year=lambda frame: frame["start_year"].astype("int64"))


def test_several_projects_of_an_area_add_up_and_the_first_start_counts():
    projects = register(("a", "BU90010000", 2005, 30.0), ("b", "BU90010000", 2002, 10.0))
    row = treatment_of_areas(AREAS, projects).iloc[0]
    assert (row["cohort_year"], row["dose_share"], row["projects_count"], row["status"]) == (2002, 0.2, 2, "treated")


def test_a_small_project_makes_an_area_neither_treated_nor_untreated():
    row = treatment_of_areas(AREAS, register(("a", "BU90010001", 2005, 4.0))).iloc[1]
    assert row["status"] == "below_dose"
    assert np.isnan(row["cohort_year"])


def test_a_project_without_figures_treats_its_area_by_an_unknown_dose():
    row = treatment_of_areas(AREAS, register(("a", "BU90010001", 2005, np.nan))).iloc[1]
    assert (row["status"], row["cohort_year"]) == ("treated", 2005)
    assert np.isnan(row["dose_share"])


def test_rings_follow_the_distance_to_the_nearest_treated_area():
    done = treatment_of_areas(AREAS, register(("a", "BU90010000", 2005, 50.0)))
    assert list(done["ring"]) == ["treated", "0-500 m", "500-1000 m", "farther"]
    assert list(done["nearest_treated_m"]) == [0.0, 400.0, 900.0, 5000.0]


def test_without_coordinates_there_are_no_rings():
    done = treatment_of_areas(AREAS.drop(columns=["x_m", "y_m"]), register(("a", "BU90010000", 2005, 50.0)))
    assert done["ring"].isna().all()
    assert done["nearest_treated_m"].isna().all()


def test_a_project_in_an_area_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="BU99990000"):
        treatment_of_areas(AREAS, register(("a", "BU99990000", 2005, 50.0)))
