"""The engine's learner as a scikit-learn classifier.

>>> from churn.sklearn import ChurnClassifier
>>> import numpy as np
>>> X = np.arange(80.0).reshape(-1, 1) % 40
>>> y = np.where(X[:, 0] > 20, "left", "stayed")
>>> ChurnClassifier().fit(X, y).predict([[39.0], [1.0]]).tolist()
['left', 'stayed']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin  # type: ignore[import-untyped]
from sklearn.utils import check_array  # type: ignore[import-untyped]
from sklearn.utils.multiclass import check_classification_targets, type_of_target  # type: ignore[import-untyped]
from sklearn.utils.validation import (  # type: ignore[import-untyped]
    _check_feature_names,
    _check_n_features,
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from churn._churn import Engine, _fit, _predict

if TYPE_CHECKING:
    from typing import Self

__all__ = ["ChurnClassifier"]


def _is_frame(X: Any) -> bool:
    return hasattr(X, "columns") and (hasattr(X, "dtypes") or hasattr(X, "schema"))


class ChurnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Calibrated probabilities of two classes from columns as they are: no mapping and no leak check.

    X is an array of numbers, or a frame (pandas, polars) whose text and category columns are categories; NaN is
    missing. Whole-number sample weights mean what repeating the rows means; the order of the rows does not matter.

    Parameters
    ----------
    learner : "auto", "boosting", "additive", "forest" or "logistic"; the core's default where None
    time_budget : work that choosing a model may cost, in seconds of a usual machine; the core's default where None
    random_state : seed

    Attributes
    ----------
    engine_ : the fitted :class:`churn.Engine`; it saves, scores with reasons, and explains
    classes_ : the two classes; probabilities are those of the second
    """

    def __init__(
        self, *, learner: str | None = None, time_budget: float | None = None, random_state: Any = None
    ) -> None:
        self.learner = learner
        self.time_budget = time_budget
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def _columns(self, X: Any, *, reset: bool) -> Any:
        """X as a table that the core reads, its shape and names checked."""
        if _is_frame(X):
            _check_feature_names(self, X, reset=reset)
            # Columns without text names, or a model that knows none, are columns by place.
            if hasattr(self, "feature_names_in_"):
                _check_n_features(self, X, reset=reset)
                if 0 in X.shape:
                    check_array(np.empty(X.shape))
                return X
        matrix = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
        if hasattr(self, "feature_names_in_"):
            return dict(zip(self.feature_names_in_, matrix.T.tolist(), strict=True))
        return matrix

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit on rows X with labels y; rows of one group never lie on both sides of a split."""
        if y is None:
            raise ValueError("This ChurnClassifier estimator requires y to be passed, but the target y is None.")
        columns = self._columns(X, reset=True)
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        check_classification_targets(y)
        if type_of_target(y) == "multiclass":
            raise ValueError("Only binary classification is supported. The type of the target is multiclass.")
        if len(y) < 2:
            raise ValueError("n_samples=1: fitting needs rows of both classes.")
        self.classes_, codes = np.unique(y, return_inverse=True)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        counted = codes if weights is None else codes[weights > 0]
        if len(np.unique(counted)) < 2:
            raise ValueError("Fitting needs rows of both classes with a weight above 0, but there is one class.")
        numbers = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1].tolist()
        self.engine_: Engine = _fit(
            columns,
            (codes == 1).tolist(),
            weights=None if weights is None else weights.tolist(),
            groups=numbers,
            learner=self.learner,
            seed=self._seed(),
            time_budget=self.time_budget,
        )
        return self

    def _seed(self) -> int | None:
        if self.random_state is None or isinstance(self.random_state, (int, np.integer)):
            return None if self.random_state is None else int(self.random_state)
        from sklearn.utils import check_random_state

        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def predict_proba(self, X: Any) -> Any:
        """Calibrated probabilities, shape (n_rows, 2), in the order of `classes_`."""
        check_is_fitted(self)
        second = np.asarray(_predict(self.engine_, self._columns(X, reset=False)))
        return np.column_stack([1.0 - second, second])

    def predict(self, X: Any) -> Any:
        """The more probable class of each row."""
        likelier = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[likelier]
