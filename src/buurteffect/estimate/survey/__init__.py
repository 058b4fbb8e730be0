"""Estimates from surveys: contacts, repeated cross-sections, small areas."""

from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.survey import answers, contact_tables, repeated_cross_sections, small_area, ties
from buurteffect.estimate.survey.answers import OWN_TREND, TREND
from buurteffect.estimate.survey.contact_tables import LATER, SMALLEST_SD, SMALLEST_SHARE
from buurteffect.estimate.survey.repeated_cross_sections import SurveyDesign
from buurteffect.estimate.survey.small_area import AreaMeans
from buurteffect.estimate.survey.ties import Mixing

__all__ = [
    "LATER",
    "OWN_TREND",
    "SMALLEST_SD",
    "SMALLEST_SHARE",
    "TREND",
    "AreaMeans",
    "Mixing",
    "SurveyDesign",
    "answers_within",
    "associations",
    "benchmarks",
    "bootstrap_ratio",
    "coleman_index",
    "coleman_rows",
    "compare_means",
    "composition",
    "detectable",
    "detectable_rows",
    "direct_means",
    "effects_in_windows",
    "effects_of_scales",
    "fay_herriot",
    "means_of_areas",
    "of_wave",
    "own_cell_excess",
    "placebo_effect",
    "poststratified",
    "random_mixing",
    "stacked_means",
    "stacked_rows",
    "survey_effect",
    "tie_ratio",
    "trend_gap",
    "trend_within",
    "vulnerable_respondents",
]

answers_within = estimator(answers.answers_within)
trend_gap = estimator(answers.trend_gap)
trend_within = estimator(answers.trend_within)
associations = estimator(contact_tables.associations)
benchmarks = estimator(contact_tables.benchmarks)
coleman_rows = estimator(contact_tables.coleman_rows)
composition = estimator(contact_tables.composition)
detectable_rows = estimator(contact_tables.detectable_rows)
effects_of_scales = estimator(contact_tables.effects_of_scales)
means_of_areas = estimator(contact_tables.means_of_areas)
of_wave = estimator(contact_tables.of_wave)
stacked_means = estimator(contact_tables.stacked_means)
stacked_rows = estimator(contact_tables.stacked_rows)
vulnerable_respondents = estimator(contact_tables.vulnerable_respondents)
detectable = estimator(repeated_cross_sections.detectable)
effects_in_windows = estimator(repeated_cross_sections.effects_in_windows)
placebo_effect = estimator(repeated_cross_sections.placebo_effect)
survey_effect = estimator(repeated_cross_sections.survey_effect)
compare_means = estimator(small_area.compare_means)
direct_means = estimator(small_area.direct_means)
fay_herriot = estimator(small_area.fay_herriot)
poststratified = estimator(small_area.poststratified)
bootstrap_ratio = estimator(ties.bootstrap_ratio)
coleman_index = estimator(ties.coleman_index)
own_cell_excess = estimator(ties.own_cell_excess)
random_mixing = estimator(ties.random_mixing)
tie_ratio = estimator(ties.tie_ratio)
