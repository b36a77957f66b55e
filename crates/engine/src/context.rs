//! What every call needs: kernels and memory to work in.

use kernels::{Activation, Kernels, Scratch};

/// What buffers are filled up with.
static ZEROS: [f32; 1024] = [0.0; 1024];

/// Kernels, and memory that is used again from call to call.
#[derive(Debug, Default)]
pub(crate) struct Context {
    pub(crate) kernels: Kernels,
    pub(crate) scratch: Scratch,
    /// Whether the attention of some heads is asked for.
    pub(crate) watches: bool,
    /// Buffers that wait to be used again.
    free: Vec<Vec<f32>>,
}

impl Context {
    pub(crate) fn new(kernels: Kernels) -> Self {
        Self {
            kernels,
            ..Self::default()
        }
    }

    /// The same, with the attention asked for or not.
    pub(crate) fn watching(self, watches: bool) -> Self {
        Self { watches, ..self }
    }

    /// A buffer of that many values, whatever they are.
    pub(crate) fn take(&mut self, length: usize) -> Vec<f32> {
        // The one that fits best: small ones are left to small requests.
        let fitting = |buffer: &&(usize, usize)| buffer.1 >= length;
        let sizes: Vec<(usize, usize)> = self.free.iter().map(Vec::capacity).enumerate().collect();
        let best = sizes.iter().filter(fitting).min_by_key(|(_, size)| *size);
        let mut buffer = match best {
            Some(&(index, _)) => self.free.swap_remove(index),
            None => Vec::with_capacity(length),
        };
        buffer.truncate(length);
        // Copied, for a loop over single values is slow in a build for size.
        while buffer.len() < length {
            let more = ZEROS.len().min(length - buffer.len());
            buffer.extend_from_slice(&ZEROS[..more]);
        }
        buffer
    }

    /// A buffer with a copy of `values`.
    pub(crate) fn copy(&mut self, values: &[f32]) -> Vec<f32> {
        let mut buffer = self.take(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    /// Gives a buffer back.
    pub(crate) fn give(&mut self, buffer: Vec<f32>) {
        self.free.push(buffer);
    }

    /// Frees all memory, after a call whose like does not come again soon.
    pub(crate) fn release(&mut self) {
        self.free = Vec::new();
        self.scratch = Scratch::default();
    }

    pub(crate) fn silu(&mut self, values: &mut [f32]) {
        self.kernels.activate(Activation::Silu, values);
    }

    pub(crate) fn gelu_tanh(&mut self, values: &mut [f32]) {
        self.kernels.activate(Activation::GeluTanh, values);
    }
}
