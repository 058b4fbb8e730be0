"""Time the estimators on 14,000 areas, 20 years and 3 covariates, each job in a process of its own.

Run by `make bench`, or by itself. Two tables: the headline set and the honest bounds with their limits, and each
estimator that wraps a library beside the library's bare call on the same rows, checks and errors included, with some of
the project's own beside a library that does the same. Figures are medians of three, after imports; limits and ratios
are of seconds of computing on one thread, and the two calls of a pair take turns in one process, so that other work on
the machine moves both.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd

AREAS, YEARS, GEMEENTEN = 14_000, range(2003, 2023), 345
COHORTS = (2009.0, 2011.0, 2013.0, 2015.0, 2017.0)
SHARE_TREATED = 0.1
"""Of each cohort; the rest is never treated."""

COVARIATES = ("x0", "x1", "x2")
WINDOW = (0, 4)
SECONDS_HEADLINE, GIGABYTES_HEADLINE, SECONDS_BOUNDS, RATIO = 15.0, 3.0, 20.0, 1.10
SMALL = 700
BOUNDS = (0.5, 1.0, 1.5, 2.0)
REPEATS = 3

LIBRARIES = (
    "buurteffect.estimate.did.aggregation",
    "buurteffect.estimate.regression.twoway_event_study",
    "buurteffect.estimate.robustness.honest.magnitudes",
    "buurteffect.estimate.did.synthetic",
    "buurteffect.estimate.did.imputed_outcomes",
    "diff_diff.bacon",
    "diff_diff.imputation",
    "diff_diff.sun_abraham",
    "diff_diff.synthetic_did",
    "diff_diff.two_stage",
    "linearmodels",
    "moderndid",
    "pyfixest",
)
Run = Callable[[], object]


def panel(areas: int = AREAS, seed: int = 1) -> pd.DataFrame:
    """Return a panel with staggered treatment, effects that grow, and covariates that change."""
    stream = np.random.default_rng(seed)
    area, year = np.repeat(np.arange(areas), len(YEARS)), np.tile(np.array(YEARS), areas)
    shares = [*(SHARE_TREATED for _ in COHORTS), 1 - SHARE_TREATED * len(COHORTS)]
    cohort = stream.choice([*COHORTS, np.nan], areas, p=shares)[area]
    given = stream.normal(size=(areas, len(COVARIATES)))[area] + 0.5 * stream.normal(size=(len(area), len(COVARIATES)))
    event = year - cohort
    effect = np.where(event >= 0, 0.3 + 0.1 * np.nan_to_num(event), 0.0)
    outcome = stream.normal(size=areas)[area] + 0.05 * (year - YEARS[0]) + effect + given @ [0.2, -0.1, 0.0]
    frame = pd.DataFrame({"area_code": [f"BU{number:08d}" for number in area], "year": year, "cohort_year": cohort})
    frame["gemeente_code"] = [f"GM{number % GEMEENTEN:04d}" for number in area]
    frame["y"] = outcome + 0.3 * stream.normal(size=len(area))
    frame[list(COVARIATES)] = given
    # What the bare calls need, made before the clock runs.
    frame["treated"] = (event >= 0).astype(float)
    frame["event"] = np.nan_to_num(event, nan=-1).astype(int)
    frame["cohort_or_0"] = np.nan_to_num(cohort).astype(int)
    frame["area_number"], frame["gemeente_number"] = area, area % GEMEENTEN
    return frame


def headline(frame: pd.DataFrame) -> dict[str, Run]:
    """Return the estimators of the headline set."""
    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.did import aggregation as aggregates
    from buurteffect.estimate.did import imputed_outcomes as imputation
    from buurteffect.estimate.regression import bacon
    from buurteffect.estimate.regression import twoway_event_study as event_study
    from buurteffect.estimate.sample import estimation_sample as sample

    design = Design("y", covariates=COVARIATES, clusters="gemeente_code")
    return {
        "two-way event study": lambda: event_study.twfe_event_study(sample.draw_sample(frame, design)),
        "Bacon": lambda: bacon.bacon_decomposition(frame, design),
        "Callaway–Sant'Anna": lambda: aggregates.callaway_santanna(frame, design, window=WINDOW),
        "imputation": lambda: imputation.imputation(frame, design, window=WINDOW),
    }


def wrapped() -> dict[str, Callable[[], tuple[Run, Run]]]:
    """Return for every wrapped estimator how to make its call and the bare call of its library."""
    return {
        "two-way effects (linearmodels)": _two_way,
        "many effects (pyfixest)": _many_effects,
        "Bacon (diff-diff)": _bacon,
        "Callaway–Sant'Anna (moderndid)": _callaway_santanna,
        "two-stage, 4,000 areas (diff-diff)": _two_stage,
        "synthetic, 150 areas (diff-diff)": _synthetic,
    }


def own() -> dict[str, Callable[[], tuple[Run, Run]]]:
    """Return for estimators of the project's own their call and that of a library that does the same."""
    return {
        "many effects and its checks (pyfixest)": lambda: _many_effects(drawn=False),
        "two-way event study (pyfixest)": _event_study,
        "Sun–Abraham (diff-diff)": _sun_abraham,
        "imputation (diff-diff)": _imputation,
    }


