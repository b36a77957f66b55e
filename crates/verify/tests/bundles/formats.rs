//! Every format of weights: graphs unpack them exactly, and speak much like the checkpoint.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bundle::{ComponentName, Manifest, Parameter, ParameterKind, WeightFormat};
use engine::Engine;
use export::{ComponentFormats, GraphFormats};
use runtime::onnxruntime::OnnxRuntime;
use runtime::{Backend, RuntimeError, Stream};
use safetensors::{Dtype, tensor::TensorView};
use testkit::{Bundle, BundleRecipe};
use verify::{VerifyOptions, VerifyReport};
use weights::{Element, Matrix, TableLayout};

use crate::support::{backends, failures, verify_on};

/// Runs the components of another bundle than the one that it is asked to.
struct Elsewhere {
    backend: OnnxRuntime,
    dir: PathBuf,
}

impl Backend for Elsewhere {
    fn name(&self) -> &'static str {
        "ONNX Runtime, unpacked before"
    }

    fn load(
        &self,
        _: &Path,
        _: &Manifest,
        name: ComponentName,
    ) -> Result<Box<dyn Stream>, RuntimeError> {
        let manifest = Manifest::read(&self.dir).unwrap();
        self.backend.load(&self.dir, &manifest, name)
    }
}

/// What a stored parameter stands for, in the checkpoint's order; `shape` is the checkpoint's.
fn unpacked(parameter: &Parameter, shape: &[usize], data: &[u8]) -> Vec<f32> {
    let bytes = |extent: bundle::Extent| &data[extent.offset as usize..][..extent.size as usize];
    let values = bytes(parameter.values);
    let scales = parameter.scales.map(bytes).unwrap_or_default();
    let float = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes);
    let &Parameter { kind, format, .. } = parameter;
    match (kind, &parameter.shape[..]) {
        (ParameterKind::Table, &[rows, width]) => {
            let table = TableLayout {
                format,
                rows,
                width,
            };
            let mut scales = scales.as_chunks().0.iter().map(float);
            let mut out = vec![0.0; rows * width];
            let stored = values.chunks_exact(table.row_bytes());
            for (row, out) in stored.zip(out.chunks_exact_mut(width)) {
                table.unpack_row(row, scales.next().unwrap_or_default(), out);
            }
            out
        }
        (ParameterKind::Matrix, &[inputs, outputs]) => {
            let matrix = Matrix {
                format,
                inputs,
                outputs,
            };
            let weight = matrix.unpack(values, scales);
            let at = |input: usize, output: usize| weight[input * outputs + output];
            let mut out = Vec::new();
            match *shape {
                [ins, outs, kernel] if parameter.name.contains(".convtr.") => {
                    let stride = kernel / 2;
                    for i in 0..ins {
                        for o in 0..outs {
                            let tap =
                                |half| (0..stride).map(move |s| (half * ins + i, s * outs + o));
                            // The first taps are those of the input itself.
                            let taps = tap(1).chain(tap(0));
                            out.extend(taps.map(|(input, output)| at(input, output)));
                        }
                    }
                }
                [outs, ins, kernel] => {
                    for o in 0..outs {
                        for i in 0..ins {
                            out.extend((0..kernel).map(|k| at(k * ins + i, o)));
                        }
                    }
                }
                _ => {
                    for o in 0..outputs {
                        out.extend((0..inputs).map(|i| at(i, o)));
                    }
                }
            }
            out
        }
        _ => values.as_chunks().0.iter().map(float).collect(),
    }
}

/// The f32 bundle of the weights that `packed` stands for.
fn unpacked_bundle(name: &str, packed: &Bundle) -> Bundle {
    let manifest = Manifest::read(&packed.path()).unwrap();
    let tensors = testkit::config(name).unwrap().tensors().into_iter();
    let shapes: HashMap<_, _> = tensors.map(|t| (t.key, t.shape)).collect();
    let mut bytes = Vec::new();
    for component in manifest.components.values() {
        let data = std::fs::read(packed.path().join(&component.data.name)).unwrap();
        for parameter in &component.parameters {
            let shape = &shapes[&parameter.name];
            let values = unpacked(parameter, shape, &data).into_iter();
            let values: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
            bytes.push((parameter.name.clone(), shape.clone(), values));
        }
    }
    let views = bytes.iter().map(|(name, shape, values)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), values).unwrap();
        (name.as_str(), view)
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    safetensors::serialize_to_file(views, None, &path).unwrap();
    let recipe = BundleRecipe {
        weights: Some(&path),
        ..BundleRecipe::of(name)
    };
    recipe.make().unwrap()
}

/// Verifies on the backends for graphs.
fn on_graphs(bundle: &Bundle) -> VerifyReport {
    let (onnx_runtime, rten) = backends();
    verify_on(&[&onnx_runtime, &rten], &bundle.path(), None).unwrap()
}

