//! When words begin and end, from the attention of each frame and its sound.

use std::collections::VecDeque;
use std::ops::Range;

use super::machine::{Machine, WordStep, sounds};
use super::{ChunkWords, SourceWord, Unit, Word};

/// Length of a step for measuring loudness, in seconds.
const LOUDNESS_STEP: f64 = 0.005;
/// Number of steps that are averaged.
const SMOOTH: usize = 2;
/// Root mean square above which a step has sound.
const STEP_HAS_SOUND: f32 = 4e-3;
/// Seconds that are taken off both words at a direct transition: speakers pause between words for
/// about twice that.
const GAP: f64 = 0.02;
/// Seconds around the frame in which a word ends in silence that are searched for its end.
const EDGE_REACH: f64 = 0.1;

/// Times the words of one chunk after the other.
pub(crate) struct WordTimer {
    frame_size: usize,
    sample_rate: f64,
    /// Samples of the utterance before this chunk.
    start: u64,
    /// Samples of this chunk.
    samples: usize,
    chunk: Option<InChunk>,
}

struct InChunk {
    words: Vec<SourceWord>,
    units: Vec<Unit>,
    machine: Machine,
    /// Scores of frames whose sound has not arrived.
    waiting: VecDeque<Vec<f32>>,
    before: Vec<f32>,
    /// Loudness of each step.
    loudness: Vec<f32>,
    /// Samples of an incomplete step.
    part: Vec<f32>,
    /// Samples of an incomplete frame.
    frame: Vec<f32>,
    frames: usize,
    open: Option<(usize, f64)>,
    /// A word that has ended, but whose end the start of the next may still change.
    closed: Option<Word>,
}

impl WordTimer {
    pub(crate) fn new(frame_size: usize, sample_rate: u32) -> Self {
        Self {
            frame_size: frame_size.max(1),
            sample_rate: f64::from(sample_rate.max(1)),
            start: 0,
            samples: 0,
            chunk: None,
        }
    }

    /// A chunk with these words begins.
    pub(crate) fn begin(&mut self, chunk: ChunkWords) {
        let ChunkWords { words, units } = chunk;
        self.start += self.samples as u64;
        self.samples = 0;
        self.chunk = Some(InChunk {
            words,
            machine: Machine::new(units.clone()),
            units,
            waiting: VecDeque::new(),
            before: Vec::new(),
            loudness: Vec::new(),
            part: Vec::new(),
            frame: Vec::new(),
            frames: 0,
            open: None,
            closed: None,
        });
    }

    /// Silence of that length, or a chunk whose words were not requested.
    pub(crate) fn pass(&mut self, samples: usize) {
        self.start += samples as u64;
    }

    /// The scores of the frame that is decoded next.
    pub(crate) fn scores(&mut self, scores: Vec<f32>) {
        if let Some(chunk) = &mut self.chunk {
            chunk.waiting.push_back(scores);
        }
    }

    /// Takes more sound of the chunk; returns the words that end in it.
    pub(crate) fn audio(&mut self, samples: &[f32]) -> Vec<Word> {
        let offset = self.start as f64 / self.sample_rate;
        let Some(chunk) = &mut self.chunk else {
            self.pass(samples.len());
            return Vec::new();
        };
        self.samples += samples.len();
        let step = ((LOUDNESS_STEP * self.sample_rate) as usize).max(1);
        chunk.emit(samples, step);
        let mut words = Vec::new();
        chunk.frame.extend_from_slice(samples);
        let length = self.frame_size as f64 / self.sample_rate;
        while chunk.frame.len() >= self.frame_size {
            let rest = chunk.frame.split_off(self.frame_size);
            let frame = std::mem::replace(&mut chunk.frame, rest);
            chunk.step(sounds(&frame), length, &mut words);
        }
        moved(words, offset)
    }

    /// The chunk is over: returns its last words. None is lost: words that the attention never
    /// reached share the time of the last one that it did.
    pub(crate) fn finish(&mut self) -> Vec<Word> {
        let offset = self.start as f64 / self.sample_rate;
        let end = self.samples as f64 / self.sample_rate;
        let mut words = Vec::new();
        if let Some(chunk) = self.chunk.take() {
            chunk.finish(end, &mut words);
        }
        self.start += std::mem::take(&mut self.samples) as u64;
        moved(words, offset)
    }
}

fn moved(words: Vec<Word>, offset: f64) -> Vec<Word> {
    let moved = |word: Word| word.moved(|time| time + offset);
    words.into_iter().map(moved).collect()
}

impl InChunk {
    /// Measures the loudness of more sound.
    fn emit(&mut self, samples: &[f32], step: usize) {
        self.part.extend_from_slice(samples);
        let whole = self.part.len() / step * step;
        for step in self.part[..whole].chunks_exact(step) {
            let energy: f32 = step.iter().map(|x| x * x).sum();
            self.loudness.push((energy / step.len() as f32).sqrt());
        }
        self.part.drain(..whole);
    }

