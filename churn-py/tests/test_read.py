"""Tables from files, bytes, frames and records, how they are read, and what is said about it."""

import datetime
import decimal
import gzip
import io
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import churn

CSV = "id;fee;since\nA1;1.234,50;05.03.2024\nA2;7,00;31.12.2023\n"


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Customers"
    sheet.append(["Customers of 2024"])
    sheet.merge_cells("A1:C1")
    sheet.append(["id", "fee", "since"])
    sheet.append(["A1", 1234.5, datetime.date(2024, 3, 5)])
    sheet.append(["A2", 7, datetime.date(2023, 12, 31)])
    sheet.append(["Total", 1241.5, None])
    book.create_sheet("Other").append(["x"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def rows(table: churn.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_dicts()]


EXPECTED = [("A1", 1234.5, "2024-03-05"), ("A2", 7.0, "2023-12-31")]


def test_one_table_from_everything(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(CSV)
    packed = tmp_path / "customers.csv.gz"
    packed.write_bytes(gzip.compress(CSV.encode()))
    book = tmp_path / "customers.xlsx"
    book.write_bytes(workbook())
    for source in (path, str(path), packed, book, CSV.encode(), io.StringIO(CSV), io.BytesIO(CSV.encode()), workbook()):
        table = churn.read(source)
        assert rows(table) == EXPECTED
        assert table.types == {"id": "id", "fee": "number", "since": "date"}
        assert table.columns == ["id", "fee", "since"] and len(table) == 2

    class Whole:
        """A source that gives all at once and takes no number of bytes."""

        def read(self) -> bytes:
            return CSV.encode()

    assert churn.read(Whole()).to_dicts() == churn.read(CSV.encode()).to_dicts()
    large = CSV + CSV.split("\n", 1)[1] * 40_000
    for file_object in (io.StringIO(large), io.BytesIO(large.encode())):
        assert len(churn.read(file_object)) == len(churn.read(large.encode()))
    with path.open("rb") as file:
        assert rows(churn.read(file)) == EXPECTED


def test_every_guess_is_said() -> None:
    source = churn.read(CSV.encode()).source
    assert (source["format"], source["delimiter"], source["quote"], source["encoding"]) == ("csv", ";", '"', "UTF-8")
    table = churn.read(workbook())
    assert (table.source["sheet"], table.source["header_line"]) == ("Customers", 2)
    assert (table.source["title_lines"], table.source["dropped_lines"]) == ([1], [5])
    assert [note["code"] for note in table.notes] == ["title_rows", "total_row"]
    fee = table.to_dict()["columns"][1]
    assert (fee["name"], fee["type"], fee["missing"], fee["unreadable"]) == ("fee", "number", 0, 0)


def test_what_is_given_is_not_judged() -> None:
    ambiguous = b'id,fee,since\nA1,"1,234",03/04/2024\nA2,"2,345",05/06/2024\n'
    table = churn.read(ambiguous, decimal=",", date_order="day_first")
    assert rows(table) == [("A1", 1.234, "2024-04-03"), ("A2", 2.345, "2024-06-05")]
    assert rows(churn.read(ambiguous, decimal=".", date_order="month_first"))[0] == ("A1", 1234.0, "2024-03-04")
    assert churn.read(b"a|b\n1|2\n", delimiter=",").columns == ["a|b"]
    assert churn.read(b"x\ny\n", header_line=0).columns == ["column_1"]
    assert churn.read(workbook(), sheet="Other", header_line=0).columns == ["column_1"]
    assert churn.read(workbook(), sheet=2, header_line=0).source["sheet"] == "Other"
    assert len(churn.read(workbook(), keep_totals=True)) == 3
    assert churn.read(b"n\ncaf\xe9\n", encoding="latin1").to_dicts() == [{"n": "café"}]


def test_mistakes_are_errors_with_a_place() -> None:
    with pytest.raises(churn.ChurnError) as raised:
        churn.read(b"a,b\n1,2\n", delimiter=",,")
    assert (raised.value.code, raised.value.context["argument"]) == ("invalid_argument", "delimiter")
    with pytest.raises(churn.ChurnError) as raised:
        churn.read(workbook(), sheet="None such")
    assert raised.value.code == "invalid_argument" and "'Customers'" in str(raised.value)
    with pytest.raises(churn.ReadError) as read:
        churn.read(b"a,b\n1,2\n3,4\n", max_rows=1)
    assert read.value.code == "too_large"
    with pytest.raises(churn.ReadError) as read:
        churn.read(b"a,b\n1," + b"x" * 2_000_000 + b"\n")
    assert read.value.code == "too_large" and (read.value.context["line"], read.value.context["offset"]) == ("2", "6")
    parquet = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(parquet)
    with pytest.raises(churn.ChurnError) as raised:
        churn.read(parquet.getvalue())
    assert raised.value.code == "unsupported" and "data frame" in str(raised.value)


def test_a_table_goes_where_paths_go(engine: churn.Engine, data: Path) -> None:
    path = data / "telecom_customers.csv"
    table = churn.read(path)
    assert churn.map_columns(table).to_dict() == churn.map_columns(path).to_dict()
    assert churn.validate(table).to_dict() == churn.validate(path).to_dict()
    at = "2026-03-01T00:00:00Z"
    assert engine.score(table, scored_at=at).to_dicts() == engine.score(path, scored_at=at).to_dicts()


def test_frames_keep_their_types() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    seen = [datetime.datetime(2024, 3, 5, 1, 30, tzinfo=zone), None]
    frame = pd.DataFrame(
        {
            "plan": pd.Categorical(["Basic", "Pro"]),
            "seats": pd.array([1, None], dtype="Int64"),
            "active": pd.array([True, None], dtype="boolean"),
            "seen": pd.to_datetime(pd.Series(seen)),
            "fee": np.array([1.5, np.nan], dtype=np.float32),
            "mixed": ["x", None],
        }
    )
    expected = [("Basic", 1.0, True, "2024-03-04T23:30:00Z", 1.5, "x"), ("Pro", None, None, None, None, None)]
    assert rows(churn.read(frame)) == expected
    arrow = pa.table(
        {
            "plan": pa.array(["Basic", "Pro"]).dictionary_encode(),
            "view": pa.array(["a", None], pa.string_view()),
            "large": pa.array(["a", "b"], pa.large_string()),
            "small": pa.array([1, None], pa.int8()),
            "big": pa.array([2**63, 1], pa.uint64()),
            "exact": pa.array([decimal.Decimal("19.90"), None], pa.decimal128(9, 2)),
            "day": pa.array([datetime.date(2024, 3, 5), None]),
            "at": pa.array([1709600000, None], pa.timestamp("s", tz="Europe/Berlin")),
            "nothing": pa.nulls(2),
        }
    )
    table = churn.read(arrow)
    assert rows(table)[0] == ("Basic", "a", "a", 1.0, 2.0**63, 19.9, "2024-03-05", "2024-03-05T00:53:20Z", None)
    chunked = pa.concat_tables([arrow.slice(0, 1), arrow.slice(1)])
    assert churn.read(chunked).to_dicts() == table.to_dicts()
    polars = pl.DataFrame(
        {
            "plan": pl.Series(["Basic", "Pro"], dtype=pl.Categorical),
            "at": [datetime.datetime(2024, 3, 5), None],
            "n": [1, 2],
        }
    )
    assert rows(churn.read(polars)) == [("Basic", "2024-03-05T00:00:00Z", 1.0), ("Pro", None, 2.0)]


def test_records_and_frames_out() -> None:
    table = churn.read([{"id": "a", "n": 1, "at": datetime.date(2024, 3, 5)}, {"id": "b", "n": None, "ok": True}])
    assert rows(table) == [("a", 1.0, "2024-03-05", None), ("b", None, None, True)]
    out = churn.read(CSV.encode())
    assert out.to_polars().schema == {"id": pl.String, "fee": pl.Float64, "since": pl.Date}
    frame = out.to_pandas()
    assert list(frame.columns) == out.columns and frame["since"].iloc[0] == pd.Timestamp("2024-03-05")
    assert pa.table(out).num_rows == 2
