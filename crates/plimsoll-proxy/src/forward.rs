//! One request's way: admitted, decided (or answered with the maintenance page), tried on an instance and perhaps on another, answered, counted.
//!
//! What may be tried again, at most three attempts in all:
//! - no connection: always, on another instance of the arm, then of another arm; nothing was sent;
//! - a pooled connection broke before the answer: if the request is idempotent and has no body, on a new connection;
//! - a new connection broke before the answer: likewise, once, on another instance.
//!
//! Everything else is a 502, or a 504 where time ran out.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use plimsoll_model::traffic::Maintenance;
use tokio::sync::OwnedSemaphorePermit;

use crate::backend::Backend;
use crate::body::{RequestBody, ResponseBody};
use crate::counters::ReleaseCounters;
use crate::routes::Target;
use crate::shared::Shared;
use crate::sticky::Decision;
use crate::upstream::{Answer, Failure};
use crate::{forwarded, headers, tunnel, upstream};

/// The response header that names the release that answered.
const RELEASE: HeaderName = HeaderName::from_static("x-plimsoll-release");

/// Attempts for one request at most.
const MAX_ATTEMPTS: usize = 3;

/// A client connection's surroundings.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) worker: usize,
    /// The client's address, ready for `X-Forwarded-For`.
    pub(crate) ip: HeaderValue,
    /// The connection's place, given back when the last request or tunnel on it has ended.
    pub(crate) _permit: OwnedSemaphorePermit,
}

/// Answers one request. Never fails: what goes wrong is an answer too.
pub(crate) async fn forward(
    client: Arc<Client>,
    mut request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let started = Instant::now();
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (parts, body) = request.into_parts();
    if let Err(refusal) = headers::admit(&parts) {
        return Ok(own_answer(refusal.status, refusal.reason));
    }
    let routes = client.shared.routes();
    if let Some(maintenance) = &routes.table.maintenance
        && !maintenance.lets_through(parts.uri.path())
    {
        return Ok(maintenance_answer(maintenance));
    }
    let decision = routes.rule.decide(&parts.headers);
    drop(routes);
    let upgrade = headers::wanted_upgrade(&parts).zip(on_upgrade);
    let exchange = Exchange::new(&client, decision, started);
    Ok(exchange.run(parts, body, upgrade).await)
}

/// A request under way.
struct Exchange<'a> {
    client: &'a Arc<Client>,
    decision: Decision,
    started: Instant,
    attempts: usize,
    tried: Vec<Arc<Backend>>,
    /// Whether the next attempt must not use a pooled connection.
    fresh: bool,
    /// Whether a new connection has broken already.
    broken_fresh: bool,
    timed_out: bool,
    /// Counters of the last attempt's release.
    last: Option<Arc<ReleaseCounters>>,
}

impl<'a> Exchange<'a> {
    fn new(client: &'a Arc<Client>, decision: Decision, started: Instant) -> Self {
        Self {
            client,
            decision,
            started,
            attempts: 0,
            tried: Vec::new(),
            fresh: false,
            broken_fresh: false,
            timed_out: false,
            last: None,
        }
    }

    async fn run(
        mut self,
        mut parts: Parts,
        body: Incoming,
        upgrade: Option<(HeaderValue, OnUpgrade)>,
    ) -> Response<ResponseBody> {
        let Some((mut target, mut place)) = self.next_target() else { return self.give_up() };
        let has_body = !body.is_end_stream();
        headers::prepare_request(&mut parts, has_body, target.backend.address);
        forwarded::add(&mut parts.headers, &self.client.ip, self.client.shared.options.trust_forwarded);
        if let Some((protocol, _)) = &upgrade {
            headers::announce_upgrade(&mut parts.headers, protocol.clone());
        }
        // Kept to be sent again. A request with a body is not: its beginning may be gone.
        let spare = (!has_body && upgrade.is_none() && is_idempotent(&parts.method)).then(|| parts.clone());
        let broken = has_body.then(Arc::<AtomicBool>::default);
        let body = match &broken {
            Some(broken) => RequestBody::Client { body, broken: Arc::clone(broken) },
            None => RequestBody::Empty,
        };
        let mut request = Request::from_parts(parts, body);
        loop {
            let (worker, options) = (self.client.worker, &self.client.shared.options);
            let failure = match upstream::attempt(place, worker, options, request, self.fresh).await {
                Ok(answer) => return self.answer(answer, &target, upgrade),
                Err(failure) => failure,
            };
            if broken.as_ref().is_some_and(|broken| broken.load(Relaxed)) {
                return own_answer(StatusCode::BAD_REQUEST, "the request ended too early\n");
            }
            target.counters.failed_attempt(worker);
            let Some(again) = self.after(failure, &target, spare.as_ref()) else { return self.give_up() };
            let Some(next) = self.next_target() else { return self.give_up() };
            request = again;
            (target, place) = next;
        }
    }

