//! Twin of pocket-tts `modules/resample.py`: between transformer positions and latent frames.

use config::PadMode;
use onnx::{Scope, Value};

use crate::conv::{Past, StreamingConv1d, StreamingConvTranspose1d};
use crate::states::States;

/// Twin of `ConvDownsample1d`: `x` [1, in, time] -> [1, out, time / stride].
pub(crate) fn conv_downsample1d(m: &Scope<'_>, stride: usize, x: &Value) -> Value {
    let conv = StreamingConv1d {
        stride,
        dilation: 1,
        pad_mode: PadMode::Replicate,
    };
    conv.forward(&m.child("conv"), x, &Past::None)
}

/// Twin of `ConvTrUpsample1d`: `x` [1, in, time] -> [1, `dimension`, time * stride].
pub(crate) fn conv_tr_upsample1d(
    m: &Scope<'_>,
    stride: usize,
    dimension: usize,
    x: &Value,
    states: &States<'_>,
) -> Value {
    let convtr = StreamingConvTranspose1d {
        stride,
        groups: dimension,
    };
    convtr.forward(&m.child("convtr"), x, states)
}
