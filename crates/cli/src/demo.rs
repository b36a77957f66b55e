//! `pocket-onnx demo`: from nothing to a proven bundle that has spoken.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use checkpoint::{FetchError, SourceError};
use config::Variant;
use onnx::Opset;
use server::Page;

use crate::args::{DemoArgs, ModelArgs, ServeArgs, SpeakArgs, SpeakerArgs};
use crate::convert::{Conversion, summary};
use crate::destination;
use crate::interrupt;
use crate::output::{SYNTHETIC, note, print};
use crate::serve::serve;
use crate::speak::speak;
use crate::verify::{Proof, prove};

/// The smallest released model stands in where no hub can be reached.
const STAND_IN: &str = "english_2m_2026-10";
const STAND_IN_SEED: u64 = 1;

pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode> {
    if args.open {
        // What is missing at the end is told at the beginning.
        Page::open(&args.page)?;
    }
    destination::sound(&args.wav)?;
    interrupt::listen()?;
    let started = Instant::now();
    note(&format!(
        "converting {} (`pocket-onnx variants` lists all models)",
        Variant::DEFAULT
    ));
    let mut model = ModelArgs {
        variant: Some(Variant::DEFAULT.to_owned()),
        config: None,
        weights: None,
        mimi_weights: None,
        adapter: None,
        tokenizer: None,
        synthetic: None,
    };
    let mut conversion = Conversion {
        model: &model.clone(),
        output: &args.output_dir,
        opset: Opset::MIN,
        components: &[],
        dtype: &[],
        voices: &["default".to_owned()],
        quiet: false,
    };
    let manifest = match conversion.run() {
        Err(error) if error.is::<SourceError>() || error.is::<FetchError>() => {
            note(&format!("notice: the weights cannot be had: {error:#}"));
            note(&format!("converting {STAND_IN} instead ({SYNTHETIC})"));
            model.variant = Some(STAND_IN.to_owned());
            model.synthetic = Some(STAND_IN_SEED);
            conversion.model = &model;
            // It brings voices of its own.
            conversion.voices = &[];
            conversion.run()?
        }
        done => done?,
    };
    print(&format!("{}\n", summary(&manifest, &args.output_dir)))?;
    let proof = Proof {
        bundle: &args.output_dir,
        records: None,
        onnxruntime: None,
        tolerance: ::verify::TOLERANCE,
    };
    let report = prove(&proof)?;
    print(&crate::verify::verdict(&report))?;
    if !report.passed() {
        return Ok(ExitCode::FAILURE);
    }
    let variant = manifest.variant.as_deref().unwrap_or(Variant::DEFAULT);
    let spoken = speak(&SpeakArgs {
        text: Some(Variant::find(variant)?.default_text().to_owned()),
        output: args.wav.clone(),
        speaker: SpeakerArgs {
            bundle: args.output_dir.clone(),
            ..SpeakerArgs::default()
        },
        ..SpeakArgs::default()
    })?;
    let bundle = args.output_dir.display();
    print(&format!(
        "done in {:.1} s: listen to {}. Next:\n  \
         pocket-onnx serve --bundle {bundle}    lets you type and listen in the browser\n  \
         pocket-onnx speak --bundle {bundle} \"Hello.\"   says what you like\n  \
         pocket-onnx inspect {bundle}    shows inputs, outputs and states\n  \
         pocket-onnx convert --help      converts other models, and your own\n",
        started.elapsed().as_secs_f64(),
        args.wav.display(),
    ))?;
    if !args.open {
        return Ok(spoken);
    }
    serve(&ServeArgs {
        bundle: args.output_dir.clone(),
        page: args.page.clone(),
        port: 0,
        no_isolation: false,
        open: true,
        json: false,
    })
}
