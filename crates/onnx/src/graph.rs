//! A graph under construction.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use prost::bytes::Bytes;
use tensor::{DType, Dim};
use weights::{DataFile, Layout, Packing, WeightFormat};

use crate::proto::{
    GraphProto, NodeProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto,
    tensor_proto::DataType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};
use crate::{Attribute, GraphError, OnnxModel, Opset, Scope};

/// A tensor inside a graph, known by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Value(Rc<str>);

impl Value {
    /// The tensor's name.
    pub fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn new(name: impl Into<Rc<str>>) -> Self {
        Self(name.into())
    }
}

/// A graph under construction: see the crate's documentation.
pub struct Graph {
    name: String,
    opset: Opset,
    format: WeightFormat,
    /// Parameters whose weights are stored in another format.
    others: HashMap<String, WeightFormat>,
    shapes: HashMap<String, Vec<usize>>,
    builder: RefCell<Builder>,
}

/// What has been built so far.
#[derive(Default)]
struct Builder {
    proto: GraphProto,
    /// Names of nodes, to keep them unique.
    nodes: HashSet<String>,
    /// Parameters in the order of their first use.
    parameters: Vec<(String, Layout, Packing)>,
    /// What each output is called inside the graph so far.
    outputs: Vec<(Value, String)>,
    error: Option<GraphError>,
}

impl Graph {
    /// Starts a graph whose parameters have these shapes, by name, and whose weights are
    /// stored in this format.
    pub fn new(
        name: &str,
        opset: Opset,
        format: WeightFormat,
        shapes: HashMap<String, Vec<usize>>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            opset,
            format,
            others: HashMap::new(),
            shapes,
            builder: RefCell::default(),
        }
    }

    /// Stores the weights of the parameters that `is_other` picks by their names in `format`.
    #[must_use]
    pub fn with_format(mut self, format: WeightFormat, is_other: impl Fn(&str) -> bool) -> Self {
        let keys = self.shapes.keys().filter(|key| is_other(key));
        self.others.extend(keys.map(|key| (key.clone(), format)));
        self
    }

    /// The scope of the module at `path`.
    pub fn scope(&self, path: &str) -> Scope<'_> {
        Scope::new(self, path.to_owned())
    }

    /// The operator set that the graph is written for.
    pub fn opset(&self) -> Opset {
        self.opset
    }

    /// Declares an input.
    pub fn input(&self, name: &str, dtype: DType, shape: &[Dim]) -> Value {
        let mut builder = self.builder.borrow_mut();
        self.check_new(&mut builder, name);
        builder.proto.input.push(value_info(name, dtype, shape));
        Value::new(name)
    }

    /// Declares `value` as the output `name`.
    pub fn output(&self, name: &str, value: &Value, dtype: DType, shape: &[Dim]) {
        let mut builder = self.builder.borrow_mut();
        self.check_new(&mut builder, name);
        builder.proto.output.push(value_info(name, dtype, shape));
        builder.outputs.push((value.clone(), name.to_owned()));
    }

    /// Refuses a name that an input or output already has.
    fn check_new(&self, builder: &mut Builder, name: &str) {
        let mut declared = builder.proto.input.iter().chain(&builder.proto.output);
        if declared.any(|value| value.name() == name) {
            builder.fail(GraphError::Duplicate {
                graph: self.name.clone(),
                name: name.to_owned(),
            });
        }
    }

    /// Shape of the parameter `key`, if there is one.
    pub fn parameter_shape(&self, key: &str) -> Option<&[usize]> {
        self.shapes.get(key).map(Vec::as_slice)
    }

    /// Notes that the graph reads the parameter `key`, and says how it is stored; `None` where
    /// it cannot be, which [`Graph::finish`] reports.
    pub(crate) fn parameter(&self, key: &str, layout: Layout) -> Option<Packing> {
        let mut builder = self.builder.borrow_mut();
        let (graph, key) = (self.name.clone(), key.to_owned());
        let Some(shape) = self.shapes.get(&key) else {
            builder.fail(GraphError::UnknownParameter { graph, key });
            return None;
        };
        let format = self.others.get(&key).copied().unwrap_or(self.format);
        let Some(packing) = layout.packing(shape, format) else {
            let shape = shape.clone();
            builder.fail(GraphError::Misshapen { graph, key, shape });
            return None;
        };
        match builder.parameters.iter().find(|(k, ..)| *k == key) {
            Some((_, first, _)) if *first != layout => {
                builder.fail(GraphError::TwoLayouts { graph, key });
            }
            Some(_) => {}
            None => builder.parameters.push((key, layout, packing)),
        }
        Some(packing)
    }

    /// A small tensor inside the graph itself; equal names share one.
    pub(crate) fn constant(
        &self,
        name: &str,
        element: DataType,
        dims: &[usize],
        bytes: Vec<u8>,
    ) -> Value {
        let mut builder = self.builder.borrow_mut();
        if !builder.proto.initializer.iter().any(|t| t.name() == name) {
            builder.proto.initializer.push(TensorProto {
                name: Some(name.to_owned()),
                data_type: Some(element.into()),
                dims: dims.iter().map(|&d| d as i64).collect(),
                raw_data: Some(Bytes::from(bytes)),
                ..TensorProto::default()
            });
        }
        Value::new(name)
    }

    /// Adds a node called `name` (numbered where that is taken) with `outputs` outputs.
    pub(crate) fn node(
        &self,
        name: &str,
        op: &str,
        inputs: &[&Value],
        outputs: usize,
        attributes: &[(&str, Attribute)],
    ) -> Vec<Value> {
        let mut builder = self.builder.borrow_mut();
        let mut unique = name.to_owned();
        let mut count = 1;
        while !builder.nodes.insert(unique.clone()) {
            count += 1;
            unique = format!("{name}_{count}");
        }
        let values: Vec<Value> = if outputs == 1 {
            vec![Value::new(unique.as_str())]
        } else {
            (0..outputs)
                .map(|i| Value::new(format!("{unique}:{i}")))
                .collect()
        };
        builder.proto.node.push(NodeProto {
            name: Some(unique),
            op_type: Some(op.to_owned()),
            input: inputs.iter().map(|v| v.name().to_owned()).collect(),
            output: values.iter().map(|v| v.name().to_owned()).collect(),
            attribute: attributes
                .iter()
                .map(|(name, a)| a.to_proto(name))
                .collect(),
            ..NodeProto::default()
        });
        values
    }

    /// The nodes that `build` adds, as a graph of its own with one f32 output, which one of them
    /// computes. Values and constants from outside are known in it.
    pub(crate) fn subgraph(&self, name: &str, build: impl FnOnce() -> Value) -> GraphProto {
        let outside = std::mem::take(&mut self.builder.borrow_mut().proto.node);
        let output = build();
        let node = std::mem::replace(&mut self.builder.borrow_mut().proto.node, outside);
        GraphProto {
            name: Some(name.to_owned()),
            node,
            output: vec![ValueInfoProto {
                name: Some(output.name().to_owned()),
                r#type: Some(tensor_type(DType::F32, None)),
                ..ValueInfoProto::default()
            }],
            ..GraphProto::default()
        }
    }

    /// Checks the graph and lays out its parameters in the file `data_file`.
    pub fn finish(self, data_file: &str) -> Result<OnnxModel, GraphError> {
        let Builder {
            mut proto,
            parameters,
            outputs,
            error,
            ..
        } = self.builder.into_inner();
        if let Some(error) = error {
            return Err(error);
        }
        rename_outputs(&mut proto, outputs);
        let read = proto.read();
        let given = proto.input.iter().map(ValueInfoProto::name);
        let constants = proto.initializer.iter().map(TensorProto::name);
        if let Some(name) = given.chain(constants).find(|name| !read.contains(name)) {
            return Err(GraphError::Unused {
                name: name.to_owned(),
                graph: self.name,
            });
        }
        proto.name = Some(self.name);
        let mut data = DataFile::default();
        for (key, layout, packing) in parameters {
            let shape = self.shapes[&key].clone();
            data.push(key, shape, layout, packing);
        }
        Ok(OnnxModel::new(proto, self.opset, data, data_file))
    }
}

