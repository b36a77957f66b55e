//! Figures for Prometheus.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::Outcome;

/// What Prometheus asks for, and gets.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Limits of the histogram of first sounds, in seconds.
const FIRST_SOUND: [f64; 9] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Counts requests for speech, and what was spoken.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    waiting: Gauge,
    speaking: Gauge,
    first_sound: Histogram,
    sound: Counter<f64, AtomicU64>,
    work: Counter<f64, AtomicU64>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    outcome: &'static str,
}

/// A request from its arrival to its end.
pub(crate) struct Request {
    metrics: Arc<Metrics>,
    arrived: Instant,
    /// The gauge that counts it now.
    counted: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("pocket_onnx");
        let requests = Family::default();
        let outcomes = "Requests for speech, by how they ended";
        registry.register("requests", outcomes, requests.clone());
        let waiting = Gauge::default();
        registry.register(
            "waiting",
            "Requests that wait for a worker",
            waiting.clone(),
        );
        let speaking = Gauge::default();
        registry.register(
            "speaking",
            "Requests that are being spoken",
            speaking.clone(),
        );
        let first_sound = Histogram::new(FIRST_SOUND);
        let first = "Time from the request to its first sound";
        registry.register_with_unit("first_sound", first, Unit::Seconds, first_sound.clone());
        let sound = Counter::default();
        let made = "Sound that was made";
        registry.register_with_unit("sound", made, Unit::Seconds, sound.clone());
        let work = Counter::default();
        let time = "Time in which it was made";
        registry.register_with_unit("work", time, Unit::Seconds, work.clone());
        Self {
            registry,
            requests,
            waiting,
            speaking,
            first_sound,
            sound,
            work,
        }
    }
}

impl Metrics {
    /// A request has come, and waits.
    pub(crate) fn request(self: &Arc<Self>) -> Request {
        self.waiting.inc();
        Request {
            metrics: self.clone(),
            arrived: Instant::now(),
            counted: self.waiting.clone(),
        }
    }

    /// Too many waited for a request.
    pub(crate) fn refused(&self) {
        self.ended("refused");
    }

    fn ended(&self, outcome: &'static str) {
        self.requests.get_or_create(&Labels { outcome }).inc();
    }

    /// All figures, for Prometheus.
    pub(crate) fn response(&self) -> Response {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}

impl Request {
    /// Does its work, and counts that.
    pub(crate) fn run(mut self, work: impl FnOnce() -> Outcome) {
        let metrics = self.metrics.clone();
        self.counted.dec();
        self.counted = metrics.speaking.clone();
        self.counted.inc();
        let waited = self.arrived.elapsed();
        metrics.ended(match work() {
            Outcome::Spoken(spoken) => {
                if let Some(first) = spoken.first_sound {
                    metrics.first_sound.observe((waited + first).as_secs_f64());
                }
                let seconds = spoken.samples as f64 / f64::from(spoken.sample_rate);
                metrics.sound.inc_by(seconds);
                metrics.work.inc_by(spoken.elapsed.as_secs_f64());
                "spoken"
            }
            Outcome::Abandoned => "abandoned",
            Outcome::Failed => "failed",
        });
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.counted.dec();
    }
}
