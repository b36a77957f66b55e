//! The engine as a backend.

#[cfg(not(target_arch = "wasm32"))]
use std::sync::OnceLock;
#[cfg(not(target_arch = "wasm32"))]
use std::time::Instant;

use bundle::{Component, ComponentName, Manifest, WeightFormat};
use kernels::{CacheFormat, CpuKernels, Isa};
use runtime::{RuntimeError, Stream};

use crate::context::Context;
use crate::error::{EngineError, NAME};
use crate::flow_lm::FlowLm;
use crate::flow_net::SimpleMlpAdaLn;
use crate::kernel_choice::KernelChoices;
use crate::loader::Loader;
use crate::mimi::{DecoderPart, MimiDecoder, MimiEncoder};
use crate::module::Module;
use crate::stream::EngineStream;
use crate::text_conditioner::LutConditioner;
use crate::weight_bytes::WeightBytes;

/// Options of the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineOptions {
    /// Instruction set; default: the best that the processor has.
    pub isa: Option<Isa>,
    /// Format of the KV caches. Unless given, it follows from the format of the weights, so that
    /// the error of the caches stays below that of the weights.
    pub cache: Option<CacheFormat>,
}

/// The backend.
#[derive(Clone, Debug)]
pub struct Engine {
    /// As in [`EngineOptions`].
    cache: Option<CacheFormat>,
    kernels: CpuKernels,
    /// The instruction sets to choose from, the best first.
    isas: Vec<Isa>,
    choices: KernelChoices,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(EngineOptions::default())
    }
}

impl Engine {
    /// A backend with these options.
    pub fn new(options: EngineOptions) -> Self {
        let kernels = options.isa.and_then(CpuKernels::new).unwrap_or_default();
        Self {
            cache: options.cache,
            kernels,
            isas: vec![kernels.isa()],
            choices: KernelChoices::new(&[kernels], clock),
        }
    }

    /// The engine with the instruction sets that pass the self-test with weights in `formats`, or
    /// none if no set passes: for wasm, which cannot ask its processor. `now` is a clock in
    /// milliseconds.
    pub fn tested(formats: &[WeightFormat], now: fn() -> f64) -> Option<Self> {
        Self::of_kernels(&CpuKernels::tested(formats, now), now)
    }

    /// The same without a test, with the instruction sets that have these names (see
    /// [`Engine::instructions`]): for another instance of a module, in which they passed. None if
    /// there is no such set.
    pub fn of_tested(names: &[&str], now: fn() -> f64) -> Option<Self> {
        let is_named = |isa: &Isa| names.contains(&isa.as_str());
        let isas = Isa::available().into_iter().rev().filter(is_named);
        let kernels: Vec<CpuKernels> = isas.filter_map(CpuKernels::new).collect();
        Self::of_kernels(&kernels, now)
    }

    /// With the first of `kernels`, which others may replace that are found to be faster.
    fn of_kernels(kernels: &[CpuKernels], now: fn() -> f64) -> Option<Self> {
        Some(Self {
            cache: None,
            kernels: *kernels.first()?,
            isas: kernels.iter().map(|kernels| kernels.isa()).collect(),
            choices: KernelChoices::new(kernels, now),
        })
    }

    /// The names of the instruction sets that it can use, the best first.
    pub fn instructions(&self) -> Vec<&'static str> {
        self.isas.iter().map(|isa| isa.as_str()).collect()
    }

    /// The instruction set that it uses; products with some formats' weights may take another that
    /// was tested, if that is faster.
    pub fn isa(&self) -> Isa {
        self.kernels.isa()
    }

    /// Starts a stream through the component `name`, whose data file holds `data`.
    pub fn stream(
        &self,
        manifest: &Manifest,
        name: ComponentName,
        data: WeightBytes,
    ) -> Result<Box<dyn Stream>, RuntimeError> {
        self.load_part(manifest, name, None, data)
    }

    /// Starts a stream through a part of `mimi_decoder`.
    pub fn decoder_part(
        &self,
        manifest: &Manifest,
        part: DecoderPart,
        data: WeightBytes,
    ) -> Result<Box<dyn Stream>, RuntimeError> {
        self.load_part(manifest, ComponentName::MimiDecoder, Some(part), data)
    }

    /// A stream through a component; `part` says which one of `mimi_decoder`, or all of it.
    fn load_part(
        &self,
        manifest: &Manifest,
        name: ComponentName,
        part: Option<DecoderPart>,
        data: WeightBytes,
    ) -> Result<Box<dyn Stream>, RuntimeError> {
        let component = manifest.components.get(&name);
        let component = component.ok_or(RuntimeError::NoComponent { component: name })?;
        let failed = |error: EngineError| RuntimeError::Load {
            backend: NAME,
            graph: component.data.name.clone().into(),
            source: error.into(),
        };
        let config = manifest.config();
        let invalid = |error: config::ConfigError| EngineError::Config(error.to_string());
        config.validate().map_err(invalid).map_err(failed)?;
        let kernels = self.kernels;
        // Only the backbone is so large that one term, which is faster, is worth its error: errors
        // of the codec's activations are heard where speech is quiet.
        let two_term_activations = name != ComponentName::FlowLm;
        let loader = Loader::new(component, data, kernels, two_term_activations);
        // Steps of the backbone take long enough for coarse clocks.
        let is_timed = name == ComponentName::FlowLm;
        let context = Context::new(kernels, self.choices.of(component.format, is_timed));
        let component = component.clone();
        let cache = cache_format(name, component.format);
        let cache = self.cache.unwrap_or(cache);
        let heads = manifest.word_heads();
        let stream: Result<Box<dyn Stream>, EngineError> = match name {
            ComponentName::TextConditioner => LutConditioner::new(&loader, &config.flow_lm)
                .and_then(|module| boxed(component, module, context)),
            ComponentName::FlowLm => FlowLm::new(
                &loader,
                &config.flow_lm,
                config.mimi.latent_dim(),
                cache,
                heads,
            )
            .and_then(|module| boxed(component, module, context)),
            ComponentName::FlowNet => {
                SimpleMlpAdaLn::new(&loader, &config.flow_lm, config.mimi.latent_dim())
                    .and_then(|module| boxed(component, module, context))
            }
            ComponentName::MimiDecoder => {
                MimiDecoder::new(&loader, &config, cache, part).and_then(|module| {
                    let component = match part {
                        Some(_) => module.component_of_part(&component),
                        None => component,
                    };
                    boxed(component, module, context)
                })
            }
            ComponentName::MimiEncoder => MimiEncoder::new(&loader, &config, cache)
                .and_then(|module| boxed(component, module, context)),
        };
        let stream = stream.map_err(failed)?;
        // The other part asks for the rest.
        if part.is_none() {
            loader.finish().map_err(failed)?;
        }
        Ok(stream)
    }
}

