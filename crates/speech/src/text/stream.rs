//! Turns a text that arrives piece by piece into chunks and pauses.

use std::collections::VecDeque;

use config::TextOptions;

use super::TextError;
use super::arriving::Asking;
use super::chunk::{Excerpt, TextChunk, Unspoken};
use super::chunks::{Chunks, sizes};
use super::map::{Mapped, SourceMap};
use super::passage::{PassageEvent, Passages};
use super::pause::{Markers, TextOrPause};
use super::piece::TextPiece;
use super::python::is_space;
use super::segment::SegmentSizes;
use crate::Tokenizer;

/// What is to be spoken next.
#[derive(Clone, Debug, PartialEq)]
pub enum ChunkOrPause {
    /// These sentences, in one go.
    Chunk(TextChunk),
    /// Silence of that many seconds.
    Pause(f64),
}

/// Seconds of silence for a text without words, such as `...` or an emoji, which a model would make noise
/// of. Nothing at all would make programs stop that wait for sound.
const SILENCE: f64 = 0.2;

/// What [`TextStream::next`] found.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Something to speak.
    Say(ChunkOrPause),
    /// Nothing yet, after work on a piece of the text: call again.
    Again,
    /// Nothing: it needs more of the text.
    More,
    /// The text is over, and everything was returned.
    Over,
}

/// What a text has given so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Emitted {
    Nothing,
    ChunkOrPause,
    /// The text had nothing to speak.
    SilenceForText,
}

/// Makes chunks and pauses of a text as it arrives. What it keeps, and what it does in one call, is
/// bounded by a piece of text and a few sentences, not by the whole text.
pub struct TextStream {
    unspoken: Unspoken,
    markers: Markers,
    passages: Passages,
    events: VecDeque<PassageEvent>,
    chunks: Chunks,
    ready: VecDeque<ChunkOrPause>,
    is_over: bool,
    /// Whether the source has more than white space.
    has_signs: bool,
    emitted: Emitted,
    /// Chunks so far.
    count: usize,
}

impl TextStream {
    /// Chunks have at most `max_tokens` tokens, where the text has that many boundaries.
    pub fn new(tokenizer: &Tokenizer, max_tokens: usize) -> Self {
        Self::with_sizes(tokenizer, max_tokens, sizes(max_tokens))
    }

    fn with_sizes(tokenizer: &Tokenizer, max_tokens: usize, sizes: SegmentSizes) -> Self {
        Self {
            unspoken: Unspoken::default(),
            markers: Markers::default(),
            passages: Passages::default(),
            events: VecDeque::new(),
            chunks: Chunks::new(tokenizer, max_tokens, sizes),
            ready: VecDeque::new(),
            is_over: false,
            has_signs: false,
            emitted: Emitted::Nothing,
            count: 0,
        }
    }

    /// Takes more of the text, best a few thousand bytes. Refuses a pause longer than
    /// [`super::LONGEST_PAUSE`].
    pub fn push(&mut self, text: &str) -> Result<(), TextError> {
        self.push_made(text, text, &SourceMap::identity(text.len(), 0))
    }

    /// Takes a piece of a text that may have been rewritten.
    pub fn push_piece(&mut self, piece: &TextPiece) -> Result<(), TextError> {
        self.push_made(piece.source(), piece.text(), &piece.map())
    }

    /// Takes more of a text that was made of `source`, the next piece of another; `map` leads from
    /// one to the other. Places in the source are those in all its pieces together.
    pub fn push_made(
        &mut self,
        source: &str,
        text: &str,
        map: &SourceMap,
    ) -> Result<(), TextError> {
        let place = SourceMap::identity(source.len(), self.unspoken.end());
        self.unspoken.push(source);
        self.has_signs = self.has_signs || source.contains(|c| !is_space(c));
        let text = Mapped::new(text, map.compose(&place));
        let (passages, events) = (&mut self.passages, &mut self.events);
        let mut emit = |piece: TextOrPause| passages.push(piece, events);
        self.markers.push(&text, &mut emit)
    }

    /// The source after the last chunk, none of which is spoken. Once the text is over, it and the
    /// chunks' excerpts make the whole source, unless tens of kilobytes in a row are not spoken.
    pub fn rest(&self) -> &Excerpt {
        self.unspoken.rest()
    }

    /// Ends the passage here: what has come is spoken without what comes later, as if `[pause 0s]`
    /// stood here.
    pub fn flush(&mut self) -> Result<(), TextError> {
        let (passages, events) = (&mut self.passages, &mut self.events);
        let mut emit = |piece: TextOrPause| passages.push(piece, events);
        self.markers.finish(&mut emit)?;
        self.passages.flush(&mut self.events);
        Ok(())
    }

