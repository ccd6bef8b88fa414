"""The generated Python bindings: the same engine, the same errors. Run by `make -C churn-ffi test-uniffi`."""

import json
import math
import sys
import tempfile
import threading
from pathlib import Path

import churn_uniffi as churn

ROOT = Path(__file__).resolve().parents[3]
RECORD = {"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month"}
passed = 0


def check(good: bool, what: str) -> None:
    """Counts, and ends with the first failure."""
    global passed
    if not good:
        sys.exit(f"FAILED: {what}")
    passed += 1


def fails(call, variant: type, code: str) -> None:
    """The error of a call, by its stage."""
    try:
        call()
    except variant as error:
        check(error.failure.code == code and error.failure.number > 1000 and bool(error.failure.message), code)
        return
    check(False, f"{code} was not raised")


engine = churn.Engine.pretrained("telecom")
one = engine.score_one(json.dumps(RECORD), json.dumps({"scored_at": "2026-03-01T10:00:00Z"}))
whole = json.loads(one.json)
check(one.churn_probability == whole["churn_probability"] and one.risk_level == whole["risk_level"], "one customer")
german = engine.with_language("de").score_one(json.dumps(RECORD), None)
check(german.reasons != one.reasons and german.churn_probability == one.churn_probability, "reasons in German")
check(one.low <= one.churn_probability <= one.high and one.reasons[0] == whole["top_risk_factor"], "its figures")
path = str(ROOT / "test-data/telecom_labelled.csv")
table = json.loads(engine.score(churn.Table.PATH(path), None))
check(len(table["predictions"]) == table["summary"]["customers"] == 2000, "a file")
content = churn.Table.CONTENT(Path(path).read_bytes())
check(json.loads(engine.score(content, None))["summary"] == table["summary"], "its content")
records = churn.Table.RECORDS(json.dumps([RECORD]))
check(
    json.loads(engine.score(records, None))["predictions"][0]["churn_probability"] == one.churn_probability, "records"
)
check(engine.score_arrow(records, None)[:4] == b"\xff\xff\xff\xff", "Arrow")
check(
    json.loads(churn.map_headers(["tenure_months"], '{"profile": "telecom"}'))["fields"]
    == {"tenure_months": "tenure_months"},
    "headers",
)
check(json.loads(churn.map_columns(churn.Table.PATH(path), None))["fields"]["contract"] == "contract", "a mapping")
check(json.loads(churn.validate(churn.Table.PATH(path), None))["ok"], "a report")
trained = churn.Engine.train(churn.Table.PATH(path), '{"learner": "logistic", "name": "mine", "seed": 7}')
check(json.loads(trained.card_json())["seed"] == 7 and trained.model_version() == "mine 1.0.0", "training")
check(json.loads(trained.evaluate(churn.Table.PATH(path), None))["auc"] > 0.8, "measuring")
again = churn.Engine.from_bytes(trained.to_bytes())
check(
    again.score_one(json.dumps(RECORD), None).churn_probability
    == trained.score_one(json.dumps(RECORD), None).churn_probability,
    "bytes",
)

read = churn.Table.CONTENT(b"customer_id;tenure_months;monthly_charges;contract\nA1;2;89.9;Month-to-month\n")
scored = json.loads(engine.score(read, '{"read": {"delimiter": ";"}, "reasons": 1}'))
check(scored["predictions"][0]["churn_probability"] == one.churn_probability, "how to read")
mapping = json.dumps({"mapping": json.loads(churn.map_columns(read, '{"table_kind": "customers"}'))})
check(json.loads(engine.score(read, mapping))["summary"] == scored["summary"], "a known mapping")
check(json.loads(churn.validate(read, '{"strict": true, "as_of": "2026-03-01", "allow": []}'))["n_rows"] == 1, "strict")
with tempfile.TemporaryDirectory() as folder:
    target = Path(folder) / "scores.csv"
    check(json.loads(engine.score_file(path, str(target), None))["summary"] == table["summary"], "file to file")
    check(len(target.read_text().splitlines()) == 2001, "a line a customer")
