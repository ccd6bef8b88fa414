#!/usr/bin/env python3
"""Makes the CSV files of test-data: invented customers, the same bytes on every run.

    python3 test-data/generate.py            writes the files beside this script
    python3 test-data/generate.py --check    compares instead; exit code 1 if a file differs or is missing

Python 3.11 or newer, standard library only. Each file has its own seed, so changing one leaves the others alone.
README.md beside this script says what each file is for.
"""

import argparse
import csv
import io
import math
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
SNAPSHOT = date(2026, 6, 30)
"""The day the SaaS files describe: only renewal dates lie after it."""

SEED_TELECOM_CUSTOMERS = 1101
SEED_TELECOM_LABELLED = 1106
SEED_SAAS_CUSTOMERS = 1201
SEED_SAAS_LABELLED = 1204
SEED_BAD = 1301

Row = dict[str, object]


# ---------------------------------------------------------------------------------------------------------------
# Helpers
# ---------------------------------------------------------------------------------------------------------------


def sigmoid(margin: float) -> float:
    """Probability of a log-odds value."""
    return 1.0 / (1.0 + math.exp(-margin))


def clamp(value: float, low: float, high: float) -> float:
    """The nearest value within [low, high]."""
    return max(low, min(high, value))


def choose(rng: random.Random, weights: dict[str, float]) -> str:
    """One key, drawn by its weight."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def chance(rng: random.Random, probability: float) -> bool:
    """True with this probability."""
    return rng.random() < probability


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson count, by Knuth's product of uniforms (small means only)."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def yes_no(value: bool) -> str:
    """Yes or No."""
    return "Yes" if value else "No"


def y_n(text: str) -> str:
    """Y or N for Yes or No; anything else stays."""
    return {"Yes": "Y", "No": "N"}.get(text, text)


def intercept_for(scores: Sequence[float], rate: float) -> float:
    """The intercept at which the mean probability of these scores is `rate`."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = sum(sigmoid(middle + s) for s in scores) / len(scores)
        low, high = (middle, high) if mean < rate else (low, middle)
    return (low + high) / 2


def add_labels(rng: random.Random, rows: list[Row], score: Callable[[Row], float], rate: float, noise: float) -> None:
    """Draws `churned`: logistic in the score, with a normal disturbance that no column shows."""
    scores = [score(row) + rng.gauss(0.0, noise) for row in rows]
    intercept = intercept_for(scores, rate)
    for row, value in zip(rows, scores, strict=True):
        row["churned"] = yes_no(chance(rng, sigmoid(intercept + value)))


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV, quoted only where needed, LF line ends."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows(rows)
    return target.getvalue()


def records_of(columns: dict[str, str], rows: Iterable[Row]) -> list[list[object]]:
    """A header and one record a row; `columns` is header -> name of the value."""
    return [list(columns), *([row[name] for name in columns.values()] for row in rows)]


def same_names(*names: str) -> dict[str, str]:
    """Columns whose headers are the canonical names."""
    return {name: name for name in names}


def pick_rows(rng: random.Random, n_rows: int, n_picks: int) -> list[int]:
    """Different row numbers, never among the first ten (those are what people see in a preview)."""
    numbers = list(range(10, n_rows))
    rng.shuffle(numbers)
    return numbers[:n_picks]


# ---------------------------------------------------------------------------------------------------------------
# Telecom
# ---------------------------------------------------------------------------------------------------------------

FIRST_NAMES = (
    "alba",
    "bruno",
    "celia",
    "dario",
    "edda",
    "felix",
    "greta",
    "hugo",
    "ilka",
    "jonas",
    "karla",
    "levin",
    "mira",
    "nils",
    "olga",
    "pavel",
    "quinn",
    "rosa",
    "sven",
    "tilda",
)
LAST_NAMES = (
    "ashdown",
    "birchall",
    "corvin",
    "dunmore",
    "elmstead",
    "fennick",
    "garrow",
    "hollin",
    "ivory",
    "jarrow",
    "kestrel",
    "larkin",
    "merrow",
    "norwick",
    "oakley",
    "pender",
    "quill",
    "rowan",
    "sorrel",
    "thorne",
)
REGIONS = {"North": 0.3, "Lakes": 0.25, "Harbor": 0.2, "Valley": 0.15, "Uplands": 0.1}

