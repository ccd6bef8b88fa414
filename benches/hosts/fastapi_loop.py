"""The FastAPI example under load, and the delay of its event loop meanwhile.

`python benches/hosts/fastapi_loop.py [customers] [rows] [at once]`: 1,000 single customers while a file of 1,000,000
rows is scored in the same process. Ends with code 1 where an answer is not 200 or the loop is held up for over 20 ms.
What the loop's delay is without the file, and without anything, stands beside it: the machine's own part.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvicorn

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "churn-py" / "examples"))
# Milliseconds.
LIMIT = 20


def table(path: Path, rows: int) -> None:
    """A file of `rows` customers."""
    header, *lines = (ROOT / "test-data/telecom_labelled.csv").read_text().splitlines()
    with path.open("w") as file:
        file.write(header + "\n")
        for i in range(rows):
            file.write(f"R{i}{lines[i % len(lines)][7:]}\n")


class Monitor:
    """How much later than asked for the event loop wakes a task."""

    def __init__(self) -> None:
        """Starts at once."""
        self.delays: list[float] = []
        self.task = asyncio.create_task(self.watch())

    async def watch(self) -> None:
        """Sleeps a millisecond again and again."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.delays.append(time.perf_counter() - before - 0.001)

    def take(self) -> dict[str, float]:
        """What was measured since the last call, in milliseconds."""
        delays = sorted(self.delays)
        self.delays.clear()
        return {
            "max": round(delays[-1] * 1000, 1),
            "99.9 %": round(delays[int(len(delays) * 0.999)] * 1000, 1),
            "99 %": round(delays[int(len(delays) * 0.99)] * 1000, 1),
        }


async def main(customers: int, rows: int, at_once: int) -> int:
    """Server and monitor in this process, clients in another."""
    from fastapi_app import app

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", backlog=4096))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    async def load(file: str) -> dict[str, Any]:
        clients = [str(ROOT / "benches/hosts/load.py"), f"http://127.0.0.1:{port}", "multipart"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *clients, str(customers), file, str(at_once), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return json.loads(output)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        await asyncio.to_thread(table, path, rows)
        monitor = Monitor()
        await asyncio.sleep(2)
        delays = {"idle": monitor.take()}
        await load("-")
        delays["customers alone"] = monitor.take()
        result = await load(str(path))
        delays["customers and the file"] = monitor.take()
        monitor.task.cancel()
    server.should_exit = True
    await serving
    result["loop_delay_ms"] = delays
    print(json.dumps(result, indent=1))
    good = result["customers"] == {"200": customers} and result["file"] == 200 and result["file_rows"] == rows
    return 0 if good and delays["customers and the file"]["max"] <= LIMIT else 1


if __name__ == "__main__":
    given = [int(a) for a in sys.argv[1:]]
    sys.exit(asyncio.run(main(*(given + [1_000, 1_000_000, 32][len(given) :]))))
