//! Speech that feeds on itself: the same on every run and thread count, and near between
//! backends.

use crate::support::{backends, say, speaker};

const TEXT: &str = "Hello there. [pause 100ms] This is a longer sentence, and it is split; isn't it? \
                    Of course it is, for it is long enough to be more than one chunk of text by now.";

#[test]
fn a_seed_says_the_same_on_every_run_and_thread_count() {
    let mut wrong = Vec::new();
    for name in ["tiny_english", "tiny_2m", "tiny_flow_matching"] {
        let bundle = fixtures::bundle(name, 17).unwrap();
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
    for name in fixtures::NAMES {
        let bundle = fixtures::bundle(name, 17).unwrap();
        let spoken: Vec<Vec<f32>> = (backends().into_iter())
            .map(|backend| {
                let (speaker, voice) = speaker(&bundle.path(), name, backend, 2);
                let options = speech::Options {
                    seed: 11,
                    // Somewhere in the middle of what random weights give.
                    eos_threshold: 0.0,
                    ..speaker.model().options()
                };
                say(&speaker, &voice, "Backends say this alike.", &options)
            })
            .collect();
        let [a, b] = &spoken[..] else { panic!() };
        let frame = 1920;
        let largest = a.iter().fold(0.0, |max: f32, v| max.max(v.abs()));
        let differs = |range: std::ops::Range<usize>| {
            let range = range.start..range.end.min(a.len()).min(b.len());
            let pairs = a[range.clone()].iter().zip(&b[range]);
            pairs.fold(0.0, |max: f32, (a, b)| max.max((a - b).abs())) / largest
        };
        let (first, all) = (differs(0..10 * frame), differs(0..usize::MAX));
        println!(
            "{name}: {first:e} over 10 frames, {all:e} over {}",
            a.len() / frame
        );
        if a.len() != b.len() || first > 1e-3 {
            wrong.push(format!(
                "{name}: {} and {} samples, {first:e}",
                a.len(),
                b.len()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
