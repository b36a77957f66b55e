//! Speech over HTTP.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /v1/audio/speech` | sound, as OpenAI's clients ask for it |
//! | `GET /v1/models`, `GET /v1/audio/models` | the models |
//! | `GET /v1/audio/voices` | the voices |
//! | `POST /tts` | WAV, for the form that pocket-tts's own page sends |
//! | `GET /health` | `{"status":"healthy"}`; before the first model is loaded, status 503 |
//! | `GET /metrics` | figures for Prometheus, if [`Service::metrics`] has them |
//!
//! Errors have OpenAI's JSON shape.

mod answer;
mod error;
mod events;
mod form;
mod listing;
mod request;
mod speech;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::{any, get, post};
use speaker::Scheduler;

pub use self::error::ApiError;
pub(crate) use self::error::with_causes;
pub(crate) use self::request::{ExtraOptions, check_text};
use crate::{Full, Job, Listener, Metrics, Settings, Voices, WorkQueue};

/// Most bytes of a letter, in JSON (`\u00e9` as half of a surrogate pair) and in a form.
const LETTER: usize = 12;
/// Bytes of a request besides its text.
const REST: usize = 64 << 10;

/// What the routes share.
#[derive(Clone, Debug)]
pub struct Service {
    /// Models and voices.
    pub voices: Arc<Voices>,
    /// Workers.
    pub queue: WorkQueue,
    /// The cores that the workers share.
    pub scheduler: Scheduler,
    /// Limits and defaults.
    pub settings: Settings,
    /// What is counted, if anything.
    pub metrics: Option<Arc<Metrics>>,
}

impl Service {
    /// Has a job spoken by the next free worker.
    ///
    /// # Errors
    ///
    /// [`Full`] if too many wait already.
    pub(crate) fn start(&self, job: Job) -> Result<Listener, Full> {
        let (work, listener) = job.begin(&self.scheduler);
        match &self.metrics {
            None => self.queue.push(|| drop(work()))?,
            Some(metrics) => {
                let request = metrics.request();
                let pushed = self.queue.push(move || request.run(work));
                pushed.inspect_err(|_| metrics.refused())?;
            }
        }
        Ok(listener)
    }
}

/// The routes.
pub fn router(service: Service) -> Router {
    let settings = &service.settings;
    let text = LETTER * settings.longest_text + REST;
    let recording = settings.longest_recording + text;
    let router = Router::new()
        .route(
            "/v1/audio/speech",
            post(speech::speech).layer(DefaultBodyLimit::max(text)),
        )
        .route(
            "/tts",
            post(form::tts).layer(DefaultBodyLimit::max(recording)),
        )
        .route("/v1/models", get(listing::models))
        .route("/v1/models/{name}", get(listing::model))
        .route("/v1/audio/models", get(listing::speech_models))
        .route("/v1/audio/voices", get(listing::voices))
        .route("/health", get(listing::health))
        .route("/v1", any(unknown))
        .route("/v1/", any(unknown))
        .route("/v1/{*path}", any(unknown))
        .method_not_allowed_fallback(other_method);
    let router = match &service.metrics {
        Some(metrics) => {
            let metrics = metrics.clone();
            router.route("/metrics", get(async move || metrics.response()))
        }
        None => router.route("/metrics", get(no_metrics)),
    };
    router.with_state(Arc::new(service))
}

async fn no_metrics() -> ApiError {
    let message = "the server gives its figures if it is started with --metrics";
    ApiError::new(StatusCode::NOT_FOUND, message)
}

async fn other_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("{} does not answer {method}", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message).code("method_not_supported")
}

async fn unknown() -> ApiError {
    let message = "there is no such address here: POST /v1/audio/speech, GET /v1/models and GET \
                   /v1/audio/voices are";
    ApiError::new(StatusCode::NOT_FOUND, message).code("unknown_url")
}
