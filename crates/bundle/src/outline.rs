//! What can be said of a bundle of any format version: for replacing one.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::{ComponentName, FORMAT, Manifest, Source, VoiceEntry};

/// Whether a bundle may have a file of that name, whatever its format version.
pub fn is_bundle_file(name: &str) -> bool {
    [Manifest::FILE, "tokenizer.json", "tokenizer.model"].contains(&name)
        || VoiceEntry::name_of(name).is_some()
        || (ComponentName::ALL.iter())
            .any(|component| name == component.graph_file() || name == component.data_file())
}

/// A manifest of any format version: only what all versions share is read.
#[derive(Clone, Debug)]
pub struct Outline {
    manifest: Value,
}

/// Identifies the weights that a voice was made by: with other weights it does not speak, though its
/// shape may fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsId {
    /// SHA-256 of every file of weights, and of an adapter that was merged into them.
    files: Vec<String>,
    /// Of random weights: the seed, and the variant or configuration that gives their shapes.
    random: Option<(u64, Option<String>, Option<String>)>,
}

impl Outline {
    /// Reads the manifest in `dir`; none where it is no bundle's.
    pub fn read(dir: &Path) -> Option<Self> {
        let text = std::fs::read(dir.join(Manifest::FILE)).ok()?;
        let manifest: Value = serde_json::from_slice(&text).ok()?;
        (manifest.get("format")? == FORMAT).then_some(Self { manifest })
    }

    /// Whether the bundle has a file of that name.
    pub fn has_file(&self, name: &str) -> bool {
        let mut names = BTreeSet::new();
        collect_files(&self.manifest, &mut names);
        names.contains(name)
    }

    /// Names of the voices, in their order.
    pub fn voices(&self) -> Vec<String> {
        let voices = self.manifest.get("voices").and_then(Value::as_array);
        let name = |voice: &Value| text(voice.get("name")?);
        voices.into_iter().flatten().filter_map(name).collect()
    }

    /// The weights that the bundle was made of, as far as the manifest tells.
    pub fn weights(&self) -> Option<WeightsId> {
        let source = self.manifest.get("source")?;
        let sha256 = |file: &Value| text(file.get("sha256")?);
        let files = source.get("weights")?.as_array()?;
        let adapter = source.get("adapter").filter(|it| !it.is_null());
        let files = files.iter().chain(adapter);
        let files = files.map(sha256).collect::<Option<Vec<_>>>()?;
        let variant = self.manifest.get("variant").and_then(text);
        let config = source.get("config").and_then(sha256);
        let synthetic = self.manifest.get("synthetic").filter(|it| !it.is_null());
        let seed = synthetic.map(|it| it.get("seed")?.as_u64());
        match seed {
            Some(None) => None,
            Some(Some(seed)) => Some(WeightsId {
                files,
                random: Some((seed, variant, config)),
            }),
            None if files.is_empty() => None,
            None => Some(WeightsId {
                files,
                random: None,
            }),
        }
    }
}

impl WeightsId {
    /// The weights of a bundle that is to be written.
    pub fn new(variant: Option<&str>, synthetic: Option<u64>, source: &Source) -> Self {
        let Source {
            config,
            weights,
            adapter,
            tokenizer: _,
        } = source;
        let files = weights.iter().chain(adapter);
        Self {
            files: files.map(|file| file.sha256.clone()).collect(),
            random: synthetic.map(|seed| {
                let config = config.as_ref().map(|file| file.sha256.clone());
                (seed, variant.map(str::to_owned), config)
            }),
        }
    }

    /// The weights of a bundle.
    pub fn of(manifest: &Manifest) -> Self {
        let seed = manifest.synthetic.as_ref().map(|synthetic| synthetic.seed);
        Self::new(manifest.variant.as_deref(), seed, &manifest.source)
    }

    /// Whether they are random numbers.
    pub fn is_random(&self) -> bool {
        self.random.is_some()
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The names of all files that a manifest lists, wherever it does.
fn collect_files(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let is_file = members.contains_key("size") && members.contains_key("sha256");
            if let Some(Value::String(name)) = members.get("name").filter(|_| is_file) {
                names.insert(name.clone());
            }
            members.values().for_each(|it| collect_files(it, names));
        }
        Value::Array(items) => items.iter().for_each(|it| collect_files(it, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_every_version_are_known_by_name() {
        for name in [
            "manifest.json",
            "tokenizer.json",
            "tokenizer.model",
            "flow_lm.onnx",
            "mimi_decoder.onnx.data",
            "voice.alba.safetensors",
            "voice.a.b.safetensors",
        ] {
            assert!(is_bundle_file(name), "{name}");
        }
        for name in [
            "model.onnx",
            "voice.safetensors",
            "voice..safetensors",
            "alba.safetensors",
            "tokenizer.json.bak",
            "flow_lm.onnx.data.old",
            "notes.txt",
            "",
        ] {
            assert!(!is_bundle_file(name), "{name}");
        }
    }

    #[test]
    fn a_later_version_tells_its_files_and_voices() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let later = r#"{"format": "pocket-onnx", "format_version": 99, "synthetic": null,
            "parts": {"x": [{"name": "new.bin", "size": 1, "sha256": "00"}]},
            "source": {"weights": [{"location": "w", "size": 1, "sha256": "aa"}], "more": 1},
            "voices": [{"name": "me"}, {"name": "you", "tune": 1}]}"#;
        std::fs::write(dir.join(Manifest::FILE), later).unwrap();
        let outline = Outline::read(dir).unwrap();
        assert!(outline.has_file("new.bin") && !outline.has_file("w"));
        assert_eq!(outline.voices(), ["me", "you"]);
        let weights = outline.weights().unwrap();
        assert_eq!(
            (weights.files, weights.random),
            (vec!["aa".to_owned()], None)
        );
        for other in [r#"{"name": "a web app", "icons": []}"#, "{", "[]", ""] {
            std::fs::write(dir.join(Manifest::FILE), other).unwrap();
            assert!(Outline::read(dir).is_none(), "{other}");
        }
    }
}