    /// A frame of `length` seconds is complete.
    fn step(&mut self, sounds: bool, length: f64, words: &mut Vec<Word>) {
        let scores = self.waiting.pop_front().unwrap_or_default();
        let at = self.frames as f64 * length;
        let steps = self.machine.frame(&scores, sounds);
        if let [WordStep::Close(old), WordStep::Open(new)] = steps[..] {
            let middle = self.crossing(old, new, &scores, length).unwrap_or(at);
            self.close(old, middle - GAP, words);
            self.open(new, middle + GAP, words);
        } else {
            for step in steps {
                match step {
                    WordStep::Open(word) => {
                        let start = self.first_sound(at - length..at + length).unwrap_or(at);
                        self.open(word, start, words);
                    }
                    WordStep::Close(word) => {
                        let end = self
                            .last_sound(at - EDGE_REACH..at + EDGE_REACH)
                            .unwrap_or(at);
                        self.close(word, end, words);
                    }
                }
            }
        }
        self.before = scores;
        self.frames += 1;
    }

    /// When the attention moves from one word to the next, between the centre of the previous frame
    /// and that of this one.
    fn crossing(&self, old: usize, new: usize, scores: &[f32], length: f64) -> Option<f64> {
        let unit = |word| self.units.iter().position(|unit| *unit == Unit::Word(word));
        let (old, new) = (unit(old)?, unit(new)?);
        let lead = |scores: &[f32]| Some(f64::from(scores.get(new)? - scores.get(old)?));
        let (before, now) = (lead(&self.before)?, lead(scores)?);
        let part = if before <= 0.0 && now > before {
            (-before / (now - before)).min(1.0)
        } else {
            0.5
        };
        Some((self.frames as f64 - 0.5 + part) * length)
    }

    fn open(&mut self, word: usize, start: f64, words: &mut Vec<Word>) {
        let earliest = self.closed.as_ref().map_or(0.0, |before| before.end);
        words.extend(self.closed.take());
        self.open = Some((word, start.max(earliest)));
    }

    fn close(&mut self, word: usize, end: f64, words: &mut Vec<Word>) {
        let Some((open, start)) = self.open.take().filter(|(open, _)| *open == word) else {
            return;
        };
        words.extend(self.closed.take());
        self.closed = self.word(open, start, end);
    }

    fn word(&self, word: usize, start: f64, end: f64) -> Option<Word> {
        let SourceWord { text, source } = self.words.get(word)?.clone();
        Some(Word {
            text,
            source,
            start,
            end: end.max(start),
        })
    }

    /// The beginning of the first step with sound in `range`.
    fn first_sound(&self, range: Range<f64>) -> Option<f64> {
        let mut steps = self.steps(range);
        steps
            .find(|&step| self.is_sound(step))
            .map(|step| step as f64 * LOUDNESS_STEP)
    }

    /// The end of the last step with sound in `range`.
    fn last_sound(&self, range: Range<f64>) -> Option<f64> {
        let mut steps = self.steps(range).rev();
        let last = steps.find(|&step| self.is_sound(step))?;
        Some((last + 1) as f64 * LOUDNESS_STEP)
    }

    fn steps(&self, range: Range<f64>) -> Range<usize> {
        let step = |seconds: f64| {
            ((seconds.max(0.0) / LOUDNESS_STEP).round() as usize).min(self.loudness.len())
        };
        step(range.start)..step(range.end)
    }

    fn is_sound(&self, step: usize) -> bool {
        let around = &self.loudness[step..self.loudness.len().min(step + SMOOTH)];
        let energy: f32 = around.iter().map(|x| x * x).sum();
        (energy / around.len().max(1) as f32).sqrt() > STEP_HAS_SOUND
    }

    fn finish(mut self, end: f64, words: &mut Vec<Word>) {
        let machine = std::mem::replace(&mut self.machine, Machine::new(Vec::new()));
        let (open, missing) = machine.finish();
        if let Some((word, start)) = self.open.take() {
            debug_assert_eq!(open, Some(word));
            words.extend(self.closed.take());
            self.closed = self.word(word, start, end);
        }
        // Words that were not reached get a share of the last word's time, by their number of
        // letters.
        let last = self.closed.take();
        let (start, end) = last
            .as_ref()
            .map_or((0.0, end), |last| (last.start, last.end));
        let length = |text: &str| text.trim().len().max(1) as f64;
        let first = last.as_ref().map_or(0.0, |last| length(&last.text));
        let lengths: Vec<f64> = (missing.clone())
            .map(|word| self.words.get(word).map_or(1.0, |word| length(&word.text)))
            .collect();
        let whole = first + lengths.iter().sum::<f64>();
        let time = |letters: f64| start + (end - start) * letters / whole.max(1.0);
        let mut letters = first;
        if let Some(mut last) = last {
            if !missing.is_empty() {
                last.end = time(letters);
            }
            words.push(last);
        }
        for (word, length) in missing.zip(lengths) {
            words.extend(self.word(word, time(letters), time(letters + length)));
            letters += length;
        }
    }
}
