//! The host names that the server answers to.
//!
//! A web site can make its own name point to 127.0.0.1 (DNS rebinding), and a browser then lets it
//! read this server's responses. So a request must name the loopback interface.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Names of the loopback interface in a `Host` header.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Refuses requests for any other host.
pub(crate) async fn check(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST);
    // If the request line names a host too, or instead, that counts as well.
    let target = request.uri().authority();
    let named = target.is_some() || hosts.iter().next().is_some();
    let known = hosts.iter().all(header_is_loopback) && target.is_none_or(is_loopback);
    if named && known {
        return next.run(request).await;
    }
    let message = format!(
        "this server answers requests for {} only: open the address that it printed\n",
        NAMES.join(", ")
    );
    (StatusCode::FORBIDDEN, message).into_response()
}

fn header_is_loopback(host: &HeaderValue) -> bool {
    let authority = host.to_str().ok().and_then(|host| host.parse().ok());
    authority.as_ref().is_some_and(is_loopback)
}

/// Whether it is one of [`NAMES`], with or without a port.
fn is_loopback(authority: &Authority) -> bool {
    let is_plain = !authority.as_str().contains('@');
    let host = authority.host();
    is_plain && NAMES.iter().any(|name| name.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_loopback_interface_are_taken() {
        for (host, expected) in [
            ("127.0.0.1", true),
            ("127.0.0.1:8000", true),
            ("localhost", true),
            ("LocalHost:80", true),
            ("[::1]", true),
            ("[::1]:65535", true),
            ("", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:8000", false),
            ("evil.example:127.0.0.1", false),
            ("localhost@evil.example", false),
            ("evil.example@localhost", false),
            ("0.0.0.0", false),
            ("127.0.0.2", false),
            ("2130706433", false),
            ("[::ffff:127.0.0.1]", false),
            ("::1", false),
            ("localhost, evil.example", false),
            ("localhost/", false),
        ] {
            let header = HeaderValue::from_static(host);
            assert_eq!(header_is_loopback(&header), expected, "{host}");
        }
    }
}
