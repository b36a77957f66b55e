//! Calls, tensors and events as JavaScript objects.

use js_sys::{Array, BigInt64Array, Float32Array, Object, Reflect};
use speech::{Action, Asking, Call, ChunkWords, SpeechEvent, Word};
use tensor::{Data, Tensor};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::Error;
use crate::values::{self, get};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A shape and its values, in row-major order. */
export type Tensor =
  | { dtype: "f32"; shape: number[]; data: Float32Array }
  | { dtype: "i64"; shape: number[]; data: BigInt64Array };

/** Tensors by name. */
export type Tensors = Record<string, Tensor>;

/** A component to be run once; the host supplies states and position. */
export interface Call { component: string; inputs: Tensors }

/** An event of an utterance, for the decoder. */
export type SpeechEvent =
  /** A group of sentences begins; `from` and `to` are its range in the given text, in UTF-16 units. */
  | { kind: "begin"; text: string; from: number; to: number; words: string | undefined }
  /** How much the word heads look at each word in the next frame; only if words were asked for. */
  | { kind: "scores"; values: Float32Array }
  | { kind: "latent"; values: Float32Array }
  | { kind: "end"; cut: boolean }
  | { kind: "silence"; samples: number };

/** A word that was spoken. */
export interface Word {
  /** The word as written, preceded by everything since the previous word: all texts joined are the given text. */
  text: string;
  /** Seconds from the beginning of the sound. */
  start: number;
  end: number;
  /** The word's range in the given text, with the punctuation at its ends (`Hello,`), in UTF-16 units. */
  from: number;
  to: number;
}

/** What a host has to do next. */
export type Action =
  | { kind: "run"; call: Call }
  | { kind: "emit"; event: SpeechEvent }
  /** Ask again: a piece of the text has been read, and nothing can be done with it yet. */
  | { kind: "again" }
  /**
   * Push more of the text, then ask again. `hasText`: some text waits that could be spoken. `chunks`: how many
   * groups of sentences were spoken so far.
   */
  | { kind: "wait"; hasText: boolean; chunks: number }
  | { kind: "done" };

/** What the user should know about a recording: a short name for programs, and a sentence. */
export interface RecordingNotice {
  kind:
    | "own-voices"
    | "long-recording"
    | "short-recording"
    | "silent-recording"
    | "quiet-recording"
    | "clipped-recording"
    | "recording-scale"
    | "recording-offset"
    | "recording-channels";
  message: string;
}

/** Text or options that are probably a mistake: a short name for programs, and a sentence. */
export interface SpeechNotice {
  /**
   * - `pause-marker`: what looks like a pause is spoken as words;
   * - `no-words`: the text has no words, so a short silence stands for it; known only at its end;
   * - `unknown-letters`: the vocabulary does not have some letters, as those of other scripts; known only at the end;
   * - `steps`: more steps of the sampler than the model takes.
   */
  kind: "pause-marker" | "no-words" | "unknown-letters" | "steps";
  message: string;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// Tensors by name.
    #[wasm_bindgen(typescript_type = "Tensors")]
    pub type JsTensors;
    /// One tensor.
    #[wasm_bindgen(typescript_type = "Tensor")]
    pub type JsTensor;
    /// A component and its inputs.
    #[wasm_bindgen(typescript_type = "Call")]
    pub type JsCall;
    /// A component and its inputs, or nothing.
    #[wasm_bindgen(typescript_type = "Call | undefined")]
    pub type JsMaybeCall;
    /// The next action.
    #[wasm_bindgen(typescript_type = "Action")]
    pub type JsAction;
    /// What the user should know about a recording.
    #[wasm_bindgen(typescript_type = "RecordingNotice[]")]
    pub type JsRecordingNotices;
    /// What the user should know about a text.
    #[wasm_bindgen(typescript_type = "SpeechNotice[]")]
    pub type JsSpeechNotices;
    /// A word that was spoken.
    #[wasm_bindgen(typescript_type = "Word")]
    pub type JsWord;
}

/// Notices, from their kinds and messages.
pub(crate) fn notices_to_js<T: JsCast>(notices: impl Iterator<Item = (&'static str, String)>) -> T {
    let notice = |(kind, message): (&str, String)| {
        object(&[("kind", kind.into()), ("message", message.into())])
    };
    notices.map(notice).collect::<Array>().unchecked_into()
}

/// An object with these members.
pub(crate) fn object(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        set(&object, name, value);
    }
    object.into()
}

/// Setting a member of a plain object cannot fail.
fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

