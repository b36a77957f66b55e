//! An output module of speech-dispatcher, through which Linux's screen readers speak.
//!
//! speech-dispatcher starts the module and sends commands, one a line; the module answers, and
//! tells what happens meanwhile:
//!
//! | command | answer, and events |
//! | --- | --- |
//! | `INIT` | once the first model is loaded |
//! | `SPEAK`, `CHAR`, `KEY`, `SOUND_ICON` with a text | `701 BEGIN`, `705 AUDIO` as the sound is made, `700 INDEX MARK`, `702 END` |
//! | `STOP` | `703 STOP`, within a tenth of a second |
//! | `PAUSE` | `704 PAUSE` at the next index mark |
//! | `SET` | rate, volume, voice and language of the next texts ([`parameters`]) |
//! | `LIST VOICES` | the voices of all models |
//!
//! speech-dispatcher plays the sound, on the device of its configuration.

mod parameters;
mod protocol;
mod speaking;
mod ssml;

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use speech::Speed;

use self::parameters::SpeechParameters;
use self::protocol::{Events, lines};
use self::speaking::{Speaking, TextToSpeak};
use self::ssml::Message;
use crate::http::{ApiError, ExtraOptions};
use crate::names::{full_name, language_code};
use crate::{Settings, Voices};

/// A module, from `INIT` to `QUIT`.
pub struct DispatcherModule<W> {
    voices: Arc<Voices>,
    settings: Settings,
    parameters: SpeechParameters,
    events: Events<W>,
    speaking: Option<Speaking>,
}

/// What a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text with SSML.
    Text,
    /// One character, a key's name, or the name of a sound.
    Name,
}

