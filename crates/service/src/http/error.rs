//! Errors in the form that OpenAI's clients read.

use std::error::Error;
use std::iter::successors;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::{Full, JobFailure, VoiceError};

/// Seconds after which a refused request may be repeated.
const RETRY_AFTER: u64 = 1;

/// An error response.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

impl ApiError {
    /// An error of this status.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            param: None,
            code: None,
        }
    }

    /// The body of a request cannot be read. Where the framework blames the server, it breaks off or
    /// takes too long.
    pub(crate) fn body(status: StatusCode, message: String) -> Self {
        if status.is_server_error() {
            let message = format!("the body ends too early, or comes too slowly: {message}");
            return Self::new(StatusCode::REQUEST_TIMEOUT, message);
        }
        Self::new(status, message)
    }

    /// The member `param` of a request is wrong.
    pub(crate) fn param(param: &'static str, message: impl Into<String>) -> Self {
        Self {
            param: Some(param),
            code: Some("invalid_value"),
            ..Self::new(StatusCode::BAD_REQUEST, message)
        }
    }

    /// Adds the word by which clients tell errors of a status apart.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// What is wrong, in words.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// A fault of the server's.
    pub(crate) fn fault(error: &dyn Error) -> Self {
        Self::internal(with_causes(error))
    }
}

/// An error's message, and those of its causes: a client sees nothing else of it.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let errors = successors(Some(error), |&error| error.source());
    errors
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

impl From<JobFailure> for ApiError {
    fn from(failure: JobFailure) -> Self {
        let JobFailure {
            message,
            is_of_text,
        } = failure;
        if is_of_text {
            Self::new(StatusCode::BAD_REQUEST, message).code("invalid_value")
        } else {
            Self::internal(message)
        }
    }
}

impl From<Full> for ApiError {
    fn from(full: Full) -> Self {
        let message = format!("{full}: try again in a second");
        Self::new(StatusCode::TOO_MANY_REQUESTS, message).code("rate_limit_exceeded")
    }
}

impl From<VoiceError> for ApiError {
    fn from(error: VoiceError) -> Self {
        let message = with_causes(&error);
        match error {
            VoiceError::NoModel { .. } => Self {
                param: Some("model"),
                code: Some("model_not_found"),
                ..Self::new(StatusCode::NOT_FOUND, message)
            },
            VoiceError::NoVoice { .. } => Self::param("voice", message),
            VoiceError::Speaker(_) => {
                tracing::error!("{message}");
                Self::internal(message)
            }
        }
    }
}

impl ApiError {
    /// The error as OpenAI's clients read it.
    pub(crate) fn json(&self) -> Value {
        let kind = match self.status {
            StatusCode::TOO_MANY_REQUESTS => "requests",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        json!({
            "message": self.message,
            "type": kind,
            "param": self.param,
            "code": self.code,
        })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.json() });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, RETRY_AFTER.into());
        }
        response
    }
}
