//! What all workers share: the table in force, and behind it the ledger of instances and counters.
//!
//! A reader takes the table without a lock. Writers change it one at a time.
//!
//! Epochs: counters of one epoch only grow. A table with other latency bounds begins a new epoch, in which *all*
//! counters start anew, so that no reader can take the difference of two histograms with different bounds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use http::HeaderValue;
use plimsoll_model::metrics::DEFAULT_LATENCY_BOUNDS;
use plimsoll_model::traffic::{Arm, InFlight, RouteTable, Stickiness, TrafficReport};
use plimsoll_model::{InstanceId, ReleaseId};
use serde::{Deserialize, Serialize};

use crate::backend::Backend;
use crate::counters::ReleaseCounters;
use crate::options::ProxyOptions;
use crate::routes::{Routes, Side, Target};
use crate::store::{self, StoreError};
use crate::table::{TableError, validate};

/// Releases counted in one epoch at most; one more begins a new epoch, so that memory stays bounded.
const MAX_RELEASES: usize = 500;

/// Why a table was not taken as told.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum SetTableError {
    /// It is not newer than the one in force.
    #[error("table {offered} is refused: table {current} is in force, and a new one must be newer")]
    NotNewer {
        /// Version of the refused table.
        offered: u64,
        /// Version in force.
        current: u64,
    },
    /// It has the version in force and other content.
    #[error("table {version} is refused: another table with the same version is in force")]
    Conflict {
        /// The version.
        version: u64,
    },
    /// It cannot be served.
    #[error("table {version} is refused: {error}")]
    Invalid {
        /// The version.
        version: u64,
        /// What is wrong.
        error: TableError,
    },
    /// It is in force, but a restarted proxy would not know it.
    #[error(
        "table {version} is in force, but was not stored, so a restart would lose it: {reason}; send it again"
    )]
    NotStored {
        /// The version.
        version: u64,
        /// Why.
        reason: String,
    },
}

#[derive(Debug)]
pub(crate) struct Shared {
    routes: ArcSwap<Routes>,
    /// Held while a table is put in force and stored, so that tables change one at a time. The value says whether
    /// the table in force is stored.
    stored: Mutex<bool>,
    /// Held shortly: workers ask it too, and must not wait for a disk.
    ledger: Mutex<Ledger>,
    pub(crate) options: ProxyOptions,
    pub(crate) workers: usize,
}

/// What the table in force was built from. Everything in it is also held by the requests that use it.
#[derive(Debug, Default)]
struct Ledger {
    epoch: u64,
    unrouted: Arc<AtomicU64>,
    releases: BTreeMap<ReleaseId, Arc<ReleaseCounters>>,
    /// Instances of the table, and removed ones that still have requests.
    backends: Vec<Arc<Backend>>,
}

impl Shared {
    pub(crate) fn new(options: ProxyOptions) -> Self {
        let workers = options.worker_count();
        let ledger = Ledger { epoch: new_epoch(), ..Ledger::default() };
        let table = RouteTable {
            version: 0,
            arms: Vec::new(),
            stickiness: Stickiness::None,
            latency_bounds: DEFAULT_LATENCY_BOUNDS.to_vec(),
            maintenance: None,
        };
        let routes = Routes::new(table, Vec::new(), Arc::clone(&ledger.unrouted));
        Self {
            routes: ArcSwap::from_pointee(routes),
            stored: Mutex::new(true),
            ledger: Mutex::new(ledger),
            options,
            workers,
        }
    }

    /// The table in force, for one decision. Not to be held across an await.
    pub(crate) fn routes(&self) -> arc_swap::Guard<Arc<Routes>> {
        self.routes.load()
    }

    /// Takes the stored table, if there is one.
    pub(crate) fn restore(&self) -> Result<(), StoreError> {
        let Some(path) = &self.options.state_file else { return Ok(()) };
        if let Some(table) = store::read(path)? {
            self.install(table);
        }
        Ok(())
    }

    /// Puts `table` in force. When this returns, no new request goes where it does not say.
    pub(crate) fn set_table(&self, table: RouteTable) -> Result<(), SetTableError> {
        let version = table.version;
        validate(&table).map_err(|error| SetTableError::Invalid { version, error })?;
        let mut stored = lock(&self.stored);
        let current = self.routes.load_full();
        let same = current.table == table;
        if version < current.table.version {
            return Err(SetTableError::NotNewer { offered: version, current: current.table.version });
        }
        if version == current.table.version && !same {
            return Err(SetTableError::Conflict { version });
        }
        if !same {
            self.install(table);
            *stored = false;
        }
        self.persist(&mut stored, version)
    }

