//! The model card: where a model comes from, how good it is, what it is not for.

use crate::events::{ChurnDefinition, EventSettings};
use serde::{Deserialize, Serialize};

/// One figure of merit with its spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// `auc`, `log_loss`, `brier`, `ece`, `lift_10`, ...
    pub name: String,
    /// Mean over the folds.
    pub mean: f64,
    /// Standard deviation over the folds.
    pub sd: f64,
}

/// The scorecard that learning started from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriorCard {
    /// Name of the scorecard.
    pub name: String,
    /// Factor of its log-odds in the model, estimated: 1 as the expert wrote it, 0 where the rows show nothing of it.
    pub weight: f64,
    /// The features that it speaks of.
    pub fields: Vec<String>,
}

/// Where a model comes from, how good it is, what it is not for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelCard {
    /// `trained` or `expert_scorecard`.
    pub kind: String,
    /// What the model is, in two sentences.
    pub description: String,
    /// The data it learnt from.
    pub data: String,
    /// Training rows.
    pub n_rows: usize,
    /// Positive labels among them.
    pub n_positive: usize,
    /// Share of positive labels.
    pub base_rate: f64,
    /// How the metrics were measured.
    pub protocol: String,
    /// The metrics, held out.
    pub metrics: Vec<Metric>,
    /// What was learnt with which settings.
    pub learner: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Columns that were let through the leak check on the caller's word.
    pub allowed: Vec<String>,
    /// Intended use.
    pub intended_use: String,
    /// Whether the features predict no better than the base rate on rows not seen, so that the model is the base rate.
    #[serde(default)]
    pub no_signal: bool,
    /// The scorecard that learning started from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<PriorCard>,
    /// Limits.
    pub limits: Vec<String>,
    /// What churned means, where the label was read from tables of events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<ChurnDefinition>,
    /// How the features were made from tables of events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EventSettings>,
}

impl ModelCard {
    /// The metric of this name.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.name == name)
    }

    /// The card as markdown, under this title.
    pub fn to_markdown(&self, title: &str, features: &[&str], label: &str) -> String {
        let mut text = format!("# {title}\n\n{}\n\n", self.description);
        text +=
            &format!("- kind: {}\n- learner: {}\n- data: {}\n- label: {label}\n", self.kind, self.learner, self.data);
        if self.n_rows > 0 {
            text += &format!(
                "- rows: {}, of them {} positive ({:.4})\n- seed: {}\n",
                self.n_rows, self.n_positive, self.base_rate, self.seed
            );
        }
        if let Some(prior) = &self.prior {
            text += &format!(
                "- started from: the scorecard '{}', of which {:.2} is in the model ({})\n",
                prior.name,
                prior.weight,
                prior.fields.join(", ")
            );
        }
        if !self.allowed.is_empty() {
            text += &format!("- let through the leak check by the caller: {}\n", self.allowed.join(", "));
        }
        if !self.metrics.is_empty() {
            text += &format!(
                "\n## Held-out quality\n\n{}\n{}\n| metric | mean | sd over folds |\n|---|---|---|\n",
                self.protocol,
                self.definition.as_ref().map_or(String::new(), |d| format!("\nChurned means {}.\n", d.describe()))
            );
            for m in &self.metrics {
                text += &format!("| {} | {:.4} | {:.4} |\n", m.name, m.mean, m.sd);
            }
        }
        text += &format!(
            "\n## Features\n\n{}\n\n## Intended use\n\n{}\n\n## Limits\n\n",
            features.join(", "),
            self.intended_use
        );
        for limit in &self.limits {
            text += &format!("- {limit}\n");
        }
        text
    }
}
