//! The body of `POST /v1/audio/speech`.

use encode::{Format, SampleFormat};
use normalize::Rules;
use serde_json::{Map, Value};
use speaker::{Normalization, Speaker, fresh_seed, rewritten};
use speech::{SpeechOptions, Speed, TextPiece};

use super::error::ApiError;
use crate::Settings;

/// What a body looks like, for errors.
const EXPECTED_BODY: &str = "send one such as {\"input\": \"Hello.\"}";
/// The name of the format with floating-point samples, for clients that want the model's exact output.
const FLOAT_WAV: &str = "f32";

/// A request that is valid, as far as that is known without the model.
#[derive(Debug)]
pub(crate) struct SpeechRequest {
    pub(crate) text: String,
    pub(crate) model: Option<String>,
    pub(crate) voice: Option<String>,
    pub(crate) format: Format,
    pub(crate) speed: Speed,
    pub(crate) answer: AnswerForm,
    pub(crate) own: ExtraOptions,
}

/// How the sound is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerForm {
    /// As the body.
    Sound {
        /// From the first frame on, even in formats that could wait for their length.
        stream: bool,
    },
    /// As server-sent events.
    Events {
        /// With the times of words.
        timestamps: bool,
    },
}

/// Options beyond OpenAI's protocol.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExtraOptions {
    pub(crate) seed: Option<u64>,
    pub(crate) temperature: Option<f32>,
    pub(crate) normalize: Option<Normalization>,
}

impl SpeechRequest {
    /// Parses a JSON body. Unknown members, such as `instructions`, are ignored.
    pub(crate) fn parse(body: &[u8], settings: &Settings) -> Result<Self, ApiError> {
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            let status = axum::http::StatusCode::BAD_REQUEST;
            ApiError::new(
                status,
                format!("the body is not JSON ({error}): {EXPECTED_BODY}"),
            )
        })?;
        let Value::Object(members) = value else {
            let status = axum::http::StatusCode::BAD_REQUEST;
            let message = format!("the body is no JSON object: {EXPECTED_BODY}");
            return Err(ApiError::new(status, message));
        };
        let text = string(&members, "input")?;
        let text = text.ok_or_else(|| {
            ApiError::param("input", "input is missing: it is the text to be spoken")
        })?;
        check_text("input", text, settings)?;
        let stream = flag(&members, "stream")?.unwrap_or(false);
        let timestamps = flag(&members, "timestamps")?.unwrap_or(false);
        let answer = match string(&members, "stream_format")? {
            None | Some("audio") if timestamps => {
                let message = "timestamps come with \"stream_format\": \"sse\"";
                return Err(ApiError::param("timestamps", message));
            }
            None | Some("audio") => AnswerForm::Sound { stream },
            Some("sse") => AnswerForm::Events { timestamps },
            Some(other) => {
                let message = format!("stream_format is audio or sse, not {other:?}");
                return Err(ApiError::param("stream_format", message));
            }
        };
        Ok(Self {
            text: text.to_owned(),
            model: string(&members, "model")?.and_then(name),
            voice: voice(&members)?,
            format: format(&members)?,
            speed: speed(&members)?,
            answer,
            own: ExtraOptions::parse(&members)?,
        })
    }
}

