//! Recordings: WAV files, and channels decoded by the browser.

use std::io::{self, Read};
use std::time::Duration;

use audio::{Mixer, read_wav};
use filetype::{Expected, FileType, foreign};
use js_sys::{Array, Float32Array, Uint8Array};
use speech::LONGEST_PROMPT;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::values::{JsBytes, JsChannels, typed_array, whole, wrong};

/// A mono recording, limited to the part that a voice is made from.
#[wasm_bindgen]
pub struct Recording {
    pub(crate) recording: audio::Recording,
}

#[wasm_bindgen]
impl Recording {
    /// Reads a WAV file. Undefined for another kind of recording, or a compressed one, which the
    /// browser may be able to decode; files that are not recordings are refused. The file is read
    /// piece by piece, so that it takes no memory here.
    #[wasm_bindgen(js_name = fromWav)]
    pub fn from_wav(file: &JsBytes) -> Result<Option<Self>, Error> {
        let file: Option<&Uint8Array> = typed_array(file.as_ref());
        let file = file.ok_or_else(|| wrong("the recording", "a Uint8Array"))?;
        let head = file.subarray(0, FileType::HEAD as u32).to_vec();
        if let Some(foreign) = foreign(&head, Expected::Recording) {
            return Err(Error::Foreign(foreign));
        }
        let mut bytes = JsFileBytes { file, at: 0 };
        let recording = read_wav(&mut bytes, Some(longest()))?;
        Ok(recording.map(|recording| Self { recording }))
    }

    /// From the samples of each channel.
    #[wasm_bindgen(js_name = fromChannels)]
    pub fn from_channels(channels: &JsChannels, sample_rate: f64) -> Result<Self, Error> {
        let expected = "an array of one Float32Array for each channel";
        let channels: &JsValue = channels.as_ref();
        let channels = Array::is_array(channels).then(|| Array::from(channels));
        let channels = channels.ok_or_else(|| wrong("the recording", expected))?;
        let channels: Option<Vec<Float32Array>> = (channels.iter())
            .map(|channel| typed_array(&channel).cloned())
            .collect();
        let channels = channels.ok_or_else(|| wrong("the recording", expected))?;
        let rate = whole("the sample rate", sample_rate)?;
        // A rate that is too high for a recording is refused as such.
        let sample_rate = u32::try_from(rate).unwrap_or(u32::MAX);
        // One sample above the limit shows that there are more.
        let room = longest().as_secs() * u64::from(sample_rate) + 1;
        let length = channels.iter().map(Float32Array::length).min();
        let length = length
            .unwrap_or(0)
            .min(u32::try_from(room).unwrap_or(u32::MAX));
        let mut mixer = Mixer::new(sample_rate, Some(longest()));
        let channels: Vec<_> = (channels.iter())
            .map(|channel| channel.subarray(0, length).to_vec())
            .collect();
        let frames = (0..length as usize).flat_map(|at| channels.iter().map(move |it| it[at]));
        let interleaved: Vec<f32> = frames.collect();
        mixer.interleaved(&interleaved, channels.len());
        Ok(Self {
            recording: mixer.finish(),
        })
    }
}

/// The part of a recording that is used.
fn longest() -> Duration {
    Duration::from_secs(u64::from(LONGEST_PROMPT))
}

/// The bytes of a JavaScript file.
struct JsFileBytes<'a> {
    file: &'a Uint8Array,
    at: u32,
}

impl Read for JsFileBytes<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = (out.len() as u32).min(self.file.length() - self.at);
        let part = self.file.subarray(self.at, self.at + count);
        part.copy_to(&mut out[..count as usize]);
        self.at += count;
        Ok(count as usize)
    }
}
