"""What is personal stays in the table: canaries in every personal column, looked for in every output, error and log."""

import io
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import churn

ROWS = 240

# Every field that the catalog calls personal, and columns of no field that are.
FIELDS = re.findall(
    r"^\| `(\w+)` .*\| personal \|",
    (Path(__file__).resolve().parents[2] / "docs" / "fields.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
PERSONAL = [*FIELDS, "first name", "last_name", "billing_street", "ip address", "contact email", "account owner"]
CANARIES = ["CANARY", "canary", "@example.org", "55501", "10.55."]


def personal_cell(column: str, i: int) -> str:
    if "mail" in column:
        return f"canary{i}@example.org"
    if "phone" in column:
        return f"+49 171 55501{i:03}"
    if "ip" in column:
        return f"10.55.1.{i % 250}"
    return f"CANARY {i}"


def rows() -> list[dict[str, Any]]:
    table = []
    for i in range(ROWS):
        row: dict[str, Any] = {
            # Some ids twice, so that something is to be said of them.
            "customer_id": f"CANARY{i - i % 40 // 39}",
            "tenure_months": "CANARY soon" if i % 60 == 7 else str(1 + i * 37 % 60),
            "monthly_charges": "CANARY x" if i % 60 == 9 else f"{20 + i * 31 % 70}.5",
            "contract": ["Month-to-month", "One year"][i % 2],
            "signup_date": "CANARY day" if i % 60 == 11 else f"2024-0{1 + i % 9}-1{i % 10}",
            "churned": "Yes" if i * 7919 % 100 < 30 else "No",
        }
        row |= {name: personal_cell(name, i) for name in PERSONAL}
        table.append(row)
    return table


def test_every_personal_field_is_planted() -> None:
    assert {"customer_name", "email", "phone", "subject"} <= set(FIELDS)


def reports() -> list[str]:
    told: list[str] = []
    table = rows()
    for profile in ("telecom", "saas", "generic"):
        for purpose in ("score", "train"):
            report = churn.validate(table, profile=profile, purpose=purpose, label="churned", as_of="2024-12-31")
            assert {"unreadable_value", "duplicate_customer_id"} <= {f.code for f in report.findings}
            told += [repr(report), str(report), str(report.to_dict()), report.to_html(), report._repr_html_()]
            told += [f"{f!r} {f.message} {f.suggestion}" for f in report.findings]
    mapping = churn.map_columns(table)
    told += [repr(mapping), str(mapping.to_dict())]
    return told


def results(tmp_path: Path) -> list[str]:
    """Outputs of scoring and training; they name customers by their id, and by nothing else."""
    told: list[str] = []
    table = rows()
    engine = churn.train(table, label="churned", profile="telecom", learner="logistic")
    target = tmp_path / "scores.csv"
    source = tmp_path / "customers.csv"
    header = list(table[0])
    source.write_text("\n".join([",".join(header), *(",".join(r[h] for h in header) for r in table)]), "utf-8")
    summary = engine.score_file(source, target)
    predictions = engine.score(table)
    told += [target.read_text("utf-8"), str(summary), str(predictions.to_dicts()), str(predictions.summary())]
    told += [str(engine.score_one(table[0]).to_dict()), str(engine.explain(table[:9]).feature_names)]
    told += [str(churn.health_score(table, profile="saas"))]
    saved = tmp_path / "engine.churn"
    engine.save(saved)
    told += [saved.read_bytes().decode("utf-8", "replace")]
    # Customers go by their ids in results.
    return [re.sub(r"CANARY\d+", "", text) for text in told]


def bad_calls() -> list[Callable[[], object]]:
    table = rows()
    engine = churn.Engine.pretrained("telecom")
    leaking = [r | {"outcome": "Left" if r["churned"] == "Yes" else "Stayed"} for r in table]
    return [
        lambda: churn.validate(table, purpose="train", label="customer_name"),
        lambda: churn.validate(table, purpose="train", label="nowhere"),
        lambda: churn.train(table, label="email"),
        lambda: churn.train(leaking, label="churned"),
        lambda: churn.train(table[:8], label="churned"),
        lambda: churn.validate([{"CANARY": 1}], as_of="CANARY"),
        lambda: engine.score([{"customer_name": "CANARY"}]),
        lambda: engine.score_one({"customer_id": "CANARY1", "tenure_months": {"CANARY": 1}}),
        lambda: engine.evaluate(table, label="customer_name"),
        lambda: churn.validate(io.BytesIO(b"\x00\xffCANARY" * 20)),
    ]


def test_no_canary_gets_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = [*reports(), *results(tmp_path)]
    n_errors = 0
    for call in bad_calls():
        try:
            call()
        except churn.ChurnError as error:
            n_errors += 1
            told += [str(error), repr(error), str(error.context), str(error.hint), str(error.args)]
    assert n_errors >= 7
    out, err = capfd.readouterr()
    told += [out, err, caplog.text]
    for text in told:
        for canary in CANARIES:
            at = text.find(canary)
            assert at < 0, text[max(0, at - 200) : at + 80]
