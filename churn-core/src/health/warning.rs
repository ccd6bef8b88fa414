//! Early warning: customers whose score begins to fall, at a stated rate of false alarms.
//!
//! A one-sided CUSUM (Page 1954) on each customer's own history: how far the score lies below the customer's own usual
//! level, in units of its usual scatter, is summed up beyond an allowance, and a sum above the threshold is an alarm.
//! Scores of windows overlap, so they are correlated from day to day; the scatter is therefore the long-run one, with
//! the first autocorrelation pooled over all customers. A customer's own level and scatter are drawn towards those of all
//! customers, the more the less customers differ (empirical Bayes; for the scatter as in Smyth 2004). The threshold is
//! measured on customers who are doing well, cautiously: so few alarms that the accepted rate holds with 95 % confidence.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// How to watch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WarningOptions {
    /// Observations from which a customer's usual level is learnt; no alarm falls into them. At least 4.
    pub baseline: usize,
    /// Allowance: falls smaller than this many standard deviations are not summed up. Above 0.
    pub allowance: f64,
    /// False alarms per 100 customers and month that are accepted. Above 0.
    pub false_alarms: f64,
    /// Observations a month: 30 for daily scores, 4.348 for weekly ones. Above 0.
    pub per_month: f64,
}

impl Default for WarningOptions {
    fn default() -> Self {
        WarningOptions { baseline: 28, allowance: 0.75, false_alarms: 1.0, per_month: 30.0 }
    }
}

/// A detector of falling scores, fitted to how scores scatter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyWarning {
    /// How it watches.
    pub options: WarningOptions,
    /// An alarm is a sum above this.
    pub threshold: f64,
    /// `measured` on the histories it was fitted to, or `theory` (Siegmund 1985) where they are too few.
    pub method: String,
    /// First autocorrelation of the scores around their level, pooled.
    pub autocorrelation: f64,
    /// Standard deviation of the scores around their level, pooled.
    pub deviation: f64,
    /// Mean of the customers' levels.
    pub level: f64,
    /// Standard deviation of the customers' levels, without what chance alone makes them differ by. A customer's own level
    /// counts the more against the mean, the more customers differ (empirical Bayes).
    pub level_deviation: f64,
    /// How many of a customer's own observations the pooled scatter counts as: few where customers scatter differently.
    pub pooled_as: f64,
    /// Months of customers that the rate was measured on.
    pub customer_months: f64,
    /// False alarms per 100 customers and month to expect: measured, or by theory.
    pub false_alarm_rate: f64,
    /// The rate stays below this with 95 % confidence where it was measured (one-sided limit of a Poisson count); the
    /// accepted rate otherwise.
    pub false_alarm_limit: f64,
}

/// An alarm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Warning {
    /// Index of the observation that raised it.
    pub at: usize,
    /// Index of the first observation of the fall: the last time the sum was 0.
    pub since: usize,
    /// The usual level before the fall.
    pub level: f64,
    /// The mean of the scores since.
    pub recent: f64,
}

/// Fewest customers from which it can be told how customers differ.
const ENOUGH: usize = 10;
/// How many observations the pooled scatter counts as where customers are too few to tell.
const POOLED_AS: f64 = 28.0;
/// The same where customers scatter alike: their own scatter tells nothing.
const ALL_ALIKE: f64 = 1e4;
/// Observations that a customer's own scatter remembers: it follows as fast as the level does at last.
const REMEMBERED: f64 = 100.0;
/// A customer scatters at least this share of what all do: scores that never moved are no promise that they never will.
const LEAST_SCATTER: f64 = 0.1;
/// Accepted alarms from which the rate can be measured: none seen is then proof enough (the rule of three).
const MEASURABLE: f64 = 3.0;
/// Confidence with which the accepted rate holds: 1 - this.
const DOUBT: f64 = 0.05;
/// How fast the usual level follows at last. It follows with a delay of half a baseline, so that a fall does not hide
/// itself, and follows every score, so that it is not biased towards the good ones.
const FOLLOW: f64 = 0.01;
/// Largest autocorrelation that is believed: beyond it the long-run scatter has no estimate.
const MAX_AUTOCORRELATION: f64 = 0.95;

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl WarningOptions {
    fn check(self) -> Result<Self> {
        let positive = [self.allowance, self.false_alarms, self.per_month].iter().all(|x| x.is_finite() && *x > 0.0);
        if positive && self.baseline >= 4 {
            return Ok(self);
        }
        Err(Error::new(ErrorKind::InvalidArgument, "the options of the early warning are out of range")
            .with("argument", "options")
            .hint("give a baseline of at least 4 observations, and an allowance, a rate and a count above 0"))
    }
}

