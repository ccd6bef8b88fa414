//! Calibrating a model that was trained elsewhere on the user's own labelled customers.

use super::{Engine, Input};
use crate::error::Result;
use crate::metrics;
use crate::model::Metric;
use crate::train;

impl Engine {
    /// The same model with a calibrator and an interval that are learnt from a labelled table which it was not
    /// trained on; trees and reasons stay as they are, the model card tells the quality on these rows.
    ///
    /// # Errors
    /// As [`evaluate`](Engine::evaluate); `too_few_rows`, `single_class`.
    pub fn calibrate<'a>(
        &self,
        input: impl Into<Input<'a>>,
        label: Option<&str>,
        as_of: Option<&str>,
    ) -> Result<Engine> {
        let (labels, matrix) = self.labelled(input.into(), label, as_of)?;
        train::check_enough(&labels)?;
        let raws = self.scorer().raw(&matrix);
        let margins: Vec<f64> = raws.iter().map(|&r| self.model().additive.to_log_odds(r)).collect();
        let mut model = self.model().clone();
        (model.calibrator, model.interval) = train::recalibrate(&labels, &margins);
        let probabilities: Vec<f64> = margins.iter().map(|&m| model.calibrator.probability(m)).collect();
        model.card.n_rows = labels.len();
        model.card.n_positive = labels.iter().filter(|&&y| y).count();
        model.card.base_rate = model.card.n_positive as f64 / labels.len() as f64;
        model.card.protocol = format!(
            "Calibrated on {} labelled rows and measured on the same rows: the ranking (AUC, lift) is a fair estimate if the model was not trained on them, the calibration figures are slightly kind.",
            labels.len()
        );
        model.card.metrics = metrics::all(&labels, &probabilities)
            .into_iter()
            .map(|(name, mean)| Metric { name: name.to_owned(), mean, sd: 0.0 })
            .collect();
        Engine::from_model(model)
    }
}
