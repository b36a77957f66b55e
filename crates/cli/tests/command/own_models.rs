//! Models that people made: a trainer's folder, its checkpoints, and adapters.

use std::fs;
use std::path::{Path, PathBuf};

use bundle::Manifest;

use crate::sandbox::Sandbox;
use testkit::tensors::{StoredTensor, file, fixture, gunzip, stored};

/// Everything but the weights.
const CONVERT_TINY: &str = "convert --config tiny_2m.yaml --tokenizer tokenizer.model --dtype f32";

/// The trainer's folder, with the codec of the fixture in its export.
fn run_dir(sandbox: &Sandbox) {
    let checkpoint = gunzip(&testkit::training().join("checkpoint_00000010.pt.gz"));
    sandbox.write("run/checkpoint_00000010.pt", checkpoint);
    let optimizer = fs::read(testkit::training().join("forms/optim_00000001.pt")).unwrap();
    sandbox.write("run/optim_00000010.pt", optimizer);
    sandbox.write("run/args.yaml", "model_config: tiny_2m.yaml\n");
    let mut tensors = stored(&gunzip(&testkit::training().join("merged.safetensors.gz")));
    tensors.extend((fixture("tiny_2m").into_iter()).filter(|it| it.name.starts_with("mimi.")));
    sandbox.write("run/model.safetensors", file(&tensors, 8));
}

#[test]
fn a_checkpoint_gives_what_the_trainers_export_gives() {
    let sandbox = Sandbox::new();
    run_dir(&sandbox);
    sandbox
        .run(&format!(
            "{CONVERT_TINY} --weights run/model.safetensors --output-dir exported"
        ))
        .ok();
    let expected = sandbox.graphs("exported");

    // The codec comes from the option, or from the configuration.
    let codec = "--mimi-weights tiny_2m.safetensors";
    let pt = "--weights run/checkpoint_00000010.pt";
    sandbox
        .run(&format!("{CONVERT_TINY} {pt} {codec} --output-dir typed"))
        .ok();
    assert_eq!(sandbox.graphs("typed"), expected);
    let config = sandbox.read("tiny_2m.yaml");
    for (name, key, location) in [
        (
            "whole",
            "weights_path: null",
            "weights_path: tiny_2m.safetensors",
        ),
        (
            "codec",
            "mimi:\n",
            "mimi:\n  weights_path: tiny_2m.safetensors\n",
        ),
    ] {
        assert!(config.contains(key));
        sandbox.write("mine.yaml", config.replacen(key, location, 1));
        let line = CONVERT_TINY.replace("tiny_2m.yaml", "mine.yaml");
        sandbox
            .run(&format!("{line} {pt} --output-dir {name}"))
            .ok();
        assert_eq!(sandbox.graphs(name), expected, "{name}");
        let weights = sandbox.manifest(name).source.weights;
        let names: Vec<_> = weights.iter().map(|it| it.location.as_str()).collect();
        assert_eq!(names, ["checkpoint_00000010.pt", "tiny_2m.safetensors"]);
    }

    // The folder itself: its export, or else its last checkpoint.
    let ran = sandbox
        .run(&format!("{CONVERT_TINY} --weights run --output-dir folder"))
        .ok();
    assert!(ran.stderr.contains("run/model.safetensors"), "{ran}");
    assert_eq!(sandbox.graphs("folder"), expected);
    fs::remove_file(sandbox.path("run/model.safetensors")).unwrap();
    sandbox.write("run/checkpoint_00000002.pt", "an older one");
    let ran = sandbox
        .run(&format!(
            "{CONVERT_TINY} --weights run {codec} --output-dir last"
        ))
        .ok();
    assert!(ran.stderr.contains("run/checkpoint_00000010.pt"), "{ran}");
    assert_eq!(sandbox.graphs("last"), expected);
}

