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
//! Other events are ignored. A damaged one ends its connection only. A request that cannot be spoken is answered by
//! `error`, which ends its connection, too.

mod announcement;
mod connection;
mod event;
mod info;

use std::sync::Arc;

use tokio::net::TcpListener;

pub use self::announcement::{Announcement, AnnouncementError};
use self::connection::Connection;
use crate::Connections;
use crate::http::Service;

/// Connections at once.
const MAX_WYOMING_CONNECTIONS: usize = 256;

/// Answers connections until the future is dropped.
pub async fn serve(listener: TcpListener, service: Service) {
    let service = Arc::new(service);
    let connections = Connections::new(listener, MAX_WYOMING_CONNECTIONS);
    loop {
        let (stream, permit) = connections.next().await;
        let service = service.clone();
        tokio::spawn(async move {
            let connection = Connection::run(stream, service, &permit);
            if let Some(Err(error)) = permit.run(connection).await {
                tracing::info!("a Wyoming connection ended: {error}");
            }
        });
    }
}
