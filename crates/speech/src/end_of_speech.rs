//! When a chunk of text is over: the rules of `_autoregressive_generation` in pocket-tts
//! `models/tts_model.py`.

/// Frames whose end-of-speech logit is ignored: counterpart of `_MIN_FRAMES_BEFORE_EOS` in
/// pocket-tts.
const FIRST_FRAMES: usize = 6;

/// Counterpart of `_TOKENS_PER_SECOND_ESTIMATE` and `_GEN_SECONDS_PADDING`.
const TOKENS_PER_SECOND: f64 = 3.0;
const EXTRA_SECONDS: f64 = 2.0;

/// Counterpart of `_estimate_max_gen_len` in pocket-tts: the most frames for this number of tokens.
pub(crate) fn max_frames(tokens: usize, frame_rate: f64) -> usize {
    ((tokens as f64 / TOKENS_PER_SECOND + EXTRA_SECONDS) * frame_rate).ceil() as usize
}

/// Counts the frames of a chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndOfSpeech {
    threshold: f32,
    frames_after: usize,
    limit: usize,
    /// Frames so far, each with its logit.
    frames: usize,
    /// The frame whose logit announced the end.
    announced: Option<usize>,
    stopped: bool,
}

/// What to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Speak it.
    Speak,
    /// Drop it and all after it.
    Stop,
}

impl EndOfSpeech {
    /// `frames_after` frames follow the first logit above `threshold`; `limit` is the largest
    /// number of frames.
    pub(crate) fn new(threshold: f32, frames_after: usize, limit: usize) -> Self {
        Self {
            threshold,
            frames_after,
            limit,
            frames: 0,
            announced: None,
            stopped: false,
        }
    }

    /// Decides about the next frame, given its logit.
    pub(crate) fn step(&mut self, eos_logit: f32) -> Verdict {
        let frame = self.frames;
        self.frames += 1;
        if eos_logit > self.threshold && frame >= FIRST_FRAMES {
            self.announced.get_or_insert(frame);
        }
        let last = self
            .announced
            .map(|announced| announced.saturating_add(self.frames_after));
        self.stopped = last.is_some_and(|last| frame >= last);
        if self.stopped {
            Verdict::Stop
        } else {
            Verdict::Speak
        }
    }

    /// Whether no more frames follow.
    pub(crate) fn is_over(&self) -> bool {
        self.stopped || self.is_cut()
    }

    /// Whether the limit was reached before the end of speech.
    pub(crate) fn is_cut(&self) -> bool {
        !self.stopped && self.frames >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_ends_by_the_rules() {
        struct Case {
            /// Frames whose logit is above the threshold.
            ends: &'static [usize],
            frames_after: usize,
            limit: usize,
            spoken: usize,
            cut: bool,
        }
        let case = |ends, frames_after, limit, spoken, cut| Case {
            ends,
            frames_after,
            limit,
            spoken,
            cut,
        };
        let cases = [
            case(&[10], 3, 100, 13, false),
            case(&[10, 11, 12], 3, 100, 13, false),
            case(&[10], 0, 100, 10, false),
            // The first six do not count.
            case(&[0, 5], 3, 100, 100, true),
            case(&[5, 6], 1, 100, 7, false),
            case(&[], 3, 30, 30, true),
            // The limit comes first.
            case(&[28], 3, 30, 30, true),
            case(&[27], 2, 30, 29, false),
            case(&[10], usize::MAX, 30, 30, true),
            case(&[], 3, 0, 0, true),
        ];
        let mut wrong = Vec::new();
        for (index, case) in cases.iter().enumerate() {
            let mut end = EndOfSpeech::new(-4.0, case.frames_after, case.limit);
            let mut spoken = 0;
            let mut frame = 0;
            while !end.is_over() {
                let logit = if case.ends.contains(&frame) {
                    -3.9
                } else {
                    -4.0
                };
                spoken += usize::from(end.step(logit) == Verdict::Speak);
                frame += 1;
            }
            if (spoken, end.is_cut()) != (case.spoken, case.cut) {
                wrong.push((index, spoken, end.is_cut()));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn tokens_bound_the_frames() {
        let frames: Vec<_> = [0, 1, 28, 50].map(|tokens| max_frames(tokens, 12.5)).into();
        assert_eq!(frames, [25, 30, 142, 234]);
    }
}