def _two_way() -> tuple[Run, Run]:
    """Return two-way effects and linearmodels' own."""
    from linearmodels import PanelOLS

    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.regression.panel_ols import twfe
    from buurteffect.estimate.sample.estimation_sample import draw_sample

    frame, design = panel(), Design("y", covariates=COVARIATES, clusters="gemeente_code")

    def bare() -> object:
        indexed = frame.set_index(["area_code", "year"])
        model = PanelOLS(indexed["y"], indexed[["treated", *COVARIATES]], entity_effects=True, time_effects=True)
        return model.fit(cov_type="clustered", clusters=indexed[["gemeente_number"]])

    return lambda: twfe(draw_sample(frame, design)), bare


def _many_effects(drawn: bool = True) -> tuple[Run, Run]:
    """Return a regression with sets of effects and pyfixest's own; its sample is drawn once for all estimators.

    Drawing it checks values, duplicates, breaks and comparison, which the bare call leaves to its user: `own` shows
    what that costs where it is done for this one regression alone.
    """
    import pyfixest

    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.regression.absorbed_effects import feols
    from buurteffect.estimate.sample.estimation_sample import draw_sample

    frame, design = panel(), Design("y", covariates=COVARIATES, clusters="gemeente_code")
    formula = f"y ~ treated + {' + '.join(COVARIATES)} | area_code + year"
    sample = draw_sample(frame, design) if drawn else None
    return (
        lambda: feols(sample or draw_sample(frame, design), design.key),
        lambda: pyfixest.feols(formula, frame, vcov={"CRV1": "gemeente_code"}),
    )


def _event_study() -> tuple[Run, Run]:
    """Return the two-way event study and pyfixest's own."""
    import pyfixest

    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.regression.twoway_event_study import twfe_event_study
    from buurteffect.estimate.sample.estimation_sample import draw_sample

    frame, design = panel(), Design("y", covariates=COVARIATES, clusters="gemeente_code")
    formula = f"y ~ i(event, ref=-1) + {' + '.join(COVARIATES)} | area_code + year"
    return (
        lambda: twfe_event_study(draw_sample(frame, design)),
        lambda: pyfixest.feols(formula, frame, vcov={"CRV1": "gemeente_code"}),
    )


def _bacon() -> tuple[Run, Run]:
    """Return the decomposition and diff-diff's own."""
    from diff_diff.bacon import BaconDecomposition

    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.regression.bacon import bacon_decomposition

    frame, design = panel(), Design("y", clusters="gemeente_code")
    return (
        lambda: bacon_decomposition(frame, design),
        lambda: BaconDecomposition(weights="exact").fit(frame, "y", "area_code", "year", "cohort_or_0"),
    )


