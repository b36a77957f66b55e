//! What lies where after a download, and what is found without one.

use std::fs;

use checkpoint::{FetchError, Hub, NoProgress};

use crate::sandbox::{
    COMMIT, HubSandbox, LARGE_FILE, SMALL, fetch, large, leftovers, listing, location,
};
use crate::sandbox::{OTHER_COMMIT, small, write};
use testkit::hub::{git_sha1, sha256};

struct Case {
    location: String,
    content: Vec<u8>,
    /// Servers that were asked, in order.
    asked: &'static [(&'static str, &'static str)],
}

#[test]
fn downloads_arrive_once() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.builder().token("hf_any").build().unwrap();
    let small_asks: &[_] = &[("hub", "HEAD"), ("hub", "GET")];
    let large_asks: &[_] = &[("hub", "HEAD"), ("hub", "GET"), ("storage", "GET")];
    let cases = [
        Case {
            location: LARGE_FILE.to_owned(),
            content: large(),
            asked: large_asks,
        },
        Case {
            location: format!("{SMALL}@{COMMIT}"),
            content: small(),
            asked: small_asks,
        },
        Case {
            location: "hf://kyutai/open/with space#".to_owned(),
            content: b"odd name".to_vec(),
            asked: small_asks,
        },
        Case {
            location: "hf://kyutai/open/empty".to_owned(),
            content: Vec::new(),
            asked: &[("hub", "HEAD")],
        },
    ];
    let mut failures = Vec::new();
    for case in cases {
        let name = &case.location;
        let path = fetch(&hub, name).unwrap();
        if fs::read(&path).unwrap() != case.content {
            failures.push(format!("{name}: other bytes"));
        }
        let seen = sandbox.server.seen();
        let asked: Vec<_> = seen.iter().map(|it| (it.server, &*it.method)).collect();
        if asked != case.asked {
            failures.push(format!("{name}: {asked:?}"));
        }
        for request in &seen {
            if request.authorization.is_some() != (request.server == "hub") {
                failures.push(format!("{name}: the token went astray: {request:?}"));
            }
        }
        let again = fetch(&hub, name).unwrap();
        let offline = fetch(&sandbox.offline(), name).unwrap();
        if (&again, &offline) != (&path, &path) || hub.find(&location(name)) != Some(path) {
            failures.push(format!("{name}: not found again"));
        }
        if !sandbox.server.seen().is_empty() {
            failures.push(format!("{name}: asked for again"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!(leftovers(sandbox.folder.path()), [""; 0]);
}

#[cfg(unix)]
#[test]
fn the_layout_is_that_of_the_python_client() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.hub();
    fetch(&hub, LARGE_FILE).unwrap();
    fetch(&hub, &format!("{SMALL}@refs/pr/1")).unwrap();
    fetch(&hub, &format!("{SMALL}@{COMMIT}")).unwrap();
    let (sha256, sha1) = (sha256(&large()), git_sha1(&small()));
    let blobs = "../../blobs";
    let mut expected = [
        format!("blobs/{sha256} {}", large().len()),
        format!("blobs/{sha1} {}", small().len()),
        "refs/main 40".to_owned(),
        "refs/refs/pr/1 40".to_owned(),
        format!("snapshots/{COMMIT}/languages/dutch/model.safetensors -> ../../{blobs}/{sha256}"),
        format!("snapshots/{COMMIT}/tokenizer.json -> {blobs}/{sha1}"),
    ];
    expected.sort();
    assert_eq!(listing(&sandbox.open()), expected);
    let reference = fs::read_to_string(sandbox.open().join("refs/main")).unwrap();
    assert_eq!(reference, COMMIT);
    let locks = sandbox.cache().join(".locks/models--kyutai--open");
    assert!(locks.join(format!("{sha256}.lock")).is_file());
}

#[test]
fn files_of_other_tools_are_found_offline() {
    let sandbox = HubSandbox::new();
    let snapshot = sandbox.open().join("snapshots").join(OTHER_COMMIT);
    // The Python client writes no refs for a commit.
    write(&snapshot.join("a/b.safetensors"), b"theirs");
    let pinned = format!("hf://kyutai/open/a/b.safetensors@{OTHER_COMMIT}");
    let branch = "hf://kyutai/open/a/b.safetensors@v2";
    let offline = sandbox.offline();

    let path = fetch(&offline, &pinned).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"theirs");
    assert!(matches!(
        fetch(&offline, branch),
        Err(FetchError::Offline { .. })
    ));

    write(&sandbox.open().join("refs/v2"), OTHER_COMMIT.as_bytes());
    let path = fetch(&offline, branch).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"theirs");
    assert!(sandbox.server.seen().is_empty());
}

