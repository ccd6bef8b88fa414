//! A health score against who really left: does it rank, do its bands mean something, and would other weights do better.

use super::config::HealthBand;
use super::scoring::HealthScores;
use crate::error::{Error, ErrorKind, Result};
use crate::metrics;
use serde::Serialize;

/// Fewest customers of each class with a known score.
const MIN_EACH: usize = 20;
/// Fewest of each class from which weights are suggested.
const MIN_FOR_WEIGHTS: usize = 50;
/// How far a suggested weight may go: from half to twice what it was.
const MAX_FACTOR: f64 = 2.0;
/// Strength of the pull towards the weights that are, in customers of the rarer class.
const PULL: f64 = 10.0;
/// Rank correlation from which two measures say the same thing.
const SAME: f64 = 0.7;
/// Most rows that correlations are read from.
const CORRELATED_ROWS: usize = 5000;
const FOLDS: usize = 5;

/// How many of a band really left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BandOutcome {
    /// The band.
    pub band: HealthBand,
    /// Customers in it.
    pub customers: usize,
    /// Those that left.
    pub churned: usize,
    /// Their share; `None` for an empty band.
    pub rate: Option<f64>,
    /// Lower end of its 95 % interval. Source: Wilson (1927).
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// What one dimension is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DimensionOutcome {
    /// Name.
    pub name: String,
    /// Customers it is known of.
    pub customers: usize,
    /// AUC of its score alone against churn; above 0.5 is the right way round.
    pub auc: Option<f64>,
    /// Weight as configured; all sum to 100.
    pub weight: f64,
    /// Suggested weight; all sum to 100. `None` where nothing is suggested.
    pub suggested_weight: Option<f64>,
}

/// A health score held against who really left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Backtest {
    /// Customers with a label.
    pub customers: usize,
    /// Those that left.
    pub churned: usize,
    /// Those of whom too little is known for a score; they are in no figure but the bands'.
    pub unknown: usize,
    /// AUC of the score against churn, 0.5 to 1 where low scores leave.
    pub auc: f64,
    /// Standard error of the AUC. Source: Hanley and McNeil (1982).
    pub auc_se: f64,
    /// Churn among the 10 % of lowest score over churn among all.
    pub lift_10: f64,
    /// Churn by band, from red to unknown.
    pub bands: Vec<BandOutcome>,
    /// Whether the rate falls from band to band.
    pub bands_ordered: bool,
    /// The dimensions, by name.
    pub dimensions: Vec<DimensionOutcome>,
    /// AUC with the suggested weights, on folds that they were not fitted to. `None` where nothing is suggested.
    pub suggested_auc: Option<f64>,
    /// Pairs of measures that say the same thing but share no budget: names and rank correlation.
    pub correlated: Vec<(String, String, f64)>,
    /// What to make of it, in words. Nothing is ever applied by itself.
    pub advice: Vec<String>,
}

fn wilson(k: usize, n: usize) -> Option<(f64, f64)> {
    if n == 0 {
        return None;
    }
    let (z, n, p) = (1.959_963_984_540_054_f64, n as f64, k as f64 / n as f64);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    Some(((middle - half).max(0.0), (middle + half).min(1.0)))
}

/// Ill health of each dimension (0 healthy, 1 not), the mean of the customer where a dimension is not known.
struct Sample {
    x: Vec<Vec<f64>>,
    y: Vec<bool>,
}

