//! Checks a recording: errors for what cannot become a voice, notices for what is doubtful.

use ::audio::Recording;

use super::{AudioError, RecordingNotice};
use crate::LONGEST_PROMPT;

/// Magnitude below which nothing is audible: 80 dB below full scale.
const SILENT_PEAK: f32 = 1e-4;
/// Length of the windows for measuring loudness, in seconds: one wave of the lowest voice.
const WINDOW: f64 = 0.02;
/// A window that is so much softer than the loudest contains no speech: 40 dB.
const BACKGROUND: f32 = 0.01;
/// Recordings below this length make poor voices, in seconds.
const SHORT_SECONDS: f64 = 2.0;
/// Least seconds of speech in a recording that is long enough.
const LEAST_SOUND: f64 = 1.0;
/// Peak below which the voice disappears in noise: 40 dB below full scale.
const QUIET_PEAK: f32 = 0.01;
/// Peak that no recording in the range -1 to 1 reaches. Decoders overshoot by up to half.
const OTHER_SCALE: f32 = 4.0;
/// Magnitudes of a clipped sample. A decoder's overshoot does not count as clipping.
const CLIPPED: std::ops::RangeInclusive<f32> = 0.999..=1.0;
/// Number of consecutive samples of this magnitude that only clipping produces.
const CLIPPED_RUN: usize = 3;
/// Audible share of clipped samples.
const MUCH_CLIPPED: f64 = 0.001;
/// Mean that a working microphone does not produce.
const OFFSET: f64 = 0.05;
/// Least share of the channels' level that their average should keep: 20 dB.
const KEPT: f32 = 0.1;

/// Refuses a recording that cannot become a voice: without samples, with samples that are not
/// finite, or silent. Returns notices about anything that may make a poor voice.
pub(crate) fn check(recording: &Recording) -> Result<Vec<RecordingNotice>, AudioError> {
    let &Recording {
        ref samples,
        sample_rate: rate,
        truncated,
        channel_level,
    } = recording;
    if !(1_000..=768_000).contains(&rate) {
        return Err(AudioError::SampleRate { rate });
    }
    if samples.is_empty() {
        return Err(AudioError::NoSamples);
    }
    let seconds = |count: usize| count as f64 / f64::from(rate);
    if let Some(at) = samples.iter().position(|sample| !sample.is_finite()) {
        return Err(AudioError::NotFinite {
            seconds: seconds(at),
        });
    }
    let measure = Measure::of(samples, rate);
    if measure.swing >= SILENT_PEAK {
        return Ok(notices(recording, &measure));
    }
    Err(
        if channel_level > SILENT_PEAK && measure.level < KEPT * channel_level {
            AudioError::ChannelsCancel
        } else if measure.mean.abs() > f64::from(SILENT_PEAK) {
            AudioError::Constant {
                value: measure.mean,
            }
        } else {
            AudioError::Silent {
                peak: measure.peak,
                truncated,
            }
        },
    )
}

/// What may make a poor voice of a recording with sound.
fn notices(recording: &Recording, measure: &Measure) -> Vec<RecordingNotice> {
    let length = recording.samples.len() as f64 / f64::from(recording.sample_rate);
    let is_short = length < SHORT_SECONDS;
    let is_scaled = measure.peak > OTHER_SCALE;
    let kept = measure.level / recording.channel_level;
    let possible = [
        (
            recording.truncated,
            RecordingNotice::Long {
                seconds: LONGEST_PROMPT,
            },
        ),
        (is_short, RecordingNotice::Short { seconds: length }),
        (
            !is_short && measure.sound < LEAST_SOUND,
            RecordingNotice::LittleSound {
                sound: measure.sound,
                seconds: length,
            },
        ),
        (is_scaled, RecordingNotice::Scale { peak: measure.peak }),
        (
            measure.swing < QUIET_PEAK,
            RecordingNotice::Quiet {
                decibels: decibels_below(measure.swing),
            },
        ),
        (
            !is_scaled && measure.clipped > MUCH_CLIPPED,
            RecordingNotice::Clipped {
                share: measure.clipped,
            },
        ),
        (
            !is_scaled && length > WINDOW && measure.mean.abs() > OFFSET,
            RecordingNotice::Offset {
                value: measure.mean,
            },
        ),
        (kept < KEPT, RecordingNotice::ChannelsCancel { kept }),
    ];
    let found = possible.into_iter().filter(|(is_so, _)| *is_so);
    found.map(|(_, notice)| notice).collect()
}

/// A magnitude in decibels below full scale.
pub(crate) fn decibels_below(magnitude: f32) -> f32 {
    -20.0 * magnitude.log10()
}

/// Measurements of samples.
struct Measure {
    /// Largest magnitude.
    peak: f32,
    mean: f64,
    /// Root mean square.
    level: f32,
    /// Half the distance between the extremes of the window with the largest one; 0 for a constant.
    swing: f32,
    /// Seconds of windows that are not much softer than the loudest.
    sound: f64,
    /// Share of clipped samples.
    clipped: f64,
}

impl Measure {
    fn of(samples: &[f32], rate: u32) -> Self {
        let window = (WINDOW * f64::from(rate)) as usize;
        let count = samples.len() as f64;
        let sum: f64 = samples.iter().map(|&it| f64::from(it)).sum();
        let squares: f64 = samples
            .iter()
            .map(|&it| f64::from(it) * f64::from(it))
            .sum();
        let peak = samples.iter().fold(0.0, |peak: f32, it| peak.max(it.abs()));
        // In less than one window, only the distance from zero can be measured.
        let swings: Vec<f32> = if samples.len() < window {
            vec![peak]
        } else {
            samples.chunks_exact(window).map(swing).collect()
        };
        let liveliest = swings.iter().copied().fold(0.0, f32::max);
        let sounding = (swings.iter())
            .filter(|&&it| it > BACKGROUND * liveliest)
            .count();
        Self {
            peak,
            mean: sum / count,
            level: (squares / count).sqrt() as f32,
            swing: liveliest,
            sound: sounding as f64 * WINDOW,
            clipped: clipped(samples) as f64 / count,
        }
    }
}

/// Half the distance between the extremes.
fn swing(window: &[f32]) -> f32 {
    let ends = window.iter().fold(
        (f32::INFINITY, f32::NEG_INFINITY),
        |(low, high): (f32, f32), &it| (low.min(it), high.max(it)),
    );
    (ends.1 - ends.0) / 2.0
}

/// Samples in runs at either end of the range.
fn clipped(samples: &[f32]) -> usize {
    // -1, 0 or 1.
    let side = |sample: f32| {
        let is_clipped = CLIPPED.contains(&sample.abs());
        i8::from(is_clipped && sample > 0.0) - i8::from(is_clipped && sample < 0.0)
    };
    samples
        .chunk_by(|a, b| side(*a) == side(*b))
        .filter(|run| run.len() >= CLIPPED_RUN && side(run[0]) != 0)
        .map(<[f32]>::len)
        .sum()
}

#[cfg(test)]
mod tests;
