//! The sampler's noise: normal or truncated, and the same on every machine.

mod normal;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use self::normal::{cdf, inverse_cdf};

/// Noise from a seed. It has the distribution of upstream's `normal_` and `trunc_normal_`, but is
/// another sequence, computed only with operations that every platform rounds alike.
#[derive(Clone, Debug)]
pub struct Noise {
    bits: Xoshiro256PlusPlus,
    deviation: f64,
    /// Lowest probability that is drawn, and its distance to the highest.
    range: (f64, f64),
    clamp: f64,
}

/// Why noise cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoiseError {
    /// A temperature that cannot be a variance.
    #[error("the temperature has to be a number from 0 on, and is {0}")]
    Temperature(f32),
    /// A bound that allows no value.
    #[error("the noise clamp has to be a number above 0, and is {0}")]
    Clamp(f32),
}

impl Noise {
    /// Noise of variance `temperature`, truncated at `clamp` on both sides.
    pub fn new(seed: u64, temperature: f32, clamp: Option<f32>) -> Result<Self, NoiseError> {
        if !temperature.is_finite() || temperature < 0.0 {
            return Err(NoiseError::Temperature(temperature));
        }
        let clamp = match clamp {
            Some(clamp) if clamp.is_nan() || clamp <= 0.0 => return Err(NoiseError::Clamp(clamp)),
            Some(clamp) => f64::from(clamp),
            None => f64::INFINITY,
        };
        let deviation = f64::from(temperature).sqrt();
        let lowest = if deviation > 0.0 {
            cdf(-clamp / deviation)
        } else {
            0.0
        };
        Ok(Self {
            bits: Xoshiro256PlusPlus::seed_from_u64(seed),
            deviation,
            range: (lowest, 1.0 - 2.0 * lowest),
            clamp,
        })
    }

    /// Fills `values` with the next noise.
    pub fn fill(&mut self, values: &mut [f32]) {
        for value in values {
            // The centre of one of 2^53 intervals between 0 and 1.
            let uniform = ((self.bits.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
            let (lowest, width) = self.range;
            let noise = self.deviation * inverse_cdf(lowest + width * uniform);
            *value = noise.clamp(-self.clamp, self.clamp) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(temperature: f32, clamp: Option<f32>, count: usize) -> Vec<f32> {
        let mut values = vec![0.0; count];
        Noise::new(7, temperature, clamp).unwrap().fill(&mut values);
        values
    }

    /// Bits of the first values for seed 7 and variance 0.3.
    const PINNED: [u32; 6] = [
        0xbf5f_a403,
        0xbf04_9f56,
        0x3ea1_6ef9,
        0xbdcd_d191,
        0x3f7b_aa5e,
        0xbd41_1aed,
    ];

    #[test]
    fn the_stream_is_pinned() {
        let bits: Vec<_> = draw(0.3, None, 6).iter().map(|v| v.to_bits()).collect();
        assert_eq!(bits, PINNED, "{bits:#010x?}");
    }

    #[test]
    fn noise_has_the_distribution_it_should_have() {
        let cases = [
            (1.0, None),
            (0.3, None),
            (0.7, Some(0.5)),
            (1.0, Some(3.0)),
            (0.3, Some(1e-3)),
        ];
        let mut wrong = Vec::new();
        for (temperature, clamp) in cases {
            let mut values = draw(temperature, clamp, 100_000);
            values.sort_by(f32::total_cmp);
            let deviation = f64::from(temperature).sqrt();
            let bound = clamp.map_or(f64::INFINITY, f64::from);
            let low = cdf(-bound / deviation);
            // Kolmogorov-Smirnov: the largest distance to the distribution function.
            let expected = |x: f32| (cdf(f64::from(x) / deviation) - low) / (1.0 - 2.0 * low);
            let distance = (values.iter().enumerate())
                .map(|(i, &x)| ((i as f64 + 0.5) / values.len() as f64 - expected(x)).abs())
                .fold(0.0, f64::max);
            let within = values.iter().all(|v| f64::from(v.abs()) <= bound);
            if distance > 1.63 / (values.len() as f64).sqrt() || !within {
                wrong.push((temperature, clamp, distance, within));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn temperature_zero_is_silent() {
        assert!(draw(0.0, None, 100).iter().all(|&v| v == 0.0));
        assert!(draw(0.0, Some(1.0), 100).iter().all(|&v| v == 0.0));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for temperature in [-0.1, f32::NAN, f32::INFINITY] {
            assert!(Noise::new(0, temperature, None).is_err(), "{temperature}");
        }
        for clamp in [0.0, -1.0, f32::NAN] {
            assert!(Noise::new(0, 1.0, Some(clamp)).is_err(), "{clamp}");
        }
    }
}
