//! `pocket-onnx speak`: a text becomes sound.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail};
use bundle::Manifest;
use encode::{Format, Tags};
use files::Destination;
use player::{Device, Player};
use serde_json::json;
use speaker::{Speaker, SpeakerError, Utterance, fresh_seed};
use speech::{RecordingNotice, SpeechError, SpeechNotice, SpeechOptions};

use crate::args::{SoundFormat, SpeakArgs};
use crate::backend::{self, OpenedSpeaker};
use crate::destination;
use crate::included;
use crate::interrupt::{self, Writing};
use crate::output::{note, path_text, print};
use crate::rewriting;
use crate::sink::{Sink, SoundFile, Summary};
use crate::text::Text;
use crate::voice::{self, LoadedVoice};
use crate::words::{SpokenWords, WordsFile};

/// Standard input can be read only once.
const BOTH_FROM_STANDARD_INPUT: &str =
    "--voice and the text cannot both come from standard input: give a text or --text-file";

pub(crate) fn run(args: &SpeakArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    speak(args)
}

/// Loads the bundle, speaks and reports.
pub(crate) fn speak(args: &SpeakArgs) -> Result<ExitCode> {
    if args.voice.as_deref().is_some_and(voice::is_standard_input) && Text::is_standard_input(args)
    {
        bail!("{BOTH_FROM_STANDARD_INPUT}");
    }
    // Problems with the outputs are reported first.
    let SpeakOutputs {
        sound: output,
        device,
        words,
    } = SpeakOutputs::of(args)?;
    let mut text = Text::of(args)?;
    let started = Instant::now();
    let OpenedSpeaker {
        speaker,
        backend,
        threads,
        scratch: _scratch,
    } = open(args)?;
    let model = speaker.model();
    let language = model.manifest().language.as_deref();
    let rules = rewriting::rules(&args.rewriting, model.tokenizer(), language)?;
    let near_misses = text.check()?;
    let options = options(args, &speaker)?;
    let mut speech_notices = SpeechNotice::all(&near_misses, &options, speaker.model().manifest());
    notify(args, &speech_notices);
    let LoadedVoice { voice, notices } =
        voice::resolve(&speaker, args.voice.as_deref(), args.quiet)?;
    let voice = speaker.prepare(&voice)?;
    let loading = started.elapsed();

    let is_stream = text.is_stream();
    let mut utterance = text.speak(&speaker, &voice, &options, &rules)?;
    let rate = speaker.model().manifest().sample_rate;
    let destination = output.as_ref().map(|(output, _)| output);
    let is_stdout = destination.is_some_and(Destination::is_standard_output);
    let name = destination.map(Destination::name);
    let mut times = options.words.then(SpokenWords::default);
    let sink = OutputSound {
        output,
        device,
        rate,
        tags: tags(args, speaker.model().manifest()),
    };
    let (spoken, failure) = write(args, sink, &mut utterance, times.as_mut())?;
    // Some notices are given only at the end of a text. What looks like a pause in a text that was
    // checked before may look otherwise now, as it was rewritten.
    let mut new = utterance.notices();
    new.retain(|it| is_stream || it.shows_at_end());
    new.retain(|it| !speech_notices.contains(it));
    notify(args, &new);
    speech_notices.extend(new);
    if let Some(times) = &mut times {
        times.finish(utterance.rest());
    }
    if let (Some(file), Some(times)) = (words, &times) {
        file.write(times)?;
    }
    if let Some(failure) = failure {
        if let Some(name) = name.filter(|_| !args.quiet) {
            note(&format!(
                "notice: {name} contains what was spoken before the text failed"
            ));
        }
        return Err(failure);
    }
    let report = Report {
        spoken: &spoken,
        utterance: &utterance,
        options: &options,
        rate,
        loading,
        backend,
        threads,
    };
    if args.json {
        let notices = notices_json(&speech_notices, &notices);
        let mut summary = report.json(args, speaker.model().manifest());
        summary["notices"] = notices.into();
        summary["words"] = times.as_ref().map(SpokenWords::to_json).into();
        let summary = format!("{summary:#}\n");
        // Standard output may be the sound.
        if is_stdout {
            note(summary.trim_end());
        } else {
            print(&summary)?;
        }
    } else if !args.quiet {
        note(&report.line(name.as_deref()));
    }
    Ok(ExitCode::from(spoken.exit_code()))
}

/// Loads the bundle, or if there is none the included model.
fn open(args: &SpeakArgs) -> Result<OpenedSpeaker> {
    let chosen = included::or_included(&args.speaker.bundle, args.quiet)?;
    let mut speaker = args.speaker.clone();
    speaker.bundle = chosen.bundle;
    let mut opened = backend::open(&speaker, args.quiet)?;
    opened.scratch = chosen.scratch;
    Ok(opened)
}

