//! Finds a module's parameters by its path, and checks them.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use bundle::{Component, Extent, Parameter, ParameterKind};
use kernels::{CpuKernels, Weight, WeightStats};
use weights::{Matrix, TableLayout, WeightFormat};

use crate::{EngineError, WeightBytes};

/// Parameters of one component.
struct Parameters<'a> {
    data: WeightBytes,
    kernels: CpuKernels,
    two_term_activations: bool,
    /// How the weights of slow layers are stored, whose error is not heard.
    slow_format: Option<WeightFormat>,
    by_name: HashMap<&'a str, &'a Parameter>,
    used: RefCell<HashSet<&'a str>>,
}

/// A module of the model, by its path. Finds its parameters and the modules inside.
#[derive(Clone)]
pub(crate) struct Loader<'a> {
    parameters: Rc<Parameters<'a>>,
    path: String,
}

/// A packed weight in a data file.
#[derive(Clone, Debug)]
pub(crate) struct PackedMatrix {
    data: WeightBytes,
    pub(crate) matrix: Matrix,
    values: Range<usize>,
    scales: Range<usize>,
    stats: WeightStats,
    two_term_activations: bool,
}

/// A packed lookup table in a data file.
#[derive(Clone, Debug)]
pub(crate) struct PackedTable {
    data: WeightBytes,
    pub(crate) table: TableLayout,
    values: Range<usize>,
    scales: Range<usize>,
}

impl<'a> Loader<'a> {
    /// The root of `component`, whose data file holds `data`, for modules that run on `kernels`.
    /// `two_term_activations`: whether the rounding error of activations is multiplied too (see
    /// [`Weight`]).
    pub(crate) fn new(
        component: &'a Component,
        data: WeightBytes,
        kernels: CpuKernels,
        two_term_activations: bool,
    ) -> Self {
        let by_name = (component.parameters.iter()).map(|p| (p.name.as_str(), p));
        Self {
            parameters: Rc::new(Parameters {
                data,
                kernels,
                two_term_activations,
                slow_format: component.slow_format,
                by_name: by_name.collect(),
                used: RefCell::default(),
            }),
            path: String::new(),
        }
    }

    /// The module `name` inside this one.
    pub(crate) fn child(&self, name: &str) -> Self {
        Self {
            parameters: self.parameters.clone(),
            path: self.join(name),
        }
    }

