//! `POST /v1/audio/speech`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use encode::Target;
use tokio::task::spawn_blocking;

use super::error::ApiError;
use super::request::{AnswerForm, SpeechRequest};
use super::{Service, answer, events};
use crate::{Job, JobText};

pub(crate) async fn speech(
    State(service): State<Arc<Service>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|error| ApiError::body(error.status(), error.body_text()))?;
    let request = SpeechRequest::parse(&body, &service.settings)?;
    let answer = request.answer;
    let (format, stream) = (
        request.format,
        answer != AnswerForm::Sound { stream: false },
    );
    let waits = !stream && answer::says_its_length(format);
    let target = Target::new(waits);
    // Loading models and rewriting numbers must not block the threads that answer.
    let preparing = service.clone();
    let prepared = spawn_blocking(move || prepare(&preparing, request, target)).await;
    let Prepared {
        job,
        input_tokens,
        media_type,
    } = prepared.map_err(|error| ApiError::fault(&error))??;
    let listener = service.start(job)?;
    match answer {
        AnswerForm::Events { timestamps } => Ok(events::events(listener, timestamps, input_tokens)),
        AnswerForm::Sound { .. } if waits => {
            answer::whole(listener, media_type, service.settings.longest_whole).await
        }
        AnswerForm::Sound { .. } => answer::streamed(listener, media_type).await,
    }
}

struct Prepared {
    job: Job,
    input_tokens: usize,
    media_type: String,
}

fn prepare(
    service: &Service,
    request: SpeechRequest,
    target: Target,
) -> Result<Prepared, ApiError> {
    let (model, voice) = (request.model.as_deref(), request.voice.as_deref());
    let chosen = service.voices.choose(model, voice)?;
    let speaker = &chosen.speaker;
    let timestamps = request.answer == AnswerForm::Events { timestamps: true };
    if timestamps && !speaker.tells_words() {
        let message = format!("{} does not tell when words are spoken", chosen.model);
        return Err(ApiError::param("timestamps", message));
    }
    let options = request.own.options(speaker, request.speed, timestamps)?;
    let input_tokens = speaker.model().tokenizer().encode(&request.text).len();
    let text = request
        .own
        .piece(request.text, speaker, &service.settings)?;
    let rate = speaker.model().manifest().sample_rate;
    let format = request.format;
    let supported = format.check(rate);
    supported.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok(Prepared {
        media_type: format.media_type(rate),
        input_tokens,
        job: Job {
            chosen,
            text: JobText::Whole(text),
            options,
            format,
            target,
        },
    })
}
