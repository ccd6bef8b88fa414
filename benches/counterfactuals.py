"""Counterfactuals beside DiCE (dice-ml) on the same model: customers with a valid answer, fields changed, time.

The model is XGBoost's, trained on the shipped labelled customers; both are asked for three answers for the same
customers, may change the same fields within the same ranges, and every answer is judged by XGBoost itself. Time is CPU
time of the process.

    python benches/counterfactuals.py [CUSTOMERS]
"""

import sys
import tempfile
import time
import warnings
from pathlib import Path

import dice_ml
import numpy as np
import pandas as pd
import xgboost

import churn

warnings.filterwarnings("ignore")
ROOT = Path(__file__).parents[1]
CODES = {
    "contract": ["Month-to-month", "One year", "Two year"],
    "internet_service": ["No", "DSL", "Fiber optic"],
    "payment_method": ["Electronic check", "Mailed check", "Bank transfer (automatic)", "Credit card (automatic)"],
}
YES = ["paperless_billing", "partner", "dependents", "tech_support", "online_security", "online_backup"]
#: The fields that can be changed, and their values; all others stay.
CHANGEABLE = {
    "contract_code": [0, 1, 2],
    "payment_method_code": [0, 1, 2, 3],
    "tech_support_code": [0, 1],
    "online_security_code": [0, 1],
    "online_backup_code": [0, 1],
}
TARGET = 0.5


def table() -> tuple[pd.DataFrame, pd.Series]:
    raw = pd.read_csv(ROOT / "test-data" / "telecom_labelled.csv")
    x = pd.DataFrame({"tenure_months": raw["tenure_months"], "monthly_charges": raw["monthly_charges"]})
    # Codes of our own: a name like "contract" would be read as the levels that it means.
    for name, levels in CODES.items():
        x[f"{name}_code"] = raw[name].map({level: code for code, level in enumerate(levels)})
    for name in YES:
        x[f"{name}_code"] = (raw[name] == "Yes").astype(int)
    return x.astype(float), (raw["churned"] == "Yes").astype(int)


class Native:
    """XGBoost as scikit-learn's users see it; DiCE hands over frames of objects."""

    def __init__(self, booster: xgboost.Booster, names: list[str]) -> None:
        self.booster, self.names = booster, names
        self.asked = 0

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        self.asked += len(frame)
        p = self.booster.inplace_predict(frame[self.names].to_numpy(dtype=np.float32))
        return np.column_stack([1 - p, p])

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return (self.predict_proba(frame)[:, 1] > 0.5).astype(int)


def report(
    name: str, answers: list[list[dict[str, float]]], times: list[float], model: Native, rows: pd.DataFrame
) -> float:
    """`answers`: the changed values of each answer for each customer. Gives the seconds a customer."""
    valid, fewest, changed, distinct = 0, [], [], []
    for changes, (_, row) in zip(answers, rows.iterrows(), strict=True):
        good = []
        for change in changes:
            p = model.predict_proba(pd.DataFrame([{**row.to_dict(), **change}]))[0, 1]
            if p <= TARGET:
                good.append(change)
        valid += bool(good)
        if good:
            fewest.append(min(len(c) for c in good))
            changed.extend(len(c) for c in good)
            distinct.append(len({tuple(sorted(c)) for c in good}))
    seconds = float(np.mean(times))
    print(
        f"{name:<14} valid for {valid:>3} of {len(rows)}; fields changed: {np.mean(fewest):.2f} in the answer that "
        f"changes fewest, {np.mean(changed):.2f} in all; different sets of fields {np.mean(distinct):.2f}; "
        f"{1000 * seconds:9.2f} ms a customer"
    )
    return seconds


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    x, y = table()
    names = list(x.columns)
    data = xgboost.DMatrix(x, label=y, feature_names=names)
    settings = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.1, "seed": 0, "nthread": 1}
    booster = xgboost.train(settings, data, num_boost_round=120)
    model = Native(booster, names)
    p = model.predict_proba(x)[:, 1]
    rows = x[p > TARGET].head(n)
    print(f"{len(rows)} customers above {TARGET}, {len(CHANGEABLE)} fields that can be changed, three answers each")

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "model.json"
        booster.save_model(path)
        engine = churn.Engine.from_model(churn.import_model(path))
    for (_, row), native in zip(rows.iterrows(), p[p > TARGET][:n], strict=True):
        assert abs(engine.score_one(row.to_dict()).churn_probability - native) < 1e-6, "both hold the same model"
    actionable = [
        {"field": name, "min": min(values), "max": max(values), "step": 1} for name, values in CHANGEABLE.items()
    ]
    mine, times = [], []
    for _, row in rows.iterrows():
        start = time.process_time()
        found = engine.counterfactuals(row.to_dict(), TARGET, n=3, actionable=actionable)
        times.append(time.process_time() - start)
        mine.append([{c["field"]: float(c["to"]) for c in answer["changes"]} for answer in found])
    ours = report("churn", mine, times, model, rows)

    # DiCE: codes are levels, so that no method is given values in between.
    frame = x.copy()
    discrete = [name for name in names if name not in ("tenure_months", "monthly_charges")]
    for name in discrete:
        frame[name] = frame[name].astype(int).astype(str)
    frame["churned"] = y
    described = dice_ml.Data(
        dataframe=frame, continuous_features=["tenure_months", "monthly_charges"], outcome_name="churned"
    )
    wrapped = dice_ml.Model(model=model, backend="sklearn")
    permitted = {name: [str(v) for v in values] for name, values in CHANGEABLE.items()}
    for method in ("random", "genetic", "kdtree"):
        explainer = dice_ml.Dice(described, wrapped, method=method)
        theirs, times = [], []
        for index in rows.index:
            query = frame.loc[[index], names]
            start = time.process_time()
            try:
                found = explainer.generate_counterfactuals(
                    query,
                    total_CFs=3,
                    desired_class=0,
                    features_to_vary=list(CHANGEABLE),
                    permitted_range=permitted,
                    stopping_threshold=TARGET,
                    verbose=False,
                    **({"random_seed": 0} if method == "random" else {}),
                )
                answers = found.cf_examples_list[0].final_cfs_df
            except Exception as error:  # noqa: BLE001  (DiCE says "no counterfactuals found" by raising)
                if "No counterfactuals found" not in str(error):
                    raise
                answers = None
            times.append(time.process_time() - start)
            row = rows.loc[index]
            changes = []
            for _, answer in [] if answers is None else answers[names].astype(float).iterrows():
                change = {name: answer[name] for name in names if abs(answer[name] - row[name]) > 1e-6}
                if set(change) <= set(CHANGEABLE):
                    changes.append(change)
            theirs.append(changes)
        other = report(f"DiCE {method}", theirs, times, model, rows)
        print(f"{'':<14} churn is {other / ours:.0f} times as fast")


if __name__ == "__main__":
    main()
