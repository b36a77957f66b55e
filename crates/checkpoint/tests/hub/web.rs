//! Files of the web.

use std::fs;

use checkpoint::FetchError;

use crate::sandbox::{
    HubSandbox, LARGE_FILE, ProgressEvent, Recorder, fetch, large, leftovers, location,
};
use testkit::hub::sha256;

/// The address of [`LARGE_FILE`] as a plain file of the web.
fn address(sandbox: &HubSandbox) -> String {
    let path = LARGE_FILE.strip_prefix("hf://kyutai/open/").unwrap();
    let endpoint = sandbox.server.endpoint();
    format!("{endpoint}/kyutai/open/resolve/main/{path}?download=true")
}

#[test]
fn files_lie_where_pocket_tts_looks_for_them() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.builder().token("hf_any").build().unwrap();
    let url = address(&sandbox);
    let error = fetch(&sandbox.offline(), &url).unwrap_err();
    let place = sandbox
        .web_cache()
        .join(format!("{}.safetensors", sha256(url.as_bytes())));
    assert!(matches!(error, FetchError::Offline { .. }), "{error:?}");
    assert!(
        error.to_string().contains(&place.display().to_string()),
        "{error}"
    );

    let recorder = Recorder::default();
    let path = hub.fetch(&location(&url), &recorder).unwrap();
    assert_eq!(path, place);
    assert_eq!(fs::read(&path).unwrap(), large());
    let total = large().len() as u64;
    let name = "model.safetensors".to_owned();
    assert_eq!(
        recorder.events(),
        [
            ProgressEvent::Started(name, Some(total), 0),
            ProgressEvent::Advanced(total),
            ProgressEvent::Finished
        ]
    );
    for request in sandbox.server.seen() {
        assert_eq!(request.authorization, None, "{request:?}");
    }
    fetch(&hub, &url).unwrap();
    fetch(&sandbox.offline(), &url).unwrap();
    assert_eq!(hub.find(&location(&url)), Some(path));
    assert!(sandbox.server.seen().is_empty());
}

#[test]
fn broken_transfers_leave_nothing_half_written() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.hub();
    let url = address(&sandbox);
    sandbox.server.change(|it| it.cuts = (usize::MAX, 100_000));
    let error = fetch(&hub, &url).unwrap_err();
    assert!(matches!(error, FetchError::Truncated { .. }), "{error:?}");
    assert_eq!(leftovers(sandbox.folder.path()), [""; 0]);
    assert_eq!(hub.find(&location(&url)), None);

    sandbox.server.change(|it| it.cuts = (1, 100_000));
    assert_eq!(fs::read(fetch(&hub, &url).unwrap()).unwrap(), large());
    assert_eq!(leftovers(sandbox.folder.path()), [""; 0]);
}

#[test]
fn a_file_that_names_its_version_is_resumed() {
    let sandbox = HubSandbox::new();
    // Small files carry an etag.
    let url = format!(
        "{}/kyutai/open/resolve/main/tokenizer.json",
        sandbox.server.endpoint()
    );
    sandbox.server.change(|it| it.cuts = (1, 10));
    fetch(&sandbox.hub(), &url).unwrap();
    let ranges: Vec<_> = sandbox
        .server
        .seen()
        .into_iter()
        .map(|it| it.range)
        .collect();
    assert_eq!(ranges, [None, Some("bytes=10-".to_owned())]);
}

#[test]
fn refusals_name_the_address_without_its_query() {
    let sandbox = HubSandbox::new();
    let url = format!("{}/nothing.wav?key=secret", sandbox.server.endpoint());
    let error = fetch(&sandbox.hub(), &url).unwrap_err();
    assert!(
        matches!(error, FetchError::Status { status: 404, .. }),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(
        text.contains("/nothing.wav") && !text.contains("secret"),
        "{text}"
    );
}

/// The address of a small file, whose version the server names.
fn small_address(sandbox: &HubSandbox) -> String {
    format!(
        "{}/kyutai/open/resolve/main/tokenizer.json",
        sandbox.server.endpoint()
    )
}

/// A login page, a page of a hub, an empty answer: none of them is kept.
#[test]
fn pages_and_empty_answers_are_refused_and_not_kept() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.hub();
    let url = small_address(&sandbox);
    let refused = |says: &str| {
        let error = fetch(&hub, &format!("{url}?key=secret"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(says) && error.contains(&url) && !error.contains("secret"),
            "{error}"
        );
        assert_eq!(leftovers(sandbox.folder.path()), [""; 0]);
    };
    sandbox.server.change(|it| it.login_page = true);
    refused("is a web page");
    sandbox.server.change(|it| {
        it.login_page = false;
        it.content_type = Some("text/html; charset=utf-8");
    });
    refused("is a web page");
    sandbox.server.change(|it| {
        it.content_type = None;
        it.damage = Some(Vec::clear);
    });
    refused("gave an empty answer");
    sandbox.server.change(|it| {
        it.damage = Some(|body| *body = b"version https://git-lfs.github.com/spec/v1\n".to_vec());
    });
    refused("Git LFS pointer");
    sandbox.server.change(|it| it.damage = None);
    fetch(&hub, &url).unwrap();
}

#[test]
fn a_file_that_changed_at_its_address_is_fetched_again() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.hub();
    let url = small_address(&sandbox);
    let path = fetch(&hub, &url).unwrap();
    let first = fs::read(&path).unwrap();
    sandbox.server.seen();
    // The same version is asked for, and not sent.
    fetch(&hub, &url).unwrap();
    let seen = sandbox.server.seen();
    assert!(seen.len() == 1 && seen[0].condition.is_some(), "{seen:?}");

    sandbox.server.change(|it| {
        let open = it.repositories.get_mut("kyutai/open").unwrap();
        open.files
            .insert("tokenizer.json", (b"{\"new\": 1}".to_vec(), false));
    });
    assert_eq!(
        fs::read(fetch(&hub, &url).unwrap()).unwrap(),
        b"{\"new\": 1}"
    );
    // Without a server the copy is used as it is.
    sandbox.server.change(|it| it.failures = (1, 503));
    fetch(&hub, &url).unwrap();
    fetch(&sandbox.offline(), &url).unwrap();
    assert_ne!(first, fs::read(&path).unwrap());
}

#[test]
fn a_forgotten_file_is_fetched_again() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.hub();
    let url = address(&sandbox);
    let path = fetch(&hub, &url).unwrap();
    fs::write(&path, "damaged").unwrap();
    hub.forget(&location(&url)).unwrap();
    assert!(!path.exists());
    hub.forget(&location(&url)).unwrap();
    assert_eq!(fs::read(fetch(&hub, &url).unwrap()).unwrap(), large());
    // Files of this machine stay.
    hub.forget(&location(&path.display().to_string())).unwrap();
    assert!(path.exists());
}
