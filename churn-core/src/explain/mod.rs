//! Exact SHAP values, and the reasons told from them.

mod quadrature;
mod reasons;
mod tree_shap;

pub use reasons::{Factor, FactorValue, Reasoner, describe_value};

use crate::error::{Error, Result};
use crate::features::FeatureMatrix;
use crate::model::{Model, Part, TreeEnsemble, weighted};
use crate::score::{BLOCK, Columns, Scorer};
use ndarray::Array2;
use pulp::Arch;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::OnceLock;
use tree_shap::{Quadrature, Table, Tests, TreeExplainer, Workspace};

/// Largest difference between the sum of SHAP values and the margin that leaves the engine, relative to the
/// larger of 1 and the margin.
pub const ADDITIVITY: f64 = 1e-9;

/// SHAP values of a table, in the space the model adds up in (log-odds but for forests that average
/// probabilities).
#[derive(Debug, Clone)]
pub struct Explanation {
    /// SHAP values, shape (n_rows, n_features).
    pub values: Array2<f64>,
    /// What the model says about nobody in particular; the same for every row.
    pub base_value: f64,
    /// The feature values, shape (n_rows, n_features); categories are codes, missing is NaN.
    pub data: Array2<f64>,
    /// Names of the features.
    pub feature_names: Vec<String>,
}

/// Rows that are explained together by one thread: the tables of all trees pass by once for them.
const UNIT: usize = 8 * BLOCK;
/// Fewest rows that are worth the tables of a model that has none yet.
const FEW: usize = 64;
/// Tables up to this size are made at once, when the model is prepared.
const SMALL_TABLES: usize = 1 << 20;
/// Tables up to this size are kept once they have been made.
const KEPT_TABLES: usize = 96 << 20;
/// Tables of a larger model are made for a part of its trees at a time, up to this size, and dropped.
const PASSING_TABLES: usize = 32 << 20;

/// A model prepared for explanations; cheap to keep, shared between threads.
pub struct Explainer {
    scorer: Scorer,
    parts: Vec<TreesExplainer>,
    quadrature: Quadrature,
    base_value: f64,
}

/// The trees of one component.
struct TreesExplainer {
    component: usize,
    trees: Vec<TreeExplainer>,
    tests: Vec<Tests>,
    columns: Columns,
    table_bytes: usize,
    tables: OnceLock<Vec<Table>>,
}

impl TreesExplainer {
    fn new(component: usize, weight: f64, ensemble: &TreeEnsemble) -> Self {
        let trees: Vec<_> =
            ensemble.trees.iter().map(|t| TreeExplainer::new(t, |value| weighted(weight, value))).collect();
        let mut columns = Columns::new(ensemble.trees.iter());
        let tests = ensemble.trees.iter().map(|t| tree_shap::tests(t, &mut columns)).collect();
        let table_bytes = trees.iter().map(TreeExplainer::table_bytes).sum();
        TreesExplainer { component, trees, tests, columns, table_bytes, tables: OnceLock::new() }
    }

    fn make_tables(&self, trees: Range<usize>, quadrature: &Quadrature) -> Vec<Table> {
        self.trees[trees].par_iter().with_min_len(8).map(|t| t.table(quadrature)).collect()
    }

    /// Adds the SHAP values of all rows to `values`, row-major.
    fn explain(
        &self,
        ensemble: &TreeEnsemble,
        matrix: &FeatureMatrix,
        quadrature: &Quadrature,
        arch: Arch,
        values: &mut [f64],
    ) {
        if self.table_bytes <= KEPT_TABLES {
            // Made outside the cell: its lock must not be held while other work of the pool is waited for.
            let tables = match self.tables.get() {
                Some(tables) => tables,
                None => {
                    let made = self.make_tables(0..self.trees.len(), quadrature);
                    self.tables.get_or_init(|| made)
                }
            };
            self.pass(0, tables, ensemble, matrix, quadrature, arch, values);
            return;
        }
        let mut start = 0;
        while start < self.trees.len() {
            let (mut end, mut bytes) = (start, 0);
            while end < self.trees.len() && (end == start || bytes < PASSING_TABLES) {
                bytes += self.trees[end].table_bytes();
                end += 1;
            }
            let tables = self.make_tables(start..end, quadrature);
            self.pass(start, &tables, ensemble, matrix, quadrature, arch, values);
            start = end;
        }
    }

