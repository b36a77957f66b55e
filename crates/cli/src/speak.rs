//! `pocket-onnx speak`: a text becomes sound.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use speaker::{Speaker, Utterance};
use speech::Options;

use crate::args::SpeakArgs;
use crate::backend::{self, Opened};
use crate::interrupt::{self, Writing};
use crate::output::{note, print};
use crate::voice;
use crate::wav::{self, Sink, Summary};

/// Exit code of a program that an interrupt ended.
const INTERRUPTED: u8 = 130;

pub(crate) fn run(args: &SpeakArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    speak(args)
}

/// Loads the bundle, speaks and reports.
pub(crate) fn speak(args: &SpeakArgs) -> Result<ExitCode> {
    let text = text(args)?;
    let started = Instant::now();
    let Opened {
        speaker,
        backend,
        threads,
    } = backend::open(&args.speaker, args.quiet)?;
    let options = options(args, &speaker)?;
    let voice = voice::resolve(&speaker, args.voice.as_deref(), args.quiet)?;
    let voice = speaker.prepare(&voice)?;
    let loading = started.elapsed();

    let mut utterance = speaker.speak(&voice, &text, &options)?;
    let rate = speaker.model().manifest().sample_rate;
    let spoken = write(args, &mut utterance, rate)?;
    let report = Report {
        spoken: &spoken,
        utterance: &utterance,
        rate,
        loading,
    };
    if args.json {
        let manifest = speaker.model().manifest();
        let summary = json!({
            "output": args.output,
            "variant": manifest.variant,
            "synthetic": manifest.synthetic,
            "seconds": report.seconds(),
            "real_time_factor": report.real_time_factor(),
            "first_sound_seconds": utterance.first_sound().map(|time| time.as_secs_f64()),
            "loading_seconds": loading.as_secs_f64(),
            "seed": options.seed,
            "backend": backend,
            "threads": threads,
            "peak": spoken.peak,
            "cut": spoken.cut,
            "interrupted": spoken.interrupted,
        });
        let summary = format!("{summary:#}\n");
        // Standard output may be the sound.
        if is_pipe(&args.output) {
            note(summary.trim_end());
        } else {
            print(&summary)?;
        }
    } else if !args.quiet {
        note(&report.line(&args.output, options.seed));
    }
    Ok(ExitCode::from(if spoken.interrupted {
        INTERRUPTED
    } else {
        0
    }))
}

/// What is to be said.
fn text(args: &SpeakArgs) -> Result<String> {
    if let Some(text) = &args.text {
        return Ok(text.clone());
    }
    let mut text = match &args.text_file {
        Some(path) if path != Path::new("-") => fs::read_to_string(path)
            .with_context(|| format!("cannot read the text in {}", path.display()))?,
        file => {
            if file.is_none() && io::stdin().is_terminal() {
                bail!("nothing to say: give a text, --text-file, or text on standard input");
            }
            let mut text = String::new();
            let read = io::stdin().read_to_string(&mut text);
            read.context("cannot read the text from standard input")?;
            text
        }
    };
    // Some editors begin a file with a mark of its encoding.
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

fn options(args: &SpeakArgs, speaker: &Speaker) -> Result<Options> {
    let own = speaker.model().options();
    let seed = match args.seed {
        Some(seed) => seed,
        None => fresh_seed()?,
    };
    Ok(Options {
        seed,
        temperature: args.temperature.unwrap_or(own.temperature),
        noise_clamp: args.noise_clamp.or(own.noise_clamp),
        steps: args.steps.unwrap_or(own.steps),
        eos_threshold: args.eos_threshold.unwrap_or(own.eos_threshold),
        frames_after_eos: args.frames_after_eos.or(own.frames_after_eos),
        max_tokens: args.max_tokens.unwrap_or(own.max_tokens),
    })
}

/// A seed that a script can read as a number of any language: 53 bits.
fn fresh_seed() -> Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).context("the system has no random numbers: give --seed")?;
    Ok(u64::from_le_bytes(bytes) >> 11)
}

/// Writes all chunks, as they come.
fn write(args: &SpeakArgs, utterance: &mut Utterance, rate: u32) -> Result<Summary> {
    let _writing = Writing::begin();
    let mut sink = Sink::open(&args.output, args.format, rate)?;
    let bar = (!args.quiet && !args.json).then(crate::progress::speaking);
    while let Some(chunk) = utterance.next() {
        if interrupt::interrupted() {
            sink.interrupted();
            break;
        }
        let chunk = chunk?;
        if chunk.cut && !args.quiet {
            let text = chunk.text.as_deref().unwrap_or_default();
            note(&format!(
                "notice: the end of speech did not come in {text:?}: it is cut off there"
            ));
        }
        if !sink.write(&chunk)? {
            // Whoever listened has gone.
            break;
        }
        if let Some(bar) = &bar {
            bar.set_message(progress(utterance, rate));
            bar.tick();
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    sink.finish()
}

fn progress(utterance: &Utterance, rate: u32) -> String {
    let seconds = utterance.samples() as f64 / f64::from(rate);
    let factor = utterance.elapsed().as_secs_f64() / seconds;
    let first = utterance.first_sound().unwrap_or_default();
    format!(
        "{seconds:.1} s spoken, real-time factor {factor:.2}, first sound after {:.0} ms",
        first.as_secs_f64() * 1e3
    )
}

struct Report<'a> {
    spoken: &'a Summary,
    utterance: &'a Utterance,
    rate: u32,
    loading: Duration,
}

impl Report<'_> {
    fn seconds(&self) -> f64 {
        self.spoken.samples as f64 / f64::from(self.rate)
    }

    /// Seconds of work for a second of sound.
    fn real_time_factor(&self) -> f64 {
        self.spoken.elapsed.as_secs_f64() / self.seconds()
    }

    fn line(&self, output: &Path, seed: u64) -> String {
        let first = self.utterance.first_sound().unwrap_or_default();
        let stopped = if self.spoken.interrupted {
            " (interrupted)"
        } else {
            ""
        };
        format!(
            "{:.1} s of sound in {}{stopped}: real-time factor {:.2}, first sound after {:.0} ms, \
             loaded in {:.0} ms, seed {seed}",
            self.seconds(),
            wav::name(output),
            self.real_time_factor(),
            first.as_secs_f64() * 1e3,
            self.loading.as_secs_f64() * 1e3,
        )
    }
}

fn is_pipe(output: &Path) -> bool {
    output == Path::new("-")
}
