//! The bytes of weights, which modules share.

use std::fmt;
use std::sync::Arc;

/// The bytes of a data file, mapped or in memory.
#[derive(Clone)]
pub struct WeightBytes(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl WeightBytes {
    /// Takes the bytes that `owner` holds.
    pub fn new(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self(Arc::new(owner))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

impl fmt::Debug for WeightBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes().len())
    }
}
