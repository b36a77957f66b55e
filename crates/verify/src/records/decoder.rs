//! `decoder.safetensors`: latents, their audio, and every state after each of the first frames.

use runtime::{Outputs, Stream};
use tensor::Tensor;

use super::{RecordFile, Records, TrialError, voice};
use crate::slice::{last, slice};
use crate::streaming::{FRAMES_A_CALL, context, decode};
use crate::trial::Trial;

pub(super) const FILE: &str = "decoder.safetensors";

/// `latents` [1, F, ldim] give `audio`, in calls of any size, and leave `state.j.*` after frame j.
pub(super) fn compare(records: &Records, trial: &mut Trial<'_>) -> Result<(), TrialError> {
    let Some(file) = records.get(FILE) else {
        return Ok(());
    };
    let (latents, audio) = (file.get("latents")?, file.get("audio")?);
    for size in FRAMES_A_CALL {
        let mut calls = Vec::new();
        let keep =
            |stream: &dyn Stream, done: usize, outputs: &Outputs| -> Result<(), TrialError> {
                calls.push((done, stream.fork(), outputs.get("audio")?.clone()));
                Ok(())
            };
        decode(trial.stream.as_mut(), latents.view(), size, keep).map_err(|error| match error {
            TrialError::Runtime(source) => TrialError::Run { file: FILE, source },
            other => other,
        })?;
        let mut start = 0;
        for (done, stream, actual) in calls {
            let end = start + actual.shape()[2];
            let record = slice(audio.view(), 2, start..end)?;
            start = end;
            let context = context(done, size);
            trial.compare_record("audio", &context, &actual, &record);
            compare_states(trial, stream.as_ref(), file, done - 1, &context)?;
        }
        let samples = audio.shape().last().copied().unwrap_or(0);
        if start != samples {
            let problem = format!("has {samples} samples, and its latents give {start}");
            return Err(file.misshapen("audio", problem).into());
        }
    }
    Ok(())
}

/// Compares the states of `stream` with those recorded after `frame`, if they are.
fn compare_states(
    trial: &mut Trial<'_>,
    stream: &dyn Stream,
    file: &RecordFile,
    frame: usize,
    context: &str,
) -> Result<(), TrialError> {
    let prefix = format!("state.{frame}.");
    let states = stream.component().states.clone();
    for (key, record) in file.tensors() {
        let Some(name) = key.strip_prefix(&prefix) else {
            continue;
        };
        let is_it = |module: &str, key: &str| name.strip_prefix(module) == Some(&format!("/{key}"));
        let mut known = record.shape().contains(&0);
        for state in &states {
            if is_it(&state.module, "offset") {
                let position = Tensor::i64([1], vec![stream.position().unwrap_or(0)])?;
                trial.compare_record("position", context, &position, record);
                known = true;
                break;
            }
            // Rows of padding before the first position: there are none in a batch of one.
            known |= is_it(&state.module, "pad");
            if is_it(&state.module, &state.key) {
                let actual = stream.state(&state.input)?;
                let mut record = voice::part(file, key, state.index)?;
                if state.index.is_some() {
                    // The graph forgets the rows that no later position attends to.
                    record = last(record.view(), 0, actual.shape()[0])?;
                }
                trial.compare_record(&state.input, context, &actual, &record);
                known = true;
            }
        }
        if !known {
            return Err(file.misshapen(key, "is no state of this bundle").into());
        }
    }
    Ok(())
}
