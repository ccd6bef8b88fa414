"""Options of training, and the examples of docs/training.md."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

import churn

LABELLED = ROOT / "test-data" / "saas_labelled.csv"


def test_the_examples_run(tmp_path: object) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "training.md").read_text(), flags=re.S)
    code = "\n".join(blocks).replace('"model.safetensors"', repr(f"{tmp_path}/model.safetensors"))
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={**os.environ})
    assert run.returncode == 0, run.stderr


def test_a_scorecard_to_start_from() -> None:
    rows = churn.read(LABELLED).to_dicts()
    few = churn.train(rows[:40], label="churned", prior="saas")
    prior = few.card["prior"]
    assert prior["name"] == "saas" and prior["weight"] > 0.3 and "contract" in prior["fields"]
    measured = few.evaluate(rows[40:], label="churned").auc
    assert measured is not None and measured > 0.75
    with pytest.raises(churn.TrainError, match="too few"):
        churn.train(rows[:40], label="churned")
    with pytest.raises(churn.ChurnError, match="no scorecard 'magic'"):
        churn.train(rows[:40], label="churned", prior="magic")


def test_a_budget_of_work() -> None:
    small, usual = (churn.train(LABELLED, label="churned", time_budget=t).card["learner"] for t in (0.05, 10))
    assert small != usual
    with pytest.raises(churn.ChurnError, match="time_budget"):
        churn.train(LABELLED, label="churned", time_budget=-1)
