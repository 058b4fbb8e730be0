"""Raw files to one checked panel per level, with a ledger of every row that was left out and why."""

from buurteffect.panel.areas.breaks_in_series import break_table
from buurteffect.panel.areas.builder import build
from buurteffect.panel.areas.origins import sources_used
from buurteffect.panel.areas.panel_files import has_scores, read, read_joined, read_key_figures_panel
from buurteffect.panel.areas.scored import scored_level, waves_with_scores
from buurteffect.panel.childhood.adulthood import read_adult_years, read_neighbours
from buurteffect.panel.childhood.childhood import read_childhoods
from buurteffect.panel.childhood.sampled_exposure import sampled_exposures
from buurteffect.panel.childhood.study import childhood_study
from buurteffect.panel.displacement.displaced import displaced_and_others
from buurteffect.panel.displacement.exposure import flows_between
from buurteffect.panel.displacement.study import displacement_study
from buurteffect.panel.documentation.audited import audited_key_figures
from buurteffect.panel.documentation.codebook import panel_codebook
from buurteffect.panel.documentation.data_coverage import (
    boundary_changes,
    coverage,
    identities,
    joins_of,
    largest_differences,
    missing_by_concept,
    missing_values,
    passed_over_by_reason,
    source_coverage,
    summarise,
)
from buurteffect.panel.inputs.project_register import read_projects
from buurteffect.panel.inputs.raw_folder import read_folder
from buurteffect.panel.inputs.source_folders import extracts_folder
from buurteffect.panel.maps.area_map import read_map
from buurteffect.panel.maps.scores import score_map
from buurteffect.panel.persons.arrival_years import arrivals, entrants_per_leaver
from buurteffect.panel.persons.exits import follow_exits
from buurteffect.panel.persons.residence import (
    destinations,
    largest_project,
    read_spells,
    register_exit,
    strip_of_buurt,
    summarise_destinations,
    turnover_by_year,
)
from buurteffect.panel.persons.residents import residents_of_areas, residents_of_blocks
from buurteffect.panel.persons.study import COVARIATES, compared_buurten, person_study
from buurteffect.panel.restructuring.concentration import LOW_INCOME_SHARE, concentration_panel
from buurteffect.panel.restructuring.doses import dose_panel
from buurteffect.panel.restructuring.study import restructuring_study
from buurteffect.panel.restructuring.tables import (
    built_and_demolished,
    focus_areas_of,
    register_by_cohort,
    restructured_areas,
    restructuring_map,
    stock_by_construction,
)
from buurteffect.panel.survey import LONG_STAY, describe_scales, describe_waves, survey_study

__all__ = [
    "COVARIATES",
    "LONG_STAY",
    "LOW_INCOME_SHARE",
    "arrivals",
    "audited_key_figures",
    "boundary_changes",
    "break_table",
    "build",
    "built_and_demolished",
    "childhood_study",
    "compared_buurten",
    "concentration_panel",
    "coverage",
    "describe_scales",
    "describe_waves",
    "destinations",
    "displaced_and_others",
    "displacement_study",
    "dose_panel",
    "entrants_per_leaver",
    "extracts_folder",
    "flows_between",
    "focus_areas_of",
    "follow_exits",
    "has_scores",
    "identities",
    "joins_of",
    "largest_differences",
    "largest_project",
    "missing_by_concept",
    "missing_values",
    "panel_codebook",
    "passed_over_by_reason",
    "person_study",
    "read",
    "read_adult_years",
    "read_childhoods",
    "read_folder",
    "read_joined",
    "read_key_figures_panel",
    "read_map",
    "read_neighbours",
    "read_projects",
    "read_spells",
    "register_by_cohort",
    "register_exit",
    "residents_of_areas",
    "residents_of_blocks",
    "restructured_areas",
    "restructuring_map",
    "restructuring_study",
    "sampled_exposures",
    "score_map",
    "scored_level",
    "source_coverage",
    "sources_used",
    "stock_by_construction",
    "strip_of_buurt",
    "summarise",
    "summarise_destinations",
    "survey_study",
    "turnover_by_year",
    "waves_with_scores",
]
