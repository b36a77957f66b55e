//! Checkpoints as training leaves them.

use checkpoint::{Checkpoint, CheckpointFiles, Weights, WeightsError};
use tempfile::tempdir;

use crate::support::{bits, specs, table, write};
use testkit::SMALL_MODELS;
use testkit::tensors::{StoredTensor, file, fixture, read_all, widened};
use testkit::training_layout::{to_training_flow_lm, to_training_mimi};

/// Both ways round: a fixture told in the training layout reads as itself.
#[test]
fn a_checkpoint_in_the_training_layout_has_the_same_values() {
    let mut failures = Vec::new();
    for model in SMALL_MODELS {
        for prefix in ["", "model."] {
            let published = fixture(model);
            let folder = tempdir().unwrap();
            let backbone = file(&to_training_flow_lm(&published), 8);
            let codec = file(&to_training_mimi(&published, prefix), 1);
            let files = CheckpointFiles::Parts {
                flow_lm: write(folder.path(), "flow_lm.safetensors", &backbone),
                mimi: write(folder.path(), "mimi.safetensors", &codec),
            };
            let checkpoint = Checkpoint::open(&files, &table(model)).unwrap();
            for tensor in published {
                let mut reader = checkpoint.open(&tensor.name).unwrap();
                let actual = read_all(&mut *reader, 333).unwrap();
                if bits(&actual) != bits(&widened(&tensor)) {
                    failures.push((model, prefix, tensor.name));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

/// Reads `mimi.a.weight` of a codec that has these tensors and a backbone that has none.
fn folded(
    tensors: &[StoredTensor],
    shape: &[usize],
    block: usize,
) -> Result<Vec<f32>, WeightsError> {
    let folder = tempdir().unwrap();
    let files = CheckpointFiles::Parts {
        flow_lm: write(folder.path(), "flow_lm.safetensors", &file(&[], 8)),
        mimi: write(folder.path(), "mimi.safetensors", &file(tensors, 8)),
    };
    let table = specs(&[StoredTensor::new("mimi.a.weight", "F32", shape, vec![])]);
    let checkpoint = Checkpoint::open(&files, &table)?;
    read_all(&mut *checkpoint.open("mimi.a.weight")?, block)
}

#[test]
fn weight_norm_runs_over_all_dimensions_but_the_first() {
    type Make = fn(&str, &[usize], &[f32]) -> StoredTensor;
    struct Case {
        story: &'static str,
        make: Make,
        g: &'static [f32],
        v: &'static [f32],
        expected: &'static [f32],
    }
    let cases = [
        Case {
            story: "triangles of integer sides",
            make: StoredTensor::f32,
            g: &[10.0, -13.0],
            v: &[3.0, 0.0, 0.0, 4.0, 0.0, 5.0, 12.0, 0.0],
            expected: &[6.0, 0.0, 0.0, 8.0, -0.0, -5.0, -12.0, -0.0],
        },
        Case {
            // 1/sqrt(3) = 0.577350: bf16 has 0.578125 beside it, f16 0.577148.
            story: "rounded to bf16",
            make: StoredTensor::bf16,
            g: &[1.0, 1.0],
            v: &[1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0],
            expected: &[0.578_125, 0.578_125, 0.578_125, 0.0, 1.0, 0.0, 0.0, 0.0],
        },
        Case {
            story: "rounded to f16",
            make: StoredTensor::f16,
            g: &[1.0, 1.0],
            v: &[1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0],
            expected: &[
                0.577_148_44,
                0.577_148_44,
                0.577_148_44,
                0.0,
                1.0,
                0.0,
                0.0,
                0.0,
            ],
        },
        Case {
            story: "squares beyond f16",
            make: StoredTensor::f16,
            g: &[1.0, 1.0],
            v: &[6e4, 0.0, 0.0, 0.0, 0.0, 0.0, 6e-8, 0.0],
            expected: &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        },
    ];
    let mut failures = Vec::new();
    for case in cases {
        let tensors = [
            (case.make)("a.weight_g", &[2, 1, 1], case.g),
            (case.make)("a.weight_v", &[2, 2, 2], case.v),
        ];
        for block in [1, 3, 8, 100] {
            let actual = folded(&tensors, &[2, 2, 2], block).unwrap();
            if bits(&actual) != bits(case.expected) {
                failures.push((case.story, block, actual));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Rows longer than the block that their norm is summed over.
#[test]
fn long_rows_are_folded() {
    let v = vec![0.5; 2 * 4096];
    let tensors = [
        StoredTensor::f32("a.weight_g", &[2], &[64.0, 32.0]),
        StoredTensor::f32("a.weight_v", &[2, 4096], &v),
    ];
    let actual = folded(&tensors, &[2, 4096], 1000).unwrap();
    let expected = [vec![1.0; 4096], vec![0.5; 4096]].concat();
    assert_eq!(bits(&actual), bits(&expected));
}

#[test]
fn weight_norm_that_gives_no_number_is_located() {
    struct Case {
        story: &'static str,
        g: [f32; 2],
        v: [f32; 4],
        key: &'static str,
        index: usize,
    }
    let cases = [
        Case {
            story: "a row of zeros has no direction",
            g: [1.0, 1.0],
            v: [1.0, 1.0, 0.0, 0.0],
            key: "a.weight_v",
            index: 2,
        },
        Case {
            story: "a direction that is not finite",
            g: [1.0, 1.0],
            v: [1.0, 1.0, 1.0, f32::INFINITY],
            key: "a.weight_v",
            index: 3,
        },
        Case {
            story: "a length that is not finite",
            g: [1.0, f32::NAN],
            v: [1.0; 4],
            key: "a.weight_g",
            index: 1,
        },
        Case {
            story: "beyond the format",
            g: [f32::MAX, 1.0],
            v: [1e-40, 0.0, 1.0, 1.0],
            key: "a.weight_v",
            index: 0,
        },
    ];
    let mut failures = Vec::new();
    for case in cases {
        let tensors = [
            StoredTensor::f32("a.weight_g", &[2, 1], &case.g),
            StoredTensor::f32("a.weight_v", &[2, 2], &case.v),
        ];
        match folded(&tensors, &[2, 2], 4) {
            Err(WeightsError::NotFinite { key, index, .. })
                if key == case.key && index == case.index => {}
            other => failures.push((case.story, other)),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn layouts_that_mean_two_things_are_refused() {
    struct Case {
        story: &'static str,
        tensors: Vec<StoredTensor>,
        message: &'static str,
    }
    let one = |name: &str| StoredTensor::f32(name, &[1], &[1.0]);
    let cases = [
        Case {
            story: "lengths without directions",
            tensors: vec![one("a.weight_g")],
            message: "tensor `a.weight_g` of PATH lacks its `a.weight_v`",
        },
        Case {
            story: "directions without lengths",
            tensors: vec![one("a.weight_v")],
            message: "1 tensor missing: mimi.a.weight",
        },
        Case {
            story: "lengths of other rows",
            tensors: vec![
                StoredTensor::f32("a.weight_g", &[3, 1], &[1.0; 3]),
                StoredTensor::f32("a.weight_v", &[1, 3], &[1.0; 3]),
            ],
            message: "has shape [3, 1], not one value for each row of `a.weight_v` of shape [1, 3]",
        },
        Case {
            story: "directions without rows",
            tensors: vec![
                one("a.weight_g"),
                StoredTensor::f32("a.weight_v", &[], &[1.0]),
            ],
            message: "not one value for each row of `a.weight_v` of shape []",
        },
        Case {
            story: "no rows at all, of a size that no machine can hold",
            tensors: vec![
                StoredTensor::f32("a.weight_g", &[0, usize::MAX, 2], &[]),
                StoredTensor::f32("a.weight_v", &[0, usize::MAX, 2], &[]),
            ],
            message: "1 tensor of another shape: mimi.a.weight is [0, ",
        },
        Case {
            story: "with and without the prefix",
            tensors: vec![one("a.weight"), one("model.a.weight")],
            message: "tensors `a.weight` and `model.a.weight` of PATH are both `mimi.a.weight`",
        },
        Case {
            story: "folded and not",
            tensors: vec![one("a.weight"), one("a.weight_g"), one("a.weight_v")],
            message: "tensors `a.weight` and `a.weight_v` of PATH are both `mimi.a.weight`",
        },
        Case {
            story: "directions stored as integers",
            tensors: vec![
                one("a.weight_g"),
                StoredTensor::new("a.weight_v", "I64", &[1], vec![0; 8]),
            ],
            message: "tensor `a.weight_v` of PATH is stored as I64",
        },
        Case {
            story: "of no use to this model",
            tensors: vec![one("a.weight"), one("model.b.conv.conv.weight")],
            message: "1 tensor not expected: model.b.conv.conv.weight",
        },
    ];
    let mut failures = Vec::new();
    for case in cases {
        let message = match folded(&case.tensors, &[1], 1) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        let parts: Vec<_> = case.message.split("PATH").collect();
        if !parts.iter().all(|part| message.contains(part)) {
            failures.push((case.story, case.message, message));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn two_names_for_one_tensor_of_the_backbone_are_refused() {
    let folder = tempdir().unwrap();
    let tensors = [
        StoredTensor::f32("fuser.padding_value", &[1], &[1.0]),
        StoredTensor::f32("bos_before_voice", &[1], &[1.0]),
    ];
    let files = CheckpointFiles::Parts {
        flow_lm: write(folder.path(), "flow_lm.safetensors", &file(&tensors, 8)),
        mimi: write(folder.path(), "mimi.safetensors", &file(&[], 8)),
    };
    let error = Checkpoint::open(&files, &[]).unwrap_err();
    assert!(
        matches!(&error, WeightsError::Collision { key, .. } if key == "flow_lm.bos_before_voice"),
        "{error}"
    );
}
