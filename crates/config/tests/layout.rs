//! The tensors of a configuration against checkpoints.

use config::Variant;
use safetensors::SafeTensors;

#[test]
fn tensors_are_those_of_the_checkpoints() {
    for name in testkit::SMALL_MODELS {
        let config = testkit::config(name).unwrap();
        let checkpoint = std::fs::read(testkit::checkpoint(name)).unwrap();
        let (_, header) = SafeTensors::read_metadata(&checkpoint).unwrap();
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
        assert_eq!(expected, held, "{name}");
        let size = checkpoint.len() as u64;
        assert_eq!(config.download_size(), size, "{name}");
    }
}

#[test]
fn resampling_tensors_exist_only_between_different_rates() {
    let mut config = Variant::find(Variant::DEFAULT).unwrap().config();
    let resampled = config.tensors();
    config.mimi.frame_rate = 200.0;
    config.validate().unwrap();
    assert_eq!(config.mimi.positions_per_frame(), 1);
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