    /// What it has, for a source that is asked for more.
    pub fn asking(&self) -> Asking {
        Asking {
            has_text: self.passages.is_open(),
            chunks: self.count,
        }
    }

    /// The first few parts of the text so far that look like a pause but are spoken as words.
    pub fn near_misses(&self) -> &[String] {
        self.markers.near_misses()
    }

    /// Ends the text: nothing more will come.
    pub fn finish(&mut self) -> Result<(), TextError> {
        let (passages, events) = (&mut self.passages, &mut self.events);
        let mut emit = |piece: TextOrPause| passages.push(piece, events);
        self.markers.finish(&mut emit)?;
        self.passages.finish(&mut self.events);
        self.is_over = true;
        Ok(())
    }

    /// Bytes of text that wait, roughly.
    #[cfg(test)]
    fn kept(&self) -> usize {
        let events = self.events.iter().map(|event| match event {
            PassageEvent::Text(text) => text.len(),
            PassageEvent::End | PassageEvent::Pause(_) => 8,
        });
        let ready = self.ready.iter().map(|spoken| match spoken {
            ChunkOrPause::Chunk(chunk) => chunk.text.len() + chunk.excerpt.text.len(),
            ChunkOrPause::Pause(_) => 8,
        });
        events.chain(ready).sum::<usize>() + self.chunks.kept() + self.unspoken.kept()
    }

    /// Whether the text is over and had neither words nor pauses: a short silence stands for it.
    pub fn has_no_words(&self) -> bool {
        self.emitted == Emitted::SilenceForText
    }

