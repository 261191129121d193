//! Writing a bundle so that it is there whole or not at all: into a folder beside its place, which is then renamed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use plimsoll_model::Digest;
use plimsoll_model::bundle::{BUNDLE_FILE, Bundle, BundledFile, FileKind, SCHEMA_VERSION, Variable};
use plimsoll_model::digest::Hasher;

use super::BundleError;
use super::error::io;
use super::gathering::{Content, Plan, relative};

const PROGRAM: u32 = 0o755;
const TEXT: u32 = 0o644;
const PIECE: usize = 256 * 1024;

/// Copies what a plan holds into a folder that is empty or not there yet.
pub fn write(plan: &Plan, into: &Path) -> Result<Bundle, BundleError> {
    check_target(into)?;
    let mut suffix = [0_u8; 8];
    getrandom::fill(&mut suffix)
        .map_err(|e| io("find a name beside", into)(std::io::Error::other(e.to_string())))?;
    let suffix = u64::from_le_bytes(suffix);
    let prefix = format!(".{}.bundling-", into.file_name().unwrap_or_default().to_string_lossy());
    let beside = into.with_file_name(format!("{prefix}{suffix:016x}"));
    remove_left(&beside, &prefix);
    fs::create_dir_all(&beside).map_err(io("create", &beside))?;
    // Held until the end, so that nobody takes it for one that was left. A file system without locks leaves it at that.
    let held = File::open(&beside).map_err(io("open", &beside))?;
    let _ = held.try_lock();
    let written = fill(plan, &beside)
        .and_then(|bundle| fs::rename(&beside, into).map_err(io("put the bundle at", into)).map(|()| bundle));
    if written.is_err() {
        // The error that led here matters more than one of cleaning up.
        let _ = fs::remove_dir_all(&beside);
    }
    written
}

/// Removes what killed runs left beside the place: folders of this prefix that nobody holds. Not to be able to is no reason
/// to make no bundle.
fn remove_left(beside: &Path, prefix: &str) {
    let parent = beside.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder || !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let nobody_holds_it = File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok());
        if nobody_holds_it {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn check_target(into: &Path) -> Result<(), BundleError> {
    match into.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(metadata) if !metadata.is_dir() => Err(BundleError::NotAFolder { path: into.to_owned() }),
        Ok(_) => match fs::read_dir(into).map_err(io("list", into))?.next() {
            None => Ok(()),
            Some(_) => Err(BundleError::NotEmpty { path: into.to_owned() }),
        },
    }
}

fn fill(plan: &Plan, folder: &Path) -> Result<Bundle, BundleError> {
    let mut writer = Writer { folder, machine: plan.machine, known: BTreeMap::new() };
    let mut files = Vec::with_capacity(plan.contents.len());
    for (path, content) in &plan.contents {
        files.push(writer.put(path, content)?);
    }
    let bundle = Bundle {
        schema_version: SCHEMA_VERSION,
        start: plan.start.clone(),
        source: plan.source.display().to_string(),
        platform: plan.platform.clone(),
        linkage: plan.linkage,
        size: files.iter().map(|file| file.size).sum(),
        environment: plan
            .variables
            .iter()
            .map(|(name, value)| Variable { name: name.clone(), value: value.clone() })
            .collect(),
        run_time: plan.run_time.clone(),
        files,
    };
    let mut json = serde_json::to_vec_pretty(&bundle).expect("a bundle has a JSON form");
    json.push(b'\n');
    write_file(&folder.join(BUNDLE_FILE), &json, TEXT)?;
    fs::set_permissions(folder, Permissions::from_mode(PROGRAM)).map_err(io("set the mode of", folder))?;
    Ok(bundle)
}

struct Writer<'a> {
    folder: &'a Path,
    machine: u16,
    /// ELF files that are written, by what is in them: packages hold the same program twice.
    known: BTreeMap<Digest, String>,
}

impl Writer<'_> {
    fn put(&mut self, path: &str, content: &Content) -> Result<BundledFile, BundleError> {
        let at = self.folder.join(path);
        let parent = at.parent().unwrap_or(self.folder);
        fs::create_dir_all(parent).map_err(io("create", parent))?;
        let mut file = BundledFile {
            path: path.to_owned(),
            kind: FileKind::Data,
            from: None,
            sha256: None,
            size: 0,
            target: None,
        };
        match content {
            Content::Folder => {
                file.kind = FileKind::Folder;
                fs::create_dir_all(&at).map_err(io("create", &at))?;
            }
            Content::Link { target } => link(&mut file, &at, target.clone())?,
            Content::Launcher(launcher) => {
                let bytes = launcher.to_elf(self.machine)?;
                write_file(&at, &bytes, PROGRAM)?;
                file.kind = FileKind::Launcher;
                (file.sha256, file.size) = (Some(Digest::of(&bytes)), bytes.len() as u64);
            }
            Content::Copy { from, kind } => {
                let (digest, size) = copy(from, &at)?;
                file.from = Some(from.display().to_string());
                if let Some(known) = self.known.get(&digest).filter(|_| *kind != FileKind::Data) {
                    fs::remove_file(&at).map_err(io("remove", &at))?;
                    link(&mut file, &at, relative(path, known))?;
                    return Ok(file);
                }
                if *kind != FileKind::Data {
                    self.known.insert(digest, path.to_owned());
                }
                (file.kind, file.sha256, file.size) = (*kind, Some(digest), size);
            }
        }
        Ok(file)
    }
}

fn link(file: &mut BundledFile, at: &Path, target: String) -> Result<(), BundleError> {
    symlink(&target, at).map_err(io("link", at))?;
    file.kind = FileKind::Link;
    file.target = Some(target);
    Ok(())
}

/// Copies a file with its right to be executed, and no other: who may write, and set-user-id, are the target's matter.
fn copy(from: &Path, to: &Path) -> Result<(Digest, u64), BundleError> {
    let mut source = File::open(from).map_err(io("read", from))?;
    let mode = source.metadata().map_err(io("read", from))?.permissions().mode();
    let mut target = create(to, if mode & 0o111 == 0 { TEXT } else { PROGRAM })?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; PIECE];
    let mut size = 0;
    loop {
        let read = source.read(&mut buffer).map_err(io("read", from))?;
        if read == 0 {
            return Ok((hasher.finish(), size));
        }
        hasher.update(&buffer[..read]);
        target.write_all(&buffer[..read]).map_err(io("write", to))?;
        size += read as u64;
    }
}

fn write_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), BundleError> {
    create(path, mode)?.write_all(bytes).map_err(io("write", path))
}

fn create(path: &Path, mode: u32) -> Result<File, BundleError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = file.map_err(io("create", path))?;
    // Not by the mode of creation, which the caller's umask would change.
    file.set_permissions(Permissions::from_mode(mode)).map_err(io("set the mode of", path))?;
    Ok(file)
}
