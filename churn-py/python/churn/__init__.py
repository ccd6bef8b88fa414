"""Which customers are about to leave, why, and what to do.

>>> import churn
>>> engine = churn.Engine.pretrained("telecom")
>>> record = {"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month"}
>>> engine.score_one(record).risk_level in ("Low", "Medium", "High")
True
"""

from typing import Any

from churn._churn import (
    ChurnError,
    ColumnMatch,
    Engine,
    Evaluation,
    Explanation,
    FeatureError,
    Finding,
    Mapping,
    MappingError,
    Model,
    ModelError,
    Prediction,
    Predictions,
    Profile,
    QualityReport,
    ReadError,
    ReportError,
    ScoreSummary,
    TrainError,
    ValidationError,
    __version__,
    import_model,
    import_model_bytes,
    map_columns,
    train,
    validate,
)


def import_sklearn(
    estimator: Any, *, name: str | None = None, version: str | None = None, profile: Any = None
) -> Model:
    """Import a fitted scikit-learn forest, tree or gradient boosting classifier of two classes.

    Its attributes are read; nothing is pickled.
    """
    import json

    from churn._sklearn import plain

    data = json.dumps(plain(estimator)).encode()
    return import_model_bytes(data, name=name, version=version, profile=profile)


__all__ = [
    "ChurnError",
    "ColumnMatch",
    "Engine",
    "Evaluation",
    "Explanation",
    "FeatureError",
    "Finding",
    "Mapping",
    "MappingError",
    "Model",
    "ModelError",
    "Prediction",
    "Predictions",
    "Profile",
    "QualityReport",
    "ReadError",
    "ReportError",
    "ScoreSummary",
    "TrainError",
    "ValidationError",
    "__version__",
    "import_model",
    "import_model_bytes",
    "import_sklearn",
    "map_columns",
    "train",
    "validate",
]
