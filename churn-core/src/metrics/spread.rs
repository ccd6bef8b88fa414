//! How sure a figure is: percentile bootstrap over rows (Efron 1979).

/// A figure with the interval of its bootstrap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Name of the figure.
    pub name: &'static str,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Percentile intervals at `level` of every figure of [`all`](super::all), from `resamples` seeded resamples of the
/// rows. Resamples without both classes are left out; no interval where that leaves fewer than ten.
pub fn intervals(labels: &[bool], probabilities: &[f64], level: f64, resamples: usize, seed: u64) -> Vec<Interval> {
    use rayon::prelude::*;
    let n = labels.len();
    let one = |b: usize| {
        let mut state = seed ^ (b as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (y, p): (Vec<bool>, Vec<f64>) = (0..n)
            .map(|_| {
                let r = ((u128::from(next(&mut state)) * n as u128) >> 64) as usize;
                (labels[r], probabilities[r])
            })
            .unzip();
        (y.contains(&true) && y.contains(&false)).then(|| super::all(&y, &p))
    };
    let samples: Vec<Vec<(&'static str, f64)>> = (0..resamples).into_par_iter().filter_map(one).collect();
    if samples.len() < 10 {
        return Vec::new();
    }
    let interval = |i: usize| {
        let mut values: Vec<f64> = samples.iter().map(|s| s[i].1).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |q: f64| values[((q * values.len() as f64) as usize).min(values.len() - 1)];
        Interval { name: samples[0][i].0, low: at((1.0 - level) / 2.0), high: at((1.0 + level) / 2.0) }
    };
    (0..samples[0].len()).map(interval).collect()
}

/// SplitMix64 (Steele, Lea and Flood 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