SERVICES = ("online_security", "online_backup", "device_protection", "tech_support", "streaming_tv", "streaming_movies")

# What a household with this kind of internet tends to choose.
CONTRACT_BY_INTERNET = {
    "Fiber optic": {"Month-to-month": 0.68, "One year": 0.18, "Two year": 0.14},
    "DSL": {"Month-to-month": 0.52, "One year": 0.23, "Two year": 0.25},
    "No": {"Month-to-month": 0.35, "One year": 0.24, "Two year": 0.41},
}
PAYMENT_BY_INTERNET = {
    "Fiber optic": (0.52, 0.08, 0.21, 0.19),
    "DSL": (0.27, 0.25, 0.24, 0.24),
    "No": (0.08, 0.48, 0.22, 0.22),
}
PAYMENTS = ("Electronic check", "Mailed check", "Bank transfer (automatic)", "Credit card (automatic)")
SENIOR_BY_INTERNET = {"Fiber optic": 0.26, "DSL": 0.11, "No": 0.03}
PAPERLESS_BY_INTERNET = {"Fiber optic": 0.76, "DSL": 0.55, "No": 0.29}
INTERNET_FEE = {"Fiber optic": 50.0, "DSL": 24.5, "No": 0.0}

TELECOM_LABELLED = same_names(
    "customer_id",
    "gender",
    "senior_citizen",
    "partner",
    "dependents",
    "tenure_months",
    "phone_service",
    "multiple_lines",
    "internet_service",
    *SERVICES,
    "contract",
    "paperless_billing",
    "payment_method",
    "monthly_charges",
    "total_charges",
    "churned",
)

# Header of the messy export -> canonical name of the value it holds.
TELECOM_EXPORT = {
    "Subscriber ID": "customer_id",
    "Email": "email",
    "Region": "region",
    "Gender": "gender",
    "Senior": "senior_citizen",
    "Partner": "partner",
    "Dependents": "dependents",
    "Tenure (months)": "tenure_months",
    "Contract Type": "contract",
    "Phone": "phone_service",
    "Multiple Lines": "multiple_lines",
    "Internet": "internet_service",
    "Online Security": "online_security",
    "Online Backup": "online_backup",
    "Device Protection": "device_protection",
    "Tech Support Plan": "tech_support",
    "Streaming TV": "streaming_tv",
    "Streaming Movies": "streaming_movies",
    "Paperless": "paperless_billing",
    "Payment Type": "payment_method",
    "Monthly Fee": "monthly_charges",
    "Total Billed": "total_charges",
}


def telecom_tenure(rng: random.Random, contract: str) -> int:
    """Months as a subscriber: long terms are held by those who stayed."""
    if contract == "Month-to-month":
        return 0 if chance(rng, 0.02) else min(72, 1 + int(rng.expovariate(1 / 17)))
    if contract == "One year":
        return round(clamp(rng.gauss(42, 18), 1, 72))
    return max(2, 72 - int(rng.expovariate(1 / 16)))


def telecom_monthly(rng: random.Random, row: Row) -> float:
    """The monthly fee: the sum of what the subscriber takes, give or take a tariff generation; it ends in 9 cents."""
    fee = INTERNET_FEE[str(row["internet_service"])] + (20.0 if row["phone_service"] == "Yes" else 0.0)
    fee += 5.0 if row["multiple_lines"] == "Yes" else 0.0
    fee += sum(10.0 if name.startswith("streaming") else 5.0 for name in SERVICES if row[name] == "Yes")
    return round(int(max(18.5, fee + rng.gauss(0, 1.2)) * 10) / 10 + 0.09, 2)


