use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use weights::WeightFormat;

use super::*;
use crate::quantised_rows::A_MAX;
use crate::{Isa, QUANT_BLOCK};

/// Shapes at the edges of panels, groups and blocks of rows: inputs, outputs.
const EDGE_SHAPES: [[usize; 2]; 9] = [
    [1, 1],
    [3, 15],
    [4, 16],
    [7, 17],
    [32, 32],
    [33, 40],
    [64, 16],
    [100, 48],
    [2100, 16],
];

fn random(rng: &mut Xoshiro256PlusPlus, count: usize) -> Vec<f32> {
    (0..count)
        .map(|_| (rng.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

/// `values` as multiples of one scale, that of `all`.
fn rounded(values: &[f32], all: &[f32], max: i32) -> Vec<f32> {
    let largest = all.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
    let inverse = max as f32 / largest;
    let scale = largest / max as f32;
    let number = |value: &f32| (value * inverse).round_ties_even() * scale;
    if largest > 0.0 {
        values.iter().map(number).collect()
    } else {
        values.to_vec()
    }
}

/// Blocks of `values` as multiples of a scale each.
fn rounded_blocks(values: &[f32]) -> Vec<f32> {
    let block = |block| rounded(block, block, i8::MAX.into());
    values.chunks(QUANT_BLOCK).flat_map(block).collect()
}

/// A packed weight, without a bias and with activations in one term.
fn packed<'a>(
    matrix: Matrix,
    values: &'a [u8],
    scales: &'a [u8],
    stats: &'a WeightStats,
) -> Weight<'a> {
    Weight {
        matrix,
        values,
        scales,
        stats: stats.view(),
        bias: None,
        two_term_activations: false,
    }
}

/// The product in double precision, with activations as the format uses them.
fn reference(weight: &Weight<'_>, x: Rows<'_>) -> Vec<f64> {
    let Weight { matrix, bias, .. } = *weight;
    let unpacked = matrix.unpack(weight.values, weight.scales);
    let overlap = x.stride < matrix.inputs;
    let mut out = Vec::new();
    for row in 0..x.count {
        let values = &x.values[row * x.stride..][..matrix.inputs];
        let values = match activation_rounding(matrix.format) {
            ActivationRounding::Exact => values.to_vec(),
            ActivationRounding::Rows => {
                rounded(values, if overlap { x.values } else { values }, A_MAX)
            }
            ActivationRounding::Blocks => {
                let mut all = rounded_blocks(values);
                if weight.two_term_activations {
                    let rest: Vec<f32> = values.iter().zip(&all).map(|(x, a)| x - a).collect();
                    for (all, more) in all.iter_mut().zip(rounded_blocks(&rest)) {
                        *all += more;
                    }
                }
                all
            }
        };
        for output in 0..matrix.outputs {
            let mut sum = bias.map_or(0.0, |bias| f64::from(bias[output]));
            for (input, value) in values.iter().enumerate() {
                sum += f64::from(*value) * f64::from(unpacked[input * matrix.outputs + output]);
            }
            out.push(sum);
        }
    }
    out
}

#[test]
fn products_equal_the_reference() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut problems = Vec::new();
    let shapes = if cfg!(miri) {
        &EDGE_SHAPES[..3]
    } else {
        &EDGE_SHAPES[..]
    };
    for isa in Isa::available() {
        let kernels = CpuKernels::new(isa).unwrap();
        let once = WeightFormat::ALL.map(|format| (format, false));
        let twice = WeightFormat::ALL.map(|format| (format, true));
        for (format, two_term_activations) in once.into_iter().chain(twice) {
            for &[inputs, outputs] in shapes {
                // Rows apart, and rows that overlap by all but one or four values.
                for (count, stride) in [
                    (1, inputs),
                    (2, inputs),
                    (15, inputs),
                    (5, 1),
                    (3, inputs + 4),
                ] {
                    if cfg!(miri) && count == 15 {
                        continue;
                    }
                    let matrix = Matrix {
                        format,
                        inputs,
                        outputs,
                    };
                    let (values, scales) = matrix.pack(&random(&mut rng, inputs * outputs));
                    let bias = random(&mut rng, outputs);
                    let bias = (count > 1).then_some(bias.as_slice());
                    let x = random(&mut rng, (count - 1) * stride + inputs);
                    let x = Rows {
                        values: &x,
                        count,
                        stride,
                    };
                    let stats = kernels.weight_stats(&matrix, &values);
                    let weight = Weight {
                        bias,
                        two_term_activations,
                        ..packed(matrix, &values, &scales, &stats)
                    };
                    let mut out = vec![f32::NAN; count * outputs];
                    kernels.matmul(&weight, x, &mut Scratch::default(), &mut out);
                    let expected = reference(&weight, x);
                    let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
                    let worst = out
                        .iter()
                        .zip(&expected)
                        .map(|(a, b)| (f64::from(*a) - b).abs());
                    let worst =
                        worst.fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a });
                    // Roundings of sums add up like steps of a random walk.
                    let bound = f64::from(f32::EPSILON) * (inputs.max(256) as f64).sqrt();
                    if worst.is_nan() || worst > bound * largest {
                        problems.push(format!(
                            "{isa:?} {format} {two_term_activations} {inputs}x{outputs}, {count} rows by {stride}: {worst:e} of {largest:e}"
                        ));
                    }
                }
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn parts_of_a_weight_have_the_products_of_the_whole() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let (inputs, outputs, panels) = (36, 55, 4);
    for format in WeightFormat::ALL {
        let matrix = Matrix {
            format,
            inputs,
            outputs,
        };
        let (values, scales) = matrix.pack(&random(&mut rng, inputs * outputs));
        let bias = random(&mut rng, outputs);
        for (isa, rows) in Isa::available()
            .into_iter()
            .zip([1, 3, 9].into_iter().cycle())
        {
            let kernels = CpuKernels::new(isa).unwrap();
            let stats = kernels.weight_stats(&matrix, &values);
            let weight = Weight {
                bias: Some(&bias),
                two_term_activations: true,
                ..packed(matrix, &values, &scales, &stats)
            };
            let x = random(&mut rng, rows * inputs);
            let product = |weight: &Weight<'_>| {
                let mut out = vec![0.0; rows * weight.matrix.outputs];
                let x = Rows::new(&x, inputs);
                kernels.matmul(weight, x, &mut Scratch::default(), &mut out);
                out
            };
            let whole = product(&weight);
            for panels in [0..1, 1..3, 3..panels] {
                let first = panels.start * PANEL;
                let part = weight.part(panels);
                let width = part.matrix.outputs;
                let products = product(&part);
                for (part, whole) in products.chunks(width).zip(whole.chunks(outputs)) {
                    assert_eq!(part, &whole[first..][..width], "{isa:?} {format}");
                }
            }
        }
    }
}

