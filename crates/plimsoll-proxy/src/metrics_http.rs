//! `GET /metrics` on a listener of its own, so that no client of the service can reach it by accident.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::body::ResponseBody;
use crate::prometheus::prometheus_text;
use crate::shared::Shared;

/// Scrapers at the same time; more wait.
const MAX_CONNECTIONS: usize = 64;

/// Serves until dropped.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service =
                service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(&shared, &request))));
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(60));
            // A scraper that goes away has nobody to be told about it.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            drop(permit);
        });
    }
}

fn answer(shared: &Shared, request: &Request<Incoming>) -> Response<ResponseBody> {
    let known = matches!(*request.method(), Method::GET | Method::HEAD) && request.uri().path() == "/metrics";
    let mut response = if known {
        Response::new(ResponseBody::text(prometheus_text(&shared.report())))
    } else {
        Response::new(ResponseBody::text("the metrics are at GET /metrics\n"))
    };
    if known {
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
    } else {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}
