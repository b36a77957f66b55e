//! Polyphase resampling: counterpart of `scipy.signal.resample_poly`, which `convert_audio` in
//! pocket-tts `data/audio_utils.py` uses.

use std::f64::consts::PI;

use super::AudioError;

/// Shape of the Kaiser window.
const BETA: f64 = 5.0;
/// Half the filter's length, in samples of the lower rate.
const HALF: usize = 10;

/// Resamples mono samples, at rates from 1 to 768 kHz.
pub fn resample_poly(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>, AudioError> {
    for rate in [from, to] {
        if !(1_000..=768_000).contains(&rate) {
            return Err(AudioError::SampleRate { rate });
        }
    }
    if from == to {
        return Ok(samples.to_vec());
    }
    let divisor = greatest_common_divisor(from, to);
    let (up, down) = ((to / divisor) as usize, (from / divisor) as usize);
    let half = HALF * up.max(down);
    let phases = Phases::new(up, down, half);
    let length = (samples.len() * up).div_ceil(down);
    Ok((0..length)
        .map(|m| phases.output(samples, m * down + half))
        .collect())
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

/// The filter, arranged so that the taps of one output are adjacent.
struct Phases {
    up: usize,
    /// Taps of one phase.
    taps: usize,
    /// Phase by phase: taps `phase`, `phase + up`, `phase + 2 up`, ...
    filter: Vec<f32>,
}

impl Phases {
    /// A low pass of `2 half + 1` taps: a sinc under a Kaiser window.
    fn new(up: usize, down: usize, half: usize) -> Self {
        let cutoff = 1.0 / up.max(down) as f64;
        let tap = |n: usize| {
            let x = n as f64 - half as f64;
            let edge = x / half as f64;
            let window = bessel_i0(BETA * (1.0 - edge * edge).max(0.0).sqrt()) / bessel_i0(BETA);
            cutoff * sinc(cutoff * x) * window
        };
        let filter: Vec<f64> = (0..=2 * half).map(tap).collect();
        // Preserves the level.
        let gain = up as f64 / filter.iter().sum::<f64>();
        let taps = filter.len().div_ceil(up);
        let mut phases = vec![0.0; taps * up];
        for (n, tap) in filter.iter().enumerate() {
            phases[n % up * taps + n / up] = (tap * gain) as f32;
        }
        Self {
            up,
            taps,
            filter: phases,
        }
    }

    /// The output whose newest tap is at position `at` of the zero-stuffed samples.
    fn output(&self, samples: &[f32], at: usize) -> f32 {
        let taps = &self.filter[at % self.up * self.taps..][..self.taps];
        let newest = at / self.up;
        // Samples before the first and after the last are zero.
        let skipped = (newest + 1).saturating_sub(samples.len());
        let products = taps
            .iter()
            .skip(skipped)
            .zip(samples[..samples.len().min(newest + 1)].iter().rev());
        products
            .map(|(tap, sample)| f64::from(*tap) * f64::from(*sample))
            .sum::<f64>() as f32
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        libm::sin(PI * x) / (PI * x)
    }
}

/// The modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..64 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_keeps_its_pitch_and_level() {
        let tone = |rate: u32, i: usize| (2.0 * PI * 440.0 * i as f64 / f64::from(rate)).sin();
        let mut wrong = Vec::new();
        for from in [
            8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000, 96_000, 191_999,
        ] {
            let samples: Vec<_> = (0..from as usize / 4)
                .map(|i| tone(from, i) as f32)
                .collect();
            let resampled = resample_poly(&samples, from, 24_000).unwrap();
            let length = (samples.len() * 24_000).div_ceil(from as usize);
            // Beyond the ends is silence.
            let middle = 500..length - 500;
            let worst = middle
                .map(|i| (f64::from(resampled[i]) - tone(24_000, i)).abs())
                .fold(0.0, f64::max);
            if resampled.len() != length || worst > 2e-3 {
                wrong.push((from, resampled.len(), length, worst));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn nothing_stays_nothing() {
        assert_eq!(resample_poly(&[], 44_100, 24_000), Ok(Vec::new()));
        assert!(resample_poly(&[0.0], 0, 24_000).is_err());
    }
}
