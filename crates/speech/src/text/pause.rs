//! Spoken pauses: `[pause 500ms]` and `[pause 1.2s]`. They are ours; pocket-tts has none.

use super::TextError;
use super::python::strip;

/// Longest pause, in seconds.
pub const LONGEST_PAUSE: f64 = 60.0;

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Passage {
    /// To be spoken.
    Text(String),
    /// Silence of that many seconds.
    Pause(f64),
}

/// Tells pauses from what is to be spoken. Brackets that hold no pause are text.
pub fn parse(text: &str) -> Result<Vec<Passage>, TextError> {
    let mut passages = Vec::new();
    let mut rest = text;
    let mut spoken = String::new();
    while let Some(open) = rest.find('[') {
        let (before, from) = rest.split_at(open);
        spoken.push_str(before);
        let Some((marker, seconds)) = marker(from) else {
            spoken.push('[');
            rest = &from[1..];
            continue;
        };
        if seconds > LONGEST_PAUSE {
            return Err(TextError::Pause {
                marker: marker.to_owned(),
            });
        }
        push_text(&mut passages, &spoken);
        spoken.clear();
        passages.push(Passage::Pause(seconds));
        rest = &from[marker.len()..];
    }
    spoken.push_str(rest);
    if passages.is_empty() {
        if strip(&spoken).is_empty() {
            return Err(TextError::Empty);
        }
        return Ok(vec![Passage::Text(spoken)]);
    }
    push_text(&mut passages, &spoken);
    Ok(passages)
}

/// Adds what stands between pauses. Punctuation alone belongs to the words before: by itself it
/// would be spoken as an utterance of its own.
fn push_text(passages: &mut Vec<Passage>, text: &str) {
    let text = strip(text);
    if text.chars().any(char::is_alphanumeric) {
        passages.push(Passage::Text(text.to_owned()));
    } else if !text.is_empty()
        && let Some(Passage::Text(words)) =
            (passages.iter_mut()).rfind(|passage| matches!(passage, Passage::Text(_)))
    {
        words.push_str(text);
    }
}

/// The pause that `text` begins with: its marker and its seconds.
fn marker(text: &str) -> Option<(&str, f64)> {
    let close = text.find(']')?;
    let inside = text[1..close].trim_ascii();
    let word = inside
        .get(..5)
        .filter(|word| word.eq_ignore_ascii_case("pause"))?;
    let length = &inside[word.len()..];
    if !length.starts_with(|c: char| c.is_ascii_whitespace()) {
        return None;
    }
    let length = length.trim_ascii().to_ascii_lowercase();
    let (number, unit) = match length.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (length.strip_suffix('s')?, 1.0),
    };
    let number = number.trim_ascii_end();
    let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let seconds = number.parse::<f64>().ok().filter(|_| plain)? * unit;
    Some((&text[..=close], seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_told_from_text() {
        use Passage::{Pause, Text};
        let text = |text: &str| Text(text.to_owned());
        let cases = [
            ("Hello.", Ok(vec![text("Hello.")])),
            (
                "Hello. [pause 500ms] World.",
                Ok(vec![text("Hello."), Pause(0.5), text("World.")]),
            ),
            (
                "a[PAUSE 1.2 s]b",
                Ok(vec![text("a"), Pause(1.2), text("b")]),
            ),
            ("[pause 1s]", Ok(vec![Pause(1.0)])),
            ("Hello [pause 1s].", Ok(vec![text("Hello."), Pause(1.0)])),
            ("[pause 1s] ... b", Ok(vec![Pause(1.0), text("... b")])),
            ("[pause fast]", Ok(vec![text("[pause fast]")])),
            ("[pause]", Ok(vec![text("[pause]")])),
            ("[pause -1s]", Ok(vec![text("[pause -1s]")])),
            ("[pause 1e3s]", Ok(vec![text("[pause 1e3s]")])),
            ("[pauses 1s]", Ok(vec![text("[pauses 1s]")])),
            ("[[pause 1s]]", Ok(vec![Pause(1.0)])),
            ("[laughs] [", Ok(vec![text("[laughs] [")])),
            ("[é", Ok(vec![text("[é")])),
            ("[pausé 1s]", Ok(vec![text("[pausé 1s]")])),
            (" \n", Err(TextError::Empty)),
            (
                "a [pause 61s]",
                Err(TextError::Pause {
                    marker: "[pause 61s]".to_owned(),
                }),
            ),
        ];
        let mut wrong = Vec::new();
        for (text, expected) in cases {
            let actual = parse(text);
            if actual != expected {
                wrong.push((text, actual));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
