//! Counterpart of `end_on_pause` in pocket-tts `data/audio_utils.py`.

use super::fade::linspace;

/// Length of the stretches whose level is measured, in seconds.
const LOUDNESS_FRAME: f64 = 0.02;
/// Level below the loudest stretch that counts as silence, in dB.
const FLOOR_DB: f32 = 35.0;
/// Length of the fade-out, in seconds.
const PAUSE_FADE: f64 = 0.02;
/// Length of the silence after it, in seconds.
const SHORTEST_PAUSE: f64 = 0.08;

/// Ends a recording with a short pause, like the prompts that the model was trained with. After a
/// prompt that ends in speech the model would continue that speech.
pub fn end_on_pause(samples: &mut Vec<f32>, sample_rate: u32) {
    let length = |seconds: f64| (seconds * f64::from(sample_rate)) as usize;
    let frame = length(LOUDNESS_FRAME).max(1);
    let levels: Vec<f32> = samples.chunks_exact(frame).map(level).collect();
    let Some(loudest) = levels.iter().copied().reduce(f32::max) else {
        return;
    };
    let last = levels.iter().rposition(|level| *level > loudest - FLOOR_DB);
    let end = last.map_or(0, |last| (last + 1) * frame);
    samples.truncate(end);
    let fade = length(PAUSE_FADE).min(end);
    for (i, sample) in samples[end - fade..].iter_mut().enumerate() {
        *sample *= linspace(1.0, 0.0, fade, i);
    }
    samples.resize(end + length(SHORTEST_PAUSE), 0.0);
}

/// Root mean square, in dB.
fn level(samples: &[f32]) -> f32 {
    let squares: f32 = samples.iter().map(|sample| sample * sample).sum();
    20.0 * ((squares / samples.len() as f32).sqrt() + 1e-12).log10()
}
