//! Connections that come in, how many there may be, and how long a client may take nothing.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;

/// How long to wait where the system has no more files or memory.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// How long a connection may say nothing while others wait for its place.
const SILENCE_IN_A_CROWD: Duration = Duration::from_secs(1);

/// How long a client may take nothing of an answer that is ready: a player that pauses, and one that has
/// stopped for good.
const READER_TIMEOUT: Duration = Duration::from_mins(1);

/// A client's connection. Writing fails once the client has taken nothing for [`READER_TIMEOUT`].
pub type ClientStream = Pin<Box<TimeoutStream<TcpStream>>>;

/// A listener that accepts so many connections at once; more wait until one is closed.
#[derive(Debug)]
pub struct Connections {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

/// A connection counts until this is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    room: Arc<Semaphore>,
    /// None only if the semaphore were closed, which it never is.
    _place: Option<OwnedSemaphorePermit>,
    is_used: AtomicBool,
}

impl Connections {
    /// Accepts from `listener`, at most `most` at once.
    pub fn new(listener: TcpListener, most: usize) -> Self {
        Self {
            listener,
            room: Arc::new(Semaphore::new(most)),
        }
    }

    /// The next connection. Sound goes out frame by frame: none of them waits for the next to fill a
    /// packet.
    pub async fn next(&self) -> (ClientStream, ConnectionPermit) {
        let permit = ConnectionPermit {
            _place: self.room.clone().acquire_owned().await.ok(),
            room: self.room.clone(),
            is_used: AtomicBool::new(false),
        };
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    drop(stream.set_nodelay(true));
                    let mut stream = TimeoutStream::new(stream);
                    stream.set_write_timeout(Some(READER_TIMEOUT));
                    return (Box::pin(stream), permit);
                }
                Err(error) => {
                    tracing::warn!("a connection failed: {error}");
                    sleep(EXHAUSTED).await;
                }
            }
        }
    }
}

impl ConnectionPermit {
    /// The client has asked for something.
    pub fn mark_used(&self) {
        self.is_used.store(true, Ordering::Relaxed);
    }

    /// Runs `connection` to its end. It ends early, with None, if the client has asked for nothing and
    /// there is no place for others: so clients that only connect keep nobody out, however many they
    /// are.
    pub async fn run<T>(&self, connection: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            ended = connection => Some(ended),
            () = self.unused_in_a_crowd() => {
                tracing::debug!("a connection that asked for nothing made room");
                None
            }
        }
    }

    /// Resolves if the client has asked for nothing yet and there is no place for others.
    async fn unused_in_a_crowd(&self) {
        loop {
            sleep(SILENCE_IN_A_CROWD).await;
            if self.is_used.load(Ordering::Relaxed) {
                pending::<()>().await;
            }
            if self.room.available_permits() == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn who_says_nothing_makes_room() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Connections::new(listener, 2);
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let (_used_stream, used) = connections.next().await;
        used.mark_used();
        let (silent_stream, silent) = connections.next().await;
        let waits = tokio::spawn(async move {
            silent.unused_in_a_crowd().await;
            drop((silent_stream, silent));
        });
        let (_third, _permit) = connections.next().await;
        waits.await.unwrap();
        assert_eq!(clients[1].read(&mut [0]).await.unwrap(), 0);
        // It had its turn, however crowded it is.
        let used_up = tokio::time::timeout(2 * SILENCE_IN_A_CROWD, used.unused_in_a_crowd());
        assert!(used_up.await.is_err());
    }
}