explained = engine.explain(records, None, None)
against = engine.explain(records, churn.Table.PATH(path), None)
sums = [e.base_value + sum(e.values) for e in (explained, against)]
check(explained.n_rows == 1 and abs(sums[0] - sums[1]) < 1e-9 and explained.values != against.values, "explanations")
check(explained.feature_names == engine.feature_names(), "features")
# Of those who stay only every fifth: here more leave than where the model was made.
lines = Path(path).read_text().splitlines()
kept = [line for i, line in enumerate(lines) if i == 0 or line.endswith(",Yes") or i % 5 == 0]
own = churn.Table.CONTENT("\n".join(kept).encode())
better = engine.calibrate(own, None)
losses = [json.loads(e.evaluate(own, None))["log_loss"] for e in (engine, better)]
check(losses[1] < losses[0], "calibration")
foreign = ROOT / "test-data/imported/lgb_plain.txt"
theirs = churn.Engine.import_model(str(foreign), '{"name": "theirs", "iterations": 3}')
rows = [2.0, 89.9, 1.0, math.nan, 60.0, 19.9, 0.0, 7.0]
same = churn.Engine.import_model_bytes(foreign.read_bytes(), '{"iterations": 3, "feature_names": ["a", "b", "c", "d"]}')
margins = theirs.predict_margin(rows)
check(theirs.model_version() == "theirs 1.0.0" and same.predict_margin(rows) == margins, "an imported model")
probabilities = [1 / (1 + math.exp(-m)) for m in margins]
both = zip(probabilities, theirs.predict_proba(rows), strict=True)
check(all(abs(a - b) < 1e-12 for a, b in both), "probabilities")
check(abs(theirs.expected_value() + sum(theirs.shap_values(rows, None)[:4]) - margins[0]) < 1e-12, "SHAP values")
check(abs(margins[1] + sum(theirs.shap_values(rows[:4], rows[4:])) - margins[0]) < 1e-12, "against a background")
check(len(theirs.shap_interaction_values(rows)) == 32, "interactions")
fails(lambda: theirs.predict_margin(rows[:3]), churn.ChurnError.General, "invalid_argument")
fails(lambda: churn.Engine.import_model(str(foreign), '{"rounds": 3}'), churn.ChurnError.General, "invalid_argument")

KNOWN = {**RECORD, "csat_score": 3, "support_tickets": 4, "complaints": 1, "days_past_due": 12, "failed_payments": 1}
KNOWN = {**KNOWN, "payment_method": "Electronic check", "nps_score": 4, "outstanding_balance": 10}
health = json.loads(churn.call_json("health_score", json.dumps({"table": [KNOWN, RECORD], "config": "telecom"})))
check(0 <= health["scores"][0]["health_score"] <= 100, "health")
check(health["scores"][1]["health_band"] == "unknown", "too little known for a score")
changed = json.loads(engine.call("what_if", json.dumps({"record": RECORD, "changes": {"contract": "Two year"}})))
check(changed["churn_probability"] < one.churn_probability, "what if")
fails(lambda: churn.call_json("nope", None), churn.ChurnError.General, "invalid_argument")
fails(lambda: churn.Engine.pretrained("bakery"), churn.ChurnError.Model, "model_not_found")
fails(lambda: engine.score(churn.Table.PATH("no/such.csv"), None), churn.ChurnError.Read, "io")
fails(lambda: engine.score(churn.Table.CONTENT(b""), None), churn.ChurnError.Read, "empty_input")
fails(lambda: engine.score_one("[]", None), churn.ChurnError.Read, "malformed")
fails(lambda: engine.score_one('{"tenure_months": 2}', None), churn.ChurnError.Mapping, "field_unmapped")
fails(lambda: engine.score_one(json.dumps(RECORD), '{"reason": 2}'), churn.ChurnError.General, "invalid_argument")

results: list[float] = []
threads = [
    threading.Thread(target=lambda: results.append(engine.score_one(json.dumps(RECORD), None).churn_probability))
    for _ in range(8)
]
[t.start() for t in threads], [t.join() for t in threads]
check(results == [one.churn_probability] * 8, "threads")
print(f"{passed} passed, 0 failed")
