//! `steps.safetensors`: speech after voice and text prompt, latent by latent.

use runtime::RuntimeError;
use tensor::Tensor;

use super::{RecordFile, Records, TrialError, encoder, solver, text, voice};
use crate::slice::last;
use crate::trial::Trial;

pub(super) const FILE: &str = "steps.safetensors";

/// What a cache stacks, as the keys of `kv_rows.*` name it.
const KINDS: [&str; 2] = ["k", "v"];

/// What the steps cannot be repeated without, if anything.
pub(super) fn lacks(records: &Records) -> Option<String> {
    let has = |name: &str| records.get(name).is_some();
    if !has(FILE) {
        None
    } else if !has(text::FILE) {
        Some(text::FILE.to_owned())
    } else if [encoder::FILE, voice::FILE, voice::OLD_FILE]
        .into_iter()
        .any(has)
    {
        None
    } else {
        Some(format!("{} or {}", encoder::FILE, voice::FILE))
    }
}

/// Compares the steps after every form that the voice is recorded in: the prompt, the state,
/// the state in the older form.
pub(super) fn compare(records: &Records, trial: &mut Trial<'_>) -> Result<(), TrialError> {
    let (Some(steps), Some(text)) = (records.get(FILE), records.get(text::FILE)) else {
        return Ok(());
    };
    trial.stream.reset()?;
    if voice::prefill(records, trial)? {
        compare_after(trial, "prompt", text, steps)?;
    }
    for name in [voice::FILE, voice::OLD_FILE] {
        if let Some(file) = records.get(name) {
            voice::restore(file, trial.stream.as_mut())?;
            compare_after(trial, name, text, steps)?;
        }
    }
    Ok(())
}

/// Compares the steps from the stream's state, which is that after the voice prompt.
fn compare_after(
    trial: &mut Trial<'_>,
    voice: &str,
    text: &RecordFile,
    steps: &RecordFile,
) -> Result<(), TrialError> {
    embed(trial, text.get("embeddings")?, text::FILE)?;
    let ldim = trial.model.mimi.quantizer.dimension;
    // The first input is the beginning of speech.
    let mut latent = Tensor::f32([1, 1, ldim], vec![f32::NAN; ldim])?;
    for step in 0..count(steps)? {
        let context = format!("step {step} after {voice}");
        let none = no_embeddings(trial)?;
        let given = [("embeddings", none.view()), ("latents", latent.view())];
        let outputs = trial.stream.run(&given).map_err(TrialError::run(FILE))?;
        for (name, key) in [("conditioning", "backbone"), ("eos_logit", "eos_logit")] {
            let record = steps.get(&format!("{step}.{key}"))?;
            trial.compare_output(&outputs, name, &context, record)?;
        }
        if step == 0 {
            compare_rows(trial, steps, &context)?;
        }
        let next = steps.get(&format!("{step}.latent"))?;
        let values = next.as_f32().unwrap_or_default().to_vec();
        latent = Tensor::f32([1, 1, values.len()], values)?;
    }
    Ok(())
}

/// Compares the rows that the last call put into the caches.
fn compare_rows(
    trial: &mut Trial<'_>,
    steps: &RecordFile,
    context: &str,
) -> Result<(), TrialError> {
    for state in trial.stream.component().states.clone() {
        let layer = (state.module.split('.')).find_map(|part| part.parse::<usize>().ok());
        let kind = state.index.and_then(|index| KINDS.get(index));
        let (Some(layer), Some(kind)) = (layer, kind) else {
            continue;
        };
        let record = steps.get(&format!("kv_rows.{layer}.{kind}"))?;
        let row = last(trial.stream.state(&state.input)?.view(), 0, 1)?;
        // Records are of a batch of one.
        let (shape, data) = row.into_parts();
        let row = Tensor::new([&[1], &shape[..]].concat(), data)?;
        trial.compare_record(&state.input, context, &row, record);
    }
    Ok(())
}

/// The recorded conditioning and noise have to give the recorded latents, in one step.
pub(super) fn compare_latents(records: &Records, trial: &mut Trial<'_>) -> Result<(), TrialError> {
    let Some(steps) = records.get(FILE) else {
        return Ok(());
    };
    for step in 0..count(steps)? {
        let get = |key: &str| steps.get(&format!("{step}.{key}"));
        let latent = solver::sample(trial, get("backbone")?, get("noise")?, 1)?;
        trial.compare_record("latent", &format!("step {step}"), &latent, get("latent")?);
    }
    Ok(())
}

/// Steps that are recorded.
fn count(steps: &RecordFile) -> Result<usize, TrialError> {
    let mut count = 0;
    while steps.find(&format!("{count}.input")).is_some() {
        count += 1;
    }
    if count == 0 {
        steps.get("0.input")?;
    }
    Ok(count)
}

/// Runs a prompt `embeddings` [1, S, D], which `file` holds.
pub(super) fn embed(
    trial: &mut Trial<'_>,
    embeddings: &Tensor,
    file: &'static str,
) -> Result<(), TrialError> {
    let ldim = trial.model.mimi.quantizer.dimension;
    let no_latents = Tensor::f32([1, 0, ldim], Vec::new())?;
    let given = [
        ("embeddings", embeddings.view()),
        ("latents", no_latents.view()),
    ];
    trial.stream.run(&given).map_err(TrialError::run(file))?;
    Ok(())
}

fn no_embeddings(trial: &Trial<'_>) -> Result<Tensor, RuntimeError> {
    let width = trial.model.flow_lm.transformer.d_model;
    Ok(Tensor::f32([1, 0, width], Vec::new())?)
}
