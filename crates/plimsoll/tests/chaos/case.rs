//! One case: a change that something disturbs, and the judgement.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use plimsoll_model::record::Outcome;
use plimsoll_testkit::fleet::Host;

use crate::clients::{Clients, Side};
use crate::moment::Running;
use crate::stage::Stage;
use crate::support::{Run, wait_for};
use crate::witness::{self, Serves, Testimony, shown};

/// How long witnesses may take to agree: what drains or boots does so meanwhile.
const SETTLES: Duration = Duration::from_secs(90);

/// A case that is played.
pub struct Case<'s> {
    pub stage: &'s mut Stage,
    name: String,
    began: Instant,
    clients: Clients,
    /// The version that served when it began.
    old: String,
    /// The version that goes out.
    new: String,
    /// Hosts whose clients cannot but lose something.
    excused: BTreeSet<String>,
    /// What was judged so far, for people.
    seen: Vec<String>,
}

impl Stage {
    /// Begins a case; from here on clients ask.
    pub fn case(&mut self, name: impl Into<String>) -> Case<'_> {
        self.case_with(name, Side::Ours)
    }

    /// The same with clients elsewhere.
    pub fn case_with(&mut self, name: impl Into<String>, side: Side) -> Case<'_> {
        let (name, began, old) = (name.into(), Instant::now(), self.serving.clone());
        let clients = Clients::start(self, side);
        let (excused, seen) = (BTreeSet::new(), Vec::new());
        Case { stage: self, name, began, clients, new: old.clone(), old, excused, seen }
    }
}

