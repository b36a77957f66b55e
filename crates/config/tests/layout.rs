//! The tensors of a configuration against checkpoints.

use config::{Config, Variant};
use safetensors::SafeTensors;

struct Case {
    name: &'static str,
    yaml: &'static str,
    checkpoint: &'static [u8],
}

macro_rules! case {
    ($name:literal) => {
        Case {
            name: $name,
            yaml: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../fixtures/configs/",
                $name,
                ".yaml"
            )),
            checkpoint: include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../fixtures/checkpoints/",
                $name,
                "/model.safetensors"
            )),
        }
    };
}

const CASES: [Case; 5] = [
    case!("tiny_2026-01"),
    case!("tiny_2m"),
    case!("tiny_drifting_french"),
    case!("tiny_english"),
    case!("tiny_flow_matching"),
];

#[test]
fn tensors_are_those_of_the_checkpoints() {
    for case in CASES {
        let config = Config::from_yaml(case.yaml).unwrap();
        let (_, header) = SafeTensors::read_metadata(case.checkpoint).unwrap();
        let held: Vec<_> = header
            .offset_keys()
            .into_iter()
            .map(|key| {
                let shape = header.info(&key).unwrap().shape.clone();
                (key, shape)
            })
            .collect();
        let expected: Vec<_> = config
            .tensors()
            .into_iter()
            .map(|tensor| (tensor.key, tensor.shape))
            .collect();
        assert_eq!(expected, held, "{}", case.name);
        let size = case.checkpoint.len() as u64;
        assert_eq!(config.download_size(), size, "{}", case.name);
    }
}

#[test]
fn resampling_tensors_exist_only_between_different_rates() {
    let mut config = Variant::find(Variant::DEFAULT).unwrap().config();
    let resampled = config.tensors();
    config.mimi.frame_rate = 200.0;
    config.validate().unwrap();
    assert_eq!(config.positions_per_frame(), 1);
    let direct = config.tensors();
    let (kept, resampling) = resampled.split_at(direct.len());
    assert_eq!(direct, kept);
    let keys: Vec<_> = resampling.iter().map(|tensor| &tensor.key[..]).collect();
    assert_eq!(
        keys,
        [
            "mimi.downsample.conv.conv.weight",
            "mimi.upsample.convtr.convtr.weight"
        ]
    );
}
