//! The numbers of an attention: singles, or integers with scales.

use std::array::from_fn;

use weights::PANEL;

use super::STREAMS;
use crate::Rows;
use crate::activations::{A_MAX, Quantise};
use crate::cache::{BLOCK, Blocks, Heads};
use crate::isa::{Kernel, Kernels};
use crate::matmul::pair_products;
use crate::simd::Simd;
use crate::size::size;

/// Pairs of channels that are read of a block for one query, before the next block's.
const TURN: usize = 8;
/// The largest of a query's integer weights, which have no sign: products of a block's with
/// integers up to [`A_MAX`] fit into 32 bits.
pub(super) const W_MAX: i32 = 2 * A_MAX + 1;

/// A head of some blocks, and some rows' queries that look at it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) heads: Heads,
    /// The head of the first block, counted through all blocks.
    pub(super) block: usize,
    /// Blocks; for scores [`STREAMS`] at most.
    pub(super) blocks: usize,
    /// The first of the rows.
    pub(super) row: usize,
    /// The head of each row.
    pub(super) query: usize,
}

impl Place {
    /// Where the numbers of each block begin, and its scales.
    #[inline(always)]
    fn starts(self) -> impl Iterator<Item = [usize; 2]> {
        let head = move |i| self.block + i * self.heads.keys;
        (0..self.blocks).map(move |i| [head(i) * self.heads.block(), head(i) * BLOCK])
    }
}

/// Numbers of caches, and of what they are multiplied with.
pub(super) trait Numeric {
    /// Stores the scores of the place's rows, those of each query `stride` behind the last's.
    unsafe fn score<S: Simd, const R: usize>(&self, at: Place, to: *mut f32, stride: usize);

    /// Makes weights, from the `index`-th on, of one query's scores, all of which are positive.
    /// They belong to blocks from `at` on. Returns what the sums are to be multiplied with.
    unsafe fn weigh<S: Simd>(&self, at: Place, scores: &mut [f32], index: usize) -> f32;

    /// Adds the weighted values of a block's 16 rows to sums: those of a panel of channels, which
    /// begin at `values`.
    unsafe fn add<S: Simd, const R: usize>(
        &self,
        values: usize,
        weights: Weights,
        sums: &mut [S::F; R],
    );

    /// Adds the weighted values of the place's rows to sums. Weights are from the `index`-th
    /// on, those of each query `stride` behind the last's; so are the sums.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn sum<S: Simd, const R: usize>(
        &self,
        at: Place,
        weights: Weights,
        sums: *mut f32,
        stride: usize,
    ) {
        // SAFETY: the caller's.
        unsafe {
            for panel in 0..at.heads.padded() / PANEL {
                let sums = sums.add(panel * PANEL);
                let mut sum: [S::F; R] = from_fn(|r| S::load(sums.add(r * stride)));
                for (block, [start, _]) in at.starts().enumerate() {
                    let weights = Weights {
                        index: weights.index + block * BLOCK,
                        ..weights
                    };
                    self.add::<S, R>(start + panel * BLOCK * PANEL, weights, &mut sum);
                }
                for (r, sum) in sum.into_iter().enumerate() {
                    S::store(sum, sums.add(r * stride));
                }
            }
        }
    }
}

/// Where weights are.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    /// The scores they were made of.
    pub(super) scores: *const f32,
    /// The first.
    pub(super) index: usize,
    /// From one query to the next.
    pub(super) stride: usize,
}

pub(super) struct Singles {
    pub(super) q: *const f32,
    pub(super) stride: usize,
    pub(super) keys: *const f32,
    pub(super) values: *const f32,
}

pub(super) struct Integers<T> {
    q: *const i16,
    q_scales: *const f32,
    keys: *const T,
    key_scales: *const f32,
    values: *const T,
    value_scales: *const f32,
    weights: *mut i16,
}

/// Room for what is rounded on the way.
pub(super) struct Rounded<'a> {
    pub(super) queries: &'a mut Vec<i16>,
    /// A scale for each.
    pub(super) scales: &'a mut Vec<f32>,
    /// A weight for each score.
    pub(super) weights: &'a mut [i16],
}

impl<T> Integers<T> {
    /// Rounds the queries.
    pub(super) fn new(
        kernels: Kernels,
        heads: Heads,
        q: Rows<'_>,
        [keys, values]: [&Blocks<T>; 2],
        rounded: Rounded<'_>,
    ) -> Self {
        let Rounded {
            queries: integers,
            scales,
            weights,
        } = rounded;
        let (padded, max) = (heads.padded(), query_max(heads.width));
        integers.resize(size([q.count, heads.queries, padded]), 0);
        scales.clear();
        let rows = q.values.chunks(q.stride).take(q.count);
        let width = heads.queries * heads.width;
        let queries = rows.flat_map(|row| row[..width].chunks_exact(heads.width));
        for (q, out) in queries.zip(integers.chunks_exact_mut(padded)) {
            let (out, filling) = out.split_at_mut(q.len());
            scales.push(kernels.quantise_to(max, q, out));
            filling.fill(0);
        }
        Self {
            q: integers.as_ptr(),
            q_scales: scales.as_ptr(),
            keys: keys.values.as_ptr(),
            key_scales: keys.scales.as_ptr(),
            values: values.values.as_ptr(),
            value_scales: values.scales.as_ptr(),
            weights: weights.as_mut_ptr(),
        }
    }
}

