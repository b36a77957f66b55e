//! `POST /tts`: the form of pocket-tts's own server.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use audio::Recording;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::{Multipart, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use encode::{Format, SampleFormat, Target};
use speaker::VoiceMaker as _;
use speech::{LONGEST_PROMPT, Speed};
use tokio::task::spawn_blocking;

use super::error::{ApiError, with_causes};
use super::request::{ExtraOptions, check_text};
use super::{Service, answer};
use crate::{Chosen, Job, JobText};

/// The name of an uploaded recording in errors.
const UPLOAD: &str = "voice_wav";

pub(crate) async fn tts(
    State(service): State<Arc<Service>>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, ApiError> {
    let form = form.map_err(|error| ApiError::body(error.status(), error.body_text()))?;
    let form = TtsForm::read(form, service.settings.longest_recording).await?;
    let text = form.text.unwrap_or_default();
    check_text("text", &text, &service.settings)?;
    if form.voice.is_some() && form.recording.is_some() {
        let message = "give voice_url or voice_wav, not both";
        return Err(ApiError::param("voice_url", message));
    }
    let preparing = service.clone();
    let prepared = spawn_blocking(move || {
        let chosen = choose(&preparing, form.voice.as_deref(), form.recording)?;
        let speaker = &chosen.speaker;
        let own = ExtraOptions::default();
        let options = own.options(speaker, Speed::ONE, false)?;
        let text = own.piece(text, speaker, &preparing.settings)?;
        Ok::<_, ApiError>(Job {
            text: JobText::Whole(text),
            options,
            format: Format::Wav(SampleFormat::I16),
            // As in pocket-tts: its clients play while they receive.
            target: Target::Stream,
            chosen,
        })
    });
    let job = prepared.await;
    let job = job.map_err(|error| ApiError::fault(&error))??;
    let listener = service.start(job)?;
    let mut response = answer::streamed(listener, "audio/wav".into()).await?;
    let name = HeaderValue::from_static("attachment; filename=generated_speech.wav");
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// The voice that a form asks for. Addresses are not fetched: otherwise anybody could make this
/// machine send requests.
fn choose(
    service: &Service,
    voice: Option<&str>,
    recording: Option<Vec<u8>>,
) -> Result<Chosen, ApiError> {
    let Some(recording) = recording else {
        if voice.is_some_and(|voice| voice.contains("://")) {
            let message = "voice_url is the name of a voice here: addresses are not fetched; send the recording as \
                           voice_wav";
            return Err(ApiError::param("voice_url", message));
        }
        return Ok(service.voices.choose(None, voice)?);
    };
    let (model, speaker) = service.voices.speaker(None)?;
    let refused = |error: &dyn Error| ApiError::param("voice_wav", with_causes(error));
    let limit = Duration::from_secs(LONGEST_PROMPT.into());
    let recording = Recording::from_bytes(recording, Path::new(UPLOAD), Some(limit));
    let recording = recording.map_err(|error| refused(&error))?;
    let (voice, _) = speaker
        .clone_voice(&recording)
        .map_err(|error| refused(&error))?;
    let voice = speaker
        .prepare(&voice)
        .map_err(|error| ApiError::fault(&error))?;
    Ok(Chosen {
        speaker,
        voice,
        model,
        name: UPLOAD.into(),
    })
}

#[derive(Debug, Default)]
struct TtsForm {
    text: Option<String>,
    voice: Option<String>,
    recording: Option<Vec<u8>>,
}

impl TtsForm {
    async fn read(mut parts: Multipart, longest: usize) -> Result<Self, ApiError> {
        let failed = |error: MultipartError| ApiError::body(error.status(), error.body_text());
        let mut form = Self::default();
        while let Some(part) = parts.next_field().await.map_err(failed)? {
            match part.name() {
                Some("text") => form.text = Some(part.text().await.map_err(failed)?),
                Some("voice_url") => {
                    let voice = part.text().await.map_err(failed)?;
                    form.voice = Some(voice).filter(|voice| !voice.is_empty());
                }
                Some("voice_wav") => {
                    let bytes = part.bytes().await.map_err(failed)?;
                    if bytes.len() > longest {
                        let message = format!("voice_wav has more than {longest} bytes");
                        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
                    }
                    form.recording = Some(bytes.to_vec()).filter(|bytes| !bytes.is_empty());
                }
                _ => {}
            }
        }
        Ok(form)
    }
}
