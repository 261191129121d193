//! What belongs into a bundle, what is refused, and that nothing half-done is left.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;
use plimsoll_model::bundle::{BUNDLE_FILE, Bundle, FileKind, RunTimeState};

use super::gathering::relative;
use super::{BundleError, Request, plan, write};

fn request(program: &str) -> Request {
    Request { program: PathBuf::from(program), ..Request::default() }
}

fn bundle(request: &Request, into: &Path) -> Result<Bundle, BundleError> {
    write(&plan(request)?, into)
}

#[test]
fn everything_inside_is_listed_and_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("app");
    let made = bundle(&request("/bin/ls"), &into).unwrap();
    let read: Bundle = serde_json::from_slice(&fs::read(into.join(BUNDLE_FILE)).unwrap()).unwrap();
    assert_eq!(read, made);
    let mut size = 0;
    for file in &made.files {
        let at = into.join(&file.path);
        let Some(digest) = file.sha256 else {
            assert_eq!(
                fs::read_link(&at).ok().map(|t| t.display().to_string()),
                file.target,
                "{}",
                file.path
            );
            assert!(at.exists(), "{} leads nowhere", file.path);
            continue;
        };
        let bytes = fs::read(&at).unwrap();
        assert_eq!(Digest::of(&bytes), digest, "{}", file.path);
        size += bytes.len() as u64;
        if let Some(from) = &file.from {
            assert!(fs::read(from).unwrap() == bytes, "{} is not {from}", file.path);
        }
    }
    assert_eq!(size, made.size);
    let kind = |path: &str| made.files.iter().find(|file| file.path == path).map(|file| file.kind);
    assert_eq!(kind("bin/ls"), Some(FileKind::Launcher));
    assert_eq!(kind("libexec/ls"), Some(FileKind::Program));
    assert_eq!(kind("lib/libc.so.6"), Some(FileKind::Library));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    let again = bundle(&request("/bin/ls"), &folder.path().join("again")).unwrap();
    assert_eq!(again, made);
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("app");
    fs::create_dir(&into).unwrap();
    bundle(&request("/bin/ls"), &into).unwrap();
    assert!(matches!(bundle(&request("/bin/ls"), &into), Err(BundleError::NotEmpty { .. })));
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert!(matches!(bundle(&request("/bin/ls"), &file), Err(BundleError::NotAFolder { .. })));
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn what_a_killed_run_left_goes_and_what_is_being_written_stays() {
    let folder = tempfile::tempdir().unwrap();
    let names = [".app.bundling-left", ".app.bundling-held", ".apple.bundling-left"];
    for name in names {
        fs::create_dir_all(folder.path().join(name).join("lib")).unwrap();
    }
    let held = fs::File::open(folder.path().join(names[1])).unwrap();
    held.try_lock().unwrap();
    bundle(&request("/bin/ls"), &folder.path().join("app")).unwrap();
    let is_there = names.map(|name| folder.path().join(name).exists());
    assert_eq!(is_there, [false, true, true], "left, held by another run, of another bundle");
}

#[test]
fn what_is_no_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        plan(&request(path.to_str().unwrap())).unwrap_err()
    };
    let of = |error: BundleError| match error {
        BundleError::Script { interpreter, .. } => interpreter,
        other => panic!("{other}"),
    };
    assert_eq!(of(write("env", "#!/usr/bin/env -S python3 -u\n")).as_deref(), Some("python3"));
    assert_eq!(of(write("sh", "#! /bin/sh\n")).as_deref(), Some("/bin/sh"));
    assert!(matches!(write("text", "hello"), BundleError::NotAProgram { .. }));
    let libc = fs::canonicalize("/bin/ls").unwrap();
    let facts = crate::elf::inspect_file(&libc).unwrap();
    let library = crate::elf::find_library(&facts.needs(), "libselinux.so.1", Path::new("/"));
    if let Some(library) = library {
        let error = plan(&request(library.to_str().unwrap())).unwrap_err();
        assert!(matches!(error, BundleError::NotStartable { what: "a library", .. }), "{error}");
    }
}

