//! Files: names, sizes, digests.

use std::path::Path;

use bundle::{Component, ComponentName, FileEntry, Manifest};
use speech::Voice;

use crate::error::chain;

/// Name of the check.
pub(super) const FILES_CHECK: &str = "files";
/// Name of the check of the voices.
pub(super) const VOICES_CHECK: &str = "voices";

/// What is wrong with the files of a component.
pub(super) struct Files {
    pub(super) findings: Vec<String>,
    /// Whether there is a point in reading the graph.
    pub(super) graph_can_be_read: bool,
}

/// Checks the two files of a component.
pub(super) fn component(dir: &Path, component: &Component) -> Files {
    let (graph, data) = (&component.graph, &component.data);
    let mut findings: Vec<String> = [graph, data]
        .iter()
        .filter_map(|entry| problem(dir, entry))
        .collect();
    if graph.name == data.name {
        findings.push(format!("{} is both graph and weights", graph.name));
    }
    Files {
        findings,
        graph_can_be_read: name_problem(graph).is_none() && dir.join(&graph.name).is_file(),
    }
}

/// Checks the tokenizer, and that no file has two uses.
pub(super) fn tokenizer(dir: &Path, manifest: &Manifest) -> Vec<String> {
    let file = &manifest.tokenizer.file;
    let mut findings: Vec<String> = problem(dir, file).into_iter().collect();
    let mut names: Vec<&str> = manifest.files().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).filter(|pair| pair[0] == pair[1]);
    findings.extend(twice.map(|pair| format!("{} is named twice in the manifest", pair[0])));
    findings
}

/// Checks the voices: their files, and whether they are of the model's shape.
pub(super) fn voices(dir: &Path, manifest: &Manifest) -> Vec<String> {
    let mut findings = Vec::new();
    for voice in &manifest.voices {
        if let Some(problem) = problem(dir, &voice.file) {
            findings.push(problem);
            continue;
        }
        let Some(flow_lm) = manifest.components.get(&ComponentName::FlowLm) else {
            continue;
        };
        let name = &voice.name;
        match std::fs::read(dir.join(&voice.file.name)) {
            Err(error) => findings.push(format!("voice {name}: {error}")),
            Ok(file) => match Voice::from_safetensors(&file, flow_lm) {
                Err(error) => findings.push(format!("voice {name}: {}", chain(&error))),
                Ok(read) if read.position() != voice.positions as i64 => findings.push(format!(
                    "voice {name} has {} positions where the manifest says {}",
                    read.position(),
                    voice.positions
                )),
                Ok(_) => {}
            },
        }
    }
    findings
}

/// What is wrong with a file, if anything.
fn problem(dir: &Path, entry: &FileEntry) -> Option<String> {
    let name = &entry.name;
    if let Some(problem) = name_problem(entry) {
        return Some(problem);
    }
    // A pipe would be waited for.
    if std::fs::metadata(dir.join(name)).is_ok_and(|metadata| !metadata.is_file()) {
        return Some(format!("{name} is not a file"));
    }
    entry.check(dir).err().map(|error| chain(&error))
}

/// A name may not lead out of the bundle's folder, nor to the manifest.
fn name_problem(entry: &FileEntry) -> Option<String> {
    let name = &entry.name;
    let is_file_of_bundle = entry.is_in_folder() && name != Manifest::FILE;
    (!is_file_of_bundle).then(|| format!("{name:?} is not the name of a file of a bundle"))
}