    /// Adds the values of the trees from `start` that these tables are of.
    #[allow(clippy::too_many_arguments)]
    fn pass(
        &self,
        start: usize,
        tables: &[Table],
        ensemble: &TreeEnsemble,
        matrix: &FeatureMatrix,
        quadrature: &Quadrature,
        arch: Arch,
        values: &mut [f64],
    ) {
        let n_features = matrix.n_features();
        let unit = if matrix.n_rows() < 4 * UNIT { BLOCK } else { UNIT };
        values.par_chunks_mut(unit * n_features).enumerate().for_each_init(
            || (Workspace::default(), Vec::new(), Vec::new()),
            |(work, bytes, ranks), (u, out)| {
                let (first, n) = (u * unit, out.len() / n_features);
                let width = self.columns.len();
                bytes.resize(width * n.div_ceil(BLOCK), [0; BLOCK]);
                // The same code for each instruction set: every one gives the same bits.
                arch.dispatch(
                    #[inline(always)]
                    || {
                        let blocks = || (0..n).step_by(BLOCK).map(|at| (at, BLOCK.min(n - at)));
                        for (b, (at, rows)) in blocks().enumerate() {
                            self.columns.fill(matrix, first + at, rows, ranks, &mut bytes[b * width..(b + 1) * width]);
                        }
                        for (t, table) in tables.iter().enumerate() {
                            let nodes = &ensemble.trees[start + t].nodes;
                            for (b, (at, rows)) in blocks().enumerate() {
                                self.trees[start + t].add_block(
                                    &self.tests[start + t],
                                    table,
                                    quadrature,
                                    &bytes[b * width..(b + 1) * width],
                                    rows,
                                    n_features,
                                    |node, row| nodes[node].goes_left(matrix.row(first + at + row)),
                                    &mut out[at * n_features..(at + rows) * n_features],
                                    work,
                                );
                            }
                        }
                    },
                );
            },
        );
    }

    fn add_row(
        &self,
        ensemble: &TreeEnsemble,
        row: &[f64],
        quadrature: &Quadrature,
        out: &mut [f64],
        work: &mut Workspace,
    ) {
        let tables = self.tables.get();
        for (t, tree) in self.trees.iter().enumerate() {
            let nodes = &ensemble.trees[t].nodes;
            tree.add_row(|node| nodes[node].goes_left(row), tables.map(|all| &all[t]), quadrature, out, work);
        }
    }
}

impl Explainer {
    /// Prepares a (checked) model.
    pub fn new(model: &Model) -> Self {
        let mut parts = Vec::new();
        for (i, component) in model.additive.components.iter().enumerate() {
            if let Part::Trees(ensemble) = &component.part {
                parts.push(TreesExplainer::new(i, component.weight, ensemble));
            }
        }
        let longest = parts.iter().flat_map(|p| &p.trees).map(TreeExplainer::longest).max().unwrap_or(0);
        let quadrature = Quadrature::new(longest);
        for part in parts.iter().filter(|p| p.table_bytes <= SMALL_TABLES) {
            let made = part.make_tables(0..part.trees.len(), &quadrature);
            part.tables.get_or_init(|| made);
        }
        Explainer { scorer: Scorer::new(model), parts, quadrature, base_value: model.additive.base_value() }
    }

    /// What the model says about nobody in particular.
    pub fn base_value(&self) -> f64 {
        self.base_value
    }

