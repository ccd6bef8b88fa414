"""ChurnClassifier: scikit-learn's own checks, and the ways that scikit-learn's users use an estimator."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone  # type: ignore[import-untyped]
from sklearn.calibration import CalibratedClassifierCV  # type: ignore[import-untyped]
from sklearn.model_selection import cross_val_score  # type: ignore[import-untyped]
from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]
from sklearn.utils.estimator_checks import parametrize_with_checks  # type: ignore[import-untyped]

import churn


@parametrize_with_checks([churn.ChurnClassifier()])  # type: ignore[untyped-decorator]
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def customers() -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    n = 240
    tenure = rng.integers(1, 60, n).astype(float)
    plan = rng.choice(["Basic", "Pro", "Team"], n)
    risk = 1 / (1 + np.exp(-(1.5 - 0.08 * tenure + 1.5 * (plan == "Basic"))))
    tenure[::17] = np.nan
    frame = pd.DataFrame({"tenure": tenure, "plan": plan, "auto renew": rng.random(n) < 0.5})
    return frame, np.where(rng.random(n) < risk, "left", "stayed")


def test_frames_and_missing_values(customers: tuple[pd.DataFrame, np.ndarray[Any, Any]]) -> None:
    X, y = customers
    model = churn.ChurnClassifier(learner="logistic").fit(X, y)
    assert model.classes_.tolist() == ["left", "stayed"]
    assert model.feature_names_in_.tolist() == list(X.columns)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert np.mean(model.predict(X) == y) > 0.7
    # The same columns in another kind of frame, one row at a time, and a level that was never seen.
    np.testing.assert_array_equal(model.predict_proba(pl.from_pandas(X)), p)
    np.testing.assert_array_equal(model.predict_proba(X.iloc[[5]]), p[[5]])
    np.testing.assert_array_equal(model.predict_proba(X.assign(plan=X["plan"].astype("category"))), p)
    assert np.isfinite(model.predict_proba(X.assign(plan="Enterprise"))).all()
    with pytest.warns(UserWarning, match="valid feature names"):
        numbers = churn.ChurnClassifier(learner="logistic").fit(X[["tenure"]], y)
        np.testing.assert_array_equal(
            numbers.predict_proba(X[["tenure"]].to_numpy()), numbers.predict_proba(X[["tenure"]])
        )
    # The engine behind it explains.
    assert model.engine_.explain(X).values.shape == (len(X), 3)


def test_copies_pickles_and_pipelines(customers: tuple[pd.DataFrame, np.ndarray[Any, Any]]) -> None:
    frame, y = customers
    X = frame[["tenure"]].to_numpy()
    model = churn.ChurnClassifier(learner="logistic", random_state=3)
    assert clone(model).get_params() == {"learner": "logistic", "random_state": 3, "time_budget": None}
    fitted = clone(model).set_params(time_budget=5.0).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    pipeline = make_pipeline(StandardScaler(), clone(model))
    assert cross_val_score(pipeline, X, y, cv=3, scoring="roc_auc").mean() > 0.6
    calibrated = CalibratedClassifierCV(clone(model), cv=3).fit(X, y)
    assert calibrated.predict_proba(X).shape == (len(X), 2)


def test_weights_are_repetitions_and_the_order_of_rows_does_not_matter(
    customers: tuple[pd.DataFrame, np.ndarray[Any, Any]],
) -> None:
    frame, y = customers
    X = frame[["tenure"]].to_numpy()
    weights = np.arange(len(y)) % 3
    weighted = churn.ChurnClassifier(learner="additive").fit(X, y, sample_weight=weights)
    order = np.random.default_rng(1).permutation(weights.sum())
    repeated = churn.ChurnClassifier(learner="additive").fit(X.repeat(weights, axis=0)[order], y.repeat(weights)[order])
    np.testing.assert_array_equal(weighted.predict_proba(X), repeated.predict_proba(X))


def test_what_cannot_be_fitted_is_said(customers: tuple[pd.DataFrame, np.ndarray[Any, Any]]) -> None:
    X, y = customers
    with pytest.raises(ValueError, match="one class"):
        churn.ChurnClassifier().fit(X, np.repeat("left", len(X)))
    with pytest.raises(churn.ChurnError) as caught:
        churn.ChurnClassifier(learner="magic").fit(X, y)
    assert caught.value.code == "invalid_argument"
    with pytest.raises(churn.ChurnError, match="time_budget"):
        churn.ChurnClassifier(time_budget=-1.0).fit(X, y)
