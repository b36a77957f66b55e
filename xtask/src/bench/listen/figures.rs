//! What a row's recordings come to, and how far that is from f32's.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::record::ListenRecord;

/// Times that sentences are drawn for an interval.
const DRAWS: usize = 2000;
/// What an interval leaves out at either end.
const TAIL: f64 = 0.025;

/// Means over a voice's recordings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Means {
    /// Parts of the words.
    pub(super) wrong: f64,
    pub(super) lost: f64,
    pub(super) mos: f64,
    /// In dB of full scale.
    pub(super) quiet: f64,
    /// Samples of a million.
    pub(super) clipped: f64,
    pub(super) peak: f64,
}

/// A difference, and between which bounds it lies with a probability of 0.95.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MeanDifference {
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// How a row's recordings differ from others of the same sentences and noise.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowComparison {
    /// Of the part of words that is wrong.
    pub(super) wrong: MeanDifference,
    pub(super) mos: MeanDifference,
    /// In dB.
    pub(super) quiet: f64,
    /// Part of the recordings that end at the same frame.
    pub(super) same_end: f64,
    /// Frames by which they end elsewhere, on average.
    pub(super) frames: f64,
}

/// Means over the recordings of `voice`.
pub(super) fn means(records: &[ListenRecord], voice: &str) -> Means {
    let of_voice: Vec<_> = records.iter().filter(|it| it.voice == voice).collect();
    let sum = |figure: fn(&ListenRecord) -> f64| of_voice.iter().map(|it| figure(it)).sum::<f64>();
    let mean = |figure: fn(&ListenRecord) -> f64| sum(figure) / of_voice.len() as f64;
    let words = sum(|it| it.words as f64);
    // A frame has as many samples in every recording.
    let samples = sum(|it| it.frames as f64) * 1920.0;
    Means {
        wrong: sum(|it| it.wrong as f64) / words,
        lost: sum(|it| it.lost as f64) / words,
        mos: sum(|it| it.mos.unwrap_or_default()) / sum(|it| f64::from(it.mos.is_some())),
        quiet: mean(|it| it.quiet),
        clipped: sum(|it| it.clipped as f64) / samples * 1e6,
        peak: of_voice
            .iter()
            .map(|it| f64::from(it.peak))
            .fold(0.0, f64::max),
    }
}

/// Compares recordings of `voice` with those in `reference` that are of the same sentence and the
/// seed that `other` gives for a seed; none where there are none.
pub(super) fn compare(
    records: &[ListenRecord],
    reference: &[ListenRecord],
    voice: &str,
    other: impl Fn(u64) -> u64,
) -> Option<RowComparison> {
    let of_voice = |records: &'_ [ListenRecord]| -> BTreeMap<(usize, u64), ListenRecord> {
        let records = records.iter().filter(|it| it.voice == voice);
        records
            .map(|it| ((it.sentence, it.seed), it.clone()))
            .collect()
    };
    let (records, reference) = (of_voice(records), of_voice(reference));
    let mut sentences: BTreeMap<usize, Vec<(ListenRecord, ListenRecord)>> = BTreeMap::new();
    for ((sentence, seed), record) in records {
        if let Some(reference) = reference.get(&(sentence, other(seed))) {
            let pairs = sentences.entry(sentence).or_default();
            pairs.push((record, reference.clone()));
        }
    }
    let pairs: Vec<&(ListenRecord, ListenRecord)> = sentences.values().flatten().collect();
    if pairs.is_empty() {
        return None;
    }
    let mean = |figure: fn(&ListenRecord, &ListenRecord) -> f64| {
        let sum: f64 = pairs.iter().map(|(a, b)| figure(a, b)).sum();
        sum / pairs.len() as f64
    };
    let wrong =
        |(a, b): &(ListenRecord, ListenRecord)| (a.wrong as f64 - b.wrong as f64, a.words as f64);
    let mos = |(a, b): &(ListenRecord, ListenRecord)| match (a.mos, b.mos) {
        (Some(a), Some(b)) => (a - b, 1.0),
        _ => (0.0, 0.0),
    };
    Some(RowComparison {
        wrong: difference(&sentences, wrong),
        mos: difference(&sentences, mos),
        quiet: mean(|a, b| a.quiet - b.quiet),
        same_end: mean(|a, b| f64::from(a.frames == b.frames)),
        frames: mean(|a, b| a.frames.abs_diff(b.frames) as f64),
    })
}