def _callaway_santanna() -> tuple[Run, Run]:
    """Return the event study with simultaneous bands and moderndid's own."""
    from moderndid import aggte, att_gt

    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.did.aggregation import callaway_santanna
    from buurteffect.estimate.inference.influence import DRAWS

    frame, design = panel(), Design("y", covariates=COVARIATES, clusters="gemeente_code")

    def bare() -> object:
        cells = att_gt(
            frame,
            yname="y",
            tname="year",
            idname="area_number",
            gname="cohort_or_0",
            xformla=f"~ {' + '.join(COVARIATES)}",
            control_group="notyettreated",
            base_period="universal",
            clustervars=["gemeente_number"],
            boot=True,
            biters=DRAWS,
            random_state=1,
        )
        return aggte(cells, type="dynamic", boot=True, biters=DRAWS, cband=True, random_state=1)

    return lambda: callaway_santanna(frame, design), bare


def _two_stage() -> tuple[Run, Run]:
    """Return two-stage differences and diff-diff's own."""
    from diff_diff.two_stage import TwoStageDiD

    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.did.imputed_outcomes import two_stage

    frame, design = panel(4_000), Design("y", covariates=COVARIATES, clusters="gemeente_code")
    columns = ("y", "area_number", "year", "cohort_or_0")
    model = TwoStageDiD(cluster="gemeente_number")
    return lambda: two_stage(frame, design), lambda: model.fit(frame, *columns, covariates=list(COVARIATES))


def _synthetic() -> tuple[Run, Run]:
    """Return synthetic difference-in-differences of one place and as many fits of diff-diff: one, and one per donor."""
    from diff_diff.synthetic_did import SyntheticDiD

    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.did.synthetic import synthetic_did

    frame, design = panel(150), Design("y", clusters=())
    place = frame.loc[frame["cohort_year"] == COHORTS[0], "area_code"].iloc[0]
    donors = frame[frame["cohort_year"].isna()]
    rows = pd.concat([frame[frame["area_code"] == place], donors])
    after = [year for year in YEARS if year >= COHORTS[0]]

    def fit(table: pd.DataFrame, mine: str) -> object:
        marked = table.assign(mine=(table["area_code"] == mine).astype(int))
        columns = ("y", "mine", "area_code", "year")
        return SyntheticDiD(variance_method="jackknife").fit(marked, *columns, post_periods=after)

    return (
        lambda: synthetic_did(frame, design, [place]),
        lambda: [fit(rows, place), *(fit(donors, donor) for donor in donors["area_code"].unique())],
    )


def _sun_abraham() -> tuple[Run, Run]:
    """Return the project's estimator and diff-diff's."""
    from diff_diff.sun_abraham import SunAbraham

    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.did.saturated import sun_abraham

    frame, design = panel(), Design("y", covariates=COVARIATES, clusters="gemeente_code")
    columns, model = ("y", "area_number", "year", "cohort_or_0"), SunAbraham(cluster="gemeente_number")
    return lambda: sun_abraham(frame, design), lambda: model.fit(frame, *columns, covariates=list(COVARIATES))


def _imputation() -> tuple[Run, Run]:
    """Return the project's estimator and diff-diff's."""
    from diff_diff.imputation import ImputationDiD

    from buurteffect.estimate.core.design import Design
    from buurteffect.estimate.did.imputed_outcomes import imputation

    frame, design = panel(), Design("y", covariates=COVARIATES, clusters="gemeente_code")
    columns, model = ("y", "area_number", "year", "cohort_or_0"), ImputationDiD(cluster="gemeente_number")
    return lambda: imputation(frame, design), lambda: model.fit(frame, *columns, covariates=list(COVARIATES))


def peak() -> float:
    """Return the most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**3 if sys.platform == "darwin" else 1024**2)


def timed(run: Run) -> tuple[float, float]:
    """Return seconds by the clock and of computing."""
    clock, computing = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run()
    return time.perf_counter() - clock, time.process_time() - computing


def load() -> None:
    """Import what the limits do not count: libraries, and with a small panel what these import on first use."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for run in headline(panel(SMALL)).values():
        timed(run)


