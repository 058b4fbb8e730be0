"""Raw files to one checked panel per level, with a ledger of every row that was left out and why."""

from buurteffect.panel.areas.breaks_in_series import break_table, series_breaks
from buurteffect.panel.areas.builder import build
from buurteffect.panel.areas.origins import sources_used
from buurteffect.panel.areas.panel_files import (
    JoinedLevel,
    KeyFiguresPanel,
    Panel,
    has_scores,
    read,
    read_joined,
    read_key_figures_panel,
    read_record,
)
from buurteffect.panel.areas.scored import scored_level, waves_with_scores
from buurteffect.panel.childhood.adulthood import read_adult_years, read_neighbours
from buurteffect.panel.childhood.childhood import Childhoods, read_childhoods
from buurteffect.panel.childhood.childhood_study import OpportunityStudy, opportunity_study
from buurteffect.panel.childhood.sampled_exposure import sampled_exposures
from buurteffect.panel.displacement.displaced import displaced_and_others
from buurteffect.panel.displacement.exposure import flows_between
from buurteffect.panel.displacement.study import DisplacementStudy, displacement_study, read_displacement_study
from buurteffect.panel.documentation.audited import AuditedKeyFigures, audited_key_figures
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
    totals,
)
from buurteffect.panel.folder.raw_folder import Folder, InputFile, read_folder
from buurteffect.panel.inputs.key_figures import KEY_FIGURE_LEVELS, assemble_key_figures, stack_files
from buurteffect.panel.inputs.liveability import LevelPanel, assemble_levels
from buurteffect.panel.inputs.project_register import read_projects
from buurteffect.panel.maps.area_map import AreaMap, read_area_map, read_map
from buurteffect.panel.maps.scores import ScoreMap, score_map
from buurteffect.panel.persons.arrival_years import arrivals, entrants_per_leaver
from buurteffect.panel.persons.dwellings import dwelling_places
from buurteffect.panel.persons.exits import follow_exits
from buurteffect.panel.persons.person_years import dwelling_pseudonyms, person_pseudonyms, read_person_years
from buurteffect.panel.persons.residence import (
    destinations,
    extracts_folder,
    largest_project,
    read_spells,
    register_exit,
    strip_of_buurt,
    summarise_destinations,
    turnover_by_year,
)
from buurteffect.panel.persons.residents import Residents, residents_of_areas, residents_of_blocks
from buurteffect.panel.persons.study import (
    COVARIATES,
    PersonStudy,
    compared_buurten,
    person_study,
    read_person_study,
)
from buurteffect.panel.restructuring.concentration import LOW_INCOME_SHARE, concentration_panel
from buurteffect.panel.restructuring.doses import DosePanel, dose_panel
from buurteffect.panel.restructuring.panel import RestructuringPanel, restructuring_panel
from buurteffect.panel.restructuring.tables import (
    built_and_demolished,
    focus_areas_of,
    register_by_cohort,
    restructuring_map,
)
from buurteffect.panel.restructuring.treatment import RINGS_M, treatment_of_areas
from buurteffect.panel.survey import LONG_STAY, SurveyPanel, describe_scales, describe_waves, survey_panel

__all__ = [
    "COVARIATES",
    "KEY_FIGURE_LEVELS",
    "LONG_STAY",
    "LOW_INCOME_SHARE",
    "RINGS_M",
    "AreaMap",
    "AuditedKeyFigures",
    "Childhoods",
    "DisplacementStudy",
    "DosePanel",
    "Folder",
    "InputFile",
    "JoinedLevel",
    "KeyFiguresPanel",
    "LevelPanel",
    "OpportunityStudy",
    "Panel",
    "PersonStudy",
    "Residents",
    "RestructuringPanel",
    "ScoreMap",
    "SurveyPanel",
    "arrivals",
    "assemble_key_figures",
    "assemble_levels",
    "audited_key_figures",
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
    "read_key_figures_panel",
    "read_map",
    "read_neighbours",
    "read_person_study",
    "read_person_years",
    "read_projects",
    "read_record",
    "read_spells",
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
