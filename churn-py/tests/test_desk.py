"""Health, leads, alerts and decisions: the vectors that every language runs, and calls as users write them."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

import churn
from churn import _churn

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "test-data" / "vectors" / "desk"


def _at(answer: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        try:
            answer = answer[int(step)] if isinstance(answer, list) else answer[step]
        except (IndexError, KeyError):
            return "absent"
    return answer


@pytest.mark.parametrize("name", ["alert", "decide", "health", "lead"])
def test_vectors(name: str) -> None:
    vectors = json.loads((VECTORS / f"{name}.json").read_text())
    checked = 0
    for test in vectors["tests"]:
        where = f"{name} {test['id']}: {test['comment']}"
        if test["result"] == "error":
            with pytest.raises(churn.ChurnError) as caught:
                _churn._call(test["call"], test["arguments"])
            assert caught.value.code == test["code"], where
            for key, value in test["context"].items():
                assert caught.value.context[key] == value, where
        else:
            answer = _churn._call(test["call"], test["arguments"])
            for pointer, expected in test["expect"].items():
                got = _at(answer, pointer)
                if isinstance(expected, (int, float)) and not isinstance(expected, bool):
                    assert got == pytest.approx(expected, abs=1e-9), f"{where}: {pointer}"
                else:
                    assert got == expected, f"{where}: {pointer}"
        checked += 1
    assert checked == vectors["number_of_tests"]


def test_health_of_a_table() -> None:
    scores = churn.health_score(ROOT / "test-data" / "saas_customers.csv", as_of=datetime.date(2026, 6, 30))
    assert len(scores) == scores.summary()["customers"] > 200
    first = scores[0]
    assert sum(p["won"] for p in first["points"]) == pytest.approx(first["health_score"], abs=1e-5)
    assert scores.explain(0)[0].endswith(f"lost {max(p['lost'] for p in first['points']):.1f}")
    frame = scores.to_pandas()
    assert list(frame.columns[:4]) == ["customer_id", "health_score", "health_band", "coverage"]
    assert scores.to_polars().height == len(frame)
    assert "<table>" in scores._repr_html_()
    assert scores.change(scores)[0]["points"] == 0
    with pytest.raises(IndexError):
        scores[len(scores)]


def test_health_from_tables_of_events() -> None:
    usage = [{"customer_id": "a", "occurred_at": f"2026-03-{day:02d}"} for day in range(2, 28)]
    tickets = [{"customer_id": "a", "ticket_id": "T1", "created_at": "2026-03-30", "resolved_at": "2026-04-05"}]
    scores = churn.health_score(usage=usage, tickets=tickets, as_of="2026-04-01", config="saas")
    fields = {p["field"]: p["value"] for p in scores[0]["points"]}
    assert fields["tickets_open"] == 1 and fields["usage_active_days_30d"] == 26
    assert "Open tickets: 1" in " ".join(scores.explain(0))
    earlier = churn.health_score(usage=usage, tickets=tickets, as_of="2026-03-25", config="saas")
    assert "Open tickets" in scores.change(earlier)[0]["words"]
    known = churn.health_score([{"customer_id": "b"}], usage=usage, tickets=tickets, as_of="2026-04-01", config="saas")
    assert len(known) == 1 and known[0]["customer_id"] == "b"
    with pytest.raises(TypeError):
        churn.health_score()
    with pytest.raises(churn.ChurnError) as error:
        churn.health_score(usage=usage, tickets=tickets, as_of="soon")
    assert error.value.code == "invalid_argument"


def test_health_is_held_against_churn() -> None:
    result = churn.health_backtest(ROOT / "test-data" / "telecom_labelled.csv", config="telecom")
    assert result["auc"] > 0.6
    assert [b["band"] for b in result["bands"]] == ["red", "yellow", "green", "unknown"]
    assert result["advice"]


def test_leads() -> None:
    one = churn.lead_score({"property_value": 600_000, "interactions": 6})
    assert one[0]["temperature"] == "cool" and one.counts["cool"] == 1
    assert "income" in one[0]["unknown"]
    many = churn.lead_score([{"lead_id": "a", "property_value": 1}, {"lead_id": "b", "property_value": 900_000}])
    assert [lead["lead_id"] for lead in many.to_dicts()] == ["a", "b"]
    assert "<table>" in many._repr_html_()


def test_alerts() -> None:
    engine = churn.AlertEngine()
    seen = [{"customer_id": "a", "at": "2026-03-02T10:00:00Z", "owner": "ann", "values": {"churn_probability": 0.9}}]
    now = datetime.datetime(2026, 3, 2, 11, tzinfo=datetime.UTC)
    step = engine.step(None, seen, now=now)
    assert [n["rule"] for n in step["notifications"]] == ["churn_likely"]
    assert engine.step(step["state"], seen, now=now)["notifications"] == []
    mail = churn.alert_payload(step["notifications"][0], "email", details={"email": "jane@example.com"})
    assert "jane" not in json.dumps(mail)
    settled = churn.alert_settle(step["state"], step["notifications"][0]["alert_id"], "closed")
    assert settled["settled"]
    assert {r["rule"]: r["alerts"] for r in engine.replay(seen)["rules"]}["churn_likely"] == 1


def test_what_would_change_the_risk() -> None:
    engine = churn.Engine.pretrained("telecom")
    record = {
        "customer_id": "a",
        "tenure_months": 3,
        "monthly_charges": 95,
        "contract": "Month-to-month",
        "tech_support": "No",
        "payment_method": "Electronic check",
    }
    before = engine.score_one(record).churn_probability
    assert engine.what_if(record, {"contract": "Two year"}).churn_probability < before
    search = engine.counterfactual_search(record, target=0.0001)
    target = search["reachable"] + 0.02
    answers = engine.counterfactuals(record, target=target)
    assert answers and all(a["churn_probability"] <= target for a in answers)
    assert search["answers"] == [] and search["note"].startswith("none exists")
    with pytest.raises(churn.ChurnError):
        engine.what_if(record, {"shoe_size": 44})
