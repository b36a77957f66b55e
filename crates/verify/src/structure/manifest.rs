//! The manifest: what its types cannot say.

use bundle::{ComponentName, FORMAT, FORMAT_VERSION, Manifest};
use onnx::Opset;

use crate::Check;
use crate::error::chain;

/// Name of the check on the options of the model's shape.
pub(super) const MODEL_CHECK: &str = "model";

/// Checks the manifest on its own.
pub(super) fn check(manifest: &Manifest) -> Vec<Check> {
    let check = |name, findings| Check {
        name,
        component: None,
        findings,
    };
    vec![
        check("manifest", contradictions(manifest)),
        check(MODEL_CHECK, model(manifest)),
    ]
}

/// Whether a model can have this shape.
fn model(manifest: &Manifest) -> Vec<String> {
    let model = &manifest.model;
    let halves = [model.flow_lm.validate(), model.mimi.validate()];
    let errors = halves.into_iter().filter_map(Result::err);
    errors.map(|error| chain(&error)).collect()
}

fn contradictions(manifest: &Manifest) -> Vec<String> {
    let Manifest {
        format,
        format_version,
        opset_version,
        generation,
        ..
    } = manifest;
    let mut rules = vec![(
        format == FORMAT && *format_version == FORMAT_VERSION,
        format!("format is {format} version {format_version}"),
    )];
    if let Err(error) = Opset::new(i64::from(*opset_version)) {
        rules.push((false, format!("opset_version: {error}")));
    }
    rules.extend(rates(manifest));
    rules.extend(vocabulary(manifest));
    let temperature = generation.default_temperature;
    let encoder = ComponentName::MimiEncoder;
    rules.extend([
        (
            temperature.is_finite() && temperature >= 0.0,
            format!("default_temperature is {temperature}"),
        ),
        (
            !manifest.components.is_empty(),
            "components is empty".to_owned(),
        ),
        (
            manifest.voice_cloning || !manifest.components.contains_key(&encoder),
            "voice_cloning is false, but there is a mimi_encoder".to_owned(),
        ),
    ]);
    let broken = rules.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, finding)| finding).collect()
}

/// Rates and sizes that are said twice: whether they agree, and what to say where they do not.
fn rates(manifest: &Manifest) -> [(bool, String); 3] {
    let Manifest {
        sample_rate,
        frame_rate,
        frame_size,
        model,
        ..
    } = manifest;
    let mimi = &model.mimi;
    let samples = f64::from(*sample_rate) / frame_rate;
    [
        (
            *sample_rate == mimi.sample_rate,
            format!(
                "sample_rate is {sample_rate}, but mimi.sample_rate is {}",
                mimi.sample_rate
            ),
        ),
        (
            frame_rate.to_bits() == mimi.frame_rate.to_bits(),
            format!(
                "frame_rate is {frame_rate}, but mimi.frame_rate is {}",
                mimi.frame_rate
            ),
        ),
        (
            *frame_size == samples as usize,
            format!("frame_size is {frame_size}, but sample_rate / frame_rate is {samples}"),
        ),
    ]
}

/// Whether the tokenizer is one that can be read, and as large as the model's table.
fn vocabulary(manifest: &Manifest) -> [(bool, String); 2] {
    let tokenizer = &manifest.tokenizer;
    let n_bins = manifest.model.flow_lm.lookup_table.n_bins;
    [
        (
            tokenizer.vocabulary == n_bins,
            format!(
                "tokenizer.vocabulary is {}, but flow_lm.lookup_table.n_bins is {n_bins}",
                tokenizer.vocabulary
            ),
        ),
        (
            ["tokenizers", "sentencepiece"].contains(&tokenizer.kind.as_str()),
            format!(
                "tokenizer.kind is {:?}, not tokenizers or sentencepiece",
                tokenizer.kind
            ),
        ),
    ]
}
