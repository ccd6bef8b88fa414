"""Event features of tables that are larger than memory should hold: CPU time and most memory of each way.

Parquet files of invented customers and uses are made features of by ranges of customers, in one call as a stream of
Arrow batches, in one call as a table of Arrow, and in one call as CSV files; each way in a process of its own. Needs
the wheel and pyarrow.

    python benches/event_ranges.py [CUSTOMERS] [USES] [ranges] [stream] [table] [csv]
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq

import churn

DAY = "2024-12-01"
WAYS = ("ranges", "stream", "table", "csv")
# Customers that are read at a time.
RANGE = 200_000
# Rows that are invented and written at a time.
CHUNK = 1_000_000


def write(folder: Path, customers: int, uses: int) -> None:
    """The tables, as Parquet and as CSV."""
    table = pa.table({"customer_id": np.arange(customers)})
    pq.write_table(table, folder / "customers.parquet")
    pyarrow.csv.write_csv(table, folder / "customers.csv")
    rng = np.random.default_rng(3)
    parquet = text = None
    for first in range(0, uses, CHUNK):
        n = min(CHUNK, uses - first)
        seconds = rng.integers(0, 365 * 86_400, n)
        part = pa.table(
            {
                "customer_id": rng.integers(0, customers, n),
                "occurred_at": np.datetime64("2024-01-01", "s") + seconds,
                "event": pa.array(rng.choice(["open", "save", "share", "export"], n)),
                "quantity": rng.integers(1, 50, n) / 4,
            }
        )
        parquet = parquet or pq.ParquetWriter(folder / "usage.parquet", part.schema)
        parquet.write_table(part)
        text = text or pyarrow.csv.CSVWriter(folder / "usage.csv", part.schema)
        text.write(part)
    for writer in (parquet, text):
        if writer:
            writer.close()


def build(way: str, folder: Path) -> int:
    """Features of all customers, one way; how many rows."""
    customers, usage = ds.dataset(folder / "customers.parquet"), ds.dataset(folder / "usage.parquet")
    if way == "csv":
        return len(churn.build_features(folder / "customers.csv", usage=folder / "usage.csv", as_of=DAY))
    if way == "stream":
        return len(churn.build_features(customers.to_table(), usage=usage.scanner().to_reader(), as_of=DAY))
    if way == "table":
        return len(churn.build_features(customers.to_table(), usage=usage.to_table(), as_of=DAY))
    of, rows, writer = ds.field("customer_id"), 0, None
    for first in range(0, customers.count_rows(), RANGE):
        own = (of >= first) & (of < first + RANGE)
        built = churn.build_features(customers.to_table(filter=own), usage=usage.to_table(filter=own), as_of=DAY)
        part = pa.table(built)
        writer = writer or pq.ParquetWriter(folder / "features.parquet", part.schema)
        writer.write_table(part)
        rows += part.num_rows
    if writer:
        writer.close()
    return rows


def main(customers: int, uses: int, ways: list[str]) -> None:
    """Every way on the same files."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), customers, uses)
        print(f"{customers:,} customers, {uses:,} uses")
        for way in ways:
            subprocess.run([sys.executable, __file__, "--", way, folder], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--"]:
        start = time.process_time()
        rows = build(sys.argv[2], Path(sys.argv[3]))
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"  {sys.argv[2]:<7} {rows:>9,} rows  {time.process_time() - start:6.1f} s CPU  {most:5.2f} GB at most")
    else:
        numbers = [int(a) for a in sys.argv[1:] if a.isdigit()]
        main(*(numbers + [200_000, 10_000_000][len(numbers) :]), [w for w in WAYS if w in sys.argv] or list(WAYS))
