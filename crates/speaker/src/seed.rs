//! Seeds of the noise.

use getrandom::Error;

/// A new seed, which a script can read as a number of any language: 53 bits.
///
/// # Errors
///
/// Where the system has no random numbers.
pub fn fresh_seed() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes) >> 11)
}
