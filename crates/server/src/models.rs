//! Bundles in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use bundle::{ComponentName, Manifest, ManifestError, hex};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::ServeError;
use crate::file::ServedFile;

/// A folder that is a bundle, or contains bundles, or both.
#[derive(Clone, Debug)]
pub struct Models {
    root: PathBuf,
}

/// One bundle, as `/models/index.json` describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfferedBundle {
    /// Its path segment in the URL.
    pub name: String,
    /// Its folder.
    #[serde(skip)]
    pub dir: PathBuf,
    /// Name of the released model, if it is one.
    pub variant: Option<String>,
    /// Its language, if known.
    pub language: Option<String>,
    /// Whether the weights are random numbers, which make noise.
    pub synthetic: bool,
    /// Whether it can make a voice from a recording.
    pub voice_cloning: bool,
    /// Names of its voices; the first one is the default.
    pub voices: Vec<String>,
    /// Bytes to download for speaking: graphs and weights but those of `mimi_encoder`, and the tokenizer.
    pub size: u64,
}

impl Models {
    /// The bundles in this folder; there must be at least one.
    pub fn open(dir: &Path) -> Result<Self, ServeError> {
        let models = Self {
            root: dir.to_owned(),
        };
        if models.list()?.is_empty() {
            return Err(ServeError::NoBundle {
                path: dir.to_owned(),
            });
        }
        Ok(models)
    }

    /// Describes them all: the folder itself first, then sub-folders by name.
    pub fn list(&self) -> Result<Vec<OfferedBundle>, ServeError> {
        let mut offers = Vec::new();
        if let Some(manifest) = self.own()? {
            offers.push(OfferedBundle::new(
                self.own_name(&manifest),
                self.root.clone(),
                &manifest,
            ));
        }
        let unreadable = |source| ServeError::Read {
            path: self.root.clone(),
            source,
        };
        let mut names: Vec<String> = fs::read_dir(&self.root)
            .map_err(unreadable)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_plain(name) && self.root.join(name).join(Manifest::FILE).is_file())
            .collect();
        names.sort_unstable();
        for name in names {
            match Manifest::read(&self.root.join(&name)) {
                Ok(_) if offers.first().is_some_and(|own| own.name == name) => {
                    tracing::warn!(
                        "{name} is not offered: the bundle in the folder above it is called that"
                    );
                }
                Ok(manifest) => {
                    let dir = self.root.join(&name);
                    offers.push(OfferedBundle::new(name, dir, &manifest));
                }
                // A damaged bundle does not hide the others.
                Err(error) => tracing::warn!("{name} is not offered: {error}"),
            }
        }
        Ok(offers)
    }

    /// The file at `/models/<name>/<file>`.
    pub(crate) fn find(&self, name: &str, file: &str) -> Option<ServedFile> {
        let own = self.own().ok().flatten();
        let (dir, manifest) = match own {
            Some(manifest) if self.own_name(&manifest) == name => (self.root.clone(), manifest),
            _ if is_plain(name) => {
                let dir = self.root.join(name);
                let manifest = Manifest::read(&dir).ok()?;
                (dir, manifest)
            }
            _ => return None,
        };
        if file == Manifest::FILE {
            let path = dir.join(file);
            let sha256 = hex(&Sha256::digest(fs::read(&path).ok()?));
            return Some(ServedFile { path, sha256 });
        }
        let entry = manifest.files().find(|entry| entry.name == file)?;
        if !is_plain(&entry.name) {
            return None;
        }
        Some(ServedFile {
            path: dir.join(&entry.name),
            sha256: entry.sha256.clone(),
        })
    }

    /// The manifest of the folder itself, if it is a bundle.
    fn own(&self) -> Result<Option<Manifest>, ManifestError> {
        match Manifest::read(&self.root) {
            Err(ManifestError::Read { .. } | ManifestError::Unfinished { .. }) => Ok(None),
            read => read.map(Some),
        }
    }

    /// The folder's own bundle is named after its variant, or else after the folder.
    fn own_name(&self, manifest: &Manifest) -> String {
        let variant = manifest.variant.clone().filter(|name| is_plain(name));
        variant.unwrap_or_else(|| {
            let folder = self.root.canonicalize().ok();
            let name = folder.as_deref().and_then(Path::file_name);
            let name = name
                .and_then(|name| name.to_str())
                .filter(|it| is_plain(it));
            name.unwrap_or("model").to_owned()
        })
    }
}

impl OfferedBundle {
    fn new(name: String, dir: PathBuf, manifest: &Manifest) -> Self {
        let graphs = (manifest.components.iter())
            .filter(|(name, _)| **name != ComponentName::MimiEncoder)
            .map(|(_, component)| component.graph.size + component.data.size);
        Self {
            name,
            dir,
            variant: manifest.variant.clone(),
            language: manifest.language.clone(),
            synthetic: manifest.synthetic.is_some(),
            voice_cloning: manifest.voice_cloning
                && manifest
                    .components
                    .contains_key(&ComponentName::MimiEncoder),
            voices: manifest.voices.iter().map(|it| it.name.clone()).collect(),
            size: graphs.sum::<u64>() + manifest.tokenizer.file.size,
        }
    }
}

/// Whether a name stays within its folder on every platform, and is not hidden.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0'])
}
