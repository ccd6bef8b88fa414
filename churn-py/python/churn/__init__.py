"""Which customers are about to leave, why, and what to do.

>>> import churn
>>> engine = churn.Engine.pretrained("telecom")
>>> record = {"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month"}
>>> engine.score_one(record).risk_level in ("Low", "Medium", "High")
True
"""

from __future__ import annotations

from types import ModuleType

from churn._churn import (
    AlertEngine,
    ChurnDefinition,
    ChurnError,
    ColumnMatch,
    Engine,
    Evaluation,
    Explanation,
    FeatureError,
    FeatureTable,
    Finding,
    HealthScores,
    LeadScores,
    Mapping,
    MappingError,
    Model,
    ModelError,
    PointInTimeCheck,
    Prediction,
    Predictions,
    Profile,
    QualityReport,
    ReadError,
    ReportError,
    Scorer,
    ScoreSummary,
    Table,
    TrainError,
    ValidationError,
    __version__,
    build_features,
    build_training_set,
    check_point_in_time,
    churn_movements,
    event_features,
    health_backtest,
    health_score,
    import_model,
    import_model_bytes,
    lead_score,
    map_columns,
    read,
    train,
    validate,
)
from churn.desk import (
    alert_config,
    alert_payload,
    alert_replay,
    alert_settle,
    alert_step,
    campaign_profit,
    early_warning_fit,
    early_warning_watch,
    health_config,
    health_trend,
    lead_config,
    lifetime_fit,
    percent_change,
    route_leads,
    select_contacts,
    uplift_readout,
    value_at_risk,
)

# As typing.TYPE_CHECKING, without the import of typing.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from churn import aio
    from churn.sklearn import ChurnClassifier as ChurnClassifier


def import_sklearn(
    estimator: Any,
    *,
    name: str | None = None,
    version: str | None = None,
    profile: Any = None,
    feature_names: list[str] | None = None,
) -> Model:
    """Import a fitted scikit-learn forest, tree or gradient boosting classifier of two classes.

    Its attributes are read; nothing is pickled. `feature_names`: one for each feature, where it was fitted on a matrix.
    """
    import json

    from churn._sklearn import plain

    data = json.dumps(plain(estimator)).encode()
    return import_model_bytes(data, name=name, version=version, profile=profile, feature_names=feature_names)


__all__ = [
    "ChurnDefinition",
    "AlertEngine",
    "ChurnError",
    "ColumnMatch",
    "Engine",
    "Evaluation",
    "Explanation",
    "FeatureError",
    "FeatureTable",
    "Finding",
    "HealthScores",
    "LeadScores",
    "Mapping",
    "MappingError",
    "Model",
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
    "alert_config",
    "alert_payload",
    "alert_replay",
    "alert_settle",
    "alert_step",
    "campaign_profit",
    "early_warning_fit",
    "early_warning_watch",
    "health_backtest",
    "health_config",
    "health_score",
    "health_trend",
    "lead_config",
    "lead_score",
    "lifetime_fit",
    "ScoreSummary",
    "Scorer",
    "TrainError",
    "ValidationError",
    "__version__",
    "import_model",
    "import_model_bytes",
    "import_sklearn",
    "map_columns",
    "percent_change",
    "read",
    "route_leads",
    "select_contacts",
    "train",
    "uplift_readout",
    "validate",
    "value_at_risk",
]


def __getattr__(name: str) -> ModuleType | type[ChurnClassifier]:
    """What takes longer to import than all the rest is imported when it is first used: asyncio, scikit-learn."""
    if name == "aio":
        import importlib

        return importlib.import_module("churn.aio")
    if name == "ChurnClassifier":
        from churn.sklearn import ChurnClassifier

        return ChurnClassifier
    raise AttributeError(f"module 'churn' has no attribute '{name}'")
