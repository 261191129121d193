//! Scripts of events as the engine sends them, for the tests and for `examples/replay.rs`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use plimsoll_model::agent::{ArmWeight, HostSettings};
use plimsoll_model::event::{Between, Event, News, ReleaseLabel, RolloutView, SideView};
use plimsoll_model::evidence::{Evidence, Gate, GateDecision};
use plimsoll_model::metrics::{Increment, Reading};
use plimsoll_model::plan::{Action, HostAction, HostPlan, HostShare, Plan, PlanKind, PlannedStep};
use plimsoll_model::record::{BackReason, Entry, HoldReason, Outcome, Record};
use plimsoll_model::release::{RunSpec, Source, Tree};
use plimsoll_model::rollout::{AnalysisSpec, Check, MetricSource, Policy, RolloutSpec, Step};
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::verdict::{Assessment, SideTotal, Verdict};
use plimsoll_model::{
    Digest, EnvironmentName, ExitCode, Fence, HostName, InstanceId, ReleaseId, RolloutId, Share, Span,
    Timestamp,
};
use plimsoll_report::{Ending, EndingStory, Hint, Style, TimelineEntry, UsersHit};

/// A point in time from RFC 3339.
pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::try_from(text.to_owned()).expect("a fixture's time is right")
}

/// A release with a number.
pub(crate) fn label(number: u64, commit: &str) -> ReleaseLabel {
    let release = ReleaseId::of_manifest(&Digest::of(commit.as_bytes()));
    ReleaseLabel { number: Some(number), release, commit: Some(commit.to_owned()) }
}

/// A terminal without colours, in UTC.
pub(crate) fn screen(width: usize) -> Style {
    Style { colour: false, ..Style::terminal(width, 24, TimeZone::UTC) }
}

fn production() -> EnvironmentName {
    "production".parse().expect("a name")
}

fn host(number: usize) -> HostName {
    format!("web{number}").parse().expect("a name")
}

/// A plan for so many hosts: 5 % for ten minutes, then half, then all.
pub(crate) fn plan(hosts: usize) -> Plan {
    let (new, old) = (label(42, "7c1f9e2").release, label(41, "51ab03d").release);
    let instance = |release: &ReleaseId| vec![InstanceId::new(release.clone(), 0)];
    let hosts: Vec<HostPlan> = (1..=hosts)
        .map(|n| HostPlan { host: host(n), differs: None, old: instance(&old), new: instance(&new) })
        .collect();
    let weight = |percent: u32| PlannedStep {
        step: Step::SetWeight { weight: Share::percent(percent), hosts: None },
        shares: shares(&hosts, Share::percent(percent)),
    };
    let wait = |step| PlannedStep { step, shares: vec![] };
    let steps = vec![
        weight(5),
        wait(Step::Pause { duration: Some(Span::from_secs(600)) }),
        weight(50),
        wait(Step::Analysis { names: vec![], duration: Span::from_secs(300) }),
        wait(Step::Approve { by: Some("ops".to_owned()) }),
    ];
    let rules = RolloutSpec {
        steps: steps.iter().map(|planned| planned.step.clone()).collect(),
        analyses: vec![errors_analysis()],
        ..RolloutSpec::default()
    };
    Plan {
        rollout: RolloutId::new(&production(), 7),
        service: "greeter".parse().expect("a name"),
        environment: production(),
        kind: PlanKind::Update,
        release: new,
        artifact: Digest::of(b"artifact"),
        replaces: Some(old),
        max_parallel: u32::try_from(hosts.len() / 4).expect("few hosts").max(1),
        hosts,
        set_aside: vec![],
        may_lose: 0,
        steps,
        rules,
        run: RunSpec::default(),
        settings: HostSettings {
            environment: production(),
            listen: "127.0.0.1:8080".parse().expect("an address"),
            trusted_keys: vec![],
            stickiness: Stickiness::None,
            latency_bounds: vec![],
        },
        basis: Digest::of(b"basis"),
    }
}