#[test]
fn a_checkpoint_of_training_is_no_released_model() {
    let sandbox = Sandbox::new();
    run_dir(&sandbox);
    let line = "convert --variant english_2m_2026-10 --weights run/checkpoint_00000010.pt \
                --mimi-weights tiny_2m.safetensors --tokenizer tokenizer.model --voices alba";
    // The shapes differ, which is found out first; the codec could not be fetched either.
    let ran = sandbox.run(line);
    assert!(ran.error().contains("of another shape"), "{ran}");
}

#[test]
fn a_checkpoint_without_a_codec_says_where_one_can_come_from() {
    let sandbox = Sandbox::new();
    run_dir(&sandbox);
    let ran = sandbox.run(&format!(
        "{CONVERT_TINY} --weights run/checkpoint_00000010.pt"
    ));
    for says in [
        "checkpoint_00000010.pt",
        "mimi.weights_path",
        "--mimi-weights",
    ] {
        assert!(ran.error().contains(says), "{ran}");
    }
    let ran = sandbox.run(&format!("{CONVERT_TINY} --weights run/optim_00000010.pt"));
    assert!(ran.error().contains("name the checkpoint"), "{ran}");
    fs::create_dir(sandbox.path("empty")).unwrap();
    let ran = sandbox.run(&format!("{CONVERT_TINY} --weights empty"));
    assert!(ran.error().contains("model.safetensors"), "{ran}");
}

#[test]
fn a_pickle_that_is_a_program_is_never_run() {
    let sandbox = Sandbox::new();
    fs::copy(
        testkit::training().join("forms/program.pt"),
        sandbox.path("program.pt"),
    )
    .unwrap();
    let ran = sandbox.run(&format!("{CONVERT_TINY} --weights program.pt"));
    assert!(ran.error().contains("`posix.system`"), "{ran}");
    assert!(!sandbox.path("was-run").exists());
}

fn adapter(name: &str) -> PathBuf {
    testkit::training().join("adapters").join(name)
}

fn copy_adapter(sandbox: &Sandbox, name: &str) {
    for entry in fs::read_dir(adapter(name)).unwrap() {
        let entry = entry.unwrap();
        let to = format!("{name}/{}", entry.file_name().display());
        sandbox.write(&to, fs::read(entry.path()).unwrap());
    }
}

/// What PyTorch's merge gave, every 37th value of it.
fn samples(name: &str) -> Vec<StoredTensor> {
    stored(&fs::read(adapter(name).join("merged_samples.safetensors")).unwrap())
}

/// The values of a matrix in a data file of f32 panels, as the checkpoint has it.
fn matrix(sandbox: &Sandbox, dir: &str, name: &str) -> Option<Vec<f32>> {
    let manifest = sandbox.manifest(dir);
    let (component, parameter) = manifest.components.values().find_map(|component| {
        let mut parameters = component.parameters.iter();
        Some((component, parameters.find(|it| it.name == name)?))
    })?;
    let data = fs::read(sandbox.path(dir).join(&component.data.name)).unwrap();
    let values = &data[parameter.values.offset as usize..][..parameter.values.size as usize];
    let floats = || {
        values
            .as_chunks()
            .0
            .iter()
            .map(|it| f32::from_le_bytes(*it))
    };
    let &[inputs, outputs] = parameter.shape.as_slice() else {
        return Some(floats().collect());
    };
    let panels: Vec<f32> = floats().collect();
    let at =
        |output: usize, input: usize| panels[(output / 16 * inputs + input) * 16 + output % 16];
    let rows = (0..outputs).flat_map(|output| (0..inputs).map(move |input| (output, input)));
    Some(rows.map(|(output, input)| at(output, input)).collect())
}

