//! Files that the hub does not give, and hubs that are none.

use checkpoint::{Absent, FetchError};

use crate::sandbox::{COMMIT, GATED, HubSandbox, LARGE_FILE, RIGHT_TOKEN, fetch, listing};

struct Case {
    location: String,
    token: Option<&'static str>,
    is: fn(&FetchError) -> bool,
    says: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            location: GATED.to_owned(),
            token: None,
            is: |it| matches!(it, FetchError::Gated { status: 401, .. }),
            says: &["kyutai/gated", "accept the terms", "then set HF_TOKEN"],
        },
        Case {
            location: GATED.to_owned(),
            token: Some("hf_wrong"),
            is: |it| matches!(it, FetchError::Gated { status: 403, .. }),
            says: &["kyutai/gated", "the token in use", "accept the terms"],
        },
        Case {
            location: "hf://kyutai/nowhere/model".to_owned(),
            token: None,
            is: |it| {
                matches!(
                    it,
                    FetchError::NotFound {
                        what: Absent::Repository,
                        ..
                    }
                )
            },
            says: &["no such repository", "HF_TOKEN", "kyutai/nowhere"],
        },
        Case {
            location: "hf://kyutai/nowhere/model".to_owned(),
            token: Some(RIGHT_TOKEN),
            is: |it| {
                matches!(
                    it,
                    FetchError::NotFound {
                        what: Absent::Repository,
                        ..
                    }
                )
            },
            says: &["no such repository"],
        },
        Case {
            location: format!("{LARGE_FILE}@v9"),
            token: None,
            is: |it| {
                matches!(
                    it,
                    FetchError::NotFound {
                        what: Absent::Revision,
                        ..
                    }
                )
            },
            says: &["no such revision", "@v9"],
        },
        Case {
            location: format!("hf://kyutai/open/models.safetensors@{COMMIT}"),
            token: None,
            is: |it| {
                matches!(
                    it,
                    FetchError::NotFound {
                        what: Absent::File,
                        ..
                    }
                )
            },
            says: &["no such file", "models.safetensors"],
        },
        Case {
            location: "hf://kyutai/open".to_owned(),
            token: None,
            is: |it| matches!(it, FetchError::Location(_)),
            says: &["hf://kyutai/open", "hf://owner/repository/path"],
        },
    ]
}

#[test]
fn refusals_say_what_to_do() {
    let mut failures = Vec::new();
    for case in cases() {
        let sandbox = HubSandbox::new();
        let mut builder = sandbox.builder();
        if let Some(token) = case.token {
            builder = builder.token(token);
        }
        let error = fetch(&builder.build().unwrap(), &case.location).unwrap_err();
        let text = error.to_string();
        if !(case.is)(&error) || !case.says.iter().all(|part| text.contains(part)) {
            failures.push(format!("{}: {text} ({error:?})", case.location));
        }
        if text.contains("hf_") {
            failures.push(format!("{}: shows a token: {text}", case.location));
        }
        if !listing(&sandbox.cache()).is_empty() {
            failures.push(format!("{}: left files", case.location));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_right_token_opens_the_gate() {
    let sandbox = HubSandbox::new();
    let hub = sandbox.builder().token(RIGHT_TOKEN).build().unwrap();
    fetch(&hub, GATED).unwrap();
    assert!(!format!("{hub:?}").contains(RIGHT_TOKEN));
}

#[test]
fn no_server_and_no_hub_are_told_apart() {
    let sandbox = HubSandbox::new();
    sandbox.server.change(|it| it.login_page = true);
    let error = fetch(&sandbox.hub(), LARGE_FILE).unwrap_err();
    assert!(matches!(error, FetchError::NotAHub { .. }), "{error:?}");
    assert!(error.to_string().contains("login page"), "{error}");

    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let hub = sandbox.builder().endpoint(&endpoint).build().unwrap();
    let error = fetch(&hub, LARGE_FILE).unwrap_err();
    assert!(matches!(error, FetchError::Connection { .. }), "{error:?}");
    assert!(error.to_string().contains(&endpoint), "{error}");
}
