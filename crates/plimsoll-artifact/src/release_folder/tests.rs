//! Sealing, believing, and every way of not believing.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use plimsoll_model::release::{Artifact, Platform, Source, Tree};
use plimsoll_model::{Digest, Manifest};

use super::{ReleaseError, receive, remove, seal, sweep, verify};
use crate::signature::{PublicKey, SecretKey, SignatureError};

const PROGRAM: &[u8] = b"\x7fELF a program";

/// A release sealed into a folder of its own.
struct Yard {
    folder: tempfile::TempDir,
    key: SecretKey,
    manifest: Manifest,
}

impl Yard {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("built"), PROGRAM).unwrap();
        let artifact =
            Artifact { file: "greeter".to_owned(), digest: Digest::of(PROGRAM), size: PROGRAM.len() as u64 };
        let manifest = Manifest {
            format: 1,
            service: "greeter".parse().unwrap(),
            source: Source { commit: None, subject: None, committed_at: None, tree: Tree::Unversioned },
            platform: Platform { os: "linux".to_owned(), arch: "amd64".to_owned() },
            artifact,
            environments: [("production".parse().unwrap(), plimsoll_model::release::RunSpec::default())]
                .into(),
        };
        Self { folder, key: SecretKey::generate().unwrap(), manifest }
    }

    fn releases(&self) -> PathBuf {
        self.folder.path().join("releases")
    }

    fn release(&self) -> PathBuf {
        self.releases().join(self.manifest.release_id().as_str())
    }

    fn trusted(&self) -> Vec<PublicKey> {
        vec![self.key.public_key()]
    }

    fn seal(&self) -> Result<super::Sealed, ReleaseError> {
        seal(&self.manifest, &self.folder.path().join("built"), &self.key, &self.releases())
    }

    fn verify(&self) -> Result<Manifest, ReleaseError> {
        verify(&self.release(), &self.trusted())
    }

    /// Changes a sealed release as an intruder or a bad disk would.
    fn tamper(&self, change: impl FnOnce(&Path)) -> ReleaseError {
        self.seal().unwrap();
        for path in [&self.release(), &self.release().join("greeter"), &self.release().join("manifest.json")]
        {
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        change(&self.release());
        self.verify().unwrap_err()
    }
}

