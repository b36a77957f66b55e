//! Elementary functions to about 1e-7, written so that the compiler vectorises them.
//!
//! No branches and no calls: every operation exists for vectors on every processor, and all
//! round alike, so the same number comes out everywhere.

/// Adding it to a number below 2^22 in magnitude leaves the nearest integer in the lower bits.
pub(crate) const ROUND_TO_INTEGER: f32 = 12_582_912.0;
/// ln 2 in two parts, so that multiples of the first are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Beyond these, e^x does not fit into an f32, or its parts are subnormal, which are slow.
const RANGE: [f32; 2] = [-86.0, 88.0];

/// `x` within [`RANGE`] as `n ln 2 + r`: 2^n and e^r - 1.
#[inline(always)]
fn split(x: f32) -> [f32; 2] {
    let x = if x < RANGE[0] { RANGE[0] } else { x };
    let x = if x > RANGE[1] { RANGE[1] } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND_TO_INTEGER;
    let n = shifted - ROUND_TO_INTEGER;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    let r = x - n * LN_2[0] - n * LN_2[1];
    // Minimax polynomial of (e^r - 1 - r) / r^2 on [-ln 2 / 2, ln 2 / 2] (Cephes' expf).
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    [power, p * r * r + r]
}

/// e^x.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let [power, rest] = split(x);
    power * rest + power
}

/// e^x - 1, precise near 0.
#[inline(always)]
pub(crate) fn exp_m1(x: f32) -> f32 {
    let [power, rest] = split(x);
    power * rest + (power - 1.0)
}

/// Exponential linear unit.
#[inline(always)]
pub(crate) fn elu(x: f32) -> f32 {
    // One of the two is 0, and the sum exact. A maximum takes fewer instructions than a choice.
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + exp_m1(if x > 0.0 { 0.0 } else { x })
}

/// x times the logistic function.
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// GELU by its tanh approximation: `1 + tanh(u)` is twice the logistic function of `2 u`.
#[inline(always)]
pub(crate) fn gelu_tanh(x: f32) -> f32 {
    const SQRT_8_OVER_PI: f32 = 1.595_769_2;
    x / (1.0 + exp(-SQRT_8_OVER_PI * (x + 0.044_715 * x * x * x)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function, what it should be, and how far off it may be, in parts of the larger of
    /// the result and `scale`.
    struct Case {
        name: &'static str,
        function: fn(f32) -> f32,
        exact: fn(f64) -> f64,
        scale: f64,
    }

    #[test]
    fn functions_are_exact_to_single_precision() {
        let cases = [
            Case {
                name: "exp",
                function: exp,
                exact: f64::exp,
                scale: 0.0,
            },
            Case {
                name: "exp_m1",
                function: exp_m1,
                exact: f64::exp_m1,
                scale: 0.0,
            },
            Case {
                name: "elu",
                function: elu,
                exact: |x| if x > 0.0 { x } else { x.exp_m1() },
                scale: 0.0,
            },
            Case {
                name: "silu",
                function: silu,
                exact: |x| x / (1.0 + (-x).exp()),
                scale: 1e-30,
            },
            Case {
                name: "gelu_tanh",
                function: gelu_tanh,
                exact: |x| {
                    let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                    0.5 * x * (1.0 + u.tanh())
                },
                // Where tanh is near -1, 1 + tanh has few digits in the original, too.
                scale: 0.1,
            },
        ];
        // Miri is slow, and looks for other things.
        let step = if cfg!(miri) { 1000 } else { 1 };
        let mut wrong = Vec::new();
        for case in cases {
            let mut worst = (0.0, 0.0);
            for i in (-80_000..=80_000).step_by(step) {
                let x = i as f32 / 1000.0;
                let exact = (case.exact)(f64::from(x));
                let error = (f64::from((case.function)(x)) - exact).abs();
                let error = error / exact.abs().max(case.scale).max(1e-37);
                if error > worst.0 || error.is_nan() {
                    worst = (error, x);
                }
            }
            if worst.0.is_nan() || worst.0 > 4e-7 {
                wrong.push((case.name, worst));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn functions_are_finite_at_the_ends() {
        for x in [f32::MIN, -1e6, -100.0, 100.0, 1e6] {
            for function in [exp, exp_m1, elu, silu] {
                assert!(function(x).is_finite(), "{x}");
            }
        }
        assert!(exp(f32::NAN).is_nan());
        assert!(elu(f32::NAN).is_nan());
    }
}
