"""Scoring 100,000 customers x 40 columns from Python, against Rust's own time (`make bench-overhead`)."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

import churn


def best(run: Callable[[], object]) -> float:
    """Seconds of the quickest of five runs."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


folder = Path(sys.argv[1])
rust = json.loads((folder / "rust.json").read_text())
engine = churn.Engine.pretrained("telecom")
arrow, csv = (folder / "customers.arrow").read_bytes(), (folder / "customers.csv").read_bytes()
frame = pl.read_ipc_stream(folder / "customers.arrow")
dicts = frame.to_dicts()
runs = {
    "polars frame": ("frame", lambda: engine.score(frame)),
    "Arrow IPC bytes": ("arrow_ipc", lambda: engine.score(arrow)),
    "CSV bytes": ("csv", lambda: engine.score(csv)),
    "list of dicts": ("frame", lambda: engine.score(dicts)),
    "frame to frame": ("frame", lambda: engine.score(frame).to_polars()),
}
for name, (base, run) in runs.items():
    took = best(run)
    more = 100 * (took / rust[base] - 1)
    print(f"Python: {name:<16} {took:.3f} s, {more:+.0f} % against Rust's {base} {rust[base]:.3f} s")
