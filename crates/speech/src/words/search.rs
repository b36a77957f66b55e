//! Finds the heads that look at the word being spoken, without known word times.
//!
//! A good head looks at one word at a time, at every word of a sentence in order, and moves on
//! where the sound is quiet rather than loud.

use config::{MOST_WORD_HEADS, WordHead};

use super::Unit;

/// Path scores from which on heads are good, and below which they are useless. Heads that were
/// trained to look at words reach 0.7, the best of random weights 0.2.
const SURE: f32 = 0.5;
const UNSURE: f32 = 0.35;
/// Least improvement for another head to be added.
const GAIN: f32 = 0.005;
/// Most heads that are combined.
const CANDIDATES: usize = 12;
/// Weight of quiet sound at the ends of words.
const QUIET_WEIGHT: f32 = 0.1;

/// Observations for one sentence.
struct WatchedSentence {
    /// Attention by frame, head and word.
    frames: Vec<Vec<Vec<f32>>>,
    /// Loudness of each frame.
    loudness: Vec<f32>,
    words: usize,
}

/// Compares heads by the sentences in which they were watched.
pub struct HeadSearch {
    heads: Vec<WordHead>,
    sentences: Vec<WatchedSentence>,
}

/// How surely heads show the times of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// They follow the words.
    Sure,
    /// They follow most words.
    Fair,
    /// They do not: the model has no word times.
    None,
}

/// Heads, and how well they follow.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundHeads {
    /// The best heads together, best first.
    pub heads: Vec<WordHead>,
    /// The share of the attention on the word being spoken, from 0 to 1.
    pub score: f32,
    /// The best heads, each on its own.
    pub single: Vec<(WordHead, f32)>,
}

impl FoundHeads {
    /// The meaning of the score.
    pub fn certainty(&self) -> Certainty {
        match self.score {
            SURE.. => Certainty::Sure,
            UNSURE.. => Certainty::Fair,
            _ => Certainty::None,
        }
    }
}

impl HeadSearch {
    /// A search among these heads.
    pub fn new(heads: Vec<WordHead>) -> Self {
        Self {
            heads,
            sentences: Vec::new(),
        }
    }

    /// Adds a chunk of text: the attention by frame, head and unit, and the loudness of each frame.
    /// Frames after the last sound are ignored.
    pub fn add(&mut self, units: &[Unit], mut frames: Vec<Vec<Vec<f32>>>, mut loudness: Vec<f32>) {
        let is_word = |unit: &Unit| matches!(unit, Unit::Word(_));
        let words = units.iter().filter(|unit| is_word(unit)).count();
        let mean = loudness.iter().sum::<f32>() / loudness.len().max(1) as f32;
        let last = loudness.iter().rposition(|it| *it > mean / 10.0);
        let length = last.map_or(0, |last| last + 1).min(frames.len());
        if words < 3 || length < words {
            return;
        }
        frames.truncate(length);
        loudness.truncate(length);
        for scores in frames.iter_mut().flatten() {
            let mut units = units.iter();
            scores.retain(|_| units.next().is_some_and(is_word));
        }
        self.sentences.push(WatchedSentence {
            frames,
            loudness,
            words,
        });
    }

    /// Number of usable sentences.
    pub fn sentences(&self) -> usize {
        self.sentences.len()
    }

    /// The best heads: the best one, and others as long as they improve it.
    pub fn best(&self) -> FoundHeads {
        let mut single: Vec<(usize, f32)> = (0..self.heads.len())
            .map(|head| (head, self.score(&[head])))
            .collect();
        single.sort_by(|a, b| b.1.total_cmp(&a.1));
        single.truncate(CANDIDATES);
        let (mut chosen, mut score) = match single.first() {
            Some(&(head, score)) => (vec![head], score),
            None => (Vec::new(), 0.0),
        };
        while chosen.len() < MOST_WORD_HEADS {
            let tried = single.iter().filter(|(head, _)| !chosen.contains(head));
            let better = tried.map(|&(head, _)| {
                let heads = [&chosen[..], &[head]].concat();
                (head, self.score(&heads))
            });
            match better.max_by(|a, b| a.1.total_cmp(&b.1)) {
                Some((head, with)) if with > score + GAIN => {
                    chosen.push(head);
                    score = with;
                }
                _ => break,
            }
        }
        let named = |head: usize| self.heads[head];
        FoundHeads {
            heads: chosen.into_iter().map(named).collect(),
            score,
            single: (single.into_iter())
                .map(|(head, score)| (named(head), score))
                .collect(),
        }
    }

