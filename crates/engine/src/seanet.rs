//! Twin of pocket-tts `modules/seanet.py`.

use config::SeanetConfig;
use kernels::Activation;

use crate::EngineError;
use crate::context::Context;
use crate::conv::{Geometry, Memory, Remembering, StreamingConv1d, StreamingConvTranspose1d};
use crate::loader::Loader;

/// Layers of a SEANet in the order of upstream's `model` list, without its activations: every
/// layer but the first, and every convolution in a residual block, comes after one.
#[derive(Clone, Debug)]
pub(crate) struct Seanet {
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
struct Layer {
    /// Place in upstream's list.
    index: usize,
    /// Inputs of a transformer position.
    rate: usize,
    kind: Kind,
}

/// Layers with so many inputs of a position have small weights and large outputs: they work on
/// some positions at a time, whose outputs stay in the processor's caches.
const FAST: usize = 16;
/// That many positions.
const PIECE: usize = 4;

#[derive(Clone, Debug)]
enum Kind {
    Conv(StreamingConv1d),
    ConvTranspose(StreamingConvTranspose1d),
    ResnetBlock(SeanetResnetBlock),
}

/// Twin of `SEANetResnetBlock`: the convolutions `block.1` and `block.3`.
#[derive(Clone, Debug)]
struct SeanetResnetBlock {
    convs: [StreamingConv1d; 2],
}

/// What the layers keep from call to call, in their order.
pub(crate) type Memories = Vec<Memory>;

/// Layers as they are found, numbered as upstream's list counts them.
struct Layers<'a, 'm> {
    m: &'a Loader<'m>,
    config: &'a SeanetConfig,
    index: usize,
    rate: usize,
    found: Vec<Layer>,
}

impl Seanet {
    /// Twin of `SEANetEncoder`: audio to transformer positions.
    pub(crate) fn encoder(m: &Loader<'_>, config: &SeanetConfig) -> Result<Self, EngineError> {
        let mut layers = Layers::new(m, config, config.ratios.iter().product());
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
        Ok(Self {
            layers: layers.found,
        })
    }

    /// Twin of `SEANetDecoder`: transformer positions to audio.
    pub(crate) fn decoder(m: &Loader<'_>, config: &SeanetConfig) -> Result<Self, EngineError> {
        let mut layers = Layers::new(m, config, 1);
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
        Ok(Self {
            layers: layers.found,
        })
    }

    /// Silence before the first call.
    pub(crate) fn memories(&self) -> Memories {
        let mut memories = Vec::new();
        for layer in &self.layers {
            match &layer.kind {
                Kind::Conv(conv) => memories.push(conv.memory()),
                Kind::ConvTranspose(conv) => memories.push(conv.memory()),
                Kind::ResnetBlock(block) => {
                    memories.extend(block.convs.each_ref().map(StreamingConv1d::memory));
                }
            }
        }
        memories
    }

    /// `x` [time, in] -> [time', out], for as many transformer positions.
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        mut x: Vec<f32>,
        positions: usize,
        memories: &mut Memories,
        first: bool,
    ) -> Vec<f32> {
        let mut memories = &mut memories[..];
        let is_fast = |layer: &Layer| layer.rate >= FAST;
        for layers in self.layers.chunk_by(|a, b| is_fast(a) == is_fast(b)) {
            let (own, others) = memories.split_at_mut(layers.iter().map(Layer::memories).sum());
            memories = others;
            let piece = x.len() / positions * PIECE;
            if !is_fast(&layers[0]) || x.len() <= piece {
                x = run(layers, ctx, x, own, first);
                continue;
            }
            let mut y = ctx.take(0);
            for (i, piece) in x.chunks(piece).enumerate() {
                let piece = ctx.copy(piece);
                let piece = run(layers, ctx, piece, own, first && i == 0);
                y.extend_from_slice(&piece);
                ctx.give(piece);
            }
            ctx.give(std::mem::replace(&mut x, y));
        }
        x
    }

