//! Counterpart of pocket-tts `modules/seanet.py`.

use config::SeanetConfig;
use kernels::Activation;

use crate::EngineError;
use crate::context::Context;
use crate::conv::{
    ConvGeometry, ConvState, StatefulConv, StreamingConv1d, StreamingConvTranspose1d,
};
use crate::linear::Linear;
use crate::loader::Loader;

/// Counterpart of `SEANetEncoder` and `SEANetDecoder`: sections that run one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Seanet {
    sections: Vec<SeanetSection>,
}

/// Layers that run together on the same positions. They are in the order of upstream's `model`
/// list, without its activations: an ELU precedes every layer but the first, and every convolution of
/// a residual block.
#[derive(Clone, Debug)]
struct SeanetSection {
    layers: Vec<SeanetLayer>,
    /// Whether it runs on [`PIECE_POSITIONS`] at a time.
    in_pieces: bool,
}

#[derive(Clone, Debug)]
struct SeanetLayer {
    /// Index in upstream's list.
    index: usize,
    /// Rows of the layer's input per transformer position.
    rate: usize,
    kind: SeanetLayerKind,
}

/// Rate from which on layers run in pieces: they have small weights and large outputs, and the
/// outputs of a piece stay in the processor's caches.
const IN_PIECES_RATE: usize = 16;
/// Positions of a piece.
const PIECE_POSITIONS: usize = 4;

#[derive(Clone, Debug)]
enum SeanetLayerKind {
    Conv(StreamingConv1d),
    ConvTranspose(StreamingConvTranspose1d),
    ResnetBlock(SeanetResnetBlock),
}

/// Counterpart of `SEANetResnetBlock`.
#[derive(Clone, Debug)]
struct SeanetResnetBlock {
    /// The convolution `block.1`.
    conv: StreamingConv1d,
    /// The convolution `block.3`, whose kernel is 1: it keeps nothing.
    pointwise: Linear,
}

/// What the layers keep from call to call: one state for each layer of each section.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeanetState {
    sections: Vec<Vec<ConvState>>,
}

/// A convolution of a SEANet that keeps a state.
#[derive(Clone, Copy)]
pub(crate) struct SeanetConv<'a> {
    pub(crate) conv: StatefulConv<'a>,
    section: usize,
    layer: usize,
}

impl SeanetConv<'_> {
    /// The convolution's part of `state`, which is of the same SEANet.
    pub(crate) fn state<'s>(&self, state: &'s SeanetState) -> &'s ConvState {
        &state.sections[self.section][self.layer]
    }

    /// The same, to be changed.
    pub(crate) fn state_mut<'s>(&self, state: &'s mut SeanetState) -> &'s mut ConvState {
        &mut state.sections[self.section][self.layer]
    }
}

impl Seanet {
    /// Counterpart of `SEANetEncoder`: audio to transformer positions.
    pub(crate) fn encoder(m: &Loader<'_>, config: &SeanetConfig) -> Result<Self, EngineError> {
        let mut layers = LayerList::new(m, config, config.ratios.iter().product());
        let mut width = config.n_filters;
        layers.conv(config.channels, width, config.kernel_size, 1)?;
        for &ratio in config.ratios.iter().rev() {
            layers.residual_blocks(width)?;
            layers.activation();
            layers.conv(width, 2 * width, 2 * ratio, ratio)?;
            layers.rate /= ratio;
            width *= 2;
        }
        layers.activation();
        layers.conv(width, config.dimension, config.last_kernel_size, 1)?;
        Ok(layers.into_seanet())
    }

    /// Counterpart of `SEANetDecoder`: transformer positions to audio.
    pub(crate) fn decoder(m: &Loader<'_>, config: &SeanetConfig) -> Result<Self, EngineError> {
        let mut layers = LayerList::new(m, config, 1);
        let mut width = config.n_filters << config.ratios.len();
        layers.conv(config.dimension, width, config.kernel_size, 1)?;
        for &ratio in &config.ratios {
            layers.activation();
            layers.conv_transpose(width, width / 2, ratio)?;
            layers.rate *= ratio;
            width /= 2;
            layers.residual_blocks(width)?;
        }
        layers.activation();
        layers.conv(width, config.channels, config.last_kernel_size, 1)?;
        Ok(layers.into_seanet())
    }

    /// The state before the first call: silence.
    pub(crate) fn start(&self) -> SeanetState {
        let state = |layer: &SeanetLayer| layer.conv().start();
        let section = |section: &SeanetSection| section.layers.iter().map(state).collect();
        SeanetState {
            sections: self.sections.iter().map(section).collect(),
        }
    }

    /// `x` [time, in] -> [time', out], for as many transformer positions. The first call of a stream pads
    /// what comes before it (see [`StreamingConv1d::forward`]).
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        mut x: Vec<f32>,
        positions: usize,
        state: &mut SeanetState,
        is_first_call: bool,
    ) -> Vec<f32> {
        for (section, states) in self.sections.iter().zip(&mut state.sections) {
            let piece = x.len() / positions * PIECE_POSITIONS;
            if !section.in_pieces || x.len() <= piece {
                x = section.forward(ctx, x, states, is_first_call);
                continue;
            }
            let mut y = ctx.acquire(0);
            for (i, piece) in x.chunks(piece).enumerate() {
                let piece = ctx.copy(piece);
                let piece = section.forward(ctx, piece, states, is_first_call && i == 0);
                y.extend_from_slice(&piece);
                ctx.release(piece);
            }
            ctx.release(std::mem::replace(&mut x, y));
        }
        x
    }

    /// The convolution with a state at `path` below the SEANet, such as `model.3.block.1`.
    pub(crate) fn find(&self, path: &str) -> Option<SeanetConv<'_>> {
        for (section, found) in self.sections.iter().enumerate() {
            for (layer, found) in found.layers.iter().enumerate() {
                if found.conv_path() == path {
                    let conv = found.conv();
                    return Some(SeanetConv {
                        conv,
                        section,
                        layer,
                    });
                }
            }
        }
        None
    }
}

