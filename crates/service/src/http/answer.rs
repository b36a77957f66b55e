//! Sound as the body of a response.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use encode::Format;
use futures_util::stream;

use super::error::ApiError;
use crate::{JobEvent, Listener};

/// Sends sound as it is made. The response begins with the first part, so that an earlier fault is
/// an error response and not a broken one.
pub(crate) async fn streamed(
    mut listener: Listener,
    media_type: String,
) -> Result<Response, ApiError> {
    let first = first(&mut listener).await?;
    Ok(rest(first, listener, media_type))
}

/// Sends sound when it is complete, with its true length in the header; if there are more than
/// `most` bytes, sends it as it is made.
pub(crate) async fn whole(
    mut listener: Listener,
    media_type: String,
    most: usize,
) -> Result<Response, ApiError> {
    let mut bytes = first(&mut listener).await?;
    while bytes.len() <= most {
        match listener.next().await {
            Some(JobEvent::Sound(sound)) => bytes.extend(sound.bytes),
            Some(JobEvent::Done(spoken)) => {
                if let Some(patch) = spoken.patch {
                    patch.apply(&mut bytes);
                }
                return Ok(([(header::CONTENT_TYPE, media_type)], bytes).into_response());
            }
            Some(JobEvent::Failed(failure)) => return Err(failure.into()),
            None => return Err(ApiError::internal("the work ended without a word")),
        }
    }
    Ok(rest(bytes, listener, media_type))
}

/// The first bytes.
async fn first(listener: &mut Listener) -> Result<Vec<u8>, ApiError> {
    match listener.next().await {
        Some(JobEvent::Sound(sound)) => Ok(sound.bytes),
        Some(JobEvent::Failed(failure)) => Err(failure.into()),
        Some(JobEvent::Done(_)) | None => Err(ApiError::internal("the work ended without a word")),
    }
}

fn rest(first: Vec<u8>, listener: Listener, media_type: String) -> Response {
    let parts = stream::unfold(
        (Some(first), listener),
        |(first, mut listener)| async move {
            if let Some(bytes) = first {
                return Some((Ok(bytes), (None, listener)));
            }
            match listener.next().await? {
                JobEvent::Sound(sound) => Some((Ok(sound.bytes), (None, listener))),
                JobEvent::Done(_) => None,
                // A broken connection tells the client that the sound is incomplete.
                JobEvent::Failed(failure) => Some((Err(Broken(failure.message)), (None, listener))),
            }
        },
    );
    (
        [(header::CONTENT_TYPE, media_type)],
        Body::from_stream(parts),
    )
        .into_response()
}

/// The sound breaks off.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);

/// Whether a format's header has the length of the sound, so that a response waits for it.
pub(crate) fn says_its_length(format: Format) -> bool {
    match format {
        Format::Wav(_) | Format::Flac => true,
        Format::Pcm(_) | Format::Opus | Format::Mp3 => false,
    }
}
