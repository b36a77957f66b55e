//! What a fresh machine needs before the tests run: the library of ONNX Runtime, and the
//! programs that make recordings.
//!
//! The library comes out of the npm package `onnxruntime-node`, which carries it for every platform.
//! None of the package's own programs is run.

pub(crate) mod browsers;
mod command;
pub(crate) mod debian;
pub(crate) mod npm;
mod package;

use anyhow::Result;
use runtime::location::{VERSION, installed_library};

use self::browsers::Browsers;
use self::package::Package;

/// Installs what is missing, and says what it does.
#[allow(clippy::print_stdout, reason = "a chore talks to whoever started it")]
pub(crate) fn setup() -> Result<()> {
    // Speech to make recordings of, and recordings of every kind.
    debian::ensure("espeak-ng", "--version", &["espeak-ng"])?;
    debian::ensure("ffmpeg", "-version", &["ffmpeg"])?;
    // What people's own programs write: other headers, tags and blocks than ffmpeg's.
    debian::ensure("sox", "--version", &["sox"])?;
    debian::ensure("flac", "--version", &["flac"])?;
    debian::ensure("lame", "--version", &["lame"])?;
    debian::ensure("opusenc", "--version", &["opus-tools"])?;
    // The page's tests run in Chromium, and some of them in these.
    Browsers::install()?;
    let library = installed_library();
    if package::is_installed(&library) {
        println!("ONNX Runtime {VERSION} is there: {}", library.display());
        return Ok(());
    }
    let member = package::library_in_package(std::env::consts::OS, std::env::consts::ARCH)?;
    npm::find_or_install()?;
    let name = format!("onnxruntime-node@{VERSION}");
    let integrity = npm::integrity(&name)?;
    let scratch = tempfile::tempdir()?;
    println!("fetching {name} with npm");
    let package = Package::open(&npm::pack(&name, scratch.path())?, &integrity)?;
    package.install(&member, &library)?;
    println!("installed ONNX Runtime {VERSION}: {}", library.display());
    Ok(())
}