impl Case<'_> {
    /// The next version, with variables that make it good or bad.
    pub fn next(&mut self, variables: &[(&str, &str)]) -> String {
        self.new = self.stage.next(variables);
        self.new.clone()
    }

    /// What goes out is this version, which is there already.
    pub fn goes_to(&mut self, version: String) {
        self.new = version;
    }

    /// Starts `ship` of the next version and waits until every host gives it a part of its traffic.
    pub fn canary(&mut self) -> Running {
        let new = self.next(&[]);
        let ship = self.stage.project.begin(&["ship"]);
        wait_for("the canary has traffic everywhere", || self.clients.all_met(&new));
        ship
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        self.stage.project.run(args)
    }

    pub fn hosts(&self) -> &[Host] {
        self.stage.hosts()
    }

    pub fn host(&self, name: &str) -> &Host {
        self.stage.fleet.host(name).expect("a host of the fleet")
    }

    /// Another name than it began with.
    pub fn rename(&mut self, name: String) {
        self.name = name;
    }

    /// Clients of this host lose something by nature, as when it loses its power.
    pub fn excuse(&mut self, host: &str) {
        self.excused.insert(host.to_owned());
    }

    /// Judges how a command ended: its exit code is one of these, and all five witnesses agree with it, also about the hosts
    /// that are `away`.
    #[track_caller]
    pub fn judge(&mut self, run: &Run, codes: &[i32], away: &[&str]) -> i32 {
        let code = run.code.filter(|code| codes.contains(code));
        let code = code.unwrap_or_else(|| {
            panic!("{}: exit code {:?} is none of {codes:?}:\n{}", self.name, run.code, run.text())
        });
        let said = self.said(code);
        // At once, since the exit code is a word about now.
        let met = witness::clients(self.stage, &self.clients, away);
        let differs = |(host, serves): (&String, &Serves)| {
            !away.contains(&host.as_str()) && *serves != Serves::Unknown && met[host] != *serves
        };
        assert!(
            !said.iter().any(differs),
            "{}: exit code {code} says {}, clients met {}:\n{}",
            self.name,
            shown(&said),
            shown(&met),
            run.text()
        );
        let about = format!("{}; exit code {code}:\n{}", self.name, run.text());
        self.agree(&about, &said, &said, away);
        self.lost_nothing();
        let with = if away.is_empty() { String::new() } else { format!(" without {}", away.join(", ")) };
        self.seen.push(format!("exit code {code}{with}: {}", shown(&said)));
        if code == 0 || code == 12 && self.is_promoted() {
            self.stage.serving.clone_from(&self.new);
        }
        code
    }

    /// What an exit code says of each host.
    fn said(&self, code: i32) -> Testimony {
        let records = self.stage.project.journal();
        witness::exit_code(self.stage, code, (&self.old, &self.new), &records)
    }

    /// Whether the last rollout left the new version in force, at least in part.
    fn is_promoted(&self) -> bool {
        witness::outcome(&self.stage.project.journal()).is_some_and(Outcome::is_promoted)
    }

    /// What was away is back: it serves what the exit code said, without anybody's help. Where that was not known, whatever
    /// it serves it serves alone, and one command brings it level.
    #[track_caller]
    pub fn back(&mut self, code: i32) {
        let mut said = self.said(code);
        if code != 12 {
            self.agree(&format!("{}; everything is back", self.name), &said, &said, &[]);
            return;
        }
        let until = Instant::now() + SETTLES;
        loop {
            let running = witness::processes(self.stage);
            let answered = witness::clients(self.stage, &self.clients, &[]);
            let told = witness::status(self.stage);
            let fits = |(host, now): (&String, &Serves)| {
                said[host] == *now || said[host] == Serves::Unknown && matches!(now, Serves::Version(_))
            };
            if running == answered && running == told && running.iter().all(fits) {
                self.seen.push(format!("back: {}", shown(&running)));
                break;
            }
            assert!(
                Instant::now() < until,
                "{}; everything is back, and\n  clients say {}\n  hosts say {}\n  status says {}",
                self.name,
                shown(&answered),
                shown(&running),
                shown(&told)
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        let run = self.run(&["deploy", "--converge"]).expect(0);
        // Where all were level already nothing is done, and the journal's last word stays what the rollout knew.
        let knew = said.clone();
        for serves in said.values_mut() {
            *serves = Serves::Version(self.stage.serving.clone());
        }
        let in_journal = if run.text().contains("It served already") { &knew } else { &said };
        self.agree(&format!("{}; brought level:\n{}", self.name, run.text()), &said, in_journal, &[]);
        self.seen.push(format!("level: {}", shown(&said)));
    }

    /// Ends it: clients have lost nothing but where they were excused.
    #[track_caller]
    pub fn end(self) {
        let took = self.began.elapsed().as_secs_f64();
        let (mut requests, mut lost, mut excused) = (0, 0, 0);
        for (host, counts) in self.clients.stop() {
            requests += counts.requests;
            if self.excused.contains(&host) {
                excused += counts.lost.len();
            } else {
                lost += counts.lost.len();
                assert_eq!(counts.lost, [], "{}: {host}", self.name);
            }
        }
        let beside = if excused == 0 { String::new() } else { format!(" ({excused} on what was off)") };
        println!(
            "case: {}: {}; {requests} requests, {lost} lost{beside}; {took:.1} s",
            self.name,
            self.seen.join("; then ")
        );
    }

    /// Requests that were lost so far on one host.
    pub fn lost_on(&self, host: &str) -> usize {
        self.clients.counts()[host].lost.len()
    }

    #[track_caller]
    fn lost_nothing(&self) {
        for (host, counts) in self.clients.counts() {
            assert!(
                self.excused.contains(host) || counts.lost.is_empty(),
                "{}: {host}: {:?}",
                self.name,
                counts.lost
            );
        }
    }

    /// Waits until all witnesses say what was said, and audit what is `in_journal`. Of hosts that are away, status knows
    /// nothing.
    #[track_caller]
    fn agree(&self, about: &str, said: &Testimony, in_journal: &Testimony, away: &[&str]) {
        let until = Instant::now() + SETTLES;
        loop {
            let stage = &*self.stage;
            let testimonies = [
                ("clients", witness::clients(stage, &self.clients, away)),
                ("hosts", witness::processes(stage)),
                ("status", witness::status(stage)),
                ("audit", witness::audit(stage, away)),
            ];
            let agrees = |(who, what): &(&str, Testimony)| {
                what.iter().all(|(host, serves)| match (*who, away.contains(&host.as_str()), &said[host]) {
                    ("audit", ..) => *serves == in_journal[host],
                    (_, false, said @ Serves::Version(_)) => serves == said,
                    ("status", true, _) => *serves == Serves::Unknown,
                    // It may have gone back by itself already, or not yet.
                    _ => true,
                })
            };
            if testimonies.iter().all(agrees) {
                return;
            }
            if Instant::now() > until {
                let all: String =
                    testimonies.iter().map(|(who, what)| format!("  {who}: {}\n", shown(what))).collect();
                panic!("{about}\nwas to be {}, and the witnesses say\n{all}", shown(said));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
