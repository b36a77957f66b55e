//! Memory does not grow with the length of a text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers fail the test that calls them"
)]
#![cfg(target_os = "linux")]

use std::sync::Arc;

use runtime::rten::{self, Rten};
use speaker::Speaker;

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

#[test]
fn ten_thousand_words_take_no_more_memory_than_a_thousand() {
    let name = "tiny_2m";
    let bundle = fixtures::bundle(name, 17).unwrap();
    let backend = Rten::new(rten::Options::default());
    let speaker = Speaker::open(&bundle.path(), Arc::new(backend), 2).unwrap();
    let voice = std::fs::read(fixtures::records(name).join("voice.safetensors")).unwrap();
    let voice = speaker.model().read_voice(&voice).unwrap();
    let voice = speaker.prepare(&voice).unwrap();
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
