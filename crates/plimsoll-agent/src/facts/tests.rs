//! The facts of this machine beside what its commands say, and hosts whose files lie.

use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll_model::facts::{Fact, FactsOrder, HostFacts};

use super::*;

fn place(root: &Path) -> Place {
    Place { root: root.to_owned(), service: "greeter".parse().unwrap(), reach: Reach::addresses_only() }
}

fn this_machine() -> HostFacts {
    gather(&place(Path::new("/nowhere/plimsoll")), &FactsOrder::default())
}

/// What a command prints; nothing where the machine does not have it, which is said.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(program).args(arguments).env("LC_ALL", "C").output() else {
        println!("skipped: {program} is not on this machine");
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn facts_agree_with_the_machines_commands() {
    let facts = this_machine();
    if let Some(cores) = said("nproc", &[]) {
        let ours = *facts.processor.cores.known().unwrap();
        let quota = facts.processor.quota.known().copied().flatten().map_or(ours, |q| q.div_ceil(100));
        // Since coreutils 9.8 nproc counts control groups, too.
        assert!(cores == ours.to_string() || cores == ours.min(quota).to_string(), "{cores} {facts:?}");
    }
    if let Some(release) = said("uname", &["-r"]) {
        assert_eq!(facts.kernel, Fact::Known(release));
    }
    if let Some(free) = said("free", &["-b"]) {
        let line = free.lines().find(|line| line.starts_with("Mem:")).unwrap();
        let total: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert_eq!(facts.memory.known().unwrap().total, total);
    }
    if let Some(ldd) =
        said("ldd", &["--version"]).filter(|text| text.contains("GLIBC") || text.contains("GNU libc"))
    {
        let version = ldd.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
        let found = facts.glibc.known().unwrap().clone().unwrap();
        assert_eq!(found.version, version, "{found:?}");
        assert!(Path::new(&found.path).exists());
    }
    if let Some(name) = said("sh", &["-c", ". /etc/os-release; echo \"$ID|$VERSION_ID|$PRETTY_NAME\""]) {
        let found = facts.distribution.known().unwrap().clone();
        assert_eq!(format!("{}|{}|{}", found.id, found.version.unwrap_or_default(), found.name), name);
    }
    if let Some(limit) = said("sh", &["-c", "ulimit -Hn"]) {
        let hard = facts.open_files.known().unwrap().hard;
        assert_eq!(hard.map_or("unlimited".to_owned(), |n| n.to_string()), limit);
    }
    if let Some(user) = said("id", &["-un"]) {
        assert_eq!(facts.user.name, Some(user));
    }
}

#[test]
fn the_disk_agrees_with_df() {
    let folder = tempfile::tempdir().unwrap();
    let facts = gather(&place(folder.path()), &FactsOrder::default());
    let disk = facts.root.disk.known().unwrap();
    assert_eq!(
        (facts.root.existing.as_str(), &facts.root.writable),
        (folder.path().to_str().unwrap(), &Fact::Known(true))
    );
    let df = |columns: &str| {
        let text = said("df", &["-B1", &format!("--output={columns}"), folder.path().to_str().unwrap()])?;
        let line = text.lines().nth(1)?.to_owned();
        Some(line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    };
    if let Some(row) = df("size,avail,fstype,target") {
        let near = |a: u64, b: &str| a.abs_diff(b.parse().unwrap()) < 64 << 20;
        assert!(disk.total.to_string() == row[0] && near(disk.free, &row[1]), "{disk:?} {row:?}");
        let mount = disk.mount.known().unwrap();
        assert_eq!((mount.kind.as_str(), mount.point.as_str()), (row[2].as_str(), row[3].as_str()));
    }
    if let Some(row) = df("iavail") {
        match disk.free_inodes {
            Some(free) => assert!(free.abs_diff(row[0].parse().unwrap()) < 10_000, "{disk:?} {row:?}"),
            None => assert!(row[0] == "0" || row[0] == "-", "{row:?}"),
        }
    }
}

/// A file system mounted for the time of a test.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn tmpfs(at: &Path, options: &str) -> Option<Self> {
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "plimsoll-test"]).arg(at).output();
        let done = done.is_ok_and(|output| output.status.success());
        done.then(|| Self(at.to_owned())).or_else(|| {
            println!("skipped: this user cannot mount a tmpfs");
            None
        })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn mount_options_and_small_disks_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::tmpfs(folder.path(), "noexec,nosuid,size=1m,nr_inodes=50") else { return };
    let facts = gather(&place(&folder.path().join("not/yet")), &FactsOrder::default());
    let disk = facts.root.disk.known().unwrap();
    assert!(disk.no_exec && disk.no_suid && !disk.read_only, "{disk:?}");
    assert!(disk.free <= 1 << 20 && disk.free_inodes.is_some_and(|free| free < 50), "{disk:?}");
    assert_eq!(disk.mount.known().unwrap().kind, "tmpfs");
}

