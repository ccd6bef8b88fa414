"""The vectors that every language runs: the same bits as Rust."""

import json
from pathlib import Path
from typing import Any

import churn


def outcome(test: dict[str, Any]) -> dict[str, Any]:
    engine = churn.Engine.pretrained(test["model"])
    try:
        p = engine.score_one(test["input"], as_of="2026-06-30").to_dict()
    except churn.ChurnError as error:
        return {"error": error.code}
    return {
        "churn_probability": p["churn_probability"],
        "probability_low": p["confidence"]["low"],
        "probability_high": p["confidence"]["high"],
        "base_probability": p["explanation"]["base_probability"],
        "risk_level": p["risk_level"],
        "shap_values": [[f["feature"], f["shap_value"]] for f in p["explanation"]["top_factors"]],
    }


def test_score(data: Path) -> None:
    vectors = json.loads((data / "vectors/score/pretrained.json").read_text())
    checked = 0
    for test in vectors["tests"]:
        assert outcome(test) == test["expected"], test["comment"]
        checked += 1
    assert checked == vectors["number_of_tests"] > 0
