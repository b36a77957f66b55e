//! The library of ONNX Runtime.
//!
//! It comes out of the npm package `onnxruntime-node`, which carries it for every platform. None of the
//! package's own programs is run.

use anyhow::Result;
use runtime::install::{ONNXRUNTIME_VERSION, installed_library};

use super::npm;
use super::package::{self, Package};

/// Whether the library is where the programs look for it.
pub(super) fn is_installed() -> bool {
    package::is_installed(&installed_library())
}

/// The package that has it.
pub(super) fn source() -> String {
    format!("onnxruntime-node@{ONNXRUNTIME_VERSION}")
}

/// Fetches the library, and says where it puts it.
pub(super) fn install() -> Result<()> {
    let library = installed_library();
    let member = package::library_in_package(std::env::consts::OS, std::env::consts::ARCH)?;
    npm::find_or_install()?;
    let name = source();
    let integrity = npm::integrity(&name)?;
    let scratch = tempfile::tempdir()?;
    println!("fetching {name} with npm");
    let package = Package::open(&npm::pack(&name, scratch.path())?, &integrity)?;
    package.install(&member, &library)?;
    println!(
        "installed ONNX Runtime {ONNXRUNTIME_VERSION}: {}",
        library.display()
    );
    Ok(())
}
