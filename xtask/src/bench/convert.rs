//! How fast and in how much memory a checkpoint becomes a bundle.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use checkpoint::Location;
use config::Variant;
use weights::WeightFormat;

use super::checkpoint_file::{self, CheckpointFormat};
use super::process::{Usage, measure};
use super::{machine, median, program, report};
use crate::run::target;

/// The 109M model.
const CONVERTED_VARIANT: &str = "english";
/// Runs of each, in alternation.
const CONVERT_RUNS: usize = 7;
/// What the benchmark holds the converter to.
const MAX_ANONYMOUS: u64 = 100_000_000;
const MAX_RATIO: f64 = 2.0;

pub(crate) fn bench() -> Result<()> {
    let machine = machine::describe();
    let command = program::command()?;
    let scratch = tempfile::tempdir_in(target("release"))?;
    let mut rows = String::new();
    let mut failures = Vec::new();
    for (checkpoint, dtype) in cases() {
        let row = ConvertFigures::measure(&command, scratch.path(), checkpoint, dtype)?;
        println!("{row:?}");
        rows += &row.markdown(checkpoint, dtype);
        // A quantised bundle is copied before its checkpoint is read.
        let slow = dtype == WeightFormat::F32 && row.convert / row.copy > MAX_RATIO;
        if row.anonymous > MAX_ANONYMOUS || slow {
            failures.push(format!("{} to {dtype}", checkpoint.name()));
        }
    }
    let text = format!(
        "Model `{CONVERTED_VARIANT}` (synthetic), all five components, from the hub's cache; medians of {CONVERT_RUNS} alternating runs; {machine}.\n\
         *Copy* reads the bundle's bytes and writes them again, through a buffer of 1 MiB, until the disk has \
         them, as `convert` does before it replaces a bundle; *in cache* is the same without waiting for the disk. \
         The limit of the ratio is for f32: a smaller bundle is copied faster than its checkpoint is read.\n\n\
         | checkpoint | size | weights | bundle | convert | copy | ratio (limit {MAX_RATIO}) | copy in cache | anonymous memory (limit 100 MB) |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}"
    );
    report::write_section("convert", &text)?;
    if !failures.is_empty() {
        bail!("past the limits: {}", failures.join(", "));
    }
    Ok(())
}

/// Checkpoints, and how the bundle's weights are stored: the published type in every format, and the
/// larger one in its own.
fn cases() -> impl Iterator<Item = (CheckpointFormat, WeightFormat)> {
    let published = WeightFormat::ALL.map(|format| (CheckpointFormat::Bf16, format));
    published
        .into_iter()
        .chain([(CheckpointFormat::F32, WeightFormat::F32)])
}

/// A hub cache in which everything is there already, as after the first download.
struct HubCache {
    home: PathBuf,
}

impl HubCache {
    fn new(home: PathBuf) -> Self {
        Self { home }
    }

    /// Moves `file` into the cache, where `location` is looked for.
    fn add(&self, location: Option<&str>, file: &Path) -> Result<()> {
        let location: Location = location.context("the variant names no file")?.parse()?;
        let Location::Hub(at) = location else {
            bail!("{location} is not on the hub");
        };
        let name = file.file_name().context("no file")?.to_string_lossy();
        let entry = bundle::FileEntry::of(file.parent().context("no folder")?, &name)?;
        let repository = format!("models--{}", at.repository().replace('/', "--"));
        let folder = self.home.join("hub").join(repository);
        let blob = folder.join("blobs").join(entry.sha256);
        let pointer = folder.join("snapshots").join(at.revision()).join(at.path());
        for path in [&blob, &pointer] {
            fs::create_dir_all(path.parent().context("no folder")?)?;
        }
        fs::rename(file, &blob)?;
        std::os::unix::fs::symlink(&blob, &pointer)?;
        Ok(())
    }
}

