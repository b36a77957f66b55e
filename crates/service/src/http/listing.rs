//! What there is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
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

/// As OpenAI describes a model; `created` is no date that a bundle has.
fn describe(entry: &ModelEntry) -> Value {
    json!({
        "id": entry.name,
        "object": "model",
        "created": 0,
        "owned_by": "pocket-onnx",
    })
}

/// The voices of all models: OpenAI has no such address, chat programs ask for `voices` with `id`
/// and `name`.
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

pub(crate) async fn health() -> Json<Value> {
    Json(json!({ "status": "healthy" }))
}