/// In-control run length of a one-sided CUSUM of independent normal observations with allowance k and threshold h.
/// Source: Siegmund (1985), with the overshoot 1.166.
fn run_length(k: f64, h: f64) -> f64 {
    let b = h + 1.166;
    (libm::exp(2.0 * k * b) - 2.0 * k * b - 1.0) / (2.0 * k * k)
}

/// The largest count whose upper 95 % limit is at most `mean`: for 20 expected alarms 12 are allowed, for 3 none.
fn confident(mean: f64) -> usize {
    let mut probability = libm::exp(-mean);
    let (mut below, mut count) = (probability, 0);
    while below + probability * mean / (count as f64 + 1.0) <= DOUBT {
        count += 1;
        probability *= mean / count as f64;
        below += probability;
    }
    count
}

/// The largest mean under which a count so small is not doubted: the upper 95 % limit of a Poisson count.
fn upper_limit(count: usize) -> f64 {
    let chance = |mean: f64| {
        let (mut term, mut sum) = (libm::exp(-mean), libm::exp(-mean));
        for k in 1..=count {
            term *= mean / k as f64;
            sum += term;
        }
        sum
    };
    threshold(DOUBT, chance)
}

/// The second derivative of log gamma, for x > 0: recurrence, then the asymptotic series (Abramowitz and Stegun 6.4).
fn trigamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 6.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    sum + 1.0 / x + r / 2.0 + r / x * (1.0 / 6.0 - r * (1.0 / 30.0 - r / 42.0))
}

/// How many observations the pooled scatter counts as, from how the customers' own scatters differ beyond chance.
///
/// Source: Smyth (2004), Linear models and empirical Bayes methods, section 6.2; degrees of freedom as an autoregression
/// of first order leaves them.
fn pooled_as(histories: &[Vec<f64>], deviation: f64, autocorrelation: f64) -> f64 {
    if histories.len() < ENOUGH {
        return POOLED_AS;
    }
    let square = autocorrelation * autocorrelation;
    let freedom_of_one = (1.0 - square) / (1.0 + square);
    let least = (LEAST_SCATTER * deviation).powi(2);
    let (mut logs, mut chance) = (Vec::with_capacity(histories.len()), 0.0);
    for history in histories {
        let n = history.len() as f64;
        let level = median(&mut history.clone());
        let variance = history.iter().map(|x| (x - level).powi(2)).sum::<f64>() / n;
        logs.push(libm::log(variance.max(least)));
        chance += trigamma(0.5 * n * freedom_of_one) / histories.len() as f64;
    }
    let spread = crate::metrics::mean_sd(&logs).1.powi(2) - chance;
    let pooled = |freedom: f64| freedom / freedom_of_one;
    if spread <= trigamma(0.5 * ALL_ALIKE * freedom_of_one) {
        return ALL_ALIKE;
    }
    // Half the degrees of freedom of the prior, where their trigamma is the spread.
    pooled(2.0 * threshold(spread, trigamma))
}

/// The smallest threshold with at most `rate(h)` <= `wanted`, for a falling `rate`.
fn threshold(wanted: f64, rate: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while rate(high) > wanted && high < 1e6 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if rate(middle) > wanted { low = middle } else { high = middle }
    }
    high
}

