//! SHAP values of the customer's own columns.

use super::Explanation;
use ndarray::Array2;

impl Explanation {
    /// The explanation by the columns that reasons are told by: the SHAP values of features that come from one column
    /// (indicators of its levels, what was derived from it) are added up, signs and all. A column's value is that of the
    /// feature of its name; of indicators it is the place, counted from 0, of the one that is 1, and missing where none is.
    pub fn grouped(&self) -> Explanation {
        let mut names: Vec<String> = Vec::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        for (feature, name) in self.told_as.iter().enumerate() {
            match names.iter().position(|known| known == name) {
                Some(group) => members[group].push(feature),
                None => {
                    names.push(name.clone());
                    members.push(vec![feature]);
                }
            }
        }
        let shape = (self.values.nrows(), names.len());
        let value = |row: usize, group: usize| {
            let features = &members[group];
            match (features.iter().find(|&&f| self.feature_names[f] == names[group]), features.as_slice()) {
                (Some(&own), _) | (None, &[own]) => self.data[(row, own)],
                _ => features.iter().position(|&f| self.data[(row, f)] == 1.0).map_or(f64::NAN, |place| place as f64),
            }
        };
        Explanation {
            values: Array2::from_shape_fn(shape, |(row, group)| {
                members[group].iter().map(|&feature| self.values[(row, feature)]).sum()
            }),
            base_value: self.base_value,
            data: Array2::from_shape_fn(shape, |(row, group)| value(row, group)),
            feature_names: names.clone(),
            told_as: names,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn features_of_one_column_add_up() {
        let explanation = Explanation {
            values: arr2(&[[1.0, 0.5, -0.25, 4.0], [2.0, -0.5, -0.5, 8.0]]),
            base_value: -1.0,
            data: arr2(&[[3.0, 0.0, 1.0, 7.0], [4.0, 0.0, 0.0, 9.0]]),
            feature_names: ["tenure", "contract_a", "contract_b", "tenure_squared"].map(str::to_owned).to_vec(),
            told_as: ["tenure", "contract", "contract", "tenure"].map(str::to_owned).to_vec(),
        };
        let grouped = explanation.grouped();
        assert_eq!(grouped.feature_names, ["tenure", "contract"]);
        assert_eq!(grouped.values, arr2(&[[5.0, 0.25], [10.0, -1.0]]));
        assert_eq!((grouped.data[(0, 0)], grouped.data[(0, 1)]), (3.0, 1.0));
        assert!(grouped.data[(1, 1)].is_nan() && grouped.base_value == -1.0);
        assert_eq!(grouped.grouped().values, grouped.values);
    }
}
