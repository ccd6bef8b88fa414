//! Which kind of table this is, and which industry it is from.

use super::aliases::{Strength, index};
use super::evidence::Seen;
use crate::error::Result;
use crate::schema::{Profile, TableKind};
use std::collections::{HashMap, HashSet};

/// The field that names the row of an event table.
fn row_id(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Customers => "customer_id",
        TableKind::Tickets => "ticket_id",
        TableKind::Payments => "payment_id",
        TableKind::Usage => "session_id",
        TableKind::Interactions => "interaction_id",
        TableKind::Subscriptions => "subscription_id",
    }
}

/// Words that stand in many headers of a table of this kind.
fn own_words(kind: TableKind) -> &'static [&'static str] {
    match kind {
        TableKind::Customers => &[],
        TableKind::Tickets => &["ticket", "case", "requester", "assignee", "conversation"],
        TableKind::Payments => &["payment", "invoice", "transaction", "refund", "processor"],
        TableKind::Usage => {
            &["session", "event", "device", "browser", "page", "os", "url", "referrer", "screen", "app"]
        }
        TableKind::Interactions => &["deal", "opportunity", "meeting", "interaction"],
        TableKind::Subscriptions => &["subscription"],
    }
}

/// The kind of the table: the one whose fields its headers name best. In doubt it is one of customers.
pub(crate) fn table_kind(seen: &[Seen<'_>]) -> TableKind {
    let mut points = [0.0f64; TableKind::ALL.len()];
    let mut named: Vec<HashMap<usize, f64>> = vec![HashMap::new(); TableKind::ALL.len()];
    for column in seen {
        let mut hits: Vec<(usize, usize, f64)> = Vec::new();
        for (k, kind) in TableKind::ALL.into_iter().enumerate() {
            let index = index(kind);
            if index.is_decoy(&column.header) {
                continue;
            }
            let alias = index
                .by_letters(&column.header.squash)
                .or_else(|| if column.header.tokens.is_empty() { None } else { index.by_words(&column.header.key()) });
            let Some(alias) = alias.filter(|a| a.strength >= Strength::Fair) else { continue };
            let name = index.fields[alias.field].name.as_str();
            let sure = alias.strength >= Strength::Strong;
            let weight = match (sure, name == row_id(kind), kind) {
                (true, true, TableKind::Customers) => 0.5,
                // "Ticket id" names the row; "id" does not.
                (true, true, _) if column.header.tokens.len() > 1 => 2.0,
                (true, ..) => 1.0,
                _ => 0.4,
            };
            hits.push((k, alias.field, weight));
        }
        let n = hits.len() as f64;
        for (k, field, weight) in hits {
            let entry = named[k].entry(field).or_insert(0.0);
            *entry = entry.max(weight / n);
        }
    }
    for (k, fields) in named.iter().enumerate() {
        points[k] = fields.values().sum();
    }
    for (k, kind) in TableKind::ALL.into_iter().enumerate() {
        let about = seen.iter().filter(|c| own_words(kind).iter().any(|w| c.header.has(w))).count();
        if about >= 3 {
            points[k] += 0.12 * about.min(12) as f64;
            // A table about tickets that numbers them is one of tickets.
            if named[k].iter().any(|(f, w)| index(kind).fields[*f].name == row_id(kind) && *w >= 0.5) {
                points[k] += 1.5;
            }
        }
    }
    // Where payers repeat, a row is something that happened to one; where none does, a row is one.
    let ids = seen.iter().find(|c| {
        index(TableKind::Customers)
            .by_words(&c.header.key())
            .is_some_and(|a| a.field == 0 && a.strength >= Strength::Strong)
    });
    if let Some(ids) = ids.filter(|c| c.values.n >= 20) {
        if ids.values.distinct < 0.9 {
            points[0] -= 1.5;
        } else if ids.values.distinct >= 0.99 {
            points[0] += 1.5;
        }
    }
    let mut best = 0;
    for k in 1..points.len() {
        // An event table must be clearly one: a customer table has columns of all kinds.
        if points[k] > points[best] + if best == 0 { 0.4 } else { 0.0 } && points[k] >= 1.2 {
            best = k;
        }
    }
    TableKind::ALL[best]
}

/// Words of headers that belong to one industry.
const TELECOM: [&str; 27] = [
    "sms",
    "roaming",
    "voicemail",
    "msisdn",
    "prepaid",
    "postpaid",
    "tariff",
    "tarif",
    "tarifario",
    "handset",
    "gb",
    "dsl",
    "fiber",
    "broadband",
    "arpu",
    "mou",
    "telecom",
    "airtime",
    "isp",
    "dropped",
    "subscriber",
    "internet",
    "svc",
    "minute",
    "call",
    "called",
    "llamada",
];
const SAAS: [&str; 30] = [
    "mrr",
    "arr",
    "acv",
    "seat",
    "license",
    "api",
    "feature",
    "csm",
    "trial",
    "workspace",
    "nps",
    "renew",
    "login",
    "subscription",
    "plan",
    "tenant",
    "integration",
    "onboarding",
    "upsell",
    "invoice",
    "licence",
    "admin",
    "crm",
    "org",
    "organization",
    "deal",
    "ticket",
    "account",
    "dau",
    "mau",
];

/// Fields that only telecom tables have.
const TELECOM_FIELDS: [&str; 13] = [
    "phone_service",
    "multiple_lines",
    "internet_service",
    "online_security",
    "online_backup",
    "device_protection",
    "tech_support",
    "streaming_tv",
    "streaming_movies",
    "international_plan",
    "voicemail_plan",
    "data_usage_gb_30d",
    "usage_minutes_30d",
];

/// Fields that speak for business software.
const SAAS_FIELDS: [&str; 14] = [
    "annual_charges",
    "seats_purchased",
    "seats_used",
    "api_calls_30d",
    "features_used",
    "feature_usage_score",
    "logins_30d",
    "account_owner",
    "company_size",
    "renewal_date",
    "nps_score",
    "auto_renew",
    "open_tickets",
    "industry",
];

/// The industry profile: telecom or saas where the table says so, else generic.
///
/// # Errors
/// None in practice; a shipped profile that does not parse would be a bug.
pub(crate) fn profile(seen: &[Seen<'_>], mapped: &HashSet<&str>) -> Result<Profile> {
    let words = |list: &[&str]| {
        let all: HashSet<&str> =
            seen.iter().flat_map(|c| &c.header.tokens).map(String::as_str).filter(|t| list.contains(t)).collect();
        all.len()
    };
    let fields = |list: &[&str]| list.iter().filter(|f| mapped.contains(**f)).count();
    let telecom = words(&TELECOM) + 2 * fields(&TELECOM_FIELDS);
    let saas = words(&SAAS) + fields(&SAAS_FIELDS);
    let name = if telecom >= 3 && telecom > saas {
        "telecom"
    } else if saas >= 2 {
        "saas"
    } else {
        "generic"
    };
    Profile::shipped(name)
}
