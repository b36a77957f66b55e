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
    // About the right lag by one in so many samples, then by all of them.
    let step = form.coarse;
    let thin = |from: usize, to: usize| input[from..to].iter().step_by(step).copied().collect();
    let few: Vec<f32> = thin(at, at + form.template);
    let lags = (longest - shortest) / step + 1;
    // The first of the places, in the order of the input.
    let (lowest, first) = match way {
        Way::Forward { .. } => (at + shortest, shortest),
        Way::Back { .. } => {
            let longest = shortest + (lags - 1) * step;
            (at - longest, longest)
        }
    };
    let places: Vec<f32> = thin(lowest, lowest + (lags - 1) * step + form.template);
    let about = places.windows(few.len()).enumerate().map(|(i, place)| {
        let lag = match way {
            Way::Forward { .. } => first + i * step,
            Way::Back { .. } => first - i * step,
        };
        let alike = alike(&few, place);
        Jump { lag, alike }
    });
    let about = best(about)?.lag;
    let near = about.saturating_sub(step).max(shortest)..=(about + step).min(longest);
    best(near.map(|lag| {
        let target = way.target(at, lag);
        let alike = alike(template, &input[target..target + form.template]);
        Jump { lag, alike }
    }))
}

/// The first of the jumps whose ends are most alike.
fn best(jumps: impl Iterator<Item = Jump>) -> Option<Jump> {
    jumps.reduce(|best, jump| if jump.alike > best.alike { jump } else { best })
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

/// How much two stretches of a waveform have in common, as a part of their power: such as are not
/// as loud are not alike.
fn alike(a: &[f32], b: &[f32]) -> f32 {
    /// Sums that processors make at once, in an order that is the same on all of them.
    const LANES: usize = 8;
    let (mut both, mut power) = ([0.0; LANES], [0.0; LANES]);
    let (chunks, others) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = chunks.remainder().iter().zip(others.remainder());
    for (a, b) in chunks.clone().zip(others.clone()) {
        for i in 0..LANES {
            both[i] += a[i] * b[i];
            power[i] += a[i] * a[i] + b[i] * b[i];
        }
    }
    for (a, b) in rest {
        both[0] += a * b;
        power[0] += a * a + b * b;
    }
    let (both, power) = (both.iter().sum::<f32>(), power.iter().sum::<f32>());
    if power > 0.0 { 2.0 * both / power } else { 0.0 }
}
