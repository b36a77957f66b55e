//! The `Range` header: one range of bytes.

/// What a `Range` header requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of the file: no range, or several, or one in another unit, which may all be ignored.
    Whole,
    /// Bytes from `start` up to, but not including, `end`.
    Part { start: u64, end: u64 },
    /// Bytes beyond the end of the file.
    Unsatisfiable,
}

impl Wanted {
    /// Reads the header's value for a file of `size` bytes.
    pub(crate) fn parse(header: &str, size: u64) -> Self {
        let Some((from, to)) = header
            .split_once('=')
            .filter(|(unit, ranges)| unit.eq_ignore_ascii_case("bytes") && !ranges.contains(','))
            .and_then(|(_, range)| range.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        let (start, end) = match (number(from), number(to)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(size)),
            (Some(first), None) if to.is_empty() => (first, size),
            // The last N bytes.
            (None, Some(count)) if from.is_empty() => (size.saturating_sub(count), size),
            _ => return Self::Whole,
        };
        if start < end {
            Self::Part { start, end }
        } else {
            Self::Unsatisfiable
        }
    }
}

/// A number of bytes: digits only. One that is too large for any file becomes the maximum.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::Wanted::{self, Part, Unsatisfiable, Whole};

    #[test]
    fn ranges_of_ten_bytes() {
        let cases = [
            ("bytes=0-3", Part { start: 0, end: 4 }),
            ("bytes=4-", Part { start: 4, end: 10 }),
            ("bytes=-3", Part { start: 7, end: 10 }),
            ("bytes=-30", Part { start: 0, end: 10 }),
            ("bytes=9-99", Part { start: 9, end: 10 }),
            ("bytes=0-18446744073709551615", Part { start: 0, end: 10 }),
            (
                "bytes=0-99999999999999999999999",
                Part { start: 0, end: 10 },
            ),
            ("bytes=-99999999999999999999999", Part { start: 0, end: 10 }),
            ("Bytes=0-3", Part { start: 0, end: 4 }),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=+1-2", Whole),
            ("bytes=1-+2", Whole),
            ("bytes=0 -3", Whole),
            ("bytes=--3", Whole),
            ("bytes=10-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=12-14", Unsatisfiable),
            ("bytes=3-2", Whole),
            ("bytes=0-1,4-5", Whole),
            ("bytes=x-y", Whole),
            ("bytes=-", Whole),
            ("bytes=5-x", Whole),
            ("lines=0-1", Whole),
            ("", Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(Wanted::parse(header, 10), expected, "{header}");
        }
        assert_eq!(Wanted::parse("bytes=0-", 0), Unsatisfiable);
    }
}
