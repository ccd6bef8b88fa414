"""Clients of the example services: many single customers at once, and one large file meanwhile.

`python load.py URL multipart|raw CUSTOMERS FILE [AT_ONCE]` prints one JSON line: how many answers had which status, and
how long they took. At most AT_ONCE customers (32) are under way at a time, as a reverse proxy would let them through.
Plain sockets, so that the clients take as little of the machine as possible.
"""

import asyncio
import json
import sys
import time
import urllib.parse
from collections import Counter
from pathlib import Path

RECORD = {"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month"}


async def post(host: str, port: int, path: str, content_type: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own."""
    reader, writer = await asyncio.open_connection(host, port)
    fields = {"host": host, "content-type": content_type, "content-length": str(len(body)), "connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    head_bytes, _, rest = answer.partition(b"\r\n\r\n")
    return int(head_bytes.split()[1]), rest


async def main(url: str, form: str, customers: int, file: Path, at_once: int) -> dict[str, object]:
    """Everything at once."""
    address = urllib.parse.urlsplit(url)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    content = file.read_bytes()
    if form == "multipart":
        boundary = "a-boundary-that-no-table-holds"
        what = 'content-disposition: form-data; name="file"; filename="c.csv"'
        head = f"--{boundary}\r\n{what}\r\ncontent-type: text/csv\r\n\r\n"
        upload = (
            f"multipart/form-data; boundary={boundary}",
            head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
        )
    else:
        upload = ("text/csv", content)
    start = time.perf_counter()
    large = asyncio.create_task(post(host, port, "/scores", *upload))
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

    statuses = Counter(await asyncio.gather(*(one(i) for i in range(customers))))
    customers_took = time.perf_counter() - start
    status, answer = await large
    return {
        "customers": {str(k): v for k, v in statuses.items()},
        "customers_seconds": round(customers_took, 2),
        "slowest_customer_seconds": round(max(taken), 3),
        "file": status,
        "file_seconds": round(time.perf_counter() - start, 2),
        "file_rows": json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])["summary"]["customers"]
        if status == 200
        else 0,
    }


if __name__ == "__main__":
    given = sys.argv[5:] or ["32"]
    print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), int(given[0])))))
