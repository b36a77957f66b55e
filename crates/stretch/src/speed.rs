//! The speed of speech, and where its moments are in the output.

use std::fmt;

/// A speed from 0.5 to 2: seconds of input per second of output.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Speed(f64);

/// A speed outside the range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the speed has to be a number from {} to {}, not {}", Speed::SLOWEST, Speed::FASTEST, Shown(*.0))]
pub struct SpeedError(pub f64);

impl Speed {
    /// The model's own speed: samples pass unchanged.
    pub const ONE: Self = Self(1.0);
    /// Half as fast.
    pub const SLOWEST: Self = Self(0.5);
    /// Twice as fast.
    pub const FASTEST: Self = Self(2.0);

    /// The speed, if it is from 0.5 to 2.
    pub fn new(speed: f64) -> Result<Self, SpeedError> {
        if (Self::SLOWEST.0..=Self::FASTEST.0).contains(&speed) {
            Ok(Self(speed))
        } else {
            Err(SpeedError(speed))
        }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The output position of a moment of the input, in samples or in seconds.
    ///
    /// This is the ideal position. What is heard there is off by at most
    /// [`LARGEST_DRIFT`](crate::LARGEST_DRIFT) of the input.
    pub fn output_position(self, input: f64) -> f64 {
        input / self.0
    }

    /// The moment of the input that is heard at an output position: the inverse of
    /// [`Speed::output_position`].
    pub fn input_position(self, output: f64) -> f64 {
        output * self.0
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self::ONE
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number, formatted as in a page.
struct Shown(f64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("Infinity"),
            f64::NEG_INFINITY => f.write_str("-Infinity"),
            number => number.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_outside_are_refused_in_words() {
        for good in [0.5, 0.5001, 1.0, 1.999, 2.0] {
            assert_eq!(Speed::new(good).map(Speed::get), Ok(good));
        }
        let cases = [
            (0.499_999, "0.499999"),
            (2.000_001, "2.000001"),
            (0.0, "0"),
            (-1.0, "-1"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (bad, shown) in cases {
            let words = Speed::new(bad).unwrap_err().to_string();
            let expected = format!("the speed has to be a number from 0.5 to 2, not {shown}");
            assert_eq!(words, expected);
        }
    }

    #[test]
    fn positions_map_both_ways() {
        let speed = Speed::new(1.25).unwrap();
        assert!((speed.output_position(24_000.0) - 19_200.0).abs() < 1e-9);
        for at in [0.0, 1.0, 12_345.0, 1e9] {
            assert!((speed.input_position(speed.output_position(at)) - at).abs() < 1e-6);
        }
        assert!((Speed::ONE.output_position(7.0) - 7.0).abs() < f64::EPSILON);
    }
}
