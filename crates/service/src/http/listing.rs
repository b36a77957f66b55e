//! Lists of models and voices.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Service;
use super::error::ApiError;
use crate::{ModelEntry, OPENAI_VOICES, VoiceError};

pub(crate) async fn models(State(service): State<Arc<Service>>) -> Json<Value> {
    let models: Vec<_> = service.voices.models().map(describe).collect();
    Json(json!({ "object": "list", "data": models }))
}

pub(crate) async fn model(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = service.voices.models().find(|entry| entry.name == name);
    let found = found.ok_or_else(|| {
        let models = service.voices.models().map(|entry| entry.name.clone());
        VoiceError::NoModel {
            name,
            models: models.collect(),
        }
    })?;
    Ok(Json(describe(found)))
}

/// In OpenAI's form; `created` is not a real date, because a bundle has none.
fn describe(entry: &ModelEntry) -> Value {
    json!({
        "id": entry.name,
        "object": "model",
        "created": 0,
        "owned_by": "pocket-onnx",
    })
}

/// The models once more, as Open WebUI asks for them: `models` with `id`.
pub(crate) async fn speech_models(State(service): State<Arc<Service>>) -> Json<Value> {
    let models: Vec<_> = service.voices.models().map(describe).collect();
    Json(json!({ "models": models }))
}

/// The voices of all models. OpenAI has no such address, but chat programs request it and expect
/// `voices` with `id` and `name`.
pub(crate) async fn voices(State(service): State<Arc<Service>>) -> Json<Value> {
    let voices: Vec<_> = service
        .voices
        .models()
        .flat_map(|entry| {
            entry.voices.iter().map(|voice| {
                json!({
                    "id": voice,
                    "name": voice,
                    "model": entry.name,
                    "language": entry.language,
                })
            })
        })
        .collect();
    Json(json!({ "voices": voices, "stand_ins": OPENAI_VOICES }))
}

/// Requests are answered from the start; those that come before the model is loaded wait.
pub(crate) async fn health(State(service): State<Arc<Service>>) -> (StatusCode, Json<Value>) {
    let (status, word) = if service.voices.is_warm() {
        (StatusCode::OK, "healthy")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "loading")
    };
    (status, Json(json!({ "status": word })))
}
