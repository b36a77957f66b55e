//! Finds the fastest of several candidates by timing each of them several times, in turn.

/// How often each candidate is timed.
const ROUNDS: usize = 8;
/// The fastest times of a candidate that count: others are of code that the browser had not
/// optimised yet, or were interrupted. Several, because a page's clock may be coarse.
const BEST_TIMES: usize = ROUNDS / 2;
/// After so many rounds, candidates that are much slower than the fastest are dropped.
const FIRST_ROUNDS: usize = 4;
/// How much slower those are.
const MUCH_SLOWER: f64 = 1.5;
/// The share of the first candidate's time that another one may take at most to be preferred.
const CLEARLY_FASTER: f64 = 0.96;

/// The times of some candidates, and which of them is next, or has won.
#[derive(Clone, Debug)]
pub(crate) struct Trials {
    candidates: Vec<Candidate>,
    /// Whether the slow candidates were dropped.
    is_thinned: bool,
    winner: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct Candidate {
    /// The shortest first.
    times: Vec<f64>,
    is_dropped: bool,
}

impl Candidate {
    /// The mean of its fastest times.
    fn score(&self) -> f64 {
        let count = BEST_TIMES.min(self.times.len().div_ceil(2));
        self.times.iter().take(count).sum::<f64>() / count as f64
    }
}

impl Trials {
    /// Trials of that many candidates. The first is preferred unless another is clearly faster.
    pub(crate) fn new(candidates: usize) -> Self {
        Self {
            candidates: vec![Candidate::default(); candidates],
            is_thinned: false,
            winner: (candidates < 2).then_some(0),
        }
    }

    /// The candidate that has won, when every one was timed often enough.
    pub(crate) fn winner(&self) -> Option<usize> {
        self.winner
    }

    /// The candidate to time next: the first of those that were timed least often. None once one
    /// has won.
    pub(crate) fn next(&self) -> Option<usize> {
        if self.winner.is_some() {
            return None;
        }
        let left = self.left();
        let next = left.min_by_key(|(_, candidate)| candidate.times.len());
        next.map(|(index, _)| index)
    }

    /// Takes the time of a candidate's work, in any unit.
    pub(crate) fn record(&mut self, index: usize, time: f64) {
        if self.winner.is_some() {
            return;
        }
        let times = &mut self.candidates[index].times;
        let at = times.iter().position(|other| *other > time);
        times.insert(at.unwrap_or(times.len()), time);
        let rounds = self.left().map(|(_, candidate)| candidate.times.len());
        let rounds = rounds.min().unwrap_or_default();
        if rounds == FIRST_ROUNDS && !self.is_thinned {
            self.is_thinned = true;
            let (_, fastest) = self.fastest();
            for candidate in &mut self.candidates {
                candidate.is_dropped = candidate.score() > fastest * MUCH_SLOWER;
            }
        }
        if rounds >= ROUNDS || self.left().count() == 1 {
            let (fastest, score) = self.fastest();
            let first = &self.candidates[0];
            let stays = !first.is_dropped && score >= first.score() * CLEARLY_FASTER;
            self.winner = Some(if stays { 0 } else { fastest });
        }
    }

    /// The candidates that were not dropped.
    fn left(&self) -> impl Iterator<Item = (usize, &Candidate)> {
        let all = self.candidates.iter().enumerate();
        all.filter(|(_, candidate)| !candidate.is_dropped)
    }

    /// The fastest candidate so far, and its score.
    fn fastest(&self) -> (usize, f64) {
        let scores = self
            .left()
            .map(|(index, candidate)| (index, candidate.score()));
        let fastest = scores.min_by(|(_, a), (_, b)| a.total_cmp(b));
        fastest.unwrap_or((0, 0.0))
    }
}

#[cfg(test)]
mod tests;
