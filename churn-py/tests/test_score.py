"""Scoring, in every form that a table can be given in."""

import copy
import datetime
import io
import json
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import churn

COLUMNS = [
    "customer_id",
    "churn_probability",
    "retention_probability",
    "probability_low",
    "probability_high",
    "risk_level",
    "reason_1",
    "reason_2",
    "reason_3",
    "recommendation",
    "model_version",
    "scored_at",
]


def test_a_messy_file(engine: churn.Engine, data: Path) -> None:
    predictions = engine.score(data / "telecom_customers.csv", as_of="2026-06-30")
    assert len(predictions) == 502
    assert predictions.mapping.fields["monthly_charges"] == "Monthly Fee"
    codes = {f.code for f in predictions.quality.findings}
    assert {"unreadable_value", "out_of_range", "duplicate_customer_id", "ragged_row"} <= codes
    summary = predictions.summary()
    assert summary["high_risk"] + summary["medium_risk"] + summary["low_risk"] == summary["customers"] == 502
    assert 0.5 < summary["average_retention"] < 0.95
    assert summary["top_reasons"]


def test_the_saas_scorecard(data: Path) -> None:
    saas = churn.Engine.pretrained("saas")
    assert saas.card["kind"] == "expert_scorecard"
    predictions = saas.score(data / "saas_customers.csv", as_of=datetime.date(2026, 6, 30))
    assert len(predictions) == 300
    assert {"tenure_months", "signup_date"} & set(predictions.mapping.fields)
    assert 0.08 < 1 - predictions.summary()["average_retention"] < 0.30


def test_all_forms_of_a_table_give_the_same_bits(engine: churn.Engine, data: Path, tmp_path: Path) -> None:
    path = data / "telecom_labelled.csv"
    at = "2026-07-01T00:00:00Z"
    expected = engine.score(path, scored_at=at).to_dicts()
    pandas = pd.read_csv(path)
    polars = pl.read_csv(path)
    forms = {
        "str": str(path),
        "bytes": path.read_bytes(),
        "file": path.open("rb"),
        "text file": io.StringIO(path.read_text()),
        "pandas": pandas,
        "pandas, shuffled columns": pandas[sorted(pandas.columns, reverse=True)],
        "polars": polars,
        "polars, categorical": polars.with_columns(pl.col("contract").cast(pl.Categorical)),
        "arrow": polars.to_arrow(),
        "dicts": polars.to_dicts(),
        "columns": polars.to_dict(as_series=False),
        "pandas objects": pandas.astype(object),
    }
    for name, form in forms.items():
        assert engine.score(form, scored_at=at).to_dicts() == expected, name


def test_results_go_everywhere(engine: churn.Engine, data: Path, tmp_path: Path) -> None:
    predictions = engine.score(data / "telecom_labelled.csv")
    pandas, polars, dicts = predictions.to_pandas(), predictions.to_polars(), predictions.to_dicts()
    assert list(pandas.columns) == polars.columns == list(dicts[0]) == COLUMNS
    assert polars["churn_probability"].to_list() == pandas["churn_probability"].to_list()
    assert pa.table(predictions).num_rows == len(predictions) == len(dicts)
    assert predictions[0] == dicts[0] and predictions[-1] == dicts[-1]
    with pytest.raises(IndexError):
        predictions[len(dicts)]
    predictions.write_csv(tmp_path / "p.csv")
    predictions.write_json(tmp_path / "p.json")
    assert json.loads((tmp_path / "p.json").read_text()) == dicts
    back = pl.read_csv(tmp_path / "p.csv")
    assert back["churn_probability"].to_list() == polars["churn_probability"].to_list()
    for html in (predictions._repr_html_(), predictions.mapping._repr_html_(), predictions.quality._repr_html_()):
        assert html.startswith("<") and "<table" in html
    assert "customers" in repr(predictions)


def test_one_customer(engine: churn.Engine, record: dict[str, object]) -> None:
    prediction = engine.score_one(record, scored_at="2026-07-01T00:00:00Z")
    result = prediction.to_dict()
    assert result["customer_id"] == "A1" and result["risk_level"] == prediction.risk_level != "Low"
    assert result["retention_probability"] == 1 - result["churn_probability"]
    confidence = result["confidence"]
    assert confidence["low"] <= result["churn_probability"] <= confidence["high"]
    assert confidence["level"] == 0.9
    assert result["top_risk_factor"] == prediction.reasons[0]
    explanation = result["explanation"]
    factors = explanation["top_factors"]
    total = sum(f["impact"] for f in factors)
    assert math.isclose(total, result["churn_probability"] - explanation["base_probability"], abs_tol=1e-12)
    for factor in factors:
        assert factor["impact_percentage"] == 100 * factor["impact"]
        assert (factor["direction"] == "increases") == (factor["shap_value"] > 0)
    assert (
        engine.score([record], scored_at="2026-07-01T00:00:00Z")[0]["churn_probability"] == result["churn_probability"]
    )


