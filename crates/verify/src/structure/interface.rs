//! Inputs and outputs that a component has to have because of what it is.

use bundle::{ATTENTION, Component, ComponentName, DType, Dim, Manifest, TensorInfo, names};

/// A tensor that a caller gives or gets; 0 stands for a size that is free.
struct ExpectedTensor {
    name: &'static str,
    dtype: DType,
    shape: Vec<usize>,
}

/// A size that is free.
const FREE: usize = 0;

/// Compares what the manifest says of a component's interface with what its name promises.
pub(super) fn check(
    manifest: &Manifest,
    name: ComponentName,
    component: &Component,
) -> Vec<String> {
    let (inputs, mut outputs) = expected(manifest, name);
    let position = component.position.as_ref().map(|p| p.input.as_str());
    let given = |info: &&TensorInfo| {
        position != Some(info.name.as_str())
            && !component.states.iter().any(|s| s.input == info.name)
    };
    let gotten = |info: &&TensorInfo| !component.states.iter().any(|s| s.output == info.name);
    let mut findings = compare("input", &inputs, component.inputs.iter().filter(given));
    if name == ComponentName::FlowLm && component.outputs.iter().any(|info| info.name == ATTENTION)
    {
        outputs.push(ExpectedTensor {
            name: ATTENTION,
            dtype: DType::F32,
            shape: vec![1, manifest.word_heads().len(), FREE],
        });
    }
    let outputs = compare("output", &outputs, component.outputs.iter().filter(gotten));
    findings.extend(outputs);
    let streams = matches!(name, ComponentName::FlowLm | ComponentName::MimiDecoder);
    if streams != component.position.is_some() {
        let problem = if streams { "no" } else { "a" };
        findings.push(format!("{name} has {problem} position"));
    }
    findings
}

fn expected(
    manifest: &Manifest,
    name: ComponentName,
) -> (Vec<ExpectedTensor>, Vec<ExpectedTensor>) {
    let f32 = |name, shape: &[usize]| ExpectedTensor {
        name,
        dtype: DType::F32,
        shape: shape.to_vec(),
    };
    let model = &manifest.model;
    let flow_lm = &model.flow_lm;
    let width = flow_lm.transformer.d_model;
    let ldim = model.mimi.latent_dim();
    let z = flow_lm.conditioning_dim();
    let embeddings = || f32(names::EMBEDDINGS, &[1, FREE, width]);
    let latents = |width| f32(names::LATENTS, &[1, FREE, width]);
    let audio = || f32(names::AUDIO, &[1, 1, FREE]);
    match name {
        ComponentName::TextConditioner => {
            let token_ids = ExpectedTensor {
                name: names::TOKEN_IDS,
                dtype: DType::I64,
                shape: vec![1, FREE],
            };
            (vec![token_ids], vec![embeddings()])
        }
        ComponentName::FlowLm => (
            vec![embeddings(), latents(ldim)],
            vec![
                f32(names::CONDITIONING, &[1, z]),
                f32(names::EOS_LOGIT, &[1, 1]),
            ],
        ),
        ComponentName::FlowNet => {
            let times = flow_lm.flow.kind.time_inputs().iter();
            let mut inputs = vec![f32(names::CONDITIONING, &[FREE, z])];
            inputs.extend(times.map(|&time| f32(time, &[FREE, 1])));
            inputs.push(f32(names::X, &[FREE, ldim]));
            (inputs, vec![f32(names::FLOW, &[FREE, ldim])])
        }
        ComponentName::MimiEncoder => {
            let prompt = f32(names::PROMPT, &[1, FREE, width]);
            (vec![audio()], vec![latents(model.mimi.inner_dim()), prompt])
        }
        ComponentName::MimiDecoder => (vec![latents(ldim)], vec![audio()]),
    }
}

fn compare<'a>(
    what: &str,
    expected: &[ExpectedTensor],
    actual: impl Iterator<Item = &'a TensorInfo>,
) -> Vec<String> {
    let actual: Vec<&TensorInfo> = actual.collect();
    let mut findings = Vec::new();
    for ExpectedTensor { name, dtype, shape } in expected {
        let Some(info) = actual.iter().find(|info| info.name == *name) else {
            findings.push(format!("{what} {name} is missing"));
            continue;
        };
        let fits = |(size, dim): (&usize, &Dim)| match dim {
            Dim::Fixed(actual) => actual == size && *size != FREE,
            Dim::Symbol(_) => *size == FREE,
        };
        let same_rank = info.shape.len() == shape.len();
        if info.dtype != *dtype || !same_rank || !shape.iter().zip(&info.shape).all(fits) {
            let size = |size: &usize| match *size {
                FREE => "free".to_owned(),
                size => size.to_string(),
            };
            let shape: Vec<String> = shape.iter().map(size).collect();
            let TensorInfo { dtype: is, .. } = info;
            let actual: Vec<String> = info.shape.iter().map(Dim::to_string).collect();
            findings.push(format!(
                "{what} {name} is {is:?} [{}], not {dtype:?} [{}]",
                actual.join(", "),
                shape.join(", ")
            ));
        }
    }
    let unknown = actual
        .iter()
        .filter(|a| !expected.iter().any(|e| e.name == a.name));
    findings
        .extend(unknown.map(|info| format!("{what} {} is neither known nor a state", info.name)));
    findings
}