/// Holds scores against labels: `churned[row]` says whether the customer of that row left; `None` rows are left out.
///
/// # Errors
/// `invalid_argument` where the lengths differ; `too_few_rows` below 20 known customers of each class.
pub fn backtest(scores: &HealthScores, churned: &[Option<bool>]) -> Result<Backtest> {
    if churned.len() != scores.scores.len() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{} labels for {} scores", churned.len(), scores.scores.len()),
        )
        .with("argument", "label")
        .hint("give one label a row"));
    }
    let labelled: Vec<usize> = (0..churned.len()).filter(|&r| churned[r].is_some()).collect();
    let label = |r: usize| churned[r] == Some(true);
    let known: Vec<usize> = labelled.iter().copied().filter(|&r| scores.scores[r].score.is_some()).collect();
    let y: Vec<bool> = known.iter().map(|&r| label(r)).collect();
    let positive = y.iter().filter(|&&y| y).count();
    let rarer = positive.min(y.len() - positive);
    if rarer < MIN_EACH {
        return Err(Error::new(
            ErrorKind::TooFewRows,
            format!("{positive} of {} customers with a score left: too few of one class to judge by", y.len()),
        )
        .with("n_rows", y.len())
        .hint(format!("give at least {MIN_EACH} who left and {MIN_EACH} who stayed, with known scores")));
    }
    let risk: Vec<f64> = known.iter().map(|&r| -scores.scores[r].score.unwrap_or(0.0)).collect();
    let auc = metrics::auc(&y, &risk);
    let bands: Vec<BandOutcome> = HealthBand::ALL
        .into_iter()
        .map(|band| {
            let rows = labelled.iter().filter(|&&r| scores.scores[r].band == band);
            let customers = rows.clone().count();
            let churned = rows.filter(|&&r| label(r)).count();
            let interval = wilson(churned, customers);
            let rate = (customers > 0).then(|| churned as f64 / customers as f64);
            BandOutcome { band, customers, churned, rate, low: interval.map(|i| i.0), high: interval.map(|i| i.1) }
        })
        .collect();
    let rates: Vec<f64> = bands.iter().filter(|b| b.band != HealthBand::Unknown).filter_map(|b| b.rate).collect();
    let bands_ordered = rates.windows(2).all(|w| w[0] >= w[1]);
    let mut names: Vec<&str> = scores.measures.iter().map(|m| m.dimension.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let sample = sample(scores, &known, &names, y);
    let weights: Vec<f64> = names
        .iter()
        .map(|name| {
            let own = scores.measures.iter().filter(|m| m.variant.is_empty() && m.dimension == *name);
            own.map(|m| m.nominal_weight).sum()
        })
        .collect();
    let known_somewhere: Vec<usize> =
        (0..names.len()).filter(|&d| sample.x.iter().any(|x| !x[d].is_nan()) && weights[d] > 0.0).collect();
    let mut result = Backtest {
        customers: labelled.len(),
        churned: labelled.iter().filter(|&&r| label(r)).count(),
        unknown: labelled.len() - known.len(),
        auc,
        auc_se: hanley_mcneil(auc, positive as f64, (sample.y.len() - positive) as f64),
        lift_10: metrics::lift(&sample.y, &risk, 0.1),
        bands,
        bands_ordered,
        dimensions: names.iter().enumerate().map(|(d, name)| outcome(&sample, d, name, weights[d])).collect(),
        suggested_auc: None,
        correlated: correlated(scores, &known),
        advice: Vec::new(),
    };
    if rarer >= MIN_FOR_WEIGHTS && known_somewhere.len() >= 2 {
        suggest(&mut result, &sample, &weights, &known_somewhere);
    }
    advise(&mut result);
    Ok(result)
}

fn sample(scores: &HealthScores, rows: &[usize], names: &[&str], y: Vec<bool>) -> Sample {
    let x = rows.iter().map(|&r| {
        let dimensions = scores.dimensions(r);
        let ill = |name: &&str| dimensions.iter().find(|d| d.name == *name).map_or(f64::NAN, |d| 1.0 - d.score / 100.0);
        names.iter().map(ill).collect()
    });
    Sample { x: x.collect(), y }
}

fn outcome(sample: &Sample, d: usize, name: &str, weight: f64) -> DimensionOutcome {
    let known: Vec<usize> = (0..sample.y.len()).filter(|&r| !sample.x[r][d].is_nan()).collect();
    let y: Vec<bool> = known.iter().map(|&r| sample.y[r]).collect();
    let x: Vec<f64> = known.iter().map(|&r| sample.x[r][d]).collect();
    let auc = Some(metrics::auc(&y, &x)).filter(|a| a.is_finite());
    DimensionOutcome { name: name.to_owned(), customers: known.len(), auc, weight, suggested_weight: None }
}

fn hanley_mcneil(auc: f64, positives: f64, negatives: f64) -> f64 {
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let variance = auc * (1.0 - auc) + (positives - 1.0) * (q1 - auc * auc) + (negatives - 1.0) * (q2 - auc * auc);
    (variance / (positives * negatives)).max(0.0).sqrt()
}

