//! Releases on disk. Pieces gather in `incoming/<id>/`, next to the manifest and the signature that were verified
//! first; sealing copies them into `releases/<id>/`, checking every byte on the way.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use plimsoll_artifact::release_folder::{self, ReleaseError};
use plimsoll_artifact::signature::PublicKey;
use plimsoll_model::release::{Artifact, MANIFEST_FILE, SIGNATURE_FILE};
use plimsoll_model::transfer::Packed;
use plimsoll_model::{Digest, Manifest, ReleaseId, ServiceName};

use super::{Held, Offer, Piece, ReleaseStore, StoreError, Unpacking, check};
use crate::durable;
use crate::layout::Layout;

/// Where the pieces gather; the program's own name is only known to be safe once the manifest is verified.
const PIECES: &str = "pieces";
/// How they are packed; not there where they are the program itself.
const PACKING: &str = "packing.json";
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
        let needed = manifest.artifact.size;
        self.check_space(offer.release, needed)?;
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

    fn check_space(&self, release: &ReleaseId, needed: u64) -> Result<(), StoreError> {
        match self.free() {
            Some(free) if free < needed => Err(self.no_space(release, needed)),
            _ => Ok(()),
        }
    }

    /// Throws away what came packed in another way, and gets ready for what comes now.
    fn begin_pieces(
        &self,
        release: &ReleaseId,
        artifact: &Artifact,
        packed: Option<&Packed>,
    ) -> Result<(), StoreError> {
        if let Some(base) = packed.and_then(|packed| packed.base) {
            self.open_base(release, base)?;
        }
        let folder = self.incoming(release);
        let write = || {
            for name in [PIECES, PACKING] {
                match fs::remove_file(folder.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            let text = packed.map(|packed| serde_json::to_vec(packed).expect("it has only text keys"));
            text.map_or(Ok(()), |text| durable::write(&folder.join(PACKING), &text))
        };
        // Once as it comes, once sealed.
        let needed = artifact.size.saturating_add(packed.map_or(artifact.size, |packed| packed.size));
        write().map_err(|error| self.disk(release, needed, &folder, &error))?;
        self.check_space(release, needed)
    }

    fn packing(&self, release: &ReleaseId) -> Option<Packed> {
        serde_json::from_slice(&fs::read(self.incoming(release).join(PACKING)).ok()?).ok()
    }

    /// The program with this digest, of a sealed release.
    fn open_base(&self, release: &ReleaseId, base: Digest) -> Result<File, StoreError> {
        for entry in fs::read_dir(self.layout.releases()).into_iter().flatten().flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if let Ok(manifest) = Self::parse(&self.folder(&id), &id)
                && manifest.artifact.digest == base
                && let Ok(file) = File::open(self.folder(&id).join(manifest.artifact.file))
            {
                return Ok(file);
            }
        }
        Err(StoreError::NoBase { release: release.clone(), base })
    }

    /// One release is received at a time: what was begun and never sealed would take space for ever.
    fn drop_abandoned(&self, wanted: &ReleaseId) {
        for entry in fs::read_dir(self.layout.incoming()).into_iter().flatten().flatten() {
            if entry.file_name() != wanted.as_str() {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn received(&self, release: &ReleaseId) -> Held {
        let bytes = fs::metadata(self.incoming(release).join(PIECES)).map_or(0, |found| found.len());
        Held { bytes, packed: self.packing(release).map(|packed| packed.digest), sealed: false }
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
            return Ok(Held { bytes: manifest.artifact.size, packed: None, sealed: true });
        }
        self.drop_abandoned(offer.release);
        self.open_incoming(offer, &manifest)?;
        Ok(self.received(offer.release))
    }

    fn append(&mut self, release: &ReleaseId, piece: &Piece<'_>) -> Result<Held, StoreError> {
        if self.is_sealed(release) {
            let size = Self::parse(&self.folder(release), release)?.artifact.size;
            return Ok(Held { bytes: size, packed: None, sealed: true });
        }
        let artifact = Self::parse(&self.incoming(release), release)?.artifact;
        let held = self.received(release);
        if let Some(answer) = check(release, &artifact, &held, piece)? {
            return Ok(answer);
        }
        if piece.offset == 0 {
            self.begin_pieces(release, &artifact, piece.packed)?;
        }
        let size = piece.packed.map_or(artifact.size, |packed| packed.size);
        self.write_piece(release, piece.offset, piece.bytes)
            .map_err(|error| self.disk(release, size - piece.offset, &self.incoming(release), &error))?;
        Ok(self.received(release))
    }

    fn seal(&mut self, release: &ReleaseId) -> Result<(), StoreError> {
        let incoming = self.incoming(release);
        if self.is_sealed(release) {
            let _ = fs::remove_dir_all(&incoming);
            return Ok(());
        }
        let artifact = Self::parse(&incoming, release)?.artifact;
        let packed = self.packing(release);
        if self.received(release).bytes != packed.as_ref().map_or(artifact.size, |packed| packed.size) {
            return Err(StoreError::NotSealed { release: release.clone() });
        }
        let read = |name: &str| {
            let path = incoming.join(name);
            fs::read_to_string(&path).map_err(|error| failed("cannot read", &path, &error))
        };
        let (manifest, signature, keys) = (read(MANIFEST_FILE)?, read(SIGNATURE_FILE)?, read(KEYS)?);
        let keys = parse_keys(release, &keys.lines().map(str::to_owned).collect::<Vec<_>>())?;
        let path = incoming.join(PIECES);
        let pieces = File::open(&path).map_err(|error| failed("cannot open", &path, &error))?;
        let base = |digest| self.open_base(release, digest);
        let mut content = Unpacking::new(release, &artifact, packed.as_ref(), pieces, base)
            .inspect_err(|_| self.forget_pieces(release))?;
        let into = self.layout.releases();
        release_folder::receive(manifest.as_bytes(), &signature, &mut content, &keys, &into)
            .map_err(|error| self.not_sealed(release, artifact.size, &error))?;
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
    fn not_sealed(&self, release: &ReleaseId, size: u64, error: &ReleaseError) -> StoreError {
        let verdict = match error {
            ReleaseError::Io { source, path, .. } => match Unpacking::verdict(release, source) {
                Some(verdict) => verdict,
                None => return self.disk(release, size, path, source),
            },
            other => StoreError::Untrusted { release: release.clone(), why: chain(other) },
        };
        self.forget_pieces(release);
        verdict
    }

    fn forget_pieces(&self, release: &ReleaseId) {
        for name in [PIECES, PACKING] {
            let _ = fs::remove_file(self.incoming(release).join(name));
        }
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