def telecom_subscriber(rng: random.Random, customer_id: str) -> Row:
    """One invented subscriber, by canonical names."""
    internet = choose(rng, {"Fiber optic": 0.44, "DSL": 0.34, "No": 0.22})
    contract = choose(rng, CONTRACT_BY_INTERNET[internet])
    phone = internet != "DSL" or chance(rng, 0.72)
    partner = chance(rng, 0.48)
    name = f"{rng.choice(FIRST_NAMES)}.{rng.choice(LAST_NAMES)}{rng.randint(1, 99)}"
    row: Row = {
        "customer_id": customer_id,
        "email": f"{name}@example.{rng.choice(('com', 'org'))}",
        "region": choose(rng, REGIONS),
        "gender": rng.choice(("Female", "Male")),
        "senior_citizen": yes_no(chance(rng, SENIOR_BY_INTERNET[internet])),
        "partner": yes_no(partner),
        "dependents": yes_no(chance(rng, 0.52 if partner else 0.09)),
        "tenure_months": telecom_tenure(rng, contract),
        "contract": contract,
        "phone_service": yes_no(phone),
        "multiple_lines": yes_no(chance(rng, 0.47)) if phone else "No phone service",
        "internet_service": internet,
        "paperless_billing": yes_no(chance(rng, PAPERLESS_BY_INTERNET[internet])),
        "payment_method": rng.choices(PAYMENTS, weights=PAYMENT_BY_INTERNET[internet])[0],
    }
    share = {"Month-to-month": 0.33, "One year": 0.5, "Two year": 0.62}[contract]
    for service in SERVICES:
        taken = share + 0.1 if service.startswith("streaming") else share
        row[service] = "No internet service" if internet == "No" else yes_no(chance(rng, taken))
    row["monthly_charges"] = telecom_monthly(rng, row)
    row["total_charges"] = telecom_total(rng, int(row["tenure_months"]), float(row["monthly_charges"]))
    return row


def telecom_total(rng: random.Random, tenure: int, monthly: float) -> float | str:
    """Billed so far: months x fee with old prices in it; nothing yet for a new subscriber."""
    if tenure == 0:
        return ""
    return round(tenure * monthly * (1.0 if tenure == 1 else clamp(rng.gauss(1.0, 0.04), 0.88, 1.12)), 2)


def telecom_score(row: Row) -> float:
    """Log-odds of leaving, up to an intercept."""
    score = {"Month-to-month": 0.0, "One year": -1.0, "Two year": -2.0}[str(row["contract"])]
    score += {"Fiber optic": 1.0, "DSL": 0.0, "No": -1.0}[str(row["internet_service"])]
    score += -0.6 * math.log1p(int(row["tenure_months"]))
    score += 0.5 if row["payment_method"] == "Electronic check" else 0.0
    score += -0.5 if row["tech_support"] == "Yes" else 0.0
    score += -0.5 if row["online_security"] == "Yes" else 0.0
    score += 0.25 if row["paperless_billing"] == "Yes" else 0.0
    score += 0.25 if row["senior_citizen"] == "Yes" else 0.0
    score += -0.2 if row["dependents"] == "Yes" else 0.0
    return score


def telecom_labelled() -> str:
    """2,000 clean subscribers with a label."""
    rng = random.Random(SEED_TELECOM_LABELLED)
    rows = [telecom_subscriber(rng, f"T{200001 + i}") for i in range(2000)]
    add_labels(rng, rows, telecom_score, rate=0.26, noise=0.25)
    for row in rows:
        row["monthly_charges"] = f"{row['monthly_charges']:.2f}"
        row["total_charges"] = f"{row['total_charges']:.2f}" if row["total_charges"] != "" else ""
    return csv_text(records_of(TELECOM_LABELLED, rows))


def telecom_money(rng: random.Random, amount: float | str, sign_share: float) -> str:
    """An amount as a spreadsheet shows it: thousands separators, often a currency sign."""
    if amount == "":
        return ""
    return f"${amount:,.2f}" if chance(rng, sign_share) else f"{amount:,.2f}"


