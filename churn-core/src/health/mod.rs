//! Customer health: a point score from 0 to 100, 100 = healthy, of dimensions and measures that are data.
//!
//! Three rules hold whatever the configuration says:
//!
//! * **Missing is not zero.** A measure without data is left out and its weight goes to the others; the share of the
//!   weight that is known is the coverage, and below a stated coverage the answer is `unknown`.
//! * **No double counting.** Measures that say the same thing share one budget of weight: a second one of them changes
//!   how well the budget is known, not how much it counts.
//! * **Every point has an origin.** The effective weights of the known measures sum to 100; each measure wins part of
//!   its weight and loses the rest, and the score is the sum of what was won.
//!
//! [`score`] judges a table, [`trend`] and [`change`] a history of scores, [`backtest`] a configuration against who
//! really left, [`EarlyWarning`] finds customers whose score begins to fall.

mod backtest;
mod config;
mod output;
mod scoring;
mod trend;
mod warning;

pub use backtest::{Backtest, BandOutcome, DimensionOutcome, backtest};
pub use config::{Better, Condition, Dimension, HealthBand, HealthBands, HealthConfig, Measure, MeasureBand, Variant};
pub use output::{health_html, health_json, health_row_json, health_text};
pub use scoring::{DimensionScore, HealthScore, HealthScores, HealthSummary, MeasureRef, Point, Reading, score};
pub use trend::{Change, ChangePart, ChangePoint, Trend, change, percent_change, trend};
pub use warning::{EarlyWarning, Warning, WarningOptions};
