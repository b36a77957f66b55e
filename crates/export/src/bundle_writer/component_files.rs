//! The two files of a component: the graph, and the data that is streamed into it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use bundle::{Component, FileEntry, Parameter, hex};
use checkpoint::TensorReader;
use onnx::OnnxModel;
use weights::{ValueReader, WriteError, Written};

use super::{Export, WriteProgress};
use crate::{ComponentGraph, ExportError, interface};

impl Export<'_> {
    /// Writes graph and data into `dir`; returns what the manifest says of them.
    pub(super) fn write_component(
        &self,
        graph: ComponentGraph,
        dir: &Path,
        progress: &dyn WriteProgress,
    ) -> Result<Component, ExportError> {
        let ComponentGraph {
            name,
            model,
            states,
            position,
        } = graph;
        let graph_file = name.graph_file();
        let path = dir.join(&graph_file);
        write_buffered(&path, |out| model.write(out)).map_err(ExportError::write(&path))?;

        let data_file = name.data_file();
        let data = self.write_data(&model, name.as_str(), &dir.join(&data_file), progress)?;
        if data.rounded > 0 {
            progress.rounded(name, data.rounded);
        }
        // The builder declares nothing but f32 and i64 tensors.
        let (inputs, outputs) = model
            .proto()
            .graph
            .as_ref()
            .and_then(interface)
            .unwrap_or_default();
        let formats = self.formats.of(name, self.config);
        Ok(Component {
            graph: file_entry(dir, &graph_file)?,
            data: FileEntry {
                name: data_file,
                size: data.size,
                sha256: hex(&data.sha256),
            },
            format: formats.weights,
            slow_format: formats.slow,
            parameters: model
                .data()
                .parameters()
                .iter()
                .map(Parameter::from)
                .collect(),
            inputs,
            outputs,
            states,
            position,
        })
    }

    fn write_data(
        &self,
        model: &OnnxModel,
        component: &'static str,
        path: &Path,
        progress: &dyn WriteProgress,
    ) -> Result<Written, ExportError> {
        let mut out = File::create(path).map_err(ExportError::write(path))?;
        let open = |parameter: &weights::PlacedParameter| {
            let tensor = self.weights.open(&parameter.name)?;
            Ok(ParameterReader { tensor, progress })
        };
        let written = model
            .data()
            .write(&mut out, open, |bytes| progress.advanced(bytes));
        written.map_err(|error| match error {
            WriteError::Values(error) => error,
            WriteError::Write(source) => ExportError::write(path)(source),
            count @ WriteError::Count { .. } => ExportError::Count {
                component,
                reason: count.to_string(),
            },
        })
    }
}

/// A checkpoint's tensor as the data file's writer reads it.
struct ParameterReader<'a> {
    tensor: Box<dyn TensorReader + 'a>,
    progress: &'a dyn WriteProgress,
}

impl ValueReader for ParameterReader<'_> {
    type Error = ExportError;

    fn read(&mut self, out: &mut [f32]) -> Result<usize, ExportError> {
        if self.progress.cancelled() {
            return Err(ExportError::Cancelled);
        }
        Ok(self.tensor.read(out)?)
    }
}

/// Waits until the disk has what was written: the bundle takes the old one's place whole,
/// even if the machine stops right after.
pub(super) fn flush(path: &Path) -> Result<(), ExportError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(ExportError::write(path))
}

fn write_buffered(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write(&mut out)?;
    out.flush()
}

pub(super) fn file_entry(dir: &Path, name: &str) -> Result<FileEntry, ExportError> {
    FileEntry::of(dir, name).map_err(|error| match error {
        bundle::FileError::Read { path, source } => ExportError::Write { path, source },
        other => ExportError::Write {
            path: dir.join(name),
            source: std::io::Error::other(other),
        },
    })
}