#[derive(Debug)]
struct ConvertFigures {
    checkpoint: u64,
    bundle: u64,
    convert: f64,
    /// To the disk, as `convert` writes.
    copy: f64,
    /// To the page cache only.
    cached_copy: f64,
    anonymous: u64,
}

impl ConvertFigures {
    fn measure(
        command: &Path,
        scratch: &Path,
        format: CheckpointFormat,
        dtype: WeightFormat,
    ) -> Result<Self> {
        let cache = HubCache::new(scratch.join("hub"));
        let config = Variant::find(CONVERTED_VARIANT)?.config();
        let weights = scratch.join(format!("{}.safetensors", format.name()));
        checkpoint_file::write(&config, format, &weights)?;
        let size = fs::metadata(&weights)?.len();
        cache.add(config.weights_path.as_deref(), &weights)?;
        let tokenizer = scratch.join("tokenizer.json");
        fs::write(
            &tokenizer,
            checkpoint::TokenizerFile::shipped(checkpoint::TokenizerKind::Json)?.bytes(),
        )?;
        cache.add(
            config.flow_lm.lookup_table.tokenizer_path.as_deref(),
            &tokenizer,
        )?;
        let (bundle, copied) = (scratch.join("bundle"), scratch.join("copy"));
        let (mut convert, mut copy, mut cached_copy, mut anonymous) =
            (Vec::new(), Vec::new(), Vec::new(), 0);
        for _ in 0..CONVERT_RUNS {
            let _ = fs::remove_dir_all(&bundle);
            let Usage {
                seconds,
                anonymous: peak,
            } = measure(
                Command::new(command)
                    .env("HF_HOME", &cache.home)
                    .env("HF_HUB_OFFLINE", "1")
                    .args([
                        "convert",
                        "--quiet",
                        "--variant",
                        CONVERTED_VARIANT,
                        "--dtype",
                        dtype.as_str(),
                    ])
                    .arg("--output-dir")
                    .arg(&bundle),
            )?;
            convert.push(seconds);
            anonymous = anonymous.max(peak);
            copy.push(copy_folder(&bundle, &copied, Flush::Yes)?);
            cached_copy.push(copy_folder(&bundle, &copied, Flush::No)?);
        }
        let figures = Self {
            checkpoint: size,
            bundle: folder_size(&bundle)?,
            convert: median(&convert),
            copy: median(&copy),
            cached_copy: median(&cached_copy),
            anonymous,
        };
        fs::remove_dir_all(&cache.home)?;
        Ok(figures)
    }

    fn markdown(&self, format: CheckpointFormat, dtype: WeightFormat) -> String {
        let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
        format!(
            "| {} | {} | {dtype} | {} | {:.2} s | {:.2} s | {:.2} | {:.2} s | {} |\n",
            format.name(),
            megabytes(self.checkpoint),
            megabytes(self.bundle),
            self.convert,
            self.copy,
            self.convert / self.copy,
            self.cached_copy,
            megabytes(self.anonymous),
        )
    }
}

/// Whether a copy counts as done when the disk has it.
#[derive(Clone, Copy, PartialEq)]
enum Flush {
    Yes,
    No,
}

/// Seconds to copy the files of one folder to another.
fn copy_folder(from: &Path, to: &Path, flush: Flush) -> Result<f64> {
    let _ = fs::remove_dir_all(to);
    let started = Instant::now();
    fs::create_dir(to)?;
    let mut buffer = vec![0; 1 << 20];
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let mut source = File::open(entry.path())?;
        let mut copy = File::create(to.join(entry.file_name()))?;
        loop {
            let n = source.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            copy.write_all(&buffer[..n])?;
        }
        if flush == Flush::Yes {
            copy.sync_all()?;
        }
    }
    Ok(started.elapsed().as_secs_f64())
}

fn folder_size(folder: &Path) -> Result<u64> {
    fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| Ok(entry?.metadata()?.len()))
        .sum()
}
