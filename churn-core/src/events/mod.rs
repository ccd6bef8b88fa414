//! Tables of events to features as of a day, and to labelled snapshots to train on.
//!
//! A CRM has customers, tickets, payments, uses, interactions and subscriptions. This stage turns them into columns as
//! they would have been known on a day: windows are half-open, `[as_of - w, as_of)`, and what was not recorded before
//! `as_of` has not happened. The features stand in [`crate::schema::event_features`] and `docs/features.md`; further ones
//! can be declared ([`CustomFeature`]). [`ChurnDefinition`] says what churned means, [`training_set`] takes snapshots and
//! labels them by it, and [`check_point_in_time`] proves that no feature knows the future.
//!
//! Each table is read into columns and sorted once by customer and time; features are then counted for ranges of
//! customers in parallel, in memory that is linear in customers and events. The same bytes come out for any number of
//! threads and any order of rows.

mod build;
mod custom;
mod definition;
mod interactions;
mod labels;
mod leaks;
mod load;
mod notes;
mod payments;
mod settings;
mod stats;
mod store;
mod subscriptions;
mod tickets;
mod time;
mod training;
mod usage;
mod words;

pub use build::{FeatureTable, features};
pub use custom::{Aggregate, Comparison, Condition, CustomFeature, Literal, Reduce};
pub use definition::{Booking, ChurnDefinition, ChurnKind, PRESETS, Pauses, SameMonth};
pub use labels::movements;
pub use leaks::{PointInTime, check_point_in_time, known_at};
pub use load::EventSource;
pub use settings::EventSettings;
pub use time::{AsOf, Every};
pub use training::{Snapshots, training_set};
