//! C binding: pointers and text only; every decision is churn-core's.
//!
//! The header `include/churn.h` is written from this source by `tests/header.rs`; the rules of the interface
//! (who frees what, which calls may run at once) stand in `README.md`.

pub mod desk;
pub mod engine;
pub mod error;
pub mod model;
mod options;
pub mod read;
pub mod strings;
pub mod table;
