//! Gauss-Legendre quadrature on [0, 1].

/// Points and weights of `n`-point quadrature, exact for polynomials up to degree 2n - 1; the points are the roots of
/// the Legendre polynomial, by Newton's method.
pub(super) fn gauss_legendre(n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut points = vec![0.0; n];
    let mut weights = vec![0.0; n];
    for i in 0..n {
        let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5));
        let mut slope = 1.0;
        for _ in 0..100 {
            let (mut p0, mut p1) = (1.0, x);
            for k in 2..=n {
                let k = k as f64;
                (p0, p1) = (p1, ((2.0 * k - 1.0) * x * p1 - (k - 1.0) * p0) / k);
            }
            slope = n as f64 * (x * p1 - p0) / (x * x - 1.0);
            let step = p1 / slope;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        points[i] = 0.5 * (1.0 - x);
        weights[i] = 1.0 / ((1.0 - x * x) * slope * slope);
    }
    (points, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_its_degree() {
        for n in 1..=32 {
            let (points, weights) = gauss_legendre(n);
            for degree in 0..2 * n {
                let sum: f64 = points.iter().zip(&weights).map(|(p, w)| w * p.powi(degree as i32)).sum();
                assert!((sum - 1.0 / (degree as f64 + 1.0)).abs() < 1e-14, "n {n} degree {degree}: {sum}");
            }
        }
    }
}
