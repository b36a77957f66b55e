//! Several utterances at the same time, whose steps are run together.

use std::thread;

use bundle::WeightFormat;
use speaker::{Listening, Scheduler, Speaker};
use speech::SpeechOptions;

use crate::support::{backends, say, speaker};

const TEXTS: [&str; 5] = [
    "Hello world.",
    "The morning train was late, so we walked along the river.",
    "It was cold. [pause 100ms] The river had no ice on it yet.",
    "Yes.",
    "We stayed for an hour, and then we went home.",
];

/// What each text is spoken with.
fn options(speaker: &Speaker, number: usize) -> SpeechOptions {
    SpeechOptions {
        seed: number as u64,
        words: number == 1 && speaker.tells_words(),
        ..speaker.model().options()
    }
}

#[test]
fn utterances_together_have_the_samples_that_each_has_alone() {
    let cases = [
        ("tiny_english", WeightFormat::Q8, 1),
        ("tiny_english", WeightFormat::Q8, 2),
        ("tiny_english", WeightFormat::Q4, 2),
        // Flows of several steps.
        ("tiny_flow_matching", WeightFormat::Q16, 2),
        // Rows depend on each other: nothing is run together.
        ("tiny_english", WeightFormat::F32, 2),
    ];
    for (name, format, cores) in cases {
        let bundle = testkit::bundle_in(format, name, 17).unwrap();
        for threads in [1, 2] {
            let (speaker, voice) = speaker(&bundle.path(), name, backends().remove(0), threads);
            let scheduler = Scheduler::new(cores);
            let together: Vec<Vec<f32>> = thread::scope(|scope| {
                let speak = |(number, text): (usize, &'static str)| {
                    let options = options(&speaker, number);
                    let generation = speaker.model().utterance(text, &options).unwrap();
                    let task = scheduler.task(Listening::AtOnce);
                    let utterance = speaker.say_scheduled(&voice, generation, task).unwrap();
                    utterance.flat_map(|chunk| chunk.unwrap().samples).collect()
                };
                let spoken = TEXTS.into_iter().enumerate();
                let spoken: Vec<_> = spoken.map(|it| scope.spawn(move || speak(it))).collect();
                spoken.into_iter().map(|it| it.join().unwrap()).collect()
            });
            for (number, (text, samples)) in TEXTS.into_iter().zip(&together).enumerate() {
                let alone = say(&speaker, &voice, text, &options(&speaker, number));
                assert!(
                    *samples == alone,
                    "{name} {format}, {threads} threads: {text}"
                );
            }
        }
    }
}