impl EarlyWarning {
    /// Fits a detector to histories of customers who are doing well, each with scores in the order of time at equal
    /// intervals (NaN is missing). Where the histories are long enough to see three accepted alarms, the threshold is
    /// measured on them, so that the accepted rate holds with 95 % confidence; otherwise it comes from theory.
    ///
    /// # Errors
    /// `invalid_argument` for options out of range; `too_few_rows` where no history is longer than the baseline.
    pub fn fit(histories: &[Vec<f64>], options: WarningOptions) -> Result<EarlyWarning> {
        let options = options.check()?;
        let (mut squares, mut products, mut n) = (0.0, 0.0, 0.0);
        for history in histories.iter().filter(|h| h.len() > options.baseline) {
            let level = median(&mut history.iter().copied().filter(|x| x.is_finite()).collect::<Vec<_>>());
            for pair in history.windows(2).filter(|p| p.iter().all(|x| x.is_finite())) {
                squares += (pair[0] - level).powi(2);
                products += (pair[0] - level) * (pair[1] - level);
                n += 1.0;
            }
        }
        if n == 0.0 {
            return Err(Error::new(ErrorKind::TooFewRows, "no history is longer than the baseline")
                .with("baseline", options.baseline)
                .hint("give longer histories, or a shorter baseline"));
        }
        let deviation = (squares / n).sqrt().max(1e-9);
        let autocorrelation = if squares > 0.0 { (products / squares).clamp(0.0, MAX_AUTOCORRELATION) } else { 0.0 };
        // Correlated scores tell less of a level than as many independent ones.
        let inflation = (1.0 + autocorrelation) / (1.0 - autocorrelation);
        let known = |h: &Vec<f64>| h.iter().copied().filter(|x| x.is_finite()).collect::<Vec<f64>>();
        let long: Vec<Vec<f64>> = histories.iter().filter(|h| h.len() > options.baseline).map(known).collect();
        let lengths = long.iter().map(Vec::len).sum::<usize>() as f64 / long.len() as f64;
        let pooled_as = pooled_as(&long, deviation, autocorrelation);
        let levels: Vec<f64> = long.into_iter().map(|mut h| median(&mut h)).collect();
        let (level, spread) = crate::metrics::mean_sd(&levels);
        let chance = deviation * deviation * inflation / lengths;
        // One customer says nothing of how customers differ: its own level is all there is.
        let between =
            if levels.len() < ENOUGH { 1e6 * deviation * deviation } else { (spread * spread - chance).max(0.0) };
        let mut fitted = EarlyWarning {
            options,
            threshold: 0.0,
            method: "theory".into(),
            autocorrelation,
            deviation,
            level,
            level_deviation: between.sqrt(),
            pooled_as,
            customer_months: 0.0,
            false_alarm_rate: options.false_alarms,
            false_alarm_limit: options.false_alarms,
        };
        let watched: usize = histories.iter().map(|h| h.len().saturating_sub(options.baseline)).sum();
        fitted.customer_months = watched as f64 / options.per_month;
        let accepted = options.false_alarms * fitted.customer_months / 100.0;
        if accepted >= MEASURABLE {
            let alarms = |h: f64| {
                let one = |history: &Vec<f64>| fitted.run(history, h).len() as f64;
                histories.iter().map(one).sum::<f64>()
            };
            let measured = threshold(confident(accepted) as f64, alarms);
            let raised = alarms(measured);
            fitted.threshold = measured;
            fitted.method = "measured".into();
            fitted.false_alarm_rate = 100.0 * raised / fitted.customer_months;
            fitted.false_alarm_limit = 100.0 * upper_limit(raised as usize) / fitted.customer_months;
        } else {
            let per_100_and_month = |h: f64| 100.0 * options.per_month / run_length(options.allowance, h);
            fitted.threshold = threshold(options.false_alarms, per_100_and_month);
        }
        Ok(fitted)
    }

    /// The alarms of one customer's history: scores in the order of time at equal intervals, NaN is missing. After an
    /// alarm the usual level is learnt anew.
    pub fn watch(&self, history: &[f64]) -> Vec<Warning> {
        self.run(history, self.threshold)
    }

