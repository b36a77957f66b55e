//! Memory of the module that JavaScript fills.

use wasm_bindgen::prelude::wasm_bindgen;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::Error;
use crate::values::whole;

/// Aligned so that it can contain numbers of any type and vectors of them.
type Line = [u128; 4];

/// Bytes that JavaScript writes at [`Bytes::pointer`] in the module's `memory`, as they arrive.
#[wasm_bindgen]
pub struct Bytes {
    lines: Vec<Line>,
    length: usize,
}

#[wasm_bindgen]
impl Bytes {
    /// Memory for `length` bytes, all 0.
    #[wasm_bindgen(constructor)]
    pub fn new(length: f64) -> Result<Self, Error> {
        // The implicit conversion of a JavaScript number to an integer would lose everything above
        // 32 bits.
        let bytes = whole("the length", length)?;
        let length = usize::try_from(bytes).map_err(|_| Error::Memory { bytes })?;
        let count = length.div_ceil(size_of::<Line>());
        let mut lines = Vec::new();
        (lines.try_reserve_exact(count)).map_err(|_| Error::Memory { bytes })?;
        lines.resize(count, [0; 4]);
        Ok(Self { lines, length })
    }

    /// Its address in the module's memory.
    #[wasm_bindgen(getter)]
    pub fn pointer(&self) -> usize {
        self.lines.as_ptr().addr()
    }

    /// XXH3 of the bytes in hexadecimal, to recognise unchanged content: much faster than a
    /// cryptographic digest.
    #[wasm_bindgen(getter)]
    pub fn checksum(&self) -> String {
        format!("{:016x}", xxh3_64(self.as_ref()))
    }

    /// Number of bytes.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.length
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.lines)[..self.length]
    }
}