/// All notices, for programs.
fn notices_json(
    of_speech: &[SpeechNotice],
    of_voice: &[RecordingNotice],
) -> Vec<serde_json::Value> {
    let of_speech = of_speech.iter().map(|it| notice_json(it.kind(), it));
    let of_voice = of_voice.iter().map(|it| notice_json(it.kind(), it));
    of_speech.chain(of_voice).collect()
}

/// A notice, for programs.
fn notice_json(kind: &str, notice: &dyn Display) -> serde_json::Value {
    json!({ "kind": kind, "message": notice.to_string() })
}

/// The outputs of the sound and of its words.
struct SpeakOutputs {
    sound: Option<(Destination, Format)>,
    device: Option<Device>,
    words: Option<WordsFile>,
}

impl SpeakOutputs {
    fn of(args: &SpeakArgs) -> Result<Self> {
        let sound = output(args)?;
        let device = args.play.then(|| Device::open("pocket-onnx")).transpose();
        let device = device.context(
            "cannot play: -o FILE writes a file instead, and `-o - | aplay` passes the sound to a player",
        )?;
        let destination = sound.as_ref().map(|(destination, _)| destination);
        let words = args.words.as_deref();
        let words = words.map(|path| WordsFile::open(path, destination));
        Ok(Self {
            words: words.transpose()?,
            sound,
            device,
        })
    }
}

/// The file that is written, if any, and its format. Refuses an output that is also an input.
fn output(args: &SpeakArgs) -> Result<Option<(Destination, Format)>> {
    let format = args.format.map(SoundFormat::format);
    let Some(file) = args.file() else {
        if args.format.is_some() {
            bail!(
                "--format is the format of a file, and --play alone writes none: give -o FILE, too"
            );
        }
        return Ok(None);
    };
    let (output, format) = destination::sound(file, format)?;
    if Text::is_standard_input(args) {
        destination::refuse_input(&output, Path::new("-"), "text")?;
    } else if let Some(text) = &args.text_file {
        destination::refuse_input(&output, text, "text")?;
    }
    if let Some(voice) = &args.voice {
        destination::refuse_input(&output, Path::new(voice), "voice")?;
    }
    Ok(Some((output, format)))
}

fn options(args: &SpeakArgs, speaker: &Speaker) -> Result<SpeechOptions> {
    let mut options = speaker.model().options();
    if !args.options.has("seed") {
        let seed = fresh_seed();
        options.seed = seed.context("the system has no random numbers: give --seed")?;
    }
    let mut options = args.options.or(options)?;
    options.words = args.words.is_some() || (args.json && speaker.tells_words());
    Ok(options)
}

/// What a file says about its sound; the title comes with the first chunk.
fn tags(args: &SpeakArgs, manifest: &Manifest) -> Tags {
    let own = manifest.voices.first().map(|voice| voice.name.clone());
    let typed = args.voice.as_deref().map(|voice| {
        let stem = Path::new(voice).file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    });
    Tags {
        title: None,
        voice: typed.or(own),
        model: manifest.variant.clone(),
    }
}

/// Where the sound goes, and how.
struct OutputSound {
    output: Option<(Destination, Format)>,
    device: Option<Device>,
    /// Samples per second.
    rate: u32,
    tags: Tags,
}

impl OutputSound {
    /// Opens the file and the device. An interrupt stops the utterance and the device while the second
    /// value exists.
    fn open(self, utterance: &Utterance) -> Result<(Sink, Writing)> {
        let OutputSound {
            output,
            device,
            rate,
            tags,
        } = self;
        let player = device.map(|device| device.play(rate)).transpose()?;
        let stop = utterance.stop();
        let silence = player.as_ref().map(Player::stop);
        let writing = || {
            Writing::stopping(move || {
                stop.stop();
                if let Some(player) = &silence {
                    player.stop();
                }
            })
        };
        let (file, writing) = match output {
            Some((output, format)) => {
                let (output, writing) = destination::open(output, writing)?;
                let file = SoundFile::begin(output, format, rate, tags)?;
                (Some(file), writing)
            }
            None => (None, writing()),
        };
        Ok((Sink::begin(file, player), writing))
    }
}

/// Prints notices about text or options that are probably a mistake.
fn notify(args: &SpeakArgs, notices: &[SpeechNotice]) {
    if !args.quiet {
        for notice in notices {
            note(&format!("notice: {notice}"));
        }
    }
}

