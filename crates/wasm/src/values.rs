//! Values from JavaScript, checked before they are used.
//!
//! The glue code trusts TypeScript's declarations: given a value that is not a string, it reads
//! memory that does not exist. So only [`JsValue`]s are accepted, and each is checked here.

use std::ops::Range;

use js_sys::{Array, ArrayBuffer, BigInt64Array, Float32Array, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::Error;

#[wasm_bindgen]
extern "C" {
    /// A string.
    #[wasm_bindgen(typescript_type = "string")]
    pub type JsText;
    /// Bytes.
    #[wasm_bindgen(typescript_type = "Uint8Array")]
    pub type JsBytes;
    /// Positions in two texts.
    #[wasm_bindgen(typescript_type = "Uint32Array | undefined")]
    pub type JsParts;
    /// The text before rewriting; undefined if it was not rewritten.
    #[wasm_bindgen(typescript_type = "string | undefined")]
    pub type JsSource;
    /// Samples, or other single precision numbers.
    #[wasm_bindgen(typescript_type = "Float32Array")]
    pub type JsFloats;
    /// Samples of each channel.
    #[wasm_bindgen(typescript_type = "Float32Array[]")]
    pub type JsChannels;
}

/// Largest integer that is distinct from all smaller ones.
pub(crate) const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;
/// Most axes of a tensor.
const MAX_AXES: u32 = 16;

/// What is wrong with `what`.
pub(crate) fn wrong(what: &str, expected: &'static str) -> Error {
    Error::Value {
        what: what.to_owned(),
        expected,
    }
}

/// A string, with lone surrogates replaced by U+FFFD.
pub(crate) fn string(what: &str, value: &JsValue) -> Result<String, Error> {
    value.as_string().ok_or_else(|| wrong(what, "a string"))
}

/// A whole number from 0 on.
pub(crate) fn whole(what: &str, value: f64) -> Result<u64, Error> {
    let is_whole = value.fract() == 0.0 && (0.0..=MAX_SAFE_INTEGER).contains(&value);
    if is_whole {
        Ok(value as u64)
    } else {
        Err(wrong(what, "a whole number from 0 on"))
    }
}

/// A copy of a `Uint8Array`.
pub(crate) fn bytes(what: &str, value: &JsValue) -> Result<Vec<u8>, Error> {
    let array: Option<&Uint8Array> = typed_array(value);
    array
        .map(Uint8Array::to_vec)
        .ok_or_else(|| wrong(what, "a Uint8Array"))
}

/// A copy of a `Float32Array`.
pub(crate) fn floats(what: &str, value: &JsValue) -> Result<Vec<f32>, Error> {
    let array: Option<&Float32Array> = typed_array(value);
    array
        .map(Float32Array::to_vec)
        .ok_or_else(|| wrong(what, "a Float32Array"))
}

/// Ranges of a text, and the ranges of its source that they replace.
pub(crate) type Parts = Vec<(Range<usize>, Range<usize>)>;

/// Ranges of a text and of its source, four numbers each: they must be in order, and must not cut a
/// character.
pub(crate) fn parts(what: &str, value: &JsValue, text: &str, source: &str) -> Result<Parts, Error> {
    let expected = "a Uint32Array of places in the text and in its source, in order";
    let array: Option<&Uint32Array> = typed_array(value);
    let numbers = array.map(Uint32Array::to_vec);
    let numbers = numbers.filter(|numbers| numbers.len().is_multiple_of(4));
    let numbers = numbers.ok_or_else(|| wrong(what, expected))?;
    let mut parts = Vec::with_capacity(numbers.len() / 4);
    let mut last = (0, 0);
    for part in numbers.chunks_exact(4) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|at| part[at] as usize);
        let is_in = text.get(last.0..a).is_some() && text.get(a..b).is_some();
        let is_in_source = source.get(last.1..c).is_some() && source.get(c..d).is_some();
        // The text between the parts is the same in both.
        if !(is_in && is_in_source && a - last.0 == c - last.1) {
            return Err(wrong(what, expected));
        }
        parts.push((a..b, c..d));
        last = (b, d);
    }
    if text.len() - last.0 != source.len() - last.1 {
        return Err(wrong(what, expected));
    }
    Ok(parts)
}

/// A copy of a `BigInt64Array`.
pub(crate) fn integers(value: &JsValue) -> Option<Vec<i64>> {
    typed_array(value).map(BigInt64Array::to_vec)
}

/// The value as this kind of array, if it is one, and not an object that only inherits from it.
pub(crate) fn typed_array<T: JsCast>(value: &JsValue) -> Option<&T> {
    ArrayBuffer::is_view(value)
        .then(|| value.dyn_ref())
        .flatten()
}

/// The shape of a tensor.
pub(crate) fn shape(what: &str, value: &JsValue) -> Result<Vec<usize>, Error> {
    let expected = "a tensor: its shape is no array of sizes";
    if !Array::is_array(value) {
        return Err(wrong(what, expected));
    }
    let member = |index| Reflect::get_u32(value, index).ok()?.as_f64();
    let length = get(value, "length").as_f64().unwrap_or(f64::NAN);
    let length = whole(what, length).map_err(|_| wrong(what, expected))?;
    let length = u32::try_from(length).ok().filter(|it| *it <= MAX_AXES);
    let length = length.ok_or_else(|| wrong(what, "a tensor: its shape has too many sizes"))?;
    let sizes = (0..length).map(|index| {
        let size = whole(what, member(index)?).ok()?;
        usize::try_from(size).ok()
    });
    let sizes: Option<Vec<usize>> = sizes.collect();
    sizes.ok_or_else(|| wrong(what, expected))
}

/// The member `name`; undefined if it does not exist or cannot be read.
pub(crate) fn get(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Names and values of an object's own members. `what` names it in errors.
pub(crate) fn members(what: &str, value: &JsValue) -> Result<Vec<(String, JsValue)>, Error> {
    let names = value.is_object().then(|| Reflect::own_keys(value).ok());
    let names = names.flatten().ok_or_else(|| wrong(what, "an object"))?;
    let names = names.iter().filter_map(|name| name.as_string());
    let member = |name: String| {
        let member = get(value, &name);
        (name, member)
    };
    Ok(names.map(member).collect())
}
