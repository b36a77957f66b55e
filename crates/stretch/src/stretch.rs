//! The stretch itself: copies samples, and jumps if the speed requires it.

use crate::jump::{self, Direction, Jump};
use crate::lengths::Lengths;
use crate::speed::Speed;

/// Most sound that is held back, in seconds of the input: what a jump has to examine, and how far
/// the output may be behind.
pub const LONGEST_WAIT: f64 = 0.040;

/// How far a moment of the input may be from its ideal position, in seconds of the input.
pub const LARGEST_DRIFT: f64 = 0.040;

/// Similarity at which a jump is made before it is necessary.
const GOOD: f32 = 0.8;

/// Positions are integers in this fraction of a sample, so that sums do not depend on their order.
const POSITION_UNITS: f64 = (1_u64 << 32) as f64;

/// A stream of speech whose speed can be changed at any time.
///
/// ```
/// use stretch::{Speed, Stretch};
///
/// let mut stretch = Stretch::new(24_000, Speed::new(1.5)?);
/// let mut faster = Vec::new();
/// for frame in [[0.0; 1920]; 10] {
///     stretch.push(&frame, &mut faster);
/// }
/// stretch.flush(&mut faster);
/// assert!((faster.len() as f64 - 19_200.0 / 1.5).abs() < 0.04 * 24_000.0);
/// # Ok::<(), stretch::SpeedError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stretch {
    lengths: Lengths,
    speed: Speed,
    /// How much further the input advances than the output with every copied sample.
    drift_per_sample: i64,
    /// Input that is still needed: what a jump back may repeat, and what is not copied yet.
    kept: Vec<f32>,
    /// The next sample of `kept` to be copied.
    next: usize,
    /// Samples of the input before `kept`.
    forgotten: u64,
    /// How far the output is behind its ideal position, as samples of the input that should already
    /// have been copied.
    behind: i64,
}

impl Stretch {
    /// Speech of `sample_rate` samples a second.
    pub fn new(sample_rate: u32, speed: Speed) -> Self {
        Self {
            lengths: Lengths::of(sample_rate),
            speed,
            drift_per_sample: drift_per_sample(speed),
            kept: Vec::new(),
            next: 0,
            forgotten: 0,
            behind: 0,
        }
    }

