//! What the checks are written with: short verbs over requests.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_model::agent::{
    ArmWeight, CHUNK, Call, LogCursor, Refusal, RefusalReason, Request, Response, SwitchOrders,
};
use plimsoll_model::observation::{HostObservation, InstanceState};
use plimsoll_model::release::{Health, Restart, RunSpec};
use plimsoll_model::transfer::Packed;
use plimsoll_model::{Fence, InstanceId, ReleaseId, RolloutId, ServiceName, Share, Span};

use super::{Program, SignedRelease, Subject};

/// How long a state is waited for before the check fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Drives a subject.
pub struct Driver<'a> {
    /// The subject.
    pub subject: &'a mut dyn Subject,
    /// The service that requests are about.
    pub service: ServiceName,
    /// The fencing token that requests carry.
    pub fence: Option<Fence>,
    calls: u64,
}

impl<'a> Driver<'a> {
    /// A driver of a fresh subject.
    pub fn new(subject: &'a mut dyn Subject, service: ServiceName) -> Self {
        Self { subject, service, fence: Some(Fence(7)), calls: 0 }
    }

    /// Sends a request with content.
    pub fn send(&mut self, request: Request, content: &[u8]) -> Result<Response, Refusal> {
        self.calls += 1;
        let fence = self.fence.filter(|_| request.is_fenced());
        let length = u32::try_from(content.len()).expect("checks send little");
        let call = Call { id: self.calls, service: self.service.clone(), fence, request, content: length };
        let reply = self.subject.call(call, content);
        assert_eq!(reply.id, self.calls, "a reply names its call");
        reply.result
    }

    /// Sends a request that must succeed.
    pub fn ask(&mut self, request: Request) -> Response {
        let name = request.name();
        self.send(request, &[]).unwrap_or_else(|refusal| panic!("`{name}` was refused: {refusal:?}"))
    }

    /// Sends a request that must be refused for this reason.
    pub fn refused(&mut self, request: Request, reason: RefusalReason) -> Refusal {
        let name = request.name();
        match self.send(request, &[]) {
            Ok(response) => panic!("`{name}` must be refused and was answered {response:?}"),
            Err(refusal) => {
                assert_eq!(refusal.reason, reason, "`{name}`: {refusal}");
                refusal
            }
        }
    }

    /// Prepares the host.
    pub fn prepare(&mut self) {
        let settings = self.subject.settings();
        self.ask(Request::Prepare { settings });
    }

    /// What the host sees.
    pub fn observe(&mut self) -> HostObservation {
        match self.ask(Request::Observe) {
            Response::Observed { observation } => *observation,
            other => panic!("`observe` was answered {other:?}"),
        }
    }

