//! Attention against plain loops.

use super::quantised::{PROB_MAX, query_max};
use super::*;
use crate::self_test::{attention, attention_probs};
use crate::{CacheFormat, Isa};

fn noise(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|i| (((i + seed) * 7919 % 1009) as f32) / 504.5 - 1.0)
        .collect()
}

const CACHE_FORMATS: [CacheFormat; 3] = [CacheFormat::F32, CacheFormat::I16, CacheFormat::I8];

fn caches(kernels: CpuKernels, heads: HeadShape, format: CacheFormat, rows: usize) -> [Cache; 2] {
    [KvRole::Keys, KvRole::Values].map(|role| {
        let mut cache = Cache::new(heads, role, format);
        let noise = noise(rows * heads.row_width(), 2 + role as usize);
        cache.push(kernels, Rows::new(&noise, heads.row_width()));
        cache
    })
}

/// Queries as the kernel rounds them.
fn rounded(kernels: CpuKernels, width: usize, q: &[f32]) -> Vec<f32> {
    let mut integers = vec![0_i16; width];
    let head = |head: &[f32]| {
        let scale = kernels.quantise_to(query_max(width), head, &mut integers);
        integers.iter().map(|i| f32::from(*i) * scale).collect()
    };
    q.chunks(width).flat_map::<Vec<f32>, _>(head).collect()
}

/// Query heads, key heads, width, rows, queries, rows seen. The first [`MIRI_SHAPES`] are small.
const ATTENTION_SHAPES: [[usize; 6]; 8] = [
    [1, 1, 4, 1, 1, 9],
    // Drops a cache block.
    [1, 1, 4, 36, 1, 17],
    [3, 1, 32, 5, 1, 5],
    [2, 2, 12, 7, 7, 3],
    [4, 2, 20, 16, 2, 15],
    [2, 2, 64, 33, 3, 40],
    [1, 1, 16, 70, 11, 17],
    [2, 1, 18, 90, 1, 33],
];
/// How many shapes Miri runs, which takes a thousand times as long.
const MIRI_SHAPES: usize = 4;

#[test]
fn attention_equals_the_reference() {
    let mut problems = Vec::new();
    let shapes = if cfg!(miri) {
        &ATTENTION_SHAPES[..MIRI_SHAPES]
    } else {
        &ATTENTION_SHAPES[..]
    };
    for &[queries, keys, width, rows, count, context] in shapes {
        let heads = HeadShape {
            num_heads: queries,
            num_kv_heads: keys,
            head_dim: width,
        };
        let q = noise(count * queries * width, 1);
        for kernels in Isa::available().into_iter().filter_map(CpuKernels::new) {
            for format in CACHE_FORMATS {
                let [mut k, mut v] = caches(kernels, heads, format, rows);
                let (all_k, all_v) = (k.get(), v.get());
                for cache in [&mut k, &mut v] {
                    cache.keep_last(count + context);
                }
                let q_used = if format == CacheFormat::F32 {
                    q.clone()
                } else {
                    rounded(kernels, width, &q)
                };
                let mut exact = Vec::new();
                let mut largest = 0.0_f64;
                for (i, q) in q_used.chunks(queries * width).enumerate() {
                    let end = rows - count + i + 1;
                    let seen =
                        end.saturating_sub(context) * heads.row_width()..end * heads.row_width();
                    let (k, v) = (&all_k[seen.clone()], &all_v[seen]);
                    exact.extend(attention(heads, q, k, v));
                    let probs = attention_probs(heads, q, k);
                    largest = probs.into_iter().fold(largest, f64::max);
                }
                let mut out = vec![0.0; q.len()];
                let mut scratch = Scratch::default();
                let q = Rows::new(&q, queries * width);
                kernels.attend(q, &k, &v, Some(context), &mut scratch, &mut out);
                let differences = out.iter().zip(&exact);
                let errors = differences.map(|(a, b)| (f64::from(*a) - b).abs());
                let worst = errors.fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a });
                // Probabilities are rounded by half a step, and values are up to 1.
                let step = if format == CacheFormat::F32 {
                    0.0
                } else {
                    largest / f64::from(PROB_MAX)
                };
                let rounding = context.min(rows) as f64 * step / 2.0;
                if worst.is_nan() || worst > 2e-6 + rounding {
                    let isa = kernels.isa();
                    problems.push(format!("{isa:?} {heads:?} {rows} rows: {worst:e}"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_row_does_not_depend_on_the_others() {
    let heads = HeadShape {
        num_heads: 2,
        num_kv_heads: 2,
        head_dim: 20,
    };
    // Miri takes a thousand times as long.
    let (rows, count, context) = if cfg!(miri) { (12, 3, 8) } else { (50, 9, 30) };
    let q = noise(count * 40, 1);
    for kernels in Isa::available().into_iter().filter_map(CpuKernels::new) {
        for format in CACHE_FORMATS {
            let mut scratch = Scratch::default();
            let [k, v] = caches(kernels, heads, format, rows);
            let mut together = vec![0.0; q.len()];
            let all = Rows::new(&q, 40);
            kernels.attend(all, &k, &v, Some(context), &mut scratch, &mut together);
            for (i, together) in together.chunks(40).enumerate() {
                let rows = rows - count + i + 1;
                let [mut k, mut v] = caches(kernels, heads, format, 0);
                for (cache, seed) in [(&mut k, 2), (&mut v, 3)] {
                    for row in noise(rows * 40, seed).chunks(40) {
                        cache.push(kernels, Rows::new(row, 40));
                        cache.keep_last(context);
                    }
                }
                let mut alone = vec![0.0; 40];
                let one = Rows::new(&q[i * 40..][..40], 40);
                kernels.attend(one, &k, &v, None, &mut scratch, &mut alone);
                assert_eq!(alone, together, "{:?} {i}", kernels.isa());
            }
        }
    }
}

#[test]
fn sizes_that_wrap_are_refused() {
    let heads = |num_heads, num_kv_heads, head_dim| HeadShape {
        num_heads,
        num_kv_heads,
        head_dim,
    };
    // Heads, the stride of two queries, and the values of the output as they are if they wrap.
    let cases = [
        (heads(2, 1, 16), usize::MAX, 64),
        (heads(2, 1, 16), usize::MAX - 31, 64),
        (heads(1 << (usize::BITS - 4), 1, 16), 1, 0),
        (heads(1, 1 << (usize::BITS - 4), 16), 1, 32),
    ];
    for (heads, stride, outputs) in cases {
        let refused = std::panic::catch_unwind(|| {
            let kernels = CpuKernels::detect();
            let [keys, values] = [KvRole::Keys, KvRole::Values].map(|role| {
                let mut cache = Cache::new(heads, role, CacheFormat::F32);
                cache.push(kernels, Rows::new(&[0.0; 32], 16));
                cache
            });
            let q = Rows {
                values: &[0.0; 64],
                count: 2,
                stride,
            };
            let mut out = vec![0.0; outputs];
            kernels.attend(q, &keys, &values, None, &mut Scratch::default(), &mut out);
        });
        assert!(refused.is_err(), "{heads:?}, a stride of {stride}");
    }
}
