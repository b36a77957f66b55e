//! Codes: weights of q6 and q4 as they are stored, without a sign.

use weights::{PANEL, Q4_OFFSET, Q6_OFFSET};

use crate::simd::Simd;

/// Inputs that are multiplied at a time.
pub(super) const GROUP: usize = 16;
/// Unpacked codes of four inputs of a panel, `[16][4]`.
pub(super) type Four = [u8; 4 * PANEL];

/// How codes are packed.
pub(super) trait Codes {
    /// What is added to a weight.
    const OFFSET: i32;
    /// Bytes of [`GROUP`] inputs of a panel.
    const BYTES: usize;

    /// Adds the products of a group and its activations.
    ///
    /// # Safety
    ///
    /// The numbers are there.
    unsafe fn dot<S: Simd>(acc: S::I, a: *const i8, group: *const u8) -> S::I;

    /// The codes of the group at `from`.
    ///
    /// # Safety
    ///
    /// The group is there.
    unsafe fn unpack(from: *const u8) -> [Four; GROUP / 4];
}

/// `[inputs / 16][3][16][4]` bytes.
pub(super) struct Q6;

impl Codes for Q6 {
    const OFFSET: i32 = Q6_OFFSET;
    const BYTES: usize = 3 * size_of::<Four>();

    #[inline(always)]
    unsafe fn dot<S: Simd>(acc: S::I, a: *const i8, group: *const u8) -> S::I {
        // SAFETY: the caller's.
        unsafe { S::dot_sixes(acc, a, group) }
    }

    #[inline(always)]
    unsafe fn unpack(from: *const u8) -> [Four; GROUP / 4] {
        // SAFETY: the caller's.
        let rows = unsafe { &*from.cast::<[Four; 3]>() };
        let mut codes = [[0; 4 * PANEL]; GROUP / 4];
        for i in 0..4 * PANEL {
            let [a, b, c] = [0, 1, 2].map(|k| rows[k][i]);
            codes[0][i] = a & 63;
            codes[1][i] = b & 63;
            codes[2][i] = c & 63;
            codes[3][i] = a >> 6 | b >> 6 << 2 | c >> 6 << 4;
        }
        codes
    }
}

/// `[inputs / 8][16][4]` bytes.
pub(super) struct Q4;

impl Codes for Q4 {
    const OFFSET: i32 = Q4_OFFSET;
    const BYTES: usize = 2 * size_of::<Four>();

    #[inline(always)]
    unsafe fn dot<S: Simd>(acc: S::I, a: *const i8, group: *const u8) -> S::I {
        // SAFETY: the caller's.
        unsafe {
            let acc = S::dot_nibbles(acc, a, group);
            S::dot_nibbles(acc, a.add(GROUP / 2), group.add(Self::BYTES / 2))
        }
    }

    #[inline(always)]
    unsafe fn unpack(from: *const u8) -> [Four; GROUP / 4] {
        // SAFETY: the caller's.
        let rows = unsafe { &*from.cast::<[Four; 2]>() };
        let [lower, upper] = [
            rows.map(|row| row.map(|byte| byte & 15)),
            rows.map(|row| row.map(|byte| byte >> 4)),
        ];
        [lower[0], upper[0], lower[1], upper[1]]
    }
}
