//! Texts that arrive in pieces.

use std::thread;
use std::time::{Duration, Instant};

use normalize::{Language, Replacements, Rules};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use speaker::{
    PreparedVoice, Speaker, TextSender, TextSenderError, Utterance, arriving_text, rewritten,
};
use speech::{SENTENCE_PATIENCE, SpeechOptions, USUAL_SILENCE};

use crate::support::{backends, speaker};

const TINY_MODEL: &str = "tiny_english";

/// Starts to speak what the sender will be given.
fn start(
    speaker: &Speaker,
    voice: &PreparedVoice,
    rules: &Rules,
    silence: Option<Duration>,
    options: &SpeechOptions,
) -> (TextSender, Utterance) {
    let (sender, source) = arriving_text(rules, silence);
    let utterance = speaker.model().utterance_of(source, options).unwrap();
    (sender, speaker.say(voice, utterance).unwrap())
}

/// The texts of the chunks with the part of the source that they speak, and all samples.
fn all(utterance: Utterance) -> (Vec<(String, std::ops::Range<usize>)>, Vec<f32>) {
    let (mut chunks, mut samples) = (Vec::new(), Vec::new());
    for chunk in utterance.map(Result::unwrap) {
        if let Some(text) = &chunk.text {
            let said = (text.to_string(), chunk.source.clone());
            if chunks.last() != Some(&said) {
                chunks.push(said);
            }
        }
        samples.extend(chunk.samples);
    }
    (chunks, samples)
}

fn rules() -> Rules {
    Rules {
        replacements: Replacements::parse("kyutai = kyoo tie").unwrap(),
        language: Some(Language::English),
        reads_all_digits: false,
    }
}

/// Chunks and samples do not depend on how a text was cut into pieces.
#[test]
fn a_text_in_pieces_is_the_same_speech() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), 2);
    let mut options = speaker.model().options();
    // Speech is over as soon as it may be.
    options.eos_threshold = f32::MIN;
    options.max_tokens = 20;
    let words = prop::sample::select(vec![
        "Hello",
        "world.",
        "It",
        "costs",
        "3.14",
        "$1,024.50",
        "Dr.",
        "Smith",
        "...",
        "No?",
        "Yes!",
        "[pause 20ms]",
        "[pause",
        "naïve",
        "語。",
        "kyutai",
        "e.g.",
        "5",
        "\r\n",
        "\n\n",
        "\"Quoted.\"",
        "👩‍👩‍👧‍👦",
        "1",
        "000",
    ]);
    let text = prop::collection::vec(words, 1..25).prop_map(|words| words.join(" "));
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(40)
    });
    let case = (
        text,
        prop::collection::vec(1..12_usize, 1..6),
        any::<bool>(),
    );
    let check = |(text, lengths, is_rewritten): (String, Vec<usize>, bool)| {
        let rules = if is_rewritten {
            rules()
        } else {
            Rules::default()
        };
        let Ok(whole) = speaker.speak(&voice, rewritten(text.clone(), &rules), &options) else {
            return Ok(());
        };
        let (sender, utterance) = start(&speaker, &voice, &rules, Some(USUAL_SILENCE), &options);
        let (mut rest, mut lengths) = (&text[..], lengths.iter().cycle());
        while !rest.is_empty() {
            let length = lengths.next().copied().unwrap_or(1);
            let (piece, behind) = rest.split_at(rest.ceil_char_boundary(length));
            sender.push(piece).unwrap();
            rest = behind;
        }
        drop(sender);
        let ((chunks, samples), (whole, whole_samples)) = (all(utterance), all(whole));
        prop_assert_eq!(chunks, whole);
        prop_assert!(samples == whole_samples);
        Ok(())
    };
    for text in ["[pause \r\n e.g. [pause 20ms]", "Dr. [pause"] {
        check((text.to_owned(), vec![1], true)).unwrap();
    }
    runner.run(&case, check).unwrap();
}

