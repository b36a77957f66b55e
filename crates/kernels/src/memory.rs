//! How memory is read.

use weights::WeightFormat;

/// Streams of memory that are read interleaved where there is no choice: by attention, and when
/// blocks of rows prefetch a panel. Finding the next page takes longer than reading it, so that
/// it is done for several streams at once.
pub(crate) const MEM_STREAMS: usize = 4;
/// Bytes of a cache line.
pub(crate) const CACHE_LINE: usize = 64;
/// Bytes from what is read to what is prefetched: a page, so that the next one is found in time.
pub(crate) const PREFETCH_DISTANCE: usize = 4096;

/// How products of one row read their weight. Results are the same in every order, to the last
/// bit; which is the fastest depends on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOrder {
    /// Panels that are read by turns, each from another part of the weight.
    pub(crate) streams: Streams,
    /// Bytes from what is read to what is prefetched, where prefetching does not wait.
    pub(crate) distance: usize,
}

/// How many panels are read by turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streams {
    One = 1,
    Two = 2,
    Four = 4,
}

impl ReadOrder {
    /// The orders to choose from. The first is for slow memory, on which the others cost most.
    pub const ALL: &[Self] = &[
        Self::new(Streams::Four, PREFETCH_DISTANCE),
        Self::new(Streams::Two, PREFETCH_DISTANCE),
        Self::new(Streams::One, 8192),
        // wasm has no prefetch instruction, so that distances make no difference.
        #[cfg(not(target_arch = "wasm32"))]
        Self::new(Streams::One, 16384),
    ];

    /// The orders in which products with weights in `format` can read them.
    pub fn of(format: WeightFormat) -> &'static [Self] {
        match format {
            WeightFormat::F32 | WeightFormat::Bf16 | WeightFormat::Q16 => &Self::ALL[..1],
            WeightFormat::Q8 | WeightFormat::Q6 | WeightFormat::Q4 => Self::ALL,
        }
    }

    const fn new(streams: Streams, distance: usize) -> Self {
        Self { streams, distance }
    }
}

impl Default for ReadOrder {
    fn default() -> Self {
        Self::ALL[0]
    }
}
