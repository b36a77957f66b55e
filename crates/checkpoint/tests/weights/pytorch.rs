//! Files of `torch.save`, written by the library itself (`fixtures/training/make.py`).

use std::env;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use checkpoint::{Checkpoint, CheckpointFiles, Weights, WeightsError};
use config::TensorSpec;
use half::{bf16, f16};
use tempfile::tempdir;

use crate::support::{bits, chain, table, write};
use testkit::tensors::{gunzip, read_all, stored};

fn form(name: &str) -> PathBuf {
    testkit::training().join("forms").join(name)
}

fn open(path: &Path, tensors: &[(&str, &[usize])]) -> Result<Checkpoint, WeightsError> {
    let table: Vec<_> = (tensors.iter())
        .map(|(key, shape)| TensorSpec {
            key: (*key).to_owned(),
            shape: shape.to_vec(),
        })
        .collect();
    Checkpoint::open(&CheckpointFiles::Whole(path.to_owned()), &table)
}

fn values(checkpoint: &Checkpoint, key: &str) -> Vec<f32> {
    read_all(&mut *checkpoint.open(key).unwrap(), 5).unwrap()
}

/// 0 to 11, as three rows of four.
fn rows() -> Vec<f32> {
    (0_u8..12).map(f32::from).collect()
}

/// Names a folder in which `make.py --only-torch --random` has just written.
const FRESH_FOLDER: &str = "POCKET_ONNX_TRAINING";

#[test]
fn a_training_checkpoint_is_its_model_under_its_averages() {
    let folder = tempdir().unwrap();
    let packed = gunzip(&testkit::training().join("checkpoint_00000010.pt.gz"));
    let path = write(folder.path(), "checkpoint.pt", &packed);
    let merged = gunzip(&testkit::training().join("merged.safetensors.gz"));
    is_its_model_under_its_averages(path, &merged);
    if let Some(fresh) = env::var_os(FRESH_FOLDER).map(PathBuf::from) {
        let merged = fs::read(fresh.join("merged.safetensors")).unwrap();
        is_its_model_under_its_averages(fresh.join("checkpoint_00000010.pt"), &merged);
    }
}

fn is_its_model_under_its_averages(path: PathBuf, merged: &[u8]) {
    let merged = stored(merged);
    // All of the backbone, by the table of its configuration, and nothing else.
    let mut table = table("tiny_2m");
    table.retain(|tensor| tensor.key.starts_with("flow_lm."));
    assert_eq!(merged.len(), table.len());
    let checkpoint = Checkpoint::open(&CheckpointFiles::Whole(path), &table).unwrap();
    for tensor in &merged {
        let expected: Vec<f32> = (tensor.bytes.as_chunks().0.iter())
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        let actual = read_all(&mut *checkpoint.open(&tensor.name).unwrap(), 1000).unwrap();
        assert_eq!(bits(&actual), bits(&expected), "{}", tensor.name);
    }
}

#[test]
fn views_and_shared_storages_are_read_as_the_tensors_that_they_are() {
    let tensors: [(&str, &[usize]); 8] = [
        ("flow_lm.plain", &[3, 4]),
        ("flow_lm.transposed", &[4, 3]),
        ("flow_lm.every_second", &[3, 2]),
        ("flow_lm.expanded", &[3, 2]),
        ("flow_lm.shared_front", &[2, 3]),
        ("flow_lm.shared_back", &[6]),
        ("flow_lm.scalar", &[]),
        ("flow_lm.parameter", &[3, 4]),
    ];
    let checkpoint = open(&form("views.pt"), &tensors).unwrap();
    let transposed = [0., 4., 8., 1., 5., 9., 2., 6., 10., 3., 7., 11.];
    let expected: [(&str, Vec<f32>); 8] = [
        ("flow_lm.plain", rows()),
        ("flow_lm.transposed", transposed.to_vec()),
        ("flow_lm.every_second", vec![0., 2., 4., 6., 8., 10.]),
        ("flow_lm.expanded", vec![1., 2., 1., 2., 1., 2.]),
        ("flow_lm.shared_front", rows()[..6].to_vec()),
        ("flow_lm.shared_back", rows()[4..10].to_vec()),
        ("flow_lm.scalar", vec![1.5]),
        ("flow_lm.parameter", rows()),
    ];
    for (key, expected) in expected {
        assert_eq!(values(&checkpoint, key), expected, "{key}");
    }
}

#[test]
fn half_formats_widen_exactly() {
    let shape: &[usize] = &[3, 4];
    let tensors = [
        ("flow_lm.f32", shape),
        ("flow_lm.f16", shape),
        ("flow_lm.bf16", shape),
    ];
    let checkpoint = open(&form("formats.pt"), &tensors).unwrap();
    let thirds: Vec<f32> = rows().iter().map(|value| value / 3.0).collect();
    let half: Vec<f32> = (thirds.iter())
        .map(|&it| f16::from_f32(it).to_f32())
        .collect();
    let brain: Vec<f32> = (thirds.iter())
        .map(|&it| bf16::from_f32(it).to_f32())
        .collect();
    for (key, expected) in [
        ("flow_lm.f32", &thirds),
        ("flow_lm.f16", &half),
        ("flow_lm.bf16", &brain),
    ] {
        assert_eq!(bits(&values(&checkpoint, key)), bits(expected), "{key}");
    }
}

#[test]
fn a_state_dictionary_without_a_trainer_around_it_is_read() {
    let checkpoint = open(&form("bare.pt"), &[("flow_lm.a", &[3, 4])]).unwrap();
    assert_eq!(values(&checkpoint, "flow_lm.a"), rows());
}

