//! Twenty measurements with the loss and the gradient that the book prints.
//!
//! The book draws its measurements without a seed and shows them as dots only. It prints the first parameters p, the mean
//! squared error L and its gradient g there. With X the matrix of rows (t², t, 1) and r = X·p - speed the residuals,
//! L = |r|² / 20 and g = Xᵀ·r / 10. As the loss is quadratic in the parameters, L and g at one point decide
//! it everywhere: any measurements with this L and g make the same descent. So r was put together from two parts:
//!
//! - the part that a quadratic can explain, which g decides: X·(XᵀX)⁻¹·10·g;
//! - a part that no quadratic can, orthogonal to X's columns, which L only gives the length: 20·L = the sum of both
//!   lengths squared. It was drawn from a normal distribution, made orthogonal, and scaled.
//!
//! The best quadratic through these has its lowest point at t = 9.6 and speed 1.04, and the residuals a standard
//! deviation of 2.93: a roller coaster over a hill's top, as in the text. L has 0.0013 more than its printed digits,
//! as much as a sum of 32-bit floats may be off, which brings all ten losses to 0.001 of the printed ones.

/// Speed at the moments 0, 1 .. 19.
pub const SPEED: [f32; 20] = [
    73.77364, 59.28098, 48.881123, 26.178724, 24.689356, 19.167595, 10.638793, 3.383517, 1.000023, 2.722801, 2.210497,
    1.711616, 6.14948, 10.152478, 17.986626, 26.516039, 32.920284, 45.81601, 51.427277, 67.211136,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quadratic_fit::START;

    /// r at the start, in double precision.
    fn residuals() -> Vec<f64> {
        let [a, b, c] = START.map(|p| format!("{p}").parse::<f64>().unwrap());
        let at = |t: usize| a * (t * t) as f64 + b * t as f64 + c - f64::from(SPEED[t]);
        (0..20).map(at).collect()
    }

    #[test]
    fn the_measurements_have_the_printed_loss_and_gradient() {
        let residuals = residuals();
        let mean = |weight: &dyn Fn(f64) -> f64| {
            residuals.iter().enumerate().map(|(t, r)| r * weight(t as f64)).sum::<f64>() / 20.0
        };
        let loss = residuals.iter().map(|r| r * r).sum::<f64>() / 20.0;
        assert!((loss - 25823.8086).abs() < 0.002, "{loss}");
        let gradient = [2.0 * mean(&|t| t * t), 2.0 * mean(&|t| t), 2.0 * mean(&|_| 1.0)];
        for (ours, printed) in gradient.iter().zip([-53195.8594, -3419.7146, -253.8908]) {
            assert!((ours - printed).abs() < 2e-3, "{ours} and {printed}");
        }
    }
}
