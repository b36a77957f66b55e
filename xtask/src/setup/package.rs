//! An npm package's archive, and the library inside it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256, Sha512};
use tempfile::NamedTempFile;

/// Where the library for a platform is in the archive of `onnxruntime-node`.
pub(crate) fn library_in_package(os: &str, arch: &str) -> Result<PathBuf> {
    let file = match (os, arch) {
        ("linux", "x86_64") => "linux/x64/libonnxruntime.so.1",
        ("linux", "aarch64") => "linux/arm64/libonnxruntime.so.1",
        ("macos", "aarch64") => "darwin/arm64/libonnxruntime.1.dylib",
        ("windows", "x86_64") => "win32/x64/onnxruntime.dll",
        ("windows", "aarch64") => "win32/arm64/onnxruntime.dll",
        _ => bail!(
            "onnxruntime-node has no library for {os} on {arch}: set ORT_DYLIB_PATH to one of your own"
        ),
    };
    Ok(Path::new("package/bin/napi-v6").join(file))
}

/// Whether `library` is there, and is what was installed.
pub(crate) fn is_installed(library: &Path) -> bool {
    let found = File::open(library).and_then(|mut file| digest::<Sha256>(&mut file));
    match (found, fs::read_to_string(record(library))) {
        (Ok(found), Ok(expected)) => hex(&found) == expected.trim(),
        _ => false,
    }
}

/// The file beside the library that keeps its SHA-256.
fn record(library: &Path) -> PathBuf {
    library.with_added_extension("sha256")
}

/// An archive that is what the registry says.
pub(crate) struct Package {
    archive: PathBuf,
}

impl Package {
    /// Compares the archive with the registry's digest, `sha512-` and base64.
    pub(crate) fn open(archive: &Path, integrity: &str) -> Result<Self> {
        let mut file = File::open(archive)?;
        let found = BASE64_STANDARD.encode(digest::<Sha512>(&mut file)?);
        if integrity.strip_prefix("sha512-") != Some(found.as_str()) {
            bail!(
                "{} has the digest sha512-{found} where the registry says {integrity}",
                archive.display()
            );
        }
        Ok(Self {
            archive: archive.to_owned(),
        })
    }

    /// Copies one file of the archive to `target`, which appears whole or not at all.
    pub(crate) fn install(&self, member: &Path, target: &Path) -> Result<()> {
        let dir = target.parent().context("the library has no folder")?;
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let file = BufReader::new(File::open(&self.archive)?);
        let mut archive = tar::Archive::new(GzDecoder::new(file));
        for entry in archive.entries()? {
            let mut entry = entry?;
            if entry.path()? != member {
                continue;
            }
            let mut library = NamedTempFile::new_in(dir)?;
            io::copy(&mut entry, &mut library)?;
            let sha256 = digest::<Sha256>(&mut library.reopen()?)?;
            let mut kept = NamedTempFile::new_in(dir)?;
            writeln!(kept, "{}", hex(&sha256))?;
            library.persist(target)?;
            kept.persist(record(target))?;
            return Ok(());
        }
        bail!("{} holds no {}", self.archive.display(), member.display());
    }
}

fn digest<D: Digest>(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut hash = D::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(hash.finalize().to_vec()),
            n => hash.update(&buffer[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = b"0123456789abcdef";
    let digit = |value: u8| char::from(digits[usize::from(value)]);
    (bytes.iter())
        .flat_map(|b| [digit(b >> 4), digit(b & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// An archive with one file, `package/library`, and its digest.
    fn archive(dir: &Path) -> (PathBuf, String) {
        let path = dir.join("package.tgz");
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(7);
        tar.append_data(&mut header, "package/library", &b"machine"[..])
            .unwrap();
        let bytes = tar.into_inner().unwrap().finish().unwrap();
        fs::write(&path, &bytes).unwrap();
        let sha512 = BASE64_STANDARD.encode(Sha512::digest(&bytes));
        (path, format!("sha512-{sha512}"))
    }

    #[test]
    fn installs_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let (archive, integrity) = archive(dir.path());
        let package = Package::open(&archive, &integrity).unwrap();
        let target = dir.path().join("deep/below/library.so");
        assert!(!is_installed(&target));
        package
            .install(Path::new("package/library"), &target)
            .unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"machine");
        assert!(is_installed(&target));

        fs::write(&target, b"machin").unwrap();
        assert!(!is_installed(&target), "a damaged library passed");
    }

    #[test]
    fn a_missing_file_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (archive, integrity) = archive(dir.path());
        let package = Package::open(&archive, &integrity).unwrap();
        let target = dir.path().join("below/library.so");
        let error = package.install(Path::new("package/other"), &target);
        assert!(error.unwrap_err().to_string().contains("package/other"));
        assert_eq!(fs::read_dir(dir.path().join("below")).unwrap().count(), 0);
    }

    #[test]
    fn digest_must_match() {
        let dir = tempfile::tempdir().unwrap();
        let (archive, integrity) = archive(dir.path());
        let sha1 = "sha1-jUxKdfMQiOyEb";
        for wrong in ["", "sha512-", sha1, &integrity.to_lowercase()] {
            assert!(Package::open(&archive, wrong).is_err(), "{wrong:?} passed");
        }
    }

    #[test]
    fn every_platform_has_its_file() {
        let known = [
            ("linux", "x86_64"),
            ("linux", "aarch64"),
            ("macos", "aarch64"),
            ("windows", "x86_64"),
        ];
        for (os, arch) in known {
            assert!(library_in_package(os, arch).is_ok(), "{os} {arch}");
        }
        let error = library_in_package("linux", "riscv64")
            .unwrap_err()
            .to_string();
        assert!(error.contains("ORT_DYLIB_PATH"), "{error}");
    }
}
