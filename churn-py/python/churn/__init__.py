"""Which customers are about to leave, why, and what to do.

>>> import churn
>>> engine = churn.Engine.pretrained("telecom")
>>> record = {"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month"}
>>> engine.score_one(record).risk_level in ("Low", "Medium", "High")
True
"""

from types import ModuleType

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

# As typing.TYPE_CHECKING, without the import of typing.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from churn import aio

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
    "aio",
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