    /// The model prepared for scoring.
    pub fn scorer(&self) -> &Scorer {
        &self.scorer
    }

    /// The SHAP values of one row, written to `out` (length n_features); returns the row's raw sum. The bits are those
    /// of [`explain`](Explainer::explain).
    ///
    /// # Errors
    /// `internal` where they do not add up within [`ADDITIVITY`].
    pub fn explain_row(&self, model: &Model, row: &[f64], out: &mut [f64]) -> Result<f64> {
        let mut work = Workspace::default();
        out.fill(0.0);
        add_terms(model, row, out);
        for part in &self.parts {
            if let Part::Trees(ensemble) = &model.additive.components[part.component].part {
                part.add_row(ensemble, row, &self.quadrature, out, &mut work);
            }
        }
        let raw = model.additive.raw(row);
        self.check(raw, out)?;
        Ok(raw)
    }

    fn check(&self, raw: f64, values: &[f64]) -> Result<()> {
        let sum = self.base_value + values.iter().sum::<f64>();
        if (sum - raw).abs() <= ADDITIVITY * raw.abs().max(1.0) {
            Ok(())
        } else {
            Err(Error::internal(format!("SHAP values add up to {sum}, the margin is {raw}")))
        }
    }

    /// The raw sums and the SHAP values (row-major, n_rows x n_features) of all rows, in their order; the same bits
    /// for any number of rows and threads.
    ///
    /// # Errors
    /// `internal` where a row does not add up within [`ADDITIVITY`].
    pub fn raw_and_values(&self, model: &Model, matrix: &FeatureMatrix) -> Result<(Vec<f64>, Vec<f64>)> {
        let (n, n_features) = (matrix.n_rows(), matrix.n_features());
        let mut values = vec![0.0; n * n_features];
        if n_features == 0 || n < FEW {
            let mut raws = vec![0.0; n];
            let mut rows = values.chunks_mut(n_features.max(1));
            for (r, raw) in raws.iter_mut().enumerate() {
                *raw = self.explain_row(model, matrix.row(r), rows.next().unwrap_or_default())?;
            }
            return Ok((raws, values));
        }
        let raws = self.scorer.raw(matrix);
        let rows = values.par_chunks_mut(n_features).enumerate().with_min_len(256);
        rows.for_each(|(r, out)| add_terms(model, matrix.row(r), out));
        for part in &self.parts {
            if let Part::Trees(ensemble) = &model.additive.components[part.component].part {
                part.explain(ensemble, matrix, &self.quadrature, self.scorer.arch(), &mut values);
            }
        }
        let rows = values.par_chunks(n_features).zip(&raws).with_min_len(256);
        rows.try_for_each(|(values, &raw)| self.check(raw, values))?;
        Ok((raws, values))
    }

    /// The SHAP values of all rows, in their order; the same bits for any number of threads.
    ///
    /// # Errors
    /// `internal` where a row does not add up within [`ADDITIVITY`].
    pub fn explain(&self, model: &Model, matrix: &FeatureMatrix) -> Result<Explanation> {
        let (_, values) = self.raw_and_values(model, matrix)?;
        Ok(Explanation {
            values: Array2::from_shape_vec((matrix.n_rows(), matrix.n_features()), values)
                .map_err(|e| Error::internal("SHAP values of another shape").caused_by(e))?,
            base_value: self.base_value,
            data: matrix.view().to_owned(),
            feature_names: model.plan.features().iter().map(|f| f.name.clone()).collect(),
        })
    }
}

/// Adds the SHAP values of the univariate terms: a term's distance from its mean, which nothing else shares.
fn add_terms(model: &Model, row: &[f64], out: &mut [f64]) {
    for component in &model.additive.components {
        if let Part::Terms(terms) = &component.part {
            for term in terms {
                out[term.feature] += component.weight * (term.shape.value(row[term.feature]) - term.mean);
            }
        }
    }
}
