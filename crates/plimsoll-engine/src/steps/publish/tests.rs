//! Publishing against a host in memory: patched, cut off, with a damaged base.

use std::collections::HashMap;
use std::io::Cursor;

use plimsoll_artifact::delta::{self, Base};
use plimsoll_drivers::Host;
use plimsoll_model::agent::{HostSettings, Refusal};
use plimsoll_model::plan::{Plan, PlanKind};
use plimsoll_model::release::RunSpec;
use plimsoll_model::rollout::RolloutSpec;
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::transfer::Packed;
use plimsoll_model::{Digest, Fence, HostName, RolloutId, Secret, ServiceName, Span};

use super::*;
use crate::packing::Packings;
use crate::packing::tests::{Shelf, noise};
use crate::steps::Context;
use crate::world::Secrets;

struct NoSecrets;

impl Secrets for NoSecrets {
    fn variable(&self, _: &str) -> Option<Secret> {
        None
    }
}

/// A host with one release, whose connection may break after some uploads.
struct Far {
    name: HostName,
    reach: Reach,
    base: (BaseRelease, Vec<u8>),
    target: (Digest, u64),
    here: (Option<Packed>, Vec<u8>),
    sealed: Option<Vec<u8>>,
    unpacks: bool,
    breaks_after: Option<u32>,
    received: u64,
}

impl Far {
    fn unpack(&self) -> Option<Vec<u8>> {
        let (packed, bytes) = &self.here;
        let Some(packed) = packed else { return Some(bytes.clone()) };
        let base = packed.base.map(|digest| Base { digest, reader: Cursor::new(&self.base.1) });
        let mut into = Vec::new();
        delta::apply(bytes.as_slice(), base, &mut into, self.target.0, self.target.1).ok().map(|()| into)
    }
}

