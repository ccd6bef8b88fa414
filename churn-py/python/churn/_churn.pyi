"""Types of the native module; `churn` re-exports all of it."""

import datetime
import os
from collections.abc import Callable, Sequence
from collections.abc import Mapping as AbcMapping
from typing import Any, Protocol, TypeAlias, final

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class _Readable(Protocol):
    def read(self) -> str | bytes: ...

_Table: TypeAlias = (
    str
    | os.PathLike[str]
    | bytes
    | _Readable
    | _ArrowStream
    | AbcMapping[str, Sequence[Any]]
    | Sequence[AbcMapping[str, Any]]
)
_Date: TypeAlias = str | datetime.date | datetime.datetime
_Progress: TypeAlias = Callable[[str, int, int], object]
_Overrides: TypeAlias = AbcMapping[str, str | None]
_TableOverrides: TypeAlias = AbcMapping[str, AbcMapping[str, str | None]]

__version__: str

class ChurnError(Exception):
    """Any error of churn."""

    code: str
    """Stable code, for example "empty_input"."""
    number: int
    """Stable number, for example 1104."""
    hint: str | None
    """How to mend it."""
    context: dict[str, str]
    """Machine-readable facts: path, row, column, offset and the like."""

class ReadError(ChurnError): ...
class MappingError(ChurnError): ...
class ValidationError(ChurnError): ...
class FeatureError(ChurnError): ...
class ModelError(ChurnError): ...
class TrainError(ChurnError): ...
class ReportError(ChurnError): ...

@final
class Profile:
    @property
    def name(self) -> str: ...
    @staticmethod
    def shipped(name: str) -> Profile: ...
    @staticmethod
    def from_toml(text: str) -> Profile: ...

@final
class Table:
    @property
    def columns(self) -> list[str]: ...
    @property
    def types(self) -> dict[str, str]: ...
    @property
    def source(self) -> dict[str, Any]: ...
    @property
    def notes(self) -> list[dict[str, Any]]: ...
    def to_dict(self) -> dict[str, Any]: ...
    def to_dicts(self) -> list[dict[str, Any]]: ...
    def to_pandas(self) -> pd.DataFrame: ...
    def to_polars(self) -> pl.DataFrame: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __len__(self) -> int: ...

def read(
    source: _Table,
    *,
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    encoding: str | None = None,
    header_line: int | None = None,
    sheet: str | int | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    date_order: str | None = None,
    keep_totals: bool | None = None,
    keep_empty_columns: bool | None = None,
    max_bytes: int | None = None,
    max_rows: int | None = None,
    max_columns: int | None = None,
    max_cell_bytes: int | None = None,
) -> Table: ...

@final
class ColumnMatch:
    @property
    def source(self) -> str: ...
    @property
    def field(self) -> str | None: ...
    @property
    def confidence(self) -> float: ...
    @property
    def method(self) -> str: ...
    @property
    def evidence(self) -> list[str]: ...
    @property
    def alternatives(self) -> list[tuple[str, float]]: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def pii(self) -> bool: ...

