//! The few statistics that features are made of. Nothing to say is NaN.

/// Change from `before` to `now`, between -1 and 1: `(now - before) / max(now, before)`, and 0 where both are 0. Percent
/// changes are not bounded and have no value when they start at zero; this has.
pub(super) fn change(now: f64, before: f64) -> f64 {
    let largest = now.max(before);
    if largest > 0.0 { (now - before) / largest } else { 0.0 }
}

/// `part / whole`, missing where there is no whole.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { f64::NAN }
}

/// Mean and maximum of the numbers that are there.
#[derive(Default)]
pub(super) struct Mean {
    sum: f64,
    n: usize,
    max: Option<f64>,
}

impl Mean {
    /// Adds a number; NaN is none.
    pub fn add(&mut self, value: f64) {
        if !value.is_nan() {
            self.sum += value;
            self.n += 1;
            self.max = Some(self.max.map_or(value, |m| m.max(value)));
        }
    }

    pub fn mean(&self) -> f64 {
        if self.n == 0 { f64::NAN } else { self.sum / self.n as f64 }
    }

    pub fn max(&self) -> f64 {
        self.max.unwrap_or(f64::NAN)
    }

    pub fn n(&self) -> f64 {
        self.n as f64
    }
}

/// Theil-Sen slope: the median of the slopes between all pairs of equally spaced values. One odd week does not move it.
pub(super) fn theil_sen(values: &[f64]) -> f64 {
    let mut slopes = Vec::with_capacity(values.len() * values.len() / 2);
    for j in 1..values.len() {
        for i in 0..j {
            slopes.push((values[j] - values[i]) / (j - i) as f64);
        }
    }
    if slopes.is_empty() {
        return f64::NAN;
    }
    let middle = slopes.len() / 2;
    let (below, upper, _) = slopes.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if slopes_odd(values.len()) {
        return upper;
    }
    let lower = below.iter().copied().max_by(f64::total_cmp).unwrap_or(upper);
    f64::midpoint(lower, upper)
}

fn slopes_odd(n: usize) -> bool {
    (n * (n - 1) / 2) % 2 == 1
}

/// How many different values a list holds; the list is sorted on the way.
pub(super) fn distinct<T: Ord>(values: &mut Vec<T>) -> f64 {
    values.sort_unstable();
    values.dedup();
    values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_bounded_and_defined_at_zero() {
        assert_eq!((change(0.0, 0.0), change(5.0, 0.0), change(0.0, 5.0)), (0.0, 1.0, -1.0));
        assert_eq!((change(2.0, 4.0), change(4.0, 2.0)), (-0.5, 0.5));
    }

    #[test]
    fn one_odd_week_does_not_move_the_slope() {
        assert_eq!(theil_sen(&[1.0, 2.0, 3.0, 4.0]), 1.0);
        assert_eq!(theil_sen(&[1.0, 2.0, 300.0, 4.0, 5.0]), 1.0);
        assert_eq!(theil_sen(&[0.0, 1.0, 0.0, 1.0]), 0.5 / 3.0, "the mean of the middle two of six: 0 and 1/3");
        assert!(theil_sen(&[1.0]).is_nan());
    }
}