#[test]
fn products_of_quantised_weights_are_the_same_everywhere() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let [inputs, outputs, rows] = if cfg!(miri) {
        [36, 9, 5]
    } else {
        [100, 40, 29]
    };
    let exact = |format: &WeightFormat| activation_rounding(*format) == ActivationRounding::Exact;
    for format in WeightFormat::ALL.into_iter().filter(|it| !exact(it)) {
        let matrix = Matrix {
            format,
            inputs,
            outputs,
        };
        let (values, scales) = matrix.pack(&random(&mut rng, inputs * outputs));
        let x = random(&mut rng, inputs * rows);
        for two_term_activations in [false, true] {
            let product = |isa: Isa, x: &[f32]| {
                let kernels = CpuKernels::new(isa).unwrap();
                let stats = kernels.weight_stats(&matrix, &values);
                let weight = Weight {
                    two_term_activations,
                    ..packed(matrix, &values, &scales, &stats)
                };
                let mut out = vec![0.0; x.len() / inputs * outputs];
                let x = Rows::new(x, inputs);
                kernels.matmul(&weight, x, &mut Scratch::default(), &mut out);
                out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let expected = product(Isa::available()[0], &x);
            for isa in Isa::available() {
                let together = product(isa, &x);
                let alone = x.chunks(inputs).flat_map(|row| product(isa, row));
                let alone: Vec<u32> = alone.collect();
                assert!(together == expected, "{isa:?} {format}");
                assert!(alone == expected, "{isa:?} {format}, row by row");
            }
        }
    }
}

#[test]
fn tiles_have_all_rows_and_about_the_same_size() {
    for most in [1, 2, 4, 8] {
        for rows in 0..40 {
            let mut next = 0;
            let tiles: Vec<[usize; 2]> = even_tiles(rows, most).collect();
            for [row, size] in &tiles {
                assert!(*row == next && (1..=most).contains(size));
                assert!(*size + 1 >= tiles[0][1]);
                next += size;
            }
            assert_eq!([next, tiles.len()], [rows, rows.div_ceil(most)]);
        }
    }
}

