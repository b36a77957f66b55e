//! Whether a recording is worth listening to.

use super::AudioError;

/// Magnitude below which nothing is heard: 80 dB below full scale.
const SILENCE: f32 = 1e-4;

/// Refuses a recording without samples, with samples that are no numbers, or without sound.
pub fn check_recording(samples: &[f32], sample_rate: u32) -> Result<(), AudioError> {
    if !(1_000..=768_000).contains(&sample_rate) {
        return Err(AudioError::SampleRate { rate: sample_rate });
    }
    if samples.is_empty() {
        return Err(AudioError::NoSamples);
    }
    if let Some(at) = samples.iter().position(|sample| !sample.is_finite()) {
        return Err(AudioError::NotFinite {
            seconds: at as f64 / f64::from(sample_rate),
        });
    }
    let peak = samples
        .iter()
        .fold(0.0, |peak: f32, sample| peak.max(sample.abs()));
    if peak < SILENCE {
        return Err(AudioError::Silent { peak });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn useless_recordings_are_refused() {
        let check = |samples: &[f32]| check_recording(samples, 24_000);
        assert_eq!(check(&[]), Err(AudioError::NoSamples));
        let silent = check(&[0.0, 1e-5]);
        assert_eq!(silent, Err(AudioError::Silent { peak: 1e-5 }));
        assert!(matches!(
            check(&[0.0, f32::NAN]),
            Err(AudioError::NotFinite { .. })
        ));
        assert!(matches!(
            check_recording(&[0.5], 0),
            Err(AudioError::SampleRate { rate: 0 })
        ));
        assert_eq!(check(&[0.0, -0.5]), Ok(()));
    }
}
