//! Writes output files safely.
//!
//! An output may be a file, a link to one, a device, a named pipe, standard output, or a file that
//! cannot be replaced by renaming, such as one mounted into a container. [`Destination`] finds out
//! before the work begins; [`OutputFile`] takes the bytes and puts them in place. [`FolderLock`]
//! lets one program at a time change a folder.

mod destination;
mod error;
mod links;
mod lock;
mod output;

pub use destination::Destination;
pub use error::OutputError;
pub use links::resolve;
pub use lock::{Attempt, FolderLock};
pub use output::OutputFile;