/// As few hosts as the share needs, with the part of their requests that makes it.
fn shares(hosts: &[HostPlan], weight: Share) -> Vec<HostShare> {
    let count = u32::try_from(hosts.len()).expect("few hosts");
    let taking = weight.of_count(count);
    let weight = Share::basis_points(weight.points() * count / taking);
    let share = |plan: &HostPlan| HostShare { host: plan.host.clone(), instances: 1, weight };
    hosts.iter().take(taking as usize).map(share).collect()
}

fn errors_analysis() -> AnalysisSpec {
    AnalysisSpec {
        name: "errors".to_owned(),
        source: MetricSource::Proxy,
        check: Check::Errors { max: Share::percent(1), margin: 1.5, promote_margin: 3.0 },
        interval: Span::from_secs(5),
        warm_up: Span::from_secs(10),
        alpha: 0.01,
        on_no_data: Policy::Hold,
        no_data_deadline: Span::from_secs(300),
    }
}

/// What the errors analysis says.
fn errors(
    verdict: Verdict,
    canary: SideTotal,
    stable: SideTotal,
    against: f64,
    when: Timestamp,
) -> Assessment {
    Assessment {
        analysis: "errors".to_owned(),
        verdict,
        at: when,
        canary,
        stable: Some(stable),
        limit: Some(0.01),
        against_limit: Some(against),
        against_stable: Some(against + 1.0),
        for_canary: Some(-against / 2.0),
        threshold: 4.6,
        promote_threshold: 3.0,
        dispersion: 1.0,
        looks: 3,
        unusable: 0,
        reason: String::new(),
    }
}

/// Events with their times, and the ending.
pub(crate) struct Script {
    /// The events, in order.
    pub(crate) events: Vec<Event>,
    /// How it ends.
    pub(crate) ending: Ending,
    now: Timestamp,
    sequence: u64,
}

impl Script {
    fn new() -> Self {
        let now = at("2026-01-31T14:02:40Z");
        let story =
            EndingStory::Stopped { summary: "the script has no ending".to_owned(), detail: String::new() };
        let ending = Ending { at: now, exit: ExitCode::Internal, story, recovered: None, hints: vec![] };
        Self { events: vec![], ending, now, sequence: 0 }
    }

    fn wait(&mut self, millis: u64) -> &mut Self {
        self.now = self.now + Duration::from_millis(millis);
        self
    }

    fn news(&mut self, news: News) -> &mut Self {
        self.events.push(Event { at: self.now, news });
        self
    }

    fn record(&mut self, entry: Entry) -> &mut Self {
        self.sequence += 1;
        let rollout = match entry {
            Entry::Gate { .. } | Entry::ReleaseSealed { .. } => None,
            _ => Some(RolloutId::new(&production(), 7)),
        };
        let record = Record {
            format: 1,
            sequence: self.sequence,
            at: self.now,
            author: "ann@laptop".to_owned(),
            environment: rollout.as_ref().map(|_| production()),
            rollout,
            fence: Some(Fence(3)),
            entry,
            previous: Digest::of(b"previous"),
            hash: Digest::of(b"hash"),
        };
        self.news(News::Recorded { record: Box::new(record) })
    }

    fn started(&mut self, gate: Gate, detail: &str) -> &mut Self {
        self.news(News::GateStarted { gate, detail: detail.to_owned() })
    }

    fn finished(&mut self, gate: Gate, decision: GateDecision, summary: &str, millis: u64) -> &mut Self {
        self.wait(millis);
        let evidence = Evidence {
            gate,
            release: None,
            artifact: None,
            question: format!("does {} pass?", gate.name()),
            measured: BTreeMap::from([("exit".to_owned(), serde_json::json!(0))]),
            decision,
            summary: summary.to_owned(),
            at: self.now,
            took: Span::from_millis(millis),
        };
        self.record(Entry::Gate { evidence: Box::new(evidence.clone()) });
        self.news(News::GateFinished { evidence: Box::new(evidence) })
    }

    fn gate(&mut self, gate: Gate, summary: &str, millis: u64) -> &mut Self {
        self.started(gate, "").finished(gate, GateDecision::Passed, summary, millis)
    }

    fn begun(&mut self) -> &mut Self {
        let source = Source {
            commit: Some("7c1f9e2d4c8a7c1f9e2d4c8a7c1f9e2d4c8a7c1f".to_owned()),
            subject: Some("Answer in the caller's language".to_owned()),
            committed_at: None,
            tree: Tree::Clean,
        };
        self.news(News::Begun { service: "greeter".parse().expect("a name"), source })
    }

