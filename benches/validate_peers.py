"""Time of other validation tools on a table like that of `make bench-validate`, as ratios; skips what is not
installed."""

import importlib.util
import random
import time
from collections.abc import Callable
from typing import Any

ROWS, COLUMNS = 10_000, 60


def table() -> Any:
    import pandas as pd

    rng = random.Random(7)
    makers: list[Callable[[], Any]] = [
        lambda: round(1000 * rng.random(), 2),
        lambda: rng.choice(["north", "south", "east", "west"]),
        lambda: rng.choice(["Yes", "No"]),
        lambda: f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
    ]
    columns = {
        "customer_id": [f"K{i:07}" for i in range(ROWS)],
        "tenure_months": [rng.randint(1, 70) for _ in range(ROWS)],
        "monthly_charges": [round(20 + 80 * rng.random(), 2) for _ in range(ROWS)],
        "contract": [rng.choice(["Month-to-month", "One year", "Two year"]) for _ in range(ROWS)],
    }
    for c in range(4, COLUMNS):
        columns[f"gauge {c}"] = [makers[c % 4]() for _ in range(ROWS)]
    return pd.DataFrame(columns)


def churn_tool(frame: Any) -> None:
    import churn

    churn.validate(frame, profile="telecom")


def pandera_tool(frame: Any) -> None:
    import pandera.pandas as pa

    checks = {c: pa.Column(nullable=True) for c in frame.columns}
    checks["tenure_months"] = pa.Column(int, pa.Check.in_range(0, 360))
    checks["monthly_charges"] = pa.Column(float, pa.Check.in_range(0, 1000))
    checks["customer_id"] = pa.Column(str, unique=True)
    pa.DataFrameSchema(checks).validate(frame, lazy=True)


def gx_tool(frame: Any) -> None:
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    batch = asset.add_batch_definition_whole_dataframe("b").get_batch(batch_parameters={"dataframe": frame})
    checks = [gx.expectations.ExpectColumnValuesToNotBeNull(column=column) for column in frame.columns]
    checks.append(gx.expectations.ExpectColumnValuesToBeBetween(column="tenure_months", min_value=0, max_value=360))
    checks.append(gx.expectations.ExpectColumnValuesToBeUnique(column="customer_id"))
    batch.validate(gx.ExpectationSuite(name="s", expectations=checks))


def ydata_tool(frame: Any) -> None:
    from ydata_profiling import ProfileReport

    ProfileReport(frame, minimal=True, progress_bar=False).to_html()


TOOLS = {
    "churn": ("churn", churn_tool, 9),
    "pandera": ("pandera", pandera_tool, 5),
    "great_expectations": ("great_expectations", gx_tool, 3),
    "ydata-profiling": ("ydata_profiling", ydata_tool, 1),
}


def main() -> None:
    if importlib.util.find_spec("pandas") is None:
        print("skipped: pandas is not installed")
        return
    frame = table()
    times: dict[str, tuple[float, float]] = {}
    for name, (module, run, repeats) in TOOLS.items():
        if importlib.util.find_spec(module) is None:
            print(f"skipped: {name} is not installed")
            continue
        # Processor time is what counts on a machine with other work; the first run may import.
        wall, processor = float("inf"), float("inf")
        for _ in range(repeats):
            start, used = time.perf_counter(), time.process_time()
            run(frame)
            wall = min(wall, time.perf_counter() - start)
            processor = min(processor, time.process_time() - used)
        times[name] = wall, processor
    print(f"{ROWS} rows x {COLUMNS} columns, best of several runs")
    for name, (wall, processor) in times.items():
        ratio = f", {processor / times['churn'][1]:.1f} x churn" if "churn" in times else ""
        print(f"{name:<20} {1000 * processor:10.1f} ms of processor, {1000 * wall:10.1f} ms on the clock{ratio}")


if __name__ == "__main__":
    main()
