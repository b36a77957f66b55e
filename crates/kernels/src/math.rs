//! Elementary functions to about 1e-7, written so that the compiler vectorises them.
//!
//! No branches and no calls: every operation exists for vectors on every processor, and all
//! round alike, so the same number comes out everywhere.

use std::hint::black_box;

/// Adding it to a number below 2^22 in magnitude leaves the nearest integer in the lower bits.
pub(crate) const ROUND_TO_INTEGER: f32 = 12_582_912.0;
/// ln 2 in two parts, so that multiples of the first are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Beyond these, e^x does not fit into an f32, or its parts are subnormal, which are slow.
const RANGE: [f32; 2] = [-86.0, 88.0];
/// Bits of 1.0.
const ONE_BITS: u32 = 127 << 23;

/// The functions, with what they are computed with.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    zero: f32,
    range: [f32; 2],
    log_2_e: f32,
    round: f32,
    ln_2: [f32; 2],
    /// Minimax polynomial of (e^r - 1 - r) / r^2 on [-ln 2 / 2, ln 2 / 2] (Cephes' expf).
    polynomial: [f32; 6],
    one_bits: u32,
    one: f32,
    /// Of GELU: -sqrt(8 / pi), and the cube's factor.
    gelu: [f32; 2],
}

impl Functions {
    /// All functions. In a page their constants are values that the compiler does not know: a
    /// browser makes a constant vector anew, by three instructions, wherever it is used, and more of them
    /// than of the functions' own would be run.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        let functions = Self {
            zero: 0.0,
            range: RANGE,
            log_2_e: std::f32::consts::LOG2_E,
            round: ROUND_TO_INTEGER,
            ln_2: LN_2,
            polynomial: [
                1.987_569_1e-4,
                1.398_199_9e-3,
                8.333_452e-3,
                4.166_579_6e-2,
                1.666_666_5e-1,
                0.5,
            ],
            one_bits: ONE_BITS,
            one: 1.0,
            gelu: [-1.595_769_2, 0.044_715],
        };
        if cfg!(target_arch = "wasm32") {
            black_box(functions)
        } else {
            functions
        }
    }

    /// `x`, which is not below [`RANGE`], as `n ln 2 + r`: 2^n and e^r - 1.
    #[inline(always)]
    fn split(&self, x: f32) -> [f32; 2] {
        let shifted = x * self.log_2_e + self.round;
        let n = shifted - self.round;
        let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(self.one_bits));
        let r = x - n * self.ln_2[0] - n * self.ln_2[1];
        let [first, rest @ ..] = self.polynomial;
        let p = rest.into_iter().fold(first, |p, next| p * r + next);
        [power, p * r * r + r]
    }

    /// `x` where it is above the lower end of [`RANGE`], otherwise the end.
    #[inline(always)]
    fn raised(&self, x: f32) -> f32 {
        if x < self.range[0] { self.range[0] } else { x }
    }

    /// e^x.
    #[inline(always)]
    pub(crate) fn exp(&self, x: f32) -> f32 {
        let x = self.raised(x);
        let x = if x > self.range[1] { self.range[1] } else { x };
        let [power, rest] = self.split(x);
        power * rest + power
    }

    /// Exponential linear unit.
    #[inline(always)]
    pub(crate) fn elu(&self, x: f32) -> f32 {
        // One of the two is 0, and the sum exact. A maximum takes fewer instructions than a choice.
        let positive = if x > self.zero { x } else { self.zero };
        let negative = if x > self.zero { self.zero } else { x };
        // e^x - 1, precise near 0.
        let [power, rest] = self.split(self.raised(negative));
        positive + (power * rest + (power - self.one))
    }

    /// x times the logistic function.
    #[inline(always)]
    pub(crate) fn silu(&self, x: f32) -> f32 {
        x / (self.one + self.exp(-x))
    }

    /// GELU by its tanh approximation: `1 + tanh(u)` is twice the logistic function of `2 u`.
    #[inline(always)]
    pub(crate) fn gelu_tanh(&self, x: f32) -> f32 {
        let [factor, cube] = self.gelu;
        x / (self.one + self.exp(factor * (x + cube * x * x * x)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function, what it should be, and how far off it may be, in parts of the larger of
    /// the result and `scale`.
    struct Case {
        name: &'static str,
        function: fn(&Functions, f32) -> f32,
        exact: fn(f64) -> f64,
        scale: f64,
    }

    #[test]
    fn functions_are_exact_to_single_precision() {
        let cases = [
            Case {
                name: "exp",
                function: Functions::exp,
                exact: f64::exp,
                scale: 0.0,
            },
            Case {
                name: "elu",
                function: Functions::elu,
                exact: |x| if x > 0.0 { x } else { x.exp_m1() },
                scale: 0.0,
            },
            Case {
                name: "silu",
                function: Functions::silu,
                exact: |x| x / (1.0 + (-x).exp()),
                scale: 1e-30,
            },
            Case {
                name: "gelu_tanh",
                function: Functions::gelu_tanh,
                exact: |x| {
                    let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                    0.5 * x * (1.0 + u.tanh())
                },
                // Where tanh is near -1, 1 + tanh has few digits in the original, too.
                scale: 0.1,
            },
        ];
        let functions = Functions::new();
        // Miri is slow, and looks for other things.
        let step = if cfg!(miri) { 1000 } else { 1 };
        let mut wrong = Vec::new();
        for case in cases {
            let mut worst = (0.0, 0.0);
            for i in (-80_000..=80_000).step_by(step) {
                let x = i as f32 / 1000.0;
                let exact = (case.exact)(f64::from(x));
                let error = (f64::from((case.function)(&functions, x)) - exact).abs();
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
        let functions = Functions::new();
        for x in [f32::MIN, -1e6, -100.0, 100.0, 1e6] {
            for function in [Functions::exp, Functions::elu, Functions::silu] {
                assert!(function(&functions, x).is_finite(), "{x}");
            }
        }
        assert!(functions.exp(f32::NAN).is_nan());
        assert!(functions.elu(f32::NAN).is_nan());
    }
}
