"""The register of claims, and the rules that turn estimates into verdicts."""

from buurteffect.claims.estimators.agreement import describe_agreement
from buurteffect.claims.persons.childhood import (
    judge_chances,
    judge_inheritance,
    judge_mix,
    judge_regions,
    judge_schools,
)
from buurteffect.claims.persons.childhood_truth import truth_of_chances, truth_of_neighbours
from buurteffect.claims.persons.childhood_words import (
    describe_ranks,
    describe_reflection,
    describe_simulated,
    describe_windows,
    effects_in_words,
    joint_tests,
    regions_table,
)
from buurteffect.claims.persons.contact import (
    describe_answers,
    describe_survey,
    judge_association,
    judge_at_home,
    judge_contact,
    judge_trust,
    no_survey,
    smallest_trend,
    truth_of_contact,
)
from buurteffect.claims.persons.displaced_truth import displacement_truth, displacement_truth_remarks, known_set
from buurteffect.claims.persons.displacement import (
    describe_destinations,
    effects_by_name,
    judge_displacement,
    judge_escalator,
    judge_sorting,
)
from buurteffect.claims.persons.stayers import (
    SMALLEST_EMPLOYMENT,
    SMALLEST_INCOME,
    ResidentEvidence,
    describe_flows,
    equivalence_table,
    judge_newcomers,
    judge_residents,
    judge_retention,
    neighbour_table,
)
from buurteffect.claims.persons.stayers_truth import (
    RETAINED,
    known_flows,
    resident_effects,
    resident_truth_remarks,
)
from buurteffect.claims.persons.waterbed import (
    describe_books,
    describe_profile,
    judge_mixing,
    judge_waterbed,
    spread_table,
)
from buurteffect.claims.register import read_register
from buurteffect.claims.restructuring.averages import (
    MEASURES,
    Evidence,
    judge_restructuring,
    known_truth,
    truth_remarks,
)
from buurteffect.claims.restructuring.checks import (
    describe_discontinuity,
    describe_fading,
    describe_placebos,
    describe_pretrends,
)
from buurteffect.claims.restructuring.design import (
    describe_design,
    describe_future,
    describe_selection,
    overlap_words,
)
from buurteffect.claims.restructuring.dose import describe_dose, describe_gemeente
from buurteffect.claims.restructuring.few_clusters import (
    describe_errors,
    describe_inference,
    describe_left_out,
    describe_places,
    describe_tampering,
)
from buurteffect.claims.restructuring.stock import describe_registers, describe_stock
from buurteffect.claims.restructuring.threshold import judge_threshold
from buurteffect.claims.scores.bottom import judge_bottom
from buurteffect.claims.scores.decline import judge_decline
from buurteffect.claims.scores.gap import judge_gap
from buurteffect.claims.scores.key_figures import describe_key_figures, describe_unharmonised
from buurteffect.claims.scores.measurement import describe_measurement, describe_scores
from buurteffect.claims.scores.synthetic_country import describe_world, mark_facts
from buurteffect.claims.verdict import AREAS, cannot_judge

__all__ = [
    "AREAS",
    "MEASURES",
    "RETAINED",
    "SMALLEST_EMPLOYMENT",
    "SMALLEST_INCOME",
    "Evidence",
    "ResidentEvidence",
    "cannot_judge",
    "describe_agreement",
    "describe_answers",
    "describe_books",
    "describe_design",
    "describe_destinations",
    "describe_discontinuity",
    "describe_dose",
    "describe_errors",
    "describe_fading",
    "describe_flows",
    "describe_future",
    "describe_gemeente",
    "describe_inference",
    "describe_key_figures",
    "describe_left_out",
    "describe_measurement",
    "describe_placebos",
    "describe_places",
    "describe_pretrends",
    "describe_profile",
    "describe_ranks",
    "describe_reflection",
    "describe_registers",
    "describe_scores",
    "describe_selection",
    "describe_simulated",
    "describe_stock",
    "describe_survey",
    "describe_tampering",
    "describe_unharmonised",
    "describe_windows",
    "describe_world",
    "displacement_truth",
    "displacement_truth_remarks",
    "effects_by_name",
    "effects_in_words",
    "equivalence_table",
    "joint_tests",
    "judge_association",
    "judge_at_home",
    "judge_bottom",
    "judge_chances",
    "judge_contact",
    "judge_decline",
    "judge_displacement",
    "judge_escalator",
    "judge_gap",
    "judge_inheritance",
    "judge_mix",
    "judge_mixing",
    "judge_newcomers",
    "judge_regions",
    "judge_residents",
    "judge_restructuring",
    "judge_retention",
    "judge_schools",
    "judge_sorting",
    "judge_threshold",
    "judge_trust",
    "judge_waterbed",
    "known_flows",
    "known_set",
    "known_truth",
    "mark_facts",
    "neighbour_table",
    "no_survey",
    "overlap_words",
    "read_register",
    "regions_table",
    "resident_effects",
    "resident_truth_remarks",
    "smallest_trend",
    "spread_table",
    "truth_of_chances",
    "truth_of_contact",
    "truth_of_neighbours",
    "truth_remarks",
]
