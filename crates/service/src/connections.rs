//! Connections that come in, and how many there may be.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long to wait where the system has no more files or memory.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// A listener that accepts so many connections at once; more wait until one is closed.
#[derive(Debug)]
pub struct Connections {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

impl Connections {
    /// Accepts from `listener`, at most `most` at once.
    pub fn new(listener: TcpListener, most: usize) -> Self {
        Self {
            listener,
            room: Arc::new(Semaphore::new(most)),
        }
    }

    /// The next connection, which counts until its permit is dropped. Sound goes out frame by frame:
    /// none of them waits for the next to fill a packet.
    pub async fn next(&self) -> (TcpStream, Option<OwnedSemaphorePermit>) {
        // The semaphore is never closed, so there is a permit.
        let permit = self.room.clone().acquire_owned().await.ok();
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    drop(stream.set_nodelay(true));
                    return (stream, permit);
                }
                Err(error) => {
                    tracing::warn!("a connection failed: {error}");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }
}
