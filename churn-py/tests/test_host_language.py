"""What a Python programmer expects: async, pickle, copies, matrices, Ctrl-C, bars, notebooks, threads."""

import asyncio
import copy
import inspect
import multiprocessing
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import churn
import churn.aio


def test_awaiting(engine: churn.Engine, data: Path) -> None:
    path = data / "telecom_labelled.csv"

    async def main() -> None:
        seen: list[tuple[str, int, int]] = []
        scored, mapping, report, explanation, evaluation = await asyncio.gather(
            churn.aio.score(engine, path, scored_at="2026-07-01T00:00:00Z", progress=lambda *p: seen.append(p)),
            churn.aio.map_columns(path),
            churn.aio.validate(path),
            churn.aio.explain(engine, path),
            churn.aio.evaluate(engine, path),
        )
        assert scored.to_dicts() == engine.score(path, scored_at="2026-07-01T00:00:00Z").to_dicts()
        assert seen[-1] == ("scoring", 2000, 2000)
        assert mapping.fields["contract"] == "contract" and report.ok
        assert explanation.values.shape[0] == 2000 and evaluation.auc is not None
        with pytest.raises(churn.ReadError):
            await churn.aio.score(engine, b"a,b\n")

    asyncio.run(main())


def test_every_long_call_can_be_awaited(engine: churn.Engine, data: Path, tmp_path: Path) -> None:
    path = data / "telecom_labelled.csv"
    customers = [{"customer_id": "A1", "signup_date": "2025-01-01"}]
    usage = [{"customer_id": "A1", "occurred_at": f"2025-0{m}-03", "event": "login"} for m in range(1, 7)]
    definition = churn.ChurnDefinition(horizon_days=30, inactivity_days=30)

    async def main() -> None:
        done, table, better, built, training = await asyncio.gather(
            churn.aio.score_file(engine, path, tmp_path / "scores.csv"),
            churn.aio.read(path),
            churn.aio.calibrate(engine, path),
            churn.aio.build_features(customers, usage=usage, as_of="2025-05-01"),
            churn.aio.build_training_set(customers, usage=usage, definition=definition),
        )
        assert done.customers == 2000 and len((tmp_path / "scores.csv").read_text().splitlines()) == 2001
        assert len(table) == 2000 and better.model_version == engine.model_version
        assert len(built.to_dicts()) == 1 and training.to_dicts()

    asyncio.run(main())
    assert set(churn.aio.__all__) == {name for name, f in vars(churn.aio).items() if inspect.iscoroutinefunction(f)} - {
        "_run"
    }


def test_a_large_result_holds_up_no_other_thread(engine: churn.Engine, data: Path) -> None:
    """What is reckoned of all predictions is reckoned without the interpreter lock."""
    header, _, rows = (data / "telecom_labelled.csv").read_bytes().partition(b"\n")
    scored = engine.score(header + b"\n" + rows * 100)
    stop, late = threading.Event(), [0.0]

    def watch() -> None:
        while not stop.is_set():
            before = time.perf_counter()
            time.sleep(0.0005)
            late[0] = max(late[0], time.perf_counter() - before)

    # The quietest of five: other processes hold up threads as well.
    delays, took = [], []
    for _ in range(5):
        late[0] = 0.0
        thread = threading.Thread(target=watch)
        thread.start()
        before = time.perf_counter()
        scored.summary()
        took.append(time.perf_counter() - before)
        stop.set()
        thread.join()
        stop.clear()
        delays.append(late[0])
    assert min(delays) < 0.5 * min(took), (delays, took)


def test_the_loop_goes_on_and_a_cancelled_task_stops_the_work(engine: churn.Engine, data: Path) -> None:
    header, _, rows = (data / "telecom_labelled.csv").read_bytes().partition(b"\n")
    content = header + b"\n" + rows * 20

    async def main() -> tuple[int, list[int]]:
        ticks, steps = 0, []
        task = asyncio.create_task(churn.aio.score(engine, content, progress=lambda _, done, __: steps.append(done)))
        while not steps:
            await asyncio.sleep(0.001)
            ticks += 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.3)
        return ticks, steps

    ticks, steps = asyncio.run(main())
    assert ticks > 5
    # The work ended at its next step: of 40,000 rows the last ones were never reached.
    assert max(steps) < 40_000


def _probability(engine: churn.Engine) -> float:
    record = {"customer_id": 1, "tenure_months": 1, "monthly_charges": 99, "contract": "Month-to-month"}
    return engine.score_one(record).churn_probability


def test_copies_and_pickles(engine: churn.Engine, data: Path) -> None:
    predictions = engine.score(data / "telecom_customers.csv", as_of="2026-06-30")
    profile = churn.Profile.shipped("saas")
    for thing in (engine, predictions, predictions.mapping, profile):
        assert copy.copy(thing) is thing and copy.deepcopy([thing])[0] is thing
    again = pickle.loads(pickle.dumps(predictions))
    assert again.to_dicts() == predictions.to_dicts() and again.summary() == predictions.summary()
    assert again.quality.to_dict() == predictions.quality.to_dict()
    assert pickle.loads(pickle.dumps(predictions.mapping)).to_dict() == predictions.mapping.to_dict()
    other = pickle.loads(pickle.dumps(profile))
    assert other.name == "saas" and other.to_toml() == profile.to_toml()
    # A forked child would inherit a thread pool without its threads.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(_probability, engine).result() == _probability(engine)
    with pytest.raises(churn.ReadError):
        churn.Predictions._from_bytes(b"{}")


