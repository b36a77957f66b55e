//! Chat programs, which send sentences one by one.

use std::io::Read as _;
use std::net::TcpStream;
use std::thread;

use serde_json::json;

use super::{Api, TEXT, samples};

/// Samples at the beginning and at the end of an answer that have to be nearly silent, and how loud
/// they may be: what is played one after the other has no clicks.
const EDGE: usize = 24;
const SILENT: u16 = 200;

/// Asks for a text, and reads nothing yet.
fn ask(api: &Api, text: &str) -> TcpStream {
    let request = json!({ "input": text, "response_format": "pcm" }).to_string();
    api.send("POST", "/v1/audio/speech", &[], request.as_bytes())
}

#[test]
fn answers_that_are_played_one_after_the_other_have_no_clicks() {
    let api = Api::start("");
    for text in [
        "The morning train was late.",
        "So we walked.",
        "It was cold!",
    ] {
        let answer = api.speak(&json!({ "input": text, "response_format": "pcm" }));
        assert!(answer.head.contains("audio/pcm"), "{}", answer.head);
        // Neither a header nor a trailer: both would be heard.
        assert!(!answer.body.starts_with(b"RIFF"));
        let sound = samples(&answer.body);
        let (first, last) = (&sound[..EDGE], &sound[sound.len() - EDGE..]);
        let loudest = first.iter().chain(last).map(|it| it.unsigned_abs()).max();
        assert!(loudest < Some(SILENT), "{text}: {loudest:?}");
        assert!(sound.iter().any(|it| it.unsigned_abs() > 3000), "{text}");
    }
}

#[test]
fn one_worker_answers_in_the_order_of_arrival() {
    let api = Api::start("--workers 1");
    // The first takes longest, so that the others wait; each begins after the one before.
    let mut streams = vec![ask(&api, &format!("{TEXT} ").repeat(20))];
    let mut first = [0; 1];
    streams[0].read_exact(&mut first).unwrap();
    for number in 0..3 {
        streams.push(ask(&api, &format!("This is number {number}.")));
        // So long a request may take to get into the queue.
        thread::sleep(std::time::Duration::from_millis(200));
    }
    let (told, order) = std::sync::mpsc::channel();
    for (number, mut stream) in streams.into_iter().enumerate() {
        let told = told.clone();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            told.send(number).unwrap();
        });
    }
    drop(told);
    assert_eq!(order.iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_long_text_does_not_hold_up_others() {
    let api = Api::start("");
    // An hour of sound each, of which the first is read.
    let mut long: Vec<_> = (0..3)
        .map(|_| ask(&api, &format!("{TEXT} ").repeat(330)))
        .collect();
    let mut first = [0; 512];
    for stream in &mut long {
        stream.read_exact(&mut first).unwrap();
    }
    // Whether it is heard while it is made, or sent at its end.
    for format in ["pcm", "wav"] {
        let answer = api.speak(&json!({ "input": TEXT, "response_format": format }));
        assert_eq!(answer.status, 200);
        assert!(answer.body.len() > 48_000, "{format}");
    }
    // They are still being spoken.
    for mut stream in long {
        stream.read_exact(&mut vec![0; 48_000]).unwrap();
    }
}
