//! Weights in memory.
//!
//! They are read, not mapped: a step of the backbone reads all of its weights once, and memory is
//! read twice as fast from huge pages, which mapped files do not get. (Measured: 14 GB/s against 7
//! in a virtual machine, where page table walks are expensive.)

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use memmap2::{MmapMut, MmapOptions};

/// The bytes of the file at `path`.
pub(crate) fn read(path: &Path) -> io::Result<MmapMut> {
    let mut file = File::open(path)?;
    let size = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    // A mapping cannot be empty.
    let mut memory = MmapOptions::new().len(size.max(1)).map_anon()?;
    #[cfg(target_os = "linux")]
    if memory.advise(memmap2::Advice::HugePage).is_err() {
        tracing::debug!("no huge pages for {}", path.display());
    }
    file.read_exact(&mut memory[..size])?;
    Ok(memory)
}
