//! 30 s of audio go through the encoder in less than 1 GB: plain attention over its 6,000
//! positions alone would take more than twice that.
//!
//! The only test of its process, because it measures the process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;

use bundle::{ComponentName, Source, WeightFormat};
use checkpoint::{SyntheticWeights, TokenizerFile, TokenizerKind};
use config::Variant;
use export::{ComponentFormats, Export, Identity};
use onnx::Opset;
use runtime::onnxruntime::{OnnxRuntime, OnnxRuntimeOptions};
use runtime::{GraphStream, Stream as _};
use tensor::TensorView;

const LIMIT: u64 = 1_000_000_000;

#[test]
fn thirty_seconds_fit_in_a_gigabyte() {
    let config = Variant::find("english_2026-01").unwrap().config();
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle");
    let manifest = Export {
        config: &config,
        weights: &SyntheticWeights::new(&config.tensors(), 1),
        tokenizer: &TokenizerFile::shipped(TokenizerKind::Json).unwrap(),
        components: &[ComponentName::MimiEncoder],
        opset: Opset::MIN,
        attention: false,
        formats: ComponentFormats::all(WeightFormat::F32),
        identity: Identity {
            variant: None,
            signature: None,
            language: None,
            synthetic: Some(1),
            voice_cloning: true,
            source: Source {
                config: None,
                weights: Vec::new(),
                adapter: None,
                tokenizer: None,
            },
        },
    }
    .write(&bundle, &())
    .unwrap();
    let component = &manifest.components[&ComponentName::MimiEncoder];
    let backend = OnnxRuntime::new(OnnxRuntimeOptions::default()).unwrap();
    let mut encoder = GraphStream::load(&backend, &bundle, component).unwrap();

    let samples = 30 * config.mimi.sample_rate as usize;
    let audio: Vec<f32> = (0..samples)
        .map(|i| 0.3 * (i as f32 * 0.05).sin())
        .collect();
    let outputs = encoder
        .run(&[("audio", TensorView::f32(&[1, 1, samples], &audio).unwrap())])
        .unwrap();
    assert_eq!(outputs.get("latents").unwrap().shape(), [1, 375, 512]);
    let peak = peak_memory();
    println!(
        "peak {} MB, with everything that the process holds",
        peak / 1_000_000
    );
    assert!(peak < LIMIT, "{peak} bytes");
}

/// Largest resident memory of this process so far.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}