/// What `huggingface_hub` left; `python/make_cache.py` had it fill the cache.
#[cfg(unix)]
fn cache_of_python() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hub/python/hub")
}

#[cfg(unix)]
#[test]
fn a_cache_that_the_python_library_filled_is_read_offline() {
    let sandbox = HubSandbox::new();
    let cache = cache_of_python();
    let before = listing(&cache);
    let offline = Hub::builder(cache.clone(), sandbox.web_cache());
    let offline = offline.offline(true).build().unwrap();
    for (location, content) in [
        (SMALL.to_owned(), small()),
        (format!("{SMALL}@{COMMIT}"), small()),
        (format!("{SMALL}@{OTHER_COMMIT}"), small()),
        (LARGE_FILE.to_owned(), b"weights ".repeat(100)),
        (
            format!("{LARGE_FILE}@{OTHER_COMMIT}"),
            b"weights ".repeat(100),
        ),
    ] {
        let path = fetch(&offline, &location).unwrap();
        assert_eq!(fs::read(path).unwrap(), content, "{location}");
    }
    let missing = fetch(&offline, "hf://kyutai/open/missing.json");
    assert!(matches!(missing, Err(FetchError::Offline { .. })));
    assert_eq!(listing(&cache), before);
}

#[cfg(unix)]
#[test]
fn files_and_links_lie_where_the_python_library_puts_them() {
    let sandbox = HubSandbox::new();
    for revision in ["main", COMMIT, OTHER_COMMIT] {
        // The loopback hub knows one commit.
        let _ = fetch(&sandbox.hub(), &format!("{SMALL}@{revision}"));
    }
    let theirs = listing(&cache_of_python().join("models--kyutai--open"));
    let ours = listing(&sandbox.open());
    assert!(
        ours.iter().any(|line| line.starts_with("blobs/")),
        "{ours:?}"
    );
    assert!(ours.iter().any(|line| line.contains(" -> ")), "{ours:?}");
    let others: Vec<_> = ours.iter().filter(|line| !theirs.contains(line)).collect();
    assert!(others.is_empty(), "{others:?} are not among {theirs:?}");
}

#[test]
fn offline_without_the_file_says_where_to_put_it() {
    let sandbox = HubSandbox::new();
    let offline = sandbox.offline();
    let folder = sandbox.cache().display().to_string();
    let pinned = format!("{LARGE_FILE}@{COMMIT}");
    let place = sandbox.open().join("snapshots").join(COMMIT);
    let place = place.join("languages/dutch/model.safetensors");
    let place = place.display().to_string();
    let error = fetch(&offline, &pinned).unwrap_err().to_string();
    for part in [&pinned, &folder, &place, "HF_HUB_OFFLINE"] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
    // Following the advice helps.
    write(place.as_ref(), b"copied by hand");
    fetch(&offline, &pinned).unwrap();

    let error = fetch(&offline, LARGE_FILE).unwrap_err().to_string();
    let reference = sandbox.open().join("refs/main").display().to_string();
    assert!(error.contains(&reference), "{error}");
    assert!(sandbox.server.seen().is_empty());
}

