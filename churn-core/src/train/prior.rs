//! Learning that starts from an expert's scorecard.
//!
//! The scorecard's margin, times a weight, plus an intercept, is the offset that every learner starts from: what it
//! learns is what the rows say beyond the scorecard, and its regularisation draws the model to the scorecard instead
//! of to nothing. The weight is estimated: 1 where the scorecard is as strong as the rows show, 0 where they show
//! nothing of it. It starts from 1 (a Gaussian prior with standard deviation 1/2), so few rows leave it there and
//! many rows decide. Where the rows say nothing beyond it, or are too few to learn from, the weighted scorecard alone
//! is the model.

use super::newton::{Coefficients, Design};
use super::order::Ordered;
use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureKind, FeatureMatrix, FeaturePlan, truth_of};
use crate::model::{AdditiveModel, Component, Model, Part, Shape, Space, Term};
use crate::schema::{Profile, canonical_level, level_key};

/// Precision of the prior of the scorecard's weight around 1.
const PRECISION: f64 = 4.0;
/// The scorecards there are: name, text.
const SCORECARDS: [(&str, &str); 2] = [
    ("saas", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", env!("CHURN_MODELS"), "/saas/scorecard.toml"))),
    (
        "telecom",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", env!("CHURN_MODELS"), "/telecom/scorecard.toml")),
    ),
];

/// An expert's scorecard to start from.
#[derive(Debug, Clone)]
pub struct Prior {
    name: String,
    model: Model,
}

impl Prior {
    /// The scorecard of a shipped profile: `saas` or `telecom`.
    ///
    /// # Errors
    /// `invalid_argument` for another name.
    pub fn shipped(name: &str) -> Result<Prior> {
        let Some((_, text)) = SCORECARDS.iter().find(|(n, _)| *n == name) else {
            let all: Vec<_> = SCORECARDS.iter().map(|(n, _)| *n).collect();
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("there is no scorecard '{name}' to start from"),
            )
            .with("argument", "prior")
            .hint(format!("use one of: {}", all.join(", "))));
        };
        Ok(Prior { name: name.to_owned(), model: Model::from_scorecard(text, Profile::shipped(name)?)? })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The scorecard's terms on the features of a plan.
    fn terms(&self, plan: &FeaturePlan) -> Vec<Term> {
        let mut out = Vec::new();
        for component in &self.model.additive.components {
            let Part::Terms(terms) = &component.part else { continue };
            for term in terms {
                let spec = &self.model.plan.features()[term.feature];
                let at = plan.features().iter().position(|f| f.name == spec.name);
                let fitted =
                    at.and_then(|at| Some((at, on(&spec.kind, &term.shape, &plan.features()[at].kind, &spec.name)?)));
                if let Some((feature, shape)) = fitted {
                    out.push(Term { feature, shape, mean: 0.0 });
                }
            }
        }
        out
    }
}

/// A scorecard's function on a feature as the plan has it.
fn on(own: &FeatureKind, shape: &Shape, kind: &FeatureKind, field: &str) -> Option<Shape> {
    match (own, shape, kind) {
        (FeatureKind::Number | FeatureKind::Boolean, _, FeatureKind::Number | FeatureKind::Boolean) => {
            Some(shape.clone())
        }
        (FeatureKind::Boolean, Shape::Piecewise { missing, .. }, FeatureKind::Category { levels }) => {
            let value = |l: &String| truth_of(l).map_or(*missing, |t| shape.value(f64::from(u8::from(t))));
            Some(Shape::Levels { values: levels.iter().map(value).collect(), other: *missing, missing: *missing })
        }
        (
            FeatureKind::Category { levels: known },
            Shape::Levels { other, missing, .. },
            FeatureKind::Category { levels },
        ) => {
            let value = |l: &String| {
                let key = level_key(canonical_level(field, l).unwrap_or(l));
                known.iter().position(|k| level_key(k) == key).map_or(*other, |code| shape.value(code as f64))
            };
            let values = levels.iter().map(value).collect();
            Some(Shape::Levels { values, other: *other, missing: *missing })
        }
        _ => None,
    }
}

/// What a model says of the scorecard that it started from.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorWeight {
    /// The scorecard.
    pub name: String,
    /// Factor of the scorecard's log-odds in the model, 0 or more.
    pub weight: f64,
    /// The features that it speaks of, of those that the table has.
    pub fields: Vec<String>,
}

/// The scorecard fitted to the rows.
pub(super) struct Start {
    terms: Vec<Term>,
    intercept: f64,
    pub(super) told: PriorWeight,
    /// Margin by row.
    pub(super) margins: Vec<f64>,
}

impl Start {
    /// # Errors
    /// `feature_missing` where the scorecard speaks of none of the features.
    pub(super) fn new(prior: &Prior, plan: &FeaturePlan, rows: &Ordered) -> Result<Start> {
        let mut terms = prior.terms(plan);
        if terms.is_empty() {
            return Err(Error::new(
                ErrorKind::FeatureMissing,
                format!("the scorecard '{}' speaks of none of the table's columns", prior.name),
            )
            .with("argument", "prior")
            .hint("map the columns to canonical fields with overrides, or train without a prior"));
        }
        let n = rows.labels.len();
        let weight = |r: usize| rows.weights.as_ref().map_or(1.0, |w| w[r]);
        let total: f64 = (0..n).map(weight).sum();
        for term in &mut terms {
            let value = |r: usize| weight(r) * term.shape.value(rows.matrix.row(r)[term.feature]);
            term.mean = (0..n).map(value).sum::<f64>() / total;
        }
        let scores = scores(&terms, &rows.matrix);
        let fit = |slope: bool| {
            let columns = if slope { vec![scores.clone()] } else { Vec::new() };
            let start = Coefficients { columns: vec![0.0; columns.len()], intercept: 0.0 };
            let nothing = vec![0.0; n];
            let offset = if slope { &scores } else { &nothing };
            let design =
                Design { columns, labels: rows.labels.clone(), weights: rows.weights.clone(), offset: Some(offset) };
            design.solve(PRECISION, start)
        };
        let found = fit(true);
        let mut weight = 1.0 + found.columns[0];
        let mut intercept = found.intercept;
        if weight <= 0.0 || !weight.is_finite() {
            (weight, intercept) = (0.0, fit(false).intercept);
        }
        let fields = terms.iter().map(|t| plan.features()[t.feature].name.clone()).collect();
        let margins = scores.iter().map(|s| intercept + weight * s).collect();
        Ok(Start { terms, intercept, told: PriorWeight { name: prior.name.clone(), weight, fields }, margins })
    }

    /// The weighted scorecard as a model.
    pub(super) fn model(&self) -> AdditiveModel {
        let part = Part::Terms(self.terms.clone());
        let component = Component { name: "scorecard".to_owned(), weight: self.told.weight, part };
        let means: f64 = self.terms.iter().map(|t| t.mean).sum();
        let components = if self.told.weight > 0.0 { vec![component] } else { Vec::new() };
        AdditiveModel { space: Space::LogOdds, intercept: self.intercept - self.told.weight * means, components }
    }

    /// It in words.
    pub(super) fn describe(&self) -> String {
        format!("{:.2} x scorecard '{}'", self.told.weight, self.told.name)
    }
}

fn scores(terms: &[Term], matrix: &FeatureMatrix) -> Vec<f64> {
    (0..matrix.n_rows())
        .map(|r| {
            let row = matrix.row(r);
            terms.iter().map(|t| t.shape.value(row[t.feature]) - t.mean).sum()
        })
        .collect()
}
