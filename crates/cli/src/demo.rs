//! `pocket-onnx demo`: from nothing to a proven bundle.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use checkpoint::SourceError;
use config::Variant;
use onnx::Opset;

use crate::args::{DemoArgs, ModelArgs};
use crate::convert::{Conversion, summary};
use crate::interrupt;
use crate::output::{SYNTHETIC, note, print};
use crate::verify::{Proof, prove};

/// The smallest released model stands in where no hub can be reached.
const STAND_IN: &str = "english_2m_2026-10";
const STAND_IN_SEED: u64 = 1;

pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode> {
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
        tokenizer: None,
        synthetic: None,
    };
    let mut conversion = Conversion {
        model: &model.clone(),
        output: &args.output_dir,
        opset: Opset::MIN,
        components: &[],
        voices: &[],
        quiet: false,
    };
    let manifest = match conversion.run() {
        Err(error) if error.is::<SourceError>() => {
            note(&format!("notice: the weights cannot be had: {error:#}"));
            note(&format!("converting {STAND_IN} instead ({SYNTHETIC})"));
            model.variant = Some(STAND_IN.to_owned());
            model.synthetic = Some(STAND_IN_SEED);
            conversion.model = &model;
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
    let bundle = args.output_dir.display();
    print(&format!(
        "done in {:.1} s. Next:\n  \
         pocket-onnx inspect {bundle}    shows inputs, outputs and states\n  \
         pocket-onnx verify {bundle}     shows every difference\n  \
         pocket-onnx convert --help      converts other models, and your own\n",
        started.elapsed().as_secs_f64()
    ))?;
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
