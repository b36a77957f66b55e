//! How memory is read.

/// Streams of memory that are read interleaved. Finding the next page takes longer than reading
/// it, so that it is done for several streams at once.
pub(crate) const MEM_STREAMS: usize = 4;
/// Bytes of a cache line.
pub(crate) const CACHE_LINE: usize = 64;
/// Bytes from what is read to what is prefetched: a page, so that the next one is found in time.
pub(crate) const PREFETCH_DISTANCE: usize = 4096;