    /// The speed of the following samples.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Changes the speed, from the next sample on.
    pub fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        self.drift_per_sample = drift_per_sample(speed);
    }

    /// Takes samples, and appends the resulting ones to `out`.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.kept.extend_from_slice(samples);
        self.run(false, out);
        self.forget();
    }

    /// Appends everything held back to `out`: nothing follows soon, or nothing at all. The output
    /// ends with the last sample of the input, and the next input continues from there.
    pub fn flush(&mut self, out: &mut Vec<f32>) {
        self.run(true, out);
        self.copy(self.kept.len() - self.next, out);
        self.forget();
    }

    /// `samples` of silence follow: appends what is held back to `out`, and returns how many
    /// samples of silence the output has. They correct the output's position to the exact sample,
    /// as far as they suffice.
    pub fn silence(&mut self, samples: u64, out: &mut Vec<f32>) -> u64 {
        self.flush(out);
        let wanted = samples as f64 - self.behind as f64 / POSITION_UNITS;
        let heard = (self.speed.output_position(wanted)).round().max(0.0) as u64;
        // At speed 1 nothing changes, whatever happened before.
        let heard = if self.drift_per_sample == 0 {
            samples
        } else {
            heard
        };
        let ahead = i128::from(samples) - i128::from(heard);
        let behind = i128::from(self.behind)
            + i128::from(heard) * i128::from(self.drift_per_sample)
            - ahead * POSITION_UNITS as i128;
        self.behind = i64::try_from(behind).unwrap_or_default();
        self.forgotten += self.next as u64 + samples;
        // Nothing before the silence is repeated after it.
        self.kept.clear();
        self.next = 0;
        heard
    }

    /// Forgets everything but the speed.
    pub fn reset(&mut self) {
        self.kept.clear();
        self.next = 0;
        self.forgotten = 0;
        self.behind = 0;
    }

    /// Samples of the input that the output so far stands for. It grows by the speed with every
    /// output sample, whatever was changed in between.
    pub fn position(&self) -> f64 {
        (self.forgotten + self.next as u64) as f64 + self.behind as f64 / POSITION_UNITS
    }

    /// Samples of the input that are not copied yet.
    pub fn waiting(&self) -> usize {
        self.kept.len() - self.next
    }

    fn run(&mut self, last: bool, out: &mut Vec<f32>) {
        loop {
            let wanted = self.until_jump();
            let there = self.waiting();
            if there < wanted {
                self.copy(there, out);
                return;
            }
            self.copy(wanted, out);
            let Some(way) = self.way(last) else {
                return;
            };
            self.jump(way, out);
        }
    }

    /// Samples to copy before a jump is due.
    fn until_jump(&self) -> usize {
        let limit = to_fixed(self.lengths.drift);
        let (left, by) = match self.drift_per_sample {
            0 => return usize::MAX,
            1.. => (limit - self.behind, self.drift_per_sample),
            _ => (limit + self.behind, -self.drift_per_sample),
        };
        // In 64 bits, because `usize` has only 32 in wasm.
        let samples = left.max(0).unsigned_abs().div_ceil(by.unsigned_abs());
        usize::try_from(samples).unwrap_or(usize::MAX)
    }

    /// Direction of the next jump, if enough of the input is there to choose it. With `last`, nothing
    /// more will come, and the available part must do.
    fn way(&self, last: bool) -> Option<Direction> {
        let Lengths {
            longest, shortest, ..
        } = self.lengths;
        let reach = self.lengths.reach();
        let there = self.waiting();
        if self.drift_per_sample > 0 {
            let longest = match there.checked_sub(reach)? {
                possible if last => longest.min(possible),
                possible if possible < longest => return None,
                _ => longest,
            };
            (longest >= shortest).then_some(Direction::Forward { longest })
        } else {
            let longest = longest.min(self.next);
            (there >= reach).then_some(Direction::Back { longest })
        }
    }

    /// Jumps, or continues for a moment if there may be a better place.
    fn jump(&mut self, way: Direction, out: &mut Vec<f32>) {
        let lengths = self.lengths;
        let off = (self.behind.unsigned_abs() >> 32) as usize;
        // During the cross-fade the output drifts on: the jump has to compensate for that, and for
        // its delay.
        let drifting =
            (lengths.fade as u64 * self.drift_per_sample.unsigned_abs()).div_ceil(1 << 32) as usize;
        let late = drifting + off.saturating_sub(lengths.latest);
        let shortest = late.min(lengths.longest).max(lengths.shortest);
        let found = jump::find(&self.kept, self.next, way, [shortest, off], lengths);
        let found = found.filter(|jump| jump.alike >= GOOD || off >= lengths.latest);
        let Some(jump) = found else {
            self.copy(lengths.retry.min(self.waiting()), out);
            return;
        };
        let from = self.next;
        let to = way.target(from, jump.lag);
        self.fade(from, to, jump, out);
        self.next = to + lengths.fade;
        let lag = to_fixed(jump.lag);
        self.behind += lengths.fade as i64 * self.drift_per_sample;
        self.behind += match way {
            Direction::Forward { .. } => -lag,
            Direction::Back { .. } => lag,
        };
    }

    /// Cross-fades from one place of the input to another. Dissimilar waveforms partly
    /// cancel each other, so the sum is amplified accordingly.
    fn fade(&self, from: usize, to: usize, Jump { alike, .. }: Jump, out: &mut Vec<f32>) {
        let length = self.lengths.fade;
        let (old, new) = (&self.kept[from..from + length], &self.kept[to..to + length]);
        let alike = alike.clamp(0.0, 1.0);
        out.extend(old.iter().zip(new).enumerate().map(|(i, (old, new))| {
            let x = (i as f32 + 0.5) / length as f32;
            let new_part = x * x * (3.0 - 2.0 * x);
            let old_part = 1.0 - new_part;
            let loudness =
                old_part * old_part + new_part * new_part + 2.0 * alike * old_part * new_part;
            (old * old_part + new * new_part) / loudness.sqrt()
        }));
    }

    fn copy(&mut self, samples: usize, out: &mut Vec<f32>) {
        out.extend_from_slice(&self.kept[self.next..self.next + samples]);
        self.next += samples;
        self.behind += samples as i64 * self.drift_per_sample;
    }

    /// Drops samples that no jump can reach any more.
    fn forget(&mut self) {
        let unneeded = self.next.saturating_sub(self.lengths.longest);
        // Not for every few samples: the rest has to be moved.
        if unneeded >= 2 * self.lengths.longest {
            self.kept.drain(..unneeded);
            self.next -= unneeded;
            self.forgotten += unneeded as u64;
        }
    }
}

fn drift_per_sample(speed: Speed) -> i64 {
    ((speed.get() - 1.0) * POSITION_UNITS).round() as i64
}

fn to_fixed(samples: usize) -> i64 {
    (samples as i64) << 32
}
