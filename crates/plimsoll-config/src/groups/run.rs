//! `[run]` and `[environments.<environment>.run]`: what an instance runs with. The second merges over the first.

use plimsoll_model::release::{Hardening, RunSpec};

use crate::document::quoted;
use crate::groups::health::HealthLayer;
use crate::groups::limits::LimitsLayer;
use crate::groups::restart::RestartLayer;
use crate::groups::secrets::Secrets;
use crate::mask::looks_secret;
use crate::settings::{Setting as _, settings};
use crate::sink::Sink;
use crate::slot::Slot;
use crate::values::account::{Account, Capability};
use crate::values::list::List;
use crate::values::map::{Map, Name, Variables};
use crate::values::text::Filled;
use crate::values::time::{AnyTime, SomeTime};
use crate::values::words::words;

settings! {
    /// What an instance runs with. `[run]` holds for every environment; an environment's own `run` table goes over
    /// it key by key (lists are replaced as a whole).
    RunLayer;
    /// Arguments of the program. `{port}` stands for the instance's port, which is also in the variable `PORT`.
    "args" => args: List<String> = "[]";
    /// How long a retired instance may finish its requests.
    "drain-timeout" => drain_timeout: AnyTime = "\"30s\"";
    /// How long it has between SIGTERM and SIGKILL.
    "stop-timeout" => stop_timeout: SomeTime = "\"10s\"";
    /// Whether people may go back past a release made with this, once it has served. A release that comes back by
    /// itself during its rollout is not meant: until then the old one must be able to work beside it.
    "rollback" => rollback: Rollback = "\"allowed\"";
    /// Why not, with `rollback = "blocked"`: what people are told.
    "rollback-reason" => rollback_reason: Filled;
    /// Environment variables. Nothing is inherited but `PATH`, `HOME`, `LANG` and `TZ`.
    "variables" => variables: Variables = "{}";
    /// Environment variables whose values are secret: only the reference becomes part of a release.
    "secrets" => secrets: Secrets = "{}";
    /// Bounds on what an instance may use; what is absent is not limited.
    "limits" => limits: LimitsLayer = "{}";
    /// How an instance shows that it is healthy.
    "health" => health: HealthLayer = "{}";
    /// What happens when an instance exits by itself.
    "restart" => restart: RestartLayer = "{}";
    /// Whether the program tells systemd when it is ready (`sd_notify`). The health gate does not need it.
    "notify" => notify: bool = "false";
    /// How much of the sandbox is on, where systemd runs the instances.
    "hardening" => hardening: Hardening = "\"strict\"";
    /// Parts of root's rights that it keeps, where systemd runs the instances. It needs none to be reached on a low port.
    "capabilities" => capabilities: List<Capability> = "[]";
    /// The account that it runs as, where systemd runs the instances. Without it plimsoll makes one for the service.
    "user" => user: Account;
}

words!(
    Hardening,
    [
        ("strict", Hardening::Strict, "all of it: read-only but for its folder, no rights, few system calls"),
        ("jit", Hardening::Jit, "the same for programs that make code while they run (Java, .NET, Node)"),
        ("off", Hardening::Off, "only that it gets no more rights than it has"),
    ]
);

impl RunLayer {
    /// This layer over the general one. A name that is a variable here and a secret there is what it is here.
    pub(crate) fn over_general(self, mut general: Self) -> Self {
        forget(&mut general.secrets, &self.variables);
        forget(&mut general.variables, &self.secrets);
        self.over(general)
    }

    /// Says what is probably not meant; once for each layer, before they are merged.
    pub(crate) fn warn(&self, sink: &mut Sink<'_>) {
        let (variables, secrets) = (self.variables(), self.secrets());
        for (name, at) in variables.given() {
            let shown = quoted(&name.0);
            if secrets.0.contains_key(name) {
                sink.error(at.key.clone(), format!("{shown} is a variable and a secret"))
                    .help("keep it in one of the two tables");
            } else if looks_secret(&name.0) && !at.value.0.is_empty() {
                let reference = format!("{} = {{ env = \"{}\" }}", name.0, name.0);
                sink.warn(
                    at.key.clone(),
                    format!("{shown} looks like a secret, and its value is in the file"),
                )
                .help(format!("move it to [run.secrets] as `{reference}` or `{{ file = \"/path\" }}`"))
                .help("if the file was ever committed, replace the secret as well");
            }
            if name.0 == "PORT" {
                sink.warn(
                    at.key.clone(),
                    "`PORT` is set to the port of each instance; this value is not used",
                )
                .help("where clients reach the service is `port` of an environment");
            }
        }
    }

    /// The merged layer as the model has it.
    pub(crate) fn resolve(&self, sink: &mut Sink<'_>) -> RunSpec {
        RunSpec {
            args: self.args().values().collect(),
            variables: self.variables().resolve(),
            secrets: self.secrets().resolve(),
            limits: self.limits().resolve(),
            health: self.health().resolve(sink),
            restart: self.restart().resolve(),
            drain_timeout: self.drain_timeout().0,
            stop_timeout: self.stop_timeout().0,
            rollback_block: self.resolve_block(sink),
            notify: self.notify(),
            hardening: self.hardening(),
            capabilities: self.capabilities().values().map(|capability| capability.0).collect(),
            user: self.user.value().map(|account| account.0.clone()),
            // It is declared among the hooks; the file as a whole knows it.
            migrate: None,
        }
    }

    fn resolve_block(&self, sink: &mut Sink<'_>) -> Option<String> {
        match (self.rollback(), self.rollback_reason.given()) {
            (Rollback::Blocked, Some(reason)) => Some(reason.value.0.clone()),
            (Rollback::Blocked, None) => {
                let span = self.rollback.given().map(|at| at.span.clone())?;
                sink.error(span, "going back is blocked, and nothing says why")
                    .help("add `rollback-reason = \"...\"`: it is what people are told at night");
                None
            }
            (Rollback::Allowed, Some(reason)) => {
                sink.warn(reason.key.clone(), "there is a reason, and going back is not blocked")
                    .help("add `rollback = \"blocked\"`, or take the reason out");
                None
            }
            (Rollback::Allowed, None) => None,
        }
    }
}

/// Whether people may go back past a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rollback {
    Allowed,
    Blocked,
}

words!(
    Rollback,
    [
        ("allowed", Rollback::Allowed, "an earlier release works with what this one leaves behind"),
        ("blocked", Rollback::Blocked, "it does not; `--force-past-block` goes back all the same"),
    ]
);

/// Takes from one table the names that another has.
fn forget<K: Name, A, B>(from: &mut Slot<Map<K, A>>, names: &Slot<Map<K, B>>) {
    if let (Slot::Given(from), Slot::Given(names)) = (from, names) {
        from.value.0.retain(|name, _| !names.value.0.contains_key(name));
    }
}
