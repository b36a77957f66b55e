//! Speech that feeds on itself: the same on every run and thread count, and near between
//! backends.

use speaker::{PreparedVoice, Speaker};

use crate::support::{backends, say, speaker};

const TEXT: &str = "Hello there. [pause 100ms] This is a longer sentence, and it is split; isn't it? \
                    Of course it is, for it is long enough to be more than one chunk of text by now.";

#[test]
fn a_seed_says_the_same_on_every_run_and_thread_count() {
    let mut wrong = Vec::new();
    for name in ["tiny_english", "tiny_2m", "tiny_flow_matching"] {
        let bundle = testkit::bundle(name, 17).unwrap();
        for first in backends() {
            let mut reference: Option<Vec<f32>> = None;
            for threads in [1, 2, 2, 4] {
                let (speaker, voice) = speaker(&bundle.path(), name, first.clone(), threads);
                let mut options = speaker.model().options();
                options.seed = 5;
                let samples = say(&speaker, &voice, TEXT, &options);
                if *reference.get_or_insert_with(|| samples.clone()) != samples {
                    wrong.push(format!("{name} in {}, {threads} threads", first.name()));
                }
                options.seed = 6;
                if say(&speaker, &voice, TEXT, &options) == samples {
                    wrong.push(format!(
                        "{name} in {}: another seed says the same",
                        first.name()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Feedback amplifies rounding, so only the beginning is compared sample by sample.
#[test]
fn backends_agree_while_they_run_freely() {
    let mut wrong = Vec::new();
    for name in testkit::SMALL_MODELS {
        let bundle = testkit::bundle(name, 17).unwrap();
        let mut spoken_first = None;
        for backend in backends() {
            let backend_name = backend.name();
            let speaking = speaker(&bundle.path(), name, backend, 2);
            let (seed, threshold, a) = spoken_first.get_or_insert_with(|| {
                let (seed, threshold) = end_in_the_middle(&speaking);
                (seed, threshold, spoken(&speaking, seed, threshold).0)
            });
            let (b, _) = spoken(&speaking, *seed, *threshold);
            let largest = a.iter().fold(0.0, |max: f32, v| max.max(v.abs()));
            let differs = |samples: usize| {
                let pairs = a.iter().zip(&b).take(samples);
                pairs.fold(0.0, |max: f32, (a, b)| max.max((a - b).abs())) / largest
            };
            let (first, all) = (differs(10 * FRAME), differs(usize::MAX));
            let frames = [a.len() / FRAME, b.len() / FRAME];
            let report = format!(
                "{name} in {backend_name}: {first:e} over 10 frames, {all:e} over {frames:?}"
            );
            println!("{report}");
            if a.len() != b.len() || first > 1e-3 {
                wrong.push(report);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const FRAME: usize = 1920;

/// All samples, and whether the end of speech did not come.
fn spoken(
    (speaker, voice): &(Speaker, PreparedVoice),
    seed: u64,
    eos_threshold: f32,
) -> (Vec<f32>, bool) {
    let options = speech::SpeechOptions {
        seed,
        eos_threshold,
        frames_after_eos: Some(0),
        ..speaker.model().options()
    };
    let text = "Backends say this alike, and they go on until it ends.";
    let mut samples = Vec::new();
    let mut cut = false;
    for chunk in speaker.speak(voice, text, &options).unwrap() {
        let chunk = chunk.unwrap();
        samples.extend(chunk.samples);
        cut |= chunk.cut;
    }
    (samples, cut)
}

/// A seed and a threshold with which speech ends after more than ten frames and before it is cut
/// off: random weights do not say when they are through.
fn end_in_the_middle(speaking: &(Speaker, PreparedVoice)) -> (u64, f32) {
    for seed in 1..20 {
        let (mut low, mut high) = (-30.0, 30.0);
        for _ in 0..20 {
            let threshold = f32::midpoint(low, high);
            let (samples, cut) = spoken(speaking, seed, threshold);
            if cut {
                high = threshold;
            } else if samples.len() <= 10 * FRAME {
                low = threshold;
            } else {
                return (seed, threshold);
            }
        }
    }
    panic!("speech never ends in the middle");
}
