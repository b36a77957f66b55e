//! `pocket-onnx demo`: converts a model, verifies it and speaks a text.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bundle::Manifest;
use config::Variant;
use encode::{Format, Tags};
use files::Destination;
use pocket_onnx::convert::{Conversion, ModelSource};
use server::Page;

use crate::args::{ApiArgs, DemoArgs, ServeArgs, SpeakerArgs};
use crate::backend::{self, OpenedSpeaker};
use crate::convert::summary;
use crate::destination;
use crate::included::DESCRIPTION;
use crate::interrupt::{self, Writing};
use crate::output::{note, print};
use crate::progress::Bar;
use crate::serve::{Showing, serve};
use crate::sink::{Sink, SoundFile};
use crate::verify::{VerifyRequest, verify_bundle};

/// Voices that are heard, at most.
const MOST_VOICES: usize = 2;
/// Silence between two voices.
const VOICE_PAUSE: &str = " [pause 600ms]";
/// Seed of the noise: the demonstration gives the same samples everywhere.
const DEMO_SEED: u64 = 1;

pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode> {
    if args.open {
        // Fail now if the page that is needed at the end does not exist.
        Page::open(&args.page)?;
    }
    let (output, format) = destination::sound(&args.wav, None)?;
    interrupt::listen()?;
    let started = Instant::now();
    let manifest = convert(args)?;
    print(&format!("{}\n", summary(&manifest, &args.output_dir)))?;
    let request = VerifyRequest {
        bundle: &args.output_dir,
        records: None,
        onnxruntime: None,
        tolerance: ::verify::DEFAULT_TOLERANCE,
    };
    let report = verify_bundle(&request)?;
    print(&crate::verify::verdict(&report))?;
    if !report.passed() {
        return Ok(ExitCode::FAILURE);
    }
    if !speak(args, output, format)? {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    print(&next(args, &manifest, started.elapsed().as_secs_f64()))?;
    if !args.open {
        return Ok(ExitCode::SUCCESS);
    }
    let serving = ServeArgs {
        bundle: args.output_dir.clone(),
        page: args.page.clone(),
        host: Ipv4Addr::LOCALHOST.into(),
        port: 0,
        api: ApiArgs::usual(),
        no_isolation: false,
        open: true,
        json: false,
    };
    serve(&serving, Showing::Speaking)
}

/// Converts the model that was asked for, or if it is not available the included one.
fn convert(args: &DemoArgs) -> Result<Manifest> {
    let variant = Variant::find(&args.variant)?;
    refuse_other_model(&args.output_dir, variant)?;
    let described = if variant.is_included() {
        format!(": {DESCRIPTION}")
    } else {
        String::new()
    };
    note(&format!(
        "converting {}{described} (`pocket-onnx variants` lists all models)",
        variant.name
    ));
    match conversion(args, variant) {
        Err(error)
            if !variant.is_included()
                && error
                    .downcast_ref::<pocket_onnx::Error>()
                    .is_some_and(pocket_onnx::Error::is_unavailable) =>
        {
            let included = Variant::find(Variant::INCLUDED)?;
            note(&format!(
                "notice: {} is not available: {error:#}",
                variant.name
            ));
            note(&format!(
                "converting {} instead: {DESCRIPTION}",
                included.name
            ));
            conversion(args, included)
        }
        done => done,
    }
}

/// Refuses to replace a bundle that is not the demo's.
fn refuse_other_model(dir: &Path, variant: &Variant) -> Result<()> {
    let Ok(manifest) = Manifest::read(dir) else {
        return Ok(());
    };
    let name = manifest.variant.as_deref();
    let same = [variant.name, Variant::INCLUDED].map(Some).contains(&name);
    if same || manifest.synthetic.is_some() {
        return Ok(());
    }
    bail!(
        "{} holds another model ({}), which the demo would replace: give another folder with --output-dir",
        dir.display(),
        name.unwrap_or("a custom model")
    );
}

fn conversion(args: &DemoArgs, variant: &Variant) -> Result<Manifest> {
    let voices = if variant.is_included() {
        "all"
    } else {
        "default"
    };
    let conversion = Conversion::new(ModelSource::variant(variant.name)).voices([voices]);
    Ok(conversion.write_watched(&args.output_dir, &Bar::new(false))?)
}

/// Lets each voice speak the model's sample text, one after the other, into one file. Returns false
/// if interrupted.
fn speak(args: &DemoArgs, output: Destination, format: Format) -> Result<bool> {
    let speaker = SpeakerArgs {
        bundle: args.output_dir.clone(),
        ..SpeakerArgs::default()
    };
    let OpenedSpeaker { speaker, .. } = backend::open(&speaker, false)?;
    let manifest = speaker.model().manifest();
    let variant = manifest
        .variant
        .as_deref()
        .context("the bundle has no name")?;
    let text = Variant::find(variant)?.default_text();
    let voices: Vec<_> = manifest.voices.iter().take(MOST_VOICES).collect();
    let rate = manifest.sample_rate;

    let tags = Tags {
        model: Some(variant.to_owned()),
        ..Tags::default()
    };
    let (output, _writing) = destination::open(output, Writing::begin)?;
    let file = SoundFile::begin(output, format, rate, tags)?;
    let mut sink = Sink::begin(Some(file), None);
    for (at, voice) in voices.iter().enumerate() {
        let pause = if at + 1 < voices.len() {
            VOICE_PAUSE
        } else {
            ""
        };
        let prepared = speaker.prepare(&speaker.voice(Some(&voice.name))?)?;
        let options = ::speech::SpeechOptions {
            seed: DEMO_SEED,
            ..speaker.model().options()
        };
        for chunk in speaker.speak(&prepared, format!("{text}{pause}"), &options)? {
            if interrupt::interrupted() {
                return Ok(false);
            }
            sink.write(&chunk?)?;
        }
    }
    let spoken = sink.finish()?;
    let seconds = spoken.samples as f64 / f64::from(rate);
    let names: Vec<_> = voices.iter().map(|voice| voice.name.as_str()).collect();
    note(&format!(
        "{seconds:.1} s of sound in {}, by {}: {:.0} times faster than real time",
        args.wav.display(),
        names.join(" and "),
        seconds / spoken.elapsed.as_secs_f64(),
    ));
    Ok(true)
}

/// What was done, and what comes next.
fn next(args: &DemoArgs, manifest: &Manifest, seconds: f64) -> String {
    let bundle = args.output_dir.display();
    let better = if manifest.variant.as_deref() == Some(Variant::INCLUDED) {
        "\n  pocket-onnx demo --variant english   uses Kyutai's model, which speaks far better (240 MB)"
    } else {
        ""
    };
    let page = if Page::open(&args.page).is_ok() {
        ""
    } else {
        " (build its page once: see README, In the browser)"
    };
    format!(
        "done in {seconds:.1} s: converted, verified and spoken into {}. Next:\n  \
         pocket-onnx serve --bundle {bundle}    lets you type and listen in the browser{page}\n  \
         pocket-onnx speak --bundle {bundle} \"Hello.\"   says what you like{better}\n  \
         pocket-onnx inspect {bundle}    shows inputs, outputs and states\n  \
         pocket-onnx convert --help      converts other models, and your own\n",
        args.wav.display(),
    )
}
