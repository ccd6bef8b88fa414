//! Properties of the mapper that hold for every table.

use churn_core::map::{ColumnInput, MapOptions, Mapping, map_columns};
use churn_core::schema::{FieldType, TableKind, fields};
use proptest::prelude::*;

/// Headers of many kinds: names of fields, real spellings, decoys, foreign words, noise.
const HEADERS: [&str; 40] = [
    "customer_id",
    "Cust. No.",
    "MRR (USD)",
    "ARR",
    "Plan",
    "Contract Type",
    "Signup Date",
    "Tenure in Months",
    "Churn Reason",
    "monthly_active_users",
    "trial_end",
    "Support Tickets",
    "Open Tickets",
    "Total Tickets",
    "Email",
    "Phone",
    "first_name",
    "Kundennummer",
    "Vertragsbeginn",
    "Fecha de alta",
    "Plano",
    "Formule",
    "Piano tariffario",
    "Région",
    "status",
    "Churned? (Y/N)",
    "NPS",
    "seats_used",
    "Seats Purchased",
    "Last Login",
    "Logins (30d)",
    "plan_id",
    "plan_name",
    "zendesk_org_id",
    "Health Score",
    "Notes",
    "updated_at",
    "Montly Charges",
    "Total Charges",
    "x17",
];

fn table() -> impl Strategy<Value = Vec<ColumnInput>> {
    let cells = prop::collection::vec(
        prop_oneof![
            Just("Yes".to_owned()),
            Just("No".to_owned()),
            Just("2024-01-31".to_owned()),
            Just("Pro".to_owned()),
            Just("a@b.io".to_owned()),
            (0u32..5000).prop_map(|n| n.to_string()),
            "[A-Za-z0-9 ]{1,8}"
        ],
        0..6,
    );
    prop::sample::subsequence(HEADERS.to_vec(), 1..20).prop_flat_map(move |names| {
        let n = names.len();
        (Just(names), prop::collection::vec(cells.clone(), n)).prop_map(|(names, cells)| {
            names.into_iter().zip(cells).map(|(name, samples)| ColumnInput { name: name.to_owned(), samples }).collect()
        })
    })
}

fn map(columns: &[ColumnInput]) -> Mapping {
    let options = MapOptions { table_kind: Some(TableKind::Customers), ..MapOptions::default() };
    map_columns(columns, &options).expect("maps")
}

/// A cell that a field of this type may have.
fn cell(name: &str, field_type: FieldType) -> &'static str {
    match (name, field_type) {
        ("email", _) => "jo@example.org",
        ("phone", _) => "+49 30 1234567",
        (_, FieldType::Number) => "12",
        (_, FieldType::Date | FieldType::Timestamp) => "2024-01-31",
        (_, FieldType::Boolean) => "Yes",
        (_, FieldType::Id) => "C-1001",
        _ => "other",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn map_the_order_of_columns_does_not_matter(columns in table(), seed in any::<u64>()) {
        let mut shuffled = columns.clone();
        let n = shuffled.len();
        for i in (1..n).rev() {
            shuffled.swap(i, (seed as usize).wrapping_mul(i * 31 + 7) % (i + 1));
        }
        let (a, b) = (map(&columns), map(&shuffled));
        for column in &a.columns {
            prop_assert_eq!(Some(column), b.column(&column.source));
        }
        prop_assert_eq!(a.header_fingerprint, b.header_fingerprint);
        prop_assert_eq!(a.profile, b.profile);
    }

    #[test]
    fn map_an_unrelated_column_changes_nothing_else(columns in table(), name in "zq[vwx]{4,8}", at in 0usize..20) {
        let mut more = columns.clone();
        more.insert(at.min(columns.len()), ColumnInput { name: name.clone(), samples: vec!["qqq".to_owned()] });
        let (a, b) = (map(&columns), map(&more));
        for column in &a.columns {
            prop_assert_eq!(Some(column), b.column(&column.source));
        }
        prop_assert_eq!(b.column(&name).and_then(|c| c.field.clone()), None);
        prop_assert!(!a.applies_to(&more));
    }

    #[test]
    fn map_the_canonical_name_is_certain(columns in table(), pick in any::<prop::sample::Index>(), k in 0usize..6, f in any::<prop::sample::Index>()) {
        let kind = TableKind::ALL[k];
        let spec = &fields(kind)[f.index(fields(kind).len())];
        let mut renamed = columns.clone();
        let at = pick.index(renamed.len());
        renamed.retain(|c| c.name != spec.name);
        renamed.insert(at.min(renamed.len()), ColumnInput {
            name: spec.name.clone(),
            samples: vec![cell(&spec.name, spec.field_type).to_owned()],
        });
        let options = MapOptions { table_kind: Some(kind), ..MapOptions::default() };
        let mapping = map_columns(&renamed, &options).expect("maps");
        let column = mapping.column(&spec.name).expect("column");
        prop_assert_eq!(column.field.as_deref(), Some(spec.name.as_str()));
        prop_assert_eq!(column.confidence, 100.0);
    }

    #[test]
    fn map_no_field_twice_and_no_cell_in_words(columns in table()) {
        let mut marked = columns;
        for (i, column) in marked.iter_mut().enumerate() {
            column.samples = vec![format!("SECRET{i}@leak.example"), format!("SECRET{i}")];
        }
        let mapping = map(&marked);
        let mut fields: Vec<_> = mapping.columns.iter().filter_map(|c| c.field.clone()).collect();
        let n = fields.len();
        fields.sort();
        fields.dedup();
        prop_assert_eq!(fields.len(), n);
        prop_assert!(!mapping.to_json().expect("json").contains("SECRET"));
        prop_assert!(!mapping.to_html().contains("SECRET"));
    }

    #[test]
    fn map_any_header_is_survived(names in prop::collection::vec(any::<String>(), 0..12)) {
        let columns: Vec<_> = names
            .iter()
            .map(|name| ColumnInput { name: name.clone(), samples: vec![name.clone()] })
            .collect();
        let mapping = map_columns(&columns, &MapOptions::default()).expect("maps");
        prop_assert_eq!(mapping.columns.len(), columns.len());
        let back = Mapping::from_json(&mapping.to_json().expect("json")).expect("round trip");
        prop_assert_eq!(&back, &mapping);
        prop_assert!(mapping.applies_to(&columns));
    }
}
