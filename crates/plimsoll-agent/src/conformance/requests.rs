//! Who may ask for what, and releases on their way in.

use std::collections::BTreeMap;

use plimsoll_model::agent::{RefusalReason, Request, Response};
use plimsoll_model::version::{OLDEST_PROTOCOL, PROTOCOL};
use plimsoll_model::{Digest, Fence, InstanceId};

use super::Program;
use super::driver::Driver;

pub(super) fn other_protocols_are_refused_by_name(driver: &mut Driver<'_>) {
    let hello =
        |protocol, newest| Request::Hello { protocol, newest, version: "9.9.9".to_owned(), author: None };
    // A caller of the first protocol, one like ourselves, and one that knows newer ones beside ours.
    for (oldest, newest, spoken) in
        [(1, None, 1), (OLDEST_PROTOCOL, Some(PROTOCOL), PROTOCOL), (PROTOCOL, Some(PROTOCOL + 9), PROTOCOL)]
    {
        let answer = driver.ask(hello(oldest, newest));
        assert!(matches!(answer, Response::Welcome { protocol, .. } if protocol == spoken), "{answer:?}");
    }
    let refusal = driver.refused(hello(PROTOCOL + 1, Some(PROTOCOL + 2)), RefusalReason::Version);
    for part in ["9.9.9", &PROTOCOL.to_string(), &(PROTOCOL + 1).to_string()] {
        assert!(refusal.message.contains(part), "{refusal}");
    }
    assert!(refusal.help.is_some());
}

pub(super) fn other_services_are_refused(driver: &mut Driver<'_>) {
    driver.service = "another".parse().expect("a name");
    driver.refused(Request::Observe, RefusalReason::Invalid);
}

pub(super) fn changes_need_a_fence(driver: &mut Driver<'_>) {
    driver.fence = None;
    let refusal = driver.refused(Request::Disarm, RefusalReason::Invalid);
    assert!(refusal.message.contains("`disarm`"), "{refusal}");
    driver.ask(Request::Observe);
}

pub(super) fn a_stale_fence_changes_nothing(driver: &mut Driver<'_>) {
    driver.prepare();
    let instance = driver.serve(Program::Healthy(1));
    driver.route(&[(&instance, 100)]);
    driver.fence = Some(Fence(3));
    let release = instance.release.clone();
    let rollout = super::driver::rollout(1);
    let settings = driver.subject.settings();
    for request in [
        Request::Prepare { settings },
        Request::Start { instance: InstanceId::new(release.clone(), 5), secrets: BTreeMap::new() },
        Request::Route { weights: Vec::new() },
        Request::Retire { instances: vec![instance.clone()] },
        Request::Confirm,
        Request::Disarm,
        Request::Commit { release: release.clone(), rollout },
        Request::Prune { keep: 0, pinned: Vec::new() },
        Request::Seal { release },
        Request::Down,
    ] {
        let before = driver.observe();
        let refusal = driver.refused(request, RefusalReason::StaleFence);
        assert!(refusal.message.contains('3') && refusal.message.contains('7'), "{refusal}");
        let after = driver.observe();
        assert_eq!(
            (before.fence, before.current, before.releases),
            (after.fence, after.current, after.releases)
        );
        assert_eq!(before.switch, after.switch);
        assert_eq!(before.instances.len(), after.instances.len());
        assert_eq!(before.traffic.map(|t| t.table), after.traffic.map(|t| t.table));
    }
}

pub(super) fn a_failed_request_still_raises_the_fence(driver: &mut Driver<'_>) {
    driver.fence = Some(Fence(9));
    driver.refused(Request::Confirm, RefusalReason::Precondition);
    assert_eq!(driver.observe().fence, Fence(9));
    driver.subject.restart_agent();
    driver.fence = Some(Fence(8));
    driver.refused(Request::Disarm, RefusalReason::StaleFence);
}

