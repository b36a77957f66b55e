//! Chunks as they come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use speech::{MoreText, SpeechOptions, Speed};
use stretch::Stretch;

use crate::support::{backends, say, speaker};

const TINY_MODEL: &str = "tiny_english";

#[test]
fn the_first_chunk_is_one_frame_long() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    for threads in [1, 2] {
        let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), threads);
        let options = speaker.model().options();
        let mut utterance = speaker.speak(&voice, "Hello world.", &options).unwrap();
        assert_eq!(utterance.first_sound(), None);
        let first = utterance.next().unwrap().unwrap();
        assert_eq!(first.samples.len(), 1920);
        assert_eq!(first.text.as_deref(), Some("Hello world."));
        assert!(utterance.first_sound().unwrap() <= utterance.elapsed());
        let rest: usize = utterance
            .by_ref()
            .map(|chunk| chunk.unwrap().samples.len())
            .sum();
        assert_eq!(utterance.samples(), 1920 + rest as u64);
        let timings = utterance.timings();
        let frames = utterance.samples() as usize / 1920;
        assert_eq!(timings.mimi_decoder.calls, frames);
        assert_eq!(
            (timings.text_conditioner.calls, timings.prefill.calls),
            (1, 1)
        );
        assert!(timings.flow_net.calls == frames && timings.flow_lm.calls + 2 >= frames);
        assert!(utterance.next().is_none());
    }
}

#[test]
fn pauses_are_silent_and_as_long_as_asked() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), 2);
    let options = speaker.model().options();
    let (one, two) = ("First.", "Second.");
    let parts = speaker
        .speak(&voice, format!("{one} [pause 2.5s] {two}"), &options)
        .unwrap()
        .map(Result::unwrap);
    let mut silence = 0;
    let mut texts = Vec::new();
    for chunk in parts {
        match chunk.text {
            None => {
                assert!(chunk.samples.iter().all(|&sample| sample == 0.0));
                silence += chunk.samples.len();
            }
            Some(text) if texts.last() != Some(&text) => texts.push(text),
            Some(_) => {}
        }
    }
    assert_eq!(silence, 60_000);
    assert_eq!(
        texts.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        [one, two]
    );
    let only = say(&speaker, &voice, "[pause 250ms]", &options);
    assert_eq!(only, vec![0.0; 6000]);
}

#[test]
fn a_listener_may_leave_at_any_point() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let text = "A sentence that is said again and again. ".repeat(200);
    for threads in [1, 2] {
        let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), threads);
        let options = speaker.model().options();
        for chunks in [0, 1, 5] {
            let utterance = speaker.speak(&voice, &text, &options).unwrap();
            assert_eq!(utterance.take(chunks).count(), chunks);
        }
        // Nothing is left at work, and the bundle goes on to speak.
        let started = Instant::now();
        assert!(!say(&speaker, &voice, "Done.", &options).is_empty());
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn utterances_share_a_bundle() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    for backend in backends() {
        let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backend, 2);
        let options = speaker.model().options();
        let texts = [
            "One voice.",
            "Another text, at the same time.",
            "And a third.",
        ];
        let alone = texts.map(|text| say(&speaker, &voice, text, &options));
        let together = std::thread::scope(|scope| {
            let spoken = texts.map(|text| scope.spawn(|| say(&speaker, &voice, text, &options)));
            spoken.map(|thread| thread.join().unwrap())
        });
        assert!(alone == together);
    }
}

/// Of such a text no chunk ever comes, at which a stop could be noticed.
#[test]
fn a_text_that_never_says_anything_can_be_stopped() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    for threads in [1, 2] {
        let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), threads);
        let options = speaker.model().options();
        let (began, begins) = std::sync::mpsc::channel();
        let source = Box::new(move |_| {
            // Nobody waits for it any more at the end.
            let _ = began.send(());
            Ok(MoreText::Piece("\n".repeat(2_000).into()))
        });
        let utterance = speaker.model().utterance_of(source, &options).unwrap();
        let mut utterance = speaker.say(&voice, utterance).unwrap();
        let stop = utterance.stop();
        let stopper = std::thread::spawn(move || {
            begins.recv().unwrap();
            stop.stop();
        });
        assert!(utterance.next().is_none());
        stopper.join().unwrap();
    }
}

/// What fails while a text is read is an error of the utterance.
#[test]
fn a_source_may_fail() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), 2);
    let options = speaker.model().options();
    let source = Box::new(move |_| Err("the disk is gone".into()));
    let utterance = speaker.model().utterance_of(source, &options).unwrap();
    let mut utterance = speaker.say(&voice, utterance).unwrap();
    let error = utterance.next().unwrap().unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("the disk is gone"), "{error}");
    assert!(utterance.next().is_none());
}

#[test]
fn another_speed_says_the_same_in_another_time() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let text = "First it is said. [pause 1.5s] Second.";
    let chunks = |threads: usize, speed: f64| {
        let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), threads);
        let speed = Speed::new(speed).unwrap();
        let options = SpeechOptions {
            speed,
            ..speaker.model().options()
        };
        let utterance = speaker.speak(&voice, text, &options).unwrap();
        // Sound of one text, or of one pause, whatever pieces it came in.
        let mut parts: Vec<(Option<Arc<str>>, Vec<f32>)> = Vec::new();
        for chunk in utterance.map(Result::unwrap) {
            assert!(!chunk.samples.is_empty());
            match parts.last_mut() {
                Some((text, samples)) if *text == chunk.text => samples.extend(chunk.samples),
                _ => parts.push((chunk.text, chunk.samples)),
            }
        }
        parts
    };
    let own = chunks(2, 1.0);
    let texts = |parts: &[(Option<Arc<str>>, Vec<f32>)]| {
        let texts = parts.iter().map(|(text, _)| text.clone());
        texts.collect::<Vec<_>>()
    };
    for rate in [0.5, 0.8, 1.5, 2.0] {
        let heard = chunks(2, rate);
        assert_eq!(texts(&heard), texts(&own));
        assert_eq!(heard, chunks(1, rate), "{rate}: threads change nothing");
        // What follows from the samples of speed 1.
        let speed = Speed::new(rate).unwrap();
        let mut stretch = Stretch::new(24_000, speed);
        for ((text, samples), (_, heard)) in own.iter().zip(&heard) {
            let mut expected = Vec::new();
            if text.is_some() {
                stretch.push(samples, &mut expected);
                stretch.flush(&mut expected);
            } else {
                let silence = stretch.silence(samples.len() as u64, &mut expected);
                expected.resize(silence as usize, 0.0);
            }
            assert!(*heard == expected, "{rate}: {text:?}");
        }
        let lengths = |parts: &[(_, Vec<f32>)]| parts.iter().map(|it| it.1.len()).sum::<usize>();
        let off = lengths(&heard) as f64 - speed.output_position(lengths(&own) as f64);
        assert!(off.abs() < 1920.0, "{rate}: {off} samples off");
    }
}