#[test]
fn adapters_are_merged_as_pytorch_merges_them() {
    for (name, file) in [
        ("peft", "adapter_model.safetensors"),
        ("peft_rslora", "adapter_model.safetensors"),
        ("ownvoice", "adapter.safetensors"),
        ("finetune", "finetuned_weights.safetensors"),
    ] {
        let sandbox = Sandbox::new();
        copy_adapter(&sandbox, name);
        let line = format!("{CONVERT_TINY} --weights tiny_2m.safetensors --adapter {name}");
        sandbox.run(&format!("{line} --output-dir out")).ok();
        let mut compared = 0;
        for tensor in samples(name) {
            // Everything that these adapters change is a parameter of its own.
            let merged = matrix(&sandbox, "out", &tensor.name).unwrap_or_else(|| {
                panic!("{name}: no parameter {}", tensor.name);
            });
            let expected = tensor.bytes.as_chunks().0.iter();
            let expected: Vec<f32> = expected.map(|it| f32::from_le_bytes(*it)).collect();
            let actual: Vec<f32> = merged.into_iter().step_by(37).collect();
            assert_eq!(actual.len(), expected.len(), "{name} {}", tensor.name);
            for (actual, expected) in actual.iter().zip(&expected) {
                let near = (actual - expected).abs() <= 2e-7 * expected.abs().max(0.1);
                assert!(near, "{name} {}: {actual} {expected}", tensor.name);
                compared += 1;
            }
        }
        assert!(compared > 30, "{name}: {compared}");

        // Nothing else has changed, and the manifest says what was merged.
        sandbox
            .run(&format!(
                "{CONVERT_TINY} --weights tiny_2m.safetensors --output-dir base"
            ))
            .ok();
        let (merged, base) = (sandbox.graphs("out"), sandbox.graphs("base"));
        assert_ne!(
            merged["flow_lm.onnx.data"], base["flow_lm.onnx.data"],
            "{name}"
        );
        assert_eq!(
            merged["mimi_decoder.onnx.data"],
            base["mimi_decoder.onnx.data"]
        );
        let source = sandbox.manifest("out").source;
        let said = source.adapter.unwrap();
        assert_eq!(said.location, file);
        let path = sandbox.path(name);
        let entry = bundle::FileEntry::of(&path, file).unwrap();
        assert_eq!((said.size, said.sha256), (entry.size, entry.sha256));
        assert!(sandbox.manifest("base").source.adapter.is_none());

        // The file in place of the folder.
        sandbox.run(&format!("{line}/{file} --output-dir out")).ok();
        assert_eq!(sandbox.graphs("out"), merged, "{name}");
    }
}

/// An adapter that is refused.
struct RefusedAdapter {
    story: &'static str,
    adapter: &'static str,
    change: fn(&Path),
    line: &'static str,
    says: &'static [&'static str],
}

/// The model that the adapters were trained on.
const OWN: &str = "--config tiny_2m.yaml --weights tiny_2m.safetensors";

fn are_refused(cases: &[RefusedAdapter]) {
    for RefusedAdapter {
        story,
        adapter,
        change,
        line,
        says,
    } in cases
    {
        let sandbox = Sandbox::new();
        copy_adapter(&sandbox, adapter);
        change(&sandbox.path(adapter));
        let ran = sandbox.run(&format!(
            "convert {line} --tokenizer tokenizer.json --adapter {adapter} --output-dir out"
        ));
        for says in *says {
            assert!(ran.error().contains(says), "{story}: {says}: {ran}");
        }
        assert!(!sandbox.path("out").exists(), "{story}");
    }
}

#[test]
fn adapters_of_other_kinds_are_refused_by_name() {
    are_refused(&[
        RefusedAdapter {
            story: "DoRA",
            adapter: "peft_dora",
            change: |_| {},
            line: OWN,
            says: &["adapter_config.json", "use_dora is set", "merge_and_unload"],
        },
        RefusedAdapter {
            story: "DoRA whose settings deny it",
            adapter: "peft_dora",
            change: |dir| {
                replace(
                    &dir.join("adapter_config.json"),
                    "\"use_dora\": true",
                    "\"use_dora\": false",
                );
            },
            line: OWN,
            says: &["lora_magnitude_vector", "not part of a plain LoRA"],
        },
        RefusedAdapter {
            story: "another rank",
            adapter: "peft",
            change: |dir| replace(&dir.join("adapter_config.json"), "\"r\": 2", "\"r\": 4"),
            line: OWN,
            says: &["has rank 2, and the settings say 4"],
        },
        RefusedAdapter {
            story: "no settings",
            adapter: "ownvoice",
            change: |dir| fs::remove_file(dir.join("metadata.json")).unwrap(),
            line: OWN,
            says: &["adapter.safetensors needs its settings", "metadata.json"],
        },
        RefusedAdapter {
            story: "a pickle",
            adapter: "peft",
            change: |dir| {
                let name = dir.join("adapter_model.safetensors");
                fs::rename(name, dir.join("adapter_model.bin")).unwrap();
            },
            line: OWN,
            says: &["adapter_model.bin is a pickle", "safe_serialization=True"],
        },
        RefusedAdapter {
            story: "nothing",
            adapter: "peft",
            change: |dir| fs::remove_file(dir.join("adapter_model.safetensors")).unwrap(),
            line: OWN,
            says: &["holds no adapter"],
        },
    ]);
}

