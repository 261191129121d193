//! `plimsoll doctor`: a row for each host, and below it what is the matter, each thing once for all hosts that have it.

use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::facts::{Fact, HostFacts, PortUse};
use plimsoll_model::preflight::{Answer, Finding, HostReport, Severity, Skew};
use plimsoll_model::size::human;
use plimsoll_model::{EnvironmentName, HostName, ServiceName};
use serde::Serialize;

use crate::line::{Line, render_all};
use crate::number::counted;
use crate::palette::Role;
use crate::style::Style;
use crate::table::{Align, Cell, Table, cell};

/// Hosts that are named before the rest is counted.
const NAMED: usize = 2;

/// What was found out about the hosts of an environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DoctorView {
    /// The service.
    pub service: ServiceName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The release whose needs were asked about; absent where there is none yet.
    pub release: Option<ReleaseLabel>,
    /// The hosts.
    pub hosts: Vec<HostReport>,
}

/// The table, the findings, and what to do next.
pub fn doctor(view: &DoctorView, style: &Style) -> String {
    let mut lines = vec![head(view), Line::new()];
    lines.extend(table(view).fit(style.columns()).lines());
    let groups = groups(view.hosts.iter().flat_map(|host| &host.findings));
    let (shown, remarks): (Vec<&Group<'_>>, Vec<_>) =
        groups.iter().partition(|group| style.verbose || group.first.matters());
    for group in shown {
        lines.push(Line::new());
        lines.extend(group_lines(group, view.hosts.len()));
    }
    lines.push(Line::new());
    if !remarks.is_empty() {
        let count = counted(remarks.len() as u64, "remark");
        lines.push(Line::new().with(Role::Quiet, format!("{count} more with `plimsoll doctor -v`.")));
    }
    lines.push(next(view));
    render_all(&lines, style)
}

fn head(view: &DoctorView) -> Line {
    let hosts = counted(view.hosts.len() as u64, "host");
    let about = match &view.release {
        Some(release) => format!("{hosts}, asked about {release} and what `requires` declares"),
        None => format!("{hosts}, asked about what `requires` declares; no release is built yet"),
    };
    let place = format!(" {}: {about}", view.environment);
    Line::new().with(Role::Strong, view.service.as_str()).plain(place).wrapped(2)
}

fn table(view: &DoctorView) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new(2, &[Left, Left, Left, Left, Right, Right, Right, Left, Left]);
    // What matters most comes first: on a narrow screen columns go from the right.
    let heads = ["host", "fit", "system", "arch", "cores", "memory", "disk free", "clock", "port"];
    table.row(heads.map(|head| (Role::Quiet, head.to_owned())).to_vec());
    for host in &view.hosts {
        let mut cells = vec![cell(host.host.to_string()), fit(host)];
        match &host.facts {
            Fact::Known(facts) => cells.extend(facts_cells(facts, host.skew)),
            Fact::Unknown(why) => cells.push((Role::Warning, why.clone())),
        }
        table.row(cells);
    }
    table
}

fn fit(host: &HostReport) -> Cell {
    let any = |holds: &dyn Fn(&Finding) -> bool| host.findings.iter().any(holds);
    if any(&Finding::refuses) {
        (Role::Bad, "no".to_owned())
    } else if any(&Finding::is_open) {
        (Role::Warning, "unknown".to_owned())
    } else {
        let role = if any(&Finding::matters) { Role::Warning } else { Role::Good };
        (role, "yes".to_owned())
    }
}

fn facts_cells(facts: &HostFacts, skew: Option<Skew>) -> Vec<Cell> {
    let or_unknown = |text: Option<String>| cell(text.unwrap_or_else(|| "unknown".to_owned()));
    let system = facts.distribution.known().map(|distribution| match &distribution.version {
        Some(version) => format!("{} {version}", distribution.id),
        None => distribution.id.clone(),
    });
    let port = facts.listen.as_ref().map(|listen| {
        let state = match &listen.port {
            Fact::Known(PortUse::Free) => "free",
            Fact::Known(PortUse::Ours) => "ours",
            Fact::Known(PortUse::Held(_)) => "taken",
            Fact::Unknown(_) if listen.permitted == Fact::Known(false) => "forbidden",
            Fact::Unknown(_) => "unknown",
        };
        format!("{} {state}", listen.address.port())
    });
    vec![
        or_unknown(system),
        cell(&facts.platform.arch),
        or_unknown(facts.processor.cores.known().map(u32::to_string)),
        or_unknown(facts.memory.known().map(|memory| human(memory.usable()))),
        or_unknown(facts.root.disk.known().map(|disk| human(disk.free))),
        or_unknown(skew.map(clock)),
        cell(port.unwrap_or_default()),
    ]
}