    fn built_and_sealed(&mut self) -> &mut Self {
        self.begun().started(Gate::Build, "go build, linux/amd64");
        for line in ["go: downloading example.org/lib v1.2.3", "example.org/greeter/cmd/greeter"] {
            self.wait(400).news(News::Output { gate: Gate::Build, line: line.to_owned() });
        }
        self.finished(Gate::Build, GateDecision::Passed, "linux/amd64, go 1.26, 6.2 MB", 2_300);
        self.gate(Gate::Inspect, "static; no libraries; time zones embedded; CA roots on 10 of 10 hosts", 60);
        let (release, replaces) = (label(42, "7c1f9e2"), Some(label(41, "51ab03d")));
        self.gate(Gate::Sign, "key RWQf6LRC..., manifest", 12);
        self.record(Entry::ReleaseSealed {
            number: 42,
            release: release.release.clone(),
            manifest: Digest::of(b"manifest"),
            commit: release.commit.clone(),
            subject: Some("Answer in the caller's language".to_owned()),
            tree: Tree::Clean,
        });
        self.news(News::Sealed { release, replaces, tree: Tree::Clean })
    }

    fn staged_and_tested(&mut self) -> &mut Self {
        self.started(Gate::Staging, "");
        self.rollout("staging", PlanKind::Initial, None);
        self.finished(Gate::Staging, GateDecision::Passed, "1 of 1 instances proved", 800);
        self.gate(Gate::Test, "go test ./e2e: 41 passed", 6_000)
    }

    fn rollout(&mut self, environment: &str, kind: PlanKind, resumed: Option<&str>) -> &mut Self {
        let environment: EnvironmentName = environment.parse().expect("a name");
        let replaces = (kind == PlanKind::Update).then(|| label(41, "51ab03d"));
        self.news(News::RolloutStarted {
            rollout: RolloutId::new(&environment, 7),
            environment,
            kind,
            release: label(42, "7c1f9e2"),
            replaces,
            resumed: resumed.map(ToOwned::to_owned),
        })
    }

    /// Up to the pause at 5 %.
    fn canary(&mut self) -> &mut Self {
        self.started(Gate::Rollout, "canary on web3: 1 of 10 hosts, 5 % of requests");
        self.rollout("production", PlanKind::Update, None);
        self.record(Entry::Planned { plan: Box::new(plan(10)) });
        self.record(Entry::StepEntered { step: 0 });
        self.performed(Action::Start { instances: vec![InstanceId::new(label(42, "7c1f9e2").release, 0)] });
        self.wait(3_000).performed(route(Share::percent(5)));
        self.record(Entry::StepDone { step: 0, why: "weight verified".to_owned() });
        self.record(Entry::StepEntered { step: 1 })
    }

    fn performed(&mut self, action: Action) -> &mut Self {
        self.record(Entry::Performed {
            actions: vec![HostAction { host: host(3), action }],
            assigned: vec![],
        })
    }

    fn look(&mut self, canary: (u64, u64), stable: (u64, u64)) -> &mut Self {
        let side = |(requests, errors)| Increment { requests, errors, slower: vec![], timed: 0 };
        let reading = Reading::Counts { canary: side(canary), stable: Some(side(stable)), bounds: vec![] };
        self.record(Entry::Looked { analysis: "errors".to_owned(), reading })
    }

    fn watch(
        &mut self,
        percent: u32,
        step: u32,
        activity: &str,
        left: Option<u64>,
        seen: Vec<Assessment>,
    ) -> &mut Self {
        let total = |pick: fn(&Assessment) -> Option<SideTotal>| seen.first().and_then(pick);
        let side = |number, commit, weight, ready, rate, total: Option<SideTotal>| SideView {
            release: label(number, commit),
            weight,
            ready,
            rate: total.map(|_| rate),
            error_rate: total.and_then(SideTotal::rate),
            p99: total.map(|_| Between { above: 0.025, at_most: Some(0.05) }),
        };
        let weight = Share::percent(percent);
        let view = RolloutView {
            rollout: RolloutId::new(&production(), 7),
            environment: production(),
            stable: Some(side(41, "51ab03d", weight.rest(), 10, 412.0, total(|a| a.stable))),
            canary: side(42, "7c1f9e2", weight, 1, 21.0, total(|a| Some(a.canary))),
            spread: None,
            step: Some(step),
            steps: 5,
            activity: activity.to_owned(),
            left: left.map(Span::from_secs),
            assessments: seen,
        };
        self.news(News::Watching { view: Box::new(view) })
    }

