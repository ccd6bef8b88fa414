"""The vectors of every stage, and every error once: the same as in all languages."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

import churn

DAY = "2026-06-30"


def run(data: Path, file: str, outcome: Callable[[dict[str, Any]], Any]) -> None:
    """Compares what `outcome` gives with every vector of a file."""
    vectors = json.loads((data / "vectors" / file).read_text())
    checked = 0
    for test in vectors["tests"]:
        assert outcome(test) == test["expected"], f"{file}, vector {test['id']}: {test['comment']}"
        checked += 1
    assert checked == vectors["number_of_tests"] > 0


def test_map(data: Path) -> None:
    def outcome(test: dict[str, Any]) -> Any:
        given = test["input"]
        mapping = churn.map_columns(given["headers"], samples=given["samples"], **given["options"])
        return {
            "fields": mapping.fields,
            "columns": [[c.source, c.field, c.confidence] for c in mapping.columns],
            "missing": [m["any_of"] for m in mapping.missing],
        }

    run(data, "map/headers.json", outcome)


def test_validate(data: Path) -> None:
    def outcome(test: dict[str, Any]) -> Any:
        report = churn.validate(data / test["input"]["file"], **test["input"]["options"])
        findings = [[f.code, f.severity, f.column, f.rows_affected, f.example_rows] for f in report.findings]
        return {"ok": report.ok, "score": report.score, "findings": findings}

    run(data, "validate/files.json", outcome)


def rows(matrix: Any) -> list[list[float | None]]:
    """A matrix as lists; NaN is null."""
    return [[None if math.isnan(x) else x for x in row] for row in matrix.tolist()]


def explained(test: dict[str, Any]) -> churn.Explanation:
    return churn.Engine.pretrained(test["model"]).explain(test["input"]["text"].encode(), as_of=DAY)


def test_features(data: Path) -> None:
    def outcome(test: dict[str, Any]) -> Any:
        explanation = explained(test)
        return {"names": explanation.feature_names, "rows": rows(explanation.data)}

    run(data, "features/tables.json", outcome)


def test_explain(data: Path) -> None:
    def outcome(test: dict[str, Any]) -> Any:
        explanation = explained(test)
        return {"base_value": explanation.base_values[0], "rows": rows(explanation.values)}

    run(data, "explain/tables.json", outcome)


def test_decide(data: Path) -> None:
    keys = ("risk_level", "top_risk_factor", "recommendation", "recommendation_evidence")

    def outcome(test: dict[str, Any]) -> Any:
        prediction = churn.Engine.pretrained(test["model"]).score_one(test["input"], as_of=DAY).to_dict()
        return {key: prediction[key] for key in keys}

    run(data, "decide/records.json", outcome)


def test_every_error_happens_once(data: Path, engine: churn.Engine) -> None:
    def table(given: dict[str, Any]) -> Any:
        if "columns" not in given:
            return data / given["file"]
        names = [f"c{i}" for i in range(given["columns"])]
        return f"{','.join(names)}\n{','.join('1' for _ in names)}\n".encode()

    class Stop(Exception):
        """What the callback raises."""

    def stop(*_: object) -> None:
        raise Stop

    calls: dict[str, Callable[[dict[str, Any]], object]] = {
        "pretrained": lambda given: churn.Engine.pretrained(given["name"]),
        "load": lambda given: churn.Engine.load(data / given["file"]),
        "score_one": lambda given: engine.score_one(given["record"], **given["options"]),
        "score": lambda given: engine.score(table(given)),
        "train": lambda given: churn.train(table(given), label=given.get("label"), profile="generic"),
        "bug": lambda _: churn._churn._provoke(0),
        # In Python a stopped call raises what the callback raised; the engine's own error is for the other languages.
        "stop": lambda given: engine.score(table(given), progress=stop),
    }
    vectors = json.loads((data / "vectors/errors/calls.json").read_text())
    seen = set()
    for test in vectors["tests"]:
        if test["call"] == "stop":
            with pytest.raises(Stop):
                calls["stop"](test["input"])
            seen.add("cancelled")
            continue
        with pytest.raises(churn.ChurnError) as caught:
            calls[test["call"]](test["input"])
        assert caught.value.code == test["expected"]["code"], test["comment"]
        seen.add(caught.value.code)
    documented = set(re.findall(r"^\| \d+ \| `(\w+)`", (ROOT / "docs/errors.md").read_text(), flags=re.M))
    assert seen == documented - set(vectors["not_raised"])
