//! `decoder.safetensors`: latents, their audio, and every state after each of the first frames.

use bundle::names;
use runtime::{Outputs, Stream};
use tensor::Tensor;

use super::{ReferenceError, ReferenceFile, ReferenceOutputs, voice};
use crate::component_run::ComponentRun;
use crate::slice::{last, slice};
use crate::streaming::{FRAMES_A_CALL, context, decode};

pub(super) const DECODER_FILE: &str = "decoder.safetensors";

/// `latents` [1, F, ldim] give `audio`, in calls of any size, and leave `state.j.*` after frame j.
pub(super) fn compare(
    records: &ReferenceOutputs,
    run: &mut ComponentRun<'_>,
) -> Result<(), ReferenceError> {
    let Some(file) = records.get(DECODER_FILE) else {
        return Ok(());
    };
    let (latents, audio) = (file.get("latents")?, file.get("audio")?);
    for size in FRAMES_A_CALL {
        let mut calls = Vec::new();
        let keep =
            |stream: &dyn Stream, done: usize, outputs: &Outputs| -> Result<(), ReferenceError> {
                calls.push((done, stream.fork(), outputs.get(names::AUDIO)?.clone()));
                Ok(())
            };
        decode(run.stream.as_mut(), latents.view(), size, keep).map_err(|error| match error {
            ReferenceError::Runtime(source) => ReferenceError::Run {
                file: DECODER_FILE,
                source,
            },
            other => other,
        })?;
        let mut start = 0;
        for (done, stream, actual) in calls {
            let end = start + actual.shape()[2];
            let record = slice(audio.view(), 2, start..end)?;
            start = end;
            let context = context(done, size);
            run.compare_record(names::AUDIO, &context, &actual, &record);
            compare_states(run, stream.as_ref(), file, done - 1, &context)?;
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
    run: &mut ComponentRun<'_>,
    stream: &dyn Stream,
    file: &ReferenceFile,
    frame: usize,
    context: &str,
) -> Result<(), ReferenceError> {
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
                run.compare_record(names::POSITION, context, &position, record);
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
                run.compare_record(&state.input, context, &actual, &record);
                known = true;
            }
        }
        if !known {
            return Err(file.misshapen(key, "is no state of this bundle").into());
        }
    }
    Ok(())
}