pub(super) fn content_must_be_as_long_as_announced(driver: &mut Driver<'_>) {
    let refusal = driver.send(Request::Observe, &vec![0; 2 * 1024 * 1024]).expect_err("too much content");
    assert_eq!(refusal.reason, RefusalReason::Invalid);
}

pub(super) fn unsigned_releases_are_refused(driver: &mut Driver<'_>) {
    let made = driver.make(Program::Healthy(1));
    driver.refused(Driver::offer(&made), RefusalReason::Precondition);
    driver.prepare();
    let mut forged = made.clone();
    forged.manifest.source.subject = Some("not what was signed".to_owned());
    driver.refused(Driver::offer(&forged), RefusalReason::Untrusted);
    let Request::Offer { manifest, signature, .. } = Driver::offer(&made) else {
        unreachable!("it is an offer")
    };
    let release = "0123456789ab".parse().expect("an id");
    driver.refused(Request::Offer { release, manifest, signature }, RefusalReason::Untrusted);
    let release = made.manifest.release_id();
    let upload = Request::Upload { release, packed: None, offset: 0 };
    let refusal = driver.send(upload, b"bytes").expect_err("nothing was offered");
    assert_eq!(refusal.reason, RefusalReason::NotFound);
    assert!(driver.observe().releases.is_empty());
}

pub(super) fn uploads_go_on_where_they_stopped(driver: &mut Driver<'_>) {
    driver.prepare();
    let made = driver.make(Program::Healthy(1));
    let release = made.manifest.release_id();
    driver.ask(Driver::offer(&made));
    let half = made.bytes.len().min(1024 * 1024) / 2;
    driver.upload(&release, &made.bytes[..half], 0);
    let refusal = driver
        .send(Request::Upload { release: release.clone(), packed: None, offset: half as u64 + 1 }, b"gap")
        .expect_err("a gap is refused");
    assert_eq!(refusal.reason, RefusalReason::Invalid);
    driver.refused(Request::Seal { release: release.clone() }, RefusalReason::Precondition);
    driver.subject.restart_agent();
    assert_eq!(driver.ask(Driver::offer(&made)), offered(half as u64, None));
    // The same piece twice is as once.
    driver.upload(&release, &made.bytes[..half], 0);
    driver.upload(&release, &made.bytes, half as u64);
    driver.ask(Request::Seal { release: release.clone() });
    driver.ask(Request::Seal { release: release.clone() });
    assert_eq!(driver.observe().releases, std::slice::from_ref(&release));
    let size = made.manifest.artifact.size;
    let sealed = Response::Have { bytes: size, packed: None, sealed: true, bases: Some(Vec::new()) };
    assert_eq!(driver.ask(Driver::offer(&made)), sealed);
}

/// The answer to an offer on a host without sealed releases.
fn offered(bytes: u64, packed: Option<Digest>) -> Response {
    Response::Have { bytes, packed, sealed: false, bases: Some(Vec::new()) }
}

pub(super) fn damaged_uploads_are_not_sealed(driver: &mut Driver<'_>) {
    driver.prepare();
    let mut made = driver.make(Program::Healthy(1));
    let release = made.manifest.release_id();
    let last = made.bytes.len() - 1;
    made.bytes[last] ^= 1;
    driver.ask(Driver::offer(&made));
    driver.upload(&release, &made.bytes, 0);
    driver.refused(Request::Seal { release }, RefusalReason::Untrusted);
    assert!(driver.observe().releases.is_empty());
    // What was damaged is gone, so that sending it again can help.
    driver.install(Program::Healthy(1));
}

pub(super) fn only_sealed_releases_start(driver: &mut Driver<'_>) {
    driver.prepare();
    let made = driver.make(Program::Healthy(1));
    let instance = InstanceId::new(made.manifest.release_id(), 0);
    let start = Request::Start { instance: instance.clone(), secrets: BTreeMap::new() };
    driver.refused(start.clone(), RefusalReason::NotFound);
    driver.ask(Driver::offer(&made));
    driver.refused(start, RefusalReason::Precondition);
    assert!(driver.observe().instances.is_empty());
}
