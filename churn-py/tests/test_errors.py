"""Bad input gives a typed error that says what, where, and how to mend it."""

from pathlib import Path

import pytest

import churn

CASES = [
    ("no/such/file.csv", churn.ReadError, "io", 1101),
    ("empty.csv", churn.ReadError, "empty_input", 1104),
    ("header_only.csv", churn.ReadError, "empty_input", 1104),
    ("binary.csv", churn.ReadError, "malformed", 1102),
    ("utf32.csv", churn.ReadError, "encoding", 1103),
    ("no_customer_id.csv", churn.MappingError, "field_unmapped", 1201),
    ("one_column.csv", churn.MappingError, "field_unmapped", 1201),
]


@pytest.mark.parametrize(("name", "kind", "code", "number"), CASES)
def test_bad_files(
    engine: churn.Engine, data: Path, name: str, kind: type[churn.ChurnError], code: str, number: int
) -> None:
    with pytest.raises(kind) as caught:
        engine.score(data / "bad" / name)
    error = caught.value
    assert isinstance(error, churn.ChurnError)
    assert (error.code, error.number) == (code, number)
    assert error.hint and error.hint in str(error)
    assert all(isinstance(v, str) for v in error.context.values())


def test_ragged_rows_are_findings_not_errors(engine: churn.Engine, data: Path) -> None:
    predictions = engine.score(data / "bad" / "ragged.csv")
    assert len(predictions) == 6
    assert "ragged_row" in {f.code for f in predictions.quality.findings}


def test_models(tmp_path: Path) -> None:
    with pytest.raises(churn.ModelError) as caught:
        churn.Engine.pretrained("bakery")
    assert caught.value.code == "model_not_found" and "telecom" in str(caught.value)
    with pytest.raises(churn.ModelError) as caught:
        churn.Engine.load(tmp_path / "absent.churn")
    assert caught.value.code == "model_not_found" and caught.value.context["path"].endswith("absent.churn")
    (tmp_path / "junk.churn").write_bytes(b"junk")
    with pytest.raises(churn.ModelError) as caught:
        churn.Engine.load(tmp_path / "junk.churn")
    assert caught.value.code == "format_unsupported"


def test_arguments(engine: churn.Engine, record: dict[str, object]) -> None:
    with pytest.raises(churn.ChurnError) as caught:
        engine.score_one(record, reasons=9)
    assert caught.value.code == "invalid_argument" and caught.value.context["argument"] == "reasons"
    with pytest.raises(churn.ChurnError) as caught:
        churn.map_columns(["a"], table_kind="cars")
    assert caught.value.code == "invalid_argument"
    with pytest.raises(TypeError):
        engine.score(7)  # type: ignore[arg-type]
    with pytest.raises(churn.MappingError):
        engine.score_one({"tenure_months": 3})
    with pytest.raises(churn.ReadError):
        engine.score([])


def test_too_little_to_learn_from() -> None:
    rows = [{"customer_id": i, "monthly_charges": i, "churned": i == 0} for i in range(20)]
    with pytest.raises(churn.TrainError) as caught:
        churn.train(rows, profile="generic")
    assert caught.value.code == "too_few_rows"
    with pytest.raises(churn.ValidationError) as one_class:
        churn.train([{**r, "churned": False} for r in rows], profile="generic")
    assert one_class.value.code == "single_class"
