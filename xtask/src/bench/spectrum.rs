//! How far the spectra of stretched speech are from those of the speech it was made of.

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

const SPECTRUM_RATE: f64 = 24_000.0;
/// Samples from one spectrum of the original to the next, and of what was made of it.
const HOPS: [usize; 2] = [60, 120];
/// Spectra of the original on each side of the right one that may be meant: 25 ms.
const SEARCH_REACH: usize = 10;
/// Power that is added to every band: what is quieter does not count.
const FLOOR: f32 = 1e-4;
/// Decibels below the loudest spectrum from which on one counts as a pause.
const PAUSE_DB: f32 = 40.0;
/// Mel bands, and the highest frequency of single lines, in Hz.
const BANDS: usize = 40;
const HIGHEST: f64 = 5_000.0;

/// What is compared.
#[derive(Clone, Copy)]
pub(super) enum Spectrum {
    /// Mel bands of 21 ms: timbre, and how quickly it changes.
    Mel,
    /// Single lines of 43 ms, in which the harmonics of a voice stand apart: pitch and roughness.
    Lines,
}

impl Spectrum {
    fn window(self) -> usize {
        match self {
            Self::Mel => 512,
            Self::Lines => 1_024,
        }
    }

    /// Levels in decibels, of windows `hop` samples apart.
    fn of(self, samples: &[f32], hop: usize) -> Vec<Vec<f32>> {
        let length = self.window();
        let fft = FftPlanner::new().plan_fft_forward(length);
        let starts = (0..(samples.len() + 1).saturating_sub(length)).step_by(hop);
        let power = starts.map(|start| power(&samples[start..start + length], &fft));
        power.map(|power| self.levels(&power)).collect()
    }

    fn levels(self, power: &[f32]) -> Vec<f32> {
        let line = |frequency: f64| frequency / SPECTRUM_RATE * self.window() as f64;
        let bands = match self {
            Self::Lines => power[..line(HIGHEST) as usize].to_vec(),
            Self::Mel => {
                let mel = |frequency: f64| (1.0 + frequency / 700.0).ln();
                let mut bands = [0.0; BANDS + 2];
                for (i, power) in power.iter().enumerate() {
                    let frequency = i as f64 * SPECTRUM_RATE / self.window() as f64;
                    let place = mel(frequency) / mel(SPECTRUM_RATE / 2.0) * (BANDS + 1) as f64;
                    let part = place.fract() as f32;
                    bands[place as usize] += power * (1.0 - part);
                    bands[place as usize + 1] += power * part;
                }
                bands[1..=BANDS].to_vec()
            }
        };
        let decibels = bands.iter().map(|power| 10.0 * (power + FLOOR).log10());
        decibels.collect()
    }

    /// The mean distance in decibels of `heard` from `own` at `speed`, pauses aside. A moment may
    /// lie up to 25 ms from where it should.
    pub(super) fn distance(self, own: &[f32], heard: &[f32], speed: f64) -> Option<f64> {
        let (from, to) = (self.of(own, HOPS[0]), self.of(heard, HOPS[1]));
        let loudest = from.iter().map(|levels| mean(levels)).reduce(f32::max)?;
        let half = self.window() as f64 / 2.0;
        let nearest = |(i, levels): (usize, &Vec<f32>)| {
            let middle = ((i * HOPS[1]) as f64 + half) * speed - half;
            let place = (middle.max(0.0) / HOPS[0] as f64) as usize;
            let meant =
                place.saturating_sub(SEARCH_REACH)..from.len().min(place + SEARCH_REACH + 1);
            let distance = |i: usize| (apart(&from[i], levels), i);
            let (distance, i) = meant.map(distance).min_by(|a, b| a.0.total_cmp(&b.0))?;
            (mean(&from[i]) > loudest - PAUSE_DB).then_some(f64::from(distance))
        };
        let distances: Vec<f64> = to.iter().enumerate().filter_map(nearest).collect();
        Some(distances.iter().sum::<f64>() / distances.len() as f64)
    }
}

fn power(samples: &[f32], fft: &Arc<dyn Fft<f32>>) -> Vec<f32> {
    let length = samples.len();
    let window = |i: usize| 0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / length as f32).cos();
    let windowed = samples.iter().enumerate();
    let mut lines: Vec<_> = windowed
        .map(|(i, sample)| Complex32::new(sample * window(i), 0.0))
        .collect();
    fft.process(&mut lines);
    lines[..length / 2]
        .iter()
        .map(Complex32::norm_sqr)
        .collect()
}

fn mean(levels: &[f32]) -> f32 {
    levels.iter().sum::<f32>() / levels.len() as f32
}

/// Root mean square of the differences.
fn apart(a: &[f32], b: &[f32]) -> f32 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    (squares.sum::<f32>() / a.len() as f32).sqrt()
}
