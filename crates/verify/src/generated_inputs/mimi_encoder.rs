//! Recordings around a frame's length, and one that crosses the attention's window twice.

use bundle::names;
use runtime::RuntimeError;
use tensor::Tensor;

use super::LARGEST_CONTEXT;
use crate::component_run::ComponentRun;
use crate::inputs::RandomInputs;
use crate::slice::slice;
use crate::trace::Trace;

/// Deviation of the noise that is encoded: about as loud as speech.
const LOUDNESS: f32 = 0.1;

/// Samples of the longest recording, whatever the manifest says of positions and windows.
const LONGEST_RECORDING: usize = 1 << 22;

pub(super) fn run(run: &mut ComponentRun<'_>) -> Result<Trace, RuntimeError> {
    let mut inputs = RandomInputs::of(run.component);
    let mimi = &run.model.mimi;
    let hop = mimi.seanet.hop_length();
    let frame = hop * run.model.mimi.positions_per_frame();
    let positions = 2 * mimi.transformer.context.min(LARGEST_CONTEXT) + 37;
    let long = (positions * hop).min(LONGEST_RECORDING);
    let mut trace = Trace::default();
    for samples in [1, frame, frame + 1, 13 * frame + 41, long] {
        let audio = inputs.normal([1, 1, samples], LOUDNESS)?;
        let context = format!("{samples} samples");
        trace.call(
            run.stream.as_mut(),
            &context,
            &[(names::AUDIO, audio.view())],
        )?;
    }
    silence_behind(run, frame, &inputs.normal([1, 1, 3 * frame], LOUDNESS)?)?;
    Ok(trace)
}

/// What is encoded is padded to whole frames with zeros: further zeros change nothing.
fn silence_behind(
    run: &mut ComponentRun<'_>,
    frame: usize,
    audio: &Tensor,
) -> Result<(), RuntimeError> {
    let mut part = slice(audio.view(), 2, 0..2 * frame + 1)?;
    let short = run.stream.run(&[(names::AUDIO, part.view())])?;
    let zeros = vec![0.0; frame - 1];
    let padding = Tensor::f32([1, 1, zeros.len()], zeros)?;
    part.append(2, padding.view())?;
    let padded = run.stream.run(&[(names::AUDIO, part.view())])?;
    for name in [names::LATENTS, names::PROMPT] {
        run.compare_calls(
            name,
            "padded to whole frames",
            [short.get(name)?, padded.get(name)?],
        );
    }
    Ok(())
}
