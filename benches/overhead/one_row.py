"""The time of one customer from Python: a dict in, a full prediction with reasons out, with the keys understood once
(`Engine.scorer`) and anew for every customer (`Engine.score_one`). `make bench-one-row`; needs the wheel."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import churn

CUSTOMER: dict[str, Any] = {
    "customer_id": "A1",
    "tenure_months": 2,
    "monthly_charges": 89.9,
    "contract": "Month-to-month",
    "payment_method": "Electronic check",
    "total_charges": 180.0,
}


def median(call: Callable[[dict[str, Any]], Any], n: int) -> float:
    """Microseconds, over customers who differ."""
    times = []
    for i in range(n):
        customer = {**CUSTOMER, "tenure_months": 1 + i % 70}
        start = time.perf_counter()
        call(customer)
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times[n // 10 :])


engine = churn.Engine.pretrained("telecom")
scorer = engine.scorer(CUSTOMER)
print(f"engine.scorer(example).score(customer)  {median(scorer.score, 5000):8.1f} us, median")
print(f"engine.score_one(customer)              {median(engine.score_one, 500):8.1f} us, median")
