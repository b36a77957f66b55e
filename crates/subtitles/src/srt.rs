//! `SubRip` subtitles.

use std::fmt::Write as _;

use crate::cues::{Cue, clock};

pub(super) fn write(cues: &[Cue]) -> String {
    let mut out = String::new();
    for (number, cue) in (1..).zip(cues) {
        let [start, end] = [cue.start, cue.end].map(time);
        let _ = writeln!(out, "{number}\n{start} --> {end}");
        for line in &cue.lines {
            let line: String = line.iter().map(|word| &word.text[..]).collect();
            // The format has no escapes: a zero-width character breaks up an arrow in the text.
            let _ = writeln!(out, "{}", line.replace("-->", "--\u{2060}>"));
        }
        out.push('\n');
    }
    out
}

fn time(seconds: f64) -> String {
    let [hours, minutes, seconds, parts] = clock(seconds, 1000);
    format!("{hours:02}:{minutes:02}:{seconds:02},{parts:03}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cues::{cues, tests::spoken};

    #[test]
    fn subtitles_are_numbered_and_timed() {
        let cues = cues(&spoken(&[&["One", "-->", "two."], &["Three."]]));
        assert_eq!(
            write(&cues),
            "1\n00:00:00,000 --> 00:00:01,400\nOne --\u{2060}> two.\n\n\
             2\n00:00:01,500 --> 00:00:02,000\nThree.\n\n"
        );
        assert_eq!(write(&[]), "");
    }
}
