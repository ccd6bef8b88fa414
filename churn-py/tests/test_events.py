"""Event features against their definitions in SQL, frames of every kind, training and one customer live."""

import datetime as dt
import random
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import churn

START = dt.datetime(2024, 1, 1)


def world(n: int = 100, days: int = 400) -> dict[str, list[dict[str, Any]]]:
    """Invented customers with tickets, payments and uses, in random order."""
    rng = random.Random(5)
    names = ("customers", "tickets", "payments", "usage", "interactions", "subscriptions")
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for c in range(n):
        customer = f"C{c:03d}"
        tables["customers"].append({"customer_id": customer, "signup_date": START.date().isoformat()})

        def at(low: float = 0, high: float = days) -> dt.datetime:
            # Whole minutes, so that text and typed columns say the same; some exactly at midnight.
            minutes = rng.randrange(int(low * 1440), int(high * 1440))
            return START + dt.timedelta(minutes=minutes - minutes % 1440 if rng.random() < 0.2 else minutes)

        for i in range(rng.randrange(12)):
            created = at()
            answered = created + dt.timedelta(minutes=rng.randrange(5000)) if rng.random() < 0.8 else None
            resolved = created + dt.timedelta(minutes=rng.randrange(40000)) if rng.random() < 0.8 else None
            tables["tickets"].append(
                {
                    "ticket_id": f"{c}-{i}",
                    "customer_id": customer,
                    "created_at": created,
                    "first_response_at": answered,
                    "resolved_at": resolved,
                    "priority": rng.choice(["low", "high", "urgent", None]),
                    "category": rng.choice(["a", "b", "c"]),
                    "status": rng.choice(["solved", "reopened", "escalated"]),
                    "csat_score": rng.choice([1, 2, 3, 4, 5, None]),
                }
            )
        for i in range(rng.randrange(15)):
            due = at()
            paid = due + dt.timedelta(minutes=rng.randrange(-3000, 40000)) if rng.random() < 0.8 else None
            tables["payments"].append(
                {
                    "payment_id": f"{c}/{i}",
                    "customer_id": customer,
                    "due_at": due,
                    "paid_at": paid,
                    "amount": rng.randrange(1, 400) / 4,
                }
            )
        for _ in range(rng.randrange(120)):
            tables["usage"].append(
                {
                    "customer_id": customer,
                    "user_id": f"u{rng.randrange(6)}",
                    "session_id": f"s{rng.randrange(60)}",
                    "occurred_at": at(),
                    "event": rng.choice(["open", "save", "share"]),
                    "quantity": rng.randrange(1, 100) / 4,
                }
            )
        for _ in range(rng.randrange(20)):
            occurred = at()
            late = dt.timedelta(minutes=rng.randrange(20 * 1440)) if rng.random() < 0.5 else None
            tables["interactions"].append(
                {
                    "customer_id": customer,
                    "occurred_at": occurred,
                    "recorded_at": occurred + late if late else None,
                    "kind": rng.choice(["call", "email", "meeting"]),
                    "direction": rng.choice(["inbound", "outbound", None]),
                    "outcome": rng.choice(["done", "no show", None]),
                    "sentiment": rng.choice(["positive", "neutral", "negative", None]),
                    "duration_minutes": rng.choice([5, 30, None]),
                }
            )
        for i in range(rng.randrange(6)):
            # On a grid, so that none begins within a day of the end of another, which would be one subscription.
            started = START + dt.timedelta(days=10 * rng.randrange(days // 10))
            ended = started + dt.timedelta(days=10 * rng.randrange(20) + 5) if rng.random() < 0.7 else None
            tables["subscriptions"].append(
                {
                    "subscription_id": f"{c}.{i}",
                    "customer_id": customer,
                    "started_at": started,
                    "ended_at": ended,
                    "monthly_charges": rng.randrange(10, 90),
                    "seats": rng.randrange(1, 9),
                }
            )
    for name in names[1:]:
        rng.shuffle(tables[name])
    return tables


# Each feature by its definition, window by window; `t` is the instant, `c` the customer.
W = "e.{time} >= t - INTERVAL {w} DAY AND e.{time} < t"


def window(time: str, days: int) -> str:
    return W.format(time=time, w=days)


SQL: dict[str, tuple[str, str]] = {}
for w in (7, 30, 90, 180):
    SQL[f"tickets_{w}d"] = ("tickets", f"count(*) FILTER ({window('created_at', w)})")
    SQL[f"usage_events_{w}d"] = ("usage", f"count(*) FILTER ({window('occurred_at', w)})")
    SQL[f"usage_active_days_{w}d"] = (
        "usage",
        f"count(DISTINCT CAST(e.occurred_at AS DATE)) FILTER ({window('occurred_at', w)})",
    )
    SQL[f"usage_quantity_{w}d"] = (
        "usage",
        f"coalesce(sum(e.quantity) FILTER ({window('occurred_at', w)}), 0)",
    )
for w in (30, 90, 180, 365):
    SQL[f"payments_{w}d"] = ("payments", f"count(*) FILTER ({window('paid_at', w)})")
    SQL[f"payments_amount_{w}d"] = (
        "payments",
        f"coalesce(sum(e.amount) FILTER ({window('paid_at', w)}), 0)",
    )
for w in (30, 90):
    SQL[f"usage_sessions_{w}d"] = ("usage", f"count(DISTINCT e.session_id) FILTER ({window('occurred_at', w)})")
    SQL[f"usage_breadth_{w}d"] = ("usage", f"count(DISTINCT e.event) FILTER ({window('occurred_at', w)})")
OPEN = "e.created_at < t AND (e.resolved_at IS NULL OR e.resolved_at >= t)"
DONE = f"{window('created_at', 90)} AND e.resolved_at < t"
HOURS = "date_diff('microsecond', e.created_at, e.{0}) / 3.6e9"
UNPAID = "e.due_at < t AND (e.paid_at IS NULL OR e.paid_at >= t)"
LATE = "greatest(date_diff('microsecond', e.due_at, CASE WHEN e.paid_at < t THEN e.paid_at ELSE t END), 0) / 8.64e10"
WAITED = "date_diff('microsecond', e.created_at, CASE WHEN e.first_response_at < t THEN e.first_response_at ELSE t END) / 3.6e9"  # noqa: E501
SQL |= {
    "tickets_open": ("tickets", f"count(*) FILTER ({OPEN})"),
    "tickets_open_oldest_days": (
        "tickets",
        f"max(date_diff('microsecond', e.created_at, t) / 8.64e10) FILTER ({OPEN})",
    ),
    "tickets_resolution_hours_mean_90d": ("tickets", f"avg({HOURS.format('resolved_at')}) FILTER ({DONE})"),
    "tickets_resolution_hours_max_90d": ("tickets", f"max({HOURS.format('resolved_at')}) FILTER ({DONE})"),
    "tickets_first_response_hours_mean_90d": (
        "tickets",
        f"avg({HOURS.format('first_response_at')}) FILTER ({window('created_at', 90)} AND e.first_response_at < t)",
    ),
    "tickets_first_response_late_share_90d": (
        "tickets",
        f"count(*) FILTER ({window('created_at', 90)} AND {WAITED} > 24) * 1.0 / nullif(count(*) FILTER "
        f"({window('created_at', 90)} AND (e.first_response_at < t OR {WAITED} > 24)), 0)",
    ),
    "tickets_reopened_share_180d": (
        "tickets",
        f"avg(CASE WHEN e.status = 'reopened' THEN 1.0 ELSE 0.0 END) FILTER ({window('created_at', 180)} AND e.resolved_at < t)",  # noqa: E501
    ),
    "tickets_urgent_share_90d": (
        "tickets",
        "avg(CASE WHEN e.priority IN ('high', 'urgent') THEN 1.0 ELSE 0.0 END) "
        f"FILTER ({window('created_at', 90)} AND e.priority IS NOT NULL)",
    ),
    "tickets_categories_90d": ("tickets", f"count(DISTINCT e.category) FILTER ({window('created_at', 90)})"),
    "tickets_days_since_last": (
        "tickets",
        "date_diff('microsecond', max(e.created_at) FILTER (e.created_at < t), t) / 8.64e10",
    ),
    "tickets_csat_mean_180d": (
        "tickets",
        f"avg(e.csat_score) FILTER ({window('created_at', 180)} AND e.resolved_at < t)",
    ),
    "payments_total": ("payments", "count(*) FILTER (e.paid_at < t)"),
    "payments_amount_mean": ("payments", "avg(e.amount) FILTER (e.paid_at < t)"),
    "payments_days_since_last": (
        "payments",
        "date_diff('microsecond', max(e.paid_at) FILTER (e.paid_at < t), t) / 8.64e10",
    ),
    "payments_days_late_mean_180d": ("payments", f"avg({LATE}) FILTER ({window('due_at', 180)})"),
    "payments_days_late_max_180d": ("payments", f"max({LATE}) FILTER ({window('due_at', 180)})"),
    "payments_late_share_180d": (
        "payments",
        f"avg(CASE WHEN {LATE} > 0 THEN 1.0 ELSE 0.0 END) FILTER ({window('due_at', 180)})",
    ),
    "payments_outstanding_amount": ("payments", f"coalesce(sum(e.amount) FILTER ({UNPAID}), 0)"),
    "payments_days_past_due": (
        "payments",
        f"coalesce(max(date_diff('microsecond', e.due_at, t) / 8.64e10) FILTER ({UNPAID}), 0)",
    ),
    "usage_events_total": ("usage", "count(*) FILTER (e.occurred_at < t)"),
    "usage_users_30d": ("usage", f"count(DISTINCT e.user_id) FILTER ({window('occurred_at', 30)})"),
    "usage_days_since_last": (
        "usage",
        "date_diff('microsecond', max(e.occurred_at) FILTER (e.occurred_at < t), t) / 8.64e10",
    ),
    "usage_weekday_share_90d": (
        "usage",
        f"avg(CASE WHEN isodow(e.occurred_at) <= 5 THEN 1.0 ELSE 0.0 END) FILTER ({window('occurred_at', 90)})",
    ),
}
# Interactions are known when they were recorded.
TOLD = "coalesce(e.recorded_at, e.occurred_at) < t"


def told(days: int) -> str:
    return f"{window('occurred_at', days)} AND {TOLD}"


FELT = "CASE e.sentiment WHEN 'positive' THEN 1.0 WHEN 'neutral' THEN 0.0 WHEN 'negative' THEN -1.0 END"
for w in (30, 90, 180):
    SQL[f"interactions_{w}d"] = ("interactions", f"count(*) FILTER ({told(w)})")
SQL |= {
    "interactions_days_since_last": (
        "interactions",
        f"date_diff('microsecond', max(e.occurred_at) FILTER (e.occurred_at < t AND {TOLD}), t) / 8.64e10",
    ),
    "interactions_inbound_share_180d": (
        "interactions",
        "avg(CASE WHEN e.direction = 'inbound' THEN 1.0 ELSE 0.0 END) "
        f"FILTER ({told(180)} AND e.direction IS NOT NULL)",
    ),
    "interactions_sentiment_mean_180d": ("interactions", f"avg({FELT}) FILTER ({told(180)})"),
    "interactions_negative_share_180d": (
        "interactions",
        "avg(CASE WHEN e.sentiment = 'negative' THEN 1.0 ELSE 0.0 END) "
        f"FILTER ({told(180)} AND e.sentiment IS NOT NULL)",
    ),
    "interactions_no_shows_180d": ("interactions", f"count(*) FILTER ({told(180)} AND e.outcome = 'no show')"),
    "interactions_minutes_180d": ("interactions", f"coalesce(sum(e.duration_minutes) FILTER ({told(180)}), 0)"),
    "interactions_kinds_180d": ("interactions", f"count(DISTINCT e.kind) FILTER ({told(180)})"),
}
RUNS = "e.started_at < t AND (e.ended_at IS NULL OR e.ended_at >= t)"
SQL |= {
    "subscriptions_running": ("subscriptions", f"count(*) FILTER ({RUNS})"),
    "subscriptions_mrr": ("subscriptions", f"coalesce(sum(e.monthly_charges) FILTER ({RUNS}), 0)"),
    "subscriptions_seats": ("subscriptions", f"coalesce(sum(e.seats) FILTER ({RUNS}), 0)"),
    "subscriptions_price_per_seat": (
        "subscriptions",
        f"sum(e.monthly_charges) FILTER ({RUNS}) * 1.0 / sum(e.seats) FILTER ({RUNS})",
    ),
    "subscriptions_days_since_first": (
        "subscriptions",
        "date_diff('microsecond', min(e.started_at) FILTER (e.started_at < t), t) / 8.64e10",
    ),
    "subscriptions_ended_365d": ("subscriptions", f"count(*) FILTER ({window('ended_at', 365)})"),
}


def test_features_are_what_sql_says() -> None:
    tables = world()
    con = duckdb.connect()
    for name, rows in tables.items():
        frame = pd.DataFrame(rows)  # noqa: F841  (read by duckdb)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    rng = random.Random(1)
    dates = sorted(START + dt.timedelta(days=rng.randrange(30, 430)) for _ in range(20))
    compared = 0
    for as_of in dates:
        built = churn.build_features(
            tables["customers"],
            tickets=tables["tickets"],
            payments=tables["payments"],
            usage=tables["usage"],
            interactions=tables["interactions"],
            subscriptions=tables["subscriptions"],
            as_of=as_of.date(),
        )
        ours = {row["customer_id"]: row for row in built.to_dicts()}
        for table in ("tickets", "payments", "usage", "interactions", "subscriptions"):
            names = [name for name, (of, _) in SQL.items() if of == table]
            columns = ", ".join(f"({SQL[name][1]}) AS {name}" for name in names)
            rows = con.execute(  # type: ignore[assignment]
                f"SELECT c.customer_id, {columns} FROM customers c LEFT JOIN {table} e USING (customer_id), "
                "(SELECT CAST(? AS TIMESTAMP) AS t) GROUP BY c.customer_id, t",
                [as_of],
            ).fetchall()
            for customer, *values in rows:
                for name, value in zip(names, values, strict=True):
                    mine = ours[customer][name]
                    expected = float("nan") if value is None else float(value)
                    assert mine == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True), (name, customer, as_of)
                    compared += 1
    assert compared == len(SQL) * 100 * 20


def test_every_kind_of_table_gives_the_same(tmp_path: Path) -> None:
    tables = world(20, 200)
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    for name, frame in frames.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)

    def build(give: Any) -> list[dict[str, Any]]:
        events = {name: give(name) for name in ("tickets", "payments", "usage")}
        return churn.build_features(give("customers"), as_of="2024-06-01", **events).to_polars().to_dicts()

    expected = build(lambda name: tables[name])
    assert build(lambda name: frames[name]) == expected
    assert build(lambda name: pl.DataFrame(tables[name], infer_schema_length=None)) == expected
    assert build(lambda name: pa.Table.from_pandas(frames[name])) == expected
    assert build(lambda name: tmp_path / f"{name}.csv") == expected