#[cfg(unix)]
#[test]
fn content_shared_by_two_commits_is_downloaded_once() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.hub();
    fetch(&hub, LARGE_FILE).unwrap();
    sandbox.server.change(|behaviour| {
        let repository = behaviour.repositories.get_mut("kyutai/open").unwrap();
        repository.commit = OTHER_COMMIT.to_owned();
    });
    sandbox.server.seen();
    let path = fetch(&hub, &format!("{LARGE_FILE}@{OTHER_COMMIT}")).unwrap();
    assert_eq!(fs::read(path).unwrap(), large());
    let methods: Vec<_> = sandbox
        .server
        .seen()
        .into_iter()
        .map(|it| it.method)
        .collect();
    assert_eq!(methods, ["HEAD"]);

    // A blob of the wrong length was never whole: it is brought again.
    let blob = sandbox.open().join("blobs").join(sha256(&large()));
    fs::write(&blob, b"short").unwrap();
    fs::remove_dir_all(sandbox.open().join("snapshots")).unwrap();
    let path = fetch(&hub, LARGE_FILE).unwrap();
    assert_eq!(fs::read(path).unwrap(), large());
}

#[test]
fn two_at_once_download_once() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.hub();
    let location = location(LARGE_FILE);
    std::thread::scope(|scope| {
        let fetches: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| hub.fetch(&location, &NoProgress).unwrap()))
            .collect();
        for fetch in fetches {
            assert_eq!(fs::read(fetch.join().unwrap()).unwrap(), large());
        }
    });
    let seen = sandbox.server.seen();
    let stored = seen.iter().filter(|it| it.server == "storage").count();
    assert_eq!(stored, 1, "{seen:#?}");
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let sandbox = HubSandbox::new();
    // A file where the folder should be stops every user, root too.
    fs::write(sandbox.cache(), b"").unwrap();
    fs::write(sandbox.web_cache(), b"").unwrap();
    let web = format!(
        "{}/kyutai/open/resolve/main/tokenizer.json",
        sandbox.server.endpoint()
    );
    for (location, folder) in [(LARGE_FILE, sandbox.cache()), (&web, sandbox.web_cache())] {
        let error = fetch(&sandbox.hub(), location).unwrap_err();
        assert!(matches!(error, FetchError::Cache { .. }), "{error:?}");
        let folder = folder.display().to_string();
        assert!(error.to_string().contains(&folder), "{error}");
    }
}

#[test]
fn local_paths_are_taken_as_they_are() {
    let sandbox = HubSandbox::new();
    let file = sandbox.folder.path().join("model.safetensors");
    fs::write(&file, b"here").unwrap();
    let text = file.display().to_string();
    assert_eq!(fetch(&sandbox.offline(), &text).unwrap(), file);
    // What a folder is not, its reader says.
    let folder = sandbox.folder.path();
    assert_eq!(
        fetch(&sandbox.hub(), &folder.display().to_string()).unwrap(),
        folder
    );
    let missing = "no/such/model.safetensors";
    let error = fetch(&sandbox.hub(), missing).unwrap_err();
    assert!(matches!(error, FetchError::Missing { .. }), "{error:?}");
    assert!(error.to_string().contains(missing), "{error}");
}

#[test]
fn a_branch_that_reaches_a_cached_commit_is_not_downloaded_again() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.hub();
    let pinned = fetch(&hub, &format!("{LARGE_FILE}@{COMMIT}")).unwrap();
    assert!(!sandbox.open().join("refs").exists());
    // Nothing can be written down: the file is there all the same.
    write(&sandbox.open().join("refs"), b"");
    sandbox.server.seen();
    assert_eq!(fetch(&hub, LARGE_FILE).unwrap(), pinned);
    let seen = sandbox.server.seen();
    let methods: Vec<_> = seen.into_iter().map(|it| it.method).collect();
    assert_eq!(methods, ["HEAD"]);
}