    /// What comes next. Refuses a text of white space alone.
    pub fn next(
        &mut self,
        tokenizer: &Tokenizer,
        options: &TextOptions,
    ) -> Result<Next, TextError> {
        if let Some(spoken) = self.ready.pop_front() {
            self.emitted = Emitted::ChunkOrPause;
            return Ok(Next::Say(spoken));
        }
        let chunks = match self.events.pop_front() {
            Some(PassageEvent::Text(text)) => self.chunks.push(&text, tokenizer, options),
            Some(PassageEvent::End) => self.chunks.finish(tokenizer, options),
            Some(PassageEvent::Pause(seconds)) => {
                // A pause of no length is a boundary all the same.
                self.ready
                    .extend(Some(ChunkOrPause::Pause(seconds)).filter(|_| seconds > 0.0));
                Vec::new()
            }
            None if !self.is_over => return Ok(Next::More),
            None if self.emitted == Emitted::Nothing && self.has_signs => {
                self.emitted = Emitted::SilenceForText;
                return Ok(Next::Say(ChunkOrPause::Pause(SILENCE)));
            }
            None if self.emitted == Emitted::Nothing => return Err(TextError::Empty),
            None => return Ok(Next::Over),
        };
        for text in chunks {
            let chunk = self.unspoken.chunk(text);
            self.ready.push_back(ChunkOrPause::Chunk(chunk));
            self.count += 1;
        }
        Ok(Next::Again)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Token;
    use crate::text::window::WindowSize;

    /// Both kinds of file of each vocabulary.
    fn tokenizers() -> Vec<Tokenizer> {
        let read = |name: &&str| {
            let (json, model) = testkit::vocabulary(name).unwrap();
            [
                Tokenizer::from_json(&json).unwrap(),
                Tokenizer::from_sentencepiece(&model).unwrap(),
            ]
        };
        testkit::VOCABULARIES.iter().flat_map(read).collect()
    }

    thread_local! {
        static TOKENIZERS: Vec<Tokenizer> = tokenizers();
    }

    fn options([semicolons, punctuation, capital, replace]: [bool; 4]) -> TextOptions {
        let replaced = [
            ('"', ""),
            ('—', ", "),
            ('’', "'"),
            ('(', ""),
            (')', ""),
            ('\u{2003}', "x"),
        ];
        TextOptions {
            pad_with_spaces_for_short_inputs: false,
            remove_semicolons: semicolons,
            append_terminal_punctuation: punctuation,
            capitalize_first_letter: capital,
            replace_characters: replaced
                .into_iter()
                .filter(|_| replace)
                .map(|(c, by)| (c, by.to_owned()))
                .collect(),
        }
    }

    /// All that is said of a text that comes in pieces of so many bytes.
    fn said(
        tokenizer: &Tokenizer,
        text: &str,
        piece: usize,
        max_tokens: usize,
        sizes: SegmentSizes,
        options: &TextOptions,
    ) -> Result<(Vec<ChunkOrPause>, String), TextError> {
        let mut stream = TextStream::with_sizes(tokenizer, max_tokens, sizes);
        let (mut said, mut at) = (Vec::new(), 0);
        loop {
            match stream.next(tokenizer, options)? {
                Next::Say(spoken) => said.push(spoken),
                Next::Again => {}
                Next::More if at == text.len() => stream.finish()?,
                Next::More => {
                    let end = text.ceil_char_boundary(at.saturating_add(piece));
                    stream.push(&text[at..end])?;
                    at = end;
                }
                Next::Over => return Ok((said, stream.rest().text.clone())),
            }
        }
    }

    /// What is said of a text piece by piece is what is said of the whole.
    fn assert_same(text: &str, piece: usize, max_tokens: usize, options: &TextOptions) {
        let usual = sizes(max_tokens);
        let window = WindowSize {
            usual: 40,
            word: 200,
            ..usual.window
        };
        let small = SegmentSizes { window, ..usual };
        TOKENIZERS.with(|tokenizers| {
            for (number, tokenizer) in tokenizers.iter().enumerate() {
                let said = |piece, sizes| {
                    let (said, _) = said(tokenizer, text, piece, max_tokens, sizes, options)?;
                    let text = |spoken| match spoken {
                        ChunkOrPause::Chunk(chunk) => Ok(chunk.text.as_str().to_owned()),
                        ChunkOrPause::Pause(seconds) => Err(seconds.to_string()),
                    };
                    Ok::<Vec<_>, TextError>(said.into_iter().map(text).collect())
                };
                let whole = said(usize::MAX, SegmentSizes::WHOLE);
                for (name, sizes) in [("small", small), ("usual", usual)] {
                    assert_eq!(
                        said(piece, sizes),
                        whole,
                        "{number}, {name}, {piece}: {text:?}"
                    );
                }
            }
        });
    }

    /// Says where all that is spoken of a text comes from.
    fn assert_found(text: &str, piece: usize, max_tokens: usize, options: &TextOptions) {
        use unicode_segmentation::UnicodeSegmentation as _;

        let mut boundaries: Vec<bool> = vec![false; text.len() + 1];
        for (at, _) in text.grapheme_indices(true) {
            boundaries[at] = true;
        }
        boundaries[text.len()] = true;
        // What the rules and the markers leave of the text.
        let mut spoken = vec![false; text.len()];
        let mut markers = Markers::default();
        let mut emit = |piece: TextOrPause| {
            if let TextOrPause::Text(text) = piece {
                for (c, source) in text.characters() {
                    let by = options.replace_characters.get(&c);
                    let is_left = by.is_none_or(|by| by.contains(char::is_alphanumeric));
                    spoken[source.start] = c.is_alphanumeric() && is_left;
                }
            }
        };
        markers.push(&Mapped::at(text, 0), &mut emit).unwrap();
        markers.finish(&mut emit).unwrap();
        // Special tokens are left out of what is split.
        for (at, token) in text.match_indices("<s>") {
            spoken[at..at + token.len()].fill(false);
        }
        TOKENIZERS.with(|tokenizers| {
            for (number, tokenizer) in tokenizers.iter().enumerate() {
                let name = format!("{number}: {text:?}");
                let usual = sizes(max_tokens);
                let Ok((said, rest)) = said(tokenizer, text, piece, max_tokens, usual, options)
                else {
                    continue;
                };
                let mut covered = vec![false; text.len()];
                let (mut joined, mut last) = (String::new(), 0..0);
                for spoken in said {
                    let ChunkOrPause::Chunk(chunk) = spoken else {
                        continue;
                    };
                    assert_eq!(chunk.excerpt.from, joined.len(), "{name}");
                    let utf16 = joined.encode_utf16().count();
                    assert_eq!(chunk.excerpt.from_utf16, utf16, "{name}");
                    joined.push_str(&chunk.excerpt.text);
                    let source = chunk.source();
                    assert!(source.start >= chunk.excerpt.from && source.end <= joined.len());
                    let prepared = chunk.prepare(options).unwrap();
                    for token in chunk.tokens(&prepared, tokenizer) {
                        let Token { source, .. } = token;
                        assert!(
                            last.start <= source.start && last.end <= source.end,
                            "{name}"
                        );
                        if !source.is_empty() {
                            assert!(boundaries[source.start] && boundaries[source.end], "{name}");
                        }
                        covered[source.clone()].fill(true);
                        last = source;
                    }
                }
                joined.push_str(&rest);
                assert_eq!(joined, text, "{number}");
                let missing = (0..text.len()).find(|&at| spoken[at] && !covered[at]);
                assert_eq!(missing.map(|at| &text[at..]), None, "{name}");
            }
        });
    }

    /// Decoding makes `:⁴` into `: 4`, whose space is nowhere in the text.
    #[test]
    fn a_space_that_decoding_inserts_belongs_to_the_cluster_around_it() {
        let text = "iA kauAAA, kAAaAA iAaAAa ''’0'0a,' AaAAaAA ifdaxA QAAae :⁴ A?";
        assert_found(text, 217, 58, &options([true, true, false, false]));
    }

    fn words() -> impl Strategy<Value = String> {
        let hard = vec![
            "e.g.",
            "3. 5",
            "...",
            "?!",
            "1.",
            "\u{2581}",
            "語。",
            "[pause 1s]",
            "[pause",
            "<s>",
            "a\u{301}",
            "👩‍👩‍👧‍👦",
            "e\u{301}\u{327}",
            "ﬁn",
            "שָׁלוֹם",
            "مَرْحَبًا",
            "🇫🇷",
            "\"",
        ];
        prop_oneof![
            8 => "[a-zA-Z]{1,9}",
            2 => "[a-zA-Z]{1,9}[.,;:!?]",
            1 => "[0-9]{1,3}[.,][0-9]{1,3}",
            1 => "[a-zA-Z0-9 .,;:!?\"'()\\[\\]…—’-]{0,12}",
            1 => "\\PC{0,6}",
            1 => ".{0,6}",
            1 => "[ \n\r\t\u{a0}\u{2003}]{1,9}",
            1 => prop::sample::select(hard).prop_map(str::to_owned),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn a_text_in_windows_is_the_same_text(
            words in prop::collection::vec(words(), 0..120),
            between in prop::sample::select(vec![" ", " ", " ", "\n", "", "  "]),
            switches: [bool; 4],
            piece in 1..400_usize,
            max_tokens in 1..70_usize,
        ) {
            assert_same(&words.join(between), piece, max_tokens, &options(switches));
        }

        #[test]
        fn all_that_is_spoken_is_found_in_the_text(
            words in prop::collection::vec(words(), 0..60),
            between in prop::sample::select(vec![" ", " ", " ", "\n", "", "  "]),
            switches: [bool; 4],
            piece in 1..400_usize,
            max_tokens in 1..70_usize,
        ) {
            assert_found(&words.join(between), piece, max_tokens, &options(switches));
        }
    }

    /// What is said of pieces, each of which is flushed.
    fn flushed(tokenizer: &Tokenizer, pieces: &[String], options: &TextOptions) -> Vec<String> {
        let mut stream = TextStream::new(tokenizer, 50);
        let (mut said, mut pieces) = (Vec::new(), pieces.iter());
        loop {
            match stream.next(tokenizer, options) {
                Ok(Next::Say(ChunkOrPause::Chunk(chunk))) => {
                    said.push(chunk.text.as_str().to_owned());
                }
                Ok(Next::Say(ChunkOrPause::Pause(_)) | Next::Again) => {}
                Ok(Next::More) => match pieces.next() {
                    Some(piece) => {
                        stream.push(piece).unwrap();
                        stream.flush().unwrap();
                        assert!(!stream.asking().has_text);
                    }
                    None => stream.finish().unwrap(),
                },
                Ok(Next::Over) | Err(TextError::Empty) => {
                    assert_eq!(stream.asking().chunks, said.len());
                    return said;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn a_flush_is_a_pause_of_no_length() {
        let cases: [&[&str]; 7] = [
            &["One.", " Two."],
            &["Hello wor", "ld."],
            &["", "One", "", " ", "two"],
            &["[pau", "se 1s]"],
            &["One. [pause 1s]", "[pause 1s] Two."],
            &["One (but", " not two)"],
            &["3", ".5"],
        ];
        TOKENIZERS.with(|tokenizers| {
            for tokenizer in tokenizers {
                for pieces in cases {
                    let pieces: Vec<_> = pieces.iter().map(|&piece| piece.to_owned()).collect();
                    let joined = pieces.join("[pause 0s]");
                    let options = options([true; 4]);
                    let expected = flushed(tokenizer, &[joined], &options);
                    assert_eq!(
                        flushed(tokenizer, &pieces, &options),
                        expected,
                        "{pieces:?}"
                    );
                }
            }
        });
    }

    #[test]
    fn a_long_text_in_windows_is_the_same_text() {
        let book = "Version 1.2 of the world costs 3.14 or 2.5 dollars, not more. \"Really?\", she \
                    said; — e.g. in London. ";
        let run_on = "and so it goes on and on without any end ";
        let cases = [
            book.repeat(60),
            run_on.repeat(150),
            format!("{} [pause 1s]. {}", run_on.repeat(60), book.repeat(3)),
            format!("{}, {}", run_on.repeat(60), run_on.repeat(70)),
            format!("{},,,", run_on.repeat(60)),
            "yes, no, and so it goes; ".repeat(150),
            "語 を 話 す. ".repeat(300),
            "three, ".repeat(500),
            "word\n\n\n".repeat(600),
            "1. 2. 3. 4. ".repeat(300),
            "Ja. ".repeat(500),
            "a b ".repeat(1000),
            format!("end{}", " ".repeat(3000)),
            format!("a{}b. c", " ".repeat(3000)),
        ];
        for text in cases {
            for (max_tokens, switch) in [(7, true), (50, false), (400, true)] {
                assert_same(&text, 700, max_tokens, &options([switch; 4]));
            }
        }
    }

    #[test]
    fn a_text_without_words_is_a_short_silence() {
        let all = |text: &str| {
            TOKENIZERS.with(|tokenizers| {
                let options = options([true; 4]);
                let (tokenizer, mut found) = (&tokenizers[0], Vec::new());
                let mut stream = TextStream::new(tokenizer, 50);
                for piece in text.as_bytes().chunks(2000) {
                    stream.push(&String::from_utf8_lossy(piece)).unwrap();
                }
                stream.finish().unwrap();
                loop {
                    match stream.next(tokenizer, &options) {
                        Ok(Next::Say(said)) => found.push(said),
                        Ok(Next::Again) => {}
                        Ok(Next::More | Next::Over) => return Ok((found, stream.has_no_words())),
                        Err(error) => return Err(error),
                    }
                }
            })
        };
        let silence = || Ok((vec![ChunkOrPause::Pause(SILENCE)], true));
        for text in ["...", "🎉", " \u{2014} ! ", "\"\"", "[pause 0s]"] {
            assert_eq!(all(text), silence(), "{text:?}");
        }
        assert_eq!(all(&"🎉".repeat(10_000)), silence());
        assert_eq!(all(" \n"), Err(TextError::Empty));
        let pause = ChunkOrPause::Pause(1.0);
        assert_eq!(all("🎉 [pause 1s] ..."), Ok((vec![pause], false)));
        let (said, has_no_words) = all(&format!("{} Hello.", "🎉".repeat(10_000))).unwrap();
        let [ChunkOrPause::Chunk(chunk)] = &said[..] else {
            panic!("{said:?}");
        };
        assert_eq!((chunk.text.as_str(), has_no_words), ("Hello.", false));
    }

    /// How much is read before the first chunk, and kept at any time, does not depend on the length.
    #[test]
    fn a_first_chunk_takes_little_of_any_text() {
        let cases = [
            "A sentence of a long book. ",
            "and so it goes on and on ",
            "語",
            "語。",
            "a",
            "aB",
            "...",
            ",",
            "\"",
            ") ",
            "[",
            "[pause",
            "[pause 1ms]",
            "1.2.3.4.",
            "word\n\n",
            "x\u{3000}",
            "\u{1F469}\u{200D}",
            "https://example.org/",
        ];
        let options = options([true; 4]);
        for text in cases {
            let long = text.repeat(150_000 / text.len());
            TOKENIZERS.with(|tokenizers| {
                for tokenizer in tokenizers {
                    let mut stream = TextStream::new(tokenizer, 50);
                    let (mut read, mut first) = (0, None);
                    let mut pieces = long.as_bytes().chunks(2046);
                    loop {
                        match stream.next(tokenizer, &options) {
                            Ok(Next::Say(_)) if !stream.has_no_words() => {
                                first = first.or(Some(read));
                            }
                            Ok(Next::Say(_) | Next::Again) => {}
                            Ok(Next::More) => match pieces.next() {
                                Some(piece) => {
                                    read += piece.len();
                                    stream.push(&String::from_utf8_lossy(piece)).unwrap();
                                    let kept = stream.kept();
                                    assert!(kept < 150_000, "{text:?}: keeps {kept} of {read}");
                                }
                                None => stream.finish().unwrap(),
                            },
                            Ok(Next::Over) | Err(TextError::Empty) => break,
                            Err(error) => panic!("{text:?}: {error}"),
                        }
                    }
                    let first = first.unwrap_or(0);
                    assert!(first < 30_000, "{text:?}: first chunk after {first} bytes");
                }
            });
        }
    }
}