    fn end(&mut self, exit: ExitCode, story: EndingStory, hints: Vec<Hint>) {
        self.ending = Ending { at: self.now, exit, story, recovered: None, hints };
    }

    /// A release on its way, to all hosts. Taken over once.
    pub(crate) fn promote() -> Self {
        let mut script = Self::new();
        script.built_and_sealed().staged_and_tested().canary();
        script.watch(5, 1, "pause 10m", Some(600), vec![]);
        for (i, (left, against)) in [(540, -0.8), (372, -2.4), (10, -3.9)].into_iter().enumerate() {
            let requests = 400 * (i as u64 + 1);
            let (canary, stable) =
                (SideTotal { requests, bad: 1 }, SideTotal { requests: 19 * requests, bad: 21 });
            let seen = errors(Verdict::Undecided, canary, stable, against, script.now);
            script.wait(60_000).watch(5, 1, "pause 10m", Some(left), vec![seen]);
        }
        script.news(News::Warning {
            message: "web7 answered after 4.2 s; its clock is 0.8 s behind".to_owned(),
        });
        let good = SideTotal { requests: 1_600, bad: 1 };
        let seen = errors(Verdict::Good, good, SideTotal { requests: 30_400, bad: 29 }, -6.1, script.now);
        script.wait(10_000).record(Entry::Assessed { assessment: Box::new(seen.clone()) });
        script.record(Entry::StepDone { step: 1, why: "time over".to_owned() });
        script.record(Entry::Promoting { why: "shown good early".to_owned() });
        script.watch(100, 4, "retiring r41", None, vec![seen]);
        script.finished(
            Gate::Rollout,
            GateDecision::Passed,
            "r42 on 10 of 10 hosts; errors 0.06 % (limit 1 %)",
            252_000,
        );
        script.gate(Gate::Verify, "10 of 10 hosts answer with r42", 400);
        let story = EndingStory::Shipped {
            environment: production(),
            release: label(42, "7c1f9e2"),
            replaces: Some(label(41, "51ab03d")),
            took: Span::from_secs(266),
            summary: String::new(),
        };
        script.end(ExitCode::Success, story, vec![]);
        script
    }

    /// A release that came back.
    pub(crate) fn rollback() -> Self {
        let mut script = Self::new();
        script.built_and_sealed().staged_and_tested().canary();
        script.now = at("2026-01-31T14:03:12Z");
        script.look((31, 3), (600, 0));
        let (canary, stable) = (SideTotal { requests: 31, bad: 3 }, SideTotal { requests: 600, bad: 0 });
        let seen = errors(Verdict::Undecided, canary, stable, 2.1, script.now);
        script.watch(5, 1, "pause 10m", Some(590), vec![seen]);
        script.wait(7_000).look((40, 4), (731, 0));
        let (canary, stable) = (SideTotal { requests: 71, bad: 7 }, SideTotal { requests: 1_331, bad: 0 });
        let seen = errors(Verdict::CanaryRegression, canary, stable, 6.3, script.now);
        script.record(Entry::Assessed { assessment: Box::new(seen.clone()) });
        let summary = "7 of 71 canary requests bad, 0 of 1,331 stable ones (p < 0.0001)".to_owned();
        let reason = BackReason::Analysis { analysis: "errors".to_owned(), summary, shared: false };
        script.record(Entry::GoingBack { reason });
        script.watch(5, 1, "taking the traffic back", None, vec![seen]);
        script.performed(route(Share::NONE)).wait(900);
        script
            .performed(Action::Retire { instances: vec![InstanceId::new(label(42, "7c1f9e2").release, 0)] });
        let summary = "r42 answered 9.9 % with 5xx (limit 1 %); r41 0 %";
        script.record(Entry::Finished { outcome: Outcome::RolledBack, summary: summary.to_owned() });
        script.finished(Gate::Rollout, GateDecision::Refused, "rolled back", 100);
        let moment = |time, text: &str| TimelineEntry { at: at(time), text: text.to_owned() };
        let story = EndingStory::Back {
            environment: production(),
            release: label(42, "7c1f9e2"),
            serves: Some(label(41, "51ab03d")),
            outcome: Outcome::RolledBack,
            summary: summary.to_owned(),
            timeline: vec![
                moment("2026-01-31T14:03:12Z", "first bad answer"),
                moment("2026-01-31T14:03:19Z", "decided to go back"),
                moment(
                    "2026-01-31T14:03:19Z",
                    "weight 0 on web3, confirmed by its proxy; r42 drained and stopped",
                ),
            ],
            users: Some(UsersHit { hit: 7, of: 1_402, unknown: None }),
            printed: vec![],
        };
        let hints = vec![
            Hint::new("plimsoll logs r42 --failed", "what the canary said"),
            Hint::new("plimsoll history r42", "every gate, every number"),
        ];
        script.end(ExitCode::RolledBack, story, hints);
        script
    }

