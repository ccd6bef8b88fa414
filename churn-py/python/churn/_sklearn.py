"""Fitted scikit-learn estimators as plain data: attributes are read, nothing is unpickled and nothing decided."""

from __future__ import annotations

from typing import Any


def _tree(tree: Any, values: Any) -> dict[str, Any]:
    return {
        "children_left": tree.children_left.tolist(),
        "children_right": tree.children_right.tolist(),
        "feature": tree.feature.tolist(),
        "threshold": tree.threshold.tolist(),
        "missing_go_to_left": [int(m) for m in getattr(tree, "missing_go_to_left", ())],
        "value": values.tolist(),
        "weighted_n_node_samples": tree.weighted_n_node_samples.tolist(),
    }


def _fraction(tree: Any) -> Any:
    """The share of the second class in each node; older versions keep counts."""
    value = tree.value[:, 0, :]
    return value[:, 1] / value.sum(axis=1) if value.shape[1] == 2 else value[:, 0]


def _histogram(predictor: Any) -> dict[str, Any]:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    left = nodes["left"].astype(int)
    left[leaf] = -1
    return {
        "children_left": left.tolist(),
        "children_right": nodes["right"].astype(int).tolist(),
        "feature": nodes["feature_idx"].astype(int).tolist(),
        "threshold": nodes["num_threshold"].tolist(),
        "missing_go_to_left": nodes["missing_go_to_left"].astype(int).tolist(),
        "is_categorical": nodes["is_categorical"].astype(int).tolist(),
        "value": nodes["value"].tolist(),
        "weighted_n_node_samples": nodes["count"].astype(float).tolist(),
    }


def plain(estimator: Any) -> dict[str, Any]:
    """The fitted estimator as the plain JSON that the core reads."""
    if not hasattr(estimator, "n_features_in_"):
        raise TypeError(f"{type(estimator).__name__} is not a fitted estimator")
    head: dict[str, Any] = {
        "n_features": int(estimator.n_features_in_),
        "feature_names": [str(name) for name in getattr(estimator, "feature_names_in_", ())],
        "classes": [str(label) for label in getattr(estimator, "classes_", ())],
    }
    if hasattr(estimator, "_predictors"):
        trees = [_histogram(tree) for stage in estimator._predictors for tree in stage]
        baseline = float(estimator._baseline_prediction.ravel()[0])
        return {"format": "sklearn-hist-gradient-boosting", **head, "baseline": baseline, "trees": trees}
    if hasattr(estimator, "init_"):
        import numpy

        nobody = numpy.zeros((1, estimator.n_features_in_), dtype=numpy.float32)
        return {
            "format": "sklearn-gradient-boosting",
            **head,
            "baseline": float(numpy.ravel(estimator._raw_predict_init(nobody))[0]),
            "learning_rate": float(estimator.learning_rate),
            "trees": [_tree(e.tree_, e.tree_.value[:, 0, 0]) for e in estimator.estimators_.ravel()],
        }
    if not hasattr(estimator, "estimators_") and not hasattr(estimator, "tree_"):
        raise TypeError(f"{type(estimator).__name__} is not a fitted forest, tree or gradient boosting classifier")
    forest = [e.tree_ for e in getattr(estimator, "estimators_", [estimator])]
    return {"format": "sklearn-random-forest", **head, "trees": [_tree(t, _fraction(t)) for t in forest]}
