//! Latents beyond the attention's context, in calls of several sizes.

use runtime::{Outputs, RuntimeError, Stream};
use tensor::Tensor;

use super::LARGEST_CONTEXT;
use crate::inputs::Inputs;
use crate::slice::slice;
use crate::streaming::{FRAMES_A_CALL, context, decode, positions_per_frame};
use crate::trace::Trace;
use crate::trial::Trial;

pub(super) fn run(trial: &mut Trial<'_>) -> Result<Trace, RuntimeError> {
    let mimi = &trial.model.mimi;
    let transformer = mimi
        .decoder_transformer
        .as_ref()
        .unwrap_or(&mimi.transformer);
    let reach = transformer.context.min(LARGEST_CONTEXT);
    let frames = reach.div_ceil(positions_per_frame(trial.model)) + 4;
    let latents = Inputs::of(trial.component).normal([1, frames, mimi.quantizer.dimension], 1.0)?;

    let mut trace = Trace::default();
    let mut one_by_one: Option<Tensor> = None;
    for size in FRAMES_A_CALL {
        let mut audio = Tensor::f32([1, 1, 0], Vec::new())?;
        let keep = |stream: &dyn Stream, done: usize, outputs: &Outputs| {
            trace.keep(stream, &context(done, size), outputs)?;
            Ok::<_, RuntimeError>(audio.append(2, outputs.get("audio")?.view())?)
        };
        decode(trial.stream.as_mut(), latents.view(), size, keep)?;
        match &one_by_one {
            None => one_by_one = Some(audio),
            Some(reference) => {
                compare_frames(trial, size, frames, [&audio, reference])?;
            }
        }
    }
    Ok(trace)
}

/// Compares call by call, so that the report can say where.
fn compare_frames(
    trial: &mut Trial<'_>,
    size: usize,
    frames: usize,
    audio: [&Tensor; 2],
) -> Result<(), RuntimeError> {
    let samples = audio[1].shape()[2] / frames;
    for start in (0..frames).step_by(size) {
        let done = (start + size).min(frames);
        let range = start * samples..done * samples;
        let [actual, expected] = [
            slice(audio[0].view(), 2, range.clone())?,
            slice(audio[1].view(), 2, range)?,
        ];
        trial.compare_calls("audio", &context(done, size), [&actual, &expected]);
    }
    Ok(())
}
