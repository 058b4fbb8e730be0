"""Small-sample corrections by name: one for every table of the project, the others to meet those of libraries.

Libraries agree on coefficients and on the sandwich, and differ in the factor in front of it by several per cent at
ten or twenty years. So no library's factor is used: the sandwich is computed once, and the factor is chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import Fit, pseudo_inverse
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, demean

NOT_NESTED, ALL, NONE = "not nested", "all", "none"
ROWS, COEFFICIENTS, NOTHING = "(N-1)/(N-K)", "N/(N-k)", "1"


@dataclass(frozen=True)
class Convention:
    """A small-sample correction of a covariance.

    Parameters
    ----------
    name : str
        How it is asked for.
    effects_counted : {"not nested", "all", "none"}
        Which fixed effects count as parameters in K. Effects nested within what errors are grouped by do not
        under "not nested": they are swept out within the groups.
    rows_factor : {"(N-1)/(N-K)", "N/(N-k)", "1"}
        Factor for the parameters; k counts coefficients only.
    groups_factor : bool
        Whether G/(G − 1) is applied, G the number of groups (the fewer of two).
    floor : float
        What negative eigenvalues are raised to, where a variance would be negative.
    """

    name: str
    effects_counted: str = NOT_NESTED
    rows_factor: str = ROWS
    groups_factor: bool = True
    floor: float = 0.0

    def parameters(self, fit: Fit, groups: tuple[Integers, ...]) -> int:
        """Return K: coefficients and the fixed effects that count.

        Parameters
        ----------
        fit : Fit
            The regression.
        groups : tuple of ndarray of int
            What errors are grouped by; empty for none.
        """
        slopes, sizes = len(fit.names), fit.effect_sizes
        if self.effects_counted == NONE or not sizes:
            return slopes
        every = slopes + sum(sizes) - (len(sizes) - 1)
        if self.effects_counted == ALL or not groups:
            return every
        inside = [size for size, codes in zip(sizes, fit.effects, strict=True) if _nested(codes, groups)]
        if len(inside) == len(sizes):
            return slopes + 1
        return max(every - (sum(inside) - len(inside)), slopes + 1)

    def factor(self, fit: Fit, groups: tuple[Integers, ...], groups_count: int | None) -> float:
        """Return what the sandwich is multiplied by.

        Raises
        ------
        EstimationError
            If there are not more rows than parameters, or fewer than two groups.
        """
        rows, parameters = fit.rows_count, self.parameters(fit, groups)
        if rows <= parameters:
            raise EstimationError(f"{rows} rows cannot carry {parameters} parameters")
        result = {
            ROWS: (rows - 1) / (rows - parameters),
            COEFFICIENTS: rows / (rows - len(fit.names)),
            NOTHING: 1.0,
        }[self.rows_factor]
        if self.groups_factor and groups_count is not None:
            if groups_count < 2:
                raise EstimationError("errors are grouped by something with one value: name other clusters")
            result *= groups_count / (groups_count - 1)
        return result

    def words(self, parameters: int, rows: int, groups_count: int | None) -> str:
        """Return the correction in words, with its counts."""
        counted = {
            NOT_NESTED: "K with the fixed effects that are not nested within the groups",
            ALL: "K with all fixed effects",
            NONE: "K without fixed effects",
        }[self.effects_counted]
        parts = []
        if self.rows_factor == ROWS:
            parts.append(f"(N − 1)/(N − K), N = {rows}, K = {parameters}, {counted}")
        elif self.rows_factor == COEFFICIENTS:
            parts.append(f"N/(N − k), N = {rows}, k the coefficients")
        if self.groups_factor and groups_count is not None:
            parts.append(f"G/(G − 1), G = {groups_count}")
        return f"convention {self.name}: " + (" times ".join(parts) or "no small-sample factor")


HOUSE = Convention("house")
"""The project's one convention: parameters without nested effects, and G/(G − 1); fixest's default."""

FIXEST = Convention("fixest", floor=1e-10)
"""As HOUSE, but a covariance with a negative variance has its negative eigenvalues raised to 1e-10."""

FIXEST_FULL = Convention("fixest, every effect counted", ALL, floor=1e-10)
FIXEST_NONE = Convention("fixest, no effect counted", NONE, floor=1e-10)
SANDWICH = Convention("HC0", NONE, NOTHING, groups_factor=False)
"""The sandwich by itself: plm's vcovHC and vcovSCC of type HC0."""

SANDWICH_GROUPS = Convention("HC0, G/(G − 1)", NONE, NOTHING)
"""The sandwich times G/(G − 1): sandwich's vcovCL of type HC0 with its ``cadjust``."""

SANDWICH_HC1 = Convention("HC1", NONE, COEFFICIENTS, groups_factor=False)
"""plm's vcovHC of type HC1."""


POLICY = (
    "Standard errors of every table are clustered sandwiches times (N − 1)/(N − K) and G/(G − 1): N rows, K "
    "coefficients plus the fixed effects that are not nested within the clusters, G the clusters (with two ways the "
    "fewer). Intervals and p-values take the t distribution with G − 1 degrees of freedom. Other conventions are "
    "used only to meet published figures, and then named."
)
"""The policy in words, printed with each table of regressions."""

_DUMMIES = 2e8  # cells of a matrix of dummies beyond which leverages are not computed


def leverages(fit: Fit) -> Floats:
    """Return the leverage of each row in the regression with its fixed effects as dummies, shape (rows,).

    That of the regressors after the effects, plus 1/n of the largest set of effects, plus that of the other sets'
    dummies after the largest.

    Raises
    ------
    EstimationError
        If the regression has weights, or so many effects that their dummies cannot be written out.
    """
    if fit.weighted:
        raise EstimationError("leverages are computed without weights only: take errors HC0, HC1, or clustered ones")
    hat = np.einsum("ij,jk,ik->i", fit.regressors, fit.bread, fit.regressors, optimize=True)
    if not fit.effects:
        return np.asarray(hat)
    first, *others = sorted(fit.effects, key=lambda codes: -int(codes.max(initial=-1)))
    hat = hat + 1 / np.bincount(first)[first]
    count = sum(int(codes.max(initial=-1)) + 1 for codes in others)
    if not count:
        return np.asarray(hat)
    if fit.rows_count * count > _DUMMIES:
        raise EstimationError(
            f"leverages of {count:,} effects on {fit.rows_count:,} rows are too many: take errors HC1"
        )
    columns = np.hstack([(codes[:, None] == np.arange(codes.max() + 1)).astype(float) for codes in others])
    left = demean(columns, first)
    return np.asarray(hat + np.einsum("ij,ij->i", left @ pseudo_inverse(left.T @ left, 1e-10), left))


def _nested(codes: Integers, groups: tuple[Integers, ...]) -> bool:
    """Return whether each value of an effect lies within one value of some group."""
    for group in groups:
        first = np.empty(int(codes.max()) + 1, dtype=group.dtype)
        first[codes] = group
        if (first[codes] == group).all():
            return True
    return False
