//! Latents beyond the attention's context, in calls of several sizes.

use bundle::names;
use runtime::{Outputs, RuntimeError, Stream};
use tensor::Tensor;

use super::LARGEST_CONTEXT;
use crate::component_run::ComponentRun;
use crate::inputs::RandomInputs;
use crate::slice::slice;
use crate::streaming::{FRAMES_A_CALL, context, decode};
use crate::trace::Trace;

pub(super) fn run(run: &mut ComponentRun<'_>) -> Result<Trace, RuntimeError> {
    let reach = run
        .model
        .mimi
        .decoder_transformer()
        .context
        .min(LARGEST_CONTEXT);
    let frames = reach.div_ceil(run.model.mimi.positions_per_frame()) + 4;
    let latents =
        RandomInputs::of(run.component).normal([1, frames, run.model.mimi.latent_dim()], 1.0)?;

    let mut trace = Trace::default();
    let mut one_by_one: Option<Tensor> = None;
    for size in FRAMES_A_CALL {
        let mut audio = Tensor::f32([1, 1, 0], Vec::new())?;
        let keep = |stream: &dyn Stream, done: usize, outputs: &Outputs| {
            trace.keep(stream, &context(done, size), outputs)?;
            Ok::<_, RuntimeError>(audio.append(2, outputs.get(names::AUDIO)?.view())?)
        };
        decode(run.stream.as_mut(), latents.view(), size, keep)?;
        match &one_by_one {
            None => one_by_one = Some(audio),
            Some(reference) => {
                compare_frames(run, size, frames, [&audio, reference])?;
            }
        }
    }
    Ok(trace)
}

/// Compares call by call, so that the report can say where.
fn compare_frames(
    run: &mut ComponentRun<'_>,
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
        run.compare_calls(names::AUDIO, &context(done, size), [&actual, &expected]);
    }
    Ok(())
}
