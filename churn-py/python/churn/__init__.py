"""Which customers are about to leave, why, and what to do.

>>> import churn
>>> engine = churn.Engine.pretrained("telecom")
>>> record = {"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month"}
>>> engine.score_one(record).risk_level in ("Low", "Medium", "High")
True
"""

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
    ModelError,
    Prediction,
    Predictions,
    Profile,
    QualityReport,
    ReadError,
    ReportError,
    Table,
    TrainError,
    ValidationError,
    __version__,
    map_columns,
    read,
    train,
    validate,
)

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
    "ModelError",
    "Prediction",
    "Predictions",
    "Profile",
    "QualityReport",
    "ReadError",
    "ReportError",
    "Table",
    "TrainError",
    "ValidationError",
    "__version__",
    "map_columns",
    "read",
    "train",
    "validate",
]