/// Writes and plays all chunks, as they come. If the text fails after some of them, what was written
/// is kept and the failure returned.
fn write(
    args: &SpeakArgs,
    sound: OutputSound,
    utterance: &mut Utterance,
    mut words: Option<&mut SpokenWords>,
) -> Result<(Summary, Option<Error>)> {
    let rate = sound.rate;
    let (mut sink, _writing) = sound.open(utterance)?;
    let bar = (!args.quiet && !args.json).then(crate::progress::speaking);
    let mut failure = None;
    while let Some(chunk) = utterance.next() {
        if interrupt::interrupted() {
            break;
        }
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(SpeakerError::Speech(SpeechError::TextSource(source))) => {
                failure = Some(Error::from_boxed(source));
                break;
            }
            Err(error @ SpeakerError::Speech(SpeechError::Text(_))) => {
                failure = Some(error.into());
                break;
            }
            Err(error) => return Err(error.into()),
        };
        if chunk.cut && !args.quiet {
            let text = chunk.text.as_deref().unwrap_or_default();
            note(&format!(
                "notice: no end of speech was found for {text:?}: its sound is cut off"
            ));
        }
        if let Some(words) = &mut words {
            words.add(&chunk);
        }
        if !sink.write(&chunk)? {
            // The reader of the pipe has closed it.
            break;
        }
        if let Some(bar) = &bar {
            bar.set_message(progress(utterance, rate, sink.waited()));
            bar.tick();
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if interrupt::interrupted() {
        sink.interrupted();
    }
    match failure {
        Some(failure) if utterance.samples() == 0 => Err(failure),
        failure => {
            let mut summary = sink.finish()?;
            let waited = utterance.timings().waiting.total;
            summary.elapsed = summary.elapsed.saturating_sub(waited);
            // An interrupt may have come while the rest was played.
            summary.interrupted |= interrupt::interrupted();
            Ok((summary, failure))
        }
    }
}

fn progress(utterance: &Utterance, rate: u32, played: Duration) -> String {
    let seconds = utterance.samples() as f64 / f64::from(rate);
    let waited = utterance.timings().waiting.total + played;
    let factor = real_time_factor(utterance.elapsed().saturating_sub(waited), seconds);
    let first = utterance.first_sound().unwrap_or_default();
    format!(
        "{seconds:.1} s spoken{}, first sound after {:.0} ms",
        shown(factor),
        first.as_secs_f64() * 1e3
    )
}

/// Seconds of work for a second of sound; none without sound.
fn real_time_factor(elapsed: Duration, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| elapsed.as_secs_f64() / seconds)
}

fn shown(factor: Option<f64>) -> String {
    factor.map_or_else(String::new, |factor| {
        format!(", real-time factor {factor:.2}")
    })
}

struct Report<'a> {
    spoken: &'a Summary,
    utterance: &'a Utterance,
    options: &'a SpeechOptions,
    rate: u32,
    loading: Duration,
    backend: &'static str,
    threads: usize,
}

impl Report<'_> {
    fn seconds(&self) -> f64 {
        self.spoken.samples as f64 / f64::from(self.rate)
    }

    fn real_time_factor(&self) -> Option<f64> {
        real_time_factor(self.spoken.elapsed, self.seconds())
    }

    /// For programs: what the utterance alone says.
    fn json(&self, args: &SpeakArgs, manifest: &Manifest) -> serde_json::Value {
        let Self { spoken, .. } = self;
        let first_sound = self.utterance.first_sound();
        json!({
            "output": args.file().map(path_text),
            "played": args.play,
            "variant": manifest.variant,
            "synthetic": manifest.synthetic,
            "seconds": self.seconds(),
            "real_time_factor": self.real_time_factor(),
            "first_sound_seconds": first_sound.map(|time| time.as_secs_f64()),
            "loading_seconds": self.loading.as_secs_f64(),
            "seed": self.options.seed,
            "speed": self.options.speed.get(),
            "backend": self.backend,
            "threads": self.threads,
            "peak": spoken.peak,
            "cut": spoken.cut,
            "interrupted": spoken.interrupted,
        })
    }

    /// For people.
    fn line(&self, output: Option<&str>) -> String {
        let first = self.utterance.first_sound().unwrap_or_default();
        let stopped = if self.spoken.interrupted {
            " (interrupted)"
        } else {
            ""
        };
        format!(
            "{:.1} s of sound {}{stopped}{}, first sound after {:.0} ms, loaded in {:.0} ms, \
             seed {}",
            self.seconds(),
            output.map_or_else(|| "played".to_owned(), |output| format!("in {output}")),
            shown(self.real_time_factor()),
            first.as_secs_f64() * 1e3,
            self.loading.as_secs_f64() * 1e3,
            self.options.seed,
        )
    }
}
