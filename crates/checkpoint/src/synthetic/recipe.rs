//! The distribution that each tensor is drawn from.

use rand::Rng;

use super::normal;

/// The distribution of one tensor's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ValueRecipe {
    /// `mean + deviation * n`, with the standard normal `n` held within `±limit`.
    Normal {
        mean: f32,
        deviation: f32,
        limit: f32,
    },
    /// Every value the same.
    Constant(f32),
    /// The angular frequencies of a sinusoidal time embedding: `10000^(-i / len)`.
    Frequencies { len: usize },
}

impl ValueRecipe {
    /// The recipe for the tensor `key`.
    pub(super) fn of(key: &str, shape: &[usize]) -> Self {
        let ends = |endings: &[&str]| endings.iter().any(|end| key.ends_with(end));
        let first = shape.first().copied().unwrap_or(1);
        // Number of terms in the sum of one output of a linear layer or a convolution.
        let fan_in: usize = shape.iter().skip(1).product();
        let unit = 1.0 / (fan_in as f32).sqrt();

        if ends(&[".freqs"]) {
            Self::Frequencies { len: first }
        } else if ends(&["emb_std"]) {
            Self::Normal {
                mean: 1.0,
                deviation: 0.15,
                limit: 2.0,
            }
        } else if ends(&["emb_mean"]) {
            Self::around(0.0, 0.1)
        } else if ends(&["bos_emb", "bos_before_voice", "embed.weight"]) {
            Self::around(0.0, 1.0)
        } else if ends(&["out_eos.bias"]) {
            Self::Constant(-12.0)
        } else if ends(&[".scale"]) {
            Self::around(0.3, 0.06)
        } else if ends(&[".alpha", "in_ln.weight", "norm.weight"])
            || ends(&["norm1.weight", "norm2.weight"])
        {
            Self::around(1.0, 0.2)
        } else if ends(&[".bias"]) {
            Self::around(0.0, 0.05)
        } else if key.contains(".adaLN_modulation.") {
            Self::around(0.0, 0.5 * unit)
        } else if ends(&["final_layer.linear.weight"]) {
            // Latents of unit size after all sampling steps.
            Self::around(0.0, 0.06 * unit)
        } else if key.starts_with("mimi.decoder.model.") && first == 1 {
            // Samples that are audible and not clipped.
            Self::around(0.0, 0.1 * unit)
        } else if key.contains("upsample") {
            Self::around(0.0, 0.7)
        } else if ends(&["convtr.weight"]) {
            // Two taps of each kernel overlap at every output.
            Self::around(0.0, 1.2 / (2.0 * first as f32).sqrt())
        } else if key.contains(".model.") && shape.len() == 3 {
            // Compensates for what ELU removes.
            Self::around(0.0, 1.2 * unit)
        } else {
            Self::around(0.0, unit)
        }
    }

    fn around(mean: f32, deviation: f32) -> Self {
        Self::Normal {
            mean,
            deviation,
            limit: f32::INFINITY,
        }
    }

    /// Fills `out` with the values from index `at` on.
    pub(super) fn fill(self, random: &mut impl Rng, at: usize, out: &mut [f32]) {
        match self {
            Self::Normal {
                mean,
                deviation,
                limit,
            } => {
                normal(random, out);
                for value in out {
                    *value = mean + deviation * value.clamp(-limit, limit);
                }
            }
            Self::Constant(constant) => out.fill(constant),
            Self::Frequencies { len } => {
                for (index, value) in out.iter_mut().enumerate() {
                    let octave = (at + index) as f64 / len as f64;
                    *value = (-(10_000_f64.ln()) * octave).exp() as f32;
                }
            }
        }
    }
}
