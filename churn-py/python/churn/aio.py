"""The long calls for programs with an event loop: the same functions and methods, to be awaited.

Each runs in a worker thread, so that the loop goes on; a task that is cancelled stops the call at its next step.

>>> import asyncio
>>> import churn
>>> engine = churn.Engine.pretrained("telecom")
>>> csv = b"customer_id,tenure_months,monthly_charges,contract\\nA1,2,89.9,Month-to-month\\n"
>>> predictions = asyncio.run(churn.aio.score(engine, csv))
>>> len(predictions)
1
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from churn import _churn
from churn._progress import progress_of

_T = TypeVar("_T")

__all__ = [
    "build_features",
    "build_training_set",
    "calibrate",
    "evaluate",
    "explain",
    "map_columns",
    "read",
    "score",
    "score_file",
    "train",
    "validate",
]


class _Stopped(Exception):
    """Ends a call whose task was cancelled; nobody sees it."""


async def _run(call: Callable[..., _T], *args: Any, watched: bool = False, **options: Any) -> _T:
    stop = threading.Event()
    if watched:
        told = progress_of(options.pop("progress", None))

        def progress(stage: str, done: int, total: int) -> None:
            if stop.is_set():
                raise _Stopped
            if told is not None:
                told(stage, done, total)

        options["progress"] = progress
    work = asyncio.get_running_loop().run_in_executor(None, lambda: call(*args, **options))
    try:
        return await work
    except asyncio.CancelledError:
        stop.set()
        raise


async def score(engine: _churn.Engine, table: Any, **options: Any) -> _churn.Predictions:
    """`engine.score(table, ...)`; `progress` is called from the worker thread."""
    return await _run(engine.score, table, watched=True, **options)


async def score_file(engine: _churn.Engine, source: Any, target: Any, **options: Any) -> _churn.ScoreSummary:
    """`engine.score_file(source, target, ...)`; `progress` is called from the worker thread."""
    return await _run(engine.score_file, source, target, watched=True, **options)


async def explain(engine: _churn.Engine, table: Any, **options: Any) -> _churn.Explanation:
    """`engine.explain(table, ...)`."""
    return await _run(engine.explain, table, **options)


async def evaluate(engine: _churn.Engine, table: Any, **options: Any) -> _churn.Evaluation:
    """`engine.evaluate(table, ...)`."""
    return await _run(engine.evaluate, table, **options)


async def calibrate(engine: _churn.Engine, table: Any, **options: Any) -> _churn.Engine:
    """`engine.calibrate(table, ...)`."""
    return await _run(engine.calibrate, table, **options)


async def read(table: Any, **options: Any) -> _churn.Table:
    """`churn.read(table, ...)`."""
    return await _run(_churn.read, table, **options)


async def map_columns(table: Any, **options: Any) -> _churn.Mapping:
    """`churn.map_columns(table, ...)`."""
    return await _run(_churn.map_columns, table, **options)


async def validate(table: Any, **options: Any) -> _churn.QualityReport:
    """`churn.validate(table, ...)`."""
    return await _run(_churn.validate, table, **options)


async def train(table: Any, **options: Any) -> _churn.Engine:
    """`churn.train(table, ...)`; `progress` is called from the worker thread."""
    return await _run(_churn.train, table, watched=True, **options)


async def build_features(customers: Any, **options: Any) -> _churn.FeatureTable:
    """`churn.build_features(customers, ...)`."""
    return await _run(_churn.build_features, customers, **options)


async def build_training_set(customers: Any, **options: Any) -> _churn.FeatureTable:
    """`churn.build_training_set(customers, ...)`."""
    return await _run(_churn.build_training_set, customers, **options)
