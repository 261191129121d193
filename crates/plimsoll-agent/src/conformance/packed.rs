//! Releases that come packed.

use plimsoll_artifact::delta::{self, Content};
use plimsoll_model::Digest;
use plimsoll_model::agent::{RefusalReason, Request, Response};
use plimsoll_model::transfer::{BaseRelease, Packed};

use super::driver::Driver;
use super::{Program, SignedRelease};

fn content(made: &SignedRelease) -> Content<'_> {
    Content { bytes: &made.bytes, digest: made.manifest.artifact.digest }
}

fn packed(bytes: &[u8], base: Option<&SignedRelease>) -> Packed {
    let base = base.map(|base| base.manifest.artifact.digest);
    Packed { digest: Digest::of(bytes), size: bytes.len() as u64, base }
}

fn patch(base: &SignedRelease, target: &SignedRelease) -> (Packed, Vec<u8>) {
    let bytes = delta::make(content(base), content(target)).expect("it fits into memory");
    (packed(&bytes, Some(base)), bytes)
}

fn compressed(target: &SignedRelease) -> (Packed, Vec<u8>) {
    let bytes = delta::compress(content(target)).expect("it fits into memory");
    (packed(&bytes, None), bytes)
}

/// What is here of the release, and the bases.
fn offer(driver: &mut Driver<'_>, made: &SignedRelease) -> (u64, Option<Digest>, Vec<BaseRelease>) {
    match driver.ask(Driver::offer(made)) {
        Response::Have { bytes, packed, sealed: false, bases: Some(bases) } => (bytes, packed, bases),
        other => panic!("`offer` was answered {other:?}"),
    }
}

pub(super) fn patches_and_compressed_uploads_are_sealed(driver: &mut Driver<'_>) {
    driver.prepare();
    let releases = [1, 2].map(|number| driver.make(Program::Healthy(number)));
    let ids = releases.each_ref().map(|made| made.manifest.release_id());
    assert_eq!(offer(driver, &releases[0]), (0, None, Vec::new()));
    let (how, bytes) = compressed(&releases[0]);
    driver.upload_packed(&ids[0], Some(&how), &bytes, 0);
    driver.ask(Request::Seal { release: ids[0].clone() });

    let base = BaseRelease { release: ids[0].clone(), artifact: releases[0].manifest.artifact.digest };
    assert_eq!(offer(driver, &releases[1]), (0, None, vec![base.clone()]));
    let (how, bytes) = patch(&releases[0], &releases[1]);
    let half = bytes.len() / 2;
    driver.upload_packed(&ids[1], Some(&how), &bytes[..half], 0);
    driver.refused(Request::Seal { release: ids[1].clone() }, RefusalReason::Precondition);
    // Cut off; it goes on where it stopped.
    driver.subject.restart_agent();
    assert_eq!(offer(driver, &releases[1]), (half as u64, Some(how.digest), vec![base]));
    driver.upload_packed(&ids[1], Some(&how), &bytes, half as u64);
    driver.ask(Request::Seal { release: ids[1].clone() });
    driver.ask(Request::Seal { release: ids[1].clone() });
    let mut here = driver.observe().releases;
    here.sort();
    let mut all = ids.to_vec();
    all.sort();
    assert_eq!(here, all);
    // It is the program: it runs, and the gate compares the process with the manifest.
    let instance = driver.start(&ids[1], 0);
    driver.wait_state(&instance, plimsoll_model::observation::InstanceState::Ready);
}

pub(super) fn another_packing_replaces_what_is_here(driver: &mut Driver<'_>) {
    driver.prepare();
    let made = driver.make(Program::Healthy(1));
    let release = made.manifest.release_id();
    let (how, bytes) = compressed(&made);
    offer(driver, &made);
    driver.upload(&release, &made.bytes[..made.bytes.len().min(100_000) / 2], 0);
    let late = Request::Upload { release: release.clone(), packed: Some(how.clone()), offset: 7 };
    let refusal = driver.send(late, b"from the middle").expect_err("its beginning is not here");
    assert_eq!(refusal.reason, RefusalReason::Invalid);
    driver.upload_packed(&release, Some(&how), &bytes[..5], 0);
    assert_eq!(offer(driver, &made), (5, Some(how.digest), Vec::new()));
    driver.upload(&release, &made.bytes, 0);
    driver.ask(Request::Seal { release: release.clone() });
    assert_eq!(driver.observe().releases, [release]);
}

pub(super) fn damaged_packing_is_not_sealed(driver: &mut Driver<'_>) {
    driver.prepare();
    let base = driver.make(Program::Healthy(1));
    driver.install(Program::Healthy(1));
    let made = driver.make(Program::Healthy(2));
    let release = made.manifest.release_id();
    let (_, good) = patch(&base, &made);
    for at in [0, 5, 20, 50, good.len() - 3] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x41;
        offer(driver, &made);
        driver.upload_packed(&release, Some(&packed(&bytes, Some(&base))), &bytes, 0);
        driver.refused(Request::Seal { release: release.clone() }, RefusalReason::Untrusted);
        // What was damaged is gone.
        assert_eq!(offer(driver, &made).0, 0);
    }
    assert_eq!(driver.observe().releases.len(), 1);
    driver.install(Program::Healthy(2));
}

pub(super) fn packing_makes_sense(driver: &mut Driver<'_>) {
    driver.prepare();
    let made = driver.make(Program::Healthy(1));
    let release = made.manifest.release_id();
    let (how, bytes) = compressed(&made);
    offer(driver, &made);
    for (packed, reason) in [
        (Packed { base: Some(Digest::of(b"not here")), ..how.clone() }, RefusalReason::Precondition),
        (Packed { size: u64::MAX, ..how.clone() }, RefusalReason::Invalid),
        (Packed { size: 1, ..how.clone() }, RefusalReason::Invalid),
    ] {
        let request = Request::Upload { release: release.clone(), packed: Some(packed), offset: 0 };
        let refusal = driver.send(request, &bytes[..10]).expect_err("it makes no sense");
        assert_eq!(refusal.reason, reason, "{refusal}");
    }
    assert_eq!(offer(driver, &made).0, 0);
}
