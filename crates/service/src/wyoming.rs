//! The Wyoming protocol of the Open Home Foundation, which Home Assistant speaks.
//!
//! A connection carries events ([`event`]). These are answered:
//!
//! | event | answer |
//! | --- | --- |
//! | `describe` | `info`: the voices and their languages |
//! | `synthesize` | `audio-start`, `audio-chunk` as the sound is made, `audio-stop` |
//! | `synthesize-start`, `synthesize-chunk`, `synthesize-stop` | the same, from the first sentence on, then `synthesize-stopped` |
//! | `ping` | `pong` |
//!
//! Other events are ignored. A damaged one ends its connection only.

mod connection;
mod event;
mod info;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use self::connection::Connection;
use crate::http::Service;

/// Connections at once; more wait until one is closed.
const CONNECTIONS: usize = 256;
/// How long to wait when the system has no more files or memory.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Answers connections until the future is dropped.
pub async fn serve(listener: TcpListener, service: Service) {
    let service = Arc::new(service);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let permit = room.clone().acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let service = service.clone();
                tokio::spawn(async move {
                    let _permit = permit;
                    if let Err(error) = Connection::run(stream, service).await {
                        tracing::info!("a Wyoming connection ended: {error}");
                    }
                });
            }
            Err(error) => {
                tracing::warn!("a Wyoming connection failed: {error}");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}
