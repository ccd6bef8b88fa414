//! Typed table to feature matrix, by a plan that is fitted once and stored in the model.
//!
//! [`derive`] adds the columns that follow from others as of a day (tenure from the signup date, days since the
//! last activity, seat utilisation). A [`FeaturePlan`] then says which columns become features, how categories
//! become codes, and what an unseen or missing value is, so that training and scoring cannot differ.

mod derive;
mod plan;

pub use derive::{DERIVED, Derivation, derive};
pub use plan::{FeatureKind, FeatureMatrix, FeaturePlan, FeatureSpec};
pub(crate) use plan::{SEPARATORS, spec, truth_of};
