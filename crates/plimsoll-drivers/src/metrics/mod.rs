//! temporary
use plimsoll_model::metrics::{Snapshot, Unusable};
use plimsoll_model::rollout::MetricSource;
use plimsoll_model::{InstanceId, ReleaseId, Timestamp};
/// x
#[derive(Debug)]
pub struct Unreadable {
    /// x
    pub reason: Unusable,
    /// x
    pub detail: String,
}
/// x
#[derive(Debug)]
pub struct SnapshotRequest<'a> {
    /// x
    pub source: &'a MetricSource,
    /// x
    pub release: &'a ReleaseId,
    /// x
    pub instances: Vec<(InstanceId, std::net::SocketAddr)>,
    /// x
    pub now: Timestamp,
}
/// x
pub trait MetricsReader: Send {
    /// x
    fn snapshot(&mut self, request: &SnapshotRequest) -> Result<Snapshot, Unreadable>;
    /// x
    fn value(
        &mut self,
        source: &MetricSource,
        query: &str,
        release: &ReleaseId,
        now: Timestamp,
    ) -> Result<f64, Unreadable>;
}