/// Milliseconds since the first call.
#[cfg(not(target_arch = "wasm32"))]
fn clock() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3
}

/// There is no clock: nothing is found to be faster than what is preferred.
#[cfg(target_arch = "wasm32")]
fn clock() -> f64 {
    0.0
}

/// The format of caches where weights are in `format`. The backbone's caches grow with the speech
/// and are read at every step; the codec's hold a few seconds.
fn cache_format(name: ComponentName, format: WeightFormat) -> CacheFormat {
    match format {
        WeightFormat::F32 | WeightFormat::Bf16 => CacheFormat::F32,
        WeightFormat::Q8 | WeightFormat::Q6 | WeightFormat::Q4 if name == ComponentName::FlowLm => {
            CacheFormat::I8
        }
        WeightFormat::Q16 | WeightFormat::Q8 | WeightFormat::Q6 | WeightFormat::Q4 => {
            CacheFormat::I16
        }
    }
}

fn boxed(
    component: Component,
    module: impl Module,
    context: Context,
) -> Result<Box<dyn Stream>, EngineError> {
    Ok(Box::new(EngineStream::new(component, module, context)?))
}

#[cfg(not(target_arch = "wasm32"))]
impl runtime::Backend for Engine {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Products with q16 and q8 weights round activations to 14 bits. Products with q6 and q4 weights
    /// round them to 8 bits in blocks and, outside of the backbone, the rounding error to 8 bits
    /// more. Caches hold 14 or 8 bits. Measured on the small models: 5.5e-3 at most for q16, 1.2e-2 for q8, 2.1e-2 for q6 and q4.
    fn rounding(&self, component: &Component) -> f64 {
        let rounding = |format| -> f64 {
            match format {
                WeightFormat::F32 | WeightFormat::Bf16 => 0.0,
                WeightFormat::Q16 => 1e-2,
                WeightFormat::Q8 | WeightFormat::Q6 | WeightFormat::Q4 => 3e-2,
            }
        };
        // Activations of slow layers have one term instead of two: 8.1e-2 at most on the small models.
        let slow = match component.slow_format {
            Some(WeightFormat::Q6 | WeightFormat::Q4) => 1e-1,
            Some(format) => rounding(format),
            None => 0.0,
        };
        rounding(component.format).max(slow)
    }

    fn load(
        &self,
        dir: &std::path::Path,
        manifest: &Manifest,
        name: ComponentName,
    ) -> Result<Box<dyn Stream>, RuntimeError> {
        let component = manifest.components.get(&name);
        let component = component.ok_or(RuntimeError::NoComponent { component: name })?;
        let path = dir.join(&component.data.name);
        let failed = |source: std::io::Error| RuntimeError::Load {
            backend: NAME,
            graph: path.clone(),
            source: source.into(),
        };
        let data = crate::weights_file::read(&path).map_err(failed)?;
        self.stream(manifest, name, WeightBytes::new(data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_that_passed_elsewhere_need_no_test() {
        let tested = Engine::tested(&WeightFormat::ALL, clock).unwrap();
        let names = tested.instructions();
        assert_eq!(names.first(), Some(&tested.isa().as_str()));
        let trusting = Engine::of_tested(&names, clock).unwrap();
        assert_eq!(trusting.instructions(), names);
        let last = *names.last().unwrap();
        let one = Engine::of_tested(&[last], clock).unwrap();
        assert_eq!((one.isa().as_str(), one.instructions()), (last, vec![last]));
        assert!(Engine::of_tested(&["none"], clock).is_none());
    }
}
