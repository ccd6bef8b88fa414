//! Whether the cells of a column can be those of a field.

use super::values::{ValueProfile, Vocabulary};
use crate::schema::{FieldSpec, FieldType, TableKind};

/// What the cells say about one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fit {
    /// They cannot be this field's.
    No(&'static str),
    /// They would be unusual.
    Odd(&'static str),
    /// They say nothing.
    Open,
    /// They are what the field's cells look like.
    Yes(&'static str),
}

/// Fields of telecom services, whose cells are yes, no or "no service".
const SERVICES: [&str; 9] = [
    "multiple_lines",
    "online_security",
    "online_backup",
    "device_protection",
    "tech_support",
    "streaming_tv",
    "streaming_movies",
    "phone_service",
    "voicemail_plan",
];

/// Most of the cells; below it a few odd cells decide nothing.
const MOST: f64 = 0.8;

/// What the cells say about the field.
pub(crate) fn fit(kind: TableKind, spec: &FieldSpec, v: &ValueProfile) -> Fit {
    if !v.seen() {
        return Fit::Open;
    }
    match spec.field_type {
        FieldType::Id => id(v),
        FieldType::Date | FieldType::Timestamp => when(v),
        FieldType::Number => amount(spec, v),
        FieldType::Boolean => truth(spec, v),
        FieldType::Text => text(spec, v),
        FieldType::Category => category(kind, spec, v),
    }
}

fn id(v: &ValueProfile) -> Fit {
    if v.date >= MOST || v.clock >= MOST {
        return Fit::No("the cells are dates");
    }
    if v.n >= 2 && v.boolean() >= MOST && v.n_distinct <= 2 {
        return Fit::No("the cells are two-valued");
    }
    if v.number >= MOST && v.integer < MOST {
        return Fit::No("the cells are fractions");
    }
    if v.n >= 30 && v.n_distinct <= 5 {
        return Fit::Odd("very few distinct cells");
    }
    if v.identifier >= MOST { Fit::Yes("the cells look like identifiers") } else { Fit::Open }
}

fn when(v: &ValueProfile) -> Fit {
    if v.date >= MOST {
        return Fit::Yes("the cells are dates");
    }
    if v.unix >= MOST {
        return Fit::Yes("the cells are Unix times");
    }
    // Spreadsheets hand over days since 1900; 30000 to 60000 are the years 1982 to 2064.
    if v.integer >= MOST && v.min >= 30_000.0 && v.max <= 60_000.0 {
        return Fit::Open;
    }
    // 20240131 is a date without separators.
    if v.integer >= MOST && v.min >= 19_000_101.0 && v.max <= 21_001_231.0 {
        return Fit::Open;
    }
    if v.date < 0.2 && v.unix < 0.2 { Fit::No("the cells are not dates") } else { Fit::Odd("few cells are dates") }
}

fn amount(spec: &FieldSpec, v: &ValueProfile) -> Fit {
    let count = spec.unit.as_deref().is_some_and(|u| ["complaints", "payments", "tickets"].contains(&u));
    if v.number < 0.5 {
        // A flag whether there were any is a count of sorts; a verbal rating is a score of sorts.
        if count && v.boolean() >= MOST {
            return Fit::Odd("the cells are yes and no, not counts");
        }
        if spec.name == "csat_score" && v.share(Vocabulary::Rating) >= 0.5 {
            return Fit::Yes("the cells are ratings in words");
        }
        return Fit::No("the cells are not numbers");
    }
    if v.unix >= MOST && !spec.is_money() {
        return Fit::No("the cells are instants");
    }
    if spec.max.is_some_and(|max| v.median > max) || spec.min.is_some_and(|min| v.median < min) {
        return Fit::No("the cells lie outside the field's range");
    }
    let whole = matches!(
        spec.unit.as_deref(),
        Some("tickets" | "seats" | "payments" | "changes" | "orders" | "complaints" | "logins" | "employees")
    );
    if whole && v.integer < 0.5 && spec.name != "support_tickets" {
        return Fit::Odd("the cells are fractions, not counts");
    }
    if spec.name == "credit_score" && v.median < 100.0 {
        return Fit::Odd("the numbers are small for a credit score");
    }
    if spec.name == "tenure_months" && v.median > 240.0 {
        return Fit::No("the numbers are too large for months");
    }
    if v.number >= MOST {
        Fit::Yes("the cells are numbers of a fitting size")
    } else {
        Fit::Odd("few cells are numbers")
    }
}

fn truth(spec: &FieldSpec, v: &ValueProfile) -> Fit {
    if v.date >= 0.5 {
        return Fit::No("the cells are dates");
    }
    if spec.name == "churned" && v.share(Vocabulary::Left) >= MOST {
        return Fit::Yes("the cells say stayed or left");
    }
    if v.share(Vocabulary::YesNo) >= MOST && v.bit < MOST {
        return Fit::Yes("the cells are yes and no");
    }
    if v.bit >= MOST {
        return Fit::Yes("the cells are 0 and 1");
    }
    // How many dependents there are tells whether there are any.
    if spec.name == "dependents" && v.integer >= MOST && v.max <= 20.0 {
        return Fit::Open;
    }
    if v.n_distinct > 2 || v.number >= MOST {
        return Fit::No("the cells have more than two values");
    }
    Fit::Odd("the cells are neither yes and no nor 0 and 1")
}

fn text(spec: &FieldSpec, v: &ValueProfile) -> Fit {
    if spec.name == "email" {
        return if v.email >= 0.5 {
            Fit::Yes("the cells are e-mail addresses")
        } else {
            Fit::No("the cells are no e-mail addresses")
        };
    }
    if v.date >= MOST {
        return Fit::No("the cells are dates");
    }
    if v.n >= 2 && v.boolean() >= MOST {
        return Fit::No("the cells are two-valued");
    }
    match spec.name.as_str() {
        "phone" if v.phone >= 0.5 => Fit::Yes("the cells are telephone numbers"),
        "phone" if v.boolean() >= MOST || v.length < 5.0 || v.email >= 0.5 => {
            Fit::No("the cells are no telephone numbers")
        }
        "customer_name" if v.number >= MOST || v.email >= 0.5 => Fit::No("the cells are no names"),
        _ => Fit::Open,
    }
}

fn category(kind: TableKind, spec: &FieldSpec, v: &ValueProfile) -> Fit {
    if v.date >= MOST || v.clock >= MOST || v.unix >= MOST {
        return Fit::No("the cells are dates");
    }
    let name = spec.name.as_str();
    let numbers = v.number >= MOST;
    if numbers && v.integer < 0.5 {
        return Fit::No("the cells are fractions");
    }
    let known = |list: Vocabulary, reason| if v.share(list) >= 0.5 { Fit::Yes(reason) } else { Fit::Open };
    let two = v.boolean() >= MOST && v.bit < MOST;
    match name {
        "contract" if numbers && v.max <= 120.0 => Fit::Yes("the cells are terms in months"),
        "contract" if two => Fit::Odd("the cells are yes and no"),
        "contract" => known(Vocabulary::Contract, "the cells are contract terms"),
        "billing_interval" if numbers => Fit::No("the cells are numbers, not intervals"),
        "billing_interval" => known(Vocabulary::Interval, "the cells are billing intervals"),
        "currency" if v.share(Vocabulary::Currency) >= 0.5 => Fit::Yes("the cells are currency codes"),
        "currency" if numbers || v.length > 12.0 => Fit::No("the cells are no currency codes"),
        "status" if kind != TableKind::Usage => known(Vocabulary::Status, "the cells are states"),
        "gender" if numbers && v.n_distinct > 3 => Fit::No("the cells have too many values"),
        "gender" => known(Vocabulary::Gender, "the cells are genders"),
        "plan" if v.share(Vocabulary::Contract) >= MOST && v.share(Vocabulary::Plan) < 0.2 => {
            Fit::No("the cells are contract terms")
        }
        "plan" if v.n_distinct == 2 && v.bit >= MOST => Fit::Odd("the cells are 0 and 1"),
        "plan" if two && v.n_distinct <= 2 => Fit::Odd("the cells are yes and no"),
        "plan" => known(Vocabulary::Plan, "the cells are names of plans"),
        "payment_method" => known(Vocabulary::Payment, "the cells are ways of paying"),
        "internet_service" if v.share(Vocabulary::YesNo) >= MOST => Fit::Odd("the cells are only yes and no"),
        "internet_service" => known(Vocabulary::Internet, "the cells are kinds of internet access"),
        "priority" => known(Vocabulary::Priority, "the cells are priorities"),
        "direction" => known(Vocabulary::Direction, "the cells are directions"),
        "sentiment" => known(Vocabulary::Sentiment, "the cells are moods"),
        "region" if v.share(Vocabulary::Status) >= MOST => Fit::No("the cells are states of an account"),
        "country" | "region" | "city" | "industry" | "acquisition_channel" if v.n >= 2 && v.boolean() >= MOST => {
            Fit::No("the cells are two-valued")
        }
        _ if SERVICES.contains(&name) && v.boolean() >= MOST => Fit::Yes("the cells are yes and no"),
        _ if SERVICES.contains(&name) && numbers && v.max > 1.0 => Fit::No("the cells are numbers"),
        _ => Fit::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::field;

    fn of(name: &str, cells: &[&str]) -> Fit {
        let v = ValueProfile::new(&cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>());
        fit(TableKind::Customers, field(name).expect(name), &v)
    }

    #[test]
    fn cells_that_cannot_be_are_refused() {
        assert!(matches!(of("phone", &["0", "1"]), Fit::No(_)));
        assert!(matches!(of("signup_date", &["16:08:02"]), Fit::No(_)));
        assert!(matches!(of("monthly_charges", &["Basic"]), Fit::No(_)));
        assert!(matches!(of("active_days_30d", &["200"]), Fit::No(_)));
        assert!(matches!(of("billing_interval", &["1", "3"]), Fit::No(_)));
        assert!(matches!(of("email", &["Jo"]), Fit::No(_)));
    }

    #[test]
    fn cells_that_fit_are_welcome() {
        assert!(matches!(of("signup_date", &["1612890938"]), Fit::Yes(_)));
        assert!(matches!(of("contract", &["Month-to-month", "One year"]), Fit::Yes(_)));
        assert!(matches!(of("currency", &["USD"]), Fit::Yes(_)));
        assert!(matches!(of("churned", &["Existing Customer", "Attrited Customer"]), Fit::Yes(_)));
        assert_eq!(of("plan", &[]), Fit::Open);
    }
}