#[test]
fn a_library_that_is_missing_is_named_with_who_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    // The text of a needed name, changed in place to one that is nowhere.
    let mut bytes = fs::read("/bin/ls").unwrap();
    let at = memchr::memmem::find(&bytes, b"libc.so.6\0").unwrap();
    bytes[at..at + 9].copy_from_slice(b"libz.so.9");
    let program = folder.path().join("broken");
    fs::write(&program, bytes).unwrap();
    let error = plan(&request(program.to_str().unwrap())).unwrap_err();
    let BundleError::Missing { libraries } = &error else { panic!("{error}") };
    assert_eq!(libraries[0].name, "libz.so.9");
    assert!(error.to_string().contains("broken) is not on this machine"), "{error}");
}

#[test]
fn what_is_asked_for_comes_along_and_what_is_not_wanted_stays_out() {
    let folder = tempfile::tempdir().unwrap();
    let extra = folder.path().join("extra");
    fs::create_dir_all(extra.join("empty")).unwrap();
    fs::write(extra.join("note"), "text").unwrap();
    fs::write(extra.join("run"), "text").unwrap();
    fs::set_permissions(extra.join("run"), fs::Permissions::from_mode(0o4750)).unwrap();
    symlink("note", extra.join("inside")).unwrap();
    symlink("/etc/hostname", extra.join("outside")).unwrap();
    symlink("/nowhere", extra.join("dangling")).unwrap();
    let request = Request {
        program: PathBuf::from("/bin/ls"),
        with: vec![extra.clone(), PathBuf::from("/bin/cat")],
        without: vec!["locales".to_owned(), "name-services".to_owned()],
    };
    let into = folder.path().join("app");
    let made = bundle(&request, &into).unwrap();
    let tree = into.join(format!("tree{}", extra.display()));
    assert_eq!(fs::read_link(tree.join("inside")).unwrap(), Path::new("note"));
    assert!(tree.join("empty").is_dir() && tree.join("outside").is_file());
    assert_eq!(fs::metadata(tree.join("run")).unwrap().permissions().mode() & 0o7777, 0o755);
    assert!(into.join("bin/cat").is_file() && into.join("libexec/cat").is_file());
    let state = |what: &str| made.run_time.iter().find(|row| row.what == what).map(|row| row.state);
    assert_eq!(state("locales"), Some(RunTimeState::LeftOut));
    assert_eq!(state("name-services"), Some(RunTimeState::LeftOut));
    assert_eq!(state(&extra.display().to_string()), Some(RunTimeState::Given));
    assert_eq!(state(&extra.join("dangling").display().to_string()), Some(RunTimeState::LeftOut));
    assert!(made.environment.is_empty(), "{:?}", made.environment);
    let unknown = Request { without: vec!["nothing-of-it".to_owned()], ..request };
    assert!(matches!(plan(&unknown), Err(BundleError::NothingToLeaveOut { .. })));
}

#[test]
fn a_static_program_is_bundled_as_itself() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("small");
    let launcher = folder.path().join("app/bin/ls");
    bundle(&request("/bin/ls"), &folder.path().join("app")).unwrap();
    fs::copy(launcher, &program).unwrap();
    let made = bundle(&request(program.to_str().unwrap()), &folder.path().join("static")).unwrap();
    let files: Vec<_> = made.files.iter().map(|file| (file.path.as_str(), file.kind)).collect();
    assert_eq!(files, [("bin/small", FileKind::Program)]);
    assert_eq!((made.start.as_str(), made.environment.len()), ("bin/small", 0));
}

#[test]
fn devices_and_pipes_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    symlink("/dev/zero", tree.join("zero")).unwrap();
    let with = |path: &Path| Request { with: vec![path.to_owned()], ..request("/bin/ls") };
    let planned = plan(&with(&tree)).unwrap();
    let zero = planned.run_time.iter().find(|row| row.what.ends_with("/zero")).unwrap();
    assert_eq!(zero.state, RunTimeState::LeftOut);
    assert!(matches!(plan(&with(Path::new("/dev/zero"))), Err(BundleError::Io { .. })));
}

#[test]
fn links_lead_from_their_own_folder() {
    assert_eq!(relative("lib/a.so", "lib/b.so"), "b.so");
    assert_eq!(relative("lib/a.so", "tree/usr/a.so"), "../tree/usr/a.so");
    assert_eq!(relative("tree/usr/lib/x/a", "tree/usr/b"), "../../b");
}