    fn persist(&self, stored: &mut bool, version: u64) -> Result<(), SetTableError> {
        if let (Some(path), false) = (&self.options.state_file, *stored) {
            store::write(path, &self.routes().table)
                .map_err(|error| SetTableError::NotStored { version, reason: with_causes(&error) })?;
        }
        *stored = true;
        Ok(())
    }

    fn install(&self, table: RouteTable) {
        let mut ledger = lock(&self.ledger);
        let changed_bounds = self.routes().table.latency_bounds != table.latency_bounds;
        ledger.prepare_epoch(&table, changed_bounds);
        let sides =
            table.arms.iter().map(|arm| ledger.side(arm, &table.latency_bounds, self.workers)).collect();
        self.routes.store(Arc::new(Routes::new(table, sides, Arc::clone(&ledger.unrouted))));
        ledger.retire(&self.routes.load().table);
    }

    /// Table and counters at this moment.
    pub(crate) fn report(&self) -> TrafficReport {
        let mut ledger = lock(&self.ledger);
        let table = self.routes.load().table.clone();
        ledger.retire(&table);
        let mut open: BTreeMap<&InstanceId, u64> = BTreeMap::new();
        for backend in &ledger.backends {
            *open.entry(&backend.instance).or_default() += backend.in_flight();
        }
        TrafficReport {
            epoch: ledger.epoch,
            arms: ledger.releases.values().map(|counters| counters.read()).collect(),
            in_flight: open
                .into_iter()
                .map(|(instance, requests)| InFlight { instance: instance.clone(), requests })
                .collect(),
            unrouted: ledger.unrouted.load(Relaxed),
            table,
        }
    }

    /// Closes one worker's connections that were idle for too long.
    pub(crate) fn prune(&self, worker: usize) {
        let backends = lock(&self.ledger).backends.clone();
        for backend in backends {
            backend.prune(worker, self.options.pool_idle_timeout);
        }
    }
}

impl Ledger {
    fn prepare_epoch(&mut self, table: &RouteTable, changed_bounds: bool) {
        let new = table.arms.iter().filter(|arm| !self.releases.contains_key(&arm.release)).count();
        if changed_bounds || self.releases.len() + new > MAX_RELEASES {
            self.epoch = new_epoch();
            self.releases.clear();
            self.unrouted = Arc::default();
        }
    }

    fn side(&mut self, arm: &Arm, bounds: &[f64], workers: usize) -> Side {
        let counters = Arc::clone(
            self.releases
                .entry(arm.release.clone())
                .or_insert_with(|| Arc::new(ReleaseCounters::new(arm.release.clone(), bounds, workers))),
        );
        let release = HeaderValue::from_str(arm.release.as_str()).expect("a release id is hexadecimal");
        let mut ready = Vec::new();
        for listed in &arm.backends {
            let backend = self.backend(&listed.instance, listed.address, workers);
            if listed.ready {
                backend.open();
                ready.push(Arc::new(Target {
                    backend,
                    counters: Arc::clone(&counters),
                    release: release.clone(),
                }));
            }
        }
        Side { weight: arm.weight.points(), counters, ready }
    }

    fn backend(
        &mut self,
        instance: &InstanceId,
        address: std::net::SocketAddr,
        workers: usize,
    ) -> Arc<Backend> {
        let known = self.backends.iter().find(|b| b.instance == *instance && b.address == address);
        known.cloned().unwrap_or_else(|| {
            let backend = Arc::new(Backend::new(instance.clone(), address, workers));
            self.backends.push(Arc::clone(&backend));
            backend
        })
    }

    /// Closes what the table does not list as ready, and forgets what it does not list once that is done with
    /// its requests.
    fn retire(&mut self, table: &RouteTable) {
        let listed: BTreeMap<_, _> = table
            .arms
            .iter()
            .flat_map(|arm| &arm.backends)
            .map(|backend| ((&backend.instance, backend.address), backend.ready))
            .collect();
        self.backends.retain(|backend| {
            let ready = listed.get(&(&backend.instance, backend.address));
            if ready != Some(&true) {
                backend.close();
            }
            ready.is_some() || backend.in_flight() > 0
        });
    }
}

/// Nothing panics half-way under these locks; if it did, refusing every later table would be the worse answer.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 53 bits, so that readers which keep numbers as floating point do not confuse two epochs.
fn new_epoch() -> u64 {
    fastrand::u64(1..1 << 53)
}

/// An error with its causes on one line, for those who only get text.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