#[test]
fn adapters_that_do_not_fit_are_refused_by_name() {
    are_refused(&[
        RefusedAdapter {
            story: "another base",
            adapter: "peft",
            change: |_| {},
            line: "--config tiny_english.yaml --weights tiny_english.safetensors",
            says: &[
                "made for another model",
                "of another shape",
                "self_attn.in_proj.lora_B.weight is [160, 2] instead of [192, 2]",
            ],
        },
        RefusedAdapter {
            story: "an unknown target",
            adapter: "finetune",
            change: |dir| {
                change(&dir.join("finetuned_weights.safetensors"), |tensors| {
                    tensors.push(StoredTensor::f32("decoder.bias", &[1], &[1.0]));
                });
            },
            line: OWN,
            says: &["1 tensor unused: decoder.bias"],
        },
        RefusedAdapter {
            story: "half a pair",
            adapter: "ownvoice",
            change: |dir| {
                change(&dir.join("adapter.safetensors"), |tensors| {
                    tensors.retain(|it| it.name != "base_model.model.z_proj.lora_B.weight");
                });
            },
            line: OWN,
            says: &["z_proj.lora_A.weight", "lacks its other half"],
        },
        RefusedAdapter {
            story: "a factor that is not finite",
            adapter: "ownvoice",
            change: |dir| {
                change(&dir.join("adapter.safetensors"), |tensors| {
                    tensors[0].bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
                });
            },
            line: OWN,
            says: &["adapter.safetensors", "not finite"],
        },
    ]);
}

/// Changes the tensors of a file.
fn change(path: &Path, edit: impl FnOnce(&mut Vec<StoredTensor>)) {
    let mut tensors = stored(&fs::read(path).unwrap());
    edit(&mut tensors);
    fs::write(path, file(&tensors, 8)).unwrap();
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_manifest_holds_no_path_of_the_machine() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("").display().to_string();
    let absolute = |name: &str| sandbox.path(name).display().to_string();
    let config = (sandbox.read("tiny_2m.yaml"))
        .replacen(
            "weights_path: null",
            &format!("weights_path: {}", absolute("tiny_2m.safetensors")),
            1,
        )
        .replacen(
            "mimi:\n",
            &format!(
                "mimi:\n  weights_path: {}\n",
                absolute("tiny_2m.safetensors")
            ),
            1,
        )
        .replacen(
            "tokenizer_path: null",
            &format!("tokenizer_path: {}", absolute("tokenizer.model")),
            1,
        );
    sandbox.write("mine.yaml", config);
    copy_adapter(&sandbox, "peft");
    sandbox
        .run("convert --config tiny_2m.yaml --tokenizer tokenizer.model --synthetic 1 --output-dir first")
        .ok();
    fs::copy(
        sandbox.path("first/voice.synthetic_1.safetensors"),
        sandbox.path("voice.safetensors"),
    )
    .unwrap();
    sandbox
        .run(&format!(
            "convert --config {} --adapter {} --voices {} --output-dir {}",
            absolute("mine.yaml"),
            absolute("peft"),
            absolute("voice.safetensors"),
            absolute("out"),
        ))
        .ok();
    let text = sandbox.read(&format!("out/{}", Manifest::FILE));
    assert!(!text.contains(folder.trim_end_matches('/')), "{text}");
    // Whatever is a path of any machine is told by its last part.
    let manifest = sandbox.manifest("out");
    assert_eq!(manifest.source.config.unwrap().location, "mine.yaml");
    assert_eq!(manifest.model.flow_lm.lookup_table.tokenizer_path, None);
}