#[test]
fn products_of_one_row_are_the_same_in_every_order() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    // Fewer panels than are read by turns, and panels that are left over.
    let (inputs, panels): (_, &[_]) = if cfg!(miri) {
        (36, &[5])
    } else {
        (100, &[1, 2, 3, 5, 11])
    };
    for isa in Isa::available() {
        let kernels = CpuKernels::new(isa).unwrap();
        for format in WeightFormat::ALL {
            for &panels in panels {
                let matrix = Matrix {
                    format,
                    inputs,
                    outputs: panels * weights::PANEL - 3,
                };
                let count = matrix.inputs * matrix.outputs;
                let (values, scales) = matrix.pack(&random(&mut rng, count));
                let (x, bias) = (
                    random(&mut rng, matrix.inputs),
                    random(&mut rng, matrix.outputs),
                );
                let stats = kernels.weight_stats(&matrix, &values);
                let weight = Weight {
                    bias: Some(&bias),
                    two_term_activations: panels == 5,
                    ..packed(matrix, &values, &scales, &stats)
                };
                let results = ReadOrder::ALL.iter().map(|order| {
                    let mut out = vec![f32::NAN; matrix.outputs];
                    kernels.with_read_order(*order).matmul(
                        &weight,
                        Rows::new(&x, matrix.inputs),
                        &mut Scratch::default(),
                        &mut out,
                    );
                    out.into_iter().map(f32::to_bits).collect()
                });
                let results: Vec<Vec<u32>> = results.collect();
                for (order, result) in ReadOrder::ALL.iter().zip(&results) {
                    assert_eq!(*result, results[0], "{isa:?} {format} {panels} {order:?}");
                }
            }
        }
    }
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    for isa in Isa::available() {
        let kernels = CpuKernels::new(isa).unwrap();
        for format in WeightFormat::ALL {
            // Beyond any chunk of exact sums; Miri would take minutes for it.
            let inputs = if cfg!(miri) { 200 } else { 4200 };
            let matrix = Matrix {
                format,
                inputs,
                outputs: 1,
            };
            for [w, x] in [[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0]] {
                let (values, scales) = matrix.pack(&vec![w; inputs]);
                let stats = CpuKernels::detect().weight_stats(&matrix, &values);
                let weight = packed(matrix, &values, &scales, &stats);
                let mut out = [0.0; 2];
                let rows = vec![x; 2 * inputs];
                kernels.matmul(
                    &weight,
                    Rows::new(&rows, inputs),
                    &mut Scratch::default(),
                    &mut out,
                );
                for value in out {
                    assert!(
                        (value / inputs as f32 - w * x).abs() < 1e-5,
                        "{isa:?} {format}: {value}"
                    );
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "rows")]
fn rows_that_are_not_there_are_refused() {
    let matrix = Matrix {
        format: WeightFormat::F32,
        inputs: 4,
        outputs: 1,
    };
    let (values, scales) = matrix.pack(&[1.0; 4]);
    let stats = CpuKernels::detect().weight_stats(&matrix, &values);
    let weight = packed(matrix, &values, &scales, &stats);
    let x = Rows {
        values: &[0.0; 7],
        count: 2,
        stride: 4,
    };
    CpuKernels::detect().matmul(&weight, x, &mut Scratch::default(), &mut [0.0; 2]);
}

#[test]
fn sizes_that_wrap_are_refused() {
    let half = 1 << (usize::BITS / 2);
    let cases = [
        // (2^63 + 1) rows of 2 outputs are 2 outputs, and reach to the first row, if they wrap.
        ([1, 2], (1 << (usize::BITS - 1)) + 1, 2),
        ([1, 2], (1 << (usize::BITS - 1)) + 1, 0),
        ([1, 1], half, half),
        ([half, half], 1, 1),
        ([1 << (usize::BITS - 4), 1], 1, 1),
        ([1, usize::MAX], 2, 1),
    ];
    let mut taken = Vec::new();
    for ([inputs, outputs], count, stride) in cases {
        for format in WeightFormat::ALL {
            let matrix = Matrix {
                format,
                inputs,
                outputs,
            };
            // As long as lengths would be that wrap.
            let bytes = matrix.panels().wrapping_mul(matrix.panel_bytes());
            let scales = matrix.panels().wrapping_mul(matrix.panel_scale_bytes());
            if bytes.max(scales) > 1 << 20 {
                continue;
            }
            let (values, scales) = (vec![0; bytes], vec![0; scales]);
            let mut out = vec![0.0; outputs.wrapping_mul(count).min(1 << 10)];
            let refused = std::panic::catch_unwind(move || {
                let kernels = CpuKernels::detect();
                let stats = kernels.weight_stats(&matrix, &values);
                let weight = Weight {
                    two_term_activations: true,
                    ..packed(matrix, &values, &scales, &stats)
                };
                let rows = Rows {
                    values: &[1.0; 4],
                    count,
                    stride,
                };
                kernels.matmul(&weight, rows, &mut Scratch::default(), &mut out);
            });
            if refused.is_ok() {
                taken.push((matrix, count, stride));
            }
        }
    }
    assert!(taken.is_empty(), "{taken:?}");
}