def telecom_spoil_formats(rng: random.Random, rows: list[Row]) -> None:
    """Writes values as a careless export does; every one of them can still be read."""
    for row in rows:
        for name in ("senior_citizen", "phone_service", "paperless_billing"):
            row[name] = y_n(str(row[name]))
        row["monthly_charges"] = telecom_money(rng, row["monthly_charges"], 0.8)
        row["total_charges"] = telecom_money(rng, row["total_charges"], 0.2)
    for i, number in enumerate(pick_rows(rng, len(rows), 15)):
        change = (str.lower, str.upper, str.title)[i % 3]
        rows[number]["contract"] = change(str(rows[number]["contract"]))


def telecom_blank_cells(rng: random.Random, rows: list[Row]) -> None:
    """Empties some cells; never an id, a tenure, a contract or the kind of internet."""
    blanks = {
        "gender": 9,
        "partner": 6,
        "dependents": 7,
        "email": 22,
        "region": 14,
        "payment_method": 8,
        "total_charges": 5,
        "monthly_charges": 3,
        "tech_support": 6,
    }
    for name, count in blanks.items():
        for i, number in enumerate(pick_rows(rng, len(rows), count)):
            rows[number][name] = ("", "N/A", "")[i % 3]


def telecom_customers() -> str:
    """500 subscribers as an untidy export, 502 records: see the README for what is wrong with it."""
    rng = random.Random(SEED_TELECOM_CUSTOMERS)
    rows = [telecom_subscriber(rng, f"SUB-{40017 + 13 * i}") for i in range(500)]
    telecom_spoil_formats(rng, rows)
    telecom_blank_cells(rng, rows)
    text_fee, negative, repeated, changed, ragged = pick_rows(rng, len(rows), 5)
    rows[text_fee]["monthly_charges"] = "call us"
    rows[negative]["tenure_months"] = -4
    moved = dict(rows[changed], region="Valley" if rows[changed]["region"] != "Valley" else "North")
    records = records_of(TELECOM_EXPORT, [*rows, rows[repeated], moved])
    records[ragged + 1].pop()
    return csv_text(records) + "\n"


# ---------------------------------------------------------------------------------------------------------------
# SaaS
# ---------------------------------------------------------------------------------------------------------------

COMPANY_FIRST = (
    "Amberfield",
    "Bluegate",
    "Cinderlow",
    "Driftwood",
    "Eastmoor",
    "Fernhollow",
    "Glassriver",
    "Hazelmere",
    "Ironvale",
    "Juniper",
    "Kiteback",
    "Lanternhill",
    "Mossbridge",
    "Nightjar",
    "Otterbank",
    "Pinecrest",
    "Quarryside",
    "Redthorn",
    "Saltmarsh",
    "Tidewater",
    "Umberlee",
    "Vinegate",
    "Willowby",
    "Yarrow",
)
COMPANY_LAST = (
    "Analytics",
    "Clinics",
    "Components",
    "Events",
    "Foods",
    "Freight",
    "Hotels",
    "Insurance",
    "Labs",
    "Legal",
    "Logistics",
    "Media",
    "Outfitters",
    "Robotics",
    "Schools",
    "Studios",
    "Supply",
    "Travel",
)
MANAGERS = ("Ada Fennick", "Bo Larkin", "Cleo Marsh", "Dov Pender", "Esme Quill", "Finn Rowan")
INDUSTRIES = {
    "Software": 0.25,
    "Retail": 0.15,
    "Healthcare": 0.13,
    "Manufacturing": 0.12,
    "Education": 0.1,
    "Logistics": 0.1,
    "Media": 0.09,
    "Professional services": 0.06,
}
COUNTRIES = {"US": 0.42, "GB": 0.14, "DE": 0.12, "CA": 0.1, "FR": 0.08, "NL": 0.07, "AU": 0.07}