#[test]
fn a_disk_that_is_read_only_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::tmpfs(folder.path(), "ro") else { return };
    let facts = gather(&place(folder.path()), &FactsOrder::default());
    assert!(facts.root.disk.known().unwrap().read_only);
    assert_eq!(facts.root.writable, Fact::Known(false));
}

/// A root with these files.
fn host(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn of(host: &tempfile::TempDir) -> HostFacts {
    let order = FactsOrder { listen: Some("127.0.0.1:1".parse().unwrap()), ..FactsOrder::default() };
    gather_in(&view::View::of(host.path()), &place(Path::new("/nowhere")), &order)
}

#[test]
fn an_empty_host_is_unknown_and_not_bad() {
    let facts = of(&host(&[]));
    assert!(matches!(&facts.kernel, Fact::Unknown(why) if why.contains("osrelease")), "{:?}", facts.kernel);
    assert!(facts.memory.known().is_none() && facts.distribution.known().is_none());
    assert_eq!(facts.glibc, Fact::Known(None));
    assert_eq!((facts.zones, facts.authorities), (Fact::Known(None), Fact::Known(None)));
    assert!(matches!(facts.systemd, Fact::Unknown(_)) && matches!(facts.processor.level, Fact::Unknown(_)));
}

#[test]
fn hostile_files_neither_hang_nor_fill_memory() {
    let long = vec![b'a'; 5 << 20];
    let hostile = host(&[
        ("proc/meminfo", b"MemTotal: 18446744073709551615 kB\n\xff\xfe"),
        ("proc/cpuinfo", &long),
        ("proc/uptime", b"-1e999"),
        ("proc/1/comm", b"systemd\n"),
        ("usr/lib/systemd/libsystemd-shared-99999999999.so", b""),
        ("etc/os-release", b"ID=\"\x1b[31mx\"\nPRETTY_NAME='a\nVERSION_ID=\n"),
        ("etc/ufw/ufw.conf", b"ENABLED=yes"),
        ("etc/passwd", b"::::\nroot:x\n:x:0:\n"),
        ("proc/sys/net/ipv4/ip_local_port_range", b"70000 -1"),
        ("lib64/ld-linux-x86-64.so.2", b"\x7fELF"),
    ]);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        hostile.path().join("proc/self-mountinfo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    fs::create_dir_all(hostile.path().join("proc/self")).unwrap();
    fs::rename(hostile.path().join("proc/self-mountinfo"), hostile.path().join("proc/self/mountinfo"))
        .unwrap();
    let facts = of(&hostile);
    assert!(matches!(&facts.memory, Fact::Unknown(why) if why.contains("MemTotal")), "{:?}", facts.memory);
    assert!(matches!(&facts.processor.model, Fact::Unknown(why) if why.contains("longer than")));
    assert!(matches!(facts.uptime, Fact::Unknown(_)), "{:?}", facts.uptime);
    let systemd = facts.systemd.known().unwrap().clone().unwrap();
    assert!(matches!(systemd.version, Fact::Unknown(_)));
    let mount = &facts.root.disk.known().unwrap().mount;
    assert!(matches!(mount, Fact::Unknown(why) if why.contains("not a regular file")), "{mount:?}");
}
