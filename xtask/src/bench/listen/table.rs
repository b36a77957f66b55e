//! The table of what was heard.

use std::fmt::Write as _;

use super::case::{ListenCase, Speaks};
use super::figures::{MeanDifference, Means, RowComparison, compare, means};
use super::record::ListenRecord;
use super::sentence::LISTEN_VOICES;

/// How far DNSMOS may fall, and by how many dB the quietest tenth may rise, unheard.
const MOS: f64 = 0.05;
const QUIET_RISE: f64 = 1.0;

/// The section, of rows that begin with f32.
pub(super) fn text(
    measured: &[(&ListenCase, Vec<ListenRecord>)],
    sentences: usize,
    machine: &str,
) -> String {
    let mut rows = String::new();
    let reference = measured.first().map_or(&[][..], |(_, records)| records);
    for (case, records) in measured {
        rows += &row(case.name, &case.speaks, records, reference, |seed| seed);
    }
    // What differs by its noise alone: every seed against the next.
    if let Some((case, records)) = measured.first().filter(|(case, _)| case.seeds > 1) {
        rows += &row(
            "f32 (other noise)",
            &case.speaks,
            records,
            reference,
            |seed| seed + 1,
        );
    }
    format!(
        "Model `{}`, {sentences} held-out sentences, many with rare words, each by `{}` and `{}` (figures in this \
         order); {machine}.\n\
         *Wrong* is the part of the words that Whisper hears otherwise, *lost* the part that it does not hear at all; \
         *noise* is how often each sentence was spoken, with other noise each time. *Against f32* are the same \
         sentences with the same noise, with the bounds that the difference lies between with a probability of 0.95 \
         (sentences drawn anew). DNSMOS judges the first recording of every eighth sentence. *End* is how many end at the same frame as f32's, and by how many frames of 80 ms \
         they differ on average; *quiet* the level of the quietest tenth, in dB of full scale; *clipped* the samples \
         of a million beyond full scale, which a file of 16 bits clips, and the largest magnitude. *As f32* is what \
         differs by no more than chance in its words, by at most {MOS} in DNSMOS and {QUIET_RISE} dB in quiet.\n\
         A row of one component has all others in f32. A row is of the engine unless it says otherwise.\n\n\
         | row | noise | wrong | against f32 | lost | DNSMOS | against f32 | end | quiet | clipped | as f32 |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}",
        config::Variant::INCLUDED,
        LISTEN_VOICES[0],
        LISTEN_VOICES[1],
    )
}

fn row(
    name: &str,
    speaks: &Speaks,
    records: &[ListenRecord],
    reference: &[ListenRecord],
    other: impl Fn(u64) -> u64,
) -> String {
    let means = LISTEN_VOICES.map(|voice| means(records, voice));
    let against = LISTEN_VOICES.map(|voice| compare(records, reference, voice, &other));
    let of = |show: &dyn Fn(&Means) -> String| format!("{} / {}", show(&means[0]), show(&means[1]));
    let differ = |show: &dyn Fn(&RowComparison) -> String| match &against {
        [Some(a), Some(b)] => format!("{} / {}", show(a), show(b)),
        _ => "-".to_owned(),
    };
    let noise = records.len() / (2 * sentences(records)).max(1);
    let is_reference = name == "f32";
    let blank = |text: String| if is_reference { "-".to_owned() } else { text };
    // With noise of its own, or none, every end is another.
    let end = match speaks {
        Speaks::Bundle { .. } => blank(differ(&|it| {
            format!("{:.0} %, {:.1}", it.same_end * 100.0, it.frames)
        })),
        Speaks::Original | Speaks::Teacher => "-".to_owned(),
    };
    let mut row = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        row,
        "| {name} | {noise} | {} | {} | {} | {} | {} | {end} | {} | {} | {} |",
        of(&|it| format!("{:.3}", it.wrong)),
        blank(differ(&|it| bounds(&it.wrong, 3))),
        of(&|it| format!("{:.3}", it.lost)),
        of(&|it| format!("{:.2}", it.mos)),
        blank(differ(&|it| bounds(&it.mos, 2))),
        of(&|it| format!("{:.1}", it.quiet)),
        of(&|it| format!("{:.0}, {:.2}", it.clipped, it.peak)),
        blank(verdict(&against)),
    );
    row
}

/// How many sentences there are in the records.
fn sentences(records: &[ListenRecord]) -> usize {
    records
        .iter()
        .map(|it| it.sentence)
        .max()
        .map_or(0, |last| last + 1)
}

fn bounds(it: &MeanDifference, digits: usize) -> String {
    let MeanDifference { mean, low, high } = *it;
    if mean.is_nan() {
        return "-".to_owned();
    }
    format!("{mean:+.digits$} ({low:+.digits$} to {high:+.digits$})")
}

/// Whether what is heard is as it was, and what is not.
fn verdict(against: &[Option<RowComparison>; 2]) -> String {
    let both: Vec<&RowComparison> = against.iter().flatten().collect();
    let any = |differs: fn(&RowComparison) -> bool| both.iter().any(|it| differs(it));
    let found = [
        (any(|it| it.wrong.low > 0.0), "words"),
        (any(|it| it.mos.mean < -MOS), "DNSMOS"),
        (any(|it| it.quiet > QUIET_RISE), "hiss"),
    ];
    let found: Vec<_> = found
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, what)| *what)
        .collect();
    if found.is_empty() {
        "yes".to_owned()
    } else {
        format!("no: {}", found.join(", "))
    }
}
