//! A host whose agent is reached over ssh.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_model::agent::{Request, Response};
use plimsoll_model::observation::HostObservation;
use plimsoll_model::ssh::{Scope, Sudo};
use plimsoll_model::{Fence, HostName, ServiceName};

use super::explain::on_host;
use super::link::{Facts, Link, Up};
use super::links::Purpose;
use super::place::{fits, place};
use super::script::{self, Copy, Rights, Word};
use super::session::{NoLine, Session, last_lines};
use crate::host::{Host, HostError};
use crate::wire::{self, CallFailure, Dial, Wire};

/// How long the host may take to start an agent and connect us with it.
const START: Duration = Duration::from_secs(30);

/// The host. Several of them may share a link; each has its own session, made at the first call.
#[derive(Debug)]
pub struct RemoteHost {
    link: Arc<Link>,
    purpose: Purpose,
    wire: Option<Wire>,
    session: Option<Session>,
}

/// How the agent of a host is run.
struct Way {
    rights: Rights,
    copy: Copy,
}

impl RemoteHost {
    pub(super) fn new(link: Arc<Link>, purpose: Purpose) -> Self {
        Self { link, purpose, wire: None, session: None }
    }

    fn unreachable(&self, why: impl Into<String>) -> HostError {
        HostError::Unreachable { host: self.link.host.name.clone(), why: why.into() }
    }

    fn open(&mut self, service: &ServiceName) -> Result<Wire, HostError> {
        let up = self.link.up().map_err(|trouble| self.unreachable(trouble.why))?;
        let way = self.way(&up)?;
        let target = &self.link.common.target;
        let session = self.link.session(|command| {
            script::bridge(command, way.rights, &way.copy, &target.root, service, target.scope);
        });
        let mut session = session.map_err(|trouble| self.unreachable(trouble.why))?;
        match session.line(Instant::now() + START) {
            Ok(line) if line == "ready" => {}
            Ok(line) => {
                return Err(self.unreachable(format!("it answered `{line}`, which is not understood")));
            }
            Err(no_line) => return Err(self.not_started(&up.facts, &way, &mut session, no_line)),
        }
        let stream = session.stream().try_clone().map_err(|e| self.unreachable(e.to_string()))?;
        self.session = Some(session);
        match Wire::greet(stream, service, self.link.common.author.as_deref()) {
            Ok(wire) => Ok(wire),
            Err(CallFailure::Refused(refusal)) => {
                self.session = None;
                Err(HostError::Refused(refusal))
            }
            Err(CallFailure::Lost(what)) => Err(self.lost(what)),
        }
    }

    /// Which copy of the program is run there and with whose rights; ours is placed where it is missing.
    fn way(&self, up: &Up) -> Result<Way, HostError> {
        let (target, facts) = (&self.link.common.target, &up.facts);
        let rights = match (target.scope, target.sudo) {
            (Scope::User, _) | (_, Sudo::Never) => Rights::Own,
            (_, Sudo::Auto) if facts.is_root => Rights::Own,
            (_, Sudo::Auto | Sudo::Always) => Rights::Sudo,
        };
        let unfit = fits(facts);
        // Where somebody may act as root by one rule only, there is a fixed program, and its version is that host's
        // administrator's choice. It is also the way out on a host that cannot run ours.
        if facts.has_fixed && (rights == Rights::Sudo || unfit.is_err()) {
            return Ok(Way { rights, copy: Copy::Fixed });
        }
        unfit.map_err(|why| {
            self.unreachable(format!(
                "{why}; put a plimsoll for it at {}/bin/plimsoll there, and that one is used",
                target.root
            ))
        })?;
        let mut placed = up.placed.lock().unwrap_or_else(PoisonError::into_inner);
        if !*placed {
            place(&self.link, &facts.user, rights)
                .map_err(|why| self.unreachable(self.with_way_to_root(why, facts, rights)))?;
            *placed = true;
        }
        let content = self.link.common.program.content().map_err(|why| self.unreachable(why))?;
        Ok(Way { rights, copy: Copy::Ours(Word::digest(&content.digest)) })
    }

    fn not_started(&self, facts: &Facts, way: &Way, session: &mut Session, no_line: NoLine) -> HostError {
        let words = session.words();
        if let Some(trouble) = self.link.why_dead() {
            return self.unreachable(trouble.why);
        }
        if let Some(why) = on_host(&words, &facts.user) {
            return self.unreachable(self.with_way_to_root(why, facts, way.rights));
        }
        self.unreachable(match no_line {
            NoLine::Late => format!("no agent was ready within {} s", START.as_secs()),
            NoLine::Ended { noise } => match last_lines(format!("{noise}\n{words}").as_bytes()).as_str() {
                "" => "the agent ended without a word".to_owned(),
                said => format!("the agent cannot be used: {said}"),
            },
        })
    }

    /// Adds what an administrator types, where root's rights are what is missing.
    fn with_way_to_root(&self, why: String, facts: &Facts, rights: Rights) -> String {
        if rights == Rights::Own || !why.contains("sudo") {
            return why;
        }
        let (root, service, user) = (&self.link.common.target.root, &self.link.common.service, &facts.user);
        format!(
            "{why}; log in as root, or let an administrator of the host type once, with this plimsoll beside: \
             `install -D -o root -g root -m 755 plimsoll {root}/bin/plimsoll` and \
             `echo '{user} ALL=(root) NOPASSWD: {root}/bin/plimsoll agent --stdio --root {root} --service {service}' \
             > /etc/sudoers.d/plimsoll-{service}`"
        )
    }
}

impl Dial for RemoteHost {
    fn wire(&mut self) -> &mut Option<Wire> {
        &mut self.wire
    }

    fn connect(&mut self, service: &ServiceName) -> Result<(), HostError> {
        if self.wire.is_none() {
            self.session = None;
            self.wire = Some(self.open(service)?);
        }
        Ok(())
    }

    fn lost(&mut self, what: String) -> HostError {
        self.wire = None;
        let words = self.session.take().map(|mut session| session.words()).unwrap_or_default();
        if let Some(trouble) = self.link.why_dead() {
            return self.unreachable(format!("{what}; {}", trouble.why));
        }
        self.unreachable(match last_lines(words.as_bytes()).as_str() {
            "" => what,
            said => format!("{what}; it said: {said}"),
        })
    }
}

impl Host for RemoteHost {
    fn name(&self) -> &HostName {
        &self.link.host.name
    }

    fn call(
        &mut self,
        service: &ServiceName,
        fence: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, HostError> {
        if self.purpose == Purpose::Look
            && self.wire.is_none()
            && let Some(answer) = of_nothing(&request)
            && !self.link.up().map_err(|trouble| self.unreachable(trouble.why))?.facts.has_service
        {
            return Ok(answer);
        }
        wire::call(self, service, fence, request, content)
    }
}

/// What an agent would answer to a look where nothing of the service has ever been: it is not worth leaving anything.
fn of_nothing(request: &Request) -> Option<Response> {
    match request {
        Request::Observe => Some(Response::Observed { observation: Box::new(HostObservation::empty()) }),
        Request::Logs { .. } => Some(Response::Lines { lines: Vec::new(), cursor: None }),
        _ => None,
    }
}
