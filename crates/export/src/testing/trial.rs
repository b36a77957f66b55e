//! Graphs that run.

use std::convert::Infallible;
use std::fs::File;

use bundle::{Component, FileEntry, WeightFormat};
use onnx::{Graph, Opset};
use runtime::{GraphBackend, GraphStream, Stream as _, onnxruntime, rten};
use tempfile::TempDir;
use tensor::Tensor;
use weights::ValueReader;

use super::TestParameters;
use super::reference::RefWeights;
use crate::interface;
use crate::states::States;

/// Largest difference that is allowed, relative to the largest value.
const TRIAL_TOLERANCE: f64 = 2e-5;

/// A graph written for the oldest and the newest operator set, on both backends.
///
/// An input called `position` is an input like any other here.
pub(crate) struct GraphTrial {
    _dir: TempDir,
    streams: Vec<(String, GraphStream)>,
}

/// A tensor of numbers.
pub(crate) fn f32s(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::f32(shape, values.to_vec()).unwrap()
}

/// A tensor of integers.
pub(crate) fn i64s(values: &[i64]) -> Tensor {
    Tensor::i64([values.len()], values.to_vec()).unwrap()
}

impl GraphTrial {
    /// Loads what `build` builds.
    pub(crate) fn new(parameters: &TestParameters, build: impl Fn(&Graph, &States<'_>)) -> Self {
        let dir = TempDir::new().unwrap();
        let mut streams = Vec::new();
        for opset in [Opset::MIN, Opset::MAX] {
            let graph = Graph::new("test", opset, WeightFormat::F32, parameters.shapes());
            let states = States::new(&graph);
            build(&graph, &states);
            let states = states.finish();
            let name = format!("{}.onnx", opset.version());
            let data = format!("{name}.data");
            let model = graph.finish(&data).unwrap();
            let mut out = File::create(dir.path().join(&name)).unwrap();
            model.write(&mut out).unwrap();
            let mut out = File::create(dir.path().join(&data)).unwrap();
            let open = |p: &weights::PlacedParameter| Ok(SliceReader(parameters.get(&p.name)));
            model.data().write(&mut out, open, |_| {}).unwrap();
            let (inputs, outputs) = interface(model.proto().graph.as_ref().unwrap()).unwrap();
            let entry = |name: String| FileEntry {
                name,
                size: 0,
                sha256: String::new(),
            };
            let component = Component {
                graph: entry(name),
                data: entry(data),
                format: WeightFormat::F32,
                slow_format: None,
                parameters: Vec::new(),
                inputs,
                outputs,
                states,
                position: None,
            };
            for backend in backends() {
                let label = format!("{}, opset {}", backend.name(), opset.version());
                let stream = GraphStream::load(backend.as_ref(), dir.path(), &component)
                    .unwrap_or_else(|e| panic!("{label}: {}", chain(&e)));
                streams.push((label, stream));
            }
        }
        Self { _dir: dir, streams }
    }

    /// Starts all streams again.
    pub(crate) fn reset(&mut self) {
        for (_, stream) in &mut self.streams {
            stream.reset().unwrap();
        }
    }

    /// Runs the next call on every stream and says which outputs and states are not as expected.
    pub(crate) fn call(
        &mut self,
        inputs: &[(&str, &Tensor)],
        expected: &[(&str, &[usize], &[f64])],
    ) -> Vec<String> {
        let inputs: Vec<_> = inputs.iter().map(|(n, t)| (*n, t.view())).collect();
        let mut problems = Vec::new();
        for (label, stream) in &mut self.streams {
            let outputs = match stream.run(&inputs) {
                Ok(outputs) => outputs,
                Err(error) => {
                    problems.push(format!("{label}: {}", chain(&error)));
                    continue;
                }
            };
            for (name, shape, values) in expected {
                let actual = match stream.state(name) {
                    Ok(state) => state,
                    Err(_) => outputs.get(name).unwrap().clone(),
                };
                if actual.shape() != *shape {
                    let actual = actual.shape();
                    problems.push(format!("{label}: {name} is {actual:?}, not {shape:?}"));
                } else if let Err(worst) = near(actual.as_f32().unwrap(), values) {
                    problems.push(format!("{label}: {name} {worst}"));
                }
            }
        }
        problems
    }
}

/// Every backend. One that cannot be had says how to get it.
fn backends() -> [Box<dyn GraphBackend>; 2] {
    let onnx_runtime = onnxruntime::OnnxRuntime::new(onnxruntime::OnnxRuntimeOptions::default());
    let onnx_runtime = onnx_runtime.unwrap_or_else(|e| panic!("{}", chain(&e)));
    [Box::new(rten::Rten::default()), Box::new(onnx_runtime)]
}

/// Whether `actual` is `expected`, or where it differs most.
fn near(actual: &[f32], expected: &[f64]) -> Result<(), String> {
    assert_eq!(actual.len(), expected.len());
    let finite = expected.iter().filter(|v| v.is_finite());
    let largest = finite.fold(0.0, |max: f64, v| max.max(v.abs()));
    let pairs = actual.iter().zip(expected).enumerate();
    let difference = |(at, (&a, &e)): (usize, (&f32, &f64))| {
        let same = f64::from(a).total_cmp(&e).is_eq();
        let difference = if same { 0.0 } else { (f64::from(a) - e).abs() };
        // NaN counts as the worst.
        let difference = if difference.is_nan() {
            f64::INFINITY
        } else {
            difference
        };
        (difference, at, a, e)
    };
    let worst = pairs.map(difference).max_by(|a, b| a.0.total_cmp(&b.0));
    match worst {
        Some((d, at, a, e)) if d > TRIAL_TOLERANCE * largest => Err(format!(
            "[{at}] is {a} instead of {e} (largest {largest}, {:.1e} off)",
            d / largest
        )),
        _ => Ok(()),
    }
}

/// The error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

struct SliceReader<'a>(&'a [f32]);

impl ValueReader for SliceReader<'_> {
    type Error = Infallible;

    fn read(&mut self, out: &mut [f32]) -> Result<usize, Infallible> {
        let (now, later) = self.0.split_at(out.len().min(self.0.len()));
        out[..now.len()].copy_from_slice(now);
        self.0 = later;
        Ok(now.len())
    }
}
