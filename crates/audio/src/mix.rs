//! Averages several channels into one.

use std::time::Duration;

use crate::Recording;

/// Averages channels, up to a limit, and measures how much level that loses.
#[derive(Debug)]
pub struct Mixer {
    sample_rate: u32,
    /// Frames that there is room for.
    longest: usize,
    samples: Vec<f32>,
    truncated: bool,
    /// Sum over all frames of the mean square of the channels.
    energy: f64,
}

impl Mixer {
    /// For a recording of that rate. Samples after `limit` are ignored.
    pub fn new(sample_rate: u32, limit: Option<Duration>) -> Self {
        Self {
            sample_rate,
            longest: Self::longest(sample_rate, limit),
            samples: Vec::new(),
            truncated: false,
            energy: 0.0,
        }
    }

    /// Frames that `limit` has room for.
    pub(crate) fn longest(sample_rate: u32, limit: Option<Duration>) -> usize {
        limit.map_or(usize::MAX, |limit| {
            (limit.as_secs_f64() * f64::from(sample_rate)) as usize
        })
    }

    /// Samples per second.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Whether nothing has been pushed so far.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Adds frames of interleaved samples; false once the limit is exceeded.
    pub fn interleaved(&mut self, samples: &[f32], channels: usize) -> bool {
        let channels = channels.max(1);
        let frames = samples.chunks_exact(channels);
        let free = self.longest - self.samples.len();
        self.truncated |= frames.len() > free;
        let share = 1.0 / channels as f32;
        for frame in frames.take(free) {
            let (mut sum, mut squares) = (0.0_f32, 0.0_f64);
            for &sample in frame {
                sum += sample;
                squares += f64::from(sample) * f64::from(sample);
            }
            self.samples
                .push(if channels == 1 { sum } else { sum * share });
            self.energy += squares / channels as f64;
        }
        !self.truncated
    }

    /// The recording.
    pub fn finish(self) -> Recording {
        let count = self.samples.len().max(1);
        Recording {
            sample_rate: self.sample_rate,
            truncated: self.truncated,
            channel_level: (self.energy / count as f64).sqrt() as f32,
            samples: self.samples,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_averaged_and_measured() {
        let mut mixer = Mixer::new(2, Some(Duration::from_secs(1)));
        assert!(mixer.interleaved(&[0.5, -0.5, 0.5, 0.5], 2));
        assert!(!mixer.interleaved(&[1.0, 1.0], 2));
        let recording = mixer.finish();
        assert_eq!(recording.samples, [0.0, 0.5]);
        assert!((recording.channel_level - 0.5).abs() < 1e-6);
        assert!(recording.truncated);
    }
}
