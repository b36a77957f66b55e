//! Checkpoints that are damaged, hostile, or of another model.

use super::Guarded;
use crate::sandbox::REAL;
use testkit::tensors::{StoredTensor, file, fixture, raw};

const NORM: &str = "flow_lm.transformer.layers.0.norm1.weight";

fn find<'a>(tensors: &'a mut [StoredTensor], name: &str) -> &'a mut StoredTensor {
    tensors
        .iter_mut()
        .find(|tensor| tensor.name == name)
        .unwrap()
}

/// Gives the fourth value of the first norm these bits.
fn with_value(tensors: &mut [StoredTensor], bits: u16) {
    find(tensors, NORM).bytes[6..8].copy_from_slice(&bits.to_le_bytes());
}

#[test]
fn tensors_are_refused_by_name() {
    struct Case {
        story: &'static str,
        change: fn(&mut Vec<StoredTensor>),
        says: &'static [&'static str],
    }
    let cases = [
        Case {
            story: "missing",
            change: |tensors| tensors.retain(|tensor| tensor.name != NORM),
            says: &["1 tensor missing: ", NORM],
        },
        Case {
            story: "extra",
            change: |tensors| tensors.push(StoredTensor::f32("flow_lm.surplus", &[1], &[1.0])),
            says: &["1 tensor not expected: flow_lm.surplus"],
        },
        Case {
            story: "misshapen",
            change: |tensors| find(tensors, NORM).shape = vec![8, 8],
            says: &[
                "1 tensor of another shape: ",
                NORM,
                "is [8, 8] instead of [64]",
            ],
        },
        Case {
            story: "NaN",
            change: |tensors| with_value(tensors, 0x7fc0),
            says: &[NORM, "is not finite at index 3"],
        },
        Case {
            story: "infinite",
            change: |tensors| with_value(tensors, 0xff80),
            says: &[NORM, "is not finite at index 3"],
        },
        Case {
            story: "of integers",
            change: |tensors| {
                let norm = find(tensors, NORM);
                norm.dtype = "I16";
            },
            says: &[NORM, "is stored as I16; only F32, F16 and BF16 can be read"],
        },
        Case {
            story: "twice",
            change: |tensors| {
                let norm = find(tensors, NORM).clone();
                tensors.push(norm);
            },
            says: &[NORM],
        },
        Case {
            story: "none at all",
            change: Vec::clear,
            says: &["tensors missing: ", " more"],
        },
    ];
    let mut guarded = Guarded::new();
    let published = fixture("tiny_english");
    let line = format!("{REAL} --output-dir out");
    for Case {
        story,
        change,
        says,
    } in cases
    {
        let mut tensors = published.clone();
        change(&mut tensors);
        guarded
            .sandbox
            .write("tiny_english.safetensors", file(&tensors, 8));
        guarded.refuses_in_one_line(story, &line, says);
        guarded.refuses_in_one_line(story, &line, &["tiny_english.safetensors"]);
    }
}

/// A header of these entries, before 8 bytes of data.
fn entries(entries: &str) -> Vec<u8> {
    raw(format!("{{{entries}}}").as_bytes(), &[0; 8])
}

#[test]
fn files_that_are_not_sound_are_named() {
    let mut guarded = Guarded::new();
    let whole = std::fs::read(guarded.sandbox.path("tiny_english.safetensors")).unwrap();
    let cases = [
        ("cut off in the data", whole[..whole.len() - 10].to_vec()),
        ("cut off in the header", whole[..100].to_vec()),
        ("longer than it says", [&whole[..], &[0; 10]].concat()),
        (
            "overlapping tensors",
            entries(
                r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                   "b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}"#,
            ),
        ),
        (
            "a tensor behind a gap",
            entries(r#""a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#),
        ),
        (
            "a shape that overflows",
            entries(r#""a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}"#),
        ),
        ("a header of 16 EiB", [&[0xff; 8], &whole[8..]].concat()),
        ("a header that is no JSON", raw(b"[1, 2", &[])),
    ];
    let line = format!("{REAL} --output-dir out");
    for (story, content) in cases {
        guarded.sandbox.write("tiny_english.safetensors", content);
        let says = ["tiny_english.safetensors is not a valid safetensors file: "];
        guarded.refuses_in_one_line(story, &line, &says);
    }
}

#[test]
fn what_is_given_in_place_of_weights_is_recognized() {
    struct Case {
        name: &'static str,
        content: Option<&'static [u8]>,
        says: &'static str,
    }
    const PICKLE: &[u8] = b"PK\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0archive/data.pkl";
    let cases = [
        Case {
            name: "model.pt",
            content: Some(PICKLE),
            says: "model.pt is not a valid PyTorch file",
        },
        Case {
            name: "pickle.safetensors",
            content: Some(PICKLE),
            says: "pickle.safetensors is not a valid PyTorch file",
        },
        Case {
            name: "pointer.safetensors",
            content: Some(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
            says: "pointer.safetensors is a Git LFS pointer",
        },
        Case {
            name: "text.safetensors",
            content: Some(b"See the release page for the weights."),
            says: "text.safetensors is a text, not weights",
        },
        Case {
            name: "empty.safetensors",
            content: Some(b""),
            says: "empty.safetensors is empty",
        },
        Case {
            name: "none.safetensors",
            content: None,
            says: "there is no file none.safetensors",
        },
        Case {
            name: "out",
            content: None,
            says: "out is a folder without model.safetensors",
        },
        Case {
            name: "tiny_2m.safetensors",
            content: None,
            says: "tiny_2m.safetensors is not the model that the configuration describes",
        },
    ];
    let mut guarded = Guarded::new();
    for Case {
        name,
        content,
        says,
    } in cases
    {
        if let Some(content) = content {
            guarded.sandbox.write(name, content);
        }
        let line = REAL.replace("tiny_english.safetensors", name) + " --output-dir out";
        guarded.refuses_in_one_line(name, &line, &[says]);
    }
}
