"""A script run anew under several hash seeds, which decide the order of sets."""

import os
import subprocess
import sys

import numpy as np
from checkouts import ROOT


def under_hash_seeds(script, seeds):
    """Return the numbers that a script prints under each seed, one row per seed."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in seeds
    ]
    return np.array([[float(part) for part in child.communicate()[0].split()] for child in children])
