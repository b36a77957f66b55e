//! What every call needs: kernels and working memory.

use kernels::{Activation, CpuKernels, Scratch};

use crate::kernel_choice::{ByRows, ComponentChoice};
use crate::parts::PartMemory;

/// What new values of a buffer are copied from.
static ZEROS: [f32; 1024] = [0.0; 1024];

/// Kernels, and memory that is used again from call to call.
#[derive(Debug, Default)]
pub(crate) struct Context {
    pub(crate) kernels: CpuKernels,
    /// Kernels for products, which give the same results and may be faster.
    pub(crate) products: ByRows<CpuKernels>,
    choice: Option<ComponentChoice>,
    /// Threads that products of many rows may use; 0 is one.
    pub(crate) threads: usize,
    pub(crate) scratch: Scratch,
    /// Memory of the other threads.
    pub(crate) parts: Vec<PartMemory>,
    /// Released buffers.
    free: Vec<Vec<f32>>,
}

impl Context {
    /// Without a choice, products are computed by `kernels`, too.
    pub(crate) fn new(kernels: CpuKernels, choice: Option<ComponentChoice>) -> Self {
        Self {
            kernels,
            products: ByRows {
                one_row: kernels,
                many_rows: kernels,
            },
            choice,
            ..Self::default()
        }
    }

    /// One for another stream through the same component.
    pub(crate) fn fork(&self) -> Self {
        Self::new(self.kernels, self.choice.clone())
    }

    /// Takes the kernels that are known to be fastest.
    pub(crate) fn choose(&mut self) {
        if let Some(choice) = &self.choice {
            self.products = choice.best();
        }
    }

    /// Does `work`, whose products have so many rows, and times it while the fastest kernels are
    /// not known.
    pub(crate) fn timed<T>(&mut self, rows: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        let trial = self.choice.as_ref().and_then(|choice| choice.start(rows));
        let Some(trial) = trial else {
            return work(self);
        };
        let best = std::mem::replace(self.products.of(rows), trial.kernels);
        let result = work(self);
        if let Some(choice) = &self.choice {
            choice.end(trial);
        }
        *self.products.of(rows) = best;
        result
    }

    /// A buffer of that many values, which are unspecified.
    pub(crate) fn acquire(&mut self, length: usize) -> Vec<f32> {
        // Best fit: small buffers are left to small requests.
        let fitting = |buffer: &&(usize, usize)| buffer.1 >= length;
        let sizes: Vec<(usize, usize)> = self.free.iter().map(Vec::capacity).enumerate().collect();
        let best = sizes.iter().filter(fitting).min_by_key(|(_, size)| *size);
        let mut buffer = match best {
            Some(&(index, _)) => self.free.swap_remove(index),
            None => Vec::with_capacity(length),
        };
        buffer.truncate(length);
        // Copied, because a loop over single values is slow in a build for size.
        while buffer.len() < length {
            let more = ZEROS.len().min(length - buffer.len());
            buffer.extend_from_slice(&ZEROS[..more]);
        }
        buffer
    }

    /// A buffer with copies of `parts`, one after the other.
    pub(crate) fn concat<'a>(
        &mut self,
        parts: impl Iterator<Item = &'a [f32]> + Clone,
    ) -> Vec<f32> {
        let mut buffer = self.acquire(parts.clone().map(<[f32]>::len).sum());
        let mut rest = &mut buffer[..];
        for part in parts {
            let (start, end) = rest.split_at_mut(part.len());
            start.copy_from_slice(part);
            rest = end;
        }
        buffer
    }

    /// A buffer with a copy of `values`.
    pub(crate) fn copy(&mut self, values: &[f32]) -> Vec<f32> {
        self.concat(std::iter::once(values))
    }

    /// Returns a buffer, which is used again.
    pub(crate) fn release(&mut self, buffer: Vec<f32>) {
        self.free.push(buffer);
    }

    /// Frees all memory, after a call that needed more than the next ones will.
    pub(crate) fn free_memory(&mut self) {
        self.free = Vec::new();
        self.scratch = Scratch::default();
        self.parts = Vec::new();
    }

    pub(crate) fn silu(&mut self, values: &mut [f32]) {
        self.kernels.activate(Activation::Silu, values);
    }

    pub(crate) fn gelu_tanh(&mut self, values: &mut [f32]) {
        self.kernels.activate(Activation::GeluTanh, values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_fitting_buffer_is_used_again() {
        let mut ctx = Context::default();
        let buffers = [100, 10, 2000].map(|length| ctx.acquire(length));
        let places = buffers.each_ref().map(Vec::as_ptr);
        for buffer in buffers {
            ctx.release(buffer);
        }
        let small = ctx.acquire(9);
        assert_eq!((small.as_ptr(), small.len()), (places[1], 9));
        let large = ctx.acquire(101);
        assert_eq!((large.as_ptr(), large.len()), (places[2], 101));
        // No buffer is large enough: a new one is made.
        assert_eq!(ctx.acquire(3000).len(), 3000);
        let parts: [&[f32]; 3] = [&[1.0], &[], &[2.0]];
        assert_eq!(ctx.concat(parts.into_iter()), [1.0, 2.0]);
        ctx.free_memory();
        assert!(ctx.free.is_empty());
    }
}