impl Host for Far {
    fn name(&self) -> &HostName {
        &self.name
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    fn call(
        &mut self,
        _: &ServiceName,
        _: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, HostError> {
        match request {
            Request::Offer { .. } => Ok(Response::Have {
                bytes: self.here.1.len() as u64,
                packed: self.here.0.as_ref().map(|packed| packed.digest),
                sealed: self.sealed.is_some(),
                bases: self.unpacks.then(|| vec![self.base.0.clone()]),
            }),
            Request::Upload { packed, offset, .. } => {
                if self.breaks_after == Some(0) {
                    self.breaks_after = None;
                    return Err(HostError::Unreachable { host: self.name.clone(), why: "cut".to_owned() });
                }
                self.breaks_after = self.breaks_after.map(|left| left - 1);
                if offset == 0 {
                    self.here = (packed, Vec::new());
                }
                assert_eq!(offset, self.here.1.len() as u64);
                self.here.1.extend_from_slice(content);
                self.received += content.len() as u64;
                Ok(Response::Have {
                    bytes: self.here.1.len() as u64,
                    packed: None,
                    sealed: false,
                    bases: None,
                })
            }
            Request::Seal { .. } => {
                self.sealed = self.unpack();
                if self.sealed.is_some() {
                    return Ok(Response::Done);
                }
                self.here = (None, Vec::new());
                Err(HostError::Refused(Refusal::new(RefusalReason::Untrusted, "damaged")))
            }
            other => panic!("`{}` is not for publishing", other.name()),
        }
    }
}

/// A host, what the coordinator has, the release to publish and its program.
fn pair(new: usize) -> (Far, Shelf, ReleaseId, Vec<u8>) {
    let old = noise(1, 4 << 20);
    let target = [&old[..1 << 20], noise(2, new).as_slice(), &old[1 << 20..]].concat();
    let mut shelf = Shelf::default();
    let (base, manifest) = shelf.add(old.clone());
    let (release, wanted) = shelf.add(target.clone());
    let far = Far {
        name: "web1".parse().unwrap(),
        reach: Reach::Remote,
        base: (BaseRelease { release: base, artifact: manifest.artifact.digest }, old),
        target: (wanted.artifact.digest, wanted.artifact.size),
        here: (None, Vec::new()),
        sealed: None,
        unpacks: true,
        breaks_after: None,
        received: 0,
    };
    (far, shelf, release, target)
}

fn run(
    far: &mut Far,
    shelf: &Shelf,
    packings: &Packings,
    release: &ReleaseId,
) -> Result<Option<Sent>, StepError> {
    let environment: plimsoll_model::EnvironmentName = "production".parse().unwrap();
    let plan = Plan {
        rollout: RolloutId::new(&environment, 1),
        service: "greeter".parse().unwrap(),
        environment: environment.clone(),
        kind: PlanKind::Update,
        release: release.clone(),
        artifact: far.target.0,
        replaces: None,
        hosts: vec![],
        set_aside: vec![],
        max_parallel: 1,
        may_lose: 0,
        steps: vec![],
        rules: RolloutSpec::default(),
        run: RunSpec::default(),
        settings: HostSettings {
            environment,
            listen: "127.0.0.1:8080".parse().unwrap(),
            trusted_keys: vec![],
            stickiness: Stickiness::None,
            latency_bounds: vec![],
        },
        basis: Digest::of(b"basis"),
    };
    let switch_after = Span::from_secs(60);
    let context = Context {
        plan: &plan,
        hosts: HashMap::new(),
        fence: Fence(1),
        releases: shelf,
        packings,
        secrets: &NoSecrets,
        switch_after,
    };
    perform(&mut Caller { context: &context, host: far })
}

#[test]
fn a_patch_goes_over_a_network_and_the_whole_over_none() {
    let (mut far, shelf, release, target) = pair(1_000);
    let packings = Packings::default();
    let sent = run(&mut far, &shelf, &packings, &release).unwrap().unwrap();
    assert_eq!(far.sealed.as_deref(), Some(target.as_slice()));
    assert_eq!((sent.bytes, sent.size), (far.received, target.len() as u64));
    assert!(sent.bytes < 2_000 && sent.base == Some(far.base.0.release.clone()));
    // It is here now.
    assert_eq!(run(&mut far, &shelf, &packings, &release).unwrap(), None);

    let (mut near, ..) = pair(1_000);
    near.reach = Reach::Local;
    assert_eq!(run(&mut near, &shelf, &packings, &release).unwrap(), None);
    assert_eq!(near.received, target.len() as u64);
    assert_eq!(near.sealed.as_deref(), Some(target.as_slice()));
}

#[test]
fn an_upload_that_was_cut_goes_on() {
    let (mut far, shelf, release, target) = pair(3 * CHUNK);
    far.breaks_after = Some(2);
    let error = run(&mut far, &shelf, &Packings::default(), &release).unwrap_err();
    assert!(error.may_pass(), "{error}");
    assert_eq!(far.received, 2 * CHUNK as u64);
    // Another coordinator makes the same patch anew.
    let sent = run(&mut far, &shelf, &Packings::default(), &release).unwrap().unwrap();
    assert_eq!(sent.bytes + 2 * CHUNK as u64, far.received);
    assert_eq!(far.sealed.as_deref(), Some(target.as_slice()));
}

#[test]
fn a_damaged_base_on_the_host_is_gone_around() {
    let (mut far, shelf, release, target) = pair(1_000);
    far.base.1[77] ^= 1;
    let sent = run(&mut far, &shelf, &Packings::default(), &release).unwrap().unwrap();
    assert_eq!(sent.base, None);
    assert_eq!(far.sealed.as_deref(), Some(target.as_slice()));
}

#[test]
fn an_agent_that_is_older_than_packing_gets_the_whole() {
    let (mut far, shelf, release, target) = pair(1_000);
    far.unpacks = false;
    let sent = run(&mut far, &shelf, &Packings::default(), &release).unwrap().unwrap();
    assert_eq!((sent.bytes, sent.base), (target.len() as u64, None));
    assert_eq!(far.sealed.as_deref(), Some(target.as_slice()));
}
