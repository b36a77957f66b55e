//! Connections: how many, and how long one may say nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at once; more wait until one is closed.
const CONNECTIONS: usize = 1024;
/// How long a client may take for the head of a request, and keep a connection without one.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long running answers may take once the server is told to end.
const GRACE: Duration = Duration::from_secs(1);
/// How long to wait where the system has no more files or memory.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Answers requests until `end` resolves; what is being sent then may take a moment more.
pub(crate) async fn serve(listener: TcpListener, router: Router, end: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let mut end = std::pin::pin!(end);
    loop {
        let next = async {
            let permit = room.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            () = &mut end => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("a connection failed: {error}");
                tokio::time::sleep(EXHAUSTED).await;
                continue;
            }
        };
        // Sound goes out frame by frame: none of them waits for the next to fill a packet.
        drop(stream.set_nodelay(true));
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _permit = permit;
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended: {error}");
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(GRACE) => {}
    }
}
