//! Where to jump to: the lag at which the waveform is most like the one that is left.

use crate::form::Form;

/// Loudness (mean square) below which there is nothing to be compared: 100 dB under full scale.
const SILENCE: f32 = 1e-10;

/// Which way, and by at most how much.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Forward { longest: usize },
    Back { longest: usize },
}

impl Way {
    pub(crate) fn longest(self) -> usize {
        match self {
            Self::Forward { longest } | Self::Back { longest } => longest,
        }
    }

    /// Where a jump of `lag` from `at` leads.
    pub(crate) fn target(self, at: usize, lag: usize) -> usize {
        match self {
            Self::Forward { .. } => at + lag,
            Self::Back { .. } => at - lag,
        }
    }
}

/// A jump that can be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Jump {
    pub(crate) lag: usize,
    /// How much the waveforms at both ends are alike: 1 for equal ones, 0 for such as have
    /// nothing in common.
    pub(crate) alike: f32,
}

/// The best jump from `at` of at least `shortest`; none where all are too long. `wanted` is the
/// lag that would put the output right, which counts only in silence, where every place is as good
/// as another.
pub(crate) fn find(
    input: &[f32],
    at: usize,
    way: Way,
    [shortest, wanted]: [usize; 2],
    form: Form,
) -> Option<Jump> {
    let longest = way.longest();
    if longest < shortest {
        return None;
    }
    let template = &input[at..at + form.template];
    if power(template) < SILENCE {
        let lag = wanted.clamp(shortest, longest);
        return Some(Jump { lag, alike: 1.0 });
    }
    let best = |lags: &mut dyn Iterator<Item = usize>, step: usize| {
        let mut best: Option<Jump> = None;
        for lag in lags {
            let target = way.target(at, lag);
            let alike = alike(template, &input[target..target + form.template], step);
            if best.is_none_or(|best| alike > best.alike) {
                best = Some(Jump { lag, alike });
            }
        }
        best
    };
    let about = best(&mut (shortest..=longest).step_by(form.coarse), form.coarse)?;
    let near = about.lag.saturating_sub(form.coarse).max(shortest)
        ..=(about.lag + form.coarse).min(longest);
    best(&mut near.into_iter(), 1)
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

/// Correlation of one in `step` samples, as a part of their power: those that are not as loud are
/// not alike.
fn alike(a: &[f32], b: &[f32], step: usize) -> f32 {
    let (mut both, mut power) = (0.0, 0.0);
    for (a, b) in a.iter().zip(b).step_by(step) {
        both += a * b;
        power += a * a + b * b;
    }

    if power > 0.0 { 2.0 * both / power } else { 0.0 }
}
