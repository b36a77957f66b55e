//! A hub on the loopback interface and empty caches.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use checkpoint::{FetchError, FetchProgress, Hub, HubBuilder, Location, NoProgress};

use testkit::hub::{LoopbackHub, Repository};

pub(crate) const COMMIT: &str = "3e82814a68665eec246ff649b14c71331f955c06";
pub(crate) const OTHER_COMMIT: &str = "1e08e6a23401048648a9fdcfde2f89348215c2a7";
pub(crate) const RIGHT_TOKEN: &str = "hf_right";

/// A large file of the open repository.
pub(crate) const LARGE_FILE: &str = "hf://kyutai/open/languages/dutch/model.safetensors";
/// A small file of the open repository.
pub(crate) const SMALL: &str = "hf://kyutai/open/tokenizer.json";
/// A large file of the gated repository.
pub(crate) const GATED: &str = "hf://kyutai/gated/model.safetensors";

pub(crate) struct HubSandbox {
    pub(crate) server: LoopbackHub,
    pub(crate) folder: tempfile::TempDir,
}

impl HubSandbox {
    pub(crate) fn new() -> Self {
        let open = Repository {
            commit: COMMIT.to_owned(),
            branches: vec!["main", "refs/pr/1"],
            files: HashMap::from([
                ("languages/dutch/model.safetensors", (large(), true)),
                ("tokenizer.json", (small(), false)),
                ("empty", (Vec::new(), false)),
                ("with space#", (small(), false)),
            ]),
            token: None,
        };
        // Addresses arrive percent-encoded.
        let mut open = open;
        open.files
            .insert("with%20space%23", (b"odd name".to_vec(), false));
        let gated = Repository {
            commit: OTHER_COMMIT.to_owned(),
            branches: vec!["main"],
            files: HashMap::from([("model.safetensors", (large(), true))]),
            token: Some(RIGHT_TOKEN),
        };
        let repositories = HashMap::from([("kyutai/open", open), ("kyutai/gated", gated)]);
        Self {
            server: LoopbackHub::start(repositories),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn builder(&self) -> HubBuilder {
        Hub::builder(self.cache(), self.web_cache())
            .endpoint(self.server.endpoint())
            .retries(2, Duration::from_millis(1))
    }

    pub(crate) fn hub(&self) -> Hub {
        self.builder().build().unwrap()
    }

    pub(crate) fn offline(&self) -> Hub {
        self.builder().offline(true).build().unwrap()
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.path().join("hub")
    }

    pub(crate) fn web_cache(&self) -> PathBuf {
        self.folder.path().join("pocket_tts")
    }

    /// The open repository's part of the cache.
    pub(crate) fn open(&self) -> PathBuf {
        self.cache().join("models--kyutai--open")
    }
}

/// Writes a file, with its folders.
pub(crate) fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// More than one buffer's worth of bytes.
pub(crate) fn large() -> Vec<u8> {
    (0_u32..75_000).flat_map(u32::to_le_bytes).collect()
}

pub(crate) fn small() -> Vec<u8> {
    br#"{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0]]}}"#.to_vec()
}

pub(crate) fn fetch(hub: &Hub, location: &str) -> Result<PathBuf, FetchError> {
    hub.fetch(&location.parse()?, &NoProgress)
}

pub(crate) fn location(text: &str) -> Location {
    text.parse().unwrap()
}

/// All files below `folder` with their contents' lengths, links as `-> target`.
pub(crate) fn listing(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let name = name.replace('\\', "/");
            if let Ok(target) = fs::read_link(&path) {
                lines.push(format!("{name} -> {}", target.display()));
            } else if path.is_dir() {
                folders.push(path);
            } else {
                let length = fs::metadata(&path).unwrap().len();
                lines.push(format!("{name} {length}"));
            }
        }
    }
    lines.sort();
    lines
}

/// Files that a download left unfinished.
pub(crate) fn leftovers(folder: &Path) -> Vec<String> {
    let mut all = listing(folder);
    all.retain(|line| line.contains(".incomplete"));
    all
}

/// Writes down what a download tells.
#[derive(Default)]
pub(crate) struct Recorder(RefCell<Vec<ProgressEvent>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProgressEvent {
    Started(String, Option<u64>, u64),
    /// Sum of the calls in a row.
    Advanced(u64),
    Finished,
}

impl Recorder {
    pub(crate) fn events(&self) -> Vec<ProgressEvent> {
        self.0.borrow().clone()
    }
}

impl FetchProgress for Recorder {
    fn started(&self, name: &str, total: Option<u64>, already: u64) {
        let event = ProgressEvent::Started(name.to_owned(), total, already);
        self.0.borrow_mut().push(event);
    }

    fn advanced(&self, bytes: u64) {
        let mut events = self.0.borrow_mut();
        if let Some(ProgressEvent::Advanced(sum)) = events.last_mut() {
            *sum += bytes;
        } else {
            events.push(ProgressEvent::Advanced(bytes));
        }
    }

    fn finished(&self) {
        self.0.borrow_mut().push(ProgressEvent::Finished);
    }
}
