//! churn
pub mod error;
pub mod map;
pub mod read;
pub mod registry;
pub mod schema;
pub mod table;
pub use error::{Error, ErrorKind, Result, Stage};