def measure_set(names: tuple[str, ...]) -> tuple[float, float, float]:
    """Run some of the headline set one after the other; return median seconds by the clock, of computing, and GB."""
    load()
    runs = headline(panel())
    figures = [tuple(map(sum, zip(*(timed(runs[name]) for name in names), strict=True))) for _ in range(REPEATS)]
    clock, computing = (statistics.median(column) for column in zip(*figures, strict=True))
    return clock, computing, peak()


def measure_bounds() -> tuple[float, float, float]:
    """Compute the exact bounds of Callaway & Sant'Anna's event study; return as `measure_set` does."""
    load()
    from buurteffect.estimate.robustness.honest.magnitudes import relative_magnitudes

    estimate = headline(panel())["Callaway–Sant'Anna"]()
    figures = [timed(lambda: relative_magnitudes(estimate, BOUNDS, WINDOW)) for _ in range(REPEATS)]  # type: ignore[arg-type]
    clock, computing = (statistics.median(column) for column in zip(*figures, strict=True))
    return clock, computing, peak()


def measure_pair(name: str) -> tuple[float, float, float]:
    """Let an estimator and a library take turns; return the median seconds of computing of both, and peak GB."""
    load()
    ours, bare = (wrapped() | own())[name]()
    timed(ours), timed(bare)
    figures = [(timed(ours)[1], timed(bare)[1]) for _ in range(REPEATS)]
    first, second = (statistics.median(column) for column in zip(*figures, strict=True))
    return first, second, peak()


def apart(job: Callable[..., tuple[float, float, float]], *given: object) -> tuple[float, float, float]:
    """Run a job in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(job, *given).result()


def show_limited() -> bool:
    """Measure and print what has limits of seconds and memory; return whether they are kept."""
    every = tuple(headline(pd.DataFrame()))
    for name in every:
        print("{:36} {:6.2f} s  computing {:6.2f} s  {:5.2f} GB".format(name, *apart(measure_set, (name,))), flush=True)
    kept = True
    for name, seconds, (clock, computing, gigabytes) in (
        ("the headline set", SECONDS_HEADLINE, apart(measure_set, every)),
        (f"exact bounds, {len(BOUNDS)} values of M̄", SECONDS_BOUNDS, apart(measure_bounds)),
    ):
        within = computing <= seconds and gigabytes <= GIGABYTES_HEADLINE
        kept &= within
        told = f"limit {seconds:.0f} s of computing, {GIGABYTES_HEADLINE:.0f} GB: {'kept' if within else 'NOT KEPT'}"
        print(f"{name:36} {clock:6.2f} s  computing {computing:6.2f} s  {gigabytes:5.2f} GB  {told}", flush=True)
    return kept


def show_pairs() -> bool:
    """Measure and print estimators beside libraries; return whether the wrapped ones keep their limit."""
    kept = True
    for name in wrapped() | own():
        ours, bare, gigabytes = apart(measure_pair, name)
        limited, within = name in wrapped(), ours <= RATIO * bare
        kept &= within or not limited
        told = f"  limit {RATIO:.2f}: {'kept' if within else 'NOT KEPT'}" if limited else "  the project's own"
        figures = f"{ours:6.2f} s of computing, library {bare:6.2f} s, ratio {ours / bare:5.2f}  {gigabytes:5.2f} GB"
        print(f"{name:36} {figures}{told}", flush=True)
    return kept


def main() -> int:
    """Measure and print; fail if a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("limits", "pairs"), help="one of the tables")
    only = parser.parse_args().only
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # inherited: threads that wait for a busy core count as computing
    print(f"{AREAS:,} areas × {len(YEARS)} years, {len(COVARIATES)} covariates, {len(COHORTS)} cohorts")
    kept = [show() for show, name in ((show_limited, "limits"), (show_pairs, "pairs")) if only in (None, name)]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
