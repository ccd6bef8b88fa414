"""Scoring and explaining tree models beside the libraries that made them: `make bench-trees-peers`.

Peers and ours take turns in one process on the same rows; the figures are rows per CPU second of the process (all of
its threads) and the ratio to xgboost. CHURN_PEERS_DIR (default ../shared/peers beside the checkout) holds
`speed_models` with XGBoost JSON and LightGBM text models; libraries that are not installed are left out.

    python benches/trees/peers.py [score] [shap] [row] [background] [files] [rounds=3] [threads=1] [rows=100000]

`files` takes the 300 shallow trees of xgb_small and a telco-like file of the peers' own maker (CHURN_DATA_DIR, default
../shared/data, has what it draws from) to a file of probabilities, reasons and recommendations: as `score_file` does
it, as people do it with polars, xgboost and woodelf (without recommendations), and, for the scale, polars reading and
writing alone.
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


def one_hot(frame: Any, columns: list[str]) -> np.ndarray:
    """The features of the peers' models, made of a telco table with polars."""
    import polars

    def column(name: str) -> Any:
        if name in frame.columns:
            return polars.col(name).cast(polars.String).str.strip_chars().cast(polars.Float32, strict=False).alias(name)
        source, level = name.split("_", 1)
        return (polars.col(source) == level).cast(polars.Float32).alias(name)

    return frame.select(column(name) for name in columns).to_numpy()


def files(name: str, path: Path) -> None:
    if name != "xgb_small":
        return
    import subprocess
    import tempfile

    import polars

    columns = json.loads((PEERS / "speed_models/onehot_columns.json").read_text())
    engine = churn.Engine.from_model(churn.import_model(str(path), feature_names=columns, profile="telecom"))
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/customers.csv", f"{folder}/scores.csv"
        telco = Path(os.environ.get("CHURN_DATA_DIR", HERE / "../../../shared/data"))
        telco = next(telco.rglob("*Telco-Customer-Churn.csv"))
        maker = [sys.executable, str(PEERS / "make_telco_like.py"), "--rows", str(ROWS), "--seed", "1"]
        subprocess.run([*maker, "--out", source, "--source", str(telco)], check=True, stdout=subprocess.DEVNULL)
        calls: dict[str, tuple[Call, int]] = {
            "churn, score_file": (lambda _: engine.score_file(source, target), ROWS),
            "polars, read and write": (lambda _: polars.read_csv(source).write_csv(target), ROWS),
        }
        if (xgboost := have("xgboost")) and (woodelf := have("woodelf")):
            booster = xgboost.Booster({"nthread": THREADS}, model_file=str(path))

            def by_hand(_: np.ndarray) -> None:
                frame = polars.read_csv(source)
                data = one_hot(frame, columns)
                probability = booster.inplace_predict(data)
                import pandas as pd

                named = pd.DataFrame(data, columns=[f"f{i}" for i in range(data.shape[1])])
                values = np.asarray(woodelf.WoodelfExplainer(booster).shap_values(named, verbose=False))
                top = np.argsort(-values, axis=1)[:, :3]
                reasons = {f"reason_{i + 1}": np.array(columns)[top[:, i]] for i in range(3)}
                found = {"customer_id": frame[frame.columns[0]], "churn_probability": probability, **reasons}
                polars.DataFrame(found).write_csv(target)

            calls["polars, xgboost, woodelf"] = (by_hand, ROWS)
            # The same probabilities, before anything is timed.
            by_hand(np.empty(0))
            # (But for customers of no month, whose blank total is 0 and not unknown to us.)
            paid = polars.read_csv(source)["tenure"].to_numpy() > 0
            wanted = polars.read_csv(target)["churn_probability"].to_numpy()
            engine.score_file(source, target)
            found = polars.read_csv(target)["churn_probability"].to_numpy()
            assert np.abs(found - wanted)[paid].max() < 1e-5
        show(f"{ROWS} customers from file to file, {name}", rates(calls, np.empty((ROWS, 0))), "polars, read and write")


def main() -> None:
    versions = {n: getattr(have(n), "__version__", None) for n in ("xgboost", "lightgbm", "lleaves", "treelite")}
    print("peers:", json.dumps({n: v for n, v in versions.items() if v}))
    for name, path in models():
        for phase in PHASES:
            {"score": score, "shap": shap, "row": row, "background": background, "files": files}[phase](name, path)


if __name__ == "__main__":
    main()