# plan: share, median seats, price of a seat, odds of (month-to-month, one year, two year)
PLANS = {
    "Starter": (0.38, 4, 19.0, (0.74, 0.24, 0.02)),
    "Growth": (0.34, 11, 29.0, (0.48, 0.45, 0.07)),
    "Business": (0.2, 34, 42.0, (0.22, 0.6, 0.18)),
    "Enterprise": (0.08, 120, 55.0, (0.04, 0.56, 0.4)),
}
CONTRACTS = ("Month-to-month", "One year", "Two year")
TERM_DAYS = {"Month-to-month": 30, "One year": 365, "Two year": 730}

SAAS_LABELLED = same_names(
    "customer_id",
    "snapshot_date",
    "signup_date",
    "tenure_months",
    "plan",
    "contract",
    "billing_interval",
    "monthly_charges",
    "discount_percent",
    "auto_renew",
    "renewal_date",
    "payment_method",
    "seats_purchased",
    "seats_used",
    "last_activity_date",
    "days_since_last_activity",
    "logins_30d",
    "active_days_30d",
    "features_used",
    "support_tickets",
    "open_tickets",
    "nps_score",
    "failed_payments",
    "late_payments",
    "days_past_due",
    "upgrades",
    "downgrades",
    "company_size",
    "industry",
    "country",
    "acquisition_channel",
    "churned",
)

# Header of the messy export -> canonical name of the value it holds (logins_before is none).
SAAS_EXPORT = {
    "Account ID": "customer_id",
    "Company": "customer_name",
    "Billing Email": "email",
    "Plan": "plan",
    "Billing Cycle": "billing_interval",
    "MRR (USD)": "monthly_charges",
    "Discount %": "discount_percent",
    "Signup Date": "signup_date",
    "Contract": "contract",
    "Renewal Date": "renewal_date",
    "Auto-Renew": "auto_renew",
    "Last Login": "last_activity_date",
    "Logins (30d)": "logins_30d",
    "Logins (prior 30d)": "logins_before",
    "Active Days (30d)": "active_days_30d",
    "Features Adopted": "features_used",
    "Seats": "seats_purchased",
    "Active Seats": "seats_used",
    "Open Tickets": "open_tickets",
    "Tickets (90 days)": "support_tickets",
    "NPS": "nps_score",
    "Failed Payments": "failed_payments",
    "Late Invoices": "late_payments",
    "Days Past Due": "days_past_due",
    "Downgrades": "downgrades",
    "Country": "country",
    "Industry": "industry",
    "CSM": "account_owner",
}


def saas_identity(rng: random.Random, customer_id: str) -> Row:
    """Where the account is, what it does, and who looks after it."""
    return {
        "customer_id": customer_id,
        "country": choose(rng, COUNTRIES),
        "industry": choose(rng, INDUSTRIES),
        "account_owner": rng.choice(MANAGERS),
        "acquisition_channel": choose(rng, {"Organic": 0.35, "Paid": 0.25, "Partner": 0.2, "Outbound": 0.2}),
    }


def saas_commercials(rng: random.Random) -> Row:
    """What the account bought, when, and how it pays."""
    plan = choose(rng, {name: values[0] for name, values in PLANS.items()})
    _, median_seats, price, odds = PLANS[plan]
    contract = rng.choices(CONTRACTS, weights=odds)[0]
    monthly_bill = {"month": 1.0} if contract == "Month-to-month" else {"month": 0.2, "quarter": 0.2, "year": 0.6}
    seats = max(1, round(median_seats * rng.lognormvariate(0.0, 0.5)))
    discount = rng.choice((10, 15, 20, 25, 30, 40)) if chance(rng, 0.28) else 0
    days = 6 + int(rng.expovariate(1 / 680) % 2600)
    term = TERM_DAYS[contract]
    return {
        "plan": plan,
        "contract": contract,
        "billing_interval": choose(rng, monthly_bill),
        "payment_method": choose(rng, {"Card": 0.7, "Invoice": 0.3} if plan != "Enterprise" else {"Invoice": 1.0}),
        "seats_purchased": seats,
        "discount_percent": discount,
        "monthly_charges": round(seats * price * (1 - discount / 100), 2),
        "company_size": max(seats, round(seats * rng.lognormvariate(1.5, 0.7))),
        "snapshot_date": SNAPSHOT,
        "signup_date": SNAPSHOT - timedelta(days=days),
        "tenure_months": int(days / 30.4375),
        "tenure_days": days,
        "renewal_date": SNAPSHOT + timedelta(days=term - days % term),
        "auto_renew": yes_no(chance(rng, 0.86)),
    }


