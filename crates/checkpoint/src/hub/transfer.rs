//! Downloads one address to one file: resumed, retried, complete at the end.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use ureq::http::{Method, StatusCode};

use super::cache::create_parent;
use super::client::{Client, HubRequest, HubResponse, is_transient};
use super::error::FetchError;
use super::progress::{FetchProgress, Meter};

const TRANSFER_BUFFER: usize = 128 * 1024;

/// What to download, and where to.
pub(super) struct Transfer<'a> {
    pub(super) client: &'a Client,
    pub(super) url: &'a str,
    pub(super) token: Option<&'a str>,
    /// The location, for errors.
    pub(super) location: String,
    /// The name, for [`FetchProgress`].
    pub(super) name: &'a str,
    /// The unfinished file.
    pub(super) part: &'a Path,
    /// Size of the whole, where it is known beforehand.
    pub(super) size: Option<u64>,
    pub(super) resume: Resume,
    /// What a status other than success means.
    pub(super) refused: &'a dyn Fn(&HubResponse) -> FetchError,
    /// Checks a response before any of its body is read.
    pub(super) accepted: &'a dyn Fn(&HubResponse) -> Result<(), FetchError>,
}

/// When the bytes on disk may be continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// Always: the part is named after its content, whose hash is checked at the end.
    ByContent,
    /// Only within this transfer, and only if the server confirms that the file is still the same.
    ByValidator,
}

/// A try that did not get everything.
enum TransferStop {
    /// Another try may succeed.
    Passing(FetchError),
    /// No other try can.
    Final(FetchError),
}

struct TransferState<'a> {
    file: File,
    /// Length of `file`.
    at: u64,
    /// The length of the whole, once known.
    total: Option<u64>,
    validator: Option<String>,
    meter: Meter<'a>,
}

