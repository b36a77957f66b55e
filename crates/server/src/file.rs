//! A file as an HTTP response: entity tag, ranges, type.

use std::io::{self, SeekFrom};
use std::path::PathBuf;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::content::Content;
use crate::range::Wanted;

/// Marks a response that is worth compressing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compressible;

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 18;

/// A file that may be served.
#[derive(Clone, Debug)]
pub(crate) struct ServedFile {
    /// Its path.
    pub(crate) path: PathBuf,
    /// SHA-256 of its content, in hexadecimal.
    pub(crate) sha256: String,
}

impl ServedFile {
    /// Answers a `GET` or `HEAD`.
    pub(crate) async fn answer(self, method: &Method, request: &HeaderMap) -> Response {
        match self.open(method, request).await {
            Ok(response) => response,
            Err(error) if error.kind() == io::ErrorKind::NotFound => not_found(),
            Err(error) => {
                tracing::warn!("cannot read {}: {error}", self.path.display());
                let message = "the file cannot be read\n";
                (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
            }
        }
    }

    async fn open(&self, method: &Method, request: &HeaderMap) -> io::Result<Response> {
        let content = Content::of(&self.path);
        // The bytes change when compressed, so the tag is a weak one.
        let weak = if content.compressible { "W/" } else { "" };
        let tag = format!("{weak}\"{}\"", self.sha256);
        // Checked before opening, which would block at a pipe.
        let metadata = tokio::fs::metadata(&self.path).await?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let size = metadata.len();
        let mut file = File::open(&self.path).await?;

        let mut tags = request.get_all(header::IF_NONE_MATCH).iter();
        if tags.any(|tags| tags.to_str().is_ok_and(|tags| matches(tags, &self.sha256))) {
            return Ok((StatusCode::NOT_MODIFIED, caching(tag)).into_response());
        }
        // Only GET has ranges, and only of responses that are the same byte for byte.
        let is_same = |it: &str| it == tag && weak.is_empty();
        let wanted = match text(request, header::RANGE) {
            Some(range)
                if method == Method::GET && text(request, header::IF_RANGE).is_none_or(is_same) =>
            {
                Wanted::parse(range, size)
            }
            _ => Wanted::Whole,
        };
        let (status, start, end) = match wanted {
            Wanted::Whole => (StatusCode::OK, 0, size),
            Wanted::Part { start, end } => (StatusCode::PARTIAL_CONTENT, start, end),
            Wanted::Unsatisfiable => {
                let all = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
                return Ok((StatusCode::RANGE_NOT_SATISFIABLE, all).into_response());
            }
        };
        let body = if method == Method::HEAD {
            Body::empty()
        } else {
            file.seek(SeekFrom::Start(start)).await?;
            Body::from_stream(ReaderStream::with_capacity(file.take(end - start), BUFFER))
        };
        let headers = [
            (header::CONTENT_TYPE, content.mime.to_owned()),
            (header::CONTENT_LENGTH, (end - start).to_string()),
            (header::ACCEPT_RANGES, "bytes".to_owned()),
        ];
        let mut response = (status, caching(tag), headers, body).into_response();
        if status == StatusCode::PARTIAL_CONTENT {
            let part = format!("bytes {start}-{}/{size}", end - 1);
            if let Ok(part) = part.parse() {
                response.headers_mut().insert(header::CONTENT_RANGE, part);
            }
        }
        if content.compressible {
            response.extensions_mut().insert(Compressible);
        }
        Ok(response)
    }
}

/// May be cached, but must be revalidated: the tag then saves the body.
fn caching(tag: String) -> [(HeaderName, String); 2] {
    [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ]
}

/// The response for a missing file.
pub(crate) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "there is no such file\n").into_response()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether `If-None-Match` names the digest, in its weak or its strong form.
fn matches(tags: &str, sha256: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.trim_matches('"') == sha256
    })
}
