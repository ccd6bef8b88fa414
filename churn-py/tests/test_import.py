"""Models trained elsewhere: the cases of test-data/imported, and fitted scikit-learn estimators."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import churn

FOLDER = Path(__file__).parents[2] / "test-data" / "imported"
CASES: dict[str, Any] = json.loads((FOLDER / "cases.json").read_text())
FILES = sorted(p for p in FOLDER.iterdir() if p.suffix in (".json", ".ubj", ".txt") and p.stem != "cases")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_models_predict_what_their_libraries_predict(path: Path) -> None:
    model = churn.import_model(path)
    case = CASES[path.stem]
    matrix = np.array(case["inputs"], dtype=float)
    margins = model.predict_margin(matrix)
    exact = path.stem.startswith(("lgb", "skl"))
    np.testing.assert_allclose(margins, case["margins"], rtol=0, atol=0 if exact else 2e-6)
    shap = model.shap_values(matrix)
    assert shap.shape == matrix.shape
    np.testing.assert_allclose(shap.sum(axis=1) + model.expected_value, margins, rtol=1e-9, atol=1e-9)


def test_a_matrix_may_be_given_in_many_ways() -> None:
    model = churn.import_model(FOLDER / "lgb_plain.txt")
    rows = [[2.0, 89.5, 1.0, None], [60.0, 19.5, 0.0, 7.0]]
    matrix = np.array(rows, dtype=float)
    wanted = model.predict_proba(matrix)
    assert wanted.shape == (2,) and wanted.dtype == np.float64
    frame = pd.DataFrame(matrix, columns=model.feature_names)
    for given in (
        rows,
        matrix.astype(np.float32),
        np.asfortranarray(matrix),
        np.column_stack([matrix, matrix])[:, :4],
        matrix.astype(object),
        frame,
        frame[list(reversed(model.feature_names))],
        frame.to_dict("records"),
    ):
        np.testing.assert_array_equal(model.predict_proba(given), wanted)  # type: ignore[arg-type]
    whole = np.array([[2, 90, 1, 3]], dtype=np.int32)
    np.testing.assert_array_equal(model.predict_margin(whole), model.predict_margin(whole.astype(float)))
    with pytest.raises(churn.ChurnError, match="3 columns"):
        model.predict_margin(matrix[:, :3])
    with pytest.raises(churn.FeatureError, match="lacks 1"):
        model.predict_margin(frame.drop(columns="tickets"))


def test_other_models_are_refused() -> None:
    for path in sorted((FOLDER / "refused").iterdir()):
        with pytest.raises(churn.ChurnError) as caught:
            churn.import_model(path)
        assert caught.value.code == "unsupported", path.name


def test_an_imported_model_becomes_an_engine() -> None:
    engine = churn.Engine.from_model(churn.import_model(FOLDER / "lgb_plain.txt", name="theirs"))
    rng = np.random.default_rng(5)
    n = 400
    table = pd.DataFrame(
        {
            "Customer": [f"C{i}" for i in range(n)],
            "Tenure (months)": rng.integers(0, 72, n),
            "Monthly Charges": rng.uniform(10, 120, n).round(2),
            "tickets": rng.integers(0, 9, n),
            "plan_code": rng.integers(0, 150, n),
        }
    )
    scored = engine.score(table)
    direct = churn.import_model(FOLDER / "lgb_plain.txt").predict_proba(table.iloc[:, 1:].to_numpy(float))
    np.testing.assert_allclose([row["churn_probability"] for row in scored.to_dicts()], direct, rtol=0, atol=1e-15)
    assert any(row["reason_1"] for row in scored.to_dicts())
    table["churned"] = rng.random(n) < 0.3 * direct
    better = engine.calibrate(table, label="churned")
    before, after = engine.evaluate(table, label="churned"), better.evaluate(table, label="churned")
    assert after.log_loss is not None and before.log_loss is not None and after.log_loss < before.log_loss - 0.1
    prediction = better.score_one(table.iloc[0].to_dict()).to_dict()  # type: ignore[arg-type]
    assert 0 < prediction["confidence"]["low"] < prediction["confidence"]["high"] < 1


@pytest.mark.parametrize("name", ["forest", "extra", "tree", "boosting", "histogram"])
def test_scikit_learn_estimators(name: str) -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    single = pytest.importorskip("sklearn.tree")
    estimator = {
        "forest": ensemble.RandomForestClassifier(20, max_depth=6, random_state=0),
        "extra": ensemble.ExtraTreesClassifier(20, max_depth=6, random_state=0),
        "tree": single.DecisionTreeClassifier(max_depth=5, random_state=0),
        "boosting": ensemble.GradientBoostingClassifier(n_estimators=20, random_state=0),
        "histogram": ensemble.HistGradientBoostingClassifier(max_iter=20, random_state=0),
    }[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 6))
    y = (x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=500) > 0).astype(int)
    model = churn.import_sklearn(estimator.fit(x, y))
    np.testing.assert_allclose(model.predict_proba(x), estimator.predict_proba(x)[:, 1], rtol=0, atol=1e-15)
    with pytest.raises(TypeError):
        churn.import_sklearn(object())


def test_features_of_a_matrix_are_named() -> None:
    names = ["tenure", "Contract_Month-to-month", "Contract_Two year", "Dependents_No"]
    model = churn.import_model(FOLDER / "lgb_plain.txt", feature_names=names, profile="telecom")
    assert model.feature_names == names
    record = {"id": "A", "tenure": 3, "MonthlyCharges": 70.0, "Contract": "Month-to-month", "Dependents": "No"}
    engine = churn.Engine.from_model(model)
    explanation = engine.explain([record])
    grouped = explanation.grouped()
    assert grouped.feature_names == ["tenure_months", "contract", "dependents"]
    assert grouped.values[0, 1] == explanation.values[0, 1] + explanation.values[0, 2]
    told = engine.score_one(record)
    assert {f["feature_readable"] for f in told.to_dict()["explanation"]["top_factors"]} == {
        "Tenure: 3 months",
        "Month-to-month contract",
        "No dependents",
    }
    with pytest.raises(churn.ChurnError) as caught:
        churn.import_model(FOLDER / "lgb_plain.txt", feature_names=names[:3])
    assert caught.value.code == "invalid_argument"
