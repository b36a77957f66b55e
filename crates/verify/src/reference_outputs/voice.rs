//! `voice.safetensors` and `voice_v1.safetensors`: the backbone's state after the voice prompt,
//! in the two forms of pocket-tts's voice files.

use bundle::{State, names};
use runtime::Stream;
use tensor::Tensor;

use super::{ReferenceError, ReferenceFile, ReferenceOutputs, encoder};
use crate::component_run::ComponentRun;
use crate::slice::slice;

pub(super) const VOICE_FILE: &str = "voice.safetensors";
pub(super) const OLD_VOICE_FILE: &str = "voice_v1.safetensors";

/// The recorded `prompt` has to leave the recorded states.
pub(super) fn compare(
    records: &ReferenceOutputs,
    run: &mut ComponentRun<'_>,
) -> Result<(), ReferenceError> {
    let Some(file) = records.get(VOICE_FILE) else {
        return Ok(());
    };
    run.stream.reset()?;
    if !prefill(records, run)? {
        return Ok(());
    }
    for state in run.stream.component().states.clone() {
        let rows = rows(file, &state)?;
        let actual = run.stream.state(&state.input)?;
        run.compare_record(&state.input, VOICE_FILE, &actual, &rows);
        let position = Tensor::i64([1], vec![run.stream.position().unwrap_or(0)])?;
        let recorded = Tensor::i64([1], vec![offset(file, &state.module)? as i64])?;
        run.compare_record(names::POSITION, VOICE_FILE, &position, &recorded);
    }
    Ok(())
}

/// Runs the recorded voice prompt, if there is one.
pub(super) fn prefill(
    records: &ReferenceOutputs,
    run: &mut ComponentRun<'_>,
) -> Result<bool, ReferenceError> {
    let Some(file) = records.get(encoder::ENCODER_FILE) else {
        return Ok(false);
    };
    let prompt = file.get("prompt")?;
    super::steps::embed(run, prompt, encoder::ENCODER_FILE)?;
    Ok(true)
}

/// Puts a recorded voice into `stream`.
pub(super) fn restore(file: &ReferenceFile, stream: &mut dyn Stream) -> Result<(), ReferenceError> {
    stream.reset()?;
    for state in stream.component().states.clone() {
        stream.set_state(&state.input, rows(file, &state)?)?;
        stream.set_position(offset(file, &state.module)? as i64)?;
    }
    Ok(())
}

/// The rows [P, heads, `dim_per_head`] of one state; what follows them is unused.
fn rows(file: &ReferenceFile, state: &State) -> Result<Tensor, ReferenceError> {
    let key = format!("{}/{}", state.module, state.key);
    let rows = part(file, &key, state.index)?;
    let count = offset(file, &state.module)?;
    if rows.shape().first().is_none_or(|size| *size < count) {
        let problem = format!("has the shape {:?}, but {count} rows", rows.shape());
        return Err(file.misshapen(&key, problem).into());
    }
    Ok(slice(rows.view(), 0, 0..count)?)
}

/// The tensor `key`; where a state is one of those that it stacks, that at `index` of its first
/// axis, without the second, which is a batch of one.
pub(super) fn part(
    file: &ReferenceFile,
    key: &str,
    index: Option<usize>,
) -> Result<Tensor, ReferenceError> {
    let whole = file.get(key)?;
    let Some(index) = index else {
        return Ok(whole.clone());
    };
    let [count, 1, rest @ ..] = whole.shape() else {
        return Err(file.misshapen(key, "stacks no batches of one").into());
    };
    if index >= *count {
        let problem = format!("holds {count} tensors, and no {index}");
        return Err(file.misshapen(key, problem).into());
    }
    let (_, data) = slice(whole.view(), 0, index..index + 1)?.into_parts();
    Ok(Tensor::new(rest, data)?)
}

/// Positions so far: the value of `offset`, or in old files the length of `current_end`.
fn offset(file: &ReferenceFile, module: &str) -> Result<usize, ReferenceError> {
    if let Some(end) = file.find(&format!("{module}/current_end")) {
        return Ok(end.shape().iter().product());
    }
    let key = format!("{module}/offset");
    match file.get(&key)?.as_i64() {
        Some([offset]) if *offset >= 0 => Ok(*offset as usize),
        _ => Err(file.misshapen(&key, "is not one position").into()),
    }
}
