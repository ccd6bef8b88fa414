//! Column objects: `{ customer_id: ['A1', 'A2'], tenure_months: Float64Array.of(2, 60) }`.

use crate::input::Reader;
use crate::js::cast;
use churn_core::Result;
use churn_core::table::{ColumnData, RawTable};
use napi::bindgen_prelude::{JsValue, Unknown};

/// The table of an object whose every value is a list; `None` where it is something else.
pub fn table(reader: &Reader<'_>, value: Unknown<'_>) -> Result<Option<RawTable>> {
    let Some(object) = reader.object(value)? else { return Ok(None) };
    let mut columns = Vec::new();
    for name in reader.names(&object)? {
        let Some(values) = reader.property(&object, &name)? else { return Ok(None) };
        let Some(data) = column(reader, values)? else { return Ok(None) };
        columns.push((name, data));
    }
    RawTable::from_columns(columns).map(Some)
}

fn column(reader: &Reader<'_>, values: Unknown<'_>) -> Result<Option<ColumnData>> {
    if let Some(data) = typed(values) {
        return Ok(Some(data));
    }
    Ok(reader.values(values)?.map(|values| ColumnData::of_values(&values)))
}

/// A typed array: whole numbers stay such, because ids are told by their type.
fn typed(values: Unknown<'_>) -> Option<ColumnData> {
    fn whole<T: Copy + Into<i64>>(values: &[T]) -> ColumnData {
        ColumnData::Integer(values.iter().map(|&x| Some(x.into())).collect())
    }
    if !values.is_typedarray().ok()? {
        return None;
    }
    let attempts: [fn(Unknown<'_>) -> Option<ColumnData>; 10] = [
        |v| cast::<&[f64]>(v).ok().map(|x| ColumnData::numbers(x.iter().map(|&x| Some(x)))),
        |v| cast::<&[f32]>(v).ok().map(|x| ColumnData::numbers(x.iter().map(|&x| Some(f64::from(x))))),
        |v| cast::<&[i32]>(v).ok().map(whole),
        |v| cast::<&[u32]>(v).ok().map(whole),
        |v| cast::<&[i64]>(v).ok().map(whole),
        |v| cast::<&[i16]>(v).ok().map(whole),
        |v| cast::<&[u16]>(v).ok().map(whole),
        |v| cast::<&[i8]>(v).ok().map(whole),
        |v| cast::<&[u8]>(v).ok().map(whole),
        // Beyond 63 bits they are ids: text.
        |v| cast::<&[u64]>(v).ok().map(|x| ColumnData::text(x.iter().map(|x| Some(x.to_string())))),
    ];
    attempts.iter().find_map(|attempt| attempt(values))
}
