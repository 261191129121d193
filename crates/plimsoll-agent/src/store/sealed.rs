//! Releases on disk. Pieces gather in `incoming/<id>/`, next to the manifest and the signature that were verified
//! first; sealing copies them into `releases/<id>/`, checking every byte on the way.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use plimsoll_artifact::release_folder::{self, ReleaseError};
use plimsoll_artifact::signature::PublicKey;
use plimsoll_model::release::{MANIFEST_FILE, SIGNATURE_FILE};
use plimsoll_model::{Digest, Manifest, ReleaseId, ServiceName};

use super::{Held, Offer, ReleaseStore, StoreError};
use crate::durable;
use crate::layout::Layout;

/// Where the pieces gather; the program's own name is only known to be safe once the manifest is verified.
const PIECES: &str = "pieces";
/// The keys that were trusted when the release was offered.
const KEYS: &str = "trusted-keys";

/// The releases below a layout's folder.
#[derive(Debug)]
pub struct SealedStore {
    layout: Layout,
    service: ServiceName,
}

impl SealedStore {
    /// The releases of `service`. Removes what sealing and removing left behind when they were cut short.
    pub fn new(layout: Layout, service: ServiceName) -> Result<Self, StoreError> {
        let releases = layout.releases();
        release_folder::sweep(&releases).map_err(|error| failed("cannot tidy", &releases, &error))?;
        Ok(Self { layout, service })
    }

    fn folder(&self, release: &ReleaseId) -> PathBuf {
        self.layout.releases().join(release.as_str())
    }

    fn incoming(&self, release: &ReleaseId) -> PathBuf {
        self.layout.incoming().join(release.as_str())
    }

    fn is_sealed(&self, release: &ReleaseId) -> bool {
        self.folder(release).join(MANIFEST_FILE).is_file()
    }