def saas_usage(rng: random.Random, row: Row, engagement: float, trend: float) -> Row:
    """How the account uses the product: every figure is a noisy view of the two hidden ones."""
    silence = math.exp(1.2 - 0.8 * engagement - 0.7 * trend + rng.gauss(0, 0.6))
    quiet = int(min(silence, 150.0, float(row["tenure_days"])))
    seats = int(row["seats_purchased"])
    used = round(clamp(seats * sigmoid(1.1 + 0.7 * engagement + rng.gauss(0, 0.5)), 1, seats))
    days_now = round(22 * sigmoid(0.7 + 0.9 * engagement + 0.7 * trend + rng.gauss(0, 0.4)))
    days_before = round(22 * sigmoid(0.7 + 0.9 * engagement + rng.gauss(0, 0.4)))
    active_days = int(clamp(days_now, 0 if quiet >= 30 else 1, max(0, 30 - quiet)))
    logins_a_day = max(1.0, used * rng.uniform(0.35, 0.65))
    features = 6 + 2.2 * engagement + 1.2 * list(PLANS).index(str(row["plan"])) + rng.gauss(0, 1.5)
    return {
        "seats_used": used,
        "last_activity_date": SNAPSHOT - timedelta(days=quiet),
        "days_since_last_activity": quiet,
        "active_days_30d": active_days,
        "logins_30d": round(active_days * logins_a_day),
        "logins_before": round(days_before * logins_a_day),
        "features_used": round(clamp(features, 0, 20)),
    }


def saas_service(rng: random.Random, row: Row, engagement: float, trend: float) -> Row:
    """Tickets, payments, opinions and changes of plan."""
    tickets = poisson(rng, 1.2 * math.exp(-0.15 * engagement))
    failed = poisson(rng, 0.3 if row["payment_method"] == "Card" else 0.08)
    overdue = chance(rng, 0.5 if failed else 0.03)
    nps = round(clamp(28 + 24 * engagement + rng.gauss(0, 22), -100, 100))
    return {
        "support_tickets": tickets,
        "open_tickets": sum(chance(rng, 0.3) for _ in range(tickets)),
        "failed_payments": failed,
        "late_payments": poisson(rng, 0.25) + (1 if overdue else 0),
        "days_past_due": rng.randint(1, 45) if overdue else 0,
        "nps_score": "" if chance(rng, 1 / 3) else nps,
        "upgrades": poisson(rng, 0.3 * math.exp(0.2 * trend)),
        "downgrades": poisson(rng, 0.12 * math.exp(-0.4 * trend)),
    }


def saas_account(rng: random.Random, customer_id: str) -> Row:
    """One invented account, by canonical names; `trend` stays hidden from the files."""
    engagement, trend = rng.gauss(0, 1), rng.gauss(0, 1)
    row = {**saas_identity(rng, customer_id), **saas_commercials(rng), "trend": trend}
    row |= saas_usage(rng, row, engagement, trend)
    return row | saas_service(rng, row, engagement, trend)


def saas_score(row: Row) -> float:
    """Log-odds of leaving within 90 days, up to an intercept."""
    utilisation = int(row["seats_used"]) / int(row["seats_purchased"])
    near_renewal = (row["renewal_date"] - SNAPSHOT).days <= 90 and row["contract"] != "Month-to-month"
    score = 0.65 * math.log1p(int(row["days_since_last_activity"])) - 0.3 * float(row["trend"])
    score += -0.05 * int(row["active_days_30d"]) - 0.07 * int(row["features_used"])
    score += 0.8 * min(3, int(row["failed_payments"])) + 0.02 * int(row["days_past_due"])
    score += -0.03 * min(48, int(row["tenure_months"]))
    score += {"Month-to-month": 0.7, "One year": -0.5, "Two year": -1.4}[str(row["contract"])]
    score += 0.6 if near_renewal else 0.0
    score += 0.5 if row["auto_renew"] == "No" else 0.0
    score += -1.4 * utilisation
    score += 0.35 * min(3, int(row["open_tickets"])) + 0.5 * min(2, int(row["downgrades"]))
    score += 0.0 if row["nps_score"] == "" else -0.012 * (int(row["nps_score"]) - 28)
    return score