    fn join(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Whether the module has a parameter `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        (self.parameters.by_name).contains_key(self.join(name).as_str())
    }

    /// A copy of the module's f32 parameter `name`, which has to have `length` values.
    pub(crate) fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, EngineError> {
        let parameter = self.find(name)?;
        let values: usize = parameter.shape.iter().product();
        if parameter.kind != ParameterKind::Vector || values != length {
            return Err(mismatch(parameter, &format!("vector of {length} values")));
        }
        let range = self.extent(parameter, Some(parameter.values), length * 4)?;
        let bytes = &self.parameters.data.bytes()[range];
        let numbers = bytes.as_chunks::<4>().0.iter();
        Ok(numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// The module's weight `name` [inputs, outputs].
    pub(crate) fn matrix(
        &self,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<PackedMatrix, EngineError> {
        let parameter = self.find(name)?;
        if parameter.kind != ParameterKind::Matrix || parameter.shape != [inputs, outputs] {
            let expected = format!("matrix of shape [{inputs}, {outputs}]");
            return Err(mismatch(parameter, &expected));
        }
        let matrix = Matrix {
            format: parameter.format,
            inputs,
            outputs,
        };
        let Parameters { data, kernels, .. } = self.parameters.as_ref();
        let values = self.extent(parameter, Some(parameter.values), matrix.bytes())?;
        Ok(PackedMatrix {
            data: data.clone(),
            matrix,
            stats: kernels.weight_stats(&matrix, &data.bytes()[values.clone()]),
            values,
            scales: self.extent(parameter, parameter.scales, matrix.scale_bytes())?,
            two_term_activations: self.parameters.two_term_activations
                && Some(parameter.format) != self.parameters.slow_format,
        })
    }

    /// The module's table `name` [rows, width].
    pub(crate) fn table(
        &self,
        name: &str,
        rows: usize,
        width: usize,
    ) -> Result<PackedTable, EngineError> {
        let parameter = self.find(name)?;
        if parameter.kind != ParameterKind::Table || parameter.shape != [rows, width] {
            let expected = format!("table of shape [{rows}, {width}]");
            return Err(mismatch(parameter, &expected));
        }
        let table = TableLayout::new(parameter.format, rows, width);
        Ok(PackedTable {
            data: self.parameters.data.clone(),
            table,
            values: self.extent(parameter, Some(parameter.values), table.bytes())?,
            scales: self.extent(parameter, parameter.scales, table.scale_bytes())?,
        })
    }

    /// Refuses a component with parameters that no module asked for.
    pub(crate) fn finish(&self) -> Result<(), EngineError> {
        let used = self.parameters.used.borrow();
        let mut names: Vec<_> = self.parameters.by_name.keys().collect();
        names.sort_unstable();
        match names.into_iter().find(|name| !used.contains(*name)) {
            Some(name) => Err(EngineError::Extra {
                name: (*name).to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn find(&self, name: &str) -> Result<&'a Parameter, EngineError> {
        let path = self.join(name);
        let parameter = self.parameters.by_name.get(path.as_str()).copied();
        let parameter = parameter.ok_or(EngineError::Missing { name: path })?;
        self.parameters.used.borrow_mut().insert(&parameter.name);
        Ok(parameter)
    }

    /// The range of an extent, which has to be inside of the data and `bytes` long.
    fn extent(
        &self,
        parameter: &Parameter,
        extent: Option<Extent>,
        bytes: usize,
    ) -> Result<Range<usize>, EngineError> {
        let damaged = || EngineError::Extent {
            name: parameter.name.clone(),
            format: parameter.format,
        };
        let Some(Extent { offset, size }) = extent else {
            return if bytes == 0 { Ok(0..0) } else { Err(damaged()) };
        };
        let start = usize::try_from(offset)
            .ok()
            .filter(|_| size == bytes as u64);
        let range = start.and_then(|start| Some(start..start.checked_add(bytes)?));
        let length = self.parameters.data.bytes().len();
        range
            .filter(|range| range.end <= length)
            .ok_or_else(damaged)
    }
}

impl PackedMatrix {
    /// The weight with a bias.
    pub(crate) fn with_bias<'a>(&'a self, bias: Option<&'a [f32]>) -> Weight<'a> {
        Weight {
            matrix: self.matrix,
            values: &self.data.bytes()[self.values.clone()],
            scales: &self.data.bytes()[self.scales.clone()],
            stats: self.stats.view(),
            bias,
            two_term_activations: self.two_term_activations,
        }
    }
}

impl PackedTable {
    /// Writes row `row` to `out`.
    pub(crate) fn row(&self, row: usize, out: &mut [f32]) {
        let bytes = self.table.row_bytes();
        let values = &self.data.bytes()[self.values.clone()][row * bytes..][..bytes];
        let scales = self.data.bytes()[self.scales.clone()].as_chunks::<4>().0;
        let scale = scales
            .get(row)
            .map_or(1.0, |bytes| f32::from_le_bytes(*bytes));
        self.table.unpack_row(values, scale, out);
    }
}

fn mismatch(parameter: &Parameter, expected: &str) -> EngineError {
    let kind = match parameter.kind {
        ParameterKind::Vector => "vector",
        ParameterKind::Matrix => "matrix",
        ParameterKind::Table => "table",
    };
    EngineError::Shape {
        name: parameter.name.clone(),
        actual: format!("{kind} of shape {:?}", parameter.shape),
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests;
