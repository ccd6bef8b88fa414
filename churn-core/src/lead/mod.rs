//! Lead scores: point scorecards as data, 0 to 100, each point with its item; and who gets the lead.
//!
//! Of the options of an item the best that holds counts, so their order does not matter. An item of which nothing is
//! known wins what its scorecard says (nothing, unless it says otherwise), is named as unknown, and the answer tells how
//! high the score could still be.

mod config;
mod output;
mod routing;
mod scoring;

pub use config::{LeadConfig, LeadItem, LeadOption, LeadSection, Temperatures};
pub use output::{leads_html, leads_json, leads_row_json, leads_text};
pub use routing::{Assignment, Rep, route};
pub use scoring::{Bant, ItemPoints, LeadScore, LeadScores, Temperature, score};
