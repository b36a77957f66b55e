//! Files that the safetensors library wrote; `written/make_files.py` made them.

use std::path::{Path, PathBuf};

use checkpoint::SafetensorsFile;

use testkit::tensors::read_all;

/// What the script writes, row by row; all of it is exact in every format.
const VALUES: [f32; 6] = [0.5, -1.5, 3.0, 0.125, -2.0, 65504.0];

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/weights/written");
    folder.join(name).with_extension("safetensors")
}

fn values(file: &SafetensorsFile, name: &str) -> Vec<f32> {
    read_all(&mut file.reader(name).unwrap(), 4).unwrap()
}

#[test]
fn files_of_the_library_are_read_from_pytorch_and_from_numpy() {
    let file = SafetensorsFile::open(&path("torch")).unwrap();
    // 65504 is between two numbers of bf16.
    let brain: Vec<f32> = VALUES
        .map(|value| half::bf16::from_f32(value).to_f32())
        .to_vec();
    let turned = [0.5, 0.125, -1.5, -2.0, 3.0, 65504.0];
    for (name, shape, expected) in [
        ("model.single", &[2, 3][..], &VALUES[..]),
        ("model.half", &[2, 3], &VALUES),
        ("model.brain", &[2, 3], &brain),
        ("model.turned", &[3, 2], &turned),
        ("model.number", &[], &[0.5]),
        ("model.empty", &[0, 3], &[]),
        ("model.ünïcode \"name\"", &[1], &[0.5]),
    ] {
        assert_eq!(file.shape(name), Some(shape), "{name}");
        assert_eq!(values(&file, name), expected, "{name}");
    }
    assert_eq!(file.names().len(), 7);

    let file = SafetensorsFile::open(&path("numpy")).unwrap();
    assert_eq!(file.names(), ["single"]);
    assert_eq!(values(&file, "single"), VALUES);
}

#[test]
fn of_tied_tensors_the_one_that_was_saved_is_read() {
    let file = SafetensorsFile::open(&path("tied")).unwrap();
    assert_eq!(file.names(), ["first.weight"]);
    assert_eq!(values(&file, "first.weight"), VALUES);
}

#[test]
fn formats_without_a_reader_are_named_and_leave_the_others_readable() {
    for (name, tensor, dtype) in [
        ("double", "double", "F64"),
        ("integer", "integer", "I64"),
        ("float8", "eight", "F8_E4M3"),
    ] {
        let file = SafetensorsFile::open(&path(name)).unwrap();
        assert_eq!(values(&file, "single"), VALUES, "{name}");
        let refusal = file.reader(tensor).unwrap_err().to_string();
        for part in [tensor, dtype] {
            assert!(refusal.contains(part), "{refusal}");
        }
    }
}
