//! Predictions and what people and programs read of them: columns, JSON, CSV, text, HTML.

mod arrow;
mod csv;
mod html;
mod json;
mod prediction;
mod quality;
mod read;
mod summary;
mod svg;
mod text;

pub use arrow::{Batch, arrow_ipc};
pub(crate) use csv::RowWriter;
pub use html::{explanation_html, figures_html, predictions_html};
pub use json::{
    mapping_json, prediction_json, prediction_row_json, predictions_json, quality_json, segment_json, summary_json,
};
pub(crate) use prediction::Row;
pub use prediction::{Confidence, Prediction, Predictions, TopFactor};
pub use quality::{dimensions_json, quality_html};
pub use read::{read_json, rows_json, source_json};
pub(crate) use summary::Tally;
pub use summary::{ReasonCount, Summary};
pub use svg::{beeswarm_svg, waterfall_svg};
pub use text::{findings_text, mapping_text, riskiest_text, summary_text};
