//! `pocket-onnx demo`: from nothing to a proven bundle that has spoken.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bundle::Manifest;
use checkpoint::{FetchError, SourceError};
use config::Variant;
use encode::{Format, Tags};
use files::Destination;
use onnx::Opset;
use server::Page;

use crate::args::{ApiArgs, DemoArgs, ModelArgs, ServeArgs, SpeakerArgs};
use crate::backend::{self, Opened};
use crate::convert::{Conversion, summary};
use crate::destination;
use crate::included::DESCRIPTION;
use crate::interrupt::{self, Writing};
use crate::output::{note, print};
use crate::serve::{Showing, serve};
use crate::sink::{Sink, SoundFile};
use crate::verify::{Proof, prove};

/// Voices that are heard, at most.
const MOST_VOICES: usize = 2;
/// Silence between two voices.
const VOICE_PAUSE: &str = " [pause 600ms]";
/// Seed of the noise: the demonstration says the same samples everywhere.
const DEMO_SEED: u64 = 1;

pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode> {
    if args.open {
        // What is missing at the end is told at the beginning.
        Page::open(&args.page)?;
    }
    let (output, format) = destination::sound(&args.wav, None)?;
    interrupt::listen()?;
    let started = Instant::now();
    let manifest = convert(args)?;
    print(&format!("{}\n", summary(&manifest, &args.output_dir)))?;
    let proof = Proof {
        bundle: &args.output_dir,
        records: None,
        onnxruntime: None,
        tolerance: ::verify::DEFAULT_TOLERANCE,
    };
    let report = prove(&proof)?;
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

/// Converts the model that was asked for, or where that cannot be had the included one.
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
                && (error.is::<SourceError>() || error.is::<FetchError>()) =>
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

/// A demonstration must not cost anybody a model that took a training or a download.
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
        name.unwrap_or("one of your own")
    );
}

fn conversion(args: &DemoArgs, variant: &Variant) -> Result<Manifest> {
    let model = ModelArgs {
        variant: Some(variant.name.to_owned()),
        ..ModelArgs::default()
    };
    let voices = if variant.is_included() {
        "all"
    } else {
        "default"
    };
    let conversion = Conversion {
        model: &model,
        output: &args.output_dir,
        opset: Opset::MIN,
        components: &[],
        dtype: &[],
        voices: &[voices.to_owned()],
        word_heads: &[],
        word_times: false,
        quiet: false,
    };
    conversion.run()
}

/// Has the voices say the model's own text, one after the other, into one file. Says false where
/// an interrupt came.
fn speak(args: &DemoArgs, output: Destination, format: Format) -> Result<bool> {
    let speaker = SpeakerArgs {
        bundle: args.output_dir.clone(),
        ..SpeakerArgs::default()
    };
    let Opened { speaker, .. } = backend::open(&speaker, false)?;
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
        "done in {seconds:.1} s: the model was converted, checked, and has spoken. Listen to {}. Next:\n  \
         pocket-onnx serve --bundle {bundle}    lets you type and listen in the browser{page}\n  \
         pocket-onnx speak --bundle {bundle} \"Hello.\"   says what you like{better}\n  \
         pocket-onnx inspect {bundle}    shows inputs, outputs and states\n  \
         pocket-onnx convert --help      converts other models, and your own\n",
        args.wav.display(),
    )
}
