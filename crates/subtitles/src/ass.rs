//! Advanced `SubStation` Alpha subtitles, with karaoke marks.

use std::fmt::Write as _;

use crate::cues::{Cue, clock};

const ASS_HEADER: &str = "[Script Info]
ScriptType: v4.00+
PlayResX: 1280
PlayResY: 720
WrapStyle: 2
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,44,&H00FFFFFF,&H00A0A0A0,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,2,0,2,60,60,48,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
";

pub(super) fn write(cues: &[Cue]) -> String {
    let mut out = String::from(ASS_HEADER);
    for cue in cues {
        let [start, end] = [cue.start, cue.end].map(time);
        let _ = write!(out, "Dialogue: 0,{start},{end},Default,,0,0,0,,");
        // A mark says how long its word is highlighted, until the next: their sum follows the
        // clock.
        let starts: Vec<u64> = cue.words().map(|word| parts(word.start)).collect();
        let mut ends = starts.iter().skip(1).copied().chain([parts(cue.end)]);
        let mut at = parts(cue.start);
        for (index, line) in cue.lines.iter().enumerate() {
            if index > 0 {
                out.push_str("\\N");
            }
            for word in line {
                let end = ends.next().unwrap_or(at).max(at);
                let _ = write!(out, "{{\\k{}}}{}", end - at, escaped(&word.text));
                at = end;
            }
        }
        out.push('\n');
    }
    out
}

/// Escapes a text: braces contain commands, and a backslash begins some, so a zero-width character is
/// put after it.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\u{2060}");
    text.replace('{', "\\{").replace('}', "\\}")
}

fn parts(seconds: f64) -> u64 {
    (seconds.max(0.0) * 100.0).round() as u64
}

fn time(seconds: f64) -> String {
    let [hours, minutes, seconds, parts] = clock(seconds, 100);
    format!("{hours}:{minutes:02}:{seconds:02}.{parts:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cues::{cues, tests::spoken};

    #[test]
    fn marks_say_how_long_each_word_is_lit() {
        let cues = cues(&spoken(&[&["{One}", "a\\N,", "two."], &["Three."]]));
        let written = write(&cues);
        let events: Vec<&str> = written
            .lines()
            .skip_while(|line| !line.starts_with("Dia"))
            .collect();
        assert_eq!(
            events,
            [
                "Dialogue: 0,0:00:00.00,0:00:01.40,Default,,0,0,0,,{\\k50}\\{One\\}{\\k50} a\\\u{2060}N,{\\k40} two.",
                "Dialogue: 0,0:00:01.50,0:00:02.00,Default,,0,0,0,,{\\k50}Three.",
            ]
        );
    }
}
