"""Scoring and explaining tree models beside the libraries that made them: `make bench-trees-peers`.

Peers and ours take turns in one process on the same rows; the figures are rows per CPU second of the process (all of
its threads) and the ratio to xgboost. CHURN_PEERS_DIR (default ../shared/peers beside the checkout) holds
`speed_models` with XGBoost JSON and LightGBM text models; libraries that are not installed are left out.

    python benches/trees/peers.py [score] [shap] [row] [background] [rounds=3] [threads=1] [rows=100000]
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PEERS = Path(os.environ.get("CHURN_PEERS_DIR", HERE / "../../../shared/peers"))
GIVEN = dict(a.split("=", 1) for a in sys.argv[1:] if "=" in a)
PHASES = [a for a in sys.argv[1:] if "=" not in a] or ["score", "shap", "row", "background"]
ROUNDS, THREADS, ROWS = (int(GIVEN.get(k, d)) for k, d in (("rounds", 3), ("threads", 1), ("rows", 100_000)))
for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import numpy as np  # noqa: E402

import churn  # noqa: E402

Call = Callable[[np.ndarray], Any]


def matrix(rows: int, columns: int) -> np.ndarray:
    """Four numbers and indicators, as one-hot encoding makes them; float32, which every peer takes."""
    random = np.random.default_rng(7)
    numbers = [random.integers(0, 2, rows), random.integers(0, 73, rows)]
    monthly = random.uniform(18, 120, rows).round(2)
    numbers += [monthly, (numbers[1] * monthly * random.uniform(0.9, 1.1, rows)).round(2)]
    indicators = random.integers(0, 2, (rows, columns - 4))
    return np.column_stack([*numbers, indicators]).astype(np.float32)


def have(name: str) -> Any:
    """The module, or None where it is not installed or does not load."""
    try:
        return __import__(name)
    except Exception:  # a broken installation is as good as none
        return None


def rates(calls: dict[str, tuple[Call, int]], data: np.ndarray) -> dict[str, float]:
    """Rows per CPU second of each call on as many rows as stand beside it, the best of the rounds."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, (call, rows) in calls.items():
            some = data[:rows]
            start = time.process_time()
            call(some)
            used = time.process_time() - start
            best[name] = max(best.get(name, 0.0), rows / max(used, 1e-9))
    return best


def show(title: str, best: dict[str, float], against: str) -> None:
    print(f"{title}, {THREADS} thread(s)")
    base = best.get(against)
    for name, rate in sorted(best.items(), key=lambda item: -item[1]):
        print(f"  {name:<34} {rate:>12,.0f} rows/CPU s" + (f"   {rate / base:8.2f} x {against}" if base else ""))


def models() -> list[tuple[str, Path]]:
    folder = PEERS / "speed_models"
    return [(p.stem, p) for p in sorted(folder.glob("*")) if p.stem.startswith(("xgb_", "lgb_"))]


