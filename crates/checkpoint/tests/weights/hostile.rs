//! Whatever a file holds, it is read or refused.

use checkpoint::{Checkpoint, CheckpointFiles, SafetensorsFile, Weights};
use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::tempdir;

use crate::support::{specs, write};
use testkit::tensors::{StoredTensor, file, raw, read_all};

/// Opens bytes as a file, and as either half of a training checkpoint, and reads
/// all that can be read.
fn try_everything(bytes: &[u8]) {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "model.safetensors", bytes);
    if let Ok(file) = SafetensorsFile::open(&path) {
        for name in file.names() {
            if let Ok(mut reader) = file.reader(name) {
                let _ = read_all(&mut reader, 64);
            }
        }
    }
    let table = specs(&tensors());
    let files = [
        CheckpointFiles::Whole(path.clone()),
        CheckpointFiles::WholeWithMimi {
            whole: path.clone(),
            mimi: path.clone(),
        },
        CheckpointFiles::Parts {
            flow_lm: path.clone(),
            mimi: path,
        },
    ];
    for files in files {
        match Checkpoint::open(&files, &table) {
            Ok(checkpoint) => {
                for tensor in &table {
                    let _ = read_all(&mut *checkpoint.open(&tensor.key).unwrap(), 64);
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

fn tensors() -> Vec<StoredTensor> {
    vec![
        StoredTensor::f32("a.weight_g", &[2, 1], &[1.0, 2.0]),
        StoredTensor::bf16("a.weight_v", &[2, 3], &[1.0; 6]),
        StoredTensor::f16("mimi.b", &[3], &[1.0; 3]),
        StoredTensor::new("flow_lm.c", "I64", &[1], vec![0; 8]),
    ]
}

/// A header of entries that are each nearly right.
fn header() -> impl Strategy<Value = String> {
    let name = prop_oneof!["[a-c]", "[a-c]\\.weight_[gv]", "(mimi|flow_lm)\\.[a-c]"];
    let dtype = prop_oneof![
        Just("F32"),
        Just("F16"),
        Just("BF16"),
        Just("I64"),
        Just("F4")
    ];
    let number = prop_oneof![
        4 => 0..9_u64,
        1 => Just(u64::MAX),
        1 => Just(1 << 62),
        1 => any::<u64>(),
    ];
    let entry = (
        name,
        dtype,
        vec(number.clone(), 0..4),
        number.clone(),
        number,
    );
    vec(entry, 0..4).prop_map(|entries| {
        let entries: Vec<_> = entries
            .iter()
            .map(|(name, dtype, shape, from, to)| {
                format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{from},{to}]}}"#)
            })
            .collect();
        format!("{{{}}}", entries.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..200)) {
        try_everything(&bytes);
    }

    #[test]
    fn any_header(header in vec(any::<u8>(), 0..200), data in vec(any::<u8>(), 0..40)) {
        try_everything(&raw(&header, &data));
    }

    #[test]
    fn headers_that_are_nearly_right(header in header(), data in vec(any::<u8>(), 0..40)) {
        try_everything(&raw(header.as_bytes(), &data));
    }

    #[test]
    fn a_sound_file_with_some_bytes_changed(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in 0..4_usize,
    ) {
        let mut bytes = file(&tensors(), 8);
        for (index, byte) in changes {
            *index.get_mut(&mut bytes) = byte;
        }
        bytes.truncate(bytes.len() - cut);
        try_everything(&bytes);
    }
}
