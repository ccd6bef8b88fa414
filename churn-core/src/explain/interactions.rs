//! SHAP interaction values.

use super::tree_shap::{Lone, leaves};
use super::{Explainer, check_width};
use crate::error::{Error, ErrorKind, Result};
use crate::features::FeatureMatrix;
use crate::model::{Model, Part, weighted};
use crate::score::Conditions;
use ndarray::Array3;
use rayon::prelude::*;

impl Explainer {
    /// The SHAP interaction values of each row, shape (n_rows, n_features, n_features): symmetric, each feature's row
    /// sums to its SHAP value, and what is shared by two features stands half on each side of the diagonal. Exact, by
    /// quadrature over each leaf's pairs. Source: Lundberg et al. (2020), section "SHAP interaction values".
    ///
    /// # Errors
    /// `invalid_argument` for a matrix of another width; `unsupported` against a background; as
    /// [`explain`](Explainer::explain).
    pub fn interactions(&self, model: &Model, matrix: &FeatureMatrix) -> Result<Array3<f64>> {
        check_width(model, matrix)?;
        if self.background {
            return Err(Error::new(ErrorKind::Unsupported, "interactions are not reckoned against a background")
                .hint("ask for them without a background"));
        }
        let n = matrix.n_features();
        let (_, values) = self.raw_and_values(model, matrix)?;
        let parts: Vec<(Conditions, Vec<Lone>)> = model
            .additive
            .components
            .iter()
            .filter_map(|c| {
                let Part::Trees(ensemble) = &c.part else { return None };
                let conditions = Conditions::new(ensemble.trees.iter());
                let all =
                    ensemble.trees.iter().flat_map(|t| leaves(t, &conditions, |v| weighted(c.weight, v))).collect();
                Some((conditions, all))
            })
            .collect();
        let mut out = vec![0.0; matrix.n_rows() * n * n];
        out.par_chunks_mut((n * n).max(1)).enumerate().for_each(|(r, out)| {
            for (conditions, leaves) in &parts {
                let mut no = vec![0u8; conditions.len()];
                conditions.answer_row(matrix.row(r), &mut no);
                for leaf in leaves {
                    leaf.interactions(
                        |q| no[q as usize] == 0,
                        &self.quadrature,
                        |a, b, value| {
                            out[a as usize * n + b as usize] += value;
                            out[b as usize * n + a as usize] += value;
                        },
                    );
                }
            }
            // What no other feature shares is the feature's own.
            for i in 0..n {
                let shared: f64 = out[i * n..(i + 1) * n].iter().sum();
                out[i * n + i] = values[r * n + i] - shared;
            }
        });
        Array3::from_shape_vec((matrix.n_rows(), n, n), out)
            .map_err(|e| Error::internal("interaction values of another shape").caused_by(e))
    }
}
