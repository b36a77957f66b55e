//! `pocket-onnx voice`: makes, converts and lists voices.

mod convert;
mod export;
mod import;
mod list;

use std::process::ExitCode;

use anyhow::Result;
use files::Destination;
use pocket_onnx::voices;
use speaker::Speaker;
use speech::{Voice, VoiceDType, VoiceForm};

use crate::args::{VoiceCommand, VoiceFormArgs};
use crate::destination;
use crate::interrupt::{self, Writing};
use crate::progress::Bar;

pub(crate) use pocket_onnx::voices::{LoadedVoice, is_standard_input};

/// The requested voice, or the bundle's first one, or the language's predefined one.
pub(crate) fn resolve(speaker: &Speaker, typed: Option<&str>, quiet: bool) -> Result<LoadedVoice> {
    Ok(voices::resolve(speaker, typed, &Bar::new(quiet))?)
}

pub(crate) fn run(command: &VoiceCommand) -> Result<ExitCode> {
    interrupt::listen()?;
    match command {
        VoiceCommand::Export(args) => export::run(args),
        VoiceCommand::Import(args) => import::run(args),
        VoiceCommand::Convert(args) => convert::run(args),
        VoiceCommand::List(args) => list::run(args),
    }
}

/// Writes a voice file completely or not at all; returns its size in bytes.
fn write(output: Destination, voice: &Voice, form: &VoiceFormArgs) -> Result<u64> {
    let layout = if form.older {
        VoiceForm::Older
    } else {
        VoiceForm::Current
    };
    let dtype = if form.f16 {
        VoiceDType::F16
    } else {
        VoiceDType::F32
    };
    let file = voice.to_safetensors(layout, dtype)?;
    let (output, _writing) = destination::open(output, Writing::begin)?;
    match output.finish_with(&file) {
        Err(error) if !error.is_broken_pipe() => Err(error.into()),
        // A pipe's reader already has what it wanted.
        _ => Ok(file.len() as u64),
    }
}
