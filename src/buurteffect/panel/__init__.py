"""Raw files to one checked panel per level, with a ledger of every row that was left out and why."""

from buurteffect.panel.adulthood import read_adult_years, read_neighbours
from buurteffect.panel.area_map import AreaMap, read_area_map, read_map
from buurteffect.panel.arrival import arrivals, entrants_per_leaver
from buurteffect.panel.audit import (
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
    totals,
)
from buurteffect.panel.audited import AuditedStatistics, audited_statistics
from buurteffect.panel.breaks import break_table, series_breaks
from buurteffect.panel.childhood import Childhoods, read_childhoods
from buurteffect.panel.codebook import panel_codebook
from buurteffect.panel.concentration import LOW_INCOME_SHARE, concentration_panel
from buurteffect.panel.displaced import displaced_and_others
from buurteffect.panel.displacement_study import DisplacementStudy, displacement_study, read_displacement_study
from buurteffect.panel.dose_panel import DosePanel, dose_panel
from buurteffect.panel.dwellings import dwelling_places
from buurteffect.panel.exits import follow_exits
from buurteffect.panel.exposure import flows_between
from buurteffect.panel.folder import Folder, InputFile, read_folder
from buurteffect.panel.liveability import LevelPanel, assemble_levels
from buurteffect.panel.opportunity_study import OpportunityStudy, opportunity_study
from buurteffect.panel.people import dwelling_pseudonyms, household_years, person_pseudonyms, read_person_years
from buurteffect.panel.person_study import (
    COVARIATES,
    PersonStudy,
    compared_buurten,
    person_study,
    read_person_study,
)
from buurteffect.panel.register import read_projects
from buurteffect.panel.residence import (
    destinations,
    extracts_folder,
    largest_project,
    read_spells,
    register_exit,
    strip_of_buurt,
    summarise_destinations,
    turnover_by_year,
)
from buurteffect.panel.residents import Residents, residents_of_areas, residents_of_blocks
from buurteffect.panel.restructuring import RestructuringPanel, restructuring_panel
from buurteffect.panel.restructuring_tables import (
    built_and_demolished,
    focus_areas_of,
    register_by_cohort,
    restructuring_map,
)
from buurteffect.panel.sampled_exposure import sampled_exposures
from buurteffect.panel.score_map import ScoreMap, score_map
from buurteffect.panel.scored import scored_level, waves_with_scores
from buurteffect.panel.sources_used import sources_used
from buurteffect.panel.statistics import STATISTICS_LEVELS, STATISTICS_RULES, assemble_statistics, stack_files
from buurteffect.panel.store import build
from buurteffect.panel.survey import LONG_STAY, SurveyPanel, describe_scales, describe_waves, survey_panel
from buurteffect.panel.treatment import RINGS_M, treatment_of_areas
from buurteffect.panel.views import (
    JoinedLevel,
    Panel,
    Statistics,
    has_scores,
    read,
    read_joined,
    read_record,
    read_statistics,
)

__all__ = [
    "COVARIATES",
    "LONG_STAY",
    "LOW_INCOME_SHARE",
    "RINGS_M",
    "STATISTICS_LEVELS",
    "STATISTICS_RULES",
    "AreaMap",
    "AuditedStatistics",
    "Childhoods",
    "DisplacementStudy",
    "DosePanel",
    "Folder",
    "InputFile",
    "JoinedLevel",
    "LevelPanel",
    "OpportunityStudy",
    "Panel",
    "PersonStudy",
    "Residents",
    "RestructuringPanel",
    "ScoreMap",
    "Statistics",
    "SurveyPanel",
    "arrivals",
    "assemble_levels",
    "assemble_statistics",
    "audited_statistics",
    "boundary_changes",
    "break_table",
    "build",
    "built_and_demolished",
    "compared_buurten",
    "concentration_panel",
    "coverage",
    "describe_scales",
    "describe_waves",
    "destinations",
    "displaced_and_others",
    "displacement_study",
    "dose_panel",
    "dwelling_places",
    "dwelling_pseudonyms",
    "entrants_per_leaver",
    "extracts_folder",
    "flows_between",
    "focus_areas_of",
    "follow_exits",
    "has_scores",
    "household_years",
    "identities",
    "joins_of",
    "largest_differences",
    "largest_project",
    "missing_by_concept",
    "missing_values",
    "opportunity_study",
    "panel_codebook",
    "passed_over_by_reason",
    "person_pseudonyms",
    "person_study",
    "read",
    "read_adult_years",
    "read_area_map",
    "read_childhoods",
    "read_displacement_study",
    "read_folder",
    "read_joined",
    "read_map",
    "read_neighbours",
    "read_person_study",
    "read_person_years",
    "read_projects",
    "read_record",
    "read_spells",
    "read_statistics",
    "register_by_cohort",
    "register_exit",
    "residents_of_areas",
    "residents_of_blocks",
    "restructuring_map",
    "restructuring_panel",
    "sampled_exposures",
    "score_map",
    "scored_level",
    "series_breaks",
    "source_coverage",
    "sources_used",
    "stack_files",
    "strip_of_buurt",
    "summarise",
    "summarise_destinations",
    "survey_panel",
    "totals",
    "treatment_of_areas",
    "turnover_by_year",
    "waves_with_scores",
]
