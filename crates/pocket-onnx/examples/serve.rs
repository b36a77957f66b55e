//! A web server that streams speech while it is made: `cargo run --example serve`, then
//! `curl --data "Hello world." http://127.0.0.1:3000/speak | ffplay -f f32le -ar 24000 -`.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream;
use pocket_onnx::{Result, Tts, Utterance};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Chunks that may wait for a slow listener.
const WAITING: usize = 4;

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // Loaded once; every request has its own handle and its own utterance.
    let tts = Tts::starling()?;
    let app = Router::new().route("/speak", post(speak)).with_state(tts);
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}

async fn speak(State(tts): State<Tts>, text: String) -> Response {
    match tts.speak(text) {
        Ok(utterance) => Body::from_stream(samples(utterance)).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// Samples as 32-bit floating point. An utterance blocks, so it is read on a thread for blocking work; once
/// the client has gone, it is dropped and stops.
fn samples(utterance: Utterance) -> impl stream::Stream<Item = Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        for chunk in utterance {
            let bytes = chunk.map(|chunk| {
                let bytes = chunk.audio.iter().flat_map(|sample| sample.to_le_bytes());
                bytes.collect::<Bytes>()
            });
            if sender.blocking_send(bytes).is_err() {
                return;
            }
        }
    });
    stream::unfold(receiver, async |mut receiver| {
        let next = receiver.recv().await?;
        Some((next, receiver))
    })
}