def saas_labelled() -> str:
    """1,000 clean accounts with a label."""
    rng = random.Random(SEED_SAAS_LABELLED)
    rows = [saas_account(rng, f"A{500001 + i}") for i in range(1000)]
    add_labels(rng, rows, saas_score, rate=0.18, noise=0.6)
    for row in rows:
        row["monthly_charges"] = f"{row['monthly_charges']:.2f}"
    return csv_text(records_of(SAAS_LABELLED, rows))


def saas_spoil_formats(rng: random.Random, rows: list[Row]) -> None:
    """Writes values as billing and analytics tools do; every one of them can still be read."""
    contracts = {"Month-to-month": "Month-to-month", "One year": "Annual", "Two year": "2-year"}
    cycles = {"month": "Monthly", "quarter": "Quarterly", "year": "Annual"}
    for row in rows:
        amount = float(row["monthly_charges"])
        style = choose(rng, {"${:,.2f}": 0.75, "{:,.2f}": 0.15, "{:.0f}": 0.06, "USD {:,.2f}": 0.04})
        row["monthly_charges"] = style.format(amount)
        row["contract"] = contracts[str(row["contract"])]
        row["billing_interval"] = cycles[str(row["billing_interval"])]
        row["discount_percent"] = f"{row['discount_percent']}%" if row["discount_percent"] else ""
        row["auto_renew"] = "TRUE" if row["auto_renew"] == "Yes" else "FALSE"


def saas_blank_cells(rng: random.Random, rows: list[Row]) -> None:
    """Empties some cells; never an id, a plan, a contract or a signup date."""
    blanks = {
        "last_activity_date": 4,
        "logins_30d": 6,
        "active_days_30d": 6,
        "features_used": 9,
        "seats_used": 5,
        "country": 7,
        "industry": 12,
        "account_owner": 30,
        "failed_payments": 8,
        "email": 6,
        "days_past_due": 5,
    }
    for name, count in blanks.items():
        for i, number in enumerate(pick_rows(rng, len(rows), count)):
            rows[number][name] = ("", "", "n/a", "-")[i % 4]


def saas_unreadable_cells(rows: list[Row], numbers: Sequence[int]) -> None:
    """Five cells that no reader can make sense of."""
    cells = (
        ("last_activity_date", "last tuesday"),
        ("monthly_charges", "TBD"),
        ("seats_purchased", "unlimited"),
        ("logins_30d", "#REF!"),
        ("renewal_date", "2026-13-45"),
    )
    for number, (name, text) in zip(numbers, cells, strict=True):
        rows[number][name] = text


def saas_names(rng: random.Random, rows: list[Row]) -> None:
    """Gives each account a company name of its own and an address to match."""
    names = [(first, last) for first in COMPANY_FIRST for last in COMPANY_LAST]
    rng.shuffle(names)
    for row, (first, last) in zip(rows, names, strict=False):
        row["customer_name"] = f"{first} {last}" + choose(rng, {"": 0.7, " Ltd": 0.15, ", Inc.": 0.15})
        row["email"] = f"billing@{first.lower()}-{last.lower()}.example.{rng.choice(('com', 'org'))}"


