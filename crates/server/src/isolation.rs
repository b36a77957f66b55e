//! The headers that allow a page to use shared memory, and with it threads.
//!
//! A page is cross-origin isolated if nothing of another origin can be in its process: its windows
//! are its own (COOP), and everything that it loads allows to be loaded (COEP, CORP).

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

const ISOLATION: [(&str, &str); 3] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Adds the headers to every response, errors included.
pub(crate) async fn isolate(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in ISOLATION {
        let name = HeaderName::from_static(name);
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}
