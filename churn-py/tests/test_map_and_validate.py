"""Mapping and validation without a model."""

import datetime
from pathlib import Path

import pytest

import churn


def test_headers_alone() -> None:
    mapping = churn.map_columns(["customer_id", "monthly_charges", "something else"], profile="telecom")
    assert mapping.fields == {"customer_id": "customer_id", "monthly_charges": "monthly_charges"}
    assert [m["any_of"] for m in mapping.missing] == [["tenure_months"], ["contract"]]
    assert [c.field for c in mapping.columns] == ["customer_id", "monthly_charges", None]
    assert mapping.columns[0].confidence == 100
    assert mapping.to_dict()["fields"] == mapping.fields


def test_samples_and_overrides(tmp_path: Path) -> None:
    mapping = churn.map_columns(
        ["customer_id", "thing"],
        samples={"thing": ["Month-to-month", "Two year", None]},
        overrides={"thing": "contract"},
        profile=churn.Profile.shipped("telecom"),
    )
    assert mapping.fields["contract"] == "thing"
    mapping.save(tmp_path / "mapping.json")
    assert churn.Mapping.load(tmp_path / "mapping.json").to_dict() == mapping.to_dict()
    with pytest.raises(churn.ChurnError) as caught:
        churn.map_columns(["a"], overrides={"b": "contract"})
    assert caught.value.code == "invalid_argument"


def test_quality_of_a_training_table(data: Path) -> None:
    report = churn.validate(data / "telecom_labelled.csv", profile="telecom", purpose="train")
    assert report.ok and report.score > 80
    assert report.estimated_auc is not None and 0.80 < report.estimated_auc < 0.87
    repaired = next(f for f in report.findings if f.code == "repaired_from_rule")
    assert repaired.field == "total_charges" and repaired.rows_affected == 29
    assert repaired.layer == "business_rules" and repaired.severity == "info"
    assert report.to_dict()["findings"][0]["code"] == report.findings[0].code


def test_leaks_block_training(data: Path) -> None:
    import polars as pl

    table = pl.read_csv(data / "telecom_labelled.csv").with_columns(
        (pl.col("churned") == "Yes").cast(pl.Int64).alias("exit survey score") * 5
    )
    with pytest.raises(churn.ValidationError) as caught:
        churn.train(table, profile="telecom", learner="logistic")
    assert caught.value.code == "leakage" and "exit survey score" in str(caught.value)
    report = churn.validate(table, profile="telecom", purpose="train")
    assert not report.ok and report.findings[0].code == "leakage"
    churn.train(table, profile="telecom", learner="logistic", allow=["exit survey score"])


def test_a_report_shows_its_arithmetic(data: Path) -> None:
    report = churn.validate(data / "telecom_labelled.csv", profile="telecom", purpose="train", strict=True)
    assert "repaired_from_rule" not in {f.code for f in report.findings}
    assert report.arithmetic.startswith("100") and report.arithmetic.endswith(f"= {report.score:.1f}")
    assert set(report.dimensions) == {"completeness", "validity", "uniqueness", "consistency", "timeliness"}
    low, high = report.estimated_auc_interval or (0.0, 0.0)
    assert report.estimated_auc is not None and low < report.estimated_auc < high
    assert abs(report.score - max(0.0, 100 - sum(f.cost for f in report.findings))) < 1e-9
    assert len(report.to_html()) < 300_000 and "<script" not in report.to_html()
    assert report._repr_html_() == report.to_html()


def test_what_is_dated_after_the_day_of_the_rows() -> None:
    rows = [{"customer_id": "A", "signup_date": "2024-01-02"}, {"customer_id": "B", "signup_date": "2024-06-01"}]
    assert churn.validate(rows, profile="generic").dimensions["timeliness"] is None
    days: list[tuple[str | datetime.date, float]] = [("2024-03-01", 50.0), (datetime.date(2024, 7, 1), 100.0)]
    for day, share in days:
        assert churn.validate(rows, profile="generic", as_of=day).dimensions["timeliness"] == share
    with pytest.raises(churn.ChurnError) as caught:
        churn.validate(rows, as_of="soon")
    assert caught.value.code == "invalid_argument" and caught.value.context["argument"] == "as_of"


def test_a_stream_is_judged_as_the_whole(data: Path) -> None:
    import polars as pl

    whole = pl.read_csv(data / "telecom_labelled.csv", infer_schema=False)
    n = len(whole)
    for purpose in ("score", "train"):
        expected = churn.validate(whole, profile="telecom", purpose=purpose).to_dict()
        for ends in ([1, 2, 3], [n // 2], list(range(37, n, 37))):
            parts = [whole.slice(a, b - a) for a, b in zip([0, *ends], [*ends, n], strict=True)]
            chunked = pl.concat(parts, rechunk=False)
            assert chunked.n_chunks() == len(parts)
            assert churn.validate(chunked, profile="telecom", purpose=purpose).to_dict() == expected


def test_dates_need_a_day(data: Path) -> None:
    saas = churn.Engine.pretrained("saas")
    record = {"customer_id": 1, "signup_date": "2026-01-01", "monthly_charges": 9, "plan": "Basic"}
    day = saas.score_one(record, as_of="2026-06-30").churn_probability
    assert day == saas.score_one(record, scored_at="2026-06-30T12:00:00Z").churn_probability
    assert day != saas.score_one(record, as_of="2027-06-30").churn_probability
    # The present day serves where nothing is said.
    codes = {f.code for f in saas.score(data / "saas_customers.csv").quality.findings}
    assert "as_of_missing" not in codes


def test_an_own_profile() -> None:
    profile = churn.Profile.from_toml('name = "gym"\ntitle = "Gym"\ndescription = ""\nrequired = [["customer_id"]]\n')
    assert churn.map_columns(["customer_id"], profile=profile).missing == []