/// The weighted ill health of the dimensions that are known, as the score itself has it.
fn ill_health(x: &[f64], weights: &[f64], dims: &[usize]) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (&d, &w) in dims.iter().zip(weights) {
        if !x[d].is_nan() {
            sum += w * x[d];
            total += w;
        }
    }
    if total > 0.0 { sum / total } else { 0.5 }
}

/// Weights of a logistic regression on the dimensions, none negative, pulled towards the weights that are, and kept
/// between half and twice of them.
fn fit_weights(sample: &Sample, rows: &[usize], weights: &[f64], dims: &[usize]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    // A dimension that is not known says what the customer's other dimensions say.
    let filled: Vec<Vec<f64>> = rows
        .iter()
        .map(|&r| {
            let mean = ill_health(&sample.x[r], weights, dims);
            dims.iter().map(|&d| if sample.x[r][d].is_nan() { mean } else { sample.x[r][d] }).collect()
        })
        .collect();
    let y: Vec<f64> = rows.iter().map(|&r| f64::from(u8::from(sample.y[r]))).collect();
    let n = y.len() as f64;
    let base = (y.iter().sum::<f64>() / n).clamp(1e-6, 1.0 - 1e-6);
    let mut intercept = libm::log(base / (1.0 - base));
    let prior: Vec<f64> = weights.iter().map(|w| w / total).collect();
    let (mut theta, mut scale) = (prior.clone(), 1.0);
    for _ in 0..60 {
        let mut moved: f64 = 0.0;
        let mut p: Vec<f64> = probabilities(&filled, &theta, intercept);
        let (g, h) = p.iter().zip(&y).fold((0.0, 1e-9), |(g, h), (p, y)| (g + p - y, h + p * (1.0 - p)));
        intercept -= g / h;
        for d in 0..dims.len() {
            p = probabilities(&filled, &theta, intercept);
            let (mut g, mut h) = (PULL * (theta[d] - scale * prior[d]), PULL);
            for ((x, p), y) in filled.iter().zip(&p).zip(&y) {
                g += (p - y) * x[d];
                h += p * (1.0 - p) * x[d] * x[d];
            }
            let new = (theta[d] - g / h).max(0.0);
            moved = moved.max((new - theta[d]).abs());
            theta[d] = new;
        }
        // The pull is towards the proportions of the weights; their size is the data's.
        scale = theta.iter().sum::<f64>().max(1e-6);
        if moved < 1e-6 {
            break;
        }
    }
    within(&theta, weights)
}

fn probabilities(x: &[Vec<f64>], theta: &[f64], intercept: f64) -> Vec<f64> {
    let margin = |x: &Vec<f64>| intercept + x.iter().zip(theta).map(|(x, t)| x * t).sum::<f64>();
    x.iter().map(|x| 1.0 / (1.0 + libm::exp(-margin(x)))).collect()
}

/// The multiple of `theta` whose entries, kept between half and twice of `weights`, sum to what `weights` sum to.
fn within(theta: &[f64], weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let at = |t: f64| -> Vec<f64> {
        theta.iter().zip(weights).map(|(x, w)| (t * x).clamp(w / MAX_FACTOR, w * MAX_FACTOR)).collect()
    };
    let (mut low, mut high) = (0.0, 1.0);
    while at(high).iter().sum::<f64>() < total && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if at(middle).iter().sum::<f64>() < total { low = middle } else { high = middle }
    }
    at(high)
}

