//! A decoder's latents in calls of several sizes.

use bundle::names;
use runtime::{Outputs, RuntimeError, Stream};
use tensor::TensorView;

use crate::slice::slice;

/// Frames per call: sizes that divide nothing evenly, and one that no device would use.
pub(crate) const FRAMES_A_CALL: [usize; 4] = [1, 2, 3, 7];

/// Decodes `latents` [1, F, ldim] from the beginning, `size` frames a call. `each` learns of
/// every call: the stream after it, the frames done so far, and the outputs.
pub(crate) fn decode<E: From<RuntimeError>>(
    stream: &mut dyn Stream,
    latents: TensorView<'_>,
    size: usize,
    mut each: impl FnMut(&dyn Stream, usize, &Outputs) -> Result<(), E>,
) -> Result<(), E> {
    stream.reset()?;
    let frames = latents.shape().get(1).copied().unwrap_or(0);
    for start in (0..frames).step_by(size) {
        let part = slice(latents, 1, start..start + size)?;
        let done = start + part.shape()[1];
        let outputs = stream.run(&[(names::LATENTS, part.view())])?;
        each(stream, done, &outputs)?;
    }
    Ok(())
}

/// Which call it was: "frame 3, 2 frames a call" is the one that ended with frame 3.
pub(crate) fn context(done: usize, size: usize) -> String {
    let last = done.saturating_sub(1);
    match size {
        1 => format!("frame {last}"),
        _ => format!("frame {last}, {size} frames a call"),
    }
}
