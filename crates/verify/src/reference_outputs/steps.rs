//! `steps.safetensors`: speech after voice and text prompt, latent by latent.

use bundle::names;
use runtime::RuntimeError;
use tensor::Tensor;

use super::{ReferenceError, ReferenceFile, ReferenceOutputs, encoder, solver, text, voice};
use crate::component_run::ComponentRun;
use crate::slice::last;

pub(super) const STEPS_FILE: &str = "steps.safetensors";

/// What a cache stacks, as the keys of `kv_rows.*` name it.
const STACKED_KINDS: [&str; 2] = ["k", "v"];

/// What the steps cannot be repeated without, if anything.
pub(super) fn lacks(records: &ReferenceOutputs) -> Option<String> {
    let has = |name: &str| records.get(name).is_some();
    if !has(STEPS_FILE) {
        None
    } else if !has(text::TEXT_FILE) {
        Some(text::TEXT_FILE.to_owned())
    } else if [
        encoder::ENCODER_FILE,
        voice::VOICE_FILE,
        voice::OLD_VOICE_FILE,
    ]
    .into_iter()
    .any(has)
    {
        None
    } else {
        Some(format!(
            "{} or {}",
            encoder::ENCODER_FILE,
            voice::VOICE_FILE
        ))
    }
}

/// Compares the steps after every form that the voice is recorded in: the prompt, the state,
/// the state in the older form.
pub(super) fn compare(
    records: &ReferenceOutputs,
    run: &mut ComponentRun<'_>,
) -> Result<(), ReferenceError> {
    let (Some(steps), Some(text)) = (records.get(STEPS_FILE), records.get(text::TEXT_FILE)) else {
        return Ok(());
    };
    run.stream.reset()?;
    if voice::prefill(records, run)? {
        compare_after(run, "prompt", text, steps)?;
    }
    for name in [voice::VOICE_FILE, voice::OLD_VOICE_FILE] {
        if let Some(file) = records.get(name) {
            voice::restore(file, run.stream.as_mut())?;
            compare_after(run, name, text, steps)?;
        }
    }
    Ok(())
}

/// Compares the steps from the stream's state, which is that after the voice prompt.
fn compare_after(
    run: &mut ComponentRun<'_>,
    voice: &str,
    text: &ReferenceFile,
    steps: &ReferenceFile,
) -> Result<(), ReferenceError> {
    embed(run, text.get("embeddings")?, text::TEXT_FILE)?;
    let ldim = run.model.mimi.latent_dim();
    // The first input is the beginning of speech.
    let mut latent = Tensor::f32([1, 1, ldim], vec![f32::NAN; ldim])?;
    for step in 0..count(steps)? {
        let context = format!("step {step} after {voice}");
        let none = no_embeddings(run)?;
        let given = [
            (names::EMBEDDINGS, none.view()),
            (names::LATENTS, latent.view()),
        ];
        let outputs = run
            .stream
            .run(&given)
            .map_err(ReferenceError::run(STEPS_FILE))?;
        for (name, key) in [
            (names::CONDITIONING, "backbone"),
            (names::EOS_LOGIT, names::EOS_LOGIT),
        ] {
            let record = steps.get(&format!("{step}.{key}"))?;
            run.compare_output(&outputs, name, &context, record)?;
        }
        if step == 0 {
            compare_rows(run, steps, &context)?;
        }
        let next = steps.get(&format!("{step}.latent"))?;
        let values = next.as_f32().unwrap_or_default().to_vec();
        latent = Tensor::f32([1, 1, values.len()], values)?;
    }
    Ok(())
}

/// Compares the rows that the last call put into the caches.
fn compare_rows(
    run: &mut ComponentRun<'_>,
    steps: &ReferenceFile,
    context: &str,
) -> Result<(), ReferenceError> {
    for state in run.stream.component().states.clone() {
        let layer = (state.module.split('.')).find_map(|part| part.parse::<usize>().ok());
        let kind = state.index.and_then(|index| STACKED_KINDS.get(index));
        let (Some(layer), Some(kind)) = (layer, kind) else {
            continue;
        };
        let record = steps.get(&format!("kv_rows.{layer}.{kind}"))?;
        let row = last(run.stream.state(&state.input)?.view(), 0, 1)?;
        // ReferenceOutputs are of a batch of one.
        let (shape, data) = row.into_parts();
        let row = Tensor::new([&[1], &shape[..]].concat(), data)?;
        run.compare_record(&state.input, context, &row, record);
    }
    Ok(())
}

/// The recorded conditioning and noise have to give the recorded latents, in one step.
pub(super) fn compare_latents(
    records: &ReferenceOutputs,
    run: &mut ComponentRun<'_>,
) -> Result<(), ReferenceError> {
    let Some(steps) = records.get(STEPS_FILE) else {
        return Ok(());
    };
    for step in 0..count(steps)? {
        let get = |key: &str| steps.get(&format!("{step}.{key}"));
        let latent = solver::sample(run, get("backbone")?, get("noise")?, 1)?;
        run.compare_record("latent", &format!("step {step}"), &latent, get("latent")?);
    }
    Ok(())
}

/// Steps that are recorded.
fn count(steps: &ReferenceFile) -> Result<usize, ReferenceError> {
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
    run: &mut ComponentRun<'_>,
    embeddings: &Tensor,
    file: &'static str,
) -> Result<(), ReferenceError> {
    let ldim = run.model.mimi.latent_dim();
    let no_latents = Tensor::f32([1, 0, ldim], Vec::new())?;
    let given = [
        (names::EMBEDDINGS, embeddings.view()),
        (names::LATENTS, no_latents.view()),
    ];
    run.stream.run(&given).map_err(ReferenceError::run(file))?;
    Ok(())
}

fn no_embeddings(run: &ComponentRun<'_>) -> Result<Tensor, RuntimeError> {
    let width = run.model.flow_lm.transformer.d_model;
    Ok(Tensor::f32([1, 0, width], Vec::new())?)
}
