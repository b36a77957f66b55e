//! `normalize` as a wasm module of its own: its tables are larger than the rest of the
//! text code, and a page loads them only when numbers or words of a list are to be rewritten.

use js_sys::{Array, Error, Uint32Array};
use normalize::{Language, Replacements, Rules};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

/// A panic becomes a JavaScript exception that says what happened, instead of a bare trap.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| {
        wasm_bindgen::throw_str(&panic.to_string())
    }));
}

#[wasm_bindgen]
extern "C" {
    /// A string.
    #[wasm_bindgen(typescript_type = "string")]
    pub type JsText;
    /// A language by name or code; undefined if numbers stay as they are.
    #[wasm_bindgen(typescript_type = "string | undefined")]
    pub type JsLanguage;
    /// The lines of a pronunciation list, or words and their spoken forms.
    #[wasm_bindgen(typescript_type = "string | readonly (readonly [string, string])[] | undefined")]
    pub type JsReplacements;
}

/// Rewrites texts: a pronunciation list first, then numbers, abbreviations and signs.
#[wasm_bindgen]
pub struct Normalizer {
    rules: Rules,
}

#[wasm_bindgen]
impl Normalizer {
    /// Throws an error called `Options` for a language that there is no table for, and for a list
    /// that cannot be used.
    #[wasm_bindgen(constructor)]
    pub fn new(
        language: &JsLanguage,
        replacements: &JsReplacements,
        reads_all_digits: &JsValue,
    ) -> Result<Self, JsValue> {
        let language: &JsValue = language.as_ref();
        let language = if language.is_undefined() {
            None
        } else {
            let name = string("the language", language)?;
            Some(
                name.parse::<Language>()
                    .map_err(|error| options(&error.to_string()))?,
            )
        };
        Ok(Self {
            rules: Rules {
                replacements: self::replacements(replacements.as_ref())?,
                language,
                reads_all_digits: reads_all_digits.is_truthy(),
            },
        })
    }

    /// Starts to rewrite a text.
    pub fn rewriter(&self) -> Rewriter {
        Rewriter {
            rewriter: normalize::Rewriter::new(self.rules.clone()),
        }
    }
}

/// Rewrites a text that comes piece by piece, as it comes.
#[wasm_bindgen]
pub struct Rewriter {
    rewriter: normalize::Rewriter,
}

#[wasm_bindgen]
impl Rewriter {
    /// Takes more of the text, and returns the part that is complete now, which may be empty.
    pub fn push(&mut self, text: &JsText) -> Result<Rewritten, JsValue> {
        let text = string("the text", text.as_ref())?;
        Ok(self.rewriter.push(&text).into())
    }

    /// Ends the text, or a part of it, and returns what was kept back.
    pub fn finish(&mut self) -> Rewritten {
        self.rewriter.finish().into()
    }

    /// Bytes that are kept back.
    #[wasm_bindgen(getter)]
    pub fn kept(&self) -> f64 {
        self.rewriter.kept() as f64
    }
}

/// A piece of a text that was rewritten.
#[wasm_bindgen]
pub struct Rewritten {
    rewritten: normalize::Rewritten,
}

impl From<normalize::Rewritten> for Rewritten {
    fn from(rewritten: normalize::Rewritten) -> Self {
        Self { rewritten }
    }
}

#[wasm_bindgen]
impl Rewritten {
    /// The piece as it came: all pieces joined are the whole text.
    #[wasm_bindgen(getter)]
    pub fn source(&self) -> String {
        self.rewritten.source.clone()
    }

    /// The piece as it is spoken.
    #[wasm_bindgen(getter)]
    pub fn text(&self) -> String {
        self.rewritten.expanded.text.clone()
    }

    /// Four numbers for each rewritten part, in order: start and end in the new text, start and end in
    /// the source, in UTF-8 bytes.
    #[wasm_bindgen(getter)]
    pub fn parts(&self) -> Uint32Array {
        let parts = self.rewritten.expanded.map.parts().iter();
        let numbers = parts.flat_map(|part| {
            let (output, source) = (&part.output, &part.source);
            [output.start, output.end, source.start, source.end]
        });
        Uint32Array::from(&numbers.map(|at| at as u32).collect::<Vec<_>>()[..])
    }
}

fn replacements(list: &JsValue) -> Result<Replacements, JsValue> {
    let what = "the pronunciation list";
    if list.is_undefined() {
        return Ok(Replacements::default());
    }
    if let Some(lines) = list.as_string() {
        return Replacements::parse(&lines).map_err(|error| options(&format!("{what}, {error}")));
    }
    let pairs: &Array = (list.dyn_ref()).ok_or_else(|| options("a list is lines or pairs"))?;
    let mut words = Vec::new();
    for pair in pairs.iter() {
        let pair: Array = pair.dyn_into().map_err(|_| options("a list has pairs"))?;
        words.push((
            string("a word", &pair.get(0))?,
            string("a spoken form", &pair.get(1))?,
        ));
    }
    let pairs = words.iter().map(|(word, spoken)| (&**word, &**spoken));
    Replacements::from_pairs(pairs)
        // Pairs have no line numbers; the fault names the word.
        .map_err(|error| options(&format!("{what}: {}", error.fault)))
}

fn string(what: &str, value: &JsValue) -> Result<String, JsValue> {
    value
        .as_string()
        .ok_or_else(|| options(&format!("{what} is not a string")))
}

/// An error with its kind as name, as those of the speaking module have.
fn options(message: &str) -> JsValue {
    let error = Error::new(message);
    error.set_name("Options");
    error.into()
}
