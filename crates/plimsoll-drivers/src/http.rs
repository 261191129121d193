//! The HTTP client of the drivers: synchronous, bounded in time and size, and without the C library's resolver.
//!
//! A status of any kind is an answer; what it means is for the caller. Nothing of the environment is read (no
//! `http_proxy`): what a rollout asks depends on its configuration alone. Certificates are checked against the
//! system's bundle, where companies put their own authorities, and against Mozilla's list where there is none.

use std::io::Read as _;
use std::sync::LazyLock;
use std::time::Duration;

use plimsoll_model::Secret;
use ureq::config::{Config, RedirectAuthHeaders};
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body};

use crate::resolve::Resolver;

/// Where distributions keep the certificates of authorities: Debian and Alpine, Fedora, SUSE, and BSD's place.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Read once: parsing some 140 certificates takes longer than most requests.
static ROOTS: LazyLock<RootCerts> = LazyLock::new(system_roots);

/// Why there is no answer, or none of use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Nothing answered: no such host, connection refused or broken, time-out, no trust.
    #[error("{url} does not answer: {why}")]
    Unreachable {
        /// The address, without any password.
        url: String,
        /// What happened.
        why: String,
    },
    /// What answered does not speak HTTP, or said more than it may.
    #[error("the answer of {url} is not understood: {why}")]
    NotUnderstood {
        /// The address, without any password.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The address is not one.
    #[error("{url} cannot be asked: {why}")]
    Address {
        /// The address, without any password.
        url: String,
        /// What is wrong.
        why: String,
    },
}

/// What an answer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// Where it sends the client, for a redirect that is not followed.
    pub location: Option<String>,
    /// The content.
    pub body: Vec<u8>,
}

/// Bounds on one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time from the look-up of the name to the last byte of the answer.
    pub timeout: Duration,
    /// Bytes of the answer's content.
    pub body: u64,
    /// Redirects that are followed; of a form, none ever is.
    pub redirects: u32,
}

/// A client with its connections.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    limits: Limits,
}

impl Client {
    /// A client for addresses like this one (certificates are only read for `https`).
    pub fn new(url: &str, limits: Limits) -> Self {
        let roots = if is_https(url) { ROOTS.clone() } else { RootCerts::WebPki };
        let config = Config::builder()
            .http_status_as_error(false)
            .timeout_global(Some(limits.timeout))
            .max_redirects(limits.redirects)
            .max_redirects_will_error(false)
            .redirect_auth_headers(RedirectAuthHeaders::Never)
            .proxy(None)
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::new(), Resolver::system());
        Self { agent, limits }
    }

    /// Gets a page, in the format that `accept` names.
    pub fn get(&self, url: &str, accept: &str) -> Result<Page, HttpError> {
        self.answer(url, self.agent.get(url).header("accept", accept).call())
    }

    /// The status of the answer to a GET; its content is not read, and redirects are an answer like others.
    pub fn status(&self, url: &str) -> Result<u16, HttpError> {
        let request = self.agent.get(url).config().max_redirects(0).build();
        let response = request.call().map_err(|error| explain(url, error, self.limits))?;
        Ok(response.status().as_u16())
    }

    /// Sends a form. It changes nothing on the other side, as far as HTTP is concerned; see the server's API.
    pub fn post_form(
        &self,
        url: &str,
        form: &[(&str, &str)],
        token: Option<&Secret>,
    ) -> Result<Page, HttpError> {
        let mut request = self.agent.post(url).config().max_redirects(0).build();
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", token.expose()));
        }
        self.answer(url, request.send_form(form.iter().copied()))
    }

    fn answer(&self, url: &str, result: Result<Response<Body>, ureq::Error>) -> Result<Page, HttpError> {
        let mut response = result.map_err(|error| explain(url, error, self.limits))?;
        let status = response.status().as_u16();
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        let location = location.map(without_password);
        // One byte more than allowed tells a page of just that length from a longer one.
        let mut reader = response.body_mut().with_config().limit(self.limits.body + 1).reader();
        let mut body = Vec::new();
        reader.read_to_end(&mut body).map_err(|error| explain(url, error.into(), self.limits))?;
        if body.len() as u64 > self.limits.body {
            return Err(explain(url, ureq::Error::BodyExceedsLimit(self.limits.body), self.limits));
        }
        Ok(Page { status, location, body })
    }
}

/// An address without the user and password that may stand before its host.
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{tail}")
}

fn is_https(url: &str) -> bool {
    url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
}

fn explain(url: &str, error: ureq::Error, limits: Limits) -> HttpError {
    use ureq::Error as E;
    let url = without_password(url);
    let silent = |why: String| HttpError::Unreachable { url: url.clone(), why };
    match error {
        E::Timeout(_) => silent(format!("no answer within {} s", limits.timeout.as_secs_f64())),
        E::HostNotFound => silent("no such host".to_owned()),
        E::Io(error) => silent(error.to_string()),
        E::Rustls(error) => silent(format!("no trust: {error}")),
        E::Other(error) => silent(error.to_string()),
        E::BadUri(_) => {
            HttpError::Address { url, why: "it is not an `http://` or `https://` address".to_owned() }
        }
        E::Http(error) => HttpError::Address { url, why: error.to_string() },
        E::BodyExceedsLimit(limit) => {
            HttpError::NotUnderstood { url, why: format!("it is longer than {limit} bytes") }
        }
        E::Protocol(_) | E::LargeResponseHeader(..) | E::RedirectFailed | E::TooManyRedirects => {
            HttpError::NotUnderstood { url, why: error.to_string() }
        }
        other => silent(other.to_string()),
    }
}

fn system_roots() -> RootCerts {
    let found = BUNDLES.iter().find_map(|path| std::fs::read(path).ok());
    let certificates: Vec<Certificate<'static>> = found
        .iter()
        .flat_map(|pem| parse_pem(pem))
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() { RootCerts::WebPki } else { RootCerts::new_with_certs(&certificates) }
}

#[cfg(test)]
mod tests;