fn suggest(result: &mut Backtest, sample: &Sample, weights: &[f64], dims: &[usize]) {
    let current: Vec<f64> = dims.iter().map(|&d| weights[d]).collect();
    let rows: Vec<usize> = (0..sample.y.len()).collect();
    // Folds with equally many of each class, in the order of the rows.
    let mut seen = [0usize; 2];
    let fold: Vec<usize> = sample
        .y
        .iter()
        .map(|&y| {
            let n = &mut seen[usize::from(y)];
            *n += 1;
            *n % FOLDS
        })
        .collect();
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for k in 0..FOLDS {
        let train: Vec<usize> = rows.iter().copied().filter(|&r| fold[r] != k).collect();
        let fitted = fit_weights(sample, &train, &current, dims);
        let test: Vec<usize> = rows.iter().copied().filter(|&r| fold[r] == k).collect();
        let y: Vec<bool> = test.iter().map(|&r| sample.y[r]).collect();
        let auc =
            |w: &[f64]| metrics::auc(&y, &test.iter().map(|&r| ill_health(&sample.x[r], w, dims)).collect::<Vec<_>>());
        old.push(auc(&current));
        new.push(auc(&fitted));
    }
    let gains: Vec<f64> = new.iter().zip(&old).map(|(n, o)| n - o).collect();
    let (gain, sd) = metrics::mean_sd(&gains);
    result.suggested_auc = Some(metrics::mean_sd(&new).0);
    let worth = gain > 0.002 && gain > 2.0 * sd / (FOLDS as f64).sqrt();
    let fitted = fit_weights(sample, &rows, &current, dims);
    let all: f64 = weights.iter().sum();
    // Dimensions that nothing is known of keep their weight.
    for (d, outcome) in result.dimensions.iter_mut().enumerate() {
        let new = dims.iter().position(|&i| i == d).map_or(weights[d], |i| fitted[i]);
        outcome.suggested_weight = Some(100.0 * new / all);
    }
    let moves: Vec<String> = result
        .dimensions
        .iter()
        .filter_map(|o| {
            let new = o.suggested_weight?;
            ((new - o.weight).abs() >= 1.0).then(|| format!("{} {:.0} -> {:.0}", o.name, o.weight, new))
        })
        .collect();
    result.advice.push(if worth && !moves.is_empty() {
        format!(
            "other weights rank better on customers they were not fitted to (AUC {:+.3}): {}; each was kept between half and twice of what it is",
            gain,
            moves.join(", ")
        )
    } else {
        format!("keep the weights: fitted ones change the AUC by {gain:+.3} on customers they were not fitted to")
    });
}

fn advise(result: &mut Backtest) {
    if result.auc - 2.0 * result.auc_se < 0.5 {
        result.advice.insert(
            0,
            format!(
                "the score does not tell who leaves (AUC {:.3} +- {:.3}): check the measures before using it",
                result.auc, result.auc_se
            ),
        );
    }
    if !result.bands_ordered {
        result
            .advice
            .push("a healthier band leaves more often than a less healthy one: move the bands or the curves".into());
    }
    for dimension in &result.dimensions {
        if dimension.auc.is_some_and(|a| a < 0.48) && dimension.customers >= 10 * MIN_EACH {
            let auc = dimension.auc.unwrap_or_default();
            result.advice.push(format!(
                "'{}' points the wrong way here (AUC {auc:.3}): its curves do not fit these customers",
                dimension.name
            ));
        }
    }
    for (a, b, r) in &result.correlated {
        result
            .advice
            .push(format!("'{a}' and '{b}' say the same thing (rank correlation {r:.2}): let them share a budget"));
    }
}

/// Pairs of measures whose scores rank customers alike but that share no budget.
fn correlated(scores: &HealthScores, rows: &[usize]) -> Vec<(String, String, f64)> {
    let step = rows.len().div_ceil(CORRELATED_ROWS).max(1);
    let rows: Vec<usize> = rows.iter().copied().step_by(step).collect();
    let own: Vec<usize> = (0..scores.measures.len()).filter(|&m| scores.measures[m].variant.is_empty()).collect();
    let values: Vec<Vec<Option<f64>>> = own
        .iter()
        .map(|&m| {
            let of = |&r: &usize| scores.scores[r].points.iter().find(|p| p.measure == m).map(|p| p.score);
            rows.iter().map(of).collect()
        })
        .collect();
    let budget = |i: usize| {
        let measure = &scores.measures[own[i]];
        let dimension = scores.config.dimensions.iter().find(|d| d.name == measure.dimension)?;
        let budget = dimension.measures.iter().find(|m| m.name == measure.name)?.budget.clone()?;
        Some((measure.dimension.clone(), budget))
    };
    let mut found = Vec::new();
    for i in 0..own.len() {
        for j in i + 1..own.len() {
            if budget(i).is_some() && budget(i) == budget(j) {
                continue;
            }
            let pairs: Vec<(f64, f64)> =
                values[i].iter().zip(&values[j]).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
            if pairs.len() < 50 {
                continue;
            }
            let r = correlation(&ranks(pairs.iter().map(|p| p.0)), &ranks(pairs.iter().map(|p| p.1)));
            if r.is_some_and(|r| r >= SAME) {
                let name = |m: usize| format!("{}.{}", scores.measures[m].dimension, scores.measures[m].name);
                found.push((name(own[i]), name(own[j]), r.unwrap_or_default()));
            }
        }
    }
    found
}

fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut i = 0;
    while i < order.len() {
        let tied = order[i..].iter().take_while(|&&k| values[k] == values[order[i]]).count();
        for &k in &order[i..i + tied] {
            ranks[k] = i as f64 + (tied as f64 - 1.0) / 2.0;
        }
        i += tied;
    }
    ranks
}

fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma).powi(2);
        bb += (y - mb).powi(2);
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::{HealthConfig, score};
    use super::*;
    use crate::table::{Column, ColumnData, Places, Table};
    use std::collections::BTreeMap;

    const CONFIG: &str = "name = \"x\"\n[[dimension]]\nname = \"good\"\nweight = 50\n[[dimension.measure]]\nname = \"a\"\nfield = \"logins_30d\"\ncurve = [[0, 0], [100, 100]]\n[[dimension.measure]]\nname = \"twin\"\nfield = \"active_days_30d\"\ncurve = [[0, 0], [100, 100]]\n[[dimension]]\nname = \"noise\"\nweight = 50\n[[dimension.measure]]\nname = \"b\"\nfield = \"features_used\"\ncurve = [[0, 0], [100, 100]]\n";

    /// Customers whose logins tell who leaves, and whose features do not.
    fn data(n: u64) -> (HealthScores, Vec<Option<bool>>) {
        let mix =
            |i: u64, salt: u64| (i.wrapping_mul(2_654_435_761).wrapping_add(salt.wrapping_mul(40_503)) >> 7) % 101;
        let logins: Vec<f64> = (0..n).map(|i| mix(i, 1) as f64).collect();
        let column = |name: &str, values: Vec<f64>| Column {
            name: name.into(),
            canonical: true,
            source: name.into(),
            data: ColumnData::numbers(values.into_iter().map(Some)),
        };
        let columns = vec![
            column("logins_30d", logins.clone()),
            column("active_days_30d", logins.iter().map(|x| x * 0.9 + 3.0).collect()),
            column("features_used", (0..n).map(|i| mix(i * 7 + 3, 9) as f64).collect()),
        ];
        let table = Table::new(columns, n as usize, Places::Items);
        let config = HealthConfig::from_toml(CONFIG).expect("config");
        let scores = score(&table, &config, None, &BTreeMap::new()).expect("scored");
        let label = |i: u64| (mix(i * 13 + 1, 5) as f64) > 20.0 + 0.7 * logins[i as usize];
        (scores, (0..n).map(|i| Some(label(i))).collect())
    }

    #[test]
    fn what_ranks_gets_weight_and_twins_are_told() {
        let (scores, labels) = data(3000);
        let result = backtest(&scores, &labels).expect("backtest");
        assert!(result.auc > 0.6 && result.auc < 0.95, "{}", result.auc);
        let good = result.dimensions.iter().find(|d| d.name == "good").expect("good");
        assert!(good.suggested_weight.expect("suggested") > 60.0, "{good:?}");
        assert!((result.dimensions.iter().filter_map(|d| d.suggested_weight).sum::<f64>() - 100.0).abs() < 1e-6);
        assert!(result.suggested_auc.expect("suggested") > result.auc);
        assert_eq!(result.correlated.len(), 1);
        assert!(result.bands_ordered && result.bands.iter().map(|b| b.customers).sum::<usize>() == 3000);
        assert!(result.advice.iter().any(|a| a.contains("good 50 -> ")), "{:?}", result.advice);
    }

    #[test]
    fn too_few_are_refused() {
        let (scores, labels) = data(30);
        assert_eq!(backtest(&scores, &labels).expect_err("few").code(), "too_few_rows");
        assert_eq!(backtest(&scores, &labels[1..]).expect_err("short").code(), "invalid_argument");
    }

    // Reference: Wilson's formula for 8 of 40, worked out apart.
    #[test]
    fn intervals_are_wilsons() {
        let (low, high) = wilson(8, 40).expect("interval");
        assert!((low - 0.104_999_897).abs() < 1e-8 && (high - 0.347_573_063).abs() < 1e-8, "{low} {high}");
    }
}