@final
class Mapping:
    @property
    def fields(self) -> dict[str, str]: ...
    @property
    def columns(self) -> list[ColumnMatch]: ...
    @property
    def missing(self) -> list[dict[str, Any]]: ...
    @property
    def profile(self) -> str: ...
    @property
    def table_kind(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...
    def to_html(self) -> str: ...
    def save(self, path: str | os.PathLike[str]) -> None: ...
    @staticmethod
    def load(path: str | os.PathLike[str]) -> Mapping: ...
    def _repr_html_(self) -> str: ...

@final
class Finding:
    @property
    def code(self) -> str: ...
    @property
    def layer(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def field(self) -> str | None: ...
    @property
    def column(self) -> str | None: ...
    @property
    def rows_affected(self) -> int: ...
    @property
    def example_rows(self) -> list[int]: ...
    @property
    def message(self) -> str: ...
    @property
    def suggestion(self) -> str: ...

@final
class QualityReport:
    @property
    def ok(self) -> bool: ...
    @property
    def score(self) -> float: ...
    @property
    def findings(self) -> list[Finding]: ...
    @property
    def estimated_auc(self) -> float | None: ...
    def to_dict(self) -> dict[str, Any]: ...
    def to_html(self) -> str: ...
    def _repr_html_(self) -> str: ...

@final
class Prediction:
    @property
    def customer_id(self) -> str: ...
    @property
    def churn_probability(self) -> float: ...
    @property
    def retention_probability(self) -> float: ...
    @property
    def risk_level(self) -> str: ...
    @property
    def reasons(self) -> list[str]: ...
    @property
    def recommendation(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...

@final
class Predictions:
    @property
    def mapping(self) -> Mapping: ...
    @property
    def quality(self) -> QualityReport: ...
    def to_dicts(self) -> list[dict[str, Any]]: ...
    def to_pandas(self) -> pd.DataFrame: ...
    def to_polars(self) -> pl.DataFrame: ...
    def summary(self) -> dict[str, Any]: ...
    def write_csv(self, path: str | os.PathLike[str]) -> None: ...
    def write_json(self, path: str | os.PathLike[str]) -> None: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __len__(self) -> int: ...
    def __getitem__(self, row: int, /) -> dict[str, Any]: ...
    def _repr_html_(self) -> str: ...

@final
class Explanation:
    @property
    def values(self) -> npt.NDArray[np.float64]: ...
    @property
    def base_values(self) -> npt.NDArray[np.float64]: ...
    @property
    def data(self) -> npt.NDArray[np.float64]: ...
    @property
    def feature_names(self) -> list[str]: ...

@final
class Evaluation:
    @property
    def auc(self) -> float | None: ...
    @property
    def log_loss(self) -> float | None: ...
    @property
    def brier(self) -> float | None: ...
    @property
    def ece(self) -> float | None: ...
    @property
    def lift_10(self) -> float | None: ...
    def to_dict(self) -> dict[str, Any]: ...

@final
class Engine:
    @staticmethod
    def pretrained(name: str) -> Engine: ...
    @staticmethod
    def load(path: str | os.PathLike[str]) -> Engine: ...
    @staticmethod
    def from_bytes(data: bytes) -> Engine: ...
    def save(self, path: str | os.PathLike[str]) -> None: ...
    @property
    def model_version(self) -> str: ...
    @property
    def card(self) -> dict[str, Any]: ...
    def score(
        self,
        table: _Table,
        *,
        reasons: int | None = None,
        mapping: Mapping | None = None,
        overrides: _Overrides | None = None,
        as_of: _Date | None = None,
        scored_at: _Date | None = None,
        progress: _Progress | None = None,
    ) -> Predictions: ...
    def score_one(
        self,
        record: dict[str, Any],
        *,
        reasons: int | None = None,
        overrides: _Overrides | None = None,
        as_of: _Date | None = None,
        scored_at: _Date | None = None,
    ) -> Prediction: ...
    def score_customer(
        self,
        record: dict[str, Any],
        *,
        tickets: _Table | None = None,
        payments: _Table | None = None,
        usage: _Table | None = None,
        interactions: _Table | None = None,
        subscriptions: _Table | None = None,
        reasons: int | None = None,
        overrides: _TableOverrides | None = None,
        as_of: _Date | None = None,
        scored_at: _Date | None = None,
    ) -> Prediction: ...
    def explain(
        self, table: _Table, *, overrides: _Overrides | None = None, as_of: _Date | None = None
    ) -> Explanation: ...
    def evaluate(self, table: _Table, *, label: str | None = None, as_of: _Date | None = None) -> Evaluation: ...

def map_columns(
    table: _Table | list[str],
    *,
    table_kind: str | None = "customers",
    profile: str | Profile | None = None,
    overrides: _Overrides | None = None,
    samples: dict[str, Sequence[Any]] | None = None,
    saved: str | os.PathLike[str] | None = None,
) -> Mapping: ...
def validate(
    table: _Table,
    *,
    mapping: Mapping | None = None,
    profile: str | Profile | None = None,
    purpose: str = "score",
    label: str | None = None,
) -> QualityReport: ...
def train(
    table: _Table,
    *,
    label: str | None = None,
    profile: str | Profile | None = None,
    learner: str | None = None,
    seed: int | None = None,
    progress: _Progress | None = None,
    allow: Sequence[str] | None = None,
    overrides: _Overrides | None = None,
    as_of: _Date | None = None,
    name: str | None = None,
    version: str | None = None,
) -> Engine: ...

@final
class FeatureTable:
    """A table that the engine made; an Arrow stream."""

    @property
    def columns(self) -> list[str]: ...
    @property
    def findings(self) -> list[Finding]: ...
    @property
    def definition(self) -> ChurnDefinition | None: ...
    def to_dicts(self) -> list[dict[str, Any]]: ...
    def to_pandas(self) -> pd.DataFrame: ...
    def to_polars(self) -> pl.DataFrame: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __len__(self) -> int: ...

@final
class ChurnDefinition:
    """What churned means."""

    def __new__(
        cls,
        horizon_days: int,
        gap_days: int | None = None,
        booking: str | None = None,
        inactivity_days: int | None = None,
        *,
        past_due_days: int | None = None,
        activity: Sequence[str] | None = None,
        kind: str | None = None,
        pauses: str | None = None,
        same_month: str | None = None,
        reactivation_days: int | None = None,
        grace_days: int | None = None,
    ) -> ChurnDefinition: ...
    @staticmethod
    def preset(name: str, horizon_days: int) -> ChurnDefinition: ...
    @staticmethod
    def from_dict(fields: dict[str, Any]) -> ChurnDefinition: ...
    def to_dict(self) -> dict[str, Any]: ...
    @property
    def hash(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def horizon_days(self) -> int: ...
    @property
    def gap_days(self) -> int: ...
    @property
    def inactivity_days(self) -> int | None: ...
    def describe(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class PointInTimeCheck:
    @property
    def ok(self) -> bool: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def rows_removed(self) -> int: ...

def build_features(
    customers: _Table,
    *,
    tickets: _Table | None = None,
    payments: _Table | None = None,
    usage: _Table | None = None,
    interactions: _Table | None = None,
    subscriptions: _Table | None = None,
    as_of: _Date,
    profile: str | Profile | None = None,
    overrides: _TableOverrides | None = None,
    settings: dict[str, Any] | None = None,
) -> FeatureTable: ...
def build_training_set(
    customers: _Table,
    *,
    tickets: _Table | None = None,
    payments: _Table | None = None,
    usage: _Table | None = None,
    interactions: _Table | None = None,
    subscriptions: _Table | None = None,
    definition: ChurnDefinition,
    start: _Date | None = None,
    end: _Date | None = None,
    every: str | int | None = None,
    observed_until: _Date | None = None,
    keep: Sequence[str] | None = None,
    profile: str | Profile | None = None,
    overrides: _TableOverrides | None = None,
    settings: dict[str, Any] | None = None,
) -> FeatureTable: ...
def check_point_in_time(
    customers: _Table,
    *,
    tickets: _Table | None = None,
    payments: _Table | None = None,
    usage: _Table | None = None,
    interactions: _Table | None = None,
    subscriptions: _Table | None = None,
    as_of: _Date,
    profile: str | Profile | None = None,
    overrides: _TableOverrides | None = None,
    settings: dict[str, Any] | None = None,
) -> PointInTimeCheck: ...
def churn_movements(
    customers: _Table,
    *,
    tickets: _Table | None = None,
    payments: _Table | None = None,
    usage: _Table | None = None,
    interactions: _Table | None = None,
    subscriptions: _Table | None = None,
    definition: ChurnDefinition,
    profile: str | Profile | None = None,
    overrides: _TableOverrides | None = None,
    settings: dict[str, Any] | None = None,
) -> FeatureTable: ...
def event_features() -> list[dict[str, Any]]: ...
