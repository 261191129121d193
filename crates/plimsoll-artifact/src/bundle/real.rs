//! Programs of this machine run from their bundles, under a root that holds nothing but the bundle and `/proc`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use plimsoll_model::bundle::{Bundle, RunTimeState};

use super::{Request, plan, write};

/// A root file system with one bundle at `/app`.
struct EmptyRoot {
    folder: tempfile::TempDir,
    bundle: Bundle,
}

impl EmptyRoot {
    /// Bundles the first of these programs that is here; nothing, said aloud, where none is or root's rights are missing.
    fn with(test: &str, programs: &[&str], with: &[&Path]) -> Option<Self> {
        if !is_root() {
            skip(test, "needs root for chroot");
            return None;
        }
        let Some(program) = programs.iter().map(Path::new).find(|path| path.is_file()) else {
            skip(test, &format!("{} is not here", programs[0]));
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let with = with.iter().map(|path| path.to_path_buf()).collect();
        let request = Request { program: program.to_owned(), with, without: Vec::new() };
        let bundle = write(&plan(&request).unwrap(), &folder.path().join("app")).unwrap();
        fs::create_dir(folder.path().join("proc")).unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        Some(Self { folder, bundle })
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut proc = std::ffi::OsString::from("--mount-proc=");
        proc.push(self.path("proc"));
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child"]).arg(proc).arg("chroot");
        command.arg(self.folder.path()).arg(program).args(arguments);
        command.env_clear().env("PATH", "/app/bin:/usr/bin:/usr/sbin:/bin:/sbin").stdin(Stdio::null());
        command
    }

    /// What a program prints, which must succeed.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        said(self.command(program, arguments).output().unwrap(), program, arguments)
    }
}

