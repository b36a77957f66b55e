//! What a file says about its sound.

/// Tags of a file. Formats without tags (WAV, PCM) leave them out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// What is spoken, or its beginning.
    pub title: Option<String>,
    /// Name of the voice; players show it as the artist.
    pub voice: Option<String>,
    /// Name of the model.
    pub model: Option<String>,
}

/// Says that no person spoke.
const COMMENT: &str = "synthetic speech";
/// Program that wrote the file.
const ENCODER: &str = concat!("pocket-onnx ", env!("CARGO_PKG_VERSION"));
/// Letters that a title has at most.
const TITLE: usize = 100;

impl Tags {
    /// A title made of a text: its first words, in one line.
    pub fn title_of(text: &str) -> Option<String> {
        let mut title = String::new();
        let mut letters = 0;
        for word in text.split_whitespace() {
            letters += word.chars().count() + 1;
            if letters > TITLE {
                title.push('…');
                break;
            }
            if !title.is_empty() {
                title.push(' ');
            }
            title.push_str(word);
        }
        (!title.is_empty()).then_some(title)
    }

    /// As Vorbis comments, which FLAC and Opus have.
    pub(crate) fn comments(&self) -> Vec<(&'static str, &str)> {
        let own = [
            ("TITLE", &self.title),
            ("ARTIST", &self.voice),
            ("MODEL", &self.model),
        ];
        let own = own.into_iter();
        own.filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .chain([("COMMENT", COMMENT), ("ENCODER", ENCODER)])
            .collect()
    }

    /// As an ID3 tag, which MP3 has.
    pub(crate) fn id3(&self) -> id3::Tag {
        use id3::TagLike as _;
        use id3::frame::{Comment, ExtendedText};

        let mut tag = id3::Tag::new();
        if let Some(title) = &self.title {
            tag.set_title(title);
        }
        if let Some(voice) = &self.voice {
            tag.set_artist(voice);
        }
        if let Some(model) = &self.model {
            tag.add_frame(ExtendedText {
                description: "MODEL".into(),
                value: model.clone(),
            });
        }
        tag.add_frame(Comment {
            lang: "eng".into(),
            description: String::new(),
            text: COMMENT.into(),
        });
        tag.set_text("TSSE", ENCODER);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_beginning_of_the_text_in_one_line() {
        assert_eq!(
            Tags::title_of("Hello,\n  there."),
            Some("Hello, there.".into())
        );
        assert_eq!(Tags::title_of(" \n"), None);
        let long = Tags::title_of(&"word ".repeat(50)).unwrap();
        assert!(
            long.chars().count() <= TITLE && long.ends_with("word…"),
            "{long}"
        );
        assert_eq!(Tags::title_of(&"x".repeat(200)), Some("…".into()));
    }
}
