//! A project in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::free_port;
use super::program::{plimsoll, service_program};

/// A project, its ports and its processes.
pub struct Project {
    folder: tempfile::TempDir,
    /// Where clients reach production.
    pub port: u16,
    build: String,
    steps: String,
    rollout: String,
    analysis: String,
    run: String,
    extra: String,
    health: String,
    dead_man_switch: String,
    variables: Vec<(String, String)>,
    instances: u32,
    place: String,
    program: PathBuf,
}

/// What a command did.
#[derive(Debug)]
pub struct Run {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Project {
    /// A project under version control whose service is ready to be shipped: one production environment, two
    /// instances, a short canary.
    pub fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// The same, with its folder in another one.
    pub fn within(folder: &Path) -> Self {
        let project = Self {
            folder: tempfile::tempdir_in(folder).expect("a folder"),
            port: free_port(),
            build: format!("[\"install\", \"-D\", \"{}\", \"out/greeter\"]", service_program().display()),
            rollout: String::new(),
            steps: r#"{ set-weight = "20%" }, { pause = "1s" }, { set-weight = "50%" }, { pause = "500ms" }"#
                .to_owned(),
            analysis: "warm-up = \"200ms\"\ninterval = \"200ms\"\nmax-error-rate = \"1%\"\np99 = \"250ms\""
                .to_owned(),
            run: String::new(),
            extra: String::new(),
            health: "interval = \"100ms\"\nmin-healthy-time = \"200ms\"\nhealthy-deadline = \"10s\""
                .to_owned(),
            dead_man_switch: "20s".to_owned(),
            variables: vec![("VERSION".to_owned(), "1".to_owned())],
            instances: 2,
            place: String::new(),
            program: plimsoll().to_owned(),
        };
        project.git(&["init", "-q"]);
        fs::write(project.path().join(".gitignore"), ".plimsoll/\nout/\n").expect("written");
        project.write();
        project
    }

    /// Sets the steps of the rollout, as they stand in the file.
    #[must_use]
    pub fn steps(mut self, steps: &str) -> Self {
        steps.clone_into(&mut self.steps);
        self.write();
        self
    }

    /// Adds keys to the rollout.
    #[must_use]
    pub fn rollout_keys(mut self, keys: &str) -> Self {
        keys.clone_into(&mut self.rollout);
        self.write();
        self
    }

    /// Sets the keys of the analysis.
    #[must_use]
    pub fn analysis(mut self, keys: &str) -> Self {
        keys.clone_into(&mut self.analysis);
        self.write();
        self
    }

    /// Sets the keys of the health check.
    #[must_use]
    pub fn health(mut self, keys: &str) -> Self {
        keys.clone_into(&mut self.health);
        self.write();
        self
    }

    /// Sets how long a host waits for word from a command before it goes back by itself.
    #[must_use]
    pub fn dead_man_switch(mut self, after: &str) -> Self {
        after.clone_into(&mut self.dead_man_switch);
        self.write();
        self
    }

    /// Adds keys that say where production is.
    #[must_use]
    pub fn place(mut self, keys: &str) -> Self {
        keys.clone_into(&mut self.place);
        self.write();
        self
    }

    /// Sets where clients reach production.
    #[must_use]
    pub fn listening(mut self, port: u16) -> Self {
        self.port = port;
        self.write();
        self
    }

    /// Has its commands run by another copy of the program.
    #[must_use]
    pub fn program(mut self, program: &Path) -> Self {
        program.clone_into(&mut self.program);
        self
    }

    /// Adds text to the end of the file.
    #[must_use]
    pub fn extra(mut self, text: &str) -> Self {
        text.clone_into(&mut self.extra);
        self.write();
        self
    }

    /// Adds keys to `[run]`.
    #[must_use]
    pub fn run_keys(mut self, text: &str) -> Self {
        text.clone_into(&mut self.run);
        self.write();
        self
    }

    /// Sets variables of the service and commits: the next `ship` makes another release.
    pub fn change(&mut self, variables: &[(&str, &str)]) {
        for (name, value) in variables {
            self.variables.retain(|(n, _)| n != name);
            self.variables.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.write();
    }

    /// Sets the command that builds, and the variables of the service, these alone; and commits.
    pub fn become_version(&mut self, build: &str, variables: &[(&str, &str)]) {
        build.clone_into(&mut self.build);
        self.variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.write();
    }

    /// Replaces text in the configuration file, until something else is set, and commits.
    #[track_caller]
    pub fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.file()).expect("read");
        assert!(text.contains(from), "`{from}` is not in:\n{text}");
        fs::write(self.file(), text.replace(from, to)).expect("written");
        self.commit();
    }

