"""The FastAPI example under load, and the delay of its event loop meanwhile.

`python benches/hosts/fastapi_loop.py [customers] [rows] [at once]`: 1,000 single customers while a file of 1,000,000
rows is scored in the same process. Ends with code 1 where an answer is not 200 or the loop is held up for over 20 ms.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import uvicorn

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "churn-py" / "examples"))
LIMIT = 0.020


def table(path: Path, rows: int) -> None:
    """A file of `rows` customers."""
    header, *lines = (ROOT / "test-data/telecom_labelled.csv").read_text().splitlines()
    with path.open("w") as file:
        file.write(header + "\n")
        for i in range(rows):
            file.write(f"R{i}{lines[i % len(lines)][7:]}\n")


async def main(customers: int, rows: int, at_once: int) -> int:
    """Server and monitor in this process, clients in another."""
    from fastapi_app import app

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", backlog=4096))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    delays: list[float] = []

    async def monitor() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            delays.append(time.perf_counter() - before - 0.001)

    watching = asyncio.create_task(monitor())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        await asyncio.to_thread(table, path, rows)
        delays.clear()
        load = str(ROOT / "benches/hosts/load.py")
        arguments = [load, f"http://127.0.0.1:{port}", "multipart", str(customers), str(path), str(at_once)]
        client = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
        output, _ = await client.communicate()
    watching.cancel()
    server.should_exit = True
    await serving
    result = json.loads(output)
    delays.sort()
    result["loop_delay_ms"] = {
        "max": round(delays[-1] * 1000, 1),
        "99 %": round(delays[int(len(delays) * 0.99)] * 1000, 1),
    }
    print(json.dumps(result, indent=1))
    good = result["customers"] == {"200": customers} and result["file"] == 200 and result["file_rows"] == rows
    return 0 if good and delays[-1] <= LIMIT else 1


if __name__ == "__main__":
    given = [int(a) for a in sys.argv[1:]]
    sys.exit(asyncio.run(main(*(given + [1_000, 1_000_000, 32][len(given) :]))))
