//! How fast bundles speak in a page, in real browsers, and how long a first visit takes.

mod speaking;
mod visit;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::de::DeserializeOwned;

use super::{machine, median, program, report};
use crate::run::{run, target};
use crate::setup::browsers::Browsers;
use crate::setup::{debian, npm};
use crate::wasm;

/// Bundles by name, and the variants that they are made of.
const BUNDLES: [(&str, &str); 3] = [
    ("english", "english_2026-01"),
    ("english_2m", "english_2m_2026-10"),
    ("english_24l", "english_2026-04_24l"),
];
/// The page's first visit, with the included model.
const VISIT: &str = "visit";

/// What is asked of the benchmark.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// Runs of each case: the table has their medians.
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: usize,
    /// What to measure: `english`, `english_2m`, `english_24l` or `visit`; default: all.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Write the tables into docs/performance.md although not all was measured.
    #[arg(long)]
    write: bool,
}

pub(crate) fn bench(args: &PageArgs) -> Result<()> {
    let known: Vec<&str> = (BUNDLES.iter().map(|(name, _)| *name))
        .chain([VISIT])
        .collect();
    if let Some(name) = args.only.iter().find(|name| !known.contains(&&***name)) {
        bail!(
            "nothing here is called {name}; there are {}",
            known.join(", ")
        );
    }
    let is_asked = |name: &str| args.only.is_empty() || args.only.iter().any(|it| it == name);
    let asked: Vec<&str> = known.into_iter().filter(|name| is_asked(name)).collect();

    debian::ensure("chromium", "--version", &["chromium"])?;
    let browsers = Browsers::find()?;
    wasm::wasm()?;
    let command = program::command()?;
    let scratch = tempfile::tempdir_in(target(""))?;
    let (bundles, figures) = (
        scratch.path().join("bundles"),
        scratch.path().join("figures"),
    );
    for folder in [&bundles, &figures] {
        fs::create_dir(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    for (name, variant) in BUNDLES.iter().filter(|(name, _)| is_asked(name)) {
        program::convert(
            &command,
            variant,
            &["--synthetic", "1"],
            &bundles.join(name),
        )?;
    }
    let machine = machine::describe();
    Vitest {
        tests: &["bench/page", "bench/visit"],
        asked: &asked,
        figures: &figures,
        runs: args.runs,
    }
    .run(&browsers, |vitest| {
        (vitest.env("POCKET_ONNX_BUNDLES", &bundles)).env("POCKET_ONNX_COMMAND", &command)
    })?;

    let mut tables = Vec::new();
    if asked.iter().any(|name| *name != VISIT) {
        tables.push((
            "page",
            speaking::table(&read::<Vec<_>>(&figures, "page")?, &machine)?,
        ));
    }
    if is_asked(VISIT) {
        tables.push((
            VISIT,
            visit::table(&read::<Vec<_>>(&figures, VISIT)?, &machine)?,
        ));
    }
    let is_whole = args.only.is_empty() && browsers.are_all();
    for (section, text) in &tables {
        println!("{text}");
        if is_whole || args.write {
            report::write_section(section, text)?;
        }
    }
    Ok(())
}

/// A run of the measurements in browsers.
pub(super) struct Vitest<'a> {
    /// How the tests' files begin.
    pub(super) tests: &'a [&'a str],
    /// What to measure.
    pub(super) asked: &'a [&'a str],
    /// Folder for what was measured, which [`read`] reads.
    pub(super) figures: &'a Path,
    /// Runs of each case.
    pub(super) runs: usize,
}

impl Vitest<'_> {
    /// Measures; `add` adds to the environment what these measurements need.
    pub(super) fn run(
        self,
        browsers: &Browsers,
        add: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<()> {
        let config = ["--config", "vitest.bench.config.ts"];
        let mut vitest = npm::command(&wasm::package(), &["exec", "vitest", "--", "run"]);
        vitest
            .args(config)
            .args(self.tests)
            .env("POCKET_ONNX_FIGURES", self.figures)
            .env("POCKET_ONNX_ONLY", self.asked.join(","))
            .env("POCKET_ONNX_RUNS", self.runs.to_string());
        run(browsers.name_to(add(&mut vitest)))
    }
}

/// The figures that a test has written.
pub(super) fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T> {
    let path = folder.join(name).with_extension("json");
    let text = fs::read_to_string(&path).context("the browsers wrote no figures")?;
    serde_json::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
}