    /// The request to send again, if it may be.
    fn after(
        &mut self,
        failure: Failure,
        target: &Target,
        spare: Option<&Parts>,
    ) -> Option<Request<RequestBody>> {
        let resend = || spare.map(|parts| Request::from_parts(parts.clone(), RequestBody::Empty));
        self.timed_out = false;
        let again = match failure {
            Failure::NotConnected { request, timed_out } => {
                self.timed_out = timed_out;
                self.tried.push(Arc::clone(&target.backend));
                Some(*request)
            }
            Failure::Lost { reused: true } => {
                self.fresh = true;
                resend()
            }
            Failure::Lost { reused: false } if !self.broken_fresh => {
                self.broken_fresh = true;
                self.tried.push(Arc::clone(&target.backend));
                resend()
            }
            Failure::Lost { .. } => None,
            Failure::HeaderTimeout => {
                self.timed_out = true;
                None
            }
        };
        again.filter(|_| self.attempts < MAX_ATTEMPTS)
    }

    /// An instance by the table of this moment, and a place at it.
    fn next_target(&mut self) -> Option<(Arc<Target>, crate::backend::InFlight)> {
        loop {
            let routes = self.client.shared.routes();
            let Some(pick) = routes.pick(self.decision.point, &self.tried) else {
                if self.last.is_none() {
                    routes.count_unrouted();
                }
                return None;
            };
            // Closed between the look at the table and now: the new table is already in force, or about to be.
            let Some(place) = pick.target.backend.enter() else { continue };
            if self.attempts == 0 {
                pick.assigned.assigned(self.client.worker);
            }
            self.attempts += 1;
            self.last = Some(Arc::clone(&pick.target.counters));
            return Some((pick.target, place));
        }
    }

    fn answer(
        self,
        (mut response, lease): Answer,
        target: &Target,
        upgrade: Option<(HeaderValue, OnUpgrade)>,
    ) -> Response<ResponseBody> {
        let status = response.status();
        target.counters.answered(self.client.worker, status, self.started.elapsed());
        let switched = response.extensions_mut().remove::<OnUpgrade>();
        let protocol = response.headers().get(http::header::UPGRADE).cloned();
        headers::prepare_response(response.headers_mut());
        *response.version_mut() = Version::HTTP_11;
        if self.client.shared.options.release_header {
            response.headers_mut().insert(RELEASE, target.release.clone());
        }
        if let Some(cookie) = self.decision.set_cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        if status != StatusCode::SWITCHING_PROTOCOLS {
            return response.map(|body| ResponseBody::instance(body, lease));
        }
        let (Some((asked, from_client)), Some(to_instance)) = (upgrade, switched) else {
            return own_answer(StatusCode::BAD_GATEWAY, "the instance changed the protocol unasked\n");
        };
        headers::announce_upgrade(response.headers_mut(), protocol.unwrap_or(asked));
        tokio::spawn(tunnel::run(from_client, to_instance, lease, Arc::clone(self.client)));
        response.map(|_| ResponseBody::Own(None))
    }

    /// The proxy's own answer after no instance gave one.
    fn give_up(self) -> Response<ResponseBody> {
        let Some(counters) = self.last else {
            return own_answer(StatusCode::SERVICE_UNAVAILABLE, "no instance is ready\n");
        };
        counters.proxy_error(self.client.worker);
        if self.timed_out {
            own_answer(StatusCode::GATEWAY_TIMEOUT, "the instance did not answer in time\n")
        } else {
            own_answer(StatusCode::BAD_GATEWAY, "the instance did not answer\n")
        }
    }
}

fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    )
}

/// The page instead of the service. Counted nowhere: no release is to blame for it.
fn maintenance_answer(maintenance: &Maintenance) -> Response<ResponseBody> {
    let html = maintenance.page.trim_start().starts_with('<');
    let kind = if html { "text/html; charset=utf-8" } else { "text/plain; charset=utf-8" };
    let mut response = Response::new(ResponseBody::text(maintenance.page.clone()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(RETRY_AFTER, HeaderValue::from(maintenance.retry_after.duration().as_secs().max(1)));
    response
}

fn own_answer(status: StatusCode, reason: &'static str) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::text(reason));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
