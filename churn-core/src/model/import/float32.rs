//! Comparisons in float32, said in float64.
//!
//! XGBoost, scikit-learn, CatBoost and ONNX round a value to float32 before they compare it. Rounding is monotone, so
//! `f32(x) < t` and `f32(x) <= t` are each `x <= T` for a float64 `T` that can be reckoned exactly. With thresholds
//! rewritten once, at import, one kind of comparison remains and nothing is rounded when rows are scored.

/// One step beyond the largest float32, where rounding to infinity begins to be measured from: 2^128.
const BEYOND: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;

/// The largest float64 that rounds to `p` or below (ties go to the even one, as IEEE 754 says).
fn last_rounding_to(p: f32) -> f64 {
    let wide = |x: f32| if x.is_infinite() { BEYOND.copysign(f64::from(x)) } else { f64::from(x) };
    let middle = 0.5 * (wide(p) + wide(p.next_up()));
    if p.to_bits() & 1 == 0 { middle } else { middle.next_down() }
}

/// The largest float64 `x` with `f32(x) < t`.
pub(super) fn below(t: f32) -> f64 {
    last_rounding_to(t.next_down())
}

/// The largest float64 `x` with `f32(x) <= t`.
pub(super) fn at_most(t: f64) -> f64 {
    let near = t as f32;
    last_rounding_to(if f64::from(near) > t { near.next_down() } else { near })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(t: f32, x: f64) {
        assert_eq!((x as f32) < t, x <= below(t), "{x:e} < {t:e}");
        assert_eq!(f64::from(x as f32) <= f64::from(t), x <= at_most(f64::from(t)), "{x:e} <= {t:e}");
    }

    #[test]
    fn the_rewritten_comparison_decides_alike_at_every_edge() {
        let edges = [0.0f32, -0.0, 1.0, -1.0, 1e-45, -1e-45, 1.2e-38, 16_777_216.0, f32::MAX, f32::MIN, 1e30, 0.1];
        for t in edges {
            for near in [t.next_down(), t, t.next_up()] {
                let x = f64::from(near);
                let half = 0.5 * (f64::from(t) + x);
                for x in [x, x.next_up(), x.next_down(), half, half.next_up(), half.next_down(), -0.0, 0.0] {
                    check(t, x);
                }
            }
            for x in [f64::MAX, f64::MIN, 3.402_823_567_797_337e38, -3.402_823_567_797_337e38, f64::INFINITY] {
                check(t, x);
            }
        }
    }

    proptest! {
        #[test]
        fn the_rewritten_comparison_decides_alike(bits: u32, steps in -3i64..3, ulps in -3i64..3) {
            let t = f32::from_bits(bits);
            prop_assume!(t.is_finite());
            // Near the threshold, and near the middle of its neighbours.
            let neighbour = f32::from_bits((i64::from(bits) + steps).clamp(0, i64::from(u32::MAX)) as u32);
            prop_assume!(neighbour.is_finite());
            for x in [f64::from(neighbour), 0.5 * (f64::from(neighbour) + f64::from(t))] {
                check(t, f64::from_bits((x.to_bits() as i64).saturating_add(ulps) as u64));
            }
        }

        #[test]
        fn float64_thresholds_too(t in -1e6f64..1e6, x in -1e6f64..1e6) {
            prop_assert_eq!(f64::from(x as f32) <= t, x <= at_most(t));
            prop_assert_eq!(f64::from(t as f32) <= t, t <= at_most(t));
        }
    }
}
