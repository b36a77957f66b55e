//! The same values, however a checkpoint stores them.

use crate::sandbox::{REAL, Sandbox};
use testkit::tensors::{StoredTensor, file, fixture, widened};
use testkit::training_layout::{to_training_flow_lm, to_training_mimi};

/// The values of a tensor that both half-width formats hold exactly.
fn common(tensor: &StoredTensor) -> Vec<f32> {
    let smallest = half::f16::MIN_POSITIVE.to_f32();
    let keep = |value: f32| if value.abs() < smallest { 0.0 } else { value };
    widened(tensor).into_iter().map(keep).collect()
}

#[test]
fn number_formats_give_the_same_files() {
    type Make = fn(&str, &[usize], &[f32]) -> StoredTensor;
    let formats: [(&str, Make); 3] = [
        ("bf16", StoredTensor::bf16),
        ("f16", StoredTensor::f16),
        ("f32", StoredTensor::f32),
    ];
    let sandbox = Sandbox::new();
    let published = fixture("tiny_english");
    for (name, make) in formats {
        let tensors: Vec<_> = (published.iter())
            .map(|tensor| make(&tensor.name, &tensor.shape, &common(tensor)))
            .collect();
        sandbox.write("tiny_english.safetensors", file(&tensors, 8));
        sandbox.run(&format!("{REAL} --output-dir {name}")).ok();
        let manifest = sandbox.manifest(name);
        let weights = &manifest.source.weights[0];
        assert_eq!(
            weights.size,
            sandbox
                .path("tiny_english.safetensors")
                .metadata()
                .unwrap()
                .len()
        );
    }
    assert_eq!(sandbox.graphs("bf16"), sandbox.graphs("f32"));
    assert_eq!(sandbox.graphs("f16"), sandbox.graphs("f32"));
}

#[test]
fn the_user_learns_of_rounding() {
    let sandbox = Sandbox::new();
    let thirds: Vec<_> = (fixture("tiny_english").iter())
        .map(|tensor| {
            let values: Vec<f32> = widened(tensor).iter().map(|value| value / 3.0).collect();
            StoredTensor::f32(&tensor.name, &tensor.shape, &values)
        })
        .collect();
    sandbox.write("tiny_english.safetensors", file(&thirds, 8));
    let line = format!("{REAL} --output-dir out --dtype bf16 --components text_conditioner");
    let ran = sandbox.run(&line).ok();
    let notice = "notice: text_conditioner: 1 weight rounded to bf16, which cannot hold them \
                  exactly (f32 can)\n";
    assert_eq!(ran.stderr, notice);
    let ran = sandbox.run(&format!("{line} --quiet")).ok();
    assert_eq!(ran.stderr, "");
    let line = format!("{REAL} --output-dir out --dtype f32 --components text_conditioner flow_lm");
    assert_eq!(sandbox.run(&line).ok().stderr, "");
}

#[test]
fn the_training_layout_gives_the_same_files() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{REAL} --output-dir published")).ok();
    let published = fixture("tiny_english");
    sandbox.write(
        "backbone.safetensors",
        file(&to_training_flow_lm(&published), 8),
    );
    sandbox.write(
        "codec.safetensors",
        file(&to_training_mimi(&published, "model."), 8),
    );

    let parts = sandbox
        .read("tiny_english.yaml")
        .replacen(
            "flow_lm:\n",
            "flow_lm:\n  weights_path: backbone.safetensors\n",
            1,
        )
        .replacen("mimi:\n", "mimi:\n  weights_path: codec.safetensors\n", 1)
        .replacen("tokenizer_path: null", "tokenizer_path: tokenizer.json", 1);
    sandbox.write("parts.yaml", &parts);
    // The backbone of the published file, the codec of the other.
    let mixed = parts
        .replacen(
            "weights_path: null\n",
            "weights_path: tiny_english.safetensors\n",
            1,
        )
        .replacen("  weights_path: backbone.safetensors\n", "", 1);
    sandbox.write("mixed.yaml", mixed);

    let origins = [
        ("parts", ["backbone.safetensors", "codec.safetensors"]),
        ("mixed", ["tiny_english.safetensors", "codec.safetensors"]),
    ];
    for (name, files) in origins {
        sandbox
            .run(&format!("convert --config {name}.yaml --output-dir {name}"))
            .ok();
        assert_eq!(sandbox.graphs(name), sandbox.graphs("published"), "{name}");
        let weights = sandbox.manifest(name).source.weights;
        let locations: Vec<_> = weights.into_iter().map(|it| it.location).collect();
        assert_eq!(locations, files, "{name}");
    }
    // What is typed comes before what the configuration says.
    sandbox
        .run("convert --config parts.yaml --weights tiny_english.safetensors --output-dir typed")
        .ok();
    assert_eq!(sandbox.graphs("typed"), sandbox.graphs("published"));
    assert_eq!(sandbox.manifest("typed").source.weights.len(), 1);
}
