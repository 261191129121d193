//! How a rollout grows with the number of hosts: the real planner, engine and agents over memory, with one host in a
//! hundred that fails, and what it took.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use plimsoll_agent::memory::Fault;
use plimsoll_model::preflight::Requires;
use plimsoll_model::record::Outcome;
use plimsoll_model::rollout::{AnalysisSpec, Check, MetricSource, Policy, RolloutSpec, Step};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{Quantity, Share, Span};
use rustix::time::{ClockId, clock_gettime};

use crate::breakages::Breakage;
use crate::sim::faults::Event;
use crate::sim::universe::{Settings, Universe};
use crate::sim::{Order, Process, Release, release};

/// How often what is short is repeated.
const TIMES: u32 = 9;

/// What one rollout took, in time of the processor: other programs on the machine are not in it.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Hosts of the environment.
    pub hosts: usize,
    /// Looking at all hosts once; the least of several times, as with the plan.
    pub observing: Duration,
    /// Making the plan from what was seen.
    pub planning: Duration,
    /// The rollout, agents and traffic included.
    pub rolling_out: Duration,
    /// The same by the simulated clock.
    pub simulated: Duration,
    /// Records that it wrote.
    pub records: usize,
    /// Their size as JSON.
    pub journal: usize,
    /// The greatest one.
    pub greatest: usize,
    /// Hosts that it went on without.
    pub aside: usize,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The greatest memory that the process had until then, in bytes; the simulated hosts are in it.
    pub peak: u64,
}

/// Rolls a release out to this many hosts: 5 % steps with a pause each, then the promotion. One host in a hundred cannot
/// take the release or stops answering on the way.
pub fn measure(hosts: usize) -> Figures {
    let (first, second) = (Release::new(1), Release::new(2));
    let universe = Universe::new(settings(hosts));
    universe.add_release(&first);
    universe.add_release(&second);
    universe.lock().traffic.rate = 2.0;
    let _ = Process::new(&universe, Vec::new(), false).command(&Order::Ship(first.id.clone()));
    let before = universe.records().len();
    let process = Process::new(&universe, Vec::new(), false);
    let observing = least_time(|| drop(process.observe()));
    let fleet = process.observe();
    let planning =
        least_time(|| drop(process.plan_for(&second.id, false, &fleet).expect("every host is well")));
    drop((process, fleet));
    fail_some(&universe, hosts);
    let (began, began_there) = (processor_time(), universe.now());
    let _ = Process::new(&universe, Vec::new(), false).command(&Order::Ship(second.id.clone()));
    let rolling_out = processor_time().saturating_sub(began);
    let records = universe.records();
    let sizes = records[before..].iter().map(|r| serde_json::to_vec(r).map_or(0, |json| json.len()));
    let violation = universe.lock().watch.violation().cloned();
    assert!(violation.is_none(), "{hosts} hosts: {violation:?}");
    Figures {
        hosts,
        observing,
        planning,
        rolling_out,
        simulated: universe.now().since(began_there),
        records: records.len() - before,
        journal: sizes.clone().sum(),
        greatest: sizes.max().unwrap_or(0),
        aside: aside(&records[before..]),
        outcome: crate::sim::process::last_outcome(&records),
        peak: peak_memory(),
    }
}

/// Half of the failing hosts have no room for the release; the other half is cut off on the way.
fn fail_some(universe: &Arc<Universe>, hosts: usize) {
    let mut rng = Rng::with_seed(7);
    let failing: Vec<usize> = (0..hosts / 100).map(|_| rng.usize(..hosts)).collect();
    for (at, host) in failing.into_iter().enumerate() {
        if at % 2 == 0 {
            let inner = universe.lock();
            (0..100).for_each(|_| inner.hosts[host].memory.fail_next(Fault::NoSpace));
        } else {
            let after = Duration::from_secs(rng.u64(1..120));
            universe.plan_event(after, Event::Cut { host, lasts: Duration::from_secs(86_400) });
        }
    }
}

fn aside(records: &[plimsoll_model::record::Record]) -> usize {
    use plimsoll_model::record::Entry;
    records.iter().filter(|r| matches!(r.entry, Entry::SetAside { .. })).count()
}

fn settings(hosts: usize) -> Settings {
    let mut steps = Vec::new();
    for percent in [5, 10, 15, 20, 25] {
        steps.push(Step::SetWeight { weight: Share::percent(percent), hosts: None });
        steps.push(Step::Pause { duration: Some(Span::from_secs(30)) });
    }
    let errors = AnalysisSpec {
        name: "errors".to_owned(),
        source: MetricSource::Proxy,
        check: Check::Errors { max: Share::percent(1), margin: 1.5, promote_margin: 3.0 },
        interval: Span::from_secs(5),
        warm_up: Span::from_secs(5),
        alpha: 0.005,
        on_no_data: Policy::Hold,
        no_data_deadline: Span::from_secs(60),
    };
    let rollout = RolloutSpec {
        steps,
        analyses: vec![errors],
        max_unavailable: Quantity::Share(Share::percent(2)),
        ..RolloutSpec::default()
    };
    let environment = Environment {
        name: release::environment(),
        target: Target::Local { root: "/opt/plimsoll".into() },
        instances: 2,
        listen: ([127, 0, 0, 1], 8080).into(),
        url: None,
        requires: Requires::default(),
        stickiness: Stickiness::None,
        run: release::run_spec(0),
        rollout,
    };
    Settings {
        seed: 1,
        hosts,
        zones: 3,
        environment,
        step: Duration::from_millis(500),
        tick: Duration::from_secs(1),
        breakage: Breakage::None,
    }
}

/// The least time of several: the first also pays for memory that the process did not have yet.
fn least_time(act: impl Fn()) -> Duration {
    let once = |_| {
        let began = processor_time();
        act();
        processor_time().saturating_sub(began)
    };
    (0..TIMES).map(once).min().unwrap_or_default()
}

/// Time that this thread has had a processor; everything simulated happens on it.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("time of a thread is not negative")
}

/// The greatest resident memory of this process so far.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// The figures as a row of the page's table.
pub fn row(f: &Figures) -> String {
    let ms = |d: Duration| format!("{:.1} ms", d.as_secs_f64() * 1e3);
    let mb = |bytes: f64| format!("{:.1} MB", bytes / 1e6);
    let times = [ms(f.observing), ms(f.planning), format!("{:.1} s", f.rolling_out.as_secs_f64())];
    let sizes = [mb(f.journal as f64), mb(f.greatest as f64), mb(f.peak as f64)];
    let (times, sizes, simulated) = (times.join(" | "), sizes.join(" | "), f.simulated.as_secs());
    format!("| {} | {times} | {simulated} s | {} | {} | {sizes} |\n", f.hosts, f.aside, f.records)
}
