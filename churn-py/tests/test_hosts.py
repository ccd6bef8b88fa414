"""The example services over real HTTP, on loopback and a free port: uvicorn and gunicorn as processes of their own."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

import churn

EXAMPLES = ROOT / "churn-py" / "examples"
SERVERS = {
    "fastapi": ["uvicorn", "fastapi_app:app", "--port", "0"],
    "flask": ["gunicorn", "flask_app:app", "--bind", "127.0.0.1:0", "--threads", "8"],
}


@contextlib.contextmanager
def serving(command: list[str], log: Path) -> Iterator[str]:
    """The address of a server that runs as long as the block."""
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", *command], cwd=EXAMPLES, stderr=out, stdout=out)
    try:
        for _ in range(600):
            found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
            if found:
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        else:
            pytest.fail(f"no address: {log.read_text()}")
        yield found.group()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture(scope="module", params=list(SERVERS))
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(SERVERS[request.param], tmp_path_factory.mktemp("log") / "server.log") as address:
        yield address


def ask(url: str, body: bytes | None = None, content_type: str = "application/json") -> tuple[int, Any]:
    """Status and JSON of a GET, or of a POST where there is a body."""
    request = urllib.request.Request(url, data=body, headers={"content-type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def upload(url: str, content: bytes) -> tuple[int, Any]:
    """A file as a browser sends it."""
    head = b'--x1y2\r\ncontent-disposition: form-data; name="file"; filename="c.csv"\r\ncontent-type: text/csv\r\n\r\n'
    return ask(url, head + content + b"\r\n--x1y2--\r\n", "multipart/form-data; boundary=x1y2")


def test_the_whole_way(url: str, data: Path, record: dict[str, object], engine: churn.Engine) -> None:
    content = (data / "telecom_labelled.csv").read_bytes()
    assert ask(f"{url}/health") == (200, {"status": "ok", "model": engine.model_version})
    status, mapping = upload(f"{url}/mapping", content)
    assert status == 200 and mapping["fields"]["monthly_charges"] == "monthly_charges"
    status, scores = upload(f"{url}/scores?offset=10&limit=5", content)
    assert status == 200 and scores["summary"]["customers"] == 2000 and len(scores["predictions"]) == 5
    status, one = ask(f"{url}/customers/score", json.dumps(record).encode())
    assert status == 200 and one["churn_probability"] == engine.score_one(record).churn_probability


def test_bad_data_is_told_and_the_service_goes_on(url: str) -> None:
    status, answer = ask(f"{url}/customers/score", b'{"tenure_months": 3}')
    assert status == 422 and answer["error"]["code"] == "field_unmapped" and answer["error"]["hint"]
    status, answer = upload(f"{url}/scores", b"a,b\n")
    assert status == 422 and answer["error"]["code"] == "empty_input"
    assert ask(f"{url}/health")[0] == 200


def test_many_customers_while_a_file_is_scored(url: str, data: Path, record: dict[str, object]) -> None:
    header, _, rows = (data / "telecom_labelled.csv").read_bytes().partition(b"\n")
    content = header + b"\n" + rows * 10

    def one(i: int) -> tuple[int, str]:
        body = json.dumps({**record, "customer_id": f"C{i}"}).encode()
        status, answer = ask(f"{url}/customers/score", body)
        return status, answer["customer_id"]

    with ThreadPoolExecutor(24) as pool:
        large = pool.submit(upload, f"{url}/scores?limit=1", content)
        answers = list(pool.map(one, range(200)))
        status, scores = large.result()
    assert answers == [(200, f"C{i}") for i in range(200)]
    assert status == 200 and scores["summary"]["customers"] == 20_000


@pytest.mark.parametrize(("name", "least"), [("churn", 4), ("customer_success", 3)])
def test_the_notebooks_run(tmp_path: Path, name: str, least: int) -> None:
    import nbclient
    import nbformat

    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    environment = {"JUPYTER_RUNTIME_DIR": str(tmp_path), "IPYTHONDIR": str(tmp_path)}
    old = {key: os.environ.get(key) for key in environment}
    os.environ.update(environment)
    try:
        resources = {"metadata": {"path": str(EXAMPLES)}}
        nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    finally:
        for key, value in old.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
    shown = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    tables = [out["data"]["text/html"] for out in shown if "text/html" in out.get("data", {})]
    assert len(tables) >= least and all("<table" in table for table in tables)
