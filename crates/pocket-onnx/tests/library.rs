//! The library as its users see it, with the included model.

#![cfg(feature = "starling")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::thread;

use pocket_onnx::{Chunk, Error, SpeechNotice, SpeechOptions, Tts, Utterance, Voice};

fn options(tts: &Tts, seed: u64) -> SpeechOptions {
    let mut options = tts.options().unwrap();
    options.seed = seed;
    options
}

#[test]
fn everything_can_be_sent_to_other_threads() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}

    is_send::<(Tts, Voice, Utterance, Chunk, Error)>();
    is_sync::<(Tts, Voice, Chunk, Error)>();
}

#[test]
fn utterances_at_once_do_not_change_each_other() {
    let tts = Tts::starling().unwrap();
    let alone = tts.speak_with("One, two, three.", &options(&tts, 3));
    let alone = alone.unwrap().audio().unwrap();
    assert!(alone.iter().any(|sample| sample.abs() > 0.05));
    let at_once: Vec<_> = (0..4)
        .map(|number| {
            let tts = tts.clone();
            thread::spawn(move || {
                let seed = if number == 3 { 4 } else { 3 };
                let utterance = tts.speak_with("One, two, three.", &options(&tts, seed));
                utterance.unwrap().audio().unwrap()
            })
        })
        .map(|thread| thread.join().unwrap())
        .collect();
    for audio in &at_once[..3] {
        assert_eq!(*audio, alone);
    }
    assert_ne!(at_once[3], alone);
}

#[test]
fn a_text_without_words_is_a_short_silence() {
    let tts = Tts::starling().unwrap();
    for text in ["🎉", "...", "\u{2014} !"] {
        let mut utterance = tts.speak(text).unwrap();
        let mut audio = Vec::new();
        for chunk in utterance.by_ref() {
            audio.extend(chunk.unwrap().audio);
        }
        assert_eq!(audio, vec![0.0; 4800], "{text}");
        assert_eq!(utterance.notices(), [SpeechNotice::NoWords], "{text}");
    }
    assert!(tts.speak(" \n").is_err());
}

#[test]
fn threads_do_not_change_samples_and_a_seed_is_fresh_unless_given() {
    let one = Tts::builder().threads(1).starling().unwrap();
    let two = Tts::builder().threads(2).starling().unwrap();
    let [one_spoken, two_spoken] = [&one, &two].map(|tts| {
        let utterance = tts.speak_with("Good morning.", &options(tts, 1));
        utterance.unwrap().audio().unwrap()
    });
    assert_eq!(one_spoken, two_spoken);
    assert_ne!(one.options().unwrap().seed, one.options().unwrap().seed);
}

#[test]
fn chunks_have_text_and_words_and_an_utterance_may_be_dropped() {
    let tts = Tts::starling().unwrap();
    let mut options = options(&tts, 1);
    assert!(tts.tells_words());
    options.words = true;
    let text = "The box is red. [pause 300ms] It is small.";
    let mut utterance = tts.speak_with(text, &options).unwrap();
    let chunks: Vec<Chunk> = utterance.by_ref().map(Result::unwrap).collect();
    let words: String = (chunks.iter().flat_map(|chunk| &chunk.words))
        .map(|word| &word.text[..])
        .collect();
    assert_eq!(words + &utterance.rest(), text);
    assert!(chunks[0].text.as_deref().unwrap().starts_with("The box"));
    let pause = chunks.iter().find(|chunk| chunk.text.is_none()).unwrap();
    assert!(pause.audio.iter().all(|sample| *sample == 0.0));

    let mut dropped = tts.speak("A long text. ".repeat(200)).unwrap();
    dropped.next().unwrap().unwrap();
    drop(dropped);
    let stopped = tts.speak("A long text. ".repeat(200)).unwrap();
    let stop = stopped.stop();
    stop.stop();
    assert!(stopped.audio().unwrap().len() < 24_000 * 10);
}

#[test]
fn a_model_lives_as_long_as_one_of_its_utterances() {
    let utterance = {
        let tts = Tts::starling().unwrap();
        tts.voice("heron").unwrap().speak("I am still here.")
    };
    assert!(utterance.unwrap().audio().unwrap().len() > 10_000);
}

#[test]
fn mistakes_are_errors() {
    let tts = Tts::starling().unwrap();
    let error = tts.voice("hron").unwrap_err();
    assert!(matches!(error, Error::Voice(_)), "{error}");
    assert!(error.to_string().contains("did you mean heron?"), "{error}");
    assert!(tts.voice("-").is_err() && tts.voice("").is_err());
    tts.voice_from_bytes(b"no voice").unwrap_err();
    assert!(matches!(
        tts.speak("[pause 1h]  [pause 500s]").map(Utterance::audio),
        Err(Error::Speech(_)) | Ok(Err(Error::Speech(_)))
    ));
    let dir = tempfile::tempdir().unwrap();
    let error = Tts::open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Manifest(_)), "{error}");
    let file = dir.path().join("speech.m4a");
    let error = tts.speak("Hello.").unwrap().save(&file).unwrap_err();
    assert!(error.to_string().contains("speech.m4a"), "{error}");
    assert!(fs::read_dir(dir.path()).unwrap().next().is_none());
}

#[test]
fn speech_and_voices_are_saved() {
    let tts = Tts::starling().unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (name, magic) in [
        ("a.wav", "RIFF"),
        ("a.flac", "fLaC"),
        ("a.opus", "OggS"),
        ("a.OGG", "OggS"),
    ] {
        let file = dir.path().join(name);
        tts.speak("Hello.").unwrap().save(&file).unwrap();
        assert!(fs::read(file).unwrap().starts_with(magic.as_bytes()));
    }
    let file = dir.path().join("heron.safetensors");
    let heron = tts.voice("heron").unwrap();
    heron.save(&file).unwrap();
    let saved = tts.voice(file.to_str().unwrap()).unwrap();
    let [one, other] = [heron, saved].map(|voice| {
        let utterance = voice.speak_with("Hello.", &options(&tts, 1));
        utterance.unwrap().audio().unwrap()
    });
    assert_eq!(one, other);
}

#[cfg(feature = "rten")]
#[test]
fn other_backends_run_the_graphs() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("starling");
    let whole =
        pocket_onnx::convert::ComponentFormats::all(pocket_onnx::convert::WeightFormat::F32);
    pocket_onnx::convert::Conversion::new(pocket_onnx::convert::ModelSource::variant("starling"))
        .formats(whole)
        .write(&folder)
        .unwrap();
    let spoken = [pocket_onnx::Backend::Engine, pocket_onnx::Backend::Rten].map(|backend| {
        let tts = Tts::builder().backend(backend).open(&folder).unwrap();
        let utterance = tts.speak_with("Hello.", &options(&tts, 1)).unwrap();
        utterance.audio().unwrap()
    });
    assert_eq!(spoken[0].len(), spoken[1].len());
}
