//! `cargo xtask bench proxy`: plimsoll's proxy beside nginx and HAProxy, with matched settings, on this machine.
//!
//! An nginx serves two static files. Each proxy stands in front of it with two threads or workers, keep-alive on
//! both sides and no logs. wrk drives one proxy after the other, in rounds, so that a disturbance hits all alike;
//! medians over the rounds are written to `docs/reference/bench-proxy.md`.
//!
//! Client, proxy and origin share the machine's cores. CPU time for each request is therefore the steadiest figure.
#![allow(clippy::print_stderr, reason = "a door shows its progress")]

use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

const ROUNDS: usize = 3;
const SECONDS: u32 = 4;
const CONNECTIONS: [u32; 3] = [1, 64, 512];
const FILES: [(&str, usize); 2] = [("small", 13), ("100kB", 100_000)];
const PROXIES: [&str; 3] = ["nginx", "haproxy", "plimsoll"];
const ORIGIN_PORT: u16 = 18_180;
const FIRST_PROXY_PORT: u16 = 18_181;
/// Ticks of `/proc/<pid>/stat` in a second; fixed for user space on Linux.
const TICKS: f64 = 100.0;
/// How far plimsoll may be behind the better of the others.
const GOAL: f64 = 1.15;

/// Measures and writes the page.
pub(crate) fn run() -> Result<()> {
    let tools = ["nginx", "haproxy", "wrk"].map(version).into_iter().collect::<Result<Vec<_>>>()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("bench-proxy");
    write_files(&folder)?;
    let binary = build(root, &target)?;
    let _origin =
        Server::start(Command::new("nginx").arg("-c").arg(folder.join("origin.conf")), ORIGIN_PORT)?;
    let mut proxies = Vec::new();
    for (name, port) in PROXIES.into_iter().zip(FIRST_PROXY_PORT..) {
        proxies.push(Server::start(&mut command(name, port, &folder, &binary), port)?);
    }
    let load_before = load()?;
    let results = measure_all(&proxies)?;
    let page = page(&tools, &load_before, &results)?;
    let path = root.join("docs/reference/bench-proxy.md");
    fs::create_dir_all(path.parent().context("the page has a folder")?)?;
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("written: {}", path.display());
    Ok(())
}

/// One run of wrk against one proxy.
#[derive(Debug, Clone, Copy)]
struct Sample {
    requests_per_second: f64,
    p50_millis: f64,
    p99_millis: f64,
    cpu_micros: f64,
}

/// All runs of one file and number of connections: for each proxy, its samples.
struct Case {
    file: &'static str,
    connections: u32,
    samples: Vec<Vec<Sample>>,
}

fn measure_all(proxies: &[Server]) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (file, _) in FILES {
        for connections in CONNECTIONS {
            let mut case = Case { file, connections, samples: vec![Vec::new(); proxies.len()] };
            for round in 0..ROUNDS {
                // Another one begins each round, so that none always follows the same.
                for turn in 0..proxies.len() {
                    let at = (turn + round) % proxies.len();
                    let sample = measure(&proxies[at], file, connections)?;
                    eprintln!("{file} c={connections} {}: {sample:?}", PROXIES[at]);
                    case.samples[at].push(sample);
                }
            }
            cases.push(case);
        }
    }
    Ok(cases)
}

fn measure(proxy: &Server, file: &str, connections: u32) -> Result<Sample> {
    wrk(proxy.port, file, connections, 1)?;
    let before = proxy.cpu_seconds()?;
    let text = wrk(proxy.port, file, connections, SECONDS)?;
    let used = proxy.cpu_seconds()? - before;
    let after = |label: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(label));
        line.map(str::trim).with_context(|| format!("wrk did not print `{label}`:\n{text}"))
    };
    let total = text.lines().find_map(|line| line.trim().split_once(" requests in")).context("no total")?.0;
    Ok(Sample {
        requests_per_second: after("Requests/sec:")?.parse()?,
        p50_millis: millis(after("50%")?)?,
        p99_millis: millis(after("99%")?)?,
        cpu_micros: used * 1e6 / total.trim().parse::<f64>()?,
    })
}

