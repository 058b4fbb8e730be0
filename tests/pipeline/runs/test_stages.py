"""A page knows what it has written, also while others are written beside it."""

import pytest

from buurteffect.pipeline.runs.stages import Page


@pytest.mark.parametrize(
    ("file", "own"),
    [
        ("reports/synthetic/one.html", True),
        ("reports/synthetic/addresses/one.json", True),
        ("reports/synthetic/figures/one/line.svg", True),
        ("reports/synthetic/addresses/two.json", False),
        ("reports/synthetic/tables/two/one-more.csv", False),
    ],
)
def test_what_another_page_writes_into_a_shared_folder_is_not_this_pages(project, file, own):
    assert Page(project, "synthetic", "one")._names(file) is own