    fn score(&self, heads: &[usize]) -> f32 {
        let scores = self.sentences.iter().map(|heard| heard.score(heads));
        scores.sum::<f32>() / self.sentences.len().max(1) as f32
    }
}

impl WatchedSentence {
    /// The mean attention along the best path through all words in order, plus a bonus for words
    /// that end in quiet.
    fn score(&self, heads: &[usize]) -> f32 {
        let mean = |frame: &Vec<Vec<f32>>, word: usize| {
            let scores = heads.iter().filter_map(|&head| frame.get(head)?.get(word));
            scores.sum::<f32>() / heads.len() as f32
        };
        // The best sum that ends at each word, and the frames at which its words began.
        let mut best: Vec<(f32, Vec<usize>)> = vec![(f32::NEG_INFINITY, Vec::new()); self.words];
        for (time, frame) in self.frames.iter().enumerate() {
            for word in (0..self.words).rev() {
                let stays = best[word].0;
                let comes = match (word, time) {
                    (0, 0) => 0.0,
                    (0, _) => f32::NEG_INFINITY,
                    _ => best[word - 1].0,
                };
                if comes > stays {
                    let mut begun = match word {
                        0 => Vec::new(),
                        _ => best[word - 1].1.clone(),
                    };
                    begun.push(time);
                    best[word] = (comes, begun);
                }
                best[word].0 += mean(frame, word);
            }
        }
        let Some((sum, begun)) = best.pop().filter(|(sum, _)| sum.is_finite()) else {
            return 0.0;
        };
        let level = self.loudness.iter().sum::<f32>() / self.loudness.len() as f32;
        let ends = begun.iter().skip(1);
        let quiet = ends.map(|&time| (1.0 - self.loudness[time] / level.max(1e-9)).max(-1.0));
        let quiet = quiet.sum::<f32>() / (self.words - 1).max(1) as f32;
        (sum / self.frames.len() as f32) * (1.0 + QUIET_WEIGHT * quiet) / (1.0 + QUIET_WEIGHT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_that_follows_the_words_is_found() {
        let heads: Vec<WordHead> = (0..4).map(|head| WordHead { layer: 1, head }).collect();
        let mut search = HeadSearch::new(heads.clone());
        let units = [
            Unit::Word(0),
            Unit::Punctuation { added: false },
            Unit::Word(1),
            Unit::Word(2),
        ];
        // Heads: one looks at the first word, one goes back, one looks at everything; the last one
        // follows.
        let frames = (0..9).map(|time| {
            let at = |unit: usize, much: f32| {
                let mut scores = vec![(1.0 - much) / 3.0; 4];
                scores[unit] = much;
                scores
            };
            let order = [0, 2, 3];
            vec![
                at(0, 0.9),
                at(order[2 - time / 3], 0.9),
                vec![0.25; 4],
                at(order[time / 3], 0.8),
            ]
        });
        let loudness = vec![0.1, 0.1, 0.1, 0.02, 0.1, 0.1, 0.02, 0.1, 0.1];
        search.add(&units, frames.collect(), loudness);
        search.add(&units[..1], vec![vec![vec![1.0]; 4]; 9], vec![0.1; 9]);
        assert_eq!(search.sentences(), 1);
        let found = search.best();
        assert_eq!(found.heads, [heads[3]]);
        assert_eq!(found.certainty(), Certainty::Sure);
        assert_eq!(HeadSearch::new(heads).best().certainty(), Certainty::None);
    }
}
