//! The embedded backend: `rten`, in pure Rust.
//!
//! It computes with 32-bit integers, so 64-bit inputs are converted and checked.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bundle::WeightFormat;
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView, ValueView};

use crate::{GraphBackend, LoadedGraph, RuntimeError};
use tensor::{Data, Tensor, TensorView, ViewData};
use weights::Element;

/// Name in messages.
const NAME: &str = "rten";

/// Options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RtenOptions {
    /// Keeps a second copy of the weights of matrix products, in the order in which the kernels
    /// read them. Products of several rows take a quarter of the time, those of one row the same.
    pub prepack: bool,
}

/// The backend. Each graph has one thread of its own, so that backbone and decoder run at the same
/// time. More threads would split a product, and its sums would be rounded according to their
/// number.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rten {
    options: RtenOptions,
}

impl Rten {
    /// A backend with these options.
    pub fn new(options: RtenOptions) -> Self {
        Self { options }
    }
}

impl GraphBackend for Rten {
    fn name(&self) -> &'static str {
        NAME
    }

    fn reads(&self, format: WeightFormat) -> bool {
        let facts = format.facts();
        [facts.element, facts.table.element()]
            .into_iter()
            .all(|element| match element {
                Element::F32 | Element::I8 | Element::U8 => true,
                // Its only 16-bit number type is f16.
                Element::Bf16 | Element::I16 => false,
            })
    }

    fn load_graph(&self, graph: &Path) -> Result<Box<dyn LoadedGraph>, RuntimeError> {
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(self.options.prepack);
        // SAFETY: the graph and its weights are mapped, so nobody may change them meanwhile.
        // Programs that write a bundle move whole files into place and never write into existing
        // ones.
        #[allow(unsafe_code, reason = "weights are mapped instead of copied")]
        let model = unsafe { options.load_mmap(graph) };
        let refused = |source| RuntimeError::Load {
            backend: NAME,
            graph: graph.to_owned(),
            source,
        };
        let model = model.map_err(|e| refused(e.into()))?;
        let (inputs, input_ids) = names(&model, model.input_ids());
        let (outputs, output_ids) = names(&model, model.output_ids());
        // rten reads truncated files as far as they go, and outputs are listed at the end.
        if outputs.is_empty() {
            return Err(refused(
                "the graph has no outputs: is the file complete?".into(),
            ));
        }
        Ok(Box::new(RtenGraph {
            path: graph.to_owned(),
            thread: Arc::new(ThreadPool::with_num_threads(1)),
            model,
            inputs,
            input_ids,
            outputs,
            output_ids,
        }))
    }
}

fn names(model: &Model, ids: &[NodeId]) -> (Vec<String>, HashMap<String, NodeId>) {
    let name = |id: &NodeId| Some((model.node_info(*id)?.name()?.to_owned(), *id));
    let named: Vec<_> = ids.iter().filter_map(name).collect();
    (
        named.iter().map(|(name, _)| name.clone()).collect(),
        named.into_iter().collect(),
    )
}

struct RtenGraph {
    path: PathBuf,
    thread: Arc<ThreadPool>,
    model: Model,
    inputs: Vec<String>,
    input_ids: HashMap<String, NodeId>,
    outputs: Vec<String>,
    output_ids: HashMap<String, NodeId>,
}

impl RtenGraph {
    fn failed(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RuntimeError {
        RuntimeError::Run {
            backend: NAME,
            graph: self.path.clone(),
            source: source.into(),
        }
    }

    fn id(&self, ids: &HashMap<String, NodeId>, name: &str) -> Result<NodeId, RuntimeError> {
        let id = ids.get(name).copied();
        id.ok_or_else(|| self.failed(format!("no input or output {name}")))
    }

    /// A 64-bit input, converted for rten.
    fn narrow(&self, input: &str, values: &[i64]) -> Result<Vec<i32>, RuntimeError> {
        let narrow = |&value| {
            i32::try_from(value).map_err(|_| RuntimeError::Integer {
                graph: self.path.clone(),
                input: input.to_owned(),
                value,
            })
        };
        values.iter().map(narrow).collect()
    }

    fn input<'a>(
        &self,
        name: &str,
        view: TensorView<'a>,
    ) -> Result<(NodeId, ValueOrView<'a>), RuntimeError> {
        let value = match view.data() {
            ViewData::F32(values) => ValueView::from_shape(view.shape(), values)
                .map_err(|e| self.failed(e))?
                .into(),
            ViewData::I64(values) => Value::from_shape(view.shape(), self.narrow(name, values)?)
                .map_err(|e| self.failed(e))?
                .into(),
        };
        Ok((self.id(&self.input_ids, name)?, value))
    }

    fn output(&self, value: Value) -> Result<Tensor, RuntimeError> {
        use rten_tensor::Layout as _;
        let (shape, data) = match value {
            Value::FloatTensor(t) => (t.shape().to_vec(), Data::F32(t.into_data())),
            Value::Int32Tensor(t) => {
                let shape = t.shape().to_vec();
                let wide = t.into_data().into_iter().map(i64::from).collect();
                (shape, Data::I64(wide))
            }
            other => return Err(self.failed(format!("an output is {:?}", other.dtype()))),
        };
        Ok(Tensor::new(shape, data)?)
    }
}

impl LoadedGraph for RtenGraph {
    fn inputs(&self) -> &[String] {
        &self.inputs
    }

    fn outputs(&self) -> &[String] {
        &self.outputs
    }

    fn run(
        &mut self,
        inputs: &[(&str, TensorView<'_>)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, RuntimeError> {
        let inputs: Result<_, _> = (inputs.iter())
            .map(|(name, view)| self.input(name, *view))
            .collect();
        let ids: Result<Vec<_>, _> = (outputs.iter())
            .map(|name| self.id(&self.output_ids, name))
            .collect();
        let options = RunOptions::default().with_thread_pool(Some(self.thread.clone()));
        let values = self.model.run(inputs?, &ids?, Some(options));
        let values = values.map_err(|e| self.failed(e))?;
        values.into_iter().map(|value| self.output(value)).collect()
    }
}