/// The largest magnitude of a query's integers: products over a head have to fit into 32 bits.
pub(super) fn query_max(width: usize) -> i32 {
    let width = i32::try_from(width).unwrap_or(i32::MAX);
    (i32::MAX / A_MAX / width).min(A_MAX)
}

/// Integers of a cache as factors.
pub(super) trait Factor: Copy {
    /// 32 of them: `[16][2]`.
    unsafe fn load<S: Simd>(from: *const Self) -> S::W2;
}

impl Factor for i16 {
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Self) -> S::W2 {
        // SAFETY: the caller's.
        unsafe { S::load_w2(from) }
    }
}

impl Factor for i8 {
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Self) -> S::W2 {
        // SAFETY: the caller's.
        unsafe { S::load_w2_bytes(from) }
    }
}

impl Numeric for Singles {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn score<S: Simd, const R: usize>(&self, at: Place, to: *mut f32, stride: usize) {
        // SAFETY: the caller's.
        unsafe {
            let q = (self.q).add(at.row * self.stride + at.query * at.heads.width);
            for (block, [start, _]) in at.starts().enumerate() {
                let keys = self.keys.add(start);
                let mut scores = [S::zero(); R];
                for channel in 0..at.heads.width {
                    let key = S::load(keys.add(channel * PANEL));
                    for (r, score) in scores.iter_mut().enumerate() {
                        let q = S::splat(*q.add(r * self.stride + channel));
                        *score = S::mul_add(*score, q, key);
                    }
                }
                for (r, score) in scores.into_iter().enumerate() {
                    S::store(score, to.add(r * stride + block * BLOCK));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn weigh<S: Simd>(&self, _: Place, _: &mut [f32], _: usize) -> f32 {
        1.0
    }

    #[inline(always)]
    unsafe fn add<S: Simd, const R: usize>(
        &self,
        values: usize,
        weights: Weights,
        sums: &mut [S::F; R],
    ) {
        // SAFETY: the caller's.
        unsafe {
            let values = self.values.add(values);
            let weight = weights.scores.add(weights.index);
            for row in 0..BLOCK {
                let value = S::load(values.add(row * PANEL));
                for (r, sum) in sums.iter_mut().enumerate() {
                    let weight = S::splat(*weight.add(r * weights.stride + row));
                    *sum = S::mul_add(*sum, weight, value);
                }
            }
        }
    }
}

impl<T: Factor> Numeric for Integers<T> {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn score<S: Simd, const R: usize>(&self, at: Place, to: *mut f32, stride: usize) {
        // SAFETY: the caller's.
        unsafe {
            let (head, queries) = (at.row * at.heads.queries + at.query, at.heads.queries);
            let (q, q_stride) = (
                self.q.add(head * at.heads.padded()),
                queries * at.heads.padded(),
            );
            let pairs = at.heads.padded() / 2;
            let turn = if R == 1 { TURN } else { pairs };
            let mut exact = [[S::zero_i(); R]; STREAMS];
            for first in (0..pairs).step_by(turn) {
                for ([start, _], exact) in at.starts().zip(&mut exact) {
                    let keys = self.keys.add(start + first * 2 * PANEL);
                    products::<S, T, R>(exact, keys, q.add(2 * first), q_stride, turn);
                }
            }
            for ((block, [_, scales]), exact) in at.starts().enumerate().zip(exact) {
                let scales = S::load(self.key_scales.add(scales));
                for (r, exact) in exact.into_iter().enumerate() {
                    let scale = S::splat(*self.q_scales.add(head + r * queries));
                    let scores = S::scale(S::mul(S::to_f32(exact), scales), scale);
                    S::store(scores, to.add(r * stride + block * BLOCK));
                }
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn weigh<S: Simd>(&self, at: Place, scores: &mut [f32], index: usize) -> f32 {
        // SAFETY: the caller's.
        unsafe {
            for (i, scores) in scores.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
                let block = at.block + i * at.heads.keys;
                let scales = self.value_scales.add(block * BLOCK);
                let weights = S::mul(S::load(scores.as_ptr()), S::load(scales));
                S::store(weights, scores.as_mut_ptr());
            }
            let mut scale = 0.0;
            let out = std::slice::from_raw_parts_mut(self.weights.add(index), scores.len());
            Quantise {
                values: scores,
                max: W_MAX,
                out,
                scale: &mut scale,
            }
            .run::<S>();
            scale
        }
    }

    #[inline(always)]
    unsafe fn add<S: Simd, const R: usize>(
        &self,
        values: usize,
        weights: Weights,
        sums: &mut [S::F; R],
    ) {
        // SAFETY: the caller's.
        unsafe {
            let values = self.values.add(values);
            let weight = self.weights.add(weights.index);
            let mut exact = [S::zero_i(); R];
            products::<S, T, R>(&mut exact, values, weight, weights.stride, BLOCK / 2);
            for (sum, exact) in sums.iter_mut().zip(exact) {
                *sum = S::add(*sum, S::to_f32(exact));
            }
        }
    }
}

/// [`pair_products`], as a function of its own where compilers run out of registers in large ones.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn products<S: Simd, T: Factor, const R: usize>(
    sums: &mut [S::I; R],
    panel: *const T,
    x: *const i16,
    stride: usize,
    pairs: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let weight = |pair: usize| T::load::<S>(panel.wrapping_add(pair * 2 * PANEL));
        pair_products::<S, R>(sums, weight, x, stride, pairs);
    }
}
