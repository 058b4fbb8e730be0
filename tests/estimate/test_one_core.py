"""One core: linear algebra of regressions, quantiles of intervals and sandwiches are written in one place."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest
from checkouts import ROOT

PACKAGE = ROOT / "src" / "buurteffect"

SOLVERS = {"lstsq", "solve", "inv", "pinv", "pinvh", "cho_solve", "solve_triangular"}
QUANTILES = {"ppf", "isf"}
SUMS = {"bincount", "group_sums", "score_sums", "cluster_sums"}
BREADS = ("bread", "inverse")

CORE_FOLDERS = ("estimate/core/", "estimate/inference/")
EXCEPTIONS = {
    "scoreboard/summary.py": (
        {"ppf"},
        "Clopper–Pearson: quantiles of the beta distribution, of a share and not an estimate",
    ),
    "estimate/childhood/shrinkage.py": ({"ppf"}, "quantiles of χ² invert Cochran's Q"),
    "estimate/scores/decline.py": ({"sandwich"}, "n / (n − 1) of a variance over areas, in each draw of a bootstrap"),
    "estimate/robustness/honest/magnitudes.py": (
        {"solver"},
        "a change of basis from levels to steps: exact, no regression",
    ),
    "estimate/measurement/noise.py": ({"solver"}, "polynomial extrapolation of simulated noise"),
    "estimate/scores/trend.py": (
        {"solver"},
        "fixed weights of a broken line on the waves, applied to thousands of draws",
    ),
    "estimate/selection/balancing.py": ({"solver"}, "Newton's method for entropy weights: a step, not a regression"),
    "estimate/did/group_time_effects.py": (
        {"solver"},
        "Newton's method for the propensity's logit: a step, not a regression",
    ),
    "synthetic/truth/waterbed.py": ({"solver"}, "this room knows the truth and may not import estimators"),
}
"""Where and why something stands elsewhere: path to what is found there and the reason."""


def written_by_hand(source: str) -> set[str]:
    """Return which of solver, ppf and sandwich a source writes out itself."""
    tree = ast.parse(source)
    found = set()
    summed = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and calls(node.value) & SUMS
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    inside = {id(node.left) for node in ast.walk(tree) if is_product(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in QUANTILES:
            found.add("ppf")
        if isinstance(node, ast.Attribute) and node.attr in SOLVERS and "linalg" in ast.unparse(node.value):
            found.add("solver")
        if isinstance(node, ast.ImportFrom) and "linalg" in str(node.module):
            found |= {"solver" for alias in node.names if alias.name in SOLVERS}
        if is_product(node) and id(node) not in inside and is_sandwich(factors(node), summed):
            found.add("sandwich")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and is_cluster_factor(node):
            found.add("sandwich")
    return found


def calls(node: ast.AST) -> set[str]:
    """Return the names of the functions that are called in a node."""
    functions = [each.func for each in ast.walk(node) if isinstance(each, ast.Call)]
    return {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in functions}


def is_product(node: ast.AST) -> bool:
    """Whether a node is a matrix product."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)


def factors(node: ast.AST) -> list[str]:
    """Return the factors of a chain of matrix products, as text."""
    return [*factors(node.left), ast.unparse(node.right)] if is_product(node) else [ast.unparse(node)]


def is_sandwich(chain: list[str], summed: set[str]) -> bool:
    """Whether a chain is bread @ … @ bread, or the cross product of sums by group."""
    breads = len(chain) > 2 and chain[0] == chain[-1] and any(word in chain[0] for word in BREADS)
    crossed = any(left == f"{right}.T" and right in summed for left, right in pairwise(chain))
    return breads or crossed


def is_cluster_factor(node: ast.BinOp) -> bool:
    """Whether a division is G / (G − 1)."""
    below = node.right
    if not (isinstance(below, ast.BinOp) and isinstance(below.op, ast.Sub) and ast.unparse(below.right) == "1"):
        return False
    above = node.left.right if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult) else node.left
    return ast.unparse(above) == ast.unparse(below.left)


def by_file(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Return what each file of a package outside the core writes by hand."""
    found = {}
    for file in sorted(package.rglob("*.py")):
        path = file.relative_to(package).as_posix()
        if not path.startswith(CORE_FOLDERS):
            found[path] = written_by_hand(file.read_text(encoding="utf-8"))
    return {path: kinds for path, kinds in found.items() if kinds}


def not_allowed(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Return what is written by hand and is no exception."""
    more = {path: kinds - EXCEPTIONS.get(path, (set(), ""))[0] for path, kinds in by_file(package).items()}
    return {path: kinds for path, kinds in more.items() if kinds}


def test_nothing_outside_the_core_writes_it_by_hand():
    assert not not_allowed(), "call estimate/core or estimate/inference"


def test_no_exception_has_lost_its_object():
    found = by_file()
    assert all(kinds <= found.get(path, set()) for path, (kinds, _) in EXCEPTIONS.items())


def test_every_exception_says_why():
    assert all(len(reason.split()) > 3 for _, reason in EXCEPTIONS.values())


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("sandwich", "sums = group_sums(scores, codes)\nmatrix = sums.T @ sums * count / (count - 1)"),
        ("sandwich", "matrix = bread @ (scores.T @ scores) @ bread"),
        ("sandwich", "sums = np.bincount(codes, weights=influence)\nerror = np.sqrt(g / (g - 1) * (sums**2).sum())"),
        ("solver", "beta = np.linalg.solve(x.T @ x, x.T @ y)"),
        ("solver", "from numpy.linalg import inv"),
        ("solver", "bread = linalg.pinv(x.T @ x)"),
        ("ppf", "low = point - stats.t.ppf(0.975, degrees) * error"),
    ],
)
def test_what_is_written_by_hand_in_a_did_module_is_caught(tmp_path, kind, source):
    for folder in ("did", "inference"):
        (tmp_path / "estimate" / folder).mkdir(parents=True)
        (tmp_path / "estimate" / folder / "mine.py").write_text(source, encoding="utf-8")
    assert kind in not_allowed(tmp_path)["estimate/did/mine.py"]
    assert list(not_allowed(tmp_path)) == ["estimate/did/mine.py"]


@pytest.mark.parametrize(
    "source",
    [
        "fit = ols(frame, 'y', ['x'], absorb=['unit'])\nmatrix = covariance(fit, ClusteredErrors(('place',))).matrix",
        "error = np.sqrt(weights @ matrix @ weights)",
        "low, high = interval(point, error, degrees)",
        "found = equation.solve(frame, asked)",
    ],
)
def test_calls_of_the_core_are_not(source):
    assert not written_by_hand(source)


if __name__ == "__main__":
    for path, kinds in by_file().items():
        print(path, sorted(kinds))
