"""Which customers are about to leave, why, and what to do.

>>> import churn
>>> engine = churn.Engine.pretrained("telecom")
>>> record = {"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month"}
>>> engine.score_one(record).risk_level in ("Low", "Medium", "High")
True
"""

from types import ModuleType

from churn._churn import (
    ChurnDefinition,
    ChurnError,
    ColumnMatch,
    Engine,
    Evaluation,
    Explanation,
    FeatureError,
    FeatureTable,
    Finding,
    Mapping,
    MappingError,
    ModelError,
    PointInTimeCheck,
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
    build_features,
    build_training_set,
    check_point_in_time,
    churn_movements,
    event_features,
    map_columns,
    read,
    train,
    validate,
)

# As typing.TYPE_CHECKING, without the import of typing.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from churn import aio

__all__ = [
    "ChurnDefinition",
    "ChurnError",
    "ColumnMatch",
    "Engine",
    "Evaluation",
    "Explanation",
    "FeatureError",
    "FeatureTable",
    "Finding",
    "Mapping",
    "MappingError",
    "ModelError",
    "PointInTimeCheck",
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
    "aio",
    "build_features",
    "build_training_set",
    "check_point_in_time",
    "churn_movements",
    "event_features",
    "map_columns",
    "read",
    "train",
    "validate",
]


def __getattr__(name: str) -> ModuleType:
    """`churn.aio` is imported when it is first used: asyncio takes longer to import than all the rest."""
    if name == "aio":
        import importlib

        return importlib.import_module("churn.aio")
    raise AttributeError(f"module 'churn' has no attribute '{name}'")