    /// Waits until the observation is as wanted.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&HostObservation) -> bool) -> HostObservation {
        let began = self.observe();
        let mut seen = began.clone();
        while !wanted(&seen) {
            let waited = seen.at.since(began.at);
            assert!(waited < PATIENCE, "waited {waited:?} for {what}; last seen: {seen:#?}");
            self.subject.wait();
            seen = self.observe();
        }
        seen
    }

    /// Waits until the instance is in this state.
    pub fn wait_state(&mut self, id: &InstanceId, state: InstanceState) -> HostObservation {
        let is = |seen: &HostObservation| seen.instance(id).is_some_and(|i| i.state == state);
        self.wait_for(&format!("{id} to be {state:?}"), is)
    }

    /// The run specification of the checks: short times.
    pub fn run_spec() -> RunSpec {
        RunSpec {
            args: vec!["--port".to_owned(), "{port}".to_owned()],
            health: Health {
                interval: Span::from_millis(50),
                timeout: Span::from_secs(1),
                min_healthy_time: Span::from_millis(200),
                healthy_deadline: Span::from_secs(8),
                ..Health::default()
            },
            restart: Restart { attempts: 2, window: Span::from_secs(60), delay: Span::from_millis(100) },
            drain_timeout: Span::from_secs(5),
            stop_timeout: Span::from_millis(700),
            ..RunSpec::default()
        }
    }

    /// Makes a release, without sending it.
    pub fn make(&mut self, program: Program) -> SignedRelease {
        let environment = self.subject.settings().environment;
        self.subject.release(program, Self::run_spec(), &environment)
    }

    /// The request that offers a release.
    pub fn offer(release: &SignedRelease) -> Request {
        let manifest = String::from_utf8(release.manifest.to_bytes()).expect("JSON is UTF-8");
        Request::Offer {
            release: release.manifest.release_id(),
            manifest,
            signature: release.signature.clone(),
        }
    }

    /// Offers, uploads and seals a release.
    pub fn install(&mut self, program: Program) -> ReleaseId {
        let made = self.make(program);
        let release = made.manifest.release_id();
        let Response::Have { bytes, sealed, .. } = self.ask(Self::offer(&made)) else {
            panic!("`offer` is answered with what is here")
        };
        if !sealed {
            self.upload(&release, &made.bytes, bytes);
        }
        self.ask(Request::Seal { release: release.clone() });
        release
    }

    /// Uploads what is missing of an artifact as it is.
    pub fn upload(&mut self, release: &ReleaseId, bytes: &[u8], offset: u64) {
        self.upload_packed(release, None, bytes, offset);
    }

    /// Uploads what is missing of an artifact that is packed.
    pub fn upload_packed(
        &mut self,
        release: &ReleaseId,
        packed: Option<&Packed>,
        bytes: &[u8],
        mut offset: u64,
    ) {
        let from = usize::try_from(offset).expect("programs fit into memory");
        for piece in bytes[from..].chunks(CHUNK) {
            let request = Request::Upload { release: release.clone(), packed: packed.cloned(), offset };
            self.send(request, piece).expect("the piece is accepted");
            offset += piece.len() as u64;
        }
    }

    /// Asks for an instance.
    pub fn start(&mut self, release: &ReleaseId, ordinal: u32) -> InstanceId {
        let instance = InstanceId::new(release.clone(), ordinal);
        self.ask(Request::Start { instance: instance.clone(), secrets: BTreeMap::new() });
        instance
    }

    /// Installs a release, starts its first instance and waits until it is ready.
    pub fn serve(&mut self, program: Program) -> InstanceId {
        let release = self.install(program);
        let instance = self.start(&release, 0);
        self.wait_state(&instance, InstanceState::Ready);
        instance
    }

    /// A side.
    pub fn side(instance: &InstanceId, percent: u32) -> ArmWeight {
        let instances = vec![instance.clone()];
        ArmWeight { release: instance.release.clone(), weight: Share::percent(percent), instances }
    }

    /// Routes traffic to these instances.
    pub fn route(&mut self, weights: &[(&InstanceId, u32)]) -> (u64, Vec<ArmWeight>) {
        let weights: Vec<_> = weights.iter().map(|(id, percent)| Self::side(id, *percent)).collect();
        match self.ask(Request::Route { weights }) {
            Response::Routed { version, weights } => (version, weights),
            other => panic!("`route` was answered {other:?}"),
        }
    }

    /// Arms the switch: back to `stable`, away with `canary`.
    pub fn arm(&mut self, after: Span, stable: &InstanceId, canary: &InstanceId) {
        let (back_to, retire) = (vec![Self::side(stable, 100)], vec![canary.clone()]);
        let switch = SwitchOrders { rollout: rollout(1), after, back_to, retire };
        self.ask(Request::Arm { switch });
    }

    /// The text of all log lines.
    pub fn log(&mut self, after: Option<LogCursor>) -> Vec<String> {
        let request = Request::Logs { release: None, instance: None, lines: 1000, after };
        match self.ask(request) {
            Response::Lines { lines, .. } => lines.into_iter().map(|line| line.text).collect(),
            other => panic!("`logs` was answered {other:?}"),
        }
    }
}

/// The `number`th rollout.
pub(super) fn rollout(number: u64) -> RolloutId {
    RolloutId::new(&"staging".parse().expect("a name"), number)
}

/// Whether the table in force gives the release of `instance` this weight.
pub(super) fn has_weight(seen: &HostObservation, instance: &InstanceId, percent: u32) -> bool {
    let arms = seen.traffic.iter().flat_map(|traffic| &traffic.table.arms);
    let arm = arms.clone().find(|arm| arm.release == instance.release);
    arm.map(|arm| arm.weight) == Some(Share::percent(percent)) || (percent == 0 && arm.is_none())
}
