//! How a page of an instance is fetched: straight from it, or through its host's agent.

use std::time::Duration;

use super::{Target, Unread};
use crate::http::{Client, Limits, Page};

const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), body: 16 << 20, redirects: 3 };
/// The version that is read here, then anything: some exporters answer 406 otherwise.
const ACCEPT: &str = "text/plain;version=0.0.4,*/*;q=0.1";

/// Fetches pages of instances.
pub trait Pages: Send + Sync {
    /// One page. An implementer bounds the time and the size; any status is an answer.
    fn page(&self, target: &Target, path: &str) -> Result<Page, Unread>;
}

/// Pages of instances that can be reached from here.
#[derive(Debug)]
pub struct DirectPages(Client);

impl DirectPages {
    /// A client of its own.
    pub fn new() -> Self {
        Self(Client::new("http://", LIMITS))
    }
}

impl Default for DirectPages {
    fn default() -> Self {
        Self::new()
    }
}

impl Pages for DirectPages {
    fn page(&self, target: &Target, path: &str) -> Result<Page, Unread> {
        Ok(self.0.get(&format!("http://{}{path}", target.address), ACCEPT)?)
    }
}
