//! Memory does not grow with the length of a text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers fail the test that calls them"
)]
#![cfg(target_os = "linux")]

use std::sync::Arc;

use runtime::rten::{self, Rten};
use speaker::{PreparedVoice, Speaker};
use speech::TextPiece;

/// Peak memory of this process since the last call, in kB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak = line.trim().trim_end_matches(" kB").parse().unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    peak
}

/// A small model, with its voice.
fn speaker() -> (Speaker, PreparedVoice) {
    let name = "tiny_2m";
    let bundle = testkit::bundle(name, 17).unwrap();
    let backend = Rten::new(rten::RtenOptions::default());
    let speaker = Speaker::open(&bundle.path(), Arc::new(backend), 2).unwrap();
    let voice = std::fs::read(testkit::records(name).join("voice.safetensors")).unwrap();
    let voice = speaker.model().read_voice(&voice).unwrap();
    let voice = speaker.prepare(&voice).unwrap();
    (speaker, voice)
}

#[test]
fn memory_does_not_grow_with_the_length_of_a_text() {
    ten_thousand_words_take_no_more_memory_than_a_thousand();
    ten_megabytes_take_no_more_memory_than_ten_kilobytes();
}

/// Up to the first sound; all of them would take hours.
fn ten_megabytes_take_no_more_memory_than_ten_kilobytes() {
    let (speaker, voice) = speaker();
    let options = speaker.model().options();
    let texts = [
        "This is a sentence of a long book. ",
        "and so it goes on and on ",
        "語",
        "a",
        "word\n\n",
    ];
    for text in texts {
        let mut peaks = Vec::new();
        for bytes in [10_000, 10_000, 10_000_000] {
            let (mut left, mut read) = (bytes / text.len(), 0);
            let piece = text.repeat(2_000 / text.len());
            peak();
            let source = Box::new(move |_| {
                let end = piece.len().min(left * text.len());
                left -= end / text.len();
                read += end;
                // The thread is a few chunks ahead of the first sound at most.
                assert!(read < 200_000, "{text}: {read} bytes are read");
                let piece = Some(&piece[..end]).filter(|piece| !piece.is_empty());
                Ok(piece.map(TextPiece::from).into())
            });
            let utterance = speaker.model().utterance_of(source, &options).unwrap();
            let mut utterance = speaker.say(&voice, utterance).unwrap();
            assert!(!utterance.next().unwrap().unwrap().samples.is_empty());
            peaks.push(peak());
        }
        assert!(peaks[2] < peaks[1] + 2_000, "{text}: {peaks:?} kB");
    }
}

fn ten_thousand_words_take_no_more_memory_than_a_thousand() {
    let (speaker, voice) = speaker();
    let mut options = speaker.model().options();
    // Every chunk ends as soon as it may: it is the number of chunks that counts.
    options.eos_threshold = f32::MIN;
    let texts = [
        "Ten words are in this sentence, which is said again. ",
        // Nothing to split at, as in what machines write down.
        "ten words are said again and again without a pause ",
    ];
    for ten_words in texts {
        let mut spoken = Vec::new();
        let mut peaks = Vec::new();
        for words in [1000, 1000, 10_000] {
            let text = ten_words.repeat(words / 10);
            peak();
            let utterance = speaker.speak(&voice, &text, &options).unwrap();
            spoken.push(
                utterance
                    .map(|chunk| chunk.unwrap().samples.len())
                    .sum::<usize>(),
            );
            peaks.push(peak());
        }
        assert!(spoken[2] > 9 * spoken[0], "{ten_words}: {spoken:?}");
        // The text itself and its chunks take about a megabyte.
        assert!(
            peaks[2] < peaks[1] + 8_000,
            "{ten_words}: {peaks:?} kB for {spoken:?} samples"
        );
    }
}
