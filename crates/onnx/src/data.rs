//! Writes the data file: parameters streamed from front to back.

use std::io::{self, Write};
use std::sync::mpsc::sync_channel;
use std::thread;

use sha2::{Digest as _, Sha256};

use crate::{Model, Parameter};

mod values;

use values::Values;

/// Buffers between the thread that writes and the one that hashes.
const BUFFERS: usize = 4;

#[cfg(target_endian = "big")]
compile_error!("ONNX data files are little-endian and are written as memory holds them");

/// Hands out the values of one parameter, front to back.
pub trait ValueReader {
    /// Why values cannot be had.
    type Error;

    /// Fills the front of `out` and says how many values that were; 0 at the end.
    fn read(&mut self, out: &mut [f32]) -> Result<usize, Self::Error>;
}

/// Why a data file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The values cannot be had.
    #[error(transparent)]
    Values(E),
    /// There are fewer or more values than the parameter's shape says.
    #[error("{name} has {actual} values where its shape holds {expected}")]
    Count {
        /// The parameter.
        name: String,
        /// Values of the shape.
        expected: u64,
        /// Values there are, at least.
        actual: u64,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(io::Error),
}

/// Size and SHA-256 of what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
}

impl Model {
    /// Writes the data file, taking each parameter's values from the reader that
    /// `open` makes, and telling `progress` the bytes written since the last call.
    ///
    /// Hashing runs on a second thread; a few buffers are all that is held.
    pub fn write_data<R, E>(
        &self,
        out: &mut impl Write,
        mut open: impl FnMut(&Parameter) -> Result<R, E>,
        mut progress: impl FnMut(u64),
    ) -> Result<Digest, WriteError<E>>
    where
        R: ValueReader<Error = E>,
    {
        let (to_hash, filled) = sync_channel::<Vec<f32>>(BUFFERS);
        let (give_back, empty) = sync_channel::<Vec<f32>>(BUFFERS);
        thread::scope(|scope| {
            let hasher = scope.spawn(move || {
                let mut hash = Sha256::new();
                while let Ok(buffer) = filled.recv() {
                    hash.update(bytemuck::cast_slice::<f32, u8>(&buffer));
                    // The writing thread may be gone already, and needs no buffer then.
                    let _ = give_back.try_send(buffer);
                }
                hash.finalize().into()
            });
            let mut write = |values: Vec<f32>| {
                out.write_all(bytemuck::cast_slice(&values))
                    .map_err(WriteError::Write)?;
                progress(values.len() as u64 * 4);
                // The hasher lives until its channel closes.
                let _ = to_hash.send(values);
                Ok(())
            };
            let mut at = 0;
            for parameter in self.parameters() {
                if parameter.offset > at {
                    // Offsets are multiples of 64: gaps are whole values.
                    write(vec![0.0; ((parameter.offset - at) / 4) as usize])?;
                }
                at = parameter.offset + parameter.size;
                let reader = open(parameter).map_err(WriteError::Values)?;
                let mut values = Values::new(parameter, reader);
                loop {
                    let mut buffer = empty.try_recv().unwrap_or_default();
                    values.fill(&mut buffer)?;
                    if buffer.is_empty() {
                        break;
                    }
                    write(buffer)?;
                }
            }
            drop(to_hash);
            let sha256 = hasher
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok(Digest { size: at, sha256 })
        })
    }
}
