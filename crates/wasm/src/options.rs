//! Options of an utterance, as JavaScript gives them.

use js_sys::{Object, Reflect};
use speech::{Options, SpeechError, Speed};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::values::{self, members};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** How an utterance is to be spoken. What is not given is the model's own. */
export interface SpeechOptions {
  /** Seed of the noise, a whole number: the same seed gives the same samples. */
  seed?: number | undefined;
  /** Variance of the noise: 0 gives the likeliest speech, more gives more variety. */
  temperature?: number | undefined;
  /** Largest magnitude of the noise; the normal distribution has none. */
  noiseClamp?: number | undefined;
  /** Steps of the sampler, at least 1. */
  steps?: number | undefined;
  /** The end-of-speech logit has to exceed this. */
  eosThreshold?: number | undefined;
  /** Frames spoken after the end of speech; guessed from the text unless given. */
  framesAfterEos?: number | undefined;
  /** Tokens that are spoken in one go: longer texts are split between sentences. */
  maxTokens?: number | undefined;
  /** How fast, from 0.5 to 2, at the same pitch; pauses are shorter or longer, too. */
  speed?: number | undefined;
  /** Tell when each word is spoken. */
  words?: boolean | undefined;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// Options by name.
    #[wasm_bindgen(typescript_type = "SpeechOptions")]
    pub type JsOptions;
    /// Options by name, all of them.
    #[wasm_bindgen(typescript_type = "SpeechOptions")]
    pub type JsOwnOptions;
}

/// `own`, with the given options replaced.
pub(crate) fn options_from_js(given: &JsOptions, own: Options) -> Result<Options, Error> {
    let mut options = own;
    let given: &JsValue = given.as_ref();
    if given.is_undefined() || given.is_null() {
        return Ok(options);
    }
    for (name, value) in members("what should be options", given)? {
        if value.is_undefined() {
            continue;
        }
        match name.as_str() {
            "seed" => options.seed = whole(&name, &value)?,
            "temperature" => options.temperature = number(&name, &value)?,
            "noiseClamp" => options.noise_clamp = Some(number(&name, &value)?),
            "steps" => options.steps = count(&name, &value)?,
            "eosThreshold" => options.eos_threshold = number(&name, &value)?,
            "framesAfterEos" => options.frames_after_eos = Some(count(&name, &value)?),
            "speed" => options.speed = speed(&name, &value)?,
            "words" => {
                options.words = value.as_bool().ok_or(Error::Option {
                    name,
                    problem: "has to be true or false",
                })?;
            }
            "maxTokens" => options.max_tokens = count(&name, &value)?,
            _ => {
                return Err(Error::Option {
                    name,
                    problem: "does not exist",
                });
            }
        }
    }
    Ok(options)
}

/// The options for JavaScript; those without a value are left out.
pub(crate) fn options_to_js(options: &Options) -> JsValue {
    let members = [
        ("seed", Some(options.seed as f64)),
        ("temperature", Some(f64::from(options.temperature))),
        ("noiseClamp", options.noise_clamp.map(f64::from)),
        ("steps", Some(options.steps as f64)),
        ("eosThreshold", Some(f64::from(options.eos_threshold))),
        (
            "framesAfterEos",
            options.frames_after_eos.map(|frames| frames as f64),
        ),
        ("maxTokens", Some(options.max_tokens as f64)),
        ("speed", Some(options.speed.get())),
    ];
    let object = Object::new();
    for (name, value) in members {
        if let Some(value) = value {
            // Setting a member of a plain object cannot fail.
            let _ = Reflect::set(&object, &name.into(), &value.into());
        }
    }
    object.into()
}

fn number(name: &str, value: &JsValue) -> Result<f32, Error> {
    Ok(double(name, value)? as f32)
}

fn double(name: &str, value: &JsValue) -> Result<f64, Error> {
    value.as_f64().ok_or_else(|| Error::Option {
        name: name.to_owned(),
        problem: "has to be a number",
    })
}

fn speed(name: &str, value: &JsValue) -> Result<Speed, Error> {
    let speed = Speed::new(double(name, value)?);
    Ok(speed.map_err(SpeechError::from)?)
}

fn whole(name: &str, value: &JsValue) -> Result<u64, Error> {
    let value = value
        .as_f64()
        .and_then(|value| values::whole(name, value).ok());
    value.ok_or_else(|| Error::Option {
        name: name.to_owned(),
        problem: "has to be a whole number from 0 on",
    })
}

fn count(name: &str, value: &JsValue) -> Result<usize, Error> {
    Ok(usize::try_from(whole(name, value)?).unwrap_or(usize::MAX))
}