    /// The project's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration file.
    pub fn file(&self) -> PathBuf {
        self.path().join("plimsoll.toml")
    }

    fn write(&self) {
        let variables: String = self.variables.iter().map(|(n, v)| format!("{n} = \"{v}\"\n")).collect();
        let text = format!(
            r#"[service]
name = "greeter"

[build]
type = "command"
command = {build}
output = "out/greeter"

[run]
drain-timeout = "5s"
stop-timeout = "2s"
{run}
[run.health]
{health}

[run.variables]
{variables}
[environments.production]
{place}
port = {port}
instances = {instances}

[environments.production.rollout]
steps = [{steps}]
{rollout}
dead-man-switch = "{dead_man_switch}"

[[environments.production.rollout.analysis]]
name = "traffic"
{analysis}

{extra}
"#,
            build = self.build,
            rollout = self.rollout,
            run = self.run,
            health = self.health,
            dead_man_switch = self.dead_man_switch,
            port = self.port,
            instances = self.instances,
            place = self.place,
            steps = self.steps,
            analysis = self.analysis,
            extra = self.extra,
        );
        fs::write(self.file(), text).expect("written");
        self.commit();
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "change"]);
    }

    fn git(&self, args: &[&str]) {
        let status = Command::new("git").args(args).current_dir(self.path()).stdout(Stdio::null()).status();
        status.expect("git runs");
    }

    /// A command of plimsoll in the project's folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .current_dir(self.path())
            .env_remove("PLIMSOLL_DIE_AFTER_RECORD")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().expect("plimsoll runs"))
    }

    /// Starts a command.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("plimsoll runs")
    }

    /// What `status --json` says.
    pub fn status(&self) -> serde_json::Value {
        let run = self.run(&["status", "--json"]);
        serde_json::from_str(&run.stdout).expect("status is JSON")
    }

    /// The records of the journal.
    pub fn records(&self) -> Vec<serde_json::Value> {
        let run = self.run(&["audit", "--json"]);
        let value: serde_json::Value = serde_json::from_str(&run.stdout).expect("audit is JSON");
        value["records"].as_array().expect("records").clone()
    }

    /// Waits until there are so many records of this kind.
    #[track_caller]
    pub fn await_records(&self, kind: &str, count: usize) {
        super::wait_for(kind, || {
            let run = self.run(&["audit", "--json"]);
            let value: Option<serde_json::Value> = serde_json::from_str(&run.stdout).ok();
            let records = value.and_then(|v| v["records"].as_array().cloned()).unwrap_or_default();
            records.iter().filter(|r| r["entry"]["kind"] == kind).count() >= count
        });
    }

    /// Processes whose command line names this project's folder: agent, proxy, shims.
    pub fn command_lines(&self) -> Vec<String> {
        let ours = self.path().display().to_string();
        let pids = fs::read_dir("/proc").expect("/proc").flatten().map(|e| e.path().join("cmdline"));
        let lines = pids.filter_map(|file| fs::read(file).ok());
        let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
        lines.filter(|line| line.contains(&ours)).collect()
    }

    /// Asks the service once.
    pub fn get(&self) -> String {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).expect("the proxy answers");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("read");
        text.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let run = self.run(&["down", "--all"]);
        if run.code != Some(0) && !std::thread::panicking() {
            panic!("not everything was stopped: {}{}", run.stdout, run.stderr);
        }
    }
}

impl Run {
    /// What a command's output is.
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails the test unless the command ended with this exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Everything that was printed.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Fails the test unless each part was printed.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.text().contains(part), "`{part}` is not in:\n{}", self.text());
        }
        self
    }

    /// Fails the test unless each part was printed exactly once.
    #[track_caller]
    pub fn says_once(self, parts: &[&str]) -> Self {
        for part in parts {
            let count = self.text().matches(part).count();
            assert_eq!(count, 1, "`{part}` is there {count} times:\n{}", self.text());
        }
        self
    }
}
