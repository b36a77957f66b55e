//! Files of sound.

use std::path::Path;

use encode::{EncodeError, EncodeOptions, Encoder, Format, SampleFormat, Tags, Target};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error;

/// WAV of 32-bit floating point, as the command's `--format` calls it.
const F32: &str = "f32";

/// The name of the format in which `path` is written: `asked`, if that is given. Of a pipe (`is_file` is false) the
/// name may be anything.
///
/// Throws an error called `Options`, with a better name, if a file of sound should not have this one.
#[wasm_bindgen(js_name = soundFormat)]
pub fn sound_format(path: &str, asked: Option<String>, is_file: bool) -> Result<String, JsValue> {
    let path = Path::new(path);
    let format = asked.as_deref().map(named).transpose()?;
    let found = if is_file {
        let found = Format::of_file(path, format);
        found.map_err(|refused| error("Options", &refused.to_string()))?
    } else {
        Format::of_path(path, format)
    };
    Ok(asked.unwrap_or_else(|| found.name().to_owned()))
}

/// A whole file with samples of one channel, -1 to 1 at full scale. `format` is `wav`, `f32` (WAV of floating
/// point), `pcm`, `flac`, `opus` or `mp3`; `text` is what was spoken, whose beginning is the title.
///
/// Throws an error called `Options` for a format that does not exist or that does not support the sample rate, and
/// one called `Runtime` if the encoder fails.
#[wasm_bindgen]
pub fn encode(
    format: &str,
    sample_rate: u32,
    samples: &[f32],
    text: Option<String>,
    voice: Option<String>,
    model: Option<String>,
) -> Result<Vec<u8>, JsValue> {
    let format = checked(format, sample_rate)?;
    Encoder::encode(format, sample_rate, tags(text, voice, model), samples)
        .map_err(|cause| failed(&cause))
}

/// Encodes a file piece by piece, while its samples are made.
#[wasm_bindgen]
pub struct SoundEncoder {
    encoder: Encoder,
}

#[wasm_bindgen]
impl SoundEncoder {
    /// As `encode`. If the file cannot be changed once it is written (`can_seek` is false, for a pipe), its header
    /// says that the length is unknown.
    #[wasm_bindgen(constructor)]
    pub fn new(
        format: &str,
        sample_rate: u32,
        can_seek: bool,
        text: Option<String>,
        voice: Option<String>,
        model: Option<String>,
    ) -> Result<SoundEncoder, JsValue> {
        let options = EncodeOptions {
            sample_rate,
            target: Target::new(can_seek),
            tags: tags(text, voice, model),
        };
        let encoder = Encoder::new(checked(format, sample_rate)?, &options);
        let encoder = encoder.map_err(|cause| failed(&cause))?;
        Ok(Self { encoder })
    }

    /// Takes samples, and returns the bytes that are finished.
    pub fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, JsValue> {
        let mut bytes = Vec::new();
        let pushed = self.encoder.push(samples, &mut bytes);
        pushed.map_err(|cause| failed(&cause))?;
        Ok(bytes)
    }

    /// Ends the file.
    pub fn finish(self) -> Result<SoundEnd, JsValue> {
        let mut bytes = Vec::new();
        let patch = self.encoder.finish(&mut bytes);
        let patch = patch.map_err(|cause| failed(&cause))?;
        Ok(SoundEnd {
            bytes,
            offset: patch.as_ref().map(|patch| patch.offset as f64),
            replacement: patch.map(|patch| patch.bytes),
        })
    }
}

/// The end of a file.
#[wasm_bindgen(getter_with_clone)]
pub struct SoundEnd {
    /// The last bytes.
    pub bytes: Vec<u8>,
    /// Where in the file earlier bytes are replaced, if some are; not possible in a pipe.
    pub offset: Option<f64>,
    /// What replaces them.
    pub replacement: Option<Vec<u8>>,
}

/// The encoder's failure.
fn failed(cause: &EncodeError) -> JsValue {
    error("Runtime", &cause.to_string())
}

fn checked(name: &str, sample_rate: u32) -> Result<Format, JsValue> {
    let format = named(name)?;
    let checked = format.check(sample_rate);
    checked.map_err(|refused| error("Options", &refused.to_string()))?;
    Ok(format)
}

fn named(name: &str) -> Result<Format, JsValue> {
    let format = if name == F32 {
        Some(Format::Wav(SampleFormat::F32))
    } else {
        Format::of_name(name)
    };
    format.ok_or_else(|| error("Options", &format!("there is no format {name}")))
}

fn tags(text: Option<String>, voice: Option<String>, model: Option<String>) -> Tags {
    Tags {
        title: text.and_then(|text| Tags::title_of(&text)),
        voice,
        model,
    }
}
