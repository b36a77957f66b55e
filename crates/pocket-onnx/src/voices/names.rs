//! Names of voices.

use std::path::Path;

use super::VoiceProblem;

/// Longest name, so that a file of that name is possible on every system.
const LONGEST_VOICE_NAME: usize = 64;

/// A voice as given to `--voices`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its name.
    pub(crate) name: String,
    /// A name, a path or a location.
    pub(crate) from: String,
    /// Whether the name was adapted, because the file's name is not allowed as one.
    pub(crate) adapted: bool,
}

impl Named {
    /// Parses `NAME=FILE`, or derives the name from the file.
    pub(crate) fn parse(typed: &str) -> Result<Self, VoiceProblem> {
        let given = typed
            .split_once('=')
            .filter(|(name, from)| !from.is_empty() && !name.contains(['/', '\\', ':']))
            .filter(|_| !Path::new(typed).exists());
        if let Some((name, from)) = given {
            return Ok(Self {
                name: checked(name)?,
                from: from.to_owned(),
                adapted: false,
            });
        }
        let (name, adapted) = of(typed);
        Ok(Self {
            name,
            from: typed.to_owned(),
            adapted,
        })
    }
}

/// Several voices in one argument: `alba,marius`. A file may have a comma in its name.
pub(crate) fn split(typed: &str) -> Vec<String> {
    let file = typed.split_once('=').map_or(typed, |(_, file)| file);
    if Path::new(typed).exists() || Path::new(file).exists() {
        return vec![typed.to_owned()];
    }
    let parts = typed.split(',').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// The name of a voice from there: the last part of its path, without the ending. The flag says
/// whether characters were replaced.
pub fn of(typed: &str) -> (String, bool) {
    let is_location = typed.contains("://");
    let path = match typed.split(['@', '?', '#']).next() {
        Some(path) if is_location => path,
        _ => typed,
    };
    let path = Path::new(path);
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    // For a bundle's own file, the name that it has there.
    let stem = bundle::VoiceEntry::name_of(&file).unwrap_or(&stem);
    if checked(stem).is_ok() {
        return (stem.to_owned(), false);
    }
    let mut name = String::new();
    for letter in stem.chars() {
        if is_plain(letter) {
            name.push(letter);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    let name: String = name
        .trim_matches('_')
        .chars()
        .take(LONGEST_VOICE_NAME)
        .collect();
    let name = if name.is_empty() {
        "voice".to_owned()
    } else {
        name
    };
    (name, true)
}

/// A name that is allowed in a file's name and in an address.
pub fn checked(name: &str) -> Result<String, VoiceProblem> {
    if name.is_empty() || name.len() > LONGEST_VOICE_NAME || !name.chars().all(is_plain) {
        return Err(VoiceProblem::Name {
            name: name.to_owned(),
            longest: LONGEST_VOICE_NAME,
        });
    }
    Ok(name.to_owned())
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_files() {
        let long = format!("{}.wav", "a".repeat(100));
        for (typed, name, adapted) in [
            ("alba", "alba", false),
            ("a/b/me.wav", "me", false),
            ("b/voice.me.safetensors", "me", false),
            ("hf://a/b/c.safetensors@main", "c", false),
            ("https://example.org/v.mp3?x=1#y", "v", false),
            ("My Voice (2).wav", "My_Voice_2", true),
            ("Zo\u{eb} M\u{fc}ller.m4a", "Zo_M_ller", true),
            ("a,b.wav", "a_b", true),
            ("take #3@home.wav", "take_3_home", true),
            ("\u{58f0}.wav", "voice", true),
            (".wav", "wav", true),
            ("..", "voice", true),
            (&long, &"a".repeat(64), true),
        ] {
            assert_eq!(of(typed), (name.to_owned(), adapted), "{typed}");
        }
    }

    #[test]
    fn a_name_may_be_given() {
        for (typed, name, from) in [
            ("me=a b.wav", "me", "a b.wav"),
            ("me=alba", "me", "alba"),
            (
                "me=https://example.org/?a=b",
                "me",
                "https://example.org/?a=b",
            ),
            (
                "https://example.org/v.wav?a=b",
                "v",
                "https://example.org/v.wav?a=b",
            ),
            ("d/a=b.wav", "a_b", "d/a=b.wav"),
        ] {
            let named = Named::parse(typed).unwrap();
            assert_eq!((named.name.as_str(), named.from.as_str()), (name, from));
        }
        for typed in ["my voice=a.wav", "=a.wav", "\u{e9}=a.wav"] {
            Named::parse(typed).unwrap_err();
        }
        assert_eq!(split("alba,marius,"), ["alba", "marius"]);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a,b=c.wav").display().to_string();
        std::fs::write(&file, "").unwrap();
        for typed in [file.clone(), format!("me={file}")] {
            assert_eq!(split(&typed), [typed.as_str()]);
            assert_eq!(Named::parse(&typed).unwrap().from, file);
        }
    }
}
