//! churn
pub mod error;
pub mod explain;
pub mod features;
pub mod map;
pub mod metrics;
pub mod model;
pub mod read;
pub mod registry;
pub mod schema;
pub mod score;
pub mod table;
#[cfg(feature = "train")]
pub mod train;
pub use error::{Error, ErrorKind, Result, Stage};
