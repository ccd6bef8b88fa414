//! The event features: one list behind the code that makes them, the names the mapper knows, and the documentation.

use super::TableKind;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

/// One feature that is made from tables of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFeature {
    /// Name, snake_case, starting with the table's.
    pub name: String,
    /// The table it is counted in.
    pub table: TableKind,
    /// All tables it needs.
    pub sources: Vec<TableKind>,
    /// The name people read.
    pub readable: String,
    /// Unit of a number.
    pub unit: Option<String>,
    /// Whether it is a category; else a number.
    pub category: bool,
    /// The formula in words. `change(a, b)` is `(a - b) / max(a, b)`: between -1 and 1, and 0 where both are 0.
    pub formula: String,
    /// The window, which ends before `as_of`.
    pub window: String,
    /// Columns without which it is left out; `a|b` means one of them.
    pub needs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    table: TableKind,
    sources: Option<Vec<TableKind>>,
    readable: String,
    unit: Option<String>,
    #[serde(default)]
    category: bool,
    formula: String,
    window: Option<String>,
    windows: Option<Vec<u32>>,
    #[serde(default)]
    needs: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    feature: Vec<Entry>,
}

struct Catalog {
    list: Vec<EventFeature>,
    by_name: HashMap<String, usize>,
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    // The file is part of the build and a test reads it; it cannot fail at run time.
    #[allow(clippy::expect_used)]
    let file: File =
        toml::from_str(include_str!("../../schema/event_features.toml")).expect("schema/event_features.toml is valid");
    let list: Vec<EventFeature> = file.feature.into_iter().flat_map(expand).collect();
    let by_name = list.iter().enumerate().map(|(i, f)| (f.name.clone(), i)).collect();
    Catalog { list, by_name }
});

fn expand(entry: Entry) -> Vec<EventFeature> {
    let make = |w: Option<u32>| {
        let put = |text: &str| w.map_or_else(|| text.to_owned(), |w| text.replace("{w}", &w.to_string()));
        EventFeature {
            name: put(&entry.name),
            table: entry.table,
            sources: entry.sources.clone().unwrap_or_else(|| vec![entry.table]),
            readable: put(&entry.readable),
            unit: entry.unit.clone(),
            category: entry.category,
            formula: entry.formula.clone(),
            window: w.map_or_else(|| entry.window.clone().unwrap_or_default(), |w| format!("{w} days")),
            needs: entry.needs.clone(),
        }
    };
    match &entry.windows {
        Some(windows) => windows.iter().map(|&w| make(Some(w))).collect(),
        None => vec![make(None)],
    }
}

/// All event features, table by table, in the documented order.
pub fn event_features() -> &'static [EventFeature] {
    &CATALOG.list
}

/// The event feature of this name.
pub fn event_feature(name: &str) -> Option<&'static EventFeature> {
    CATALOG.by_name.get(name).map(|&i| &CATALOG.list[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_start_with_their_table() {
        let list = event_features();
        assert!(list.len() > 100);
        assert_eq!(CATALOG.by_name.len(), list.len());
        for feature in list {
            assert!(feature.name.starts_with(feature.table.name()), "{}", feature.name);
            assert!(!feature.window.is_empty() && !feature.name.contains('{'), "{}", feature.name);
            assert!(feature.sources.contains(&feature.table), "{}", feature.name);
            assert_eq!(feature.category, feature.unit.is_none(), "{}", feature.name);
            assert!(super::super::field(&feature.name).is_none(), "{} is a canonical field", feature.name);
        }
    }
}
