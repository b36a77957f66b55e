//! The text to speak: the argument, a file, or standard input.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom};
use std::path::Path;
use std::thread;

use anyhow::{Context, Error, Result, bail};
use normalize::Rules;
use pocket_onnx::text::{TextReader, read_all};
use speaker::{
    PreparedVoice, Speaker, SpeakerError, TextSender, Utterance, arriving_text, rewritten,
    rewritten_source,
};
use speech::{SpeechOptions, TextCheck, USUAL_SILENCE};

use crate::args::SpeakArgs;

/// A text that can be read.
pub(crate) enum Text {
    /// All of it.
    Whole(String),
    /// A file, which is read while it is spoken, so that its length takes no memory.
    File {
        /// Its name for messages.
        name: String,
        /// The open file.
        file: File,
        /// Offset at which the text begins: another program may have read what is before it.
        start: u64,
    },
    /// A pipe or a device, which is spoken as it comes.
    Stream {
        /// Its name for messages.
        name: String,
        /// The pipe or device.
        input: Box<dyn Read + Send>,
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
            (Some(_), _) | (None, Some(_) | None) => Self::standard_input(),
        }
    }

    fn open(path: &Path) -> Result<Self> {
        let context = || format!("cannot read the text in {}", path.display());
        let file = File::open(path).with_context(context)?;
        let metadata = file.metadata().with_context(context)?;
        if metadata.is_dir() {
            bail!("{}: that is a folder, give a file in it", context());
        }
        if metadata.is_file() {
            return Ok(Self::File {
                name: format!("in {}", path.display()),
                file,
                start: 0,
            });
        }
        // A pipe can be read only once.
        Ok(Self::Stream {
            name: format!("in {}", path.display()),
            input: Box::new(file),
        })
    }

    fn standard_input() -> Result<Self> {
        let name = "from standard input".to_owned();
        #[cfg(unix)]
        {
            use std::os::fd::AsFd as _;

            let context = "cannot read the text from standard input";
            let input = io::stdin().as_fd().try_clone_to_owned().context(context)?;
            let mut file = File::from(input);
            if file.metadata().context(context)?.is_file() {
                // The text begins where another program stopped reading.
                let start = file.stream_position().context(context)?;
                return Ok(Self::File { name, file, start });
            }
        }
        Ok(Self::Stream {
            name,
            input: Box::new(io::stdin()),
        })
    }

    /// Whether the text is spoken as it comes.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream { .. })
    }

    /// Reads all of it, so that errors are reported before any of it is spoken. Returns what looks
    /// like a pause but will be spoken as words. A stream cannot be checked.
    pub(crate) fn check(&mut self) -> Result<Vec<String>> {
        let mut check = TextCheck::default();
        match self {
            Self::Whole(text) => check.push(text)?,
            Self::File { name, file, start } => {
                let context = || format!("cannot read the text {name}");
                let mut pieces = TextReader::new(&mut *file);
                while let Some(piece) = pieces.next_piece().with_context(context)? {
                    check.push(&piece)?;
                }
                file.seek(SeekFrom::Start(*start)).with_context(context)?;
            }
            Self::Stream { .. } => return Ok(Vec::new()),
        }
        Ok(check.finish()?)
    }

    /// All of it.
    pub(crate) fn into_string(self) -> Result<String> {
        let read = |name: &str, input: Box<dyn Read>| {
            read_all(input).with_context(|| format!("cannot read the text {name}"))
        };
        match self {
            Self::Whole(text) => Ok(text),
            Self::File { name, file, .. } => read(&name, Box::new(file)),
            Self::Stream { name, input } => read(&name, input),
        }
    }

    /// Starts to speak it, rewritten by the rules.
    pub(crate) fn speak(
        self,
        speaker: &Speaker,
        voice: &PreparedVoice,
        options: &SpeechOptions,
        rules: &Rules,
    ) -> Result<Utterance> {
        let source = match self {
            Self::Whole(text) => {
                let utterance = speaker.speak(voice, rewritten(text, rules), options);
                return utterance.map_err(naming_the_option);
            }
            Self::File { name, file, .. } => {
                let mut pieces = TextReader::new(file);
                let next = move || {
                    let next = pieces.next_piece();
                    next.with_context(|| format!("cannot read the text {name}"))
                };
                rewritten_source(next, rules)
            }
            Self::Stream { name, input } => {
                let (sender, source) = arriving_text(rules, Some(USUAL_SILENCE));
                // The thread is not joined: it may be blocked in a read.
                thread::Builder::new()
                    .name("text".to_owned())
                    .spawn(move || send(&name, input, &sender))
                    .context("cannot read the text: there are no threads")?;
                source
            }
        };
        let utterance = speaker.model().utterance_of(source, options);
        let utterance = utterance.map_err(|error| naming_the_option(error.into()))?;
        Ok(speaker.say(voice, utterance)?)
    }
}

/// Names the option that is refused as the command line spells it.
fn naming_the_option(error: SpeakerError) -> Error {
    let option = match &error {
        SpeakerError::Speech(error) => error.option().filter(|it| it.command.is_some()),
        _ => None,
    };
    let error = Error::new(error);
    match option {
        Some(option) => error.context(format!("--{}", option.command_name())),
        None => error,
    }
}

/// Sends the text in `input`, as it comes.
fn send(name: &str, input: impl Read, sender: &TextSender) {
    let mut pieces = TextReader::new(input);
    loop {
        match pieces.next_piece() {
            Ok(Some(piece)) => {
                if sender.push(&piece).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                let error = Error::new(error).context(format!("cannot read the text {name}"));
                sender.fail(error);
                return;
            }
        }
    }
}
