//! `WebVTT` subtitles, with a mark where each word begins.

use std::fmt::Write as _;

use crate::cues::{Cue, clock};

pub(super) fn write(cues: &[Cue]) -> String {
    let mut out = String::from("WEBVTT\n\n");
    for cue in cues {
        let [start, end] = [cue.start, cue.end].map(time);
        let _ = writeln!(out, "{start} --> {end}");
        // A mark must be inside its subtitle, after the previous mark.
        let mut last = start.clone();
        for line in &cue.lines {
            for word in line {
                let mark = time(word.start);
                if mark > last && mark < end {
                    let _ = write!(out, "<{mark}>");
                    last = mark;
                }
                let _ = write!(out, "<c>{}</c>", escaped(&word.text));
            }
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// Times of equal length, so that they sort as text.
fn time(seconds: f64) -> String {
    let [hours, minutes, seconds, parts] = clock(seconds, 1000);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{parts:03}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cues::{cues, tests::spoken};

    #[test]
    fn every_word_has_its_mark() {
        let cues = cues(&spoken(&[&["A&B", "<two>", "-->"], &["Three."]]));
        assert_eq!(
            write(&cues),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.400\n<c>A&amp;B</c><00:00:00.500><c> &lt;two&gt;</c>\
             <00:00:01.000><c> --&gt;</c>\n\n00:00:01.500 --> 00:00:02.000\n<c>Three.</c>\n\n"
        );
    }
}