    fn parse(folder: &Path, release: &ReleaseId) -> Result<Manifest, StoreError> {
        let path = folder.join(MANIFEST_FILE);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NotFound { release: release.clone() },
            _ => failed("cannot read", &path, &error),
        })?;
        serde_json::from_slice(&bytes)
            .map_err(|error| StoreError::Untrusted { release: release.clone(), why: error.to_string() })
    }

    fn free(&self) -> Option<u64> {
        let found = rustix::fs::statvfs(self.layout.folder()).ok()?;
        found.f_bavail.checked_mul(found.f_frsize)
    }

    fn no_space(&self, release: &ReleaseId, needed: u64) -> StoreError {
        let folder = self.layout.folder().to_owned();
        StoreError::NoSpace { release: release.clone(), folder, needed, free: self.free() }
    }

    /// An error of the disk, told apart from a full one.
    fn disk(&self, release: &ReleaseId, needed: u64, path: &Path, error: &io::Error) -> StoreError {
        if durable::is_full(error) {
            self.no_space(release, needed)
        } else {
            failed("cannot write", path, error)
        }
    }

    fn accept(&self, offer: &Offer<'_>) -> Result<Manifest, StoreError> {
        let untrusted = |why: String| StoreError::Untrusted { release: offer.release.clone(), why };
        let keys = parse_keys(offer.release, offer.trusted_keys)?;
        let manifest = release_folder::verify_manifest(offer.manifest.as_bytes(), offer.signature, &keys)
            .map_err(|error| untrusted(chain(&error)))?;
        let named = ReleaseId::of_manifest(&Digest::of(offer.manifest.as_bytes()));
        if named != *offer.release {
            return Err(untrusted(format!("its manifest is the one of release {named}")));
        }
        if manifest.service != self.service {
            return Err(untrusted(format!("it is a release of service `{}`", manifest.service)));
        }
        Ok(manifest)
    }

    /// Makes the folder that pieces gather in; its manifest comes last and says that the folder is complete.
    fn open_incoming(&self, offer: &Offer<'_>, manifest: &Manifest) -> Result<(), StoreError> {
        let folder = self.incoming(offer.release);
        if fs::read(folder.join(MANIFEST_FILE)).is_ok_and(|bytes| bytes == offer.manifest.as_bytes()) {
            return Ok(());
        }
        // Twice its size: once in pieces, once sealed.
        let needed = manifest.artifact.size.saturating_mul(2);
        if self.free().is_some_and(|free| free < needed) {
            return Err(self.no_space(offer.release, needed));
        }
        let path = folder.clone();
        let write = || {
            match DirBuilder::new().mode(0o700).create(&folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            durable::write(&folder.join(KEYS), offer.trusted_keys.join("\n").as_bytes())?;
            durable::write(&folder.join(SIGNATURE_FILE), offer.signature.as_bytes())?;
            durable::write(&folder.join(MANIFEST_FILE), offer.manifest.as_bytes())
        };
        write().map_err(|error| {
            let _ = fs::remove_dir_all(&path);
            self.disk(offer.release, needed, &path, &error)
        })
    }

    /// One release is received at a time: what was begun and never sealed would take space for ever.
    fn drop_abandoned(&self, wanted: &ReleaseId) {
        for entry in fs::read_dir(self.layout.incoming()).into_iter().flatten().flatten() {
            if entry.file_name() != wanted.as_str() {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn received(&self, release: &ReleaseId) -> u64 {
        fs::metadata(self.incoming(release).join(PIECES)).map_or(0, |found| found.len())
    }

    fn write_piece(&self, release: &ReleaseId, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let path = self.incoming(release).join(PIECES);
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.write_all(bytes).inspect_err(|_| {
            // A part of a piece is not counted as held.
            let _ = file.set_len(offset);
        })
    }
}

impl ReleaseStore for SealedStore {
    fn sealed(&mut self) -> Result<Vec<ReleaseId>, StoreError> {
        let folder = self.layout.releases();
        let entries = fs::read_dir(&folder).map_err(|error| failed("cannot list", &folder, &error))?;
        let mut found: Vec<(SystemTime, ReleaseId)> = entries
            .flatten()
            .filter_map(|entry| {
                let id = entry.file_name().to_str()?.parse().ok()?;
                let sealed = entry.path().join(MANIFEST_FILE).metadata().ok()?.modified().ok()?;
                Some((sealed, id))
            })
            .collect();
        found.sort_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    fn begin(&mut self, offer: &Offer<'_>) -> Result<Held, StoreError> {
        let manifest = self.accept(offer)?;
        if self.is_sealed(offer.release) {
            // An id is 48 bits of a digest: two manifests can share one.
            if Self::parse(&self.folder(offer.release), offer.release)? != manifest {
                let why = "another release with the same identifier is here".to_owned();
                return Err(StoreError::Invalid { release: offer.release.clone(), why });
            }
            return Ok(Held { bytes: manifest.artifact.size, sealed: true });
        }
        self.drop_abandoned(offer.release);
        self.open_incoming(offer, &manifest)?;
        Ok(Held { bytes: self.received(offer.release), sealed: false })
    }

    fn append(&mut self, release: &ReleaseId, offset: u64, bytes: &[u8]) -> Result<Held, StoreError> {
        if self.is_sealed(release) {
            let size = Self::parse(&self.folder(release), release)?.artifact.size;
            return Ok(Held { bytes: size, sealed: true });
        }
        let size = Self::parse(&self.incoming(release), release)?.artifact.size;
        let held = self.received(release);
        let end = offset.saturating_add(bytes.len() as u64);
        let invalid = |why: String| Err(StoreError::Invalid { release: release.clone(), why });
        if end <= held {
            return Ok(Held { bytes: held, sealed: false });
        }
        if offset != held {
            return invalid(format!("{held} bytes are here, and the piece begins at {offset}"));
        }
        if end > size {
            return invalid(format!("its program has {size} bytes, and {end} came"));
        }
        self.write_piece(release, offset, bytes)
            .map_err(|error| self.disk(release, size - held, &self.incoming(release), &error))?;
        Ok(Held { bytes: end, sealed: false })
    }

    fn seal(&mut self, release: &ReleaseId) -> Result<(), StoreError> {
        let incoming = self.incoming(release);
        if self.is_sealed(release) {
            let _ = fs::remove_dir_all(&incoming);
            return Ok(());
        }
        let size = Self::parse(&incoming, release)?.artifact.size;
        if self.received(release) != size {
            return Err(StoreError::NotSealed { release: release.clone() });
        }
        let read = |name: &str| {
            let path = incoming.join(name);
            fs::read_to_string(&path).map_err(|error| failed("cannot read", &path, &error))
        };
        let (manifest, signature, keys) = (read(MANIFEST_FILE)?, read(SIGNATURE_FILE)?, read(KEYS)?);
        let keys = parse_keys(release, &keys.lines().map(str::to_owned).collect::<Vec<_>>())?;
        let pieces = incoming.join(PIECES);
        let mut content = File::open(&pieces).map_err(|error| failed("cannot open", &pieces, &error))?;
        let into = self.layout.releases();
        let sealed =
            release_folder::receive(manifest.as_bytes(), &signature, &mut content, &keys, &into).map(drop);
        if let Err(error) = sealed {
            return Err(self.not_sealed(release, size, &pieces, &error));
        }
        let _ = fs::remove_dir_all(&incoming);
        Ok(())
    }

    fn manifest(&mut self, release: &ReleaseId) -> Result<Manifest, StoreError> {
        if !self.is_sealed(release) && self.incoming(release).join(MANIFEST_FILE).is_file() {
            return Err(StoreError::NotSealed { release: release.clone() });
        }
        Self::parse(&self.folder(release), release)
    }

    fn verify(&mut self, release: &ReleaseId, trusted_keys: &[String]) -> Result<PathBuf, StoreError> {
        self.manifest(release)?;
        let keys = parse_keys(release, trusted_keys)?;
        let folder = self.folder(release);
        let manifest = release_folder::verify(&folder, &keys)
            .map_err(|error| StoreError::Untrusted { release: release.clone(), why: chain(&error) })?;
        let program = folder.join(manifest.artifact.file);
        fs::canonicalize(&program).map_err(|error| failed("cannot find", &program, &error))
    }

    fn remove(&mut self, release: &ReleaseId) -> Result<(), StoreError> {
        let folder = self.folder(release);
        release_folder::remove(&folder).map_err(|error| failed("cannot remove", &folder, &error))?;
        match fs::remove_dir_all(self.incoming(release)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("cannot remove", &self.incoming(release), &error))
            }
            _ => Ok(()),
        }
    }

    fn point_current(&mut self, release: Option<&ReleaseId>) -> Result<(), StoreError> {
        if self.current().as_ref() == release {
            return Ok(());
        }
        let link = self.layout.current();
        let beside = self.layout.folder().join(".current.new");
        let point = || {
            let _ = fs::remove_file(&beside);
            match release {
                Some(release) => {
                    std::os::unix::fs::symlink(Path::new("releases").join(release.as_str()), &beside)?;
                    fs::rename(&beside, &link)?;
                }
                None => fs::remove_file(&link)?,
            }
            durable::sync_folder(self.layout.folder())
        };
        point().map_err(|error| failed("cannot change the link", &link, &error))
    }

    fn current(&mut self) -> Option<ReleaseId> {
        let target = fs::read_link(self.layout.current()).ok()?;
        target.file_name()?.to_str()?.parse().ok()
    }

    fn free_space(&mut self) -> Option<u64> {
        self.free()
    }
}

impl SealedStore {
    /// Why sealing failed. Pieces that are not what was signed are thrown away, so that sending again can help.
    fn not_sealed(&self, release: &ReleaseId, size: u64, pieces: &Path, error: &ReleaseError) -> StoreError {
        if let ReleaseError::Io { source, path, .. } = error {
            return self.disk(release, size, path, source);
        }
        let _ = fs::remove_file(pieces);
        StoreError::Untrusted { release: release.clone(), why: chain(error) }
    }
}

fn parse_keys(release: &ReleaseId, keys: &[String]) -> Result<Vec<PublicKey>, StoreError> {
    let parse = |key: &String| {
        key.parse::<PublicKey>().map_err(|error| StoreError::Untrusted {
            release: release.clone(),
            why: format!("a trusted key of this host cannot be read: {error}"),
        })
    };
    keys.iter().map(parse).collect()
}

fn failed(action: &'static str, path: &Path, error: &dyn std::error::Error) -> StoreError {
    StoreError::Io { action, path: path.to_owned(), why: chain(error) }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
