//! `pocket-onnx speech-dispatcher`: an output module for Linux's screen readers.

use std::fs;
use std::io::{Stdout, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser as _;
use server::Models;
use service::dispatcher::{self, DispatcherModule};

use crate::args::{DispatcherArgs, DispatcherOptions};
use crate::included;
use crate::interrupt;
use crate::serve;

pub(crate) fn run(args: &DispatcherArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    let gone = "speech-dispatcher has gone";
    let opened = options(args).and_then(|options| {
        let chosen = included::or_included(&options.bundle, true)?;
        Ok((module(options, &chosen.bundle)?, chosen))
    });
    match opened {
        Ok((module, _held)) => {
            module.run(stdin().lock()).context(gone)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            dispatcher::refuse(stdin().lock(), stdout(), &format!("{error:#}")).context(gone)?;
            Err(error)
        }
    }
}

fn options(args: &DispatcherArgs) -> Result<DispatcherOptions> {
    match &args.config {
        Some(file) => read(file),
        None => Ok(args.options.clone()),
    }
}

fn module(options: DispatcherOptions, bundle: &Path) -> Result<DispatcherModule<Stdout>> {
    let offers = Models::open(bundle)?.list()?;
    let voices = serve::voices(&options.runtime, &offers, [].into())?;
    let settings = serve::settings(&options.rewriting)?;
    let voices = Arc::new(voices);
    Ok(DispatcherModule::new(
        voices,
        settings,
        options.voice,
        stdout(),
    ))
}

/// The options in a configuration file. Values may be in quotes, as in speech-dispatcher's own files.
fn read(file: &Path) -> Result<DispatcherOptions> {
    let context = || format!("cannot read {}", file.display());
    let text = fs::read_to_string(file).with_context(context)?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let words = lines.map(|line| {
        let name = line.split_whitespace().next().unwrap_or(line);
        let value = line[name.len()..].trim().trim_matches('"');
        let name = name.to_lowercase();
        if value.is_empty() {
            format!("--{name}")
        } else {
            format!("--{name}={value}")
        }
    });
    DispatcherOptions::try_parse_from(words).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_files_have_options_in_lines() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pocket-onnx.conf");
        fs::write(
            &file,
            "# A comment\n\nBundle \"/srv/my voices\"\n  voice heron\nthreads\t1\n",
        )
        .unwrap();
        let options = read(&file).unwrap();
        assert_eq!(options.bundle, Path::new("/srv/my voices"));
        assert_eq!(options.voice.as_deref(), Some("heron"));
        assert_eq!(options.runtime.threads, Some(1));
        fs::write(&file, "voices heron\n").unwrap();
        let error = format!("{:#}", read(&file).unwrap_err());
        assert!(
            error.contains("pocket-onnx.conf") && error.contains("--voice"),
            "{error}"
        );
    }
}