fn said(output: Output, program: &str, arguments: &[&str]) -> String {
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {:?}\n{text}", output.status);
    text
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

pub(super) fn skip(test: &str, why: &str) {
    eprintln!("skipped: {test}: {why}");
}

#[test]
fn ls_runs_and_its_bundle_can_be_moved() {
    let Some(root) = EmptyRoot::with("ls from a bundle", &["/bin/ls"], &[]) else { return };
    let text = root.run("/app/bin/ls", &["-l", "/"]);
    assert!(text.contains("app") && text.contains("proc"), "{text}");
    assert!(root.run("/app/bin/ls", &["--version"]).starts_with("ls (GNU coreutils)"));
    let refused = root.command("/app/bin/ls", &["/none"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    // It calls itself by the name that it was called by.
    assert!(String::from_utf8_lossy(&refused.stderr).starts_with("/app/bin/ls: "), "{refused:?}");

    fs::create_dir_all(root.path("elsewhere/deep")).unwrap();
    fs::rename(root.path("app"), root.path("elsewhere/deep/bundle two")).unwrap();
    let text = root.run("/elsewhere/deep/bundle two/bin/ls", &["/"]);
    assert!(text.contains("elsewhere"), "{text}");
    let state = |what: &str| root.bundle.run_time.iter().find(|row| row.what == what).map(|row| row.state);
    assert_eq!(state("name-services"), Some(RunTimeState::Added), "{:?}", root.bundle.run_time);
    assert_eq!(state("time-zones"), Some(RunTimeState::Asked));
}

#[test]
fn a_launcher_finds_itself_without_proc_and_through_links() {
    let Some(root) = EmptyRoot::with("a launcher without /proc", &["/bin/ls"], &[]) else { return };
    let run = |program: &str| {
        let output = Command::new("chroot").arg(root.folder.path()).args([program, "/"]).output().unwrap();
        said(output, program, &["/"])
    };
    assert!(run("/app/bin/ls").contains("app"));
    std::os::unix::fs::symlink("/app/bin/ls", root.path("list")).unwrap();
    assert!(root.run("/list", &["/"]).contains("list"));
}

#[test]
fn openssl_has_its_providers() {
    let Some(root) = EmptyRoot::with("openssl from a bundle", &["/usr/bin/openssl"], &[]) else { return };
    assert!(root.run("/app/bin/openssl", &["version"]).starts_with("OpenSSL 3"));
    let text =
        root.run("/app/bin/openssl", &["list", "-providers", "-provider", "legacy", "-provider", "default"]);
    assert!(text.contains("OpenSSL Legacy Provider"), "{text}");
    let words = [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", "-keyout", "/tmp/k", "-out",
        "/tmp/c",
    ];
    root.run("/app/bin/openssl", &words);
    assert!(
        root.run("/app/bin/openssl", &["x509", "-in", "/tmp/c", "-noout", "-subject"]).contains("CN = a")
    );
}

/// A server that answers one request, and where it is.
fn server() -> (std::thread::JoinHandle<()>, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").unwrap();
    });
    (thread, port)
}

#[test]
fn curl_speaks_http_and_https() {
    let Some(root) = EmptyRoot::with("curl from a bundle", &["/usr/bin/curl"], &[]) else { return };
    assert!(root.run("/app/bin/curl", &["--version"]).contains("https"));
    let (server, port) = server();
    // By name: the bundle's own name services read the root's /etc/hosts.
    fs::create_dir(root.path("etc")).unwrap();
    fs::write(root.path("etc/hosts"), "127.0.0.1 service.test\n").unwrap();
    let url = format!("http://service.test:{port}/");
    assert_eq!(root.run("/app/bin/curl", &["-sS", "--max-time", "10", &url]), "hello");
    server.join().unwrap();
    https(&root);
}

/// A request to a server whose certificate is known by `SSL_CERT_FILE` only, and the same refused without it.
fn https(root: &EmptyRoot) {
    let Some(openssl) = Some("/usr/bin/openssl").filter(|path| Path::new(path).is_file()) else {
        return skip("curl over https from a bundle", "openssl is not here");
    };
    let folder = root.path("tmp");
    let text = |name: &str| folder.join(name).display().to_string();
    let made = Command::new(openssl)
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=service.test"])
        .args(["-addext", "subjectAltName=DNS:service.test", "-keyout", &text("key"), "-out", &text("ca")])
        .output();
    said(made.unwrap(), openssl, &["req"]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Ended(
        Command::new(openssl)
            .args([
                "s_server",
                "-quiet",
                "-www",
                "-key",
                &text("key"),
                "-cert",
                &text("ca"),
                "-port",
                &port.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    wait_for(port);
    let url = format!("https://service.test:{port}/");
    let arguments = ["-sS", "--max-time", "10", &url];
    let refused = root.command("/app/bin/curl", &arguments).output().unwrap();
    // 60: not trusted. 77: the file of CA certificates could not be read, so that nothing was compared.
    assert_eq!(refused.status.code(), Some(60), "{refused:?}");
    let trusted = root.command("/app/bin/curl", &arguments).env("SSL_CERT_FILE", "/tmp/ca").output().unwrap();
    assert!(said(trusted, "curl", &arguments).contains("TLSv1.3"));
    server.0.kill().unwrap();
}

/// A process that does not outlive its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(port: u16) {
    let end = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn git_keeps_a_repository() {
    let shell = Path::new("/bin/sh");
    let Some(root) = EmptyRoot::with("git from a bundle", &["/usr/bin/git"], &[shell]) else { return };
    // What git asks of a system beside its bundle, as its report says: a shell, and two devices.
    fs::create_dir(root.path("dev")).unwrap();
    for (name, minor) in [("null", "3"), ("urandom", "9")] {
        let path = root.path("dev").join(name).display().to_string();
        said(Command::new("mknod").args([&path, "c", "1", minor]).output().unwrap(), "mknod", &[]);
    }
    fs::create_dir(root.path("bin")).unwrap();
    std::os::unix::fs::symlink("/app/bin/sh", root.path("bin/sh")).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = root.command("/app/bin/git", arguments);
        let who = [("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@b"), ("GIT_COMMITTER_NAME", "a")];
        command.env("HOME", "/tmp").env("GIT_COMMITTER_EMAIL", "a@b").envs(who);
        said(command.output().unwrap(), "git", arguments)
    };
    git(&["init", "/tmp/first"]);
    assert!(root.path("tmp/first/.git/info/exclude").is_file(), "templates are there");
    fs::write(root.path("tmp/first/file"), "hello\n").unwrap();
    git(&["-C", "/tmp/first", "add", "file"]);
    git(&["-C", "/tmp/first", "commit", "-m", "one"]);
    git(&["clone", "/tmp/first", "/tmp/second"]);
    assert_eq!(fs::read_to_string(root.path("tmp/second/file")).unwrap(), "hello\n");
    assert!(git(&["-C", "/tmp/second", "log"]).contains("one"));
}

#[test]
fn python_has_its_modules() {
    let programs = ["/usr/bin/python3"];
    let Some(root) = EmptyRoot::with("python3 from a bundle", &programs, &[]) else { return };
    let code = "import ssl, sqlite3, json, encodings, hashlib, zlib, ctypes, sys, subprocess\n\
                db = sqlite3.connect(':memory:')\n\
                print(json.dumps([db.execute('select 6*7').fetchone()[0], ssl.OPENSSL_VERSION]))\n\
                print('x\u{e9}'.encode('latin-1'), len(ssl.create_default_context().get_ca_certs()) > 0)\n\
                print(subprocess.check_output([sys.executable, '-c', 'print(7*6)']))\n\
                print(sys.prefix)";
    let text = root.run("/app/bin/python3", &["-c", code]);
    assert!(text.contains("[42, \"OpenSSL 3"), "{text}");
    assert!(text.contains("True") && text.contains("b'42\\n'") && text.contains("/app/tree/usr"), "{text}");
}

#[test]
fn sqlite_answers() {
    let Some(root) = EmptyRoot::with("sqlite3 from a bundle", &["/usr/bin/sqlite3"], &[]) else { return };
    let output = root.command("/app/bin/sqlite3", &[":memory:", "select 6*7"]).env("HOME", "/tmp").output();
    assert_eq!(said(output.unwrap(), "sqlite3", &[]), "42\n");
}

#[test]
fn nginx_serves() {
    let Some(root) = EmptyRoot::with("nginx from a bundle", &["/usr/sbin/nginx"], &[]) else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path /tmp/{name};\n"))
        .concat();
    let configuration = format!(
        "user root root;\ndaemon off;\nerror_log stderr;\npid /tmp/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}\
         include /app/tree/etc/nginx/mime.types;\nserver {{ listen 127.0.0.1:{port}; location / {{ return 200 hello; }} }}\n}}\n"
    );
    fs::write(root.path("tmp/nginx.conf"), configuration).unwrap();
    fs::create_dir(root.path("etc")).unwrap();
    fs::write(root.path("etc/passwd"), "root:x:0:0::/:/none\n").unwrap();
    fs::write(root.path("etc/group"), "root:x:0:\n").unwrap();
    let arguments = ["-e", "stderr", "-p", "/app/tree/usr/share/nginx/", "-c", "/tmp/nginx.conf"];
    assert!(root.run("/app/bin/nginx", &[&arguments[..], &["-t"]].concat()).contains("test is successful"));
    let _server = Ended(root.command("/app/bin/nginx", &arguments).stderr(Stdio::null()).spawn().unwrap());
    wait_for(port);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
}

const THREADS: &str = r#"
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <pthread.h>
int main(int count, char **arguments) {
    int sum = 0;
    std::thread adds([&] { for (int i = 1; i <= 100; i++) sum += i; });
    adds.join();
    pthread_t endless;
    pthread_create(&endless, nullptr, [](void *) -> void * { for (;;) pthread_testcancel(); }, nullptr);
    pthread_cancel(endless);
    pthread_join(endless, nullptr);
    try { throw std::runtime_error(std::to_string(sum)); }
    catch (const std::exception &e) { std::cout << e.what() << " " << count << " " << arguments[1] << std::endl; }
}
"#;

/// Compiles the program above; nothing where there is no compiler.
fn threads(test: &str, folder: &Path) -> Option<PathBuf> {
    let (source, program) = (folder.join("threads.cpp"), folder.join("threads"));
    fs::write(&source, THREADS).unwrap();
    let Ok(output) = Command::new("c++").args(["-O1", "-pthread", "-o"]).args([&program, &source]).output()
    else {
        skip(test, "c++ is not here");
        return None;
    };
    said(output, "c++", &[]);
    Some(program)
}

#[test]
fn a_program_of_c_plus_plus_throws_and_cancels() {
    let test = "a C++ program from a bundle";
    let folder = tempfile::tempdir().unwrap();
    let Some(program) = threads(test, folder.path()) else { return };
    let Some(root) = EmptyRoot::with(test, &[program.to_str().unwrap()], &[]) else { return };
    assert_eq!(root.run("/app/bin/threads", &["two words"]), "5050 2 two words\n");
}

/// The same on a system whose glibc and libstdc++ are older than those that it was compiled with.
#[test]
#[ignore = "downloads a root file system"]
fn a_program_of_c_plus_plus_runs_on_an_older_debian() {
    let test = "a C++ program from a bundle on an older Debian";
    let folder = tempfile::tempdir().unwrap();
    let Some(program) = threads(test, folder.path()) else { return };
    let old = folder.path().join("old");
    let mut debootstrap = Command::new("mmdebstrap");
    let packages = ["--variant=extract", "--mode=root", "--include=libc6,libstdc++6,coreutils", "bullseye"];
    let Ok(output) = debootstrap.args(packages).arg(&old).output() else {
        return skip(test, "mmdebstrap is not here");
    };
    said(output, "mmdebstrap", &packages);
    let request = Request { program: program.clone(), ..Request::default() };
    write(&plan(&request).unwrap(), &old.join("app")).unwrap();
    fs::copy(&program, old.join("threads")).unwrap();
    let run = |program: &str| Command::new("chroot").arg(&old).args([program, "x"]).output().unwrap();
    let alone = run("/threads");
    let text = String::from_utf8_lossy(&alone.stderr).into_owned();
    assert!(!alone.status.success() && text.contains("GLIBC_2.3"), "{text}");
    assert_eq!(said(run("/app/bin/threads"), "threads", &[]), "5050 2 x\n");
}

const RESOLVES: &str = r#"package main

/*
#include <stdlib.h>
static int twice(int n) { return abs(n) * 2; }
*/
import "C"

import (
	"fmt"
	"net"
	"os/user"
)

func main() {
	addresses, err := net.LookupHost("service.test")
	fmt.Println(C.twice(-21), addresses, err)
	someone, err := user.Lookup("someone")
	fmt.Println(someone != nil && someone.Uid == "1234", err)
}
"#;

#[test]
fn a_program_of_go_with_c_resolves_names() {
    let test = "a Go program with cgo from a bundle";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main.go"), RESOLVES).unwrap();
    fs::write(folder.path().join("go.mod"), "module resolves\n\ngo 1.20\n").unwrap();
    let mut go = Command::new("go");
    go.current_dir(folder.path()).args(["build", "-o", "resolves"]).env("CGO_ENABLED", "1");
    let Ok(output) = go.env("GOFLAGS", "-mod=mod").env("GOTOOLCHAIN", "local").output() else {
        return skip(test, "go is not here");
    };
    said(output, "go build", &[]);
    let program = folder.path().join("resolves");
    let Some(root) = EmptyRoot::with(test, &[program.to_str().unwrap()], &[]) else { return };
    fs::create_dir(root.path("etc")).unwrap();
    fs::write(root.path("etc/hosts"), "192.0.2.7 service.test\n").unwrap();
    fs::write(root.path("etc/passwd"), "someone:x:1234:1234::/:/none\n").unwrap();
    for resolver in ["netdns=cgo", "netdns=go"] {
        let output = root.command("/app/bin/resolves", &[]).env("GODEBUG", resolver).output().unwrap();
        let text = said(output, "resolves", &[]);
        assert_eq!(text, "42 [192.0.2.7] <nil>\ntrue <nil>\n", "{resolver}");
    }
}