#[test]
fn a_model_without_voices_leads_to_cloning() {
    let sandbox = Sandbox::new();
    let line = format!("{CONVERT_TINY} --weights tiny_2m.safetensors --output-dir out");
    let ran = sandbox.run(&line).ok();
    for says in [
        "this bundle has no voice",
        "pocket-onnx speak \"Hello.\" --bundle out --voice recording.wav",
        "--voices recording.wav",
    ] {
        assert!(ran.stderr.contains(says), "{ran}");
    }
    let ran = sandbox.run(&format!("{line} --quiet")).ok();
    assert_eq!(ran.stderr, "");
    let ran = sandbox.run("speak Hello. --bundle out");
    for says in ["this bundle has no voice", "--voice recording.wav"] {
        assert!(ran.error().contains(says), "{ran}");
    }

    // Without an encoder only voice files help.
    let some = "--components text_conditioner flow_lm flow_net mimi_decoder";
    let ran = sandbox.run(&format!("{line} {some}")).ok();
    assert!(
        ran.stderr.contains("voice import voice.safetensors"),
        "{ran}"
    );
    let ran = sandbox.run("speak Hello. --bundle out");
    assert!(
        ran.error().contains("the bundle needs mimi_encoder"),
        "{ran}"
    );
}

/// January's voice files, and xn's: wherever a voice file is taken.
#[test]
fn voice_files_that_hold_a_prompt_are_taken_everywhere() {
    let sandbox = Sandbox::new();
    let line = format!("{CONVERT_TINY} --weights tiny_2m.safetensors --quiet");
    sandbox.run(&format!("{line} --output-dir out")).ok();
    let values: Vec<f32> = (0_u16..56 * 20)
        .map(|i| f32::from(i % 31) / 31.0 - 0.5)
        .collect();
    for (name, shape) in [
        ("audio_prompt", vec![1, 20, 56]),
        ("emb", vec![20, 56]),
        ("speaker_wavs", vec![1, 16, 20]),
    ] {
        let count = shape.iter().product();
        let tensor = StoredTensor::f32(name, &shape, &values[..count]);
        let path = format!("{name}.safetensors");
        sandbox.write(&path, file(&[tensor], 8));
        let speak = "speak Hello. --bundle out --seed 1 --quiet --frames-after-eos 0";
        sandbox
            .run(&format!("{speak} --voice {path} -o {name}.wav"))
            .ok();
        sandbox
            .run(&format!(
                "voice convert {path} --bundle out -o state.safetensors"
            ))
            .ok();
        sandbox
            .run(&format!("{speak} --voice state.safetensors -o state.wav"))
            .ok();
        let [prompt, state] = [format!("{name}.wav"), "state.wav".to_owned()]
            .map(|it| fs::read(sandbox.path(&it)).unwrap());
        assert_eq!(prompt, state, "{name}");
        sandbox
            .run(&format!("voice import {path} --bundle out"))
            .ok();
        let ran = sandbox.run(&format!(
            "voice export {path} --bundle out -o again.safetensors"
        ));
        assert!(ran.error().contains("is a voice already"), "{ran}");
        sandbox
            .run(&format!("{line} --voices {path} --output-dir with"))
            .ok();
        // 20 frames, and the row before the voice.
        assert_eq!(sandbox.manifest("with").voices[0].positions, 21, "{name}");
    }
    assert_eq!(sandbox.manifest("out").voices.len(), 3);
    // The same file in a model of another width.
    sandbox.run(crate::sandbox::TINY).ok();
    let ran = sandbox.run("voice import audio_prompt.safetensors --bundle browser/models");
    assert!(ran.error().contains("made for another model"), "{ran}");
}
