//! Connections that break, servers that fail, bytes that are wrong.

use std::fs;

use checkpoint::FetchError;

use crate::sandbox::{
    HubSandbox, LARGE_FILE, ProgressEvent, Recorder, SMALL, fetch, large, leftovers, listing,
};
use crate::sandbox::{location, small, write};
use testkit::hub::{Behaviour, Ranges, SeenRequest, sha256};

const WEIGHTS_NAME: &str = "languages/dutch/model.safetensors";

fn started(already: usize) -> ProgressEvent {
    let total = large().len() as u64;
    ProgressEvent::Started(WEIGHTS_NAME.to_owned(), Some(total), already as u64)
}

fn advanced(bytes: usize) -> ProgressEvent {
    ProgressEvent::Advanced(bytes as u64)
}

/// A download that was cut once and had to begin anew.
fn started_over() -> Vec<ProgressEvent> {
    vec![
        started(0),
        advanced(100_000),
        started(0),
        advanced(large().len()),
        ProgressEvent::Finished,
    ]
}

/// Ranges that the storage was asked for, one per request.
fn ranges(seen: &[SeenRequest]) -> Vec<Option<&str>> {
    let storage = seen.iter().filter(|it| it.server == "storage");
    storage.map(|it| it.range.as_deref()).collect()
}

struct Case {
    name: &'static str,
    behaviour: fn(&mut Behaviour),
    /// What an earlier process left behind.
    left: Option<Vec<u8>>,
    ranges: &'static [Option<&'static str>],
    events: Vec<ProgressEvent>,
}

fn cases() -> Vec<Case> {
    let whole = large().len();
    vec![
        Case {
            name: "nothing happens",
            behaviour: |_| {},
            left: None,
            ranges: &[None],
            events: vec![started(0), advanced(whole), ProgressEvent::Finished],
        },
        Case {
            name: "cut twice, resumed",
            behaviour: |it| it.cuts = (2, 100_000),
            left: None,
            ranges: &[None, Some("bytes=100000-"), Some("bytes=200000-")],
            events: vec![started(0), advanced(whole), ProgressEvent::Finished],
        },
        Case {
            name: "cut more often than tries are left, but further each time",
            behaviour: |it| it.cuts = (5, 50_000),
            left: None,
            ranges: &[
                None,
                Some("bytes=50000-"),
                Some("bytes=100000-"),
                Some("bytes=150000-"),
                Some("bytes=200000-"),
                Some("bytes=250000-"),
            ],
            events: vec![started(0), advanced(whole), ProgressEvent::Finished],
        },
        Case {
            name: "cut, and the server knows no ranges",
            behaviour: |it| (it.cuts, it.ranges) = ((1, 100_000), Ranges::Ignored),
            left: None,
            ranges: &[None, Some("bytes=100000-")],
            events: started_over(),
        },
        Case {
            name: "cut, and the server refuses ranges",
            behaviour: |it| (it.cuts, it.ranges) = ((1, 100_000), Ranges::Refused),
            left: None,
            ranges: &[None, Some("bytes=100000-"), None],
            events: started_over(),
        },
        Case {
            name: "cut, and the server sends another part",
            behaviour: |it| (it.cuts, it.ranges) = ((1, 100_000), Ranges::Shifted),
            left: None,
            ranges: &[None, Some("bytes=100000-"), None],
            events: started_over(),
        },
        Case {
            name: "an earlier process was interrupted",
            behaviour: |_| {},
            left: Some(large()[..70_000].to_vec()),
            ranges: &[Some("bytes=70000-")],
            events: vec![
                started(70_000),
                advanced(whole - 70_000),
                ProgressEvent::Finished,
            ],
        },
        Case {
            name: "an earlier process was interrupted before the rename",
            behaviour: |_| {},
            left: Some(large()),
            ranges: &[],
            events: vec![started(whole), ProgressEvent::Finished],
        },
        Case {
            name: "an earlier process left other bytes",
            behaviour: |_| {},
            left: Some(vec![0; 70_000]),
            ranges: &[Some("bytes=70000-"), None],
            events: vec![
                started(70_000),
                advanced(whole - 70_000),
                ProgressEvent::Finished,
                started(0),
                advanced(whole),
                ProgressEvent::Finished,
            ],
        },
        Case {
            name: "an earlier process left too many bytes",
            behaviour: |_| {},
            left: Some(vec![0; whole + 1]),
            ranges: &[None],
            events: vec![started(0), advanced(whole), ProgressEvent::Finished],
        },
        Case {
            name: "the server fails twice",
            behaviour: |it| it.failures = (2, 503),
            left: None,
            ranges: &[None],
            events: vec![started(0), advanced(whole), ProgressEvent::Finished],
        },
    ]
}

