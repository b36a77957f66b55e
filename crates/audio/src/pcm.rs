//! How a WAV file stores samples.

/// How samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Whole numbers: unsigned in one byte, signed in more.
    Integer,
    /// Floating point of 32 or 64 bits.
    Float,
    /// G.711 A-law.
    ALaw,
    /// G.711 mu-law.
    MuLaw,
}

/// Samples of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pcm {
    pub(crate) coding: Coding,
    /// Bytes from one sample to the next.
    pub(crate) container: usize,
    /// Bits that count.
    pub(crate) bits: u32,
    pub(crate) big_endian: bool,
}

impl Pcm {
    /// Whether integers may be at either end of a container that is too wide for them.
    pub(crate) fn is_padded(self) -> bool {
        self.coding == Coding::Integer && self.container > self.bits.div_ceil(8) as usize
    }

    /// The samples in `bytes`, as floating point from -1 to 1. `right` says that integers are at
    /// the lower end of a wider container.
    pub(crate) fn decode(self, bytes: &[u8], right: bool, out: &mut Vec<f32>) {
        out.clear();
        let samples = bytes.chunks_exact(self.container);
        match self.coding {
            Coding::Integer => {
                let bits = if self.is_padded() && right {
                    self.bits
                } else {
                    8 * self.container as u32
                };
                let scale = 0.5_f64.powi(bits as i32 - 1);
                out.extend(samples.map(|it| (self.integer(it) as f64 * scale) as f32));
            }
            Coding::Float => out.extend(samples.map(|it| self.float(it))),
            Coding::ALaw => out.extend(samples.map(|it| a_law(it[0]))),
            Coding::MuLaw => out.extend(samples.map(|it| mu_law(it[0]))),
        }
    }

    /// Whether every integer in `bytes` fits into the bits that count.
    pub(crate) fn fits(self, bytes: &[u8]) -> bool {
        let limit = 1_i64 << (self.bits.clamp(1, 63) - 1);
        let samples = bytes.chunks_exact(self.container);
        samples
            .map(|it| self.integer(it))
            .all(|it| (-limit..limit).contains(&it))
    }

    fn integer(self, sample: &[u8]) -> i64 {
        if let [byte] = sample {
            return i64::from(*byte) - 128;
        }
        let (high, rest): (u8, &mut dyn Iterator<Item = &u8>) = match sample {
            [high, rest @ ..] if self.big_endian => (*high, &mut rest.iter()),
            [rest @ .., high] => (*high, &mut rest.iter().rev()),
            [] => return 0,
        };
        rest.fold(i64::from(high.cast_signed()), |value, &byte| {
            value << 8 | i64::from(byte)
        })
    }

    fn float(self, sample: &[u8]) -> f32 {
        match (<[u8; 4]>::try_from(sample), <[u8; 8]>::try_from(sample)) {
            (Ok(four), _) if self.big_endian => f32::from_be_bytes(four),
            (Ok(four), _) => f32::from_le_bytes(four),
            (_, Ok(eight)) if self.big_endian => f64::from_be_bytes(eight) as f32,
            (_, Ok(eight)) => f64::from_le_bytes(eight) as f32,
            _ => 0.0,
        }
    }
}

/// ITU-T G.711, table 1a.
fn a_law(code: u8) -> f32 {
    let code = code ^ 0x55;
    let (exponent, mantissa) = (code >> 4 & 7, i32::from(code & 15));
    let magnitude = match exponent {
        0 => mantissa << 4 | 8,
        _ => (mantissa << 4 | 0x108) << (exponent - 1),
    };
    signed(code & 0x80 != 0, magnitude)
}

/// ITU-T G.711, table 2a.
fn mu_law(code: u8) -> f32 {
    let code = !code;
    let (exponent, mantissa) = (code >> 4 & 7, i32::from(code & 15));
    let magnitude = ((mantissa << 3 | 0x84) << exponent) - 0x84;
    signed(code & 0x80 == 0, magnitude)
}

fn signed(positive: bool, magnitude: i32) -> f32 {
    let value = if positive { magnitude } else { -magnitude };
    value as f32 / 32_768.0
}
