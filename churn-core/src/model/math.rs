//! Logistic functions, from a pure-Rust libm so that every platform gives the same bits.

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
