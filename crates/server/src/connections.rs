//! Connections: how many, and how long one may say nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use service::Connections;
use tokio::net::TcpListener;

/// How long a client may take for the head of a request, and keep a connection without one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long running answers may take once the server is told to end.
const GRACE: Duration = Duration::from_secs(1);

/// HTTP connections at once. Systems often allow a program 1024 open files, of which bundles and the
/// Wyoming protocol need some.
const MAX_HTTP_CONNECTIONS: usize = 512;

/// Answers requests until `end` resolves; what is being sent then may take a moment more.
pub(crate) async fn serve(listener: TcpListener, router: Router, end: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let connections = Connections::new(listener, MAX_HTTP_CONNECTIONS);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    let mut end = std::pin::pin!(end);
    loop {
        let (stream, permit) = tokio::select! {
            next = connections.next() => next,
            () = &mut end => break,
        };
        let permit = Arc::new(permit);
        let answering = TowerToHyperService::new(router.clone());
        let used = permit.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            used.mark_used();
            answering.call(request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Some(Err(error)) = permit.run(connection).await {
                tracing::debug!("a connection ended: {error}");
            }
        });
    }
    drop(connections);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(GRACE) => {}
    }
}