/// How far a clock is off, where that is more than a second and more than the measurement's own error.
fn clock(skew: Skew) -> String {
    let off = skew.ahead.unsigned_abs();
    if off <= skew.within.max(1000) {
        return "right".to_owned();
    }
    let sign = if skew.ahead < 0 { '-' } else { '+' };
    format!("{sign}{}", crate::duration::human(std::time::Duration::from_millis(off)))
}

/// One thing that is the matter, with the hosts that have it.
struct Group<'f> {
    first: &'f Finding,
    all: Vec<&'f Finding>,
}

/// The worst first; equal ones in the order in which they were found.
fn groups<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<Group<'f>> {
    let mut groups: Vec<Group<'f>> = Vec::new();
    for finding in findings.filter(|finding| finding.answer != Answer::Yes) {
        let key = |f: &Finding| (f.id, f.severity, f.answer, f.what.clone(), f.needed.clone(), f.fix.clone());
        match groups.iter_mut().find(|group| key(group.first) == key(finding)) {
            Some(group) => group.all.push(finding),
            None => groups.push(Group { first: finding, all: vec![finding] }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse((group.first.severity, group.first.answer)));
    groups
}

fn group_lines(group: &Group<'_>, hosts: usize) -> Vec<Line> {
    let finding = group.first;
    let (word, what) = match finding.answer {
        Answer::Unknown => ("unknown", format!("it is not known whether this holds: {}", finding.what)),
        _ => (finding.severity.name(), finding.what.clone()),
    };
    let role = match (finding.answer, finding.severity) {
        (Answer::No, Severity::Error) => Role::Bad,
        (_, Severity::Info) => Role::Quiet,
        _ => Role::Warning,
    };
    let title = format!("{word}[{}]", finding.id.name());
    let mut lines = vec![Line::new().with(role, &title).plain(format!(": {what}")).wrapped(2)];
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            lines.push(Line::text("   = ").with(Role::Quiet, format!("{name:<9}")).plain(text).wrapped(14));
        }
    };
    if hosts > 1 {
        row("hosts", &named(&group.all.iter().map(|finding| &finding.host).collect::<Vec<_>>(), hosts));
    }
    row("measured", &measured(&group.all));
    row("needed", &finding.needed);
    row("fix", &finding.fix);
    lines
}

