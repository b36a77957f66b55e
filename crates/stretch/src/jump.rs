//! Chooses a jump: the lag at which the waveform is most similar to the current one.

use crate::lengths::Lengths;

/// Loudness (mean square) below which nothing can be compared: 100 dB below full scale.
const SILENT_POWER: f32 = 1e-10;

/// Direction and largest length.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    Forward { longest: usize },
    Back { longest: usize },
}

impl Direction {
    pub(crate) fn longest(self) -> usize {
        match self {
            Self::Forward { longest } | Self::Back { longest } => longest,
        }
    }

    /// Target of a jump of `lag` from `at`.
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
    /// Similarity of the waveforms at both ends: 1 for equal ones, 0 for uncorrelated ones.
    pub(crate) alike: f32,
}

/// The best jump from `at` of at least `shortest`; none if all are too long. `wanted` is the lag
/// that would correct the output's position; it counts only in silence, where all places are
/// equally good.
pub(crate) fn find(
    input: &[f32],
    at: usize,
    way: Direction,
    [shortest, wanted]: [usize; 2],
    lengths: Lengths,
) -> Option<Jump> {
    let longest = way.longest();
    if longest < shortest {
        return None;
    }
    let template = &input[at..at + lengths.template];
    if power(template) < SILENT_POWER {
        let lag = wanted.clamp(shortest, longest);
        return Some(Jump { lag, alike: 1.0 });
    }
    // A coarse search with every n-th sample, then a fine one with all.
    let step = lengths.coarse;
    let thin = |from: usize, to: usize| input[from..to].iter().step_by(step).copied().collect();
    let few: Vec<f32> = thin(at, at + lengths.template);
    let lags = (longest - shortest) / step + 1;
    // The first of equally good places, in the order of the input.
    let (lowest, first) = match way {
        Direction::Forward { .. } => (at + shortest, shortest),
        Direction::Back { .. } => {
            let longest = shortest + (lags - 1) * step;
            (at - longest, longest)
        }
    };
    let places: Vec<f32> = thin(lowest, lowest + (lags - 1) * step + lengths.template);
    let about = places.windows(few.len()).enumerate().map(|(i, place)| {
        let lag = match way {
            Direction::Forward { .. } => first + i * step,
            Direction::Back { .. } => first - i * step,
        };
        let alike = alike(&few, place);
        Jump { lag, alike }
    });
    let about = best(about)?.lag;
    let near = about.saturating_sub(step).max(shortest)..=(about + step).min(longest);
    best(near.map(|lag| {
        let target = way.target(at, lag);
        let alike = alike(template, &input[target..target + lengths.template]);
        Jump { lag, alike }
    }))
}

/// The first of the jumps with the most similar ends.
fn best(jumps: impl Iterator<Item = Jump>) -> Option<Jump> {
    jumps.reduce(|best, jump| if jump.alike > best.alike { jump } else { best })
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

/// The correlation of two stretches of a waveform, relative to their power: stretches of different
/// loudness are not similar.
fn alike(a: &[f32], b: &[f32]) -> f32 {
    /// Sums that processors can vectorise, in an order that is the same on all of them.
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