def test_a_frame_without_rows_is_a_table_in_which_nothing_happened() -> None:
    frame = pd.DataFrame({"customer_id": ["A"], "occurred_at": pd.to_datetime(["2025-05-30"]), "quantity": [2.0]})
    customers = [{"customer_id": "A"}]
    filled = churn.build_features(customers, usage=frame, as_of="2025-06-01")
    for none in (frame.head(0), pl.from_pandas(frame).head(0), pa.Table.from_pandas(frame).slice(0, 0)):
        built = churn.build_features(customers, usage=none, as_of="2025-06-01")
        assert built.columns == filled.columns
        assert built.to_dicts()[0]["usage_quantity_30d"] == 0.0
    with pytest.raises(churn.ReadError):
        churn.build_features(frame.head(0), usage=frame, as_of="2025-06-01")


def test_training_set_to_live_score() -> None:
    tables = world(100, 400)
    definition = churn.ChurnDefinition(60, inactivity_days=60)
    events: dict[str, Any] = {name: tables[name] for name in ("tickets", "payments", "usage")}
    built = churn.build_training_set(
        tables["customers"], **events, definition=definition, start="2024-04-01", every="month"
    )
    assert built.definition == definition and {"customer_id", "snapshot_date", "churned"} <= set(built.columns)
    assert "observed_until" in [f.code for f in built.findings]
    engine = churn.train(built, profile="generic", learner="logistic")
    assert engine.card["definition"]["horizon_days"] == 60
    batch = churn.build_features(tables["customers"], **events, as_of="2025-01-01")
    scored = engine.score(batch).to_dicts()
    mine = tables["customers"][3]
    own = {name: [r for r in rows if r["customer_id"] == mine["customer_id"]] for name, rows in events.items()}
    live = engine.score_customer(mine, **own, as_of="2025-01-01")  # type: ignore[arg-type]
    assert live.churn_probability == scored[3]["churn_probability"]


def test_the_gate_and_the_definitions() -> None:
    tables = world(20, 200)
    gate = churn.check_point_in_time(tables["customers"], usage=tables["usage"], as_of="2024-04-01")
    assert gate.ok and gate.columns == [] and gate.rows_removed > 0
    assert churn.ChurnDefinition.preset("profitwell", 30).to_dict()["same_month"] == "ignore"
    assert churn.ChurnDefinition.from_dict({"preset": "chargify", "horizon_days": 9}).horizon_days == 9
    with pytest.raises(churn.ChurnError) as error:
        churn.ChurnDefinition(0)
    assert error.value.code == "invalid_argument"
    with pytest.raises(churn.ChurnError):
        churn.build_training_set(tables["customers"], definition=churn.ChurnDefinition(30))
    movements = churn.churn_movements(
        tables["customers"], usage=tables["usage"], definition=churn.ChurnDefinition(30, inactivity_days=30)
    )
    assert movements.columns == ["customer_id", "movement", "at", "voluntary"] and len(movements) > 20
    assert len(churn.event_features()) > 100
