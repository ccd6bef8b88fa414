"""Memory of a process that makes an engine, scores and lets go, again and again: `python leaks.py [cycles]`.

Ends with code 1 where the memory grew by more than 8 MB between a tenth of the way and its end.
"""

import contextlib
import gc
import sys
import tempfile
from pathlib import Path

import churn

LIMIT = 8 << 20
RECORD = {"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month"}


def resident() -> int:
    """Bytes of memory that the process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def cycle(data: bytes) -> None:
    """One life of an engine, with a result, a table and an error."""
    engine = churn.Engine.from_bytes(data)
    engine.score_one(RECORD).to_dict()
    engine.score([RECORD]).to_dicts()
    with contextlib.suppress(churn.ChurnError):
        engine.score_one({"tenure_months": 2})


def main(cycles: int) -> int:
    """Cycles, and what they left."""
    with tempfile.TemporaryDirectory() as folder:
        churn.Engine.pretrained("telecom").save(Path(folder) / "model")
        data = (Path(folder) / "model").read_bytes()
    before = 0
    for i in range(cycles):
        cycle(data)
        if i == cycles // 10:
            before = resident()
    grown = resident() - before
    print(f"Python: {cycles} cycles, memory grew by {grown / 1e6:.2f} MB after the first tenth ({before / 1e6:.1f} MB)")
    return 0 if grown <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
