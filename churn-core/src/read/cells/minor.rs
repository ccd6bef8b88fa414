//! Money in minor units (cents), recognised by what the source says of itself.

use super::{ParsedColumn, words_of};
use crate::table::ColumnData;

/// Words for hundredths of a currency (en, de, fr, es, pt, it; also pence and the like).
const MINOR: &[&str] = &[
    "cent",
    "cents",
    "pence",
    "penny",
    "pennies",
    "centime",
    "centimes",
    "centavo",
    "centavos",
    "céntimo",
    "céntimos",
    "centimo",
    "centimos",
    "cêntimos",
    "centesimi",
    "groszy",
    "grosze",
    "øre",
    "öre",
    "ore",
    "paise",
    "kopeks",
];

/// Whether a header says that its amounts are in hundredths of the currency: `amount_cents`, `MRR (in cents)`,
/// `price_minor_units`. Amounts that only look like it are left alone: no number says of itself that it is cents.
pub fn is_minor_unit(header: &str) -> bool {
    let words = words_of(header);
    let at = |i: usize| words.get(i).map(String::as_str);
    words.iter().enumerate().any(|(i, word)| {
        // "per cent" and "cent per minute" are other things.
        (MINOR.contains(&word.as_str()) && (i == 0 || at(i - 1) != Some("per")) && at(i + 1) != Some("per"))
            || (word == "minor" && matches!(at(i + 1), Some("unit" | "units" | "currency") | None))
    })
}

/// Whole amounts in hundredths as amounts in the currency. `None` where an amount is not whole: then the header
/// cannot be believed, and the column stays as it is.
pub fn from_minor_units(parsed: &ParsedColumn) -> Option<ParsedColumn> {
    let n = parsed.values.len();
    if (0..n).filter_map(|r| parsed.values.number(r)).any(|v| v.fract() != 0.0) {
        return None;
    }
    let values = ColumnData::numbers((0..n).map(|r| parsed.values.number(r).map(|v| v / 100.0)));
    Some(ParsedColumn { values, format: format!("{}, hundredths of the currency", parsed.format), ..parsed.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::cells::read_as;
    use crate::schema::FieldType;

    #[test]
    fn headers_that_say_cents() {
        for header in
            ["amount_cents", "AmountInCents", "MRR (in cents)", "price_cent", "total_minor_units", "Preis (Cent)"]
        {
            assert!(is_minor_unit(header), "{header}");
        }
        for header in
            ["amount", "percent", "per cent", "discount per_cent", "recent", "accent", "center", "minor_version"]
        {
            assert!(!is_minor_unit(header), "{header}");
        }
    }

    #[test]
    fn whole_amounts_are_divided() {
        let read = |cells: &[&str]| read_as(&ColumnData::text(cells.iter().map(Some)), FieldType::Number);
        let parsed = from_minor_units(&read(&["4900", "12050", ""])).expect("whole amounts");
        assert_eq!((parsed.values.number(0), parsed.values.number(1)), (Some(49.0), Some(120.5)));
        assert!(parsed.values.is_missing(2) && parsed.format.contains("hundredths"));
        assert!(from_minor_units(&read(&["49.00", "120.5"])).is_none());
    }
}