impl<W: Write + Send + 'static> DispatcherModule<W> {
    /// A module that answers into `output`. `voice` speaks where no voice is asked for.
    pub fn new(voices: Arc<Voices>, settings: Settings, voice: Option<String>, output: W) -> Self {
        Self {
            voices,
            settings,
            parameters: SpeechParameters::new(voice),
            events: Events::new(output),
            speaking: None,
        }
    }

    /// Follows the commands that come from `input`, until it ends or says so.
    ///
    /// # Errors
    ///
    /// If speech-dispatcher does not read any more, or sends bytes that are no text.
    pub fn run(mut self, input: impl BufRead) -> io::Result<()> {
        let mut input = input.lines();
        while let Some(line) = input.next() {
            match line?.trim_end() {
                "INIT" => self.init()?,
                "AUDIO" => self.audio(&mut input)?,
                "LOGLEVEL" => {
                    self.events.say("207 OK RECEIVING LOGLEVEL SETTINGS")?;
                    lines(&mut input)?;
                    self.events.say("203 OK LOGLEVEL SET")?;
                }
                "SET" => {
                    self.events.say("203 OK RECEIVING SETTINGS")?;
                    for line in lines(&mut input)? {
                        self.parameters.set(&line);
                    }
                    self.events.say("203 OK SETTINGS RECEIVED")?;
                }
                "SPEAK" => self.speak(Kind::Text, &mut input)?,
                "CHAR" | "KEY" | "SOUND_ICON" => self.speak(Kind::Name, &mut input)?,
                "STOP" => self.speaking.iter().for_each(Speaking::stop),
                "PAUSE" => self.speaking.iter().for_each(Speaking::pause),
                "LIST VOICES" => self.list()?,
                "QUIT" => {
                    self.end();
                    return self.events.say("210 OK QUIT");
                }
                line if line.starts_with("DEBUG") => self.events.say("200 OK DEBUGGING")?,
                _ => self.events.say("300 ERR UNKNOWN COMMAND")?,
            }
        }
        self.end();
        Ok(())
    }

    fn init(&self) -> io::Result<()> {
        // A voice that the configuration names and nobody has would silence every text.
        let ready = self.voices.warm();
        let ready = ready.and_then(|()| self.parameters.choose(&self.voices).map(drop));
        match ready {
            Ok(()) => self
                .events
                .say("299-pocket-onnx is ready\n299 OK LOADED SUCCESSFULLY"),
            Err(error) => self.events.say(&refusal(&error.to_string())),
        }
    }

    /// speech-dispatcher first offers to play the sound itself, which is the only way here.
    fn audio(&self, input: &mut impl Iterator<Item = io::Result<String>>) -> io::Result<()> {
        self.events.say("207 OK RECEIVING AUDIO SETTINGS")?;
        let settings = lines(input)?;
        let is_server = settings.iter().any(|it| it == "audio_output_method=server");
        self.events.say(if is_server {
            "203 OK AUDIO INITIALIZED"
        } else {
            "300-speech-dispatcher has to play the sound itself: it needs version 0.11 or later\n300 MODULE ERROR"
        })
    }

    fn list(&self) -> io::Result<()> {
        let first = self.voices.models().next().map(|model| &model.name);
        let voices = self.voices.models().flat_map(|model| {
            let language = model.language.as_deref().map_or("none", language_code);
            let names = model.voices.iter();
            names.map(move |voice| {
                let name = full_name(&model.name, voice, Some(&model.name) == first);
                format!("200-{name}\t{language}\tnone\n")
            })
        });
        let voices: String = voices.collect();
        self.events.say(&if voices.is_empty() {
            "304 CANT LIST VOICES".to_owned()
        } else {
            format!("{voices}200 OK VOICE LIST SENT")
        })
    }

    fn speak(
        &mut self,
        kind: Kind,
        input: &mut impl Iterator<Item = io::Result<String>>,
    ) -> io::Result<()> {
        self.events.say("202 OK RECEIVING MESSAGE")?;
        let text = lines(input)?.join("\n");
        // The last text has ended, or was told to.
        self.end();
        match self.prepare(kind, &text) {
            Ok(spoken) => {
                self.events.say("200 OK SPEAKING")?;
                let events = self.events.clone();
                self.speaking = Some(Speaking::begin(spoken, events)?);
                Ok(())
            }
            Err(error) => {
                tracing::error!("{}", error.message());
                self.events.say("301 ERROR CANT SPEAK")
            }
        }
    }

    fn prepare(&self, kind: Kind, text: &str) -> Result<TextToSpeak, ApiError> {
        let message = match kind {
            Kind::Text => Message::parse(text),
            Kind::Name => Message::name(text),
        };
        let parameters = &self.parameters;
        let chosen = parameters.choose(&self.voices)?;
        let own = ExtraOptions::default();
        let speed = Speed::new(parameters.speed()).unwrap_or(Speed::ONE);
        let has_marks = !message.marks.is_empty();
        let options = own.options(&chosen.speaker, speed, has_marks)?;
        let has_words = message.text.chars().any(char::is_alphanumeric);
        let text = own.piece(message.text, &chosen.speaker, &self.settings)?;
        Ok(TextToSpeak {
            chosen,
            text: has_words.then_some(text),
            marks: message.marks,
            options,
            gain: parameters.gain(),
        })
    }

    fn end(&mut self) {
        if let Some(speaking) = self.speaking.take() {
            speaking.stop();
            speaking.wait();
        }
    }
}

/// Answers `INIT` where there is no module: speech-dispatcher waits for it, and goes on with others then.
///
/// # Errors
///
/// If speech-dispatcher does not read any more, or sends bytes that are no text.
pub fn refuse(input: impl BufRead, mut output: impl Write, reason: &str) -> io::Result<()> {
    for line in input.lines() {
        if line?.trim_end() == "INIT" {
            writeln!(output, "{}", refusal(reason))?;
            return output.flush();
        }
    }
    Ok(())
}

fn refusal(reason: &str) -> String {
    format!(
        "399-{}\n399 ERR CANT INIT MODULE",
        reason.replace('\n', " ")
    )
}
