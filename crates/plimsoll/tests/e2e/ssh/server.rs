//! An `sshd` of the test's own, with keys and a client configuration of its own.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use crate::support::{Project, free_port, skip, wait_for};

const SSHD: &str = "/usr/sbin/sshd";

/// A running server. Its host is `web1` in the client's configuration.
pub struct Server {
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
    config: String,
}

impl Server {
    /// Starts a server, or says why the test cannot be run.
    pub fn start(test: &str) -> Option<Self> {
        if !Path::new(SSHD).exists() {
            skip(test, "there is no sshd");
            return None;
        }
        if !rustix::process::getuid().is_root() {
            skip(test, "sshd logs only root in without more ado, and this is not root");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        for key in ["hostkey", "id"] {
            make_key(&folder.path().join(key));
        }
        fs::copy(folder.path().join("id.pub"), folder.path().join("authorized")).expect("copied");
        let child = spawn(folder.path(), port);
        let mut server = Self { folder, port, child, config: String::new() };
        server.client_host("web1", &[]);
        server.trust();
        wait_for("sshd", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(server)
    }

    /// A file of the server's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the server listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of programs, releases and state on the host.
    pub fn root(&self) -> PathBuf {
        self.file("host")
    }

    /// The server's own record of what happened.
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// Adds a host to the client's configuration; `keys` go over the usual ones.
    pub fn client_host(&mut self, name: &str, keys: &[(&str, String)]) {
        writeln!(self.config, "Host {name}").expect("text");
        let usual = [
            ("HostName", "127.0.0.1".to_owned()),
            ("Port", self.port.to_string()),
            ("User", "root".to_owned()),
            ("IdentityFile", self.file("id").display().to_string()),
            ("IdentitiesOnly", "yes".to_owned()),
            ("UserKnownHostsFile", self.file("known").display().to_string()),
        ];
        let usual = usual.iter().filter(|(key, _)| !keys.iter().any(|(own, _)| own == key));
        for (key, value) in keys.iter().chain(usual) {
            writeln!(self.config, "  {key} {value}").expect("text");
        }
        fs::write(self.file("config"), &self.config).expect("written");
    }

    /// Makes the server's key known to the client, for every port.
    pub fn trust(&self) {
        let key = fs::read_to_string(self.file("hostkey.pub")).expect("a key");
        fs::write(self.file("known"), format!("* {key}")).expect("written");
    }

    /// A project whose production is on hosts of the client's configuration.
    pub fn project(&self, hosts: &[&str], more: &str) -> Project {
        let hosts: Vec<String> = hosts.iter().map(|host| format!("\"{host}\"")).collect();
        Project::new().place(&format!(
            "target = \"ssh\"\nhosts = [{}]\nroot = \"{}\"\nssh-config = \"{}\"\n{more}",
            hosts.join(", "),
            self.root().display(),
            self.file("config").display()
        ))
    }

    /// Our program on the host, as often as it is there.
    pub fn programs(&self) -> Vec<PathBuf> {
        let versions = fs::read_dir(self.root().join("bin")).into_iter().flatten().flatten();
        versions.map(|version| version.path().join("plimsoll")).filter(|program| program.is_file()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its sessions end with their connections; only the listener is left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a pair of keys without a password.
pub fn make_key(path: &Path) {
    let _ = fs::remove_file(path);
    let status = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status();
    assert!(status.expect("ssh-keygen runs").success());
}

fn spawn(folder: &Path, port: u16) -> Child {
    let _ = fs::create_dir_all("/run/sshd");
    let at = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nLogLevel VERBOSE\n",
        at("hostkey"),
        at("authorized")
    );
    fs::write(folder.join("sshd_config"), config).expect("written");
    let mut command = Command::new(SSHD);
    command.arg("-D").arg("-f").arg(folder.join("sshd_config")).arg("-E").arg(folder.join("log"));
    command.stdin(Stdio::null()).spawn().expect("sshd runs")
}

/// A network between client and server that breaks when it is told to.
pub struct Relay {
    /// Where clients connect.
    pub port: u16,
    left: Arc<AtomicI64>,
    cuts: Arc<AtomicI64>,
}

impl Relay {
    /// A relay to a port of this machine that lets everything pass.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let relay = Self {
            port: listener.local_addr().expect("an address").port(),
            left: Arc::new(AtomicI64::new(i64::MAX)),
            cuts: Arc::new(AtomicI64::new(0)),
        };
        let (left, cuts) = (Arc::clone(&relay.left), Arc::clone(&relay.cuts));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", port)).expect("the server answers");
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().expect("clone"), to.try_clone().expect("clone"));
                    let (left, cuts) = (Arc::clone(&left), Arc::clone(&cuts));
                    thread::spawn(move || pass(from, to, &left, &cuts));
                }
            }
        });
        relay
    }

    /// Cuts every connection after so many bytes more.
    pub fn cut_after(&self, bytes: i64) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// Cuts the connections that are there, once.
    pub fn cut_now(&self) {
        let before = self.cuts.load(Ordering::SeqCst);
        self.cut_after(0);
        wait_for("the cut", || self.cuts.load(Ordering::SeqCst) > before);
        self.mend();
    }

    /// Lets everything pass again.
    pub fn mend(&self) {
        self.cut_after(i64::MAX);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, left: &AtomicI64, cuts: &AtomicI64) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let count = i64::try_from(count).expect("small");
        if left.fetch_sub(count, Ordering::SeqCst) < count {
            cuts.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if to.write_all(&buffer[..usize::try_from(count).expect("small")]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
