//! The text to speak: the argument, a file, or standard input.

mod decode;

use std::fs::File;
use std::io::{self, IsTerminal, Seek};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use config::TextOptions;
use normalize::Rules;
use speaker::{PreparedVoice, Speaker, Utterance, rewritten, rewritten_source};
use speech::{Options, TextCheck};

use crate::args::SpeakArgs;

use self::decode::Pieces;
pub(crate) use self::decode::read_all;

/// A text that can be read.
pub(crate) enum Text {
    /// All of it.
    Whole(String),
    /// A file, which is read while it is spoken, so that its length takes no memory.
    File {
        /// Its name for messages.
        path: PathBuf,
        /// At its beginning.
        file: File,
    },
}

impl Text {
    /// Whether the text comes from standard input.
    pub(crate) fn is_standard_input(args: &SpeakArgs) -> bool {
        match (&args.text, &args.text_file) {
            (Some(text), _) => text == "-",
            (None, Some(path)) => path == Path::new("-"),
            (None, None) => true,
        }
    }

    /// What is to be said: the argument, a file, or else standard input.
    pub(crate) fn of(args: &SpeakArgs) -> Result<Self> {
        let dash = Path::new("-");
        match (&args.text, &args.text_file) {
            (Some(text), _) if text != "-" => {
                // A byte order mark that `"$(cat FILE)"` passed on.
                let text = text.strip_prefix('\u{feff}').unwrap_or(text);
                Ok(Self::Whole(text.to_owned()))
            }
            (None, Some(path)) if path != dash => Self::open(path),
            (None, None) if io::stdin().is_terminal() => {
                bail!("nothing to say: give a text, --text-file, or text on standard input")
            }
            (Some(_), _) | (None, Some(_) | None) => {
                let text = read_all(io::stdin().lock());
                Ok(Self::Whole(
                    text.context("cannot read the text from standard input")?,
                ))
            }
        }
    }

    fn open(path: &Path) -> Result<Self> {
        let context = || format!("cannot read the text in {}", path.display());
        let file = File::open(path).with_context(context)?;
        if file.metadata().with_context(context)?.is_file() {
            return Ok(Self::File {
                path: path.to_owned(),
                file,
            });
        }
        // A pipe can be read only once.
        Ok(Self::Whole(read_all(file).with_context(context)?))
    }

    /// Reads all of it, so that errors are reported before any of it is spoken. Returns what looks
    /// like a pause but will be spoken as words.
    pub(crate) fn check(&mut self, rules: &TextOptions) -> Result<Vec<String>> {
        let mut check = TextCheck::default();
        match self {
            Self::Whole(text) => check.push(text, rules)?,
            Self::File { path, file } => {
                let context = || format!("cannot read the text in {}", path.display());
                let mut pieces = Pieces::new(&mut *file);
                while let Some(piece) = pieces.next().with_context(context)? {
                    check.push(&piece, rules)?;
                }
                file.rewind().with_context(context)?;
            }
        }
        Ok(check.finish(rules)?)
    }

    /// All of it.
    pub(crate) fn into_string(self) -> Result<String> {
        match self {
            Self::Whole(text) => Ok(text),
            Self::File { path, file } => {
                let context = || format!("cannot read the text in {}", path.display());
                read_all(file).with_context(context)
            }
        }
    }

    /// Starts to speak it, rewritten by the rules.
    pub(crate) fn speak(
        self,
        speaker: &Speaker,
        voice: &PreparedVoice,
        options: &Options,
        rules: &Rules,
    ) -> Result<Utterance> {
        Ok(match self {
            Self::Whole(text) => speaker.speak(voice, rewritten(text, rules), options)?,
            Self::File { file, .. } => {
                let mut pieces = Pieces::new(file);
                let source = rewritten_source(move || pieces.next(), rules);
                speaker.say(voice, speaker.model().utterance_of(source, options)?)?
            }
        })
    }
}
