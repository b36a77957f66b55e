//! Whole models: every tensor there, of its shape, and nothing else.

use checkpoint::{Checkpoint, CheckpointFiles, Misshapen, Weights, WeightsError};
use config::TensorSpec;
use tempfile::tempdir;

use crate::support::{bits, specs, table, write};
use testkit::SMALL_MODELS;
use testkit::tensors::{StoredTensor, file, fixture, read_all, widened};

#[test]
fn fixtures_are_read_whole() {
    let mut failures = Vec::new();
    for model in SMALL_MODELS {
        let files = CheckpointFiles::Whole(testkit::checkpoint(model));
        let checkpoint = Checkpoint::open(&files, &table(model)).unwrap();
        for tensor in fixture(model) {
            let mut reader = checkpoint.open(&tensor.name).unwrap();
            let actual = read_all(&mut *reader, 1000).unwrap();
            if bits(&actual) != bits(&widened(&tensor)) {
                failures.push((model, tensor.name));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

/// Three tensors, and the table that fits them.
fn small() -> Vec<StoredTensor> {
    vec![
        StoredTensor::f32("flow_lm.a", &[2], &[1.0, 2.0]),
        StoredTensor::f32("flow_lm.b", &[1, 2], &[3.0, 4.0]),
        StoredTensor::f32("mimi.c", &[1], &[5.0]),
    ]
}

fn open_whole(tensors: &[StoredTensor], table: &[TensorSpec]) -> Result<Checkpoint, WeightsError> {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "model.safetensors", &file(tensors, 8));
    Checkpoint::open(&CheckpointFiles::Whole(path), table)
}

#[test]
fn a_checkpoint_of_another_model_is_refused_with_every_difference() {
    let table = specs(&small());
    let tensors = [
        StoredTensor::f32("flow_lm.a", &[2, 1], &[1.0, 2.0]),
        StoredTensor::f32("mimi.c", &[1], &[5.0]),
        StoredTensor::f32("mimi.d", &[1], &[6.0]),
    ];
    let error = open_whole(&tensors, &table).unwrap_err();
    let message = error.to_string();
    let WeightsError::Mismatch(mismatch) = error else {
        panic!("{error}");
    };
    assert_eq!(mismatch.missing, ["flow_lm.b"]);
    assert_eq!(mismatch.extra, ["mimi.d"]);
    let misshapen = Misshapen {
        key: "flow_lm.a".to_owned(),
        expected: vec![2],
        actual: vec![2, 1],
    };
    assert_eq!(mismatch.misshapen, [misshapen]);
    let expected = "model.safetensors is not the model that the configuration describes; \
        1 tensor missing: flow_lm.b; 1 tensor not expected: mimi.d; \
        1 tensor of another shape: flow_lm.a is [2, 1] instead of [2]";
    assert!(message.ends_with(expected), "{message}");
}

/// Each kind of difference is refused alone, too.
#[test]
fn one_difference_is_enough() {
    let sound = small();
    let table = specs(&sound);
    assert!(open_whole(&sound, &table).is_ok());
    let mut extra = sound.clone();
    extra.push(StoredTensor::f32("mimi.d", &[0], &[]));
    let mut misshapen = sound.clone();
    misshapen[1].shape = vec![2];
    let mut failures = Vec::new();
    for (story, tensors) in [
        ("a tensor is missing", &sound[..2]),
        ("one too many, even an empty one", &extra),
        ("as many values in another shape", &misshapen),
        ("nothing at all", &[]),
    ] {
        if !matches!(open_whole(tensors, &table), Err(WeightsError::Mismatch(_))) {
            failures.push(story);
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

/// A message about a model of 24 layers must fit a terminal.
#[test]
fn long_lists_are_cut() {
    let tensors: Vec<_> = (0..300)
        .map(|i| StoredTensor::f32(&format!("flow_lm.t{i:03}"), &[1], &[0.0]))
        .collect();
    let error = open_whole(&tensors, &specs(&small())).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("300 tensors not expected: flow_lm.t000, "),
        "{message}"
    );
    assert!(message.contains(", flow_lm.t007 and 292 more"), "{message}");
    assert!(message.len() < 1000, "{message}");
}

#[test]
fn an_unreadable_dtype_is_refused_before_anything_is_read() {
    let mut tensors = small();
    tensors[1] = StoredTensor::new("flow_lm.b", "I64", &[1, 2], vec![0; 16]);
    let error = open_whole(&tensors, &specs(&tensors)).unwrap_err();
    assert!(
        matches!(&error, WeightsError::Dtype { key, .. } if key == "flow_lm.b"),
        "{error}"
    );
}

/// As upstream does, with whatever the whole file has under `mimi.`.
#[test]
fn another_codec_replaces_that_of_the_whole_file() {
    let table = specs(&small());
    let folder = tempdir().unwrap();
    let mut tensors = small();
    tensors[2] = StoredTensor::new("mimi.c", "I64", &[9], vec![0; 72]);
    tensors.push(StoredTensor::f32("mimi.of_no_use", &[1], &[f32::NAN]));
    let whole = write(folder.path(), "whole.safetensors", &file(&tensors, 8));
    let published = [
        StoredTensor::f32("mimi.c", &[1], &[7.0]),
        StoredTensor::f32("flow_lm.a", &[1], &[8.0]),
    ];
    let training = [StoredTensor::f32("model.c", &[1], &[7.0])];
    for codec in [&published[..], &training] {
        let mimi = write(folder.path(), "mimi.safetensors", &file(codec, 8));
        let whole = whole.clone();
        let files = CheckpointFiles::WholeWithMimi { whole, mimi };
        let checkpoint = Checkpoint::open(&files, &table).unwrap();
        let value = |key| read_all(&mut *checkpoint.open(key).unwrap(), 8).unwrap();
        assert_eq!(value("mimi.c"), [7.0]);
        assert_eq!(value("flow_lm.a"), [1.0, 2.0]);
    }
    let empty = write(folder.path(), "empty.safetensors", &file(&[], 8));
    let files = CheckpointFiles::WholeWithMimi { whole, mimi: empty };
    let message = Checkpoint::open(&files, &table).unwrap_err().to_string();
    assert!(message.contains("1 tensor missing: mimi.c"), "{message}");
    assert!(message.contains("whole.safetensors with "), "{message}");
}

#[test]
fn a_name_outside_the_table_is_an_error() {
    let checkpoint = open_whole(&small(), &specs(&small())).unwrap();
    let Err(error) = checkpoint.open("flow_lm.z") else {
        panic!("there is no such tensor");
    };
    assert_eq!(error.to_string(), "no tensor `flow_lm.z`");
}

/// The tensors that pocket-tts's training writes for a closed set of voices (`VoiceLUT`).
#[test]
fn models_with_voices_by_name_are_refused_in_words() {
    let folder = tempdir().unwrap();
    let table = table("tiny_2m");
    for name in ["flow_lm.voice_lut.learnt_padding", "voice_prompts.anna"] {
        let mut tensors = fixture("tiny_2m");
        tensors.push(StoredTensor::f32(name, &[1, 1, 56], &[0.0; 56]));
        let path = write(folder.path(), "voices.safetensors", &file(&tensors, 8));
        let error = Checkpoint::open(&CheckpointFiles::Whole(path), &table).unwrap_err();
        let message = error.to_string();
        for says in [
            "voices.safetensors",
            "voices of its own by name",
            "trained without `voices`",
        ] {
            assert!(message.contains(says), "{message}");
        }
    }
}
