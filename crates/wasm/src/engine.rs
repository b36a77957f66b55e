//! The engine, behind the interface that all runtimes share.

use bundle::{ComponentName, WeightFormat};
use engine::{DecoderPart, WeightBytes};
use runtime::Stream;
use tensor::TensorView;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::interop::{
    JsTensor, JsTensors, tensor_from_js, tensor_to_js, tensors_from_js, tensors_to_js,
};
use crate::values::{self, JsText};
use crate::{Bytes, CheckedManifest};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// The engine, with the instructions that pass the self-test in this browser.
#[wasm_bindgen]
pub struct Engine {
    engine: engine::Engine,
}

#[wasm_bindgen]
impl Engine {
    /// Runs the self-test with weights in `formats`, one a line. Fails if this build's SIMD
    /// instructions compute anything wrongly.
    #[wasm_bindgen(constructor)]
    pub fn new(formats: &JsText) -> Result<Self, Error> {
        let names = values::string("the formats", formats.as_ref())?;
        let formats: Option<Vec<_>> = names.lines().map(WeightFormat::from_name).collect();
        let formats = formats.ok_or_else(|| values::wrong("the formats", "those of weights"))?;
        let engine = engine::Engine::tested(&formats, now).ok_or(Error::Instructions)?;
        Ok(Self { engine })
    }

    /// The engine with the instructions that passed in another instance of this module, one a line.
    pub fn trusting(instructions: &JsText) -> Result<Self, Error> {
        let names = values::string("the instructions", instructions.as_ref())?;
        let names: Vec<&str> = names.lines().collect();
        let engine = engine::Engine::of_tested(&names, now);
        let engine = engine.ok_or_else(|| values::wrong("the instructions", "those of a build"))?;
        Ok(Self { engine })
    }

    /// The instructions that passed, one a line, the newest first.
    #[wasm_bindgen(getter)]
    pub fn instructions(&self) -> String {
        self.engine.instructions().join("\n")
    }

    /// Loads a component of the bundle and starts a stream. `weights` are the bytes of its data
    /// file.
    pub fn load(
        &self,
        manifest: &CheckedManifest,
        component: &JsText,
        weights: Bytes,
    ) -> Result<EngineStream, Error> {
        let name = values::string("the component", component.as_ref())?;
        let name = ComponentName::from_name(&name).ok_or(Error::Component { name })?;
        let weights = WeightBytes::new(weights);
        Ok(EngineStream {
            stream: (self.engine).stream(&manifest.manifest, name, weights)?,
        })
    }

    /// Loads a part of `mimi_decoder` and starts a stream. The first part, with so many layers of the
    /// transformer, turns `latents` into `hidden`, and the second one that into `audio`.
    #[wasm_bindgen(js_name = loadDecoderPart)]
    pub fn load_decoder_part(
        &self,
        manifest: &CheckedManifest,
        is_first: bool,
        layers: usize,
        weights: Bytes,
    ) -> Result<EngineStream, Error> {
        let part = if is_first {
            DecoderPart::First(layers)
        } else {
            DecoderPart::Second(layers)
        };
        let weights = WeightBytes::new(weights);
        Ok(EngineStream {
            stream: (self.engine).decoder_part(&manifest.manifest, part, weights)?,
        })
    }
}

/// A stream of a component in the engine. It keeps states and position.
#[wasm_bindgen]
pub struct EngineStream {
    stream: Box<dyn Stream>,
}

#[wasm_bindgen]
impl EngineStream {
    /// Runs the component once. `inputs` are its inputs except the states and the position; its
    /// outputs except the states are returned.
    pub fn run(&mut self, inputs: &JsTensors) -> Result<JsTensors, Error> {
        let inputs = tensors_from_js(inputs)?;
        let views: Vec<(&str, TensorView<'_>)> = inputs
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor.view()))
            .collect();
        let outputs: Vec<_> = self.stream.run(&views)?.into_iter().collect();
        Ok(tensors_to_js(
            outputs.iter().map(|(name, tensor)| (name.as_str(), tensor)),
        ))
    }

    /// Goes back to the state before the first call.
    pub fn reset(&mut self) -> Result<(), Error> {
        Ok(self.stream.reset()?)
    }

    /// A stream that continues from the same state, independently.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            stream: self.stream.fork(),
        }
    }

    /// Turns the output `attention` on or off for the following calls. In a fork it is off at
    /// first.
    pub fn watch(&mut self, on: bool) -> Result<(), Error> {
        Ok(self.stream.watch(on)?)
    }

    /// Names of the inputs that are states.
    #[wasm_bindgen(getter, js_name = stateNames)]
    pub fn state_names(&self) -> Vec<String> {
        let states = self.stream.component().states.iter();
        states.map(|state| state.input.clone()).collect()
    }

    /// A copy of the state for input `name`.
    pub fn state(&self, name: &JsText) -> Result<JsTensor, Error> {
        let name = values::string("the state's name", name.as_ref())?;
        Ok(tensor_to_js(&self.stream.state(&name)?))
    }

    /// Replaces the state for input `name`.
    #[wasm_bindgen(js_name = setState)]
    pub fn set_state(&mut self, name: &JsText, value: &JsTensor) -> Result<(), Error> {
        let name = values::string("the state's name", name.as_ref())?;
        let value = tensor_from_js(&name, value.as_ref())?;
        Ok(self.stream.set_state(&name, value)?)
    }

    /// Positions counted so far; 0 if the component does not count them.
    #[wasm_bindgen(getter)]
    pub fn position(&self) -> f64 {
        self.stream.position().unwrap_or(0) as f64
    }

    /// Sets the position at which the next call starts.
    #[wasm_bindgen(js_name = setPosition)]
    pub fn set_position(&mut self, position: f64) -> Result<(), Error> {
        let position = values::whole("the position", position)?;
        Ok(self.stream.set_position(position as i64)?)
    }
}