def test_matrices() -> None:
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(600, 3))
    target = matrix[:, 0] + 0.8 * rng.normal(size=600) > 0
    table = {"a": matrix[:, 0], "b": matrix[:, 1], "c": matrix[:, 2], "target": target}
    engine = churn.train(table, label="target", profile="generic", learner="logistic")
    assert (engine.evaluate(table, label="target").auc or 0) > 0.75
    # Columns of a matrix have no names.
    whole = np.column_stack([matrix, target])
    nameless = churn.train(whole, label="column_4", profile="generic", learner="logistic")
    as_float = nameless.score(matrix, scored_at="2026-07-01").to_dicts()
    for other in (np.asfortranarray(matrix), matrix[::-1][::-1], matrix.astype(object), matrix.tolist()):
        if isinstance(other, list):
            with pytest.raises(TypeError):
                nameless.score(other, scored_at="2026-07-01")
        else:
            assert nameless.score(other, scored_at="2026-07-01").to_dicts() == as_float
    half = matrix.astype("float32")
    assert len(nameless.score(half)) == 600
    missing = matrix.copy()
    missing[0, 0] = np.nan
    assert nameless.score(missing)[0]["churn_probability"] != as_float[0]["churn_probability"]
    with pytest.raises(churn.ReadError):
        nameless.score(np.empty((0, 3)))


def test_ctrl_c_stops_training(data: Path) -> None:
    code = f"""
import churn
print("started", flush=True)
try:
    churn.train({str(data / "telecom_labelled.csv")!r}, learner="forest")
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "started\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert output == "stopped\n" and process.returncode == 0


def test_a_bar(engine: churn.Engine, data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    engine.score(data / "telecom_labelled.csv", progress=True)
    assert "scoring: 100%" in capfd.readouterr().err
    engine.score(data / "telecom_labelled.csv", progress=False)
    assert capfd.readouterr().err == ""


def test_notebooks_show_tables(engine: churn.Engine, data: Path) -> None:
    path = data / "telecom_labelled.csv"
    predictions = engine.score(path)
    results: list[Any] = [
        predictions,
        predictions.mapping,
        predictions.quality,
        engine.explain(path),
        engine.evaluate(path),
    ]
    for result in results:
        html = result._repr_html_()
        assert "<table" in html and "<script" not in html, type(result)
        assert repr(result)


def test_help_reads_well() -> None:
    for thing in (churn.Engine, churn.Engine.score, churn.map_columns, churn.validate, churn.train, churn.aio.score):
        assert thing.__doc__ and len(thing.__doc__) > 20, thing


def test_many_threads_on_one_engine(engine: churn.Engine, data: Path) -> None:
    path = data / "telecom_labelled.csv"
    record = {"customer_id": 1, "tenure_months": 1, "monthly_charges": 99, "contract": "Month-to-month"}
    expected = engine.score_one(record).churn_probability
    table = engine.score(path).to_polars()["churn_probability"].to_list()

    def work(i: int) -> bool:
        if i % 10 == 0:
            return engine.score(path).to_polars()["churn_probability"].to_list() == table
        if i % 10 == 1:
            with pytest.raises(churn.MappingError):
                engine.score_one({"tenure_months": 1})
            return True
        return engine.score_one(record).churn_probability == expected

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(100)))


def test_a_hundred_bugs_are_a_hundred_errors(engine: churn.Engine) -> None:
    for seed in range(100):
        with pytest.raises(churn.ChurnError) as caught:
            churn._churn._provoke(seed)
        assert (caught.value.code, caught.value.number) == ("internal", 1003), seed
    assert engine.score_one({"customer_id": 1, "tenure_months": 1, "monthly_charges": 9, "contract": "One year"})


def test_memory_stays_flat() -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is measured through /proc")
    script = Path(__file__).resolve().parents[2] / "benches" / "leaks" / "leaks.py"
    run = subprocess.run([sys.executable, script, "1000"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_call_of_the_table_is_there() -> None:
    """docs/calls.md promises one name a call; `Engine.score` is looked up in the class."""
    text = (Path(__file__).parents[2] / "docs" / "calls.md").read_text()
    rows = [line.split("|") for line in text.split("## Calls in JSON")[0].splitlines() if line.startswith("|")]
    names = [row[2].strip(" `") for row in rows if "`" in row[2]]
    assert len(names) > 25
    for name in names:
        thing: Any = churn
        for part in name.split("."):
            thing = getattr(thing, part)
    below = text.split("## Calls in JSON")[1].splitlines()
    calls = [line.split("`")[1] for line in below if line.startswith("| `") and "(of an engine)" not in line]
    assert len(calls) > 20
    # `HealthScores.change` and `ChurnDefinition` are these.
    instead = {"health_change", "churn_definition"}
    assert [name for name in calls if not hasattr(churn, name) and name not in instead] == []