/// `web1, web2 and 7 more`.
fn named(hosts: &[&HostName], all: usize) -> String {
    let first: Vec<String> = hosts.iter().take(NAMED).map(ToString::to_string).collect();
    match hosts.len() {
        count if count == all && count > NAMED => format!("all {count}"),
        count if count > NAMED + 1 => format!("{} and {} more", first.join(", "), count - NAMED),
        _ => hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// What was measured: once where it is the same everywhere.
fn measured(findings: &[&Finding]) -> String {
    let first = &findings[0].measured;
    if findings.iter().all(|finding| finding.measured == *first) {
        return first.clone();
    }
    let some: Vec<String> = findings
        .iter()
        .take(NAMED + 1)
        .map(|finding| format!("{} on {}", finding.measured, finding.host))
        .collect();
    let more = if findings.len() > NAMED + 1 { "; and others" } else { "" };
    format!("{}{more}", some.join("; "))
}

/// One sentence: what follows.
fn next(view: &DoctorView) -> Line {
    let environment = &view.environment;
    let having = |holds: fn(&Finding) -> bool| {
        let hosts = view.hosts.iter().filter(|host| host.findings.iter().any(holds));
        hosts.map(|host| &host.host).collect::<Vec<_>>()
    };
    let (unfit, open) = (having(Finding::refuses), having(Finding::is_open));
    let all = counted(view.hosts.len() as u64, "host");
    let (sentence, fits) = match (unfit.len(), open.len(), view.hosts.len()) {
        (0, 0, 1) => ("The host is fit".to_owned(), true),
        (0, 0, _) => (format!("All {all} are fit"), true),
        (0, _, 1) => ("Whether the host is fit is not known".to_owned(), false),
        (0, open, _) => (format!("Whether {open} of {all} are fit is not known"), false),
        (_, _, 1) => ("The host is not fit, and a release would be refused".to_owned(), false),
        (unfit, ..) => {
            let verb = if unfit == 1 { "is" } else { "are" };
            (format!("{unfit} of {all} {verb} not fit, and a release would be refused"), false)
        }
    };
    let (link, verb) = if fits { ("next", "ship") } else { ("mend that, then", "doctor") };
    let command = format!("plimsoll {verb} -e {environment}");
    Line::text(format!("{sentence}; {link}: ")).with(Role::Hint, &command).wrapped(2)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use plimsoll_model::preflight::CheckId;

    use super::*;

    fn host(name: &str, findings: Vec<(Severity, Answer, CheckId, &str)>) -> HostReport {
        let facts: HostFacts =
            serde_json::from_str(include_str!("../../plimsoll-model/tests/data/facts.json")).unwrap();
        let host: HostName = name.parse().unwrap();
        let findings = findings.into_iter().map(|(severity, answer, id, measured)| Finding {
            id,
            severity,
            host: host.clone(),
            what: "somebody else listens on 0.0.0.0:8080".to_owned(),
            measured: measured.to_owned(),
            needed: String::new(),
            fix: "end what listens there".to_owned(),
            answer,
        });
        let findings = findings.collect();
        let skew = Some(Skew { ahead: -3200, within: 4 });
        HostReport { host, facts: Fact::Known(facts), skew, findings }
    }

    fn shown(hosts: Vec<HostReport>) -> String {
        let view = DoctorView {
            service: "greeter".parse().unwrap(),
            environment: "production".parse().unwrap(),
            release: None,
            hosts,
        };
        doctor(&view, &Style::plain(TimeZone::UTC))
    }

    #[test]
    fn a_fit_host_is_one_row_and_the_next_command() {
        insta::assert_snapshot!(shown(vec![host("web1", vec![])]), @r"
        greeter production: 1 host, asked about what `requires` declares; no release is built yet

          host  fit  system     arch   cores  memory  disk free  clock   port
          web1  yes  debian 12  amd64      4    8 GB      20 GB  -3.2 s  8080 free

        The host is fit; next: plimsoll ship -e production
        ");
    }

    #[test]
    fn what_many_hosts_have_is_said_once() {
        let taken =
            |n: usize| vec![(Severity::Error, Answer::No, CheckId::Port, ["process 7", "process 8"][n % 2])];
        let mut hosts: Vec<_> = (0..4).map(|n| host(&format!("web{n}"), taken(n))).collect();
        hosts.push(host(
            "web9",
            vec![(Severity::Error, Answer::Unknown, CheckId::Clock, "it was not measured")],
        ));
        hosts.push(host("db", vec![(Severity::Info, Answer::No, CheckId::TimeZones, "none")]));
        insta::assert_snapshot!(shown(hosts), @r"
        greeter production: 6 hosts, asked about what `requires` declares; no release is built yet

          host  fit      system     arch   cores  memory  disk free  clock   port
          web0  no       debian 12  amd64      4    8 GB      20 GB  -3.2 s  8080 free
          web1  no       debian 12  amd64      4    8 GB      20 GB  -3.2 s  8080 free
          web2  no       debian 12  amd64      4    8 GB      20 GB  -3.2 s  8080 free
          web3  no       debian 12  amd64      4    8 GB      20 GB  -3.2 s  8080 free
          web9  unknown  debian 12  amd64      4    8 GB      20 GB  -3.2 s  8080 free
          db    yes      debian 12  amd64      4    8 GB      20 GB  -3.2 s  8080 free

        error[port]: somebody else listens on 0.0.0.0:8080
           = hosts    web0, web1 and 2 more
           = measured process 7 on web0; process 8 on web1; process 7 on web2; and others
           = fix      end what listens there

        unknown[clock]: it is not known whether this holds: somebody else listens on 0.0.0.0:8080
           = hosts    web9
           = measured it was not measured
           = fix      end what listens there

        1 remark more with `plimsoll doctor -v`.
        4 of 6 hosts are not fit, and a release would be refused; mend that, then: plimsoll doctor -e production
        ");
    }
}
