"""`progress=True`: a bar by tqdm where it is installed, nothing where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Progress = Callable[[str, int, int], object]


def progress_of(progress: Progress | bool | None) -> Progress | None:
    """The callback that `progress` stands for."""
    if progress is True:
        return bar()
    return progress or None


def bar() -> Progress | None:
    """A callback that draws one bar a stage; None without tqdm."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    bars: dict[str, Any] = {}

    def show(stage: str, done: int, total: int) -> None:
        drawn = bars.get(stage)
        if drawn is None:
            drawn = bars[stage] = tqdm(total=total, desc=stage)
        drawn.update(done - drawn.n)
        if done >= total:
            drawn.close()

    return show