fn wrk(port: u16, file: &str, connections: u32, seconds: u32) -> Result<String> {
    let url = format!("http://127.0.0.1:{port}/{file}");
    let output = Command::new("wrk")
        .args(["-t1", "--latency", "-c", &connections.to_string(), "-d", &format!("{seconds}s"), &url])
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let failed = text.contains("Non-2xx") || text.contains("Socket errors");
    ensure!(output.status.success() && !failed, "requests failed:\n{text}");
    Ok(text)
}

fn millis(text: &str) -> Result<f64> {
    for (unit, factor) in [("us", 0.001), ("ms", 1.0), ("s", 1000.0)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * factor);
        }
    }
    bail!("`{text}` is not a time")
}

/// A process that is ended with its children when dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(command: &mut Command, port: u16) -> Result<Self> {
        ensure!(TcpStream::connect(("127.0.0.1", port)).is_err(), "port {port} is taken");
        let child =
            command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot run {command:?}"))?;
        let mut server = Self { child, port };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(server.child.try_wait()?.is_none(), "{command:?} ended at once");
            ensure!(Instant::now() < deadline, "{command:?} does not listen on port {port}");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// CPU time of the process and its children, nginx's workers being such.
    fn cpu_seconds(&self) -> Result<f64> {
        let mut ticks = 0.0;
        let mut left = vec![self.child.id()];
        while let Some(pid) = left.pop() {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
            // The name in brackets may hold spaces; the fields after it do not.
            let fields: Vec<&str> = stat.rsplit_once(')').context("no name in stat")?.1.split(' ').collect();
            ticks += fields[12].parse::<f64>()? + fields[13].parse::<f64>()?;
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
            left.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
        Ok(ticks / TICKS)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM, so that nginx ends its workers too.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn build(root: &Path, target: &Path) -> Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--release", "-p", "plimsoll-proxy", "--example", "proxy", "--target-dir"])
        .arg(target)
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the proxy does not build");
    Ok(target.join("release/examples/proxy"))
}

fn command(name: &str, port: u16, folder: &Path, binary: &Path) -> Command {
    match name {
        "nginx" => {
            let mut command = Command::new("nginx");
            command.arg("-c").arg(folder.join("nginx.conf"));
            command
        }
        "haproxy" => {
            let mut command = Command::new("haproxy");
            command.arg("-f").arg(folder.join("haproxy.cfg"));
            command
        }
        _ => {
            let mut command = Command::new(binary);
            command.arg(format!("127.0.0.1:{port}")).arg(format!("127.0.0.1:{ORIGIN_PORT}"));
            command.env("PLIMSOLL_WORKERS", "2");
            command
        }
    }
}

fn write_files(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("www"))?;
    for (name, size) in FILES {
        fs::write(folder.join("www").join(name), vec![b'x'; size])?;
    }
    let origin = format!(
        "tcp_nopush on; sendfile on; open_file_cache max=10;\n\
         server {{ listen 127.0.0.1:{ORIGIN_PORT} backlog=4096; root {}/www; }}",
        folder.display()
    );
    fs::write(folder.join("origin.conf"), nginx_conf(folder, "origin", &origin)?)?;
    let proxy = format!(
        "upstream origin {{ server 127.0.0.1:{ORIGIN_PORT}; keepalive 512; keepalive_requests 100000000; }}\n\
         server {{ listen 127.0.0.1:{FIRST_PROXY_PORT} backlog=4096; location / {{\n\
         proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
         proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
         proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; }} }}"
    );
    fs::write(folder.join("nginx.conf"), nginx_conf(folder, "nginx", &proxy)?)?;
    fs::write(folder.join("haproxy.cfg"), haproxy_cfg())?;
    Ok(())
}

