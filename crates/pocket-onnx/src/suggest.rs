//! Suggestions for misspelt names.

/// ` (did you mean ...?)` if a name is similar, ignoring case and separators.
pub fn nearest(text: &str, names: &[&str]) -> String {
    let plain = |name: &str| name.to_lowercase().replace(['-', ' ', '.'], "_");
    let text = plain(text);
    let likeness = |name: &str| strsim::jaro_winkler(&text, &plain(name));
    let likenesses = names.iter().map(|name| (likeness(name), name));
    let best = likenesses.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(likeness, _)| *likeness > 0.7)
        .map(|(_, name)| format!(" (did you mean {name}?)"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn names_are_near_whatever_their_case() {
        let names = ["alba", "synthetic_1", "synthetic_2", "mimi_decoder"];
        for (typed, expected) in [
            ("Synthetic_1", "synthetic_1"),
            ("SYNTHETIC-2", "synthetic_2"),
            ("ALBA", "alba"),
            ("Abla", "alba"),
            ("Mimi Decoder", "mimi_decoder"),
        ] {
            let expected = format!(" (did you mean {expected}?)");
            assert_eq!(nearest(typed, &names), expected, "{typed}");
        }
        assert_eq!(nearest("zzz", &names), "");
        assert_eq!(nearest("alba", &[]), "");
    }
}
