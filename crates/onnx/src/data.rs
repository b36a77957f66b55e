//! Writes the data file: parameters streamed from front to back.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use sha2::{Digest as _, Sha256};

use crate::{Model, Parameter};

mod values;

use values::Values;

/// Buffers between two threads.
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
    /// `open` makes, and telling `progress` the bytes handed on since the last call.
    ///
    /// Reading, writing and hashing each have a thread; a few buffers are all that is held.
    pub fn write_data<R, E>(
        &self,
        out: &mut (impl Write + Send),
        open: impl FnMut(&Parameter) -> Result<R, E>,
        progress: impl FnMut(u64),
    ) -> Result<Digest, WriteError<E>>
    where
        R: ValueReader<Error = E>,
    {
        let (to_write, filled) = sync_channel::<Vec<f32>>(BUFFERS);
        let (to_hash, written) = sync_channel::<Vec<f32>>(BUFFERS);
        // Room for all there are, so that none is freed and made anew.
        let (give_back, empty) = sync_channel::<Vec<f32>>(4 * BUFFERS);
        thread::scope(|scope| {
            let writer = scope.spawn(move || {
                for buffer in filled {
                    out.write_all(bytemuck::cast_slice(&buffer))?;
                    // The hasher lives until its channel closes.
                    let _ = to_hash.send(buffer);
                }
                Ok(())
            });
            let hasher = scope.spawn(move || {
                let mut hash = Sha256::new();
                for buffer in written {
                    hash.update(bytemuck::cast_slice::<f32, u8>(&buffer));
                    // The reading side may be gone already, and needs no buffer then.
                    let _ = give_back.try_send(buffer);
                }
                hash.finalize().into()
            });
            let read = self.read_values(open, progress, &to_write, &empty);
            drop(to_write);
            // A failure to write ends the reading too: it is the one to tell.
            join(writer).map_err(WriteError::Write)?;
            read?;
            Ok(Digest {
                size: self.data_size(),
                sha256: join(hasher),
            })
        })
    }

    /// Sends all values to the writer, as the file holds them; stops when it is gone.
    fn read_values<R, E>(
        &self,
        mut open: impl FnMut(&Parameter) -> Result<R, E>,
        mut progress: impl FnMut(u64),
        to_write: &SyncSender<Vec<f32>>,
        empty: &Receiver<Vec<f32>>,
    ) -> Result<(), WriteError<E>>
    where
        R: ValueReader<Error = E>,
    {
        let mut send = |values: Vec<f32>| {
            progress(values.len() as u64 * 4);
            to_write.send(values).is_ok()
        };
        let mut tensor = Vec::new();
        let mut at = 0;
        for parameter in self.parameters() {
            // Offsets are multiples of 64: gaps are whole values.
            let gap = ((parameter.offset - at) / 4) as usize;
            if gap > 0 && !send(vec![0.0; gap]) {
                return Ok(());
            }
            at = parameter.offset + parameter.size;
            let reader = open(parameter).map_err(WriteError::Values)?;
            let mut values = Values::new(parameter, reader, &mut tensor);
            loop {
                let mut buffer = empty.try_recv().unwrap_or_default();
                values.fill(&mut buffer)?;
                if buffer.is_empty() {
                    break;
                }
                if !send(buffer) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// What a thread came to; its panic goes on here.
fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
