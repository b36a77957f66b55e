//! Sound as server-sent events: `speech.audio.delta` with base64, and `speech.audio.done`.

use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use serde_json::{Value, json};
use speech::Word;

use super::ApiError;
use crate::{EncodedSound, JobEvent, Listener};

/// Sends sound as events. `input_tokens` is the number of tokens in the text.
pub(crate) fn events(listener: Listener, timestamps: bool, input_tokens: usize) -> Response {
    let events = stream::unfold(Some((listener, 0)), move |state| async move {
        let (mut listener, parts) = state?;
        loop {
            let (event, state): (Value, _) = match listener.next().await? {
                JobEvent::Sound(sound) if sound.bytes.is_empty() && sound.words.is_empty() => {
                    continue;
                }
                JobEvent::Sound(sound) => (delta(&sound, timestamps), Some((listener, parts + 1))),
                JobEvent::Done(_) => (done(input_tokens, parts), None),
                JobEvent::Failed(failure) => (failed(&failure.into()), None),
            };
            let event = Event::default().data(event.to_string());
            return Some((Ok::<_, Infallible>(event), state));
        }
    });
    Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response()
}

fn delta(sound: &EncodedSound, timestamps: bool) -> Value {
    let mut event = json!({
        "type": "speech.audio.delta",
        "audio": STANDARD.encode(&sound.bytes),
    });
    if timestamps {
        event["words"] = sound.words.iter().map(word).collect();
    }
    event
}

/// Seconds from the beginning of the sound, and the position of the word in the input, in UTF-16
/// units.
fn word(word: &Word) -> Value {
    json!({
        "text": word.text,
        "start": word.start,
        "end": word.end,
        "from": word.source.utf16.start,
        "to": word.source.utf16.end,
    })
}

fn done(input_tokens: usize, output_tokens: u64) -> Value {
    json!({
        "type": "speech.audio.done",
        "usage": {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "total_tokens": input_tokens as u64 + output_tokens,
        },
    })
}

fn failed(error: &ApiError) -> Value {
    json!({ "type": "error", "error": error.json() })
}