    /// A test that fails, with output that tries to fool the terminal.
    pub(crate) fn refusal() -> Self {
        let mut script = Self::new();
        script.built_and_sealed().started(Gate::Test, "go test ./e2e");
        for line in
            ["=== RUN   TestGreeting", "\x1b[2J\x1b[31mFAIL\x1b[0m: want \"hej\", got \"\u{202e}hello\""]
        {
            script.wait(500).news(News::Output { gate: Gate::Test, line: line.to_owned() });
        }
        let summary = "go test ./e2e: 40 passed, 1 failed: TestGreeting";
        script.finished(Gate::Test, GateDecision::Refused, summary, 6_000);
        let story = EndingStory::Refused {
            gate: Some(Gate::Test),
            release: Some(label(42, "7c1f9e2")),
            serves_in: None,
            summary: summary.to_owned(),
        };
        script.end(ExitCode::Refused, story, vec![Hint::new("plimsoll ship -v", "with all output")]);
        script
    }

    /// A rollout that waits for a person, taken over from a command that was killed.
    pub(crate) fn held() -> Self {
        let mut script = Self::new();
        let resumed = "an earlier command was killed at step 2; continued from there";
        script.rollout("production", PlanKind::Update, Some(resumed));
        script.record(Entry::Planned { plan: Box::new(plan(10)) });
        script.record(Entry::StepEntered { step: 4 });
        let until = at("2026-02-01T14:02:40Z");
        let reason = HoldReason::Approval { by: Some("ops".to_owned()) };
        script.record(Entry::Held { reason: reason.clone(), until });
        let (canary, stable) = (SideTotal { requests: 9_000, bad: 8 }, SideTotal { requests: 9_100, bad: 9 });
        let seen = errors(Verdict::Good, canary, stable, -9.0, script.now);
        script.wait(1_000).watch(50, 4, "approval by ops", None, vec![seen]);
        let story =
            EndingStory::Waiting { environment: production(), release: label(42, "7c1f9e2"), reason, until };
        script.end(
            ExitCode::Inconclusive,
            story,
            vec![Hint::new("plimsoll promote -e production", "to go on")],
        );
        script.ending.recovered = Some(resumed.to_owned());
        script
    }

    /// The records among the events.
    pub(crate) fn records(&self) -> Vec<Record> {
        let record = |event: &Event| match &event.news {
            News::Recorded { record } => Some(Record::clone(record)),
            _ => None,
        };
        self.events.iter().filter_map(record).collect()
    }
}

fn route(canary: Share) -> Action {
    let arm = |number, commit, weight| ArmWeight {
        release: label(number, commit).release,
        weight,
        instances: vec![],
    };
    let weights = vec![arm(41, "51ab03d", canary.rest()), arm(42, "7c1f9e2", canary)];
    Action::Route { weights: weights.into_iter().filter(|arm| arm.weight > Share::NONE).collect() }
}