def score(name: str, path: Path) -> None:
    ours = churn.import_model(str(path))
    data = matrix(ROWS, len(ours.feature_names))
    calls: dict[str, tuple[Call, int]] = {"churn": (ours.predict_margin, ROWS)}
    if (xgboost := have("xgboost")) and path.suffix == ".json":
        booster = xgboost.Booster({"nthread": THREADS}, model_file=str(path))
        calls["xgboost"] = (lambda x: booster.inplace_predict(x, predict_type="margin"), ROWS)
        wanted = booster.inplace_predict(data[:2000], predict_type="margin")
        assert np.abs(ours.predict_margin(data[:2000]) - wanted).max() < 1e-5
    if (lightgbm := have("lightgbm")) and path.suffix == ".txt":
        booster = lightgbm.Booster(model_file=str(path))
        calls["lightgbm"] = (lambda x: booster.predict(x, num_threads=THREADS, raw_score=True), ROWS // 5)
        assert (ours.predict_margin(data[:2000]) == booster.predict(data[:2000], raw_score=True)).all()
        if lleaves := have("lleaves"):
            compiled = lleaves.Model(model_file=str(path))
            compiled.compile()
            calls["lleaves"] = (lambda x: compiled.predict(x, n_jobs=THREADS), ROWS)
    if treelite := have("treelite"):
        load = treelite.frontend.load_xgboost_model if path.suffix == ".json" else treelite.frontend.load_lightgbm_model
        loaded = load(str(path))
        calls["treelite"] = (lambda x: treelite.gtil.predict(loaded, x, nthread=THREADS), ROWS // 20)
    show(f"scoring {name}", rates(calls, data), "xgboost" if "xgboost" in calls else "lightgbm")


def shap(name: str, path: Path) -> None:
    ours = churn.import_model(str(path))
    data = matrix(ROWS, len(ours.feature_names))
    for rows in (500, 10_000, ROWS):

        def cold(x: np.ndarray) -> Any:
            return churn.import_model(str(path)).shap_values(x)

        calls: dict[str, tuple[Call, int]] = {
            "churn": (ours.shap_values, rows),
            "churn, import of the file included": (cold, rows),
        }
        peer = ""
        if (xgboost := have("xgboost")) and path.suffix == ".json":
            extreme = xgboost.Booster({"nthread": THREADS}, model_file=str(path))
            peer, few = "xgboost pred_contribs", min(rows, 2000)

            def contributions(x: np.ndarray, booster: Any = extreme, xgboost: Any = xgboost) -> Any:
                return booster.predict(xgboost.DMatrix(x), pred_contribs=True)

            calls[peer] = (contributions, few)
            if woodelf := have("woodelf"):
                import pandas as pd

                columns = [f"f{i}" for i in range(data.shape[1])]

                def by_woodelf(x: np.ndarray, booster: Any = extreme, columns: list[str] = columns) -> Any:
                    explainer = woodelf.WoodelfExplainer(booster)
                    return explainer.shap_values(pd.DataFrame(x, columns=columns), verbose=False)

                calls["woodelf"] = (by_woodelf, rows)
        if (lightgbm := have("lightgbm")) and path.suffix == ".txt":
            light = lightgbm.Booster(model_file=str(path))
            peer = "lightgbm pred_contrib"

            def contribution(x: np.ndarray, booster: Any = light) -> Any:
                return booster.predict(x, pred_contrib=True, num_threads=THREADS)

            calls[peer] = (contribution, min(rows, 2000))
            wanted = contribution(data[:200])[:, :-1]
            assert np.abs(ours.shap_values(data[:200]) - wanted).max() < 1e-9
        show(f"SHAP values of {name}, {rows} rows", rates(calls, data), peer)


def background(name: str, path: Path) -> None:
    ours = churn.import_model(str(path))
    data = matrix(ROWS, len(ours.feature_names))
    calls = {"churn, 1,000 background rows": (lambda x: ours.shap_values(x, background=data[:1000]), ROWS)}
    show(f"SHAP values of {name} against a background", rates(calls, data), "")


def row(name: str, path: Path) -> None:
    """Median of one dict to a full prediction, wall clock: on a loaded machine look at the minimum."""
    engine = churn.Engine.from_model(churn.import_model(str(path)))
    names = engine.explain([{n: 1.0 for n in churn.import_model(str(path)).feature_names}]).feature_names
    data = matrix(4000, len(names))
    records = [dict(zip(names, map(float, values), strict=True)) for values in data]
    scorer = engine.scorer(records[0])
    taken = []
    for record in records:
        start = time.perf_counter()
        scorer.score(record)
        taken.append(time.perf_counter() - start)
    taken.sort()
    print(f"one dict to a full prediction, {name}: median {1e6 * taken[2000]:.1f} us, least {1e6 * taken[0]:.1f} us")


def main() -> None:
    versions = {n: getattr(have(n), "__version__", None) for n in ("xgboost", "lightgbm", "lleaves", "treelite")}
    print("peers:", json.dumps({n: v for n, v in versions.items() if v}))
    for name, path in models():
        for phase in PHASES:
            {"score": score, "shap": shap, "row": row, "background": background}[phase](name, path)


if __name__ == "__main__":
    main()