def saas_customers() -> str:
    """300 accounts as exported from billing and product analytics: see the README for what is wrong with it."""
    rng = random.Random(SEED_SAAS_CUSTOMERS)
    rows = [saas_account(rng, f"acct_{7300 + 7 * i}") for i in range(300)]
    saas_names(rng, rows)
    saas_spoil_formats(rng, rows)
    saas_blank_cells(rng, rows)
    picks = pick_rows(rng, len(rows), 8)
    for number, extra in zip(picks[:2], (2, 9), strict=True):
        rows[number]["seats_used"] = int(rows[number]["seats_purchased"]) + extra
    saas_unreadable_cells(rows, picks[2:7])
    records = records_of(SAAS_EXPORT, rows)
    records[picks[7] + 1][1:2] = ["Saltmarsh", " Quill & Co"]  # a comma without quotes: one cell too many
    return csv_text(records)


# ---------------------------------------------------------------------------------------------------------------
# Files that must fail, or nearly
# ---------------------------------------------------------------------------------------------------------------

SMALL_HEADER = ("customer_id", "tenure_months", "monthly_charges", "contract")


def small_rows(rng: random.Random) -> list[list[object]]:
    """Six plain rows under SMALL_HEADER."""
    return [[f"B{i + 1}", rng.randint(1, 60), f"{rng.uniform(20, 110):.2f}", rng.choice(CONTRACTS)] for i in range(6)]


def bad_binary(rng: random.Random) -> bytes:
    """256 bytes of no text at all, NULs among them, under the name of a CSV file."""
    return b"\x00\x01\x02\x00\xff\xfe" + rng.randbytes(248) + b"\x00\x00"


def bad_ragged(rng: random.Random) -> str:
    """Six rows, of which the second is one cell short, the fourth two cells long and the sixth nearly empty."""
    rows = small_rows(rng)
    rows[1].pop()
    rows[3] += ["extra", "cells"]
    rows[5] = rows[5][:1]
    return csv_text([SMALL_HEADER, *rows])


def bad_files() -> dict[str, bytes]:
    """The files of test-data/bad."""
    rng = random.Random(SEED_BAD)
    rows = small_rows(rng)
    return {
        "bad/empty.csv": b"",
        "bad/header_only.csv": csv_text([SMALL_HEADER]).encode(),
        "bad/one_column.csv": csv_text([SMALL_HEADER[:1], *(row[:1] for row in rows)]).encode(),
        "bad/binary.csv": bad_binary(rng),
        "bad/no_customer_id.csv": csv_text([SMALL_HEADER[1:], *(row[1:] for row in rows)]).encode(),
        "bad/utf32.csv": b"\xff\xfe\x00\x00" + csv_text([SMALL_HEADER, *rows]).encode("utf-32-le"),
        "bad/ragged.csv": bad_ragged(rng).encode(),
    }


# ---------------------------------------------------------------------------------------------------------------
# Command line
# ---------------------------------------------------------------------------------------------------------------


def all_files() -> dict[str, bytes]:
    """Every file this script makes: path beside the script -> content."""
    return {
        "telecom_customers.csv": telecom_customers().encode(),
        "telecom_labelled.csv": telecom_labelled().encode(),
        "saas_customers.csv": saas_customers().encode(),
        "saas_labelled.csv": saas_labelled().encode(),
        **bad_files(),
    }


def write(files: dict[str, bytes]) -> int:
    """Writes the files; exit code 0."""
    for name, content in files.items():
        path = HERE / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        print(f"wrote {name}: {len(content)} bytes")
    return 0


def check(files: dict[str, bytes]) -> int:
    """Compares the files with what lies on disk; exit code 1 if any differs."""
    wrong = [
        name for name, content in files.items() if not (HERE / name).is_file() or (HERE / name).read_bytes() != content
    ]
    for name in wrong:
        print(f"differs: {name}", file=sys.stderr)
    print(f"{len(files) - len(wrong)} of {len(files)} files are as generated")
    return 1 if wrong else 0


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Makes the CSV files of test-data.")
    parser.add_argument("--check", action="store_true", help="compare with the files on disk, write nothing")
    arguments = parser.parse_args()
    return check(all_files()) if arguments.check else write(all_files())


if __name__ == "__main__":
    sys.exit(main())
