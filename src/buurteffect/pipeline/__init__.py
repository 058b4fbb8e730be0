"""Runs: typed parameters, kernels, failures, and the command that make calls."""

from buurteffect.pipeline.runs.parameters import Parameter, check_values, parse_parameters, read_parameters
from buurteffect.pipeline.runs.runs import Run, load_run

__all__ = ["Parameter", "Run", "check_values", "load_run", "parse_parameters", "read_parameters"]
