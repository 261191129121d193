//! A real Go service, judged by a real Prometheus server that scrapes its instances.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Load, Run, free_port, plimsoll, skip};

const NAME: &str = "a_go_service_is_judged_by_prometheus";

#[test]
fn a_go_service_is_judged_by_prometheus() {
    let (Some(go), Some(prometheus)) = (find("go"), find("prometheus")) else {
        return skip(NAME, "`go` or `prometheus` is not in PATH");
    };
    let project = GoProject::new(&go);
    let _server = project.start_prometheus(&prometheus);
    project.version(1, 0);
    project.ship().expect(0).says(&["r1 serves everywhere"]);
    let load = Load::start(project.port, 200);
    project.version(2, 0);
    project.ship().expect(0).says(&["r2 serves everywhere"]);
    project.version(3, 200);
    project.ship().expect(11).says(&["BACK", "r2 serves everywhere", "answered with 5xx"]);
    let counts = load.stop();
    assert_eq!(counts.lost, []);
    assert!(counts.bad > 0, "the bad canary was seen");
    // The verdict came from Prometheus: no other source is declared.
    let looks = project.looks();
    assert!(looks.iter().any(|l| l["kind"] == "counts"), "{looks:?}");
    project.stop_prometheus_and_ship_again();
}

/// A Go module in a folder of its own, and its ports.
struct GoProject {
    folder: tempfile::TempDir,
    go: PathBuf,
    port: u16,
    prometheus: u16,
    server: std::sync::Mutex<Option<Child>>,
}

impl GoProject {
    fn new(go: &Path) -> Self {
        let project = Self {
            folder: tempfile::tempdir().expect("a folder"),
            go: go.to_owned(),
            port: free_port(),
            prometheus: free_port(),
            server: std::sync::Mutex::new(None),
        };
        fs::write(project.file("go.mod"), "module example.com/greeter\n\ngo 1.19\n").expect("written");
        fs::write(project.file(".gitignore"), ".plimsoll/\nprometheus*\n").expect("written");
        fs::write(project.file("plimsoll.toml"), project.config()).expect("written");
        project.git(&["init", "-q"]);
        project
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a version of the service: so many of a thousand answers are 500.
    fn version(&self, version: u32, errors: u32) {
        let source = include_str!("data/greeter.go.txt")
            .replace("VERSION", &version.to_string())
            .replace("ERRORS", &errors.to_string());
        fs::write(self.file("main.go"), source).expect("written");
        self.git(&["add", "-A"]);
        let author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        self.git(&[&author[..], &["commit", "-q", "-m", &format!("version {version}")]].concat());
    }

    fn config(&self) -> String {
        format!(
            r#"[service]
name = "greeter"
[build]
type = "go"
timeout = "5m"
[run]
drain-timeout = "5s"
[run.health]
interval = "100ms"
min-healthy-time = "200ms"
[environments.production]
port = {port}
instances = 2
[environments.production.rollout]
steps = [{{ set-weight = "30%" }}, {{ pause = "6s" }}]
[[environments.production.rollout.analysis]]
name = "errors"
source = {{ prometheus = "http://127.0.0.1:{prometheus}", max-age = "5s", requests = 'http_requests_total{{release="{{{{release}}}}"}}', errors = 'http_requests_total{{release="{{{{release}}}}",code=~"5.."}}' }}
max-error-rate = "1%"
warm-up = "1s"
interval = "1s"
on-no-data = "roll-back"
no-data-deadline = "5s"
"#,
            port = self.port,
            prometheus = self.prometheus,
        )
    }

    fn git(&self, args: &[&str]) {
        let status = Command::new("git").args(args).current_dir(self.folder.path()).status();
        assert!(status.expect("git runs").success());
    }

    fn plimsoll(&self, args: &[&str]) -> Run {
        let go_folder = self.go.parent().expect("a folder");
        let path = format!("{}:{}", go_folder.display(), std::env::var("PATH").unwrap_or_default());
        let output = Command::new(plimsoll())
            .args(args)
            .current_dir(self.folder.path())
            .env("PATH", path)
            .stdin(Stdio::null())
            .output();
        Run::of(&output.expect("plimsoll runs"))
    }

    fn ship(&self) -> Run {
        self.plimsoll(&["ship"])
    }

    /// What the analyses read, by the journal.
    fn looks(&self) -> Vec<serde_json::Value> {
        let audit = self.plimsoll(&["audit", "--json"]).expect(0);
        let audit: serde_json::Value = serde_json::from_str(&audit.stdout).expect("JSON");
        let records = audit["records"].as_array().expect("records");
        let looks = records.iter().filter(|r| r["entry"]["kind"] == "looked");
        looks.map(|r| r["entry"]["reading"].clone()).collect()
    }

    /// A Prometheus that finds the instances through the file that the agent writes.
    fn start_prometheus(&self, program: &Path) -> ServerGuard<'_> {
        let targets = self.file(".plimsoll/local/production/greeter/targets.json");
        let config = format!(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: greeter\n    file_sd_configs:\n      - files: ['{}']\n        refresh_interval: 1s\n",
            targets.display()
        );
        fs::create_dir_all(targets.parent().expect("a folder")).expect("made");
        fs::write(self.file("prometheus.yml"), config).expect("written");
        let child = Command::new(program)
            .arg(format!("--config.file={}", self.file("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", self.file("prometheus-data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.prometheus))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus starts");
        *self.server.lock().expect("no thread panics") = Some(child);
        let deadline = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", self.prometheus)).is_err() {
            assert!(Instant::now() < deadline, "prometheus does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        ServerGuard(self)
    }

    fn stop_prometheus(&self) {
        if let Some(mut child) = self.server.lock().expect("no thread panics").take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Without its source an analysis knows nothing, and what is not known is not promoted.
    fn stop_prometheus_and_ship_again(&self) {
        self.stop_prometheus();
        let load = Load::start(self.port, 100);
        self.version(4, 0);
        self.ship().expect(14).says(&["r2 serves everywhere"]);
        let counts = load.stop();
        assert_eq!(counts.lost, []);
        let last = self.looks().pop().expect("looks");
        assert_eq!((&last["kind"], &last["reason"]), (&"unusable".into(), &"unreachable".into()), "{last}");
    }
}

/// Ends the server and the project's processes, whatever happens to the test.
struct ServerGuard<'p>(&'p GoProject);

impl Drop for ServerGuard<'_> {
    fn drop(&mut self) {
        self.0.stop_prometheus();
        self.0.plimsoll(&["down", "--all"]);
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
