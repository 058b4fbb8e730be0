"""Estimators of a sample as the faces offer them: called with a frame and a design, from which the sample is drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import Any, Concatenate, ParamSpec, TypeVar

import pandas as pd

from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.sample.estimation_sample import Sample, draw_sample

Found = TypeVar("Found")
Given = ParamSpec("Given")

_FRAME = r"""frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated\1"""


def on_panel(
    run: Callable[Concatenate[Sample, Given], Found],
    extra: Callable[..., Sequence[str]] = lambda *_, **__: (),
    one_treated_cluster: bool = False,
) -> Callable[Concatenate[pd.DataFrame, Design, Given], Found]:
    """Return an estimator of a sample as one of a frame and a design, which refuses instead of raising.

    `extra` says, from whatever else is given, which columns the sample needs besides those of the design;
    `one_treated_cluster` whether it estimates, without errors, where all treated units lie in one cluster.
    """

    def asked(frame: pd.DataFrame, design: Design, *given: Any, **named: Any) -> Found:
        """Draw the sample and run the estimator."""
        sample = draw_sample(frame, design, extra(*given, **named), one_treated_cluster=one_treated_cluster)
        return run(sample, *given, **named)

    told = signature(run)
    first = [Parameter("frame", Parameter.POSITIONAL_OR_KEYWORD), Parameter("design", Parameter.POSITIONAL_OR_KEYWORD)]
    asked.__name__, asked.__qualname__, asked.__module__ = run.__name__, run.__qualname__, run.__module__
    asked.__doc__ = re.sub(r"sample : Sample\n +The rows(.*)", _FRAME, run.__doc__ or "")
    asked.__signature__ = told.replace(parameters=[*first, *list(told.parameters.values())[1:]])  # type: ignore[attr-defined]
    return estimator(asked)  # type: ignore[return-value]  # `asked` has the names that the signature says