fn nginx_conf(folder: &Path, name: &str, http: &str) -> Result<String> {
    // Its workers are another user's otherwise, who may not read this folder.
    let is_root = fs::read_to_string("/proc/self/status")?.contains("\nUid:\t0\t");
    let user = if is_root { "user root;" } else { "" };
    let folder = folder.display();
    let mut conf = format!(
        "{user} worker_processes 2; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log;\n\
         worker_rlimit_nofile 8192; events {{ worker_connections 4096; }}\n\
         http {{ access_log off; tcp_nodelay on; keepalive_timeout 75s; keepalive_requests 100000000;\n"
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(conf, "{kind}_temp_path {folder}/{name}-{kind};")?;
    }
    writeln!(conf, "{http}\n}}")?;
    Ok(conf)
}

fn haproxy_cfg() -> String {
    let port = FIRST_PROXY_PORT + 1;
    format!(
        "global\n  nbthread 2\n  maxconn 8192\n\
         defaults\n  mode http\n  http-reuse always\n  option forwardfor\n  timeout connect 1s\n  \
         timeout client 60s\n  timeout server 60s\n  timeout http-keep-alive 60s\n\
         frontend clients\n  bind 127.0.0.1:{port} backlog 4096\n  \
         http-request set-header X-Forwarded-Proto http\n  \
         http-request set-header X-Forwarded-Host %[req.hdr(host)]\n  default_backend origin\n\
         backend origin\n  server origin 127.0.0.1:{ORIGIN_PORT} pool-max-conn 1024\n"
    )
}

fn version(tool: &str) -> Result<String> {
    let output = Command::new(tool)
        .arg("-v")
        .output()
        .with_context(|| format!("`{tool}` is needed: apt-get install nginx-light haproxy wrk"))?;
    let text = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().trim().to_owned())
}

fn load() -> Result<String> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

fn page(tools: &[String], load_before: &str, cases: &[Case]) -> Result<String> {
    let date = crate::workspace::today()?;
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let model =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let cores = thread::available_parallelism()?;
    let mut page = format!(
        "# The proxy beside nginx and HAProxy\n\n\
         Written by `cargo xtask bench proxy` on {}, {cores} cores ({}).\n\
         Load average before it {load_before}, after it {}. Before it, more than 0.5 means that the machine did other work:\n\
         then throughput and latency say little, and CPU time is the only steady figure.\n\
         Medians of {ROUNDS} interleaved rounds of {SECONDS} s; client, proxy (2 threads) and origin share the cores.\n\
         {}.\n\n\
         `ratio` is plimsoll against the better of the other two: below 1 is better than both, and the goal is at\n\
         most {GOAL}. Beyond it the ratio is bold.\n",
        date,
        model.trim_start_matches([' ', '\t', ':']),
        load()?,
        tools.join("; "),
    );
    write_table(&mut page, "Requests per second", true, cases, |sample| sample.requests_per_second)?;
    write_table(&mut page, "P50 in ms", false, cases, |sample| sample.p50_millis)?;
    write_table(&mut page, "P99 in ms", false, cases, |sample| sample.p99_millis)?;
    write_table(&mut page, "CPU of the proxy for each request in µs", false, cases, |sample| {
        sample.cpu_micros
    })?;
    Ok(page)
}

fn write_table(
    page: &mut String,
    title: &str,
    more_is_better: bool,
    cases: &[Case],
    pick: fn(&Sample) -> f64,
) -> Result<()> {
    writeln!(page, "\n## {title}\n\n| body | connections | nginx | HAProxy | plimsoll | ratio |")?;
    writeln!(page, "|---|---:|---:|---:|---:|---:|")?;
    for case in cases {
        let values: Vec<f64> = case.samples.iter().map(|samples| median(samples, pick)).collect();
        let [nginx, haproxy, ours] = values[..] else { bail!("three proxies were measured") };
        let ratio = if more_is_better { nginx.max(haproxy) / ours } else { ours / nginx.min(haproxy) };
        let mark = if ratio > GOAL { "**" } else { "" };
        let digits = if more_is_better { 0 } else { 3 };
        writeln!(
            page,
            "| {} | {} | {nginx:.digits$} | {haproxy:.digits$} | {ours:.digits$} | {mark}{ratio:.2}{mark} |",
            case.file, case.connections
        )?;
    }
    Ok(())
}

fn median(samples: &[Sample], pick: fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(pick).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