#[test]
fn broken_transfers_end_well() {
    let mut failures = Vec::new();
    for case in cases() {
        let sandbox = HubSandbox::new();
        sandbox.server.change(case.behaviour);
        let blob = sandbox.open().join("blobs").join(sha256(&large()));
        if let Some(left) = case.left {
            write(&blob.with_extension("incomplete"), &left);
        }
        let recorder = Recorder::default();
        match sandbox.hub().fetch(&location(LARGE_FILE), &recorder) {
            Ok(path) if fs::read(&path).unwrap() == large() => {}
            other => failures.push(format!("{}: {other:?}", case.name)),
        }
        let seen = sandbox.server.seen();
        if ranges(&seen) != case.ranges {
            failures.push(format!("{}: {:?}", case.name, ranges(&seen)));
        }
        if recorder.events() != case.events {
            failures.push(format!("{}: {:?}", case.name, recorder.events()));
        }
        if !leftovers(sandbox.folder.path()).is_empty() {
            failures.push(format!("{}: leftovers", case.name));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_transfer_that_never_ends_is_given_up_and_resumed_by_the_next_call() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.hub();
    // Without ranges each try ends at the same byte.
    sandbox
        .server
        .change(|it| (it.cuts, it.ranges) = ((usize::MAX, 100_000), Ranges::Ignored));
    let recorder = Recorder::default();
    let error = hub.fetch(&location(LARGE_FILE), &recorder).unwrap_err();
    assert!(
        matches!(error, FetchError::Truncated { got: 100_000, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains(LARGE_FILE), "{error}");
    assert_eq!(recorder.events().last(), Some(&ProgressEvent::Finished));
    assert_eq!(hub.find(&location(LARGE_FILE)), None);
    let hash = sha256(&large());
    assert_eq!(
        listing(&sandbox.open()),
        [format!("blobs/{hash}.incomplete 100000")]
    );

    sandbox
        .server
        .change(|it| (it.cuts, it.ranges) = ((0, 0), Ranges::Honoured));
    sandbox.server.seen();
    assert_eq!(fs::read(fetch(&hub, LARGE_FILE).unwrap()).unwrap(), large());
    assert_eq!(ranges(&sandbox.server.seen()), [Some("bytes=100000-")]);
}

#[test]
fn a_server_that_keeps_failing_is_named() {
    let sandbox = HubSandbox::new();
    sandbox.server.change(|it| it.failures = (usize::MAX, 503));
    let error = fetch(&sandbox.hub(), LARGE_FILE).unwrap_err();
    assert!(
        matches!(error, FetchError::Status { status: 503, .. }),
        "{error:?}"
    );
    let endpoint = sandbox.server.endpoint();
    assert!(error.to_string().contains(&endpoint), "{error}");
}

#[test]
fn wrong_bytes_are_refused_and_removed() {
    for (name, content) in [(LARGE_FILE, large()), (SMALL, small())] {
        let sandbox = HubSandbox::new();
        sandbox
            .server
            .change(|it| it.damage = Some(|body| body[0] ^= 1));
        let error = fetch(&sandbox.hub(), name).unwrap_err();
        let FetchError::WrongHash {
            expected, actual, ..
        } = &error
        else {
            panic!("{error:?}");
        };
        let text = error.to_string();
        assert!(text.contains(expected) && text.contains(actual), "{text}");
        assert_eq!(listing(&sandbox.open()), [""; 0]);

        sandbox.server.change(|it| it.damage = None);
        let path = fetch(&sandbox.hub(), name).unwrap();
        assert_eq!(fs::read(path).unwrap(), content);
    }
}

#[test]
fn another_length_than_announced_is_refused() {
    struct Case {
        damage: fn(&mut Vec<u8>),
        is: fn(&FetchError) -> bool,
    }
    let cases = [
        Case {
            damage: |body| body.truncate(299_999),
            is: |it| matches!(it, FetchError::Truncated { got: 299_999, .. }),
        },
        Case {
            damage: |body| body.push(0),
            is: |it| {
                matches!(
                    it,
                    FetchError::TooLong {
                        expected: 300_000,
                        ..
                    }
                )
            },
        },
    ];
    for Case { damage, is } in cases {
        let sandbox = HubSandbox::new();
        let hub = sandbox.hub();
        sandbox.server.change(|it| it.damage = Some(damage));
        let error = fetch(&hub, LARGE_FILE).unwrap_err();
        assert!(is(&error), "{error:?}");
        assert_eq!(hub.find(&location(LARGE_FILE)), None);
        sandbox.server.change(|it| it.damage = None);
        assert_eq!(fs::read(fetch(&hub, LARGE_FILE).unwrap()).unwrap(), large());
    }
}