def test_missing_values_of_all_kinds(engine: churn.Engine, record: dict[str, object]) -> None:
    expected = engine.score_one({**record, "tech_support": None}).churn_probability
    for missing in (float("nan"), pd.NA, pd.NaT, "", "  ", "N/A"):
        assert engine.score_one({**record, "tech_support": missing}).churn_probability == expected, repr(missing)


def test_explanations_add_up(engine: churn.Engine, data: Path) -> None:
    explanation = engine.explain(data / "telecom_labelled.csv")
    probabilities = engine.score(data / "telecom_labelled.csv").to_polars()["churn_probability"].to_numpy()
    assert explanation.values.shape == explanation.data.shape == (2000, len(explanation.feature_names))
    margins = explanation.values.sum(axis=1) + explanation.base_values
    order = margins.argsort(kind="stable")
    assert (probabilities[order][1:] >= probabilities[order][:-1]).all()


def test_threads_share_an_engine(engine: churn.Engine, data: Path) -> None:
    def score(_: int) -> list[float]:
        return engine.score(data / "telecom_labelled.csv").to_polars()["churn_probability"].to_list()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(score, range(4)))
    assert all(r == results[0] for r in results)


def test_progress_and_stopping(engine: churn.Engine, data: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    engine.score(data / "telecom_labelled.csv", progress=lambda *p: seen.append(p))
    assert seen[-1] == ("scoring", 2000, 2000)

    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.score(data / "telecom_labelled.csv", progress=stop)


def test_training_saving_copying(data: Path, tmp_path: Path) -> None:
    engine = churn.train(
        data / "telecom_labelled.csv", learner="logistic", profile="telecom", name="mine", version="2.0.0"
    )
    assert engine.model_version == "mine 2.0.0"
    auc = next(m["mean"] for m in engine.card["metrics"] if m["name"] == "auc")
    assert 0.80 < auc < 0.87
    engine.save(tmp_path / "mine.churn")
    record = {"customer_id": 1, "tenure_months": 1, "monthly_charges": 99, "contract": "Month-to-month"}
    expected = engine.score_one(record).churn_probability
    loaded = churn.Engine.load(tmp_path / "mine.churn")
    for other in (loaded, pickle.loads(pickle.dumps(engine)), copy.deepcopy(engine)):
        assert other.score_one(record).churn_probability == expected
    evaluation = engine.evaluate(data / "telecom_labelled.csv")
    assert evaluation.auc is not None and evaluation.auc > auc - 0.02
    assert evaluation.to_dict()["n_rows"] == 2000


def test_a_table_without_canonical_fields_trains_and_scores() -> None:
    rows = [
        {"x": i % 17, "colour": "red" if i % 3 else "blue", "target": i % 17 + (i % 3 == 0) * 4 > 11}
        for i in range(600)
    ]
    engine = churn.train(rows, label="target", profile="generic", learner="logistic", allow=["x"])
    shuffled = [{"colour": r["colour"], "x": r["x"]} for r in rows]
    predictions = engine.score(shuffled)
    assert predictions[0]["customer_id"] == "1"
    high = [p["churn_probability"] for p, r in zip(predictions.to_dicts(), rows, strict=True) if r["target"]]
    low = [p["churn_probability"] for p, r in zip(predictions.to_dicts(), rows, strict=True) if not r["target"]]
    assert min(high) > 0.4 > 0.3 > sum(low) / len(low)


def test_reasons_in_other_languages(tmp_path: Path) -> None:
    record = {"customer_id": "A1", "tenure_months": 1, "monthly_charges": 89.9, "contract": "Month-to-month"}
    english = churn.Engine.pretrained("telecom")
    told: dict[str, churn.Prediction] = {"en": english.score_one(record)}
    months: dict[Literal["de", "es", "fr"], str] = {"de": "1 Monat", "es": "1 mes", "fr": "1 mois"}
    for language, month in months.items():
        engine = english.with_language(language)
        assert engine.language == language
        assert pickle.loads(pickle.dumps(engine)).language == language
        told[language] = engine.score_one(record)
        assert told[language].churn_probability == told["en"].churn_probability
        assert any(reason.endswith(f": {month}") for reason in told[language].reasons)
        assert engine.score([record]).to_dicts()[0]["reason_1"] == told[language].reasons[0]
    assert len({prediction.reasons[0] for prediction in told.values()}) == 4
    assert len({prediction.recommendation for prediction in told.values()}) == 4
    with pytest.raises(churn.ChurnError) as caught:
        english.with_language("xx")  # type: ignore[arg-type]
    assert caught.value.code == "invalid_argument"
