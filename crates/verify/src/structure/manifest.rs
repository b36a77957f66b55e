//! The manifest: what its types cannot say.

use bundle::{ComponentName, FORMAT, FORMAT_VERSION, Manifest};
use onnx::Opset;

use crate::Check;
use crate::error::chain;

/// Name of the check on the options of the model's shape.
pub(super) const MODEL: &str = "model";

/// Checks the manifest on its own.
pub(super) fn check(manifest: &Manifest) -> Vec<Check> {
    let check = |name, findings| Check {
        name,
        component: None,
        findings,
    };
    vec![
        check("manifest", contradictions(manifest)),
        check(MODEL, model(manifest)),
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
    let mut findings = Vec::new();
    let mut expect = |holds: bool, finding: String| {
        if !holds {
            findings.push(finding);
        }
    };
    let Manifest {
        format,
        format_version,
        opset_version,
        sample_rate,
        frame_rate,
        frame_size,
        model,
        generation,
        tokenizer,
        ..
    } = manifest;
    expect(
        format == FORMAT && *format_version == FORMAT_VERSION,
        format!("format is {format} version {format_version}"),
    );
    if let Err(error) = Opset::new(i64::from(*opset_version)) {
        expect(false, format!("opset_version: {error}"));
    }
    let mimi = &model.mimi;
    expect(
        *sample_rate == mimi.sample_rate,
        format!(
            "sample_rate is {sample_rate}, but mimi.sample_rate is {}",
            mimi.sample_rate
        ),
    );
    expect(
        frame_rate.to_bits() == mimi.frame_rate.to_bits(),
        format!(
            "frame_rate is {frame_rate}, but mimi.frame_rate is {}",
            mimi.frame_rate
        ),
    );
    let samples = f64::from(*sample_rate) / frame_rate;
    expect(
        *frame_size == samples as usize,
        format!("frame_size is {frame_size}, but sample_rate / frame_rate is {samples}"),
    );
    let n_bins = model.flow_lm.lookup_table.n_bins;
    expect(
        tokenizer.vocabulary == n_bins,
        format!(
            "tokenizer.vocabulary is {}, but flow_lm.lookup_table.n_bins is {n_bins}",
            tokenizer.vocabulary
        ),
    );
    expect(
        ["tokenizers", "sentencepiece"].contains(&tokenizer.kind.as_str()),
        format!(
            "tokenizer.kind is {:?}, not tokenizers or sentencepiece",
            tokenizer.kind
        ),
    );
    expect(
        generation.default_temperature.is_finite() && generation.default_temperature >= 0.0,
        format!("default_temperature is {}", generation.default_temperature),
    );
    expect(
        !manifest.components.is_empty(),
        "components is empty".to_owned(),
    );
    expect(
        manifest.voice_cloning
            || !manifest
                .components
                .contains_key(&ComponentName::MimiEncoder),
        "voice_cloning is false, but there is a mimi_encoder".to_owned(),
    );
    findings
}