impl SeanetSection {
    /// Runs the layers one after the other, each with its state.
    fn forward(
        &self,
        ctx: &mut Context,
        mut x: Vec<f32>,
        states: &mut [ConvState],
        is_first_call: bool,
    ) -> Vec<f32> {
        for (layer, state) in self.layers.iter().zip(states) {
            let elu = (layer.index > 0).then_some(Activation::Elu);
            let y = match &layer.kind {
                SeanetLayerKind::Conv(conv) => conv.forward(ctx, &x, elu, state, is_first_call),
                SeanetLayerKind::ConvTranspose(conv) => conv.forward(ctx, &x, elu, state),
                SeanetLayerKind::ResnetBlock(block) => block.forward(ctx, &x, state, is_first_call),
            };
            ctx.release(std::mem::replace(&mut x, y));
        }
        x
    }
}

impl SeanetLayer {
    /// The convolution that keeps a state.
    fn conv(&self) -> StatefulConv<'_> {
        match &self.kind {
            SeanetLayerKind::Conv(conv) => StatefulConv::Conv(conv),
            SeanetLayerKind::ConvTranspose(conv) => StatefulConv::ConvTranspose(conv),
            SeanetLayerKind::ResnetBlock(block) => StatefulConv::Conv(&block.conv),
        }
    }

    /// Its path below the SEANet.
    fn conv_path(&self) -> String {
        let index = self.index;
        match self.kind {
            SeanetLayerKind::Conv(_) | SeanetLayerKind::ConvTranspose(_) => {
                format!("model.{index}")
            }
            SeanetLayerKind::ResnetBlock(_) => format!("model.{index}.block.1"),
        }
    }
}

impl SeanetResnetBlock {
    /// `x` [time, width] -> [time, width].
    fn forward(
        &self,
        ctx: &mut Context,
        x: &[f32],
        state: &mut ConvState,
        is_first_call: bool,
    ) -> Vec<f32> {
        let elu = Activation::Elu;
        let hidden = self.conv.forward(ctx, x, Some(elu), state, is_first_call);
        let mut activated = ctx.acquire(hidden.len());
        ctx.kernels.activate_into(elu, &hidden, &mut activated);
        let mut y = self.pointwise.forward(ctx, &activated);
        ctx.release(hidden);
        ctx.release(activated);
        ctx.kernels.add(&mut y, x);
        y
    }
}

/// Layers as they are loaded, numbered as upstream's list counts them.
struct LayerList<'a, 'm> {
    m: &'a Loader<'m>,
    config: &'a SeanetConfig,
    index: usize,
    rate: usize,
    layers: Vec<SeanetLayer>,
}

impl<'a, 'm> LayerList<'a, 'm> {
    fn new(m: &'a Loader<'m>, config: &'a SeanetConfig, rate: usize) -> Self {
        Self {
            m,
            config,
            index: 0,
            rate,
            layers: Vec::new(),
        }
    }

    /// Cuts the layers into sections.
    fn into_seanet(self) -> Seanet {
        let in_pieces = |layer: &SeanetLayer| layer.rate >= IN_PIECES_RATE;
        let sections = (self.layers).chunk_by(|a, b| in_pieces(a) == in_pieces(b));
        let sections = sections.map(|layers| SeanetSection {
            layers: layers.to_vec(),
            in_pieces: layers.first().is_some_and(in_pieces),
        });
        Seanet {
            sections: sections.collect(),
        }
    }

    fn activation(&mut self) {
        self.index += 1;
    }

    /// Module of the next layer.
    fn module(&self) -> Loader<'m> {
        self.m.child(&format!("model.{}", self.index))
    }

    fn push(&mut self, kind: SeanetLayerKind) {
        self.layers.push(SeanetLayer {
            index: self.index,
            rate: self.rate,
            kind,
        });
        self.index += 1;
    }

    fn geometry(&self, kernel: usize, stride: usize, dilation: usize) -> ConvGeometry {
        ConvGeometry {
            kernel,
            stride,
            dilation,
            pad_mode: self.config.pad_mode,
        }
    }

    fn conv(
        &mut self,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
    ) -> Result<(), EngineError> {
        let geometry = self.geometry(kernel, stride, 1);
        let conv = StreamingConv1d::new(&self.module(), inputs, outputs, geometry)?;
        self.push(SeanetLayerKind::Conv(conv));
        Ok(())
    }

    fn conv_transpose(
        &mut self,
        inputs: usize,
        outputs: usize,
        stride: usize,
    ) -> Result<(), EngineError> {
        let conv = StreamingConvTranspose1d::new(&self.module(), inputs, outputs, stride)?;
        self.push(SeanetLayerKind::ConvTranspose(conv));
        Ok(())
    }

    fn residual_blocks(&mut self, width: usize) -> Result<(), EngineError> {
        let hidden = width / self.config.compress;
        for block in 0..self.config.n_residual_layers {
            let m = self.module();
            let dilation = self.config.dilation_base.pow(block as u32);
            let geometry = self.geometry(self.config.residual_kernel_size, 1, dilation);
            self.push(SeanetLayerKind::ResnetBlock(SeanetResnetBlock {
                conv: StreamingConv1d::new(&m.child("block.1"), width, hidden, geometry)?,
                pointwise: Linear::new(&m.child("block.3.conv"), hidden, width)?,
            }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
