//! Writes a data file: parameters streamed from front to back.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use sha2::{Digest as _, Sha256};

use super::values::{PackedValues, WriterScratch};
use super::{DataFile, PlacedParameter};

/// Buffers between two threads.
const BUFFERS: usize = 4;

#[cfg(target_endian = "big")]
compile_error!("data files are little-endian and are written as memory holds them");

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

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// Weights stored as bf16 that had to be rounded to it.
    pub rounded: usize,
}

impl DataFile {
    /// Writes the file, taking each parameter's values from the reader that
    /// `open` makes, and telling `progress` the bytes handed on since the last call.
    ///
    /// Reading, writing and hashing each have a thread; a few buffers are all that is held.
    pub fn write<R, E>(
        &self,
        out: &mut (impl Write + Send),
        open: impl FnMut(&PlacedParameter) -> Result<R, E>,
        progress: impl FnMut(u64),
    ) -> Result<Written, WriteError<E>>
    where
        R: ValueReader<Error = E>,
    {
        let (to_write, filled) = sync_channel::<Vec<u8>>(BUFFERS);
        let (to_hash, written) = sync_channel::<Vec<u8>>(BUFFERS);
        // Room for all there are, so that none is freed and made anew.
        let (give_back, empty) = sync_channel::<Vec<u8>>(4 * BUFFERS);
        thread::scope(|scope| {
            let writer = scope.spawn(move || {
                for buffer in filled {
                    out.write_all(&buffer)?;
                    // The hasher lives until its channel closes.
                    let _ = to_hash.send(buffer);
                }
                Ok(())
            });
            let hasher = scope.spawn(move || {
                let mut hash = Sha256::new();
                for buffer in written {
                    hash.update(&buffer);
                    // The reading side may be gone already, and needs no buffer then.
                    let _ = give_back.try_send(buffer);
                }
                hash.finalize().into()
            });
            let sink = DataSink {
                to_write: &to_write,
                empty: &empty,
                progress,
                at: 0,
            };
            let read = self.read_values(open, sink);
            drop(to_write);
            // A failure to write ends the reading too: it is the one to tell.
            join(writer).map_err(WriteError::Write)?;
            Ok(Written {
                size: self.size(),
                rounded: read?,
                sha256: join(hasher),
            })
        })
    }

    /// Sends all values to the writer, as the file holds them; stops when it is gone. Returns
    /// how many weights were rounded to bf16.
    fn read_values<R, E>(
        &self,
        mut open: impl FnMut(&PlacedParameter) -> Result<R, E>,
        mut out: DataSink<'_, impl FnMut(u64)>,
    ) -> Result<usize, WriteError<E>>
    where
        R: ValueReader<Error = E>,
    {
        let mut rounded = 0;
        let mut scratch = WriterScratch::default();
        for parameter in self.parameters() {
            let reader = open(parameter).map_err(WriteError::Values)?;
            let mut values = PackedValues::new(parameter, reader, &mut scratch);
            let mut goes_on = out.fill_up(parameter.values.offset);
            while goes_on {
                let mut buffer = out.empty.try_recv().unwrap_or_default();
                values.fill(&mut buffer)?;
                if buffer.is_empty() {
                    break;
                }
                goes_on = out.send(buffer);
            }
            rounded += usize::from(values.rounded());
            if let Some(scales) = parameter.scales {
                goes_on = goes_on && out.fill_up(scales.offset) && out.send(values.into_scales());
            }
            if !goes_on {
                break;
            }
        }
        Ok(rounded)
    }
}

/// Where packed values go: the writer's thread.
struct DataSink<'a, P> {
    to_write: &'a SyncSender<Vec<u8>>,
    /// Buffers to use again.
    empty: &'a Receiver<Vec<u8>>,
    progress: P,
    /// Bytes sent.
    at: u64,
}

impl<P: FnMut(u64)> DataSink<'_, P> {
    /// Whether the writer is still there.
    fn send(&mut self, bytes: Vec<u8>) -> bool {
        (self.progress)(bytes.len() as u64);
        self.at += bytes.len() as u64;
        self.to_write.send(bytes).is_ok()
    }

    /// Zeros up to `offset`.
    fn fill_up(&mut self, offset: u64) -> bool {
        let gap = (offset - self.at) as usize;
        gap == 0 || self.send(vec![0; gap])
    }
}

/// The result of a thread; its panic goes on here.
fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