impl Transfer<'_> {
    /// Completes the part and flushes it to the disk. Returns whether it began with bytes of an
    /// earlier transfer.
    pub(super) fn run(&self, progress: &dyn FetchProgress) -> Result<bool, FetchError> {
        create_parent(self.part)?;
        let file = File::options()
            .create(true)
            .truncate(self.resume == Resume::ByValidator)
            .write(true)
            .open(self.part)
            .map_err(|source| self.on_disk(source))?;
        let at = file
            .metadata()
            .map_err(|source| self.on_disk(source))?
            .len();
        let mut state = TransferState {
            file,
            at,
            total: self.size,
            validator: None,
            meter: Meter::new(progress, self.name),
        };
        let resumed = at > 0;
        let mut furthest = at;
        let mut backoff = self.client.backoff();
        loop {
            let error = match self.attempt(&mut state) {
                Ok(()) => break,
                Err(TransferStop::Final(error)) => return Err(error),
                Err(TransferStop::Passing(error)) => error,
            };
            if state.at > furthest {
                furthest = state.at;
                backoff.reset();
            }
            tracing::debug!("{error}");
            if !backoff.pause() {
                return Err(error);
            }
        }
        state
            .file
            .sync_all()
            .map_err(|source| self.on_disk(source))?;
        Ok(resumed)
    }

    fn attempt(&self, state: &mut TransferState<'_>) -> Result<(), TransferStop> {
        let unusable = match self.resume {
            Resume::ByContent => self.size.is_some_and(|size| state.at > size),
            Resume::ByValidator => state.validator.is_none(),
        };
        if unusable && state.at > 0 {
            self.start_over(state)?;
        }
        if self.size == Some(state.at) {
            state.meter.begin(self.size, state.at);
            return Ok(());
        }
        let mut answer = self.ask(state)?;
        if state.at > 0 && !continues_at(&answer, state.at) {
            let ignored = answer.status() == StatusCode::OK;
            if ignored || matches!(answer.status().as_u16(), 206 | 416) {
                self.start_over(state)?;
            }
            if !ignored && state.at == 0 {
                answer = self.ask(state)?;
            }
        }
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::PARTIAL_CONTENT if state.at > 0 => {}
            status if is_transient(status) => {
                return Err(TransferStop::Passing(answer.as_failure()));
            }
            _ => return Err(TransferStop::Final((self.refused)(&answer))),
        }
        (self.accepted)(&answer).map_err(TransferStop::Final)?;
        let length = answer.response.body().content_length();
        state.total = self.size.or(length.map(|length| state.at + length));
        state.validator = answer.validator();
        state.meter.begin(state.total, state.at);
        self.receive(state, answer)
    }

    fn ask(&self, state: &TransferState<'_>) -> Result<HubResponse, TransferStop> {
        let mut headers = Vec::new();
        if state.at > 0 {
            headers.push(("range", format!("bytes={}-", state.at)));
            if let (Resume::ByValidator, Some(validator)) = (self.resume, &state.validator) {
                headers.push(("if-range", validator.clone()));
            }
        }
        let call = HubRequest {
            method: Method::GET,
            url: self.url,
            token: self.token,
            headers,
        };
        self.client.call_once(&call).map_err(|failure| {
            if failure.transient {
                TransferStop::Passing(failure.error)
            } else {
                TransferStop::Final(failure.error)
            }
        })
    }

    fn receive(
        &self,
        state: &mut TransferState<'_>,
        answer: HubResponse,
    ) -> Result<(), TransferStop> {
        state
            .file
            .seek(SeekFrom::Start(state.at))
            .map_err(|source| TransferStop::Final(self.on_disk(source)))?;
        let mut body = answer.response.into_body().into_reader();
        let mut buffer = vec![0; TRANSFER_BUFFER];
        loop {
            let count = match body.read(&mut buffer) {
                Ok(0) if state.total.is_none_or(|total| state.at == total) => return Ok(()),
                Ok(0) => return Err(TransferStop::Passing(self.truncated(state))),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::debug!("{}: {error}", self.location);
                    return Err(TransferStop::Passing(self.truncated(state)));
                }
            };
            if let Some(expected) = state.total
                && state.at + count as u64 > expected
            {
                return Err(TransferStop::Final(self.too_long(expected)));
            }
            state
                .file
                .write_all(&buffer[..count])
                .map_err(|source| TransferStop::Final(self.on_disk(source)))?;
            state.at += count as u64;
            state.meter.advance(count as u64);
        }
    }

    fn start_over(&self, state: &mut TransferState<'_>) -> Result<(), TransferStop> {
        state
            .file
            .set_len(0)
            .map_err(|source| TransferStop::Final(self.on_disk(source)))?;
        state.at = 0;
        state.validator = None;
        state.meter.start_over();
        Ok(())
    }

    fn on_disk(&self, source: io::Error) -> FetchError {
        FetchError::on_disk(self.part, source)
    }

    fn truncated(&self, state: &TransferState<'_>) -> FetchError {
        FetchError::Truncated {
            location: self.location.clone(),
            got: state.at,
            expected: state.total.map_or("?".to_owned(), |it| it.to_string()),
        }
    }

    fn too_long(&self, expected: u64) -> FetchError {
        // A longer file is another one: the bytes so far are useless.
        if let Err(error) = std::fs::remove_file(self.part) {
            tracing::debug!("{}: {error}", self.part.display());
        }
        FetchError::TooLong {
            location: self.location.clone(),
            expected,
        }
    }
}

/// Whether the response contains the bytes from `at` on.
fn continues_at(answer: &HubResponse, at: u64) -> bool {
    let first_byte = answer
        .header("content-range")
        .and_then(|range| range.strip_prefix("bytes "))
        .and_then(|range| range.split_once('-'))
        .and_then(|(first, _)| first.trim().parse().ok());
    answer.status() == StatusCode::PARTIAL_CONTENT && first_byte == Some(at)
}