impl Builder {
    /// Keeps the first mistake; building goes on, so that graph code needs no `?` at every step.
    fn fail(&mut self, error: GraphError) {
        self.error.get_or_insert(error);
    }
}

/// Renames the values that are outputs to the names of the outputs, in all nodes. Inputs, and values
/// that are an output twice, go through an `Identity`.
fn rename_outputs(proto: &mut GraphProto, outputs: Vec<(Value, String)>) {
    let produced: HashSet<String> = proto.node.iter().flat_map(|n| n.output.clone()).collect();
    let mut names: HashMap<String, String> = HashMap::new();
    let mut copies = Vec::new();
    for (value, name) in outputs {
        if produced.contains(value.name()) && !names.contains_key(value.name()) {
            names.insert(value.name().to_owned(), name);
        } else {
            copies.push((value, name));
        }
    }
    let renamed = |name: &str| names.get(name).cloned().unwrap_or_else(|| name.to_owned());
    rename(proto, &renamed);
    for (value, name) in copies {
        proto.node.push(NodeProto {
            name: Some(name.clone()),
            op_type: Some("Identity".to_owned()),
            input: vec![renamed(value.name())],
            output: vec![name],
            ..NodeProto::default()
        });
    }
}

/// Gives values other names, also in the graphs inside of nodes.
fn rename(graph: &mut GraphProto, renamed: &impl Fn(&str) -> String) {
    for node in &mut graph.node {
        for name in node.input.iter_mut().chain(&mut node.output) {
            *name = renamed(name);
        }
        let inside = node.attribute.iter_mut().filter_map(|a| a.g.as_mut());
        inside.for_each(|graph| rename(graph, renamed));
    }
}

fn value_info(name: &str, dtype: DType, shape: &[Dim]) -> ValueInfoProto {
    let dim = shape
        .iter()
        .map(|dim| Dimension {
            value: Some(match dim {
                Dim::Fixed(size) => dimension::Value::DimValue(*size as i64),
                Dim::Symbol(symbol) => dimension::Value::DimParam(symbol.clone()),
            }),
            ..Dimension::default()
        })
        .collect();
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(tensor_type(dtype, Some(TensorShapeProto { dim }))),
        ..ValueInfoProto::default()
    }
}

fn tensor_type(dtype: DType, shape: Option<TensorShapeProto>) -> TypeProto {
    let element = match dtype {
        DType::F32 => DataType::Float,
        DType::I64 => DataType::Int64,
    };
    TypeProto {
        value: Some(type_proto::Value::TensorType(type_proto::Tensor {
            elem_type: Some(element.into()),
            shape,
        })),
        ..TypeProto::default()
    }
}