#[test]
fn what_is_no_training_checkpoint_is_refused_in_words() {
    let cases = [
        ("program.pt", "asks for `posix.system`"),
        ("module.pt", "asks for `__main__.FlowLM`"),
        (
            "sparse.pt",
            "asks for `torch._utils._rebuild_sparse_tensor`",
        ),
        ("protocol4.pt", "pickled with protocol 4"),
        ("legacy.pt", "load it and save it again"),
        (
            "optim_00000001.pt",
            "state of an optimizer: name the checkpoint",
        ),
        ("other_model.pt", "holds no tensors flow_lm.… under `model`"),
        ("double.pt", "stored as F64; only F32, F16 and BF16"),
        ("integers.pt", "stored as I64; only F32, F16 and BF16"),
    ];
    let folder = tempdir().unwrap();
    let mut failures = Vec::new();
    for (name, says) in cases {
        let path = folder.path().join(name);
        fs::copy(form(name), &path).unwrap();
        let shape: &[usize] = &[3, 4];
        let key = match name {
            "double.pt" => "flow_lm.f64",
            "integers.pt" => "flow_lm.i64",
            _ => "flow_lm.a",
        };
        let error = open(&path, &[(key, shape)]).unwrap_err();
        let message = chain(&error);
        if !message.contains(says) || !message.contains(name) {
            failures.push((name, says, message));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(!Path::new("was-run").exists());
}

#[test]
fn a_value_that_is_not_finite_is_named() {
    let checkpoint = open(&form("not_finite.pt"), &[("flow_lm.nan", &[2])]).unwrap();
    let error = read_all(&mut *checkpoint.open("flow_lm.nan").unwrap(), 5).unwrap_err();
    let message = chain(&error);
    assert!(message.contains("`flow_lm.nan`"), "{message}");
    assert!(message.contains("not finite at index 1"), "{message}");
}

#[test]
fn tensors_of_another_model_are_listed() {
    let tensors: [(&str, &[usize]); 2] = [("flow_lm.a", &[4, 3]), ("flow_lm.b", &[1])];
    let message = chain(&open(&form("bare.pt"), &tensors).unwrap_err());
    assert!(message.contains("1 tensor missing: flow_lm.b"), "{message}");
    assert!(
        message.contains("flow_lm.a is [3, 4] instead of [4, 3]"),
        "{message}"
    );
}

/// Wherever a byte is wrong or missing, the file is read or refused, and nothing else happens.
#[test]
fn a_damaged_file_is_read_or_refused() {
    let whole = fs::read(form("views.pt")).unwrap();
    let folder = tempdir().unwrap();
    let shape: &[usize] = &[3, 4];
    let mut refused = 0;
    let mut attempt = |bytes: &[u8]| {
        let path = write(folder.path(), "damaged.pt", bytes);
        let opened = open(&path, &[("flow_lm.plain", shape)]);
        let read = opened.and_then(|it| read_all(&mut *it.open("flow_lm.plain")?, 7));
        if let Err(error) = read {
            assert!(!chain(&error).is_empty());
            refused += 1;
        }
    };
    for length in (0..whole.len()).step_by(7) {
        attempt(&whole[..length]);
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        attempt(&damaged);
    }
    assert!(refused > whole.len() / 7, "{refused}");
}

/// An archive of these entries, packed.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A pickle of a state dictionary with one tensor of `count` values in storage 0.
fn pickle(count: u32) -> Vec<u8> {
    let mut text = b"\x80\x02}X\x09\0\0\0flow_lm.actorch._utils\n_rebuild_tensor_v2\n((".to_vec();
    text.extend(b"X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuJ");
    text.extend(count.to_le_bytes());
    text.extend(b"tQK\0J");
    text.extend(count.to_le_bytes());
    text.extend(b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs.");
    text
}

/// A story, the entries of an archive, and a part of the message that refuses it.
type RefusedArchive<'a> = (&'a str, &'a [(&'a str, &'a [u8])], &'a str);

#[test]
fn archives_that_lie_or_explode_are_refused() {
    let folder = tempdir().unwrap();
    let four = [0_u8; 16];
    let shape: &[usize] = &[4];
    let sound = [("a/data.pkl", &pickle(4)[..]), ("a/data/0", &four[..])];
    let path = write(folder.path(), "sound.pt", &archive(&sound));
    let checkpoint = open(&path, &[("flow_lm.a", shape)]).unwrap();
    assert_eq!(values(&checkpoint, "flow_lm.a"), [0.0; 4]);

    let bomb = vec![b'('; (16 << 20) + 1];
    let program = b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.";
    let cases: [RefusedArchive<'_>; 6] = [
        ("no pickle", &[("a/data/0", &four)], "without data.pkl"),
        (
            "a pickle that explodes",
            &[("a/data.pkl", &bomb)],
            "more than 16777216 bytes",
        ),
        (
            "a program in a second pickle",
            &[sound[0], sound[1], ("a/b/data.pkl", program)],
            "asks for `os.system`",
        ),
        ("no storage", &sound[..1], "data/0"),
        (
            "a storage that is too short",
            &[sound[0], ("a/data/0", &four[..12])],
            "only 3 are available",
        ),
        (
            "more values than any storage",
            &[("a/data.pkl", &pickle(0x7fff_ffff)), sound[1]],
            "of another shape",
        ),
    ];
    let mut failures = Vec::new();
    for (story, entries, says) in cases {
        let path = write(folder.path(), "hostile.pt", &archive(entries));
        let opened = open(&path, &[("flow_lm.a", shape)]);
        let read = opened.and_then(|it| read_all(&mut *it.open("flow_lm.a")?, 7));
        match read {
            Err(error) if chain(&error).contains(says) => {}
            other => failures.push((story, says, other.map_err(|error| chain(&error)))),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
