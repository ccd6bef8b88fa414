"""Paths and engines that the tests share."""

from pathlib import Path

import pytest

import churn

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def data() -> Path:
    return ROOT / "test-data"


@pytest.fixture(scope="session")
def engine() -> churn.Engine:
    return churn.Engine.pretrained("telecom")


@pytest.fixture(scope="session")
def record() -> dict[str, object]:
    return {
        "customer_id": "A1",
        "tenure_months": 2,
        "monthly_charges": 89.9,
        "total_charges": 179.8,
        "contract": "Month-to-month",
        "internet_service": "Fiber optic",
        "payment_method": "Electronic check",
        "tech_support": "No",
        "partner": None,
    }
