//! One file: what is refused, and why, and how values are read.

use std::path::Path;

use checkpoint::{SafetensorsFile, TensorReader, WeightsError};
use tempfile::tempdir;

use crate::support::{bits, chain, write};
use testkit::tensors::{StoredTensor, file, raw, read_all};

/// Opens bytes as a file of this name; the message says which file it is about.
fn refusal(name: &str, bytes: &[u8]) -> Result<(), String> {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), name, bytes);
    match SafetensorsFile::open(&path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = chain(&error);
            assert!(message.contains(name), "{message}");
            Err(message)
        }
    }
}

/// A file of one story, and a part of the message that refuses it.
type RefusedFile = (&'static str, Vec<u8>, &'static str);

fn all_are_refused(cases: Vec<RefusedFile>) {
    let mut failures = Vec::new();
    for (story, bytes, message) in cases {
        match refusal("model.safetensors", &bytes) {
            Err(actual) if actual.contains(message) => {}
            actual => failures.push((story, message, actual)),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// One entry of a header.
fn entry(name: &str, shape: &str, from: u64, to: u64) -> String {
    format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#)
}

/// A file of these entries and so many bytes of data.
fn with(entries: &[String], data: usize) -> Vec<u8> {
    let header = format!("{{{}}}", entries.join(","));
    raw(header.as_bytes(), &vec![0; data])
}

/// Two tensors of one value, the second of them at these offsets.
fn pair(from: u64, to: u64) -> Vec<u8> {
    with(&[entry("a", "[1]", 0, 4), entry("b", "[1]", from, to)], 8)
}

#[test]
fn files_that_are_no_safetensors_files_are_refused() {
    let sound = pair(4, 8);
    all_are_refused(vec![
        ("no bytes", vec![], "is empty"),
        ("too short for a length", vec![1; 7], "only 7 bytes"),
        (
            "text",
            b"It was a dark and stormy night.".to_vec(),
            "is a text, not weights",
        ),
        (
            "all ones",
            vec![0xff; 64],
            "announce a header of 18446744073709551615 bytes",
        ),
        (
            "a header that would fill the memory",
            [&100_000_001_u64.to_le_bytes()[..], &[b' '; 64]].concat(),
            "announce a header of 100000001 bytes",
        ),
        (
            "cut within the header",
            sound[..40].to_vec(),
            "the whole file has 40",
        ),
        (
            "cut within the data",
            sound[..sound.len() - 1].to_vec(),
            "cut short",
        ),
        (
            "bytes beyond the data",
            [&sound[..], &[0]].concat(),
            "beyond its last tensor",
        ),
        (
            "a pointer of Git LFS",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".to_vec(),
            "git lfs pull",
        ),
        (
            "a PyTorch archive",
            b"PK\x03\x04\x00\x00\x08\x08\x00\x00archive/data.pkl".to_vec(),
            "save_file",
        ),
        (
            "a bare pickle",
            b"\x80\x02}q\x00X\x05\x00\x00\x00modelq\x01".to_vec(),
            "save_file",
        ),
    ]);
}

#[test]
fn headers_that_say_nothing_or_two_things_are_refused() {
    all_are_refused(vec![
        ("not UTF-8", raw(b"{\"\xff\":1}", &[]), "UTF-8"),
        ("not JSON", raw(b"{\"a\": nothing}", &[]), "JSON"),
        ("a list", raw(b"[]", &[]), "JSON"),
        ("no header at all", raw(b"", &[]), "JSON"),
        ("nested without end", raw(&vec![b'['; 100_000], &[]), "JSON"),
        (
            "nested without end inside an entry",
            raw(&[b"{\"a\":".as_slice(), &vec![b'['; 100_000]].concat(), &[]),
            "JSON",
        ),
        (
            "a negative size",
            with(&[entry("a", "[-1]", 0, 4)], 4),
            "JSON",
        ),
        (
            "half a value",
            with(&[entry("a", "[0.5]", 0, 2)], 2),
            "JSON",
        ),
        (
            "a number type of the future",
            raw(
                br#"{"a":{"dtype":"F12","shape":[2],"data_offsets":[0,3]}}"#,
                &[0; 3],
            ),
            "F12",
        ),
        (
            "one name, two tensors",
            with(&[entry("a", "[1]", 0, 4), entry("a", "[1]", 4, 8)], 8),
            "describes tensor `a` twice",
        ),
        (
            // A reader that keeps the last entry would see no hole here.
            "one name, twice the same data",
            with(&[entry("a", "[1]", 0, 4), entry("a", "[1,1]", 0, 4)], 4),
            "describes tensor `a` twice",
        ),
        (
            "one name, spelled in two ways",
            with(
                &[entry("a", "[1]", 0, 4), entry("\\u0061", "[1,1]", 0, 4)],
                4,
            ),
            "describes tensor `a` twice",
        ),
    ]);
}

#[test]
fn offsets_that_do_not_cover_the_data_once_are_refused() {
    all_are_refused(vec![
        ("overlapping", pair(2, 6), "tensor `b` does not start where"),
        ("the same data twice", pair(0, 4), "does not start where"),
        ("a hole", pair(5, 9), "tensor `b` does not start where"),
        ("data beyond the file", pair(4, 12), "do not fit its shape"),
        (
            "far beyond the file",
            pair(4, u64::MAX),
            "do not fit its shape",
        ),
        ("backwards", pair(4, 0), "does not start where"),
        (
            "fewer bytes than values",
            with(&[entry("a", "[2]", 0, 4)], 4),
            "do not fit its shape",
        ),
        (
            "a size that overflows to that of the data",
            with(&[entry("a", "[4294967296,4294967296,4]", 0, 0)], 0),
            "overflow",
        ),
    ]);
}

/// `torch.save` also wrote archives of other kinds: their names give them away.
#[test]
fn names_of_pickles() {
    let text = b"neither a header nor a pickle";
    let mut failures = Vec::new();
    for name in [
        "model.pt",
        "model.pth",
        "pytorch_model.bin",
        "last.ckpt",
        "a.PT",
    ] {
        match refusal(name, text) {
            Err(message) if message.contains("save_file") => {}
            actual => failures.push((name, actual)),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    // The name alone condemns nothing.
    let sound = file(&[StoredTensor::f32("a", &[1], &[1.0])], 8);
    assert_eq!(refusal("model.bin", &sound), Ok(()));
}

/// The length of such a header begins with the two bytes of a pickle.
#[test]
fn a_header_of_640_bytes_is_no_pickle() {
    let sound = file(&[StoredTensor::f32("a", &[1], &[1.0])], 640);
    assert_eq!(sound[..2], [0x80, 0x02]);
    assert_eq!(refusal("model.safetensors", &sound), Ok(()));
    let cut = refusal("model.safetensors", &sound[..sound.len() - 1]).unwrap_err();
    assert!(cut.contains("cut short"), "{cut}");
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempdir().unwrap();
    let directory = SafetensorsFile::open(folder.path()).unwrap_err();
    assert!(
        matches!(directory, WeightsError::Foreign { .. }),
        "{directory}"
    );
    let absent = SafetensorsFile::open(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(absent, WeightsError::Io { .. }), "{absent}");
    let device = SafetensorsFile::open(Path::new("/dev/null"));
    assert!(device.is_err());
}

/// Writers are free not to pad the header, so data may start at any address.
#[test]
fn misaligned_tensors_of_every_format_are_read() {
    let values: Vec<f32> = (0..1000_u16).map(|i| f32::from(i) * 0.25 - 100.0).collect();
    let tensors = [
        StoredTensor::new("byte", "U8", &[1], vec![7]),
        StoredTensor::f32("f32", &[1000], &values),
        StoredTensor::bf16("bf16", &[10, 100], &values),
        StoredTensor::f16("f16", &[1000, 1], &values),
        StoredTensor::f32("scalar", &[], &[3.5]),
        StoredTensor::f32("none", &[3, 0], &[]),
    ];
    let rounded: Vec<f32> = values
        .iter()
        .map(|&value| half::bf16::from_f32(value).to_f32())
        .collect();
    let mut failures = Vec::new();
    for align in [1, 2, 3, 8] {
        let folder = tempdir().unwrap();
        let path = write(folder.path(), "model.safetensors", &file(&tensors, align));
        let file = SafetensorsFile::open(&path).unwrap();
        let names = ["byte", "f32", "bf16", "f16", "scalar", "none"];
        assert_eq!(file.names(), names);
        assert_eq!(file.shape("bf16"), Some(&[10, 100][..]));
        assert_eq!(file.shape("f64"), None);
        for (name, expected) in [
            ("f32", &values[..]),
            ("bf16", &rounded),
            ("f16", &values),
            ("scalar", &[3.5]),
            ("none", &[]),
        ] {
            for block in [1, 7, 512, 5000] {
                let actual = read_all(&mut file.reader(name).unwrap(), block).unwrap();
                if bits(&actual) != bits(expected) {
                    failures.push((align, name, block));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn other_formats_are_refused_by_name() {
    let folder = tempdir().unwrap();
    let tensors = [
        StoredTensor::new("step", "I64", &[1], vec![0; 8]),
        StoredTensor::new("double", "F64", &[1], vec![0; 8]),
        StoredTensor::new("eight", "F8_E4M3", &[2], vec![0; 2]),
    ];
    let path = write(folder.path(), "model.safetensors", &file(&tensors, 8));
    let file = SafetensorsFile::open(&path).unwrap();
    let mut failures = Vec::new();
    for tensor in &tensors {
        let message = file.reader(&tensor.name).unwrap_err().to_string();
        let named = format!("tensor `{}`", tensor.name);
        if !message.contains(&named) || !message.contains(tensor.dtype) {
            failures.push(message);
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    let unknown = file.reader("other").unwrap_err();
    assert!(matches!(unknown, WeightsError::UnknownTensor { key } if key == "other"));
}

#[test]
fn values_that_are_not_finite_are_located() {
    let mut failures = Vec::new();
    for (at, bad) in [
        (0, f32::NAN),
        (999, f32::INFINITY),
        (500, f32::NEG_INFINITY),
    ] {
        let mut values = vec![1.0; 1000];
        values[at] = bad;
        values[999] = bad;
        let tensors = [
            StoredTensor::f32("f32", &[1000], &values),
            StoredTensor::bf16("bf16", &[1000], &values),
            StoredTensor::f16("f16", &[1000], &values),
        ];
        let folder = tempdir().unwrap();
        let path = write(folder.path(), "model.safetensors", &file(&tensors, 8));
        let file = SafetensorsFile::open(&path).unwrap();
        for name in ["f32", "bf16", "f16"] {
            for block in [1, 64, 1000] {
                match read_all(&mut file.reader(name).unwrap(), block) {
                    Err(WeightsError::NotFinite { key, index, .. })
                        if key == name && index == at => {}
                    other => failures.push((name, at, block, other)),
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

/// The end is told again and again, and an empty buffer moves nothing.
#[test]
fn reading_ends_once_and_for_all() {
    let folder = tempdir().unwrap();
    let bytes = file(&[StoredTensor::f32("a", &[2], &[1.0, 2.0])], 8);
    let file = SafetensorsFile::open(&write(folder.path(), "a", &bytes)).unwrap();
    let mut reader = file.reader("a").unwrap();
    let mut buffer = [0.0; 3];
    assert_eq!(reader.read(&mut []).unwrap(), 0);
    assert_eq!(reader.read(&mut buffer).unwrap(), 2);
    assert_eq!(bits(&buffer), bits(&[1.0, 2.0, 0.0]));
    assert_eq!(reader.read(&mut buffer).unwrap(), 0);
    assert_eq!(reader.read(&mut buffer).unwrap(), 0);
}
