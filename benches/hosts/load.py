"""Clients of the example services: many single customers at once, and one large file meanwhile.

`python load.py URL multipart|raw CUSTOMERS FILE [AT_ONCE]` prints one JSON line: how many answers had which status, and
how long they took. A tenth of the customers come while the file is being sent, the others while it is being scored;
`-` for FILE sends none: what the service does by itself. At most AT_ONCE customers (32) are under way at a time, as a
reverse proxy would let them through. Plain sockets, so that the clients take as little of the machine as possible.
"""

import asyncio
import json
import sys
import time
import urllib.parse
from collections import Counter
from pathlib import Path

RECORD = {"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month"}


async def post(
    host: str, port: int, path: str, content_type: str, body: bytes, sent: asyncio.Event | None = None
) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own; `sent` is set when the body has gone."""
    reader, writer = await asyncio.open_connection(host, port)
    fields = {"host": host, "content-type": content_type, "content-length": str(len(body)), "connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    # Until nothing waits in this process: what is on its way then is less than a socket's buffer.
    writer.transport.set_write_buffer_limits(high=0)
    await writer.drain()
    if sent is not None:
        sent.set()
    answer = await reader.read()
    writer.close()
    head_bytes, _, rest = answer.partition(b"\r\n\r\n")
    return int(head_bytes.split()[1]), rest


def upload(form: str, content: bytes) -> tuple[str, bytes]:
    """Content type and body of a file."""
    if form == "raw":
        return "text/csv", content
    boundary = "a-boundary-that-no-table-holds"
    what = 'content-disposition: form-data; name="file"; filename="c.csv"'
    head = f"--{boundary}\r\n{what}\r\ncontent-type: text/csv\r\n\r\n"
    return (
        f"multipart/form-data; boundary={boundary}",
        head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
    )


async def main(url: str, form: str, customers: int, file: str, at_once: int) -> dict[str, object]:
    """The file, and the customers meanwhile."""
    address = urllib.parse.urlsplit(url)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    sent = asyncio.Event()
    start = time.perf_counter()
    large = None
    if file != "-":
        large = asyncio.create_task(post(host, port, "/scores", *upload(form, Path(file).read_bytes()), sent))
        await asyncio.sleep(0.2)
    taken: list[float] = []
    gate = asyncio.Semaphore(at_once)

    async def one(i: int) -> int:
        body = json.dumps({**RECORD, "customer_id": f"A{i}"}).encode()
        async with gate:
            began = time.perf_counter()
            status, answer = await post(host, port, "/customers/score", "application/json", body)
            taken.append(time.perf_counter() - began)
        assert f'"A{i}"'.encode() in answer, answer
        return status

    first = customers // 10 if large else customers
    statuses = Counter(await asyncio.gather(*(one(i) for i in range(first))))
    result: dict[str, object] = {}
    if large:
        await sent.wait()
        began = time.perf_counter()
        statuses += Counter(await asyncio.gather(*(one(i) for i in range(first, customers))))
        # Otherwise the customers did not come while the file was being scored.
        result["scoring_meanwhile"] = not large.done()
        result["customers_seconds"] = round(time.perf_counter() - began, 2)
        status, answer = await large
        result["file"] = status
        result["file_seconds"] = round(time.perf_counter() - start, 2)
        rows = json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])["summary"] if status == 200 else {}
        result["file_rows"] = rows.get("customers", 0)
    return {
        "customers": {str(k): v for k, v in statuses.items()},
        "slowest_customer_seconds": round(max(taken), 3),
        **result,
    }


if __name__ == "__main__":
    given = sys.argv[5:] or ["32"]
    print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(given[0])))))