    /// The convolution at `path` below the list, such as `model.3.block.1`, and the place of
    /// its memory.
    pub(crate) fn remembering(&self, path: &str) -> Option<(usize, Remembering<'_>)> {
        let mut place = 0;
        for layer in &self.layers {
            let at = format!("model.{}", layer.index);
            match &layer.kind {
                Kind::Conv(conv) if path == at => return Some((place, Remembering::Conv(conv))),
                Kind::ConvTranspose(conv) if path == at => {
                    return Some((place, Remembering::ConvTranspose(conv)));
                }
                Kind::ResnetBlock(block) => {
                    for (i, conv) in block.convs.iter().enumerate() {
                        if path == format!("{at}.block.{}", 2 * i + 1) {
                            return Some((place + i, Remembering::Conv(conv)));
                        }
                    }
                    place += 1;
                }
                _ => {}
            }
            place += 1;
        }
        None
    }
}

impl Layer {
    /// Convolutions that remember.
    fn memories(&self) -> usize {
        match self.kind {
            Kind::ResnetBlock(_) => 2,
            Kind::Conv(_) | Kind::ConvTranspose(_) => 1,
        }
    }
}

/// Runs layers one behind the other, each with its own memories.
fn run(
    layers: &[Layer],
    ctx: &mut Context,
    mut x: Vec<f32>,
    memories: &mut [Memory],
    first: bool,
) -> Vec<f32> {
    let mut memories = memories.iter_mut();
    let mut memory = || memories.next();
    for layer in layers {
        let elu = (layer.index > 0).then_some(Activation::Elu);
        let y = match &layer.kind {
            Kind::Conv(conv) => memory().map(|memory| conv.forward(ctx, &x, elu, memory, first)),
            Kind::ConvTranspose(conv) => memory().map(|memory| conv.forward(ctx, &x, elu, memory)),
            Kind::ResnetBlock(block) => {
                let both = memory().zip(memory());
                both.map(|(a, b)| block.forward(ctx, &x, [a, b], first))
            }
        };
        // There is a memory for every convolution.
        if let Some(y) = y {
            ctx.give(std::mem::replace(&mut x, y));
        }
    }
    x
}

impl SeanetResnetBlock {
    /// `x` [time, width] -> [time, width].
    fn forward(
        &self,
        ctx: &mut Context,
        x: &[f32],
        [a, b]: [&mut Memory; 2],
        first: bool,
    ) -> Vec<f32> {
        let elu = Some(Activation::Elu);
        let hidden = self.convs[0].forward(ctx, x, elu, a, first);
        let mut y = self.convs[1].forward(ctx, &hidden, elu, b, first);
        ctx.give(hidden);
        ctx.kernels.add(&mut y, x);
        y
    }
}

impl<'a, 'm> Layers<'a, 'm> {
    fn new(m: &'a Loader<'m>, config: &'a SeanetConfig, rate: usize) -> Self {
        Self {
            m,
            config,
            index: 0,
            rate,
            found: Vec::new(),
        }
    }

    fn activation(&mut self) {
        self.index += 1;
    }

    /// Module of the next layer.
    fn module(&self) -> Loader<'m> {
        self.m.child(&format!("model.{}", self.index))
    }

    fn push(&mut self, kind: Kind) {
        self.found.push(Layer {
            index: self.index,
            rate: self.rate,
            kind,
        });
        self.index += 1;
    }

    fn geometry(&self, kernel: usize, stride: usize, dilation: usize) -> Geometry {
        Geometry {
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
        self.push(Kind::Conv(conv));
        Ok(())
    }

    fn conv_transpose(
        &mut self,
        inputs: usize,
        outputs: usize,
        stride: usize,
    ) -> Result<(), EngineError> {
        let conv = StreamingConvTranspose1d::new(&self.module(), inputs, outputs, stride)?;
        self.push(Kind::ConvTranspose(conv));
        Ok(())
    }

    fn residual_blocks(&mut self, width: usize) -> Result<(), EngineError> {
        let hidden = width / self.config.compress;
        for block in 0..self.config.n_residual_layers {
            let m = self.module();
            let dilation = self.config.dilation_base.pow(block as u32);
            let wide = self.geometry(self.config.residual_kernel_size, 1, dilation);
            let convs = [
                StreamingConv1d::new(&m.child("block.1"), width, hidden, wide)?,
                StreamingConv1d::new(&m.child("block.3"), hidden, width, self.geometry(1, 1, 1))?,
            ];
            self.push(Kind::ResnetBlock(SeanetResnetBlock { convs }));
        }
        Ok(())
    }
}
