//! Options of an utterance, as JavaScript gives them.

use js_sys::{Object, Reflect};
use speech::{OptionKind, SpeechOptions, TypedValue};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::values::{self, members};

/// `SpeechOptions`, which `cargo xtask codegen` writes.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("options.d.ts");

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
pub(crate) fn options_from_js(
    given: &JsOptions,
    own: SpeechOptions,
) -> Result<SpeechOptions, Error> {
    let mut options = own;
    let given: &JsValue = given.as_ref();
    if given.is_undefined() || given.is_null() {
        return Ok(options);
    }
    for (name, value) in members("what should be options", given)? {
        if value.is_undefined() {
            continue;
        }
        let Some(option) = SpeechOptions::LIST.iter().find(|it| it.js_name() == name) else {
            return Err(Error::Option {
                name,
                problem: "does not exist",
            });
        };
        let value = match option.kind {
            OptionKind::Whole => whole(&name, &value).map(TypedValue::Whole),
            OptionKind::Number => value.as_f64().map(TypedValue::Number),
            OptionKind::Flag => value.as_bool().map(TypedValue::Flag),
        };
        let problem = option.kind.demand();
        let value = value.ok_or(Error::Option { name, problem })?;
        options.set(option.name, value)?;
    }
    Ok(options)
}

/// The options for JavaScript; those without a value are left out.
pub(crate) fn options_to_js(options: &SpeechOptions) -> JsValue {
    let object = Object::new();
    for (option, value) in options.values() {
        let value: JsValue = match value {
            None => continue,
            Some(TypedValue::Whole(value)) => (value as f64).into(),
            Some(TypedValue::Number(value)) => value.into(),
            Some(TypedValue::Flag(value)) => value.into(),
        };
        // Setting a member of a plain object cannot fail.
        let _ = Reflect::set(&object, &option.js_name().into(), &value);
    }
    object.into()
}

fn whole(name: &str, value: &JsValue) -> Option<u64> {
    values::whole(name, value.as_f64()?).ok()
}