impl Drop for Yard {
    /// Without root's powers, the temporary folder could not remove what is read-only in it.
    fn drop(&mut self) {
        let _ = super::remove::delete(&self.releases());
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_sealed_release_verifies_and_cannot_be_written() {
    let yard = Yard::new();
    let sealed = yard.seal().unwrap();
    assert!(sealed.is_new && sealed.folder == yard.release());
    assert_eq!(yard.verify().unwrap(), yard.manifest);
    assert_eq!((mode(&yard.release()), mode(&yard.release().join("greeter"))), (0o555, 0o555));
    assert_eq!(mode(&yard.release().join("manifest.json")), 0o444);
    assert_eq!(mode(&yard.release().join("manifest.json.minisig")), 0o444);
    assert_eq!(fs::read_dir(yard.releases()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn sealing_twice_changes_nothing() {
    let yard = Yard::new();
    let first = yard.seal().unwrap();
    let read = || fs::read(yard.release().join("manifest.json.minisig")).unwrap();
    let before = read();
    let second = yard.seal().unwrap();
    assert!(!second.is_new && second.folder == first.folder && second.release == first.release);
    assert_eq!(read(), before);
}

#[test]
fn a_damaged_folder_in_the_way_is_not_overwritten() {
    let yard = Yard::new();
    yard.tamper(|release| fs::write(release.join("greeter"), b"\x7fELF b program").unwrap());
    let error = yard.seal().unwrap_err();
    assert!(
        matches!(&error, ReleaseError::InTheWay { source, .. }
        if matches!(**source, ReleaseError::ArtifactDigest { .. })),
        "{error:?}"
    );
}

#[test]
fn an_artifact_that_is_not_the_manifests_leaves_nothing() {
    for content in [&b"\x7fELF b program"[..], b"short", b"\x7fELF a program and more", b""] {
        let yard = Yard::new();
        fs::write(yard.folder.path().join("built"), content).unwrap();
        let error = yard.seal().unwrap_err();
        let is_named =
            matches!(error, ReleaseError::ArtifactDigest { .. } | ReleaseError::ArtifactSize { .. });
        assert!(is_named, "{error:?}");
        assert_eq!(fs::read_dir(yard.releases()).unwrap().count(), 0);
    }
}

#[test]
fn each_kind_of_tampering_is_told_apart() {
    let tamper = |change: &dyn Fn(&Path)| Yard::new().tamper(change);
    let write = |name: &'static str, bytes: &'static [u8]| {
        tamper(&|release| {
            fs::remove_file(release.join(name)).unwrap();
            fs::write(release.join(name), bytes).unwrap();
        })
    };
    assert!(matches!(write("greeter", b"\x7fELF b program"), ReleaseError::ArtifactDigest { .. }));
    assert!(matches!(write("greeter", b"x"), ReleaseError::ArtifactSize { expected: 14, found: 1, .. }));
    let changed = write("manifest.json", b"{}");
    assert!(matches!(changed, ReleaseError::Signature { source: SignatureError::BytesChanged { .. } }));
    assert!(matches!(write("manifest.json.minisig", b"\xff\xfe"), ReleaseError::SignatureNotText));
    let no_signature = write("manifest.json.minisig", b"");
    assert!(matches!(no_signature, ReleaseError::Signature { source: SignatureError::NotASignature { .. } }));

    let missing = tamper(&|release| fs::remove_file(release.join("greeter")).unwrap());
    assert!(matches!(missing, ReleaseError::FileMissing { ref file } if file == "greeter"));
    let more = tamper(&|release| fs::write(release.join(".preload"), "x").unwrap());
    assert!(matches!(more, ReleaseError::Unexpected { ref path } if path.ends_with(".preload")));
    let link = tamper(&|release| {
        fs::rename(release.join("greeter"), release.join("../elsewhere")).unwrap();
        symlink("../elsewhere", release.join("greeter")).unwrap();
    });
    assert!(matches!(link, ReleaseError::NotAFile { .. }));
    let large = tamper(&|release| {
        let manifest = fs::OpenOptions::new().write(true).open(release.join("manifest.json")).unwrap();
        manifest.set_len(5 << 20).unwrap();
    });
    assert!(matches!(large, ReleaseError::TooLarge { .. }));
}

#[test]
fn a_release_under_anothers_name_is_not_believed() {
    let yard = Yard::new();
    yard.seal().unwrap();
    let other = yard.releases().join("0123456789ab");
    fs::rename(yard.release(), &other).unwrap();
    assert!(matches!(verify(&other, &yard.trusted()), Err(ReleaseError::OtherRelease { .. })));
    assert!(matches!(yard.verify(), Err(ReleaseError::Absent { .. })));
    let odd = verify(&yard.releases(), &yard.trusted()).unwrap_err();
    assert!(matches!(odd, ReleaseError::NotARelease { .. }));
}

#[test]
fn a_stranger_is_not_believed() {
    let yard = Yard::new();
    yard.seal().unwrap();
    let stranger = SecretKey::generate().unwrap().public_key();
    for trusted in [&[][..], &[stranger]] {
        let error = verify(&yard.release(), trusted).unwrap_err();
        assert!(matches!(error, ReleaseError::Signature { source: SignatureError::OtherKey { .. } }));
    }
}

#[test]
fn signed_nonsense_is_told_apart() {
    let yard = Yard::new();
    let receive = |bytes: &[u8]| {
        let signature = yard.key.sign(bytes, "x").to_string();
        receive(bytes, &signature, &mut &PROGRAM[..], &yard.trusted(), &yard.releases()).unwrap_err()
    };
    let newer = receive(br#"{"format": 7, "new": []}"#);
    assert!(matches!(newer, ReleaseError::Format { found: 7, known: 1 }));
    assert!(newer.to_string().contains("format 7") && newer.to_string().contains("up to 1"));
    assert!(matches!(receive(b"not json"), ReleaseError::Manifest { .. }));
    assert!(matches!(receive(br#"{"format": 1}"#), ReleaseError::Manifest { .. }));
    let mut manifest = yard.manifest.clone();
    manifest.artifact.file = "../greeter".to_owned();
    assert!(matches!(receive(&manifest.to_bytes()), ReleaseError::ArtifactName { .. }));
    assert!(!yard.releases().exists(), "nothing is written for what is refused");
}

#[test]
fn releases_and_leftovers_are_removed() {
    let yard = Yard::new();
    yard.seal().unwrap();
    remove(&yard.release()).unwrap();
    remove(&yard.release()).unwrap();
    assert_eq!(fs::read_dir(yard.releases()).unwrap().count(), 0);

    yard.seal().unwrap();
    let left = yard.releases().join(".sealing-0123456789ab-00");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("half"), "x").unwrap();
    symlink("/", left.join("link")).unwrap();
    fs::set_permissions(&left, Permissions::from_mode(0o555)).unwrap();
    assert_eq!(sweep(&yard.releases()).unwrap(), 1);
    assert_eq!(sweep(&yard.folder.path().join("none")).unwrap(), 0);
    assert!(yard.verify().is_ok() && Path::new("/bin").exists());
}

#[test]
fn many_sealing_at_once_make_one_release() {
    let yard = Yard::new();
    let sealed: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| yard.seal().unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(sealed.iter().filter(|sealed| sealed.is_new).count(), 1);
    assert_eq!(fs::read_dir(yard.releases()).unwrap().count(), 1);
    assert!(yard.verify().is_ok());
}