/// A tensor, converted for JavaScript.
pub(crate) fn tensor_to_js(tensor: &Tensor) -> JsTensor {
    let shape: Array = tensor
        .shape()
        .iter()
        .map(|&size| JsValue::from(size))
        .collect();
    let (dtype, data) = match (tensor.as_f32(), tensor.as_i64()) {
        (Some(values), _) => ("f32", Float32Array::from(values).into()),
        (_, values) => {
            let values = values.unwrap_or_default();
            ("i64", BigInt64Array::from(values).into())
        }
    };
    object(&[
        ("dtype", dtype.into()),
        ("shape", shape.into()),
        ("data", data),
    ])
    .unchecked_into()
}

/// A tensor from JavaScript; `what` names it in errors.
pub(crate) fn tensor_from_js(what: &str, value: &JsValue) -> Result<Tensor, Error> {
    let shape = values::shape(what, &get(value, "shape"))?;
    let data = get(value, "data");
    let data = match (values::floats(what, &data), values::integers(&data)) {
        (Ok(values), _) => Data::F32(values),
        (_, Some(values)) => Data::I64(values),
        (Err(_), None) => {
            let expected = "a tensor: its data is no Float32Array and no BigInt64Array";
            return Err(values::wrong(what, expected));
        }
    };
    Ok(Tensor::new(shape, data)?)
}

/// Tensors, converted for JavaScript.
pub(crate) fn tensors_to_js<'a>(
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
) -> JsTensors {
    let object = Object::new();
    for (name, tensor) in tensors {
        set(&object, name, &tensor_to_js(tensor));
    }
    object.unchecked_into()
}

/// Tensors from JavaScript.
pub(crate) fn tensors_from_js(tensors: &JsTensors) -> Result<Vec<(String, Tensor)>, Error> {
    let members = values::members("what should be tensors", tensors.as_ref())?;
    let entry = |(name, value): (String, JsValue)| {
        let tensor = tensor_from_js(&name, &value)?;
        Ok((name, tensor))
    };
    members.into_iter().map(entry).collect()
}

/// A call, converted for JavaScript.
pub(crate) fn call_to_js(call: &Call) -> JsCall {
    let inputs = call.inputs.iter().map(|(name, tensor)| (*name, tensor));
    object(&[
        ("component", call.component.as_str().into()),
        ("inputs", tensors_to_js(inputs).into()),
    ])
    .unchecked_into()
}

/// An action, converted for JavaScript.
pub(crate) fn action_to_js(action: &Action) -> JsAction {
    let action = match action {
        Action::Run(call) => object(&[("kind", "run".into()), ("call", call_to_js(call).into())]),
        Action::Emit(event) => object(&[("kind", "emit".into()), ("event", event_to_js(event))]),
        Action::Again => object(&[("kind", "again".into())]),
        Action::Wait(Asking { has_text, chunks }) => object(&[
            ("kind", "wait".into()),
            ("hasText", (*has_text).into()),
            ("chunks", (*chunks as f64).into()),
        ]),
        Action::Done => object(&[("kind", "done".into())]),
    };
    action.unchecked_into()
}

/// The words of a chunk, as [`words_from_js`] reads them.
fn words_to_js(words: Option<&ChunkWords>) -> JsValue {
    let text = words.and_then(|words| serde_json::to_string(words).ok());
    text.map_or(JsValue::UNDEFINED, JsValue::from)
}

/// The words of a chunk that [`words_to_js`] wrote.
pub(crate) fn words_from_js(words: Option<String>) -> Result<Option<ChunkWords>, Error> {
    let Some(words) = words else { return Ok(None) };
    let read = serde_json::from_str(&words);
    read.map_err(|_| values::wrong("the words", "those of a `begin` event"))
}

/// Spoken words, converted for JavaScript.
pub(crate) fn spoken_to_js(words: &[Word]) -> Vec<JsWord> {
    let word = |word: &Word| {
        object(&[
            ("text", word.text.as_str().into()),
            ("start", word.start.into()),
            ("end", word.end.into()),
            ("from", word.source.utf16.start.into()),
            ("to", word.source.utf16.end.into()),
        ])
        .unchecked_into()
    };
    words.iter().map(word).collect()
}

fn event_to_js(event: &SpeechEvent) -> JsValue {
    let piece =
        |kind: &str, member, value: JsValue| object(&[("kind", kind.into()), (member, value)]);
    match event {
        SpeechEvent::Begin {
            text,
            source,
            words,
        } => object(&[
            ("kind", "begin".into()),
            ("text", text.into()),
            ("from", source.utf16.start.into()),
            ("to", source.utf16.end.into()),
            ("words", words_to_js(words.as_ref())),
        ]),
        SpeechEvent::Scores(values) => {
            piece("scores", "values", Float32Array::from(&values[..]).into())
        }
        SpeechEvent::Latent(values) => {
            piece("latent", "values", Float32Array::from(&values[..]).into())
        }
        SpeechEvent::End { cut } => piece("end", "cut", (*cut).into()),
        SpeechEvent::Silence(samples) => piece("silence", "samples", (*samples).into()),
    }
}
