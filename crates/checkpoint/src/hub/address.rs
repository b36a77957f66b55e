//! Addresses: which server they belong to, and what a redirect means.

use ureq::http::Uri;

/// Scheme, host and port of an address.
pub(super) fn origin(url: &Uri) -> String {
    let scheme = url.scheme_str().unwrap_or("https");
    let host = url.authority().map_or("", |it| it.as_str());
    // Whatever comes before an @ may be a password.
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}")
}

/// Whether both addresses belong to one server, which may then see the same token.
pub(super) fn is_same_origin(a: &Uri, b: &Uri) -> bool {
    let port = |url: &Uri| {
        let default = if url.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        url.port_u16().unwrap_or(default)
    };
    let host = |url: &Uri| url.host().map(str::to_ascii_lowercase);
    a.scheme() == b.scheme() && host(a) == host(b) && port(a) == port(b)
}

/// Resolves `target` relative to `base`.
pub(super) fn resolve(base: &Uri, target: &str) -> String {
    // Fragments are never sent.
    let target = target.split('#').next().unwrap_or(target);
    let lower = target.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return target.to_owned();
    }
    let scheme = base.scheme_str().unwrap_or("https");
    if target.starts_with("//") {
        return format!("{scheme}:{target}");
    }
    let host = base.authority().map_or("", |it| it.as_str());
    let path = base.path();
    if target.starts_with('/') {
        format!("{scheme}://{host}{target}")
    } else if target.starts_with('?') {
        format!("{scheme}://{host}{path}{target}")
    } else {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{host}{folder}/{target}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_targets() {
        struct Case {
            target: &'static str,
            becomes: &'static str,
            keeps_token: bool,
        }
        let base: Uri = "https://Hub.example/a/b/resolve/main/c?x=1"
            .parse()
            .unwrap();
        let cases = [
            Case {
                target: "/d/e",
                becomes: "https://Hub.example/d/e",
                keeps_token: true,
            },
            Case {
                target: "d",
                becomes: "https://Hub.example/a/b/resolve/main/d",
                keeps_token: true,
            },
            Case {
                target: "?y=2",
                becomes: "https://Hub.example/a/b/resolve/main/c?y=2",
                keeps_token: true,
            },
            Case {
                target: "https://hub.example:443/d#part",
                becomes: "https://hub.example:443/d",
                keeps_token: true,
            },
            Case {
                target: "//cdn.example/d",
                becomes: "https://cdn.example/d",
                keeps_token: false,
            },
            Case {
                target: "https://cdn.hub.example/d?token=1",
                becomes: "https://cdn.hub.example/d?token=1",
                keeps_token: false,
            },
            Case {
                target: "http://hub.example/d",
                becomes: "http://hub.example/d",
                keeps_token: false,
            },
            Case {
                target: "https://hub.example:8443/d",
                becomes: "https://hub.example:8443/d",
                keeps_token: false,
            },
        ];
        let mut failures = Vec::new();
        for Case {
            target,
            becomes,
            keeps_token,
        } in cases
        {
            let url = resolve(&base, target);
            let same = is_same_origin(&base, &url.parse().unwrap());
            if url != becomes || same != keeps_token {
                failures.push(format!("{target}: {url}, token kept: {same}"));
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }

    #[test]
    fn errors_name_no_password() {
        let url: Uri = "http://user:secret@hub.example:81/a?token=secret"
            .parse()
            .unwrap();
        assert_eq!(origin(&url), "http://hub.example:81");
    }
}
