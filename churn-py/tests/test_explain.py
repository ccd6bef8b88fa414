"""Explanations: against a background, in pairs, of segments, as pictures, and in the shap package's plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import churn


@pytest.fixture(scope="module")
def model(data: Path) -> churn.Model:
    return churn.import_model(data / "imported/lgb_plain.txt")


@pytest.fixture(scope="module")
def rows() -> npt.NDArray[np.float64]:
    random = np.random.default_rng(1)
    return np.column_stack([random.uniform(0, 80, 300) for _ in range(4)])


def test_values_against_a_background_add_up_to_its_mean(model: churn.Model, rows: npt.NDArray[np.float64]) -> None:
    background = rows[:50]
    values = model.shap_values(rows, background=background)
    base = model.predict_margin(background).mean()
    assert np.abs(base + values.sum(axis=1) - model.predict_margin(rows)).max() < 1e-9


def test_interactions_add_up_to_the_values(model: churn.Model, rows: npt.NDArray[np.float64]) -> None:
    pairs = model.shap_interaction_values(rows[:20])
    assert pairs.shape == (20, 4, 4)
    assert np.abs(pairs - pairs.transpose(0, 2, 1)).max() == 0.0
    assert np.abs(pairs.sum(axis=2) - model.shap_values(rows[:20])).max() < 1e-12


def test_explanations_of_a_table(data: Path) -> None:
    engine = churn.Engine.pretrained("telecom")
    table = data / "telecom_customers.csv"
    explanation = engine.explain(table)
    n = len(explanation.values)
    everyone = explanation.segment()
    assert [f["mean_abs"] for f in everyone] == sorted((f["mean_abs"] for f in everyone), reverse=True)
    assert explanation.segment(np.arange(n) < 10) == explanation.segment(list(range(10)))
    with pytest.raises(churn.ChurnError) as caught:
        explanation.segment([n])
    assert caught.value.code == "invalid_argument"
    against = engine.explain(table, background=table)
    margins = explanation.base_values + explanation.values.sum(axis=1)
    assert np.abs(against.base_values + against.values.sum(axis=1) - margins).max() < 1e-9
    assert abs(against.base_values[0] - margins.mean()) < 1e-9
    for svg in (explanation.waterfall_svg(0), explanation.beeswarm_svg(max_display=5)):
        assert svg.startswith("<svg") and svg.endswith("</svg>\n")


def test_the_plots_of_the_shap_package(data: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    shap = pytest.importorskip("shap")
    matplotlib.use("Agg")
    explanation = churn.Engine.pretrained("telecom").explain(data / "telecom_customers.csv").to_shap()
    shap.plots.waterfall(explanation[0], show=False)
    shap.plots.beeswarm(explanation, show=False)
    shap.plots.bar(explanation, show=False)
    shap.plots.force(explanation[0], matplotlib=True, show=False)
    matplotlib.pyplot.close("all")


def test_a_scorer_gives_the_predictions_of_score_one() -> None:
    engine = churn.Engine.pretrained("telecom")
    example: dict[str, object] = {
        "customer_id": "A1",
        "tenure_months": 2,
        "monthly_charges": 89.9,
        "contract": "Month-to-month",
        "partner": "Yes",
    }
    scorer = engine.scorer(example)
    assert scorer.columns == list(example)
    changes: list[dict[str, object]] = [
        {},
        {"tenure_months": 60.5, "contract": "two year"},
        {"contract": None, "customer_id": 17},
        {"partner": True, "monthly_charges": float("nan")},
        {"monthly_charges": "1,089.90"},
        {"tech_support": "No"},
        {"tenure_months": -5},
    ]
    for change in [*changes, *changes]:
        record = {**example, **change}
        at = "2026-03-01T10:00:00Z"
        assert scorer.score(record, scored_at=at).to_dict() == engine.score_one(record, scored_at=at).to_dict()
