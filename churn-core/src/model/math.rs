//! Logistic functions, from a pure-Rust libm so that every platform gives the same bits, and interpolation.

/// Linear between ascending knots, constant beyond the first and the last; at least one knot, as many values.
#[inline]
pub(super) fn interpolate(knots: &[f64], values: &[f64], x: f64) -> f64 {
    let right = knots.partition_point(|&k| k <= x);
    if right == 0 {
        values[0]
    } else if right == knots.len() {
        values[right - 1]
    } else {
        let (x0, x1) = (knots[right - 1], knots[right]);
        let (y0, y1) = (values[right - 1], values[right]);
        y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
    }
}

/// 1 / (1 + exp(-margin)), without overflow.
pub fn sigmoid(margin: f64) -> f64 {
    if margin >= 0.0 {
        1.0 / (1.0 + libm::exp(-margin))
    } else {
        let e = libm::exp(margin);
        e / (1.0 + e)
    }
}

/// ln(p / (1 - p)); `p` is kept within 1e-12 of 0 and 1, so that the result is finite.
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    libm::log(p / (1.0 - p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_inverse_and_never_overflow() {
        for p in [1e-9, 0.1, 0.5, 0.9, 1.0 - 1e-9] {
            assert!((sigmoid(logit(p)) - p).abs() < 1e-15);
        }
        assert_eq!((sigmoid(1e9), sigmoid(-1e9)), (1.0, 0.0));
        assert!(logit(0.0).is_finite() && logit(1.0).is_finite());
    }
}
