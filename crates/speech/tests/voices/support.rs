//! Records and the component that voices are for.

use bundle::{Component, ComponentName, Manifest};
use safetensors::SafeTensors;

/// `flow_lm` of the small model `name`.
pub(crate) fn flow_lm(name: &str) -> Component {
    let bundle = testkit::BundleRecipe {
        components: &[ComponentName::FlowLm],
        ..testkit::BundleRecipe::of(name)
    };
    let bundle = bundle.make().unwrap();
    let mut manifest = Manifest::read(&bundle.path()).unwrap();
    manifest.components.remove(&ComponentName::FlowLm).unwrap()
}

/// A recorded file.
pub(crate) fn record(model: &str, file: &str) -> Vec<u8> {
    std::fs::read(testkit::records(model).join(file)).unwrap()
}

/// The single precision numbers of a tensor.
pub(crate) fn floats(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let data = file.tensor(name).unwrap();
    let words = data.data().chunks_exact(4);
    words
        .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
        .collect()
}
