"""One fit of LightGBM: python lightgbm_fit.py telco|large THREADS FOLDER. Prints seconds, CPU seconds, megabytes, AUC.

Part of `make bench-train`, which writes the folder: `shape` (rows, columns, columns of categories), `x` and `y`.
"""

import sys
import time
from pathlib import Path

import lightgbm as lgb
import numpy as np


def memory(which: str) -> float:
    """Kilobytes of this process: now (VmRSS) or at most (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(which):
            return float(line.split()[1])
    return 0.0


def auc(y: np.ndarray, p: np.ndarray) -> float:
    """Share of pairs in order; ties hardly occur."""
    ranks = np.empty(len(p))
    ranks[np.argsort(p)] = np.arange(1, len(p) + 1)
    n = y.sum()
    return float((ranks[y == 1].sum() - n * (n + 1) / 2) / (n * (len(y) - n)))


name, threads, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
rows, columns, *categories = (int(n) for n in (folder / "shape").read_text().split())
x = np.fromfile(folder / "x").reshape(rows, columns)
y = np.fromfile(folder / "y", dtype=np.uint8)
trees = {"telco": {"max_depth": 3, "num_leaves": 8}, "large": {"num_leaves": 31}}[name]
params = {
    "objective": "binary",
    "learning_rate": 0.05,
    "min_sum_hessian_in_leaf": 5.0,
    "min_data_in_leaf": 1,
    "lambda_l2": 1.0,
    "num_threads": threads,
    "verbose": -1,
    "seed": 0,
    **trees,
}
before = memory("VmRSS")
start, used = time.perf_counter(), time.process_time()
booster = lgb.train(params, lgb.Dataset(x, y, categorical_feature=categories), 300)
seconds, used = time.perf_counter() - start, time.process_time() - used
megabytes = max(memory("VmHWM") - before, 0.0) / 1024
print(seconds, used, megabytes, auc(y, booster.predict(x)))
