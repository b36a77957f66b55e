//! Voice files that do not fit, or lie.

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use speech::Voice;

use crate::support::{flow_lm, record};

type Tensors = Vec<(String, Dtype, Vec<usize>, Vec<u8>)>;

const MODULE: &str = "transformer.layers.1.self_attn";

#[test]
fn voices_that_do_not_fit_are_refused_by_name() {
    struct Case {
        change: fn(&mut Tensors),
        says: &'static str,
    }
    let cases = [
        Case {
            change: |t| t.retain(|(name, ..)| !name.starts_with(MODULE)),
            says: "no transformer.layers.1.self_attn/",
        },
        Case {
            change: |t| {
                let mut more = t[0].clone();
                more.0 = "transformer.layers.7.self_attn/cache".to_owned();
                t.push(more);
            },
            says: "transformer.layers.7.self_attn/cache, which this model does not have",
        },
        Case {
            change: |t| {
                let cache = find(t, "cache");
                cache.2 = vec![2, 1, 31, 8, 8];
            },
            says: "transformer.layers.1.self_attn/cache of the voice has the shape [2, 1, 31, 8, 8], and this model needs [2, 1, P, 4, 16]",
        },
        Case {
            change: |t| find(t, "cache").2 = vec![2, 31, 1, 4, 16],
            says: "has the shape",
        },
        Case {
            change: |t| find(t, "offset").3 = 32_i64.to_le_bytes().to_vec(),
            says: "says 32 rows, but there are 31",
        },
        Case {
            change: |t| find(t, "offset").3 = (-1_i64).to_le_bytes().to_vec(),
            says: "says -1 rows",
        },
        Case {
            change: |t| find(t, "offset").3 = 30_i64.to_le_bytes().to_vec(),
            says: "says 30 rows, but other layers say 31",
        },
        Case {
            change: |t| find(t, "offset").1 = Dtype::F64,
            says: "offset of the voice is f64, not i64",
        },
        Case {
            change: |t| find(t, "pad").3 = 1_i64.to_le_bytes().to_vec(),
            says: "pad of the voice is not 0",
        },
        Case {
            change: |t| find(t, "cache").1 = Dtype::I32,
            says: "cache of the voice is i32, not f32, f16 or bf16",
        },
        Case {
            change: |t| find(t, "cache").3[..4].copy_from_slice(&f32::NAN.to_le_bytes()),
            says: "cache of the voice holds a number that is not finite",
        },
        Case {
            change: |t| {
                for (_, _, _, bytes) in t.iter_mut().filter(|t| t.0.ends_with("offset")) {
                    *bytes = 0_i64.to_le_bytes().to_vec();
                }
            },
            says: "the voice is empty",
        },
        Case {
            change: Vec::clear,
            says: "no transformer.layers.0.self_attn/cache",
        },
    ];
    let component = flow_lm("tiny_english");
    let record = record("tiny_english", "voice.safetensors");
    let mut wrong = Vec::new();
    for case in cases {
        let mut changed = tensors(&record);
        (case.change)(&mut changed);
        let error = match Voice::from_safetensors(&file(&changed), &component) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        if !error.contains(case.says) {
            wrong.push((case.says, error));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn unused_rows_may_hold_anything() {
    let component = flow_lm("tiny_english");
    let mut tensors = tensors(&record("tiny_english", "voice.safetensors"));
    for (name, _, shape, bytes) in &mut tensors {
        if name.ends_with("cache") {
            let row = bytes.len() / 2 / shape[2];
            let (keys, values) = bytes.split_at(bytes.len() / 2);
            let unused: Vec<u8> = f32::NAN.to_le_bytes().repeat(row / 4 * 3);
            *bytes = [keys, &unused, values, &unused].concat();
            shape[2] += 3;
        }
    }
    let padded = Voice::from_safetensors(&file(&tensors), &component).unwrap();
    let record = record("tiny_english", "voice.safetensors");
    assert_eq!(
        padded,
        Voice::from_safetensors(&record, &component).unwrap()
    );
}

#[test]
fn what_is_no_safetensors_file_is_refused() {
    let component = flow_lm("tiny_english");
    let record = record("tiny_english", "voice.safetensors");
    for file in [&b""[..], b"RIFF", &record[..record.len() - 1], &[0xff; 64]] {
        assert!(Voice::from_safetensors(file, &component).is_err());
    }
}

fn find<'a>(tensors: &'a mut Tensors, key: &str) -> &'a mut (String, Dtype, Vec<usize>, Vec<u8>) {
    let name = format!("{MODULE}/{key}");
    tensors
        .iter_mut()
        .find(|(other, ..)| *other == name)
        .unwrap()
}

fn tensors(file: &[u8]) -> Tensors {
    let file = SafeTensors::deserialize(file).unwrap();
    let mut tensors: Tensors = (file.tensors().into_iter())
        .map(|(name, t)| (name, t.dtype(), t.shape().to_vec(), t.data().to_vec()))
        .collect();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    tensors
}

fn file(tensors: &Tensors) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}