/// The source says no more until the first sentence has been heard.
#[test]
fn a_sentence_is_heard_before_the_next_is_there() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    for (threads, rules) in [(1, Rules::default()), (2, rules())] {
        let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), threads);
        let options = speaker.model().options();
        let (sender, mut utterance) = start(&speaker, &voice, &rules, None, &options);
        for word in ["It", " is", " one", ".", " And"] {
            sender.push(word).unwrap();
        }
        let first = utterance.next().unwrap().unwrap();
        assert_eq!(first.text.as_deref(), Some("It is one."));
        let waited = utterance.timings().waiting.total;
        assert!(
            waited + Duration::from_millis(50) > SENTENCE_PATIENCE,
            "{waited:?}"
        );
        sender.push(" two").unwrap();
        sender.flush().unwrap();
        let mut texts = utterance.by_ref().map(|chunk| chunk.unwrap().text);
        assert!(texts.any(|text| text.as_deref() == Some("And two.")));
        sender.push(" Three").unwrap();
        sender.close();
        assert_eq!(sender.push("four"), Err(TextSenderError::Closed));
        assert_eq!(sender.flush(), Err(TextSenderError::Closed));
        let (rest, _) = all(utterance);
        assert_eq!(rest.last().unwrap(), &("Three.".to_owned(), 19..24));
        assert_eq!(sender.push("four"), Err(TextSenderError::Closed));
    }
}

#[test]
fn an_unfinished_sentence_is_spoken_after_a_silence() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), 2);
    let options = speaker.model().options();
    let silence = Some(Duration::from_millis(300));
    let (sender, mut utterance) = start(&speaker, &voice, &rules(), silence, &options);
    sender.push("It is 5").unwrap();
    let first = utterance.next().unwrap().unwrap();
    assert_eq!(first.text.as_deref(), Some("It is five."));
    drop(sender);
    assert!(utterance.all(|chunk| chunk.is_ok()));
}

#[test]
fn a_text_that_never_goes_on_can_be_stopped_and_dropped() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    for threads in [1, 2] {
        let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), threads);
        let options = speaker.model().options();
        let rules = Rules::default();
        let (sender, mut utterance) = start(&speaker, &voice, &rules, None, &options);
        let stop = utterance.stop();
        let stopper = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            stop.stop();
        });
        assert!(utterance.next().is_none());
        stopper.join().unwrap();
        drop(utterance);
        assert_eq!(sender.push("Hello."), Err(TextSenderError::Abandoned));
        // Whoever waits for room is let go, too.
        let (sender, utterance) = start(&speaker, &voice, &rules, None, &options);
        let pusher = thread::spawn(move || sender.push(&"and so on ".repeat(1_000_000)));
        thread::sleep(Duration::from_millis(50));
        drop(utterance);
        assert_eq!(pusher.join().unwrap(), Err(TextSenderError::Abandoned));
    }
}

#[test]
fn a_text_that_breaks_off_is_spoken_up_to_there() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), 2);
    let options = speaker.model().options();
    for (text, expected) in [("One. Two. Thr", Some("One. Two.")), ("One", None)] {
        let (sender, utterance) = start(&speaker, &voice, &Rules::default(), None, &options);
        sender.push(text).unwrap();
        sender.fail("the line is cut");
        let spoken: Vec<_> = utterance.collect();
        let (last, before) = spoken.split_last().unwrap();
        let error = last.as_ref().unwrap_err();
        let cause = std::error::Error::source(error).map(ToString::to_string);
        assert_eq!(cause.as_deref(), Some("the line is cut"));
        let text = before
            .last()
            .map(|chunk| chunk.as_ref().unwrap().text.clone().unwrap());
        assert_eq!(text.as_deref(), expected);
    }
}

/// Empty pieces, and a text of nothing.
#[test]
fn nothing_is_refused_at_its_end() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), 2);
    let options = speaker.model().options();
    for pieces in [&[][..], &["", "", " \n", ""]] {
        let silence = Some(Duration::from_millis(20));
        let (sender, mut utterance) = start(&speaker, &voice, &rules(), silence, &options);
        for piece in pieces {
            sender.push(piece).unwrap();
            sender.flush().unwrap();
        }
        let started = Instant::now();
        drop(sender);
        let error = utterance.next().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the text is empty: there is nothing to say"
        );
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}
