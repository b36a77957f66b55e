//! Recordings around a frame's length, and one that crosses the attention's window twice.

use runtime::RuntimeError;
use tensor::Tensor;

use super::LARGEST_CONTEXT;
use crate::inputs::Inputs;
use crate::slice::slice;
use crate::streaming::positions_per_frame;
use crate::trace::Trace;
use crate::trial::Trial;

/// Deviation of the noise that is encoded: about as loud as speech.
const LOUDNESS: f32 = 0.1;

/// Samples of the longest recording, whatever the manifest says of positions and windows.
const LONGEST: usize = 1 << 22;

pub(super) fn run(trial: &mut Trial<'_>) -> Result<Trace, RuntimeError> {
    let mut inputs = Inputs::of(trial.component);
    let mimi = &trial.model.mimi;
    let hop = mimi.seanet.hop_length();
    let frame = hop * positions_per_frame(trial.model);
    let positions = 2 * mimi.transformer.context.min(LARGEST_CONTEXT) + 37;
    let long = (positions * hop).min(LONGEST);
    let mut trace = Trace::default();
    for samples in [1, frame, frame + 1, 13 * frame + 41, long] {
        let audio = inputs.normal([1, 1, samples], LOUDNESS)?;
        let context = format!("{samples} samples");
        trace.call(trial.stream.as_mut(), &context, &[("audio", audio.view())])?;
    }
    silence_behind(trial, frame, &inputs.normal([1, 1, 3 * frame], LOUDNESS)?)?;
    Ok(trace)
}

/// What is encoded is padded to whole frames with zeros: zeros of one's own change nothing.
fn silence_behind(trial: &mut Trial<'_>, frame: usize, audio: &Tensor) -> Result<(), RuntimeError> {
    let mut part = slice(audio.view(), 2, 0..2 * frame + 1)?;
    let short = trial.stream.run(&[("audio", part.view())])?;
    let zeros = vec![0.0; frame - 1];
    let padding = Tensor::f32([1, 1, zeros.len()], zeros)?;
    part.append(2, padding.view())?;
    let padded = trial.stream.run(&[("audio", part.view())])?;
    for name in ["latents", "prompt"] {
        trial.compare_calls(
            name,
            "padded to whole frames",
            [short.get(name)?, padded.get(name)?],
        );
    }
    Ok(())
}