#[test]
fn graphs_compute_with_what_the_formats_say() {
    let mut wrong = Vec::new();
    for name in testkit::SMALL_MODELS {
        for format in WeightFormat::ALL {
            let packed = testkit::bundle_in(format, name, 17).unwrap();
            let unpacked = unpacked_bundle(name, &packed);
            let (onnx_runtime, _) = backends();
            let elsewhere = Elsewhere {
                backend: onnx_runtime.clone(),
                dir: unpacked.path(),
            };
            let backends: [&dyn Backend; 2] = [&onnx_runtime, &elsewhere];
            let report = verify_on(&backends, &packed.path(), None).unwrap();
            let failures = failures(&report);
            wrong.extend(failures.iter().map(|f| format!("{name} in {format}: {f}")));
            let what = "ONNX Runtime, unpacked before / ONNX Runtime";
            assert!(report.comparisons.iter().any(|row| row.what == what));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_engine_computes_with_what_the_formats_say() {
    let mut wrong = Vec::new();
    for format in WeightFormat::ALL {
        let mut worst = (0.0, String::new());
        for name in testkit::SMALL_MODELS {
            let bundle = testkit::bundle_in(format, name, 17).unwrap();
            let (onnx_runtime, _) = backends();
            let engine = Engine::default();
            let report = verify_on(&[&onnx_runtime, &engine], &bundle.path(), None).unwrap();
            let failures = failures(&report);
            wrong.extend(failures.iter().map(|f| format!("{name} in {format}: {f}")));
            for row in &report.comparisons {
                if row.what.starts_with("engine") && row.max_rel > worst.0 {
                    let place = format!("{name} {} {}", row.component, row.tensor);
                    worst = (row.max_rel, place);
                }
            }
        }
        println!("{format}: {:.1e} in {}", worst.0, worst.1);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn slow_layers_may_have_another_format() {
    let mut wrong = Vec::new();
    for name in testkit::SMALL_MODELS {
        let formats = GraphFormats {
            weights: WeightFormat::Q16,
            slow: Some(WeightFormat::Q6),
        };
        let recipe = BundleRecipe {
            formats: ComponentFormats::default().with(ComponentName::MimiDecoder, formats),
            ..BundleRecipe::of(name)
        };
        let packed = recipe.make().unwrap();
        let unpacked = unpacked_bundle(name, &packed);
        let (onnx_runtime, _) = backends();
        let elsewhere = Elsewhere {
            backend: onnx_runtime.clone(),
            dir: unpacked.path(),
        };
        let engine = Engine::default();
        let options = VerifyOptions {
            backends: vec![&onnx_runtime, &elsewhere, &engine],
            records: Some(&testkit::records(name)),
            ..VerifyOptions::default()
        };
        let report = verify::verify(&packed.path(), &options, &|_| {}).unwrap();
        let failures = failures(&report);
        wrong.extend(failures.iter().map(|f| format!("{name}: {f}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn formats_stay_near_the_records() {
    let mut wrong = Vec::new();
    for format in WeightFormat::ALL {
        let mut worst = (0.0, String::new());
        for name in testkit::SMALL_MODELS {
            let bundle = testkit::bundle_in(format, name, 17).unwrap();
            let (onnx_runtime, _) = backends();
            let engine = Engine::default();
            let options = VerifyOptions {
                backends: vec![&onnx_runtime, &engine],
                records: Some(&testkit::records(name)),
                ..VerifyOptions::default()
            };
            let report = verify::verify(&bundle.path(), &options, &|_| {}).unwrap();
            let failures = failures(&report);
            wrong.extend(failures.iter().map(|f| format!("{name} in {format}: {f}")));
            for row in &report.comparisons {
                if row.what.ends_with("/ record") && row.max_rel > worst.0 {
                    worst = (
                        row.max_rel,
                        format!("{name} {} {}", row.component, row.tensor),
                    );
                }
            }
        }
        println!("{format}: {:.1e} in {}", worst.0, worst.1);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_operator_set_unpacks_every_format() {
    let mut wrong = Vec::new();
    for format in WeightFormat::ALL {
        for opset in 17..=23 {
            let bundle = testkit::bundle_in(format, "tiny_2m", opset).unwrap();
            let report = on_graphs(&bundle);
            let failures = failures(&report);
            wrong.extend(
                failures
                    .iter()
                    .map(|f| format!("{format} at opset {opset}: {f}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_backend_that_lacks_a_format_is_not_the_bundle_s_fault() {
    let note = |report: &VerifyReport, format: WeightFormat| {
        let said = format!("rten cannot read the {format} weights of flow_net");
        report.notes.iter().any(|note| note.starts_with(&said))
    };
    for format in WeightFormat::ALL {
        let bundle = testkit::bundle_in(format, "tiny_2m", 17).unwrap();
        let report = on_graphs(&bundle);
        assert!(report.passed(), "{format}: {:#?}", failures(&report));
        let lacks = match format.facts().element {
            Element::Bf16 | Element::I16 => true,
            Element::F32 | Element::I8 | Element::U8 => false,
        };
        assert_eq!(note(&report, format), lacks, "{:#?}", report.notes);
        let compared = report
            .comparisons
            .iter()
            .any(|row| row.what == "rten / ONNX Runtime");
        assert_eq!(compared, !lacks);

        // Alone it can prove nothing.
        let (_, rten) = backends();
        let report = verify_on(&[&rten], &bundle.path(), None).unwrap();
        assert_eq!(report.passed(), !lacks);
        let unproven = "flow_net run: no backend here reads its weights";
        let failures = failures(&report);
        assert_eq!(
            failures.iter().any(|f| f == unproven),
            lacks,
            "{failures:#?}"
        );
    }
}