impl ExtraOptions {
    fn parse(members: &Map<String, Value>) -> Result<Self, ApiError> {
        let temperature = number(members, "temperature")?.map(|value| value as f32);
        if temperature.is_some_and(|it| !it.is_finite() || it < 0.0) {
            let message = "temperature is the variance of the noise: 0 or more";
            return Err(ApiError::param("temperature", message));
        }
        let seed = match members.get("seed") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_u64().ok_or_else(|| {
                ApiError::param("seed", "seed is a whole number from 0 to 2^64 - 1")
            })?),
        };
        let normalize = flag(members, "normalize")?.map(|wanted| {
            if wanted {
                Normalization::Always
            } else {
                Normalization::Never
            }
        });
        Ok(Self {
            seed,
            temperature,
            normalize,
        })
    }

    /// The options for an utterance.
    pub(crate) fn options(
        &self,
        speaker: &Speaker,
        speed: Speed,
        words: bool,
    ) -> Result<SpeechOptions, ApiError> {
        let model_options = speaker.model().options();
        Ok(SpeechOptions {
            seed: self.seed.map_or_else(fresh_seed, Ok).map_err(|error| {
                ApiError::internal(format!("the system has no random numbers: {error}"))
            })?,
            temperature: self.temperature.unwrap_or(model_options.temperature),
            speed,
            words: words && speaker.tells_words(),
            ..model_options
        })
    }

    /// The text for the model.
    pub(crate) fn piece(
        &self,
        text: String,
        speaker: &Speaker,
        settings: &Settings,
    ) -> Result<TextPiece, ApiError> {
        Ok(rewritten(text, &self.rules(speaker, settings)?))
    }

    /// How a text is rewritten for the model.
    pub(crate) fn rules(&self, speaker: &Speaker, settings: &Settings) -> Result<Rules, ApiError> {
        let model = speaker.model();
        let language = model.manifest().language.as_deref();
        let normalization = self.normalize.unwrap_or(settings.normalization);
        let rules = normalization.rules(model.tokenizer(), language);
        let rules = rules.map_err(|error| ApiError::param("normalize", error.to_string()))?;
        Ok(Rules {
            replacements: settings.replacements.clone(),
            ..rules
        })
    }
}

/// Refuses a text that is empty or too long.
pub(crate) fn check_text(
    param: &'static str,
    text: &str,
    settings: &Settings,
) -> Result<(), ApiError> {
    if text.trim().is_empty() {
        return Err(ApiError::param(
            param,
            format!("{param} is empty: it is the text to be spoken"),
        ));
    }
    let characters = text.chars().count();
    if characters > settings.longest_text {
        let message = format!(
            "{param} has {characters} characters, and {} are allowed: send it in parts",
            settings.longest_text
        );
        return Err(ApiError::param(param, message).code("string_above_max_length"));
    }
    Ok(())
}

/// A name. Programs send an empty one for a field of their settings that was left empty: the default.
fn name(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|name| !name.is_empty())
}

/// A voice is a name, or an object with an `id`. The default is the model's first.
fn voice(members: &Map<String, Value>) -> Result<Option<String>, ApiError> {
    match members.get("voice") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(name(text)),
        Some(Value::Object(voice)) => match voice.get("id") {
            Some(Value::String(name)) => Ok(Some(name.clone())),
            _ => Err(ApiError::param("voice", "voice has no id")),
        },
        Some(_) => Err(ApiError::param(
            "voice",
            "voice is a name, or an object with an id",
        )),
    }
}

fn format(members: &Map<String, Value>) -> Result<Format, ApiError> {
    let names = || {
        let names = Format::ALL.iter().map(|format| format.name());
        names.chain([FLOAT_WAV]).collect::<Vec<_>>().join(", ")
    };
    let Some(given) = string(members, "response_format")? else {
        return Ok(Format::Mp3);
    };
    match given.to_ascii_lowercase().as_str() {
        "aac" => Err(ApiError::param(
            "response_format",
            format!(
                "aac is not supported (its encoders need patent or other licences): use {}",
                names()
            ),
        )),
        FLOAT_WAV => Ok(Format::Wav(SampleFormat::F32)),
        name => Format::of_name(name).ok_or_else(|| {
            ApiError::param(
                "response_format",
                format!("response_format is one of {}, not {given:?}", names()),
            )
        }),
    }
}

fn speed(members: &Map<String, Value>) -> Result<Speed, ApiError> {
    let Some(speed) = number(members, "speed")? else {
        return Ok(Speed::ONE);
    };
    Speed::new(speed).map_err(|error| ApiError::param("speed", error.to_string()))
}

fn string<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, ApiError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ApiError::param(name, format!("{name} is not a string"))),
    }
}

fn flag(members: &Map<String, Value>, name: &'static str) -> Result<Option<bool>, ApiError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(ApiError::param(name, format!("{name} is true or false"))),
    }
}

fn number(members: &Map<String, Value>, name: &'static str) -> Result<Option<f64>, ApiError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(number) => Ok(Some(number)),
            None => Err(ApiError::param(
                name,
                format!("{name} is a number, not {value}"),
            )),
        },
    }
}
