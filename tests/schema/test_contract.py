"""The contract of a table: what its own look passes, pandera passes too; what it does not, pandera explains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buurteffect.errors import DataError
from buurteffect.schema.contract import Contract, Field

FIELDS = (
    Field("area_code", "text", "-", "Area.", "code"),
    Field("level", "text", "-", "Kind.", "code", choices=("buurt", "wijk"), nullable=True),
    Field("year", "integer", "year", "Year.", "file", 1995, 2025),
    Field("share", "number", "share", "Share.", "file", 0, 1, nullable=True),
    Field("size", "number", "m2", "Size.", "file", low=0),
    Field("treated", "flag", "-", "Whether treated.", "file"),
)
TABLE = Contract("areas", "one area in one year", ("area_code", "year"), FIELDS)

GOOD = {
    "area_code": pd.Series(["BU1", "BU2"], dtype="str"),
    "level": pd.Series(["buurt", None], dtype="str"),
    "year": pd.Series([2001, 2001]),
    "share": pd.Series([0.0, np.nan]),
    "size": pd.Series([1.0, 2.0]),
    "treated": pd.Series([True, False]),
}
BAD = {
    "a missing code": {"area_code": pd.Series(["BU1", None], dtype="str")},
    "another choice": {"level": pd.Series(["buurt", "land"], dtype="str")},
    "a year before the first": {"year": pd.Series([2001, 1994])},
    "a year of another type": {"year": pd.Series([2001.0, 2002.0])},
    "a share above 1": {"share": pd.Series([0.5, 1.5])},
    "a share below 0": {"share": pd.Series([-0.5, np.nan])},
    "an infinite share": {"share": pd.Series([0.5, np.inf])},
    "a missing size": {"size": pd.Series([1.0, np.nan])},
    "a flag as a number": {"treated": pd.Series([1, 0])},
    "text of mixed type": {"area_code": pd.Series(["BU1", 7], dtype=object)},
    "a repeated key": {"area_code": pd.Series(["BU1", "BU1"], dtype="str")},
}


def table(**columns: pd.Series) -> pd.DataFrame:
    """Return the good table with some columns replaced."""
    return pd.DataFrame(GOOD | columns)


def refuse(*_, **__):
    raise AssertionError("pandera was asked")


@pytest.fixture
def without_pandera(monkeypatch):
    """Make every call of pandera an error."""
    monkeypatch.setattr(pa, "DataFrameSchema", refuse)


def test_a_table_that_keeps_its_contract_is_passed_without_pandera_and_with_its_columns_in_order(without_pandera):
    shuffled = table()[[*reversed(TABLE.columns)]]
    assert list(TABLE.check(shuffled, "areas.csv").columns) == TABLE.columns
    assert len(TABLE.check(table().iloc[:0], "areas.csv")) == 0


@pytest.mark.parametrize("name", BAD)
def test_what_breaks_the_contract_is_refused_in_pandera_s_words(name):
    with pytest.raises(DataError, match="break the contract") as caught:
        TABLE.check(table(**BAD[name]), "areas.csv")
    assert TABLE.name in str(caught.value)


@pytest.mark.parametrize("name", BAD)
def test_the_quick_look_alone_never_passes_what_breaks_the_contract(name, without_pandera):
    with pytest.raises(AssertionError, match="pandera was asked"):
        TABLE.check(table(**BAD[name]), "areas.csv")


def test_a_column_that_stands_twice_is_not_passed_by_the_quick_look(without_pandera):
    with pytest.raises(AssertionError, match="pandera was asked"):
        TABLE.check(table().assign(extra=1.0).rename(columns={"extra": "size"}), "areas.csv")


def test_text_may_be_categories_of_which_every_one_is_a_choice(without_pandera):
    field = Field("why", "text", "-", "Why.", "file", choices=("secret", "no_row"), nullable=True)
    contract = Contract("reasons", "one area", ("size",), (Field("size", "number", "m", "Size.", "file"), field))
    kept = pd.Categorical(["secret", None, "secret"], categories=["no_row", "secret"])
    found = contract.check(pd.DataFrame({"size": [1.0, 2.0, 3.0], "why": kept}), "x.csv")
    assert found["why"].tolist()[::2] == ["secret", "secret"]
    with pytest.raises(AssertionError, match="pandera was asked"):
        contract.check(pd.DataFrame({"size": [1.0], "why": pd.Categorical(["other"])}), "x.csv")


def test_a_category_that_is_no_choice_breaks_the_contract_only_where_a_row_has_it():
    field = Field("why", "text", "-", "Why.", "file", choices=("secret", "no_row"), nullable=True)
    contract = Contract("reasons", "one area", ("size",), (Field("size", "number", "m", "Size.", "file"), field))
    table = pd.DataFrame({"size": [1.0, 2.0], "why": pd.Categorical(["secret", None], categories=["secret", ""])})
    assert contract.check(table, "x.csv")["why"].isna().tolist() == [False, True]
    with pytest.raises(DataError, match="why"):
        contract.check(table.fillna({"why": ""}), "x.csv")


CELLS = {
    "text": st.sampled_from(["buurt", "wijk", "land", None]),
    "integer": st.integers(1990, 2030),
    "number": st.sampled_from([-1.0, -0.0, 0.0, 0.5, 1.0, 2.0, np.inf, -np.inf, np.nan]),
    "flag": st.booleans(),
}
TYPES = {"text": "str", "integer": "int64", "number": "float64", "flag": "bool"}
DTYPES = st.sampled_from(["str", "object", "string", "int64", "Int64", "float64", "bool", "category"])


@st.composite
def columns(draw):
    """Return a field and a column of values that may or may not keep it."""
    kind = draw(st.sampled_from(list(CELLS)))
    limits = (draw(st.sampled_from([None, 0, 2000])), draw(st.sampled_from([None, 1, 2010])))
    text = kind == "text"
    choices = draw(st.sampled_from([(), ("buurt", "wijk")])) if text else ()
    low, high = (None, None) if text else limits
    field = Field("x", kind, "-", "X.", "file", low, high, choices, draw(st.booleans()))
    values = draw(st.lists(CELLS[draw(st.sampled_from(list(CELLS)))], max_size=4, unique_by=str))
    try:
        return field, pd.Series(values, dtype=draw(DTYPES))
    except (TypeError, ValueError, OverflowError, RuntimeWarning):
        return field, pd.Series(values, dtype="object")


@settings(max_examples=150, deadline=None)
@given(columns())
def test_the_quick_look_passes_no_column_that_pandera_refuses(drawn):
    field, values = drawn
    frame = pd.DataFrame({"x": values})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pa, "DataFrameSchema", refuse)
        try:
            Contract("one", "one x", ("x",), (field,)).check(frame, "x.csv")
        except AssertionError:
            return
    limits = [(pa.Check.ge, field.low), (pa.Check.le, field.high), (pa.Check.isin, field.choices or None)]
    column = pa.Column(TYPES[field.kind], [at(end) for at, end in limits if end is not None], nullable=field.nullable)
    if isinstance(values.dtype, pd.CategoricalDtype):
        frame = frame.astype("str")
    assert len(pa.DataFrameSchema({"x": column}, unique=["x"]).validate(frame, lazy=True)) == len(values)