/// The sum of what `figure` gives for each pair, over the sum of its weights. The interval is what
/// other sentences of the same kind could have given: they are drawn from those there are.
fn difference(
    sentences: &BTreeMap<usize, Vec<(ListenRecord, ListenRecord)>>,
    figure: impl Fn(&(ListenRecord, ListenRecord)) -> (f64, f64),
) -> MeanDifference {
    let add = |sum: (f64, f64), it: (f64, f64)| (sum.0 + it.0, sum.1 + it.1);
    let of_sentence =
        |pairs: &Vec<(ListenRecord, ListenRecord)>| pairs.iter().map(&figure).fold((0.0, 0.0), add);
    let sums: Vec<(f64, f64)> = sentences.values().map(of_sentence).collect();
    let ratio = |(sum, weight): (f64, f64)| sum / weight;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut draws: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn = (0..sums.len()).map(|_| sums[random.random_range(0..sums.len())]);
            ratio(drawn.fold((0.0, 0.0), add))
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    let at = |part: f64| draws[((DRAWS - 1) as f64 * part) as usize];
    MeanDifference {
        mean: ratio(sums.iter().copied().fold((0.0, 0.0), add)),
        low: at(TAIL),
        high: at(1.0 - TAIL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sentence: usize, seed: u64, wrong: usize) -> ListenRecord {
        ListenRecord {
            sentence,
            voice: "robin".to_owned(),
            seed,
            frames: 10 + wrong,
            clipped: wrong,
            peak: 0.5,
            words: 10,
            wrong,
            lost: 0,
            mos: Some(3.0),
            quiet: -70.0,
        }
    }

    #[test]
    fn means_count_words_and_samples() {
        let records = [record(0, 1, 1), record(1, 1, 3)];
        let means = means(&records, "robin");
        assert!((means.wrong - 0.2).abs() < 1e-12);
        assert!((means.clipped - 4e6 / (24.0 * 1920.0)).abs() < 1e-6);
    }

    #[test]
    fn the_same_recordings_do_not_differ() {
        let records: Vec<_> = (0..20)
            .map(|sentence| record(sentence, 1, sentence % 3))
            .collect();
        let same = compare(&records, &records, "robin", |seed| seed).unwrap();
        assert!(same.wrong.mean.abs() < 1e-12 && same.wrong.high.abs() < 1e-12);
        assert!((same.same_end - 1.0).abs() < 1e-12);
        assert!(compare(&records, &records, "robin", |seed| seed + 1).is_none());
        assert!(compare(&records, &records, "heron", |seed| seed).is_none());
    }

    #[test]
    fn what_is_worse_everywhere_is_worse_for_certain() {
        let good: Vec<_> = (0..20)
            .map(|sentence| record(sentence, 1, sentence % 2))
            .collect();
        let bad: Vec<_> = (0..20)
            .map(|sentence| record(sentence, 1, 2 + sentence % 3))
            .collect();
        let worse = compare(&bad, &good, "robin", |seed| seed).unwrap().wrong;
        assert!(
            worse.low > 0.1 && worse.low < worse.mean && worse.mean < worse.high,
            "{worse:?}"
        );
        // Each sentence differs, but as many are better as are worse: only the draw decides which
        // sign the mean has.
        let other: Vec<_> = (0..20)
            .map(|sentence| record(sentence, 1, (sentence + 1) % 2))
            .collect();
        let chance = compare(&other, &good, "robin", |seed| seed).unwrap().wrong;
        assert!(chance.low < 0.0 && chance.high > 0.0, "{chance:?}");
    }
}