    fn run(&self, history: &[f64], threshold: f64) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut start = 0;
        // Long-run over short-run scatter of a first-order autoregression.
        let ratio = (1.0 + self.autocorrelation) / (1.0 - self.autocorrelation);
        let inflation = ratio.sqrt();
        // The mean of all levels counts as so many observations of the customer's own.
        let prior = self.deviation * self.deviation * ratio / (self.level_deviation * self.level_deviation).max(1e-9);
        while start < history.len() {
            let known = history[start..].iter().enumerate().filter(|(_, x)| x.is_finite());
            let first: Vec<(usize, f64)> = known.take(self.options.baseline).map(|(i, x)| (start + i, *x)).collect();
            if first.len() < self.options.baseline {
                break;
            }
            let mut level = median(&mut first.iter().map(|f| f.1).collect::<Vec<_>>());
            let mut squares: f64 = first.iter().map(|f| (f.1 - level).powi(2)).sum();
            let mut m = first.len() as f64;
            level += (self.level - level) * prior / (prior + m);
            let scale_of = |squares: f64, m: f64| {
                let variance = (squares + self.pooled_as * self.deviation * self.deviation) / (m + self.pooled_as);
                (variance.sqrt() * inflation).max(1e-9)
            };
            let mut scale = scale_of(squares, m);
            let learnt = first[first.len() - 1].0 + 1;
            let lag = self.options.baseline / 2;
            let (mut sum, mut since, mut at, mut n) = (0.0, None, learnt, m + prior);
            let mut alarm = None;
            while at < history.len() {
                let x = history[at];
                if x.is_finite() {
                    sum += (level - x) / scale - self.options.allowance;
                    if sum <= 0.0 {
                        sum = 0.0;
                        since = None;
                    } else {
                        let from = *since.get_or_insert(at);
                        if sum > threshold {
                            let fall: Vec<f64> = history[from..=at].iter().copied().filter(|x| x.is_finite()).collect();
                            let recent = fall.iter().sum::<f64>() / fall.len() as f64;
                            alarm = Some(Warning { at, since: from, level, recent });
                            break;
                        }
                    }
                }
                if at >= learnt + lag && history[at - lag].is_finite() {
                    n += 1.0;
                    m += 1.0;
                    squares += (history[at - lag] - level).powi(2);
                    if m > REMEMBERED {
                        squares *= REMEMBERED / m;
                        m = REMEMBERED;
                    }
                    scale = scale_of(squares, m);
                    level += (1.0 / n).max(FOLLOW) * (history[at - lag] - level);
                }
                at += 1;
            }
            let Some(warning) = alarm else { break };
            start = warning.at + 1;
            warnings.push(warning);
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small deterministic generator of normal numbers (sum of twelve uniforms).
    pub(crate) struct Normal(u64);

    impl Normal {
        fn next(&mut self) -> f64 {
            let mut uniform = || {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (self.0 >> 11) as f64 / (1u64 << 53) as f64
            };
            (0..12).map(|_| uniform()).sum::<f64>() - 6.0
        }
    }

    fn stable(seed: u64, days: usize) -> Vec<f64> {
        let mut normal = Normal(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        (0..days).map(|_| 70.0 + 5.0 * normal.next()).collect()
    }

    #[test]
    fn run_lengths_are_siegmunds() {
        // Hawkins and Olwell (1998), table 3.1: k = 0.5, h = 4 has an in-control run length of 336; Siegmund 338.
        assert!((run_length(0.5, 4.0) - 338.0).abs() < 2.0, "{}", run_length(0.5, 4.0));
    }

    #[test]
    fn counts_and_trigamma_are_what_tables_say() {
        // Limits of Poisson counts: Garwood (1936), upper 95 % one-sided.
        for (count, limit) in [(0, 2.996), (1, 4.744), (5, 10.513), (12, 19.443)] {
            assert!((upper_limit(count) - limit).abs() < 2e-3, "{count}: {}", upper_limit(count));
            assert_eq!(confident(limit + 0.01), count);
        }
        let half = std::f64::consts::PI.powi(2) / 2.0;
        assert!((trigamma(0.5) - half).abs() < 1e-6 && (trigamma(1.0) - half / 3.0).abs() < 1e-6);
    }

    #[test]
    fn customers_who_scatter_alike_share_their_scatter_and_others_do_not() {
        let alike: Vec<Vec<f64>> = (0..200).map(|s| stable(s, 150)).collect();
        let unlike: Vec<Vec<f64>> = (0..200)
            .map(|s| stable(s, 150).iter().map(|x| 70.0 + (x - 70.0) * if s % 2 == 0 { 0.3 } else { 1.5 }).collect())
            .collect();
        let fit = |h: &[Vec<f64>]| EarlyWarning::fit(h, WarningOptions::default()).expect("fitted").pooled_as;
        let (a, b) = (fit(&alike), fit(&unlike));
        assert!(a > 300.0 && b < 15.0, "{a} and {b}");
    }

    #[test]
    fn the_rate_holds_on_other_customers_and_falls_are_found() {
        let fitted =
            EarlyWarning::fit(&(0..300).map(|s| stable(s, 200)).collect::<Vec<_>>(), WarningOptions::default())
                .expect("fitted");
        assert_eq!(fitted.method, "measured");
        assert!(fitted.false_alarm_rate < fitted.false_alarm_limit && fitted.false_alarm_limit <= 1.0, "{fitted:?}");
        let others: usize = (1000..1300).map(|s| fitted.watch(&stable(s, 200)).len()).sum();
        let months = 300.0 * (200.0 - 28.0) / 30.0;
        assert!(100.0 * others as f64 / months < 1.0, "{others} alarms");
        let mut found = 0;
        for seed in 2000..2100 {
            let mut history = stable(seed, 100);
            for (i, x) in history.iter_mut().enumerate().skip(60) {
                *x -= (i as f64 - 59.0).min(10.0);
            }
            found += usize::from(fitted.watch(&history).iter().any(|w| (60..74).contains(&w.at)));
        }
        assert!(found >= 90, "{found} found, {fitted:?}");
    }

    #[test]
    fn theory_stands_in_for_short_histories() {
        let fitted = EarlyWarning::fit(&[stable(1, 60)], WarningOptions::default()).expect("fitted");
        assert_eq!(fitted.method, "theory");
        assert!(fitted.threshold > 4.0 && fitted.threshold < 9.0, "{}", fitted.threshold);
        assert_eq!(
            EarlyWarning::fit(&[vec![1.0; 5]], WarningOptions::default()).expect_err("short").code(),
            "too_few_rows"
        );
        let bad = WarningOptions { allowance: 0.0, ..WarningOptions::default() };
        assert_eq!(EarlyWarning::fit(&[stable(1, 60)], bad).expect_err("bad").code(), "invalid_argument");
    }
}
