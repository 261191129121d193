//! The port that clients use, the ports of instances, the firewall, and the servers that were declared.

use plimsoll_model::facts::{Fact, HostFacts, ListenFacts, PortUse, Probe, ProbeOutcome, ProbeResult};
use plimsoll_model::preflight::{Answer, CheckId, VersionNumber};

use super::Question;
use super::sheet::{Asked, Sheet};

/// Taken ports of instances above which finding a free one takes long.
const MANY_PORTS: u32 = 9000;

pub(super) fn judge(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    if let Some(listen) = &facts.listen {
        address(sheet, listen);
        port(sheet, listen, facts.user.name.as_deref());
        firewall(sheet, listen, facts);
    }
    instance_ports(sheet, facts);
    for result in &facts.probes {
        probe(sheet, question, result);
    }
}

fn address(sheet: &mut Sheet<'_>, listen: &ListenFacts) {
    let ip = listen.address.ip();
    if listen.is_ours != Fact::Known(false) {
        return;
    }
    let asked = Asked::error(CheckId::Address, format!("the host does not have the address {ip}"))
        .needed(ip.to_string())
        .fix(format!(
            "`ip -brief address` lists those it has; `listen = \"0.0.0.0:{}\"` takes all",
            listen.address.port()
        ));
    sheet.answer(asked, Answer::No, "no interface has it");
}

fn port(sheet: &mut Sheet<'_>, listen: &ListenFacts, user: Option<&str>) {
    let port = listen.address.port();
    if listen.permitted == Fact::Known(false) {
        let asked =
            Asked::error(CheckId::Port, format!("the port {port} may be taken by root only")).fix(format!(
                "sudo sysctl net.ipv4.ip_unprivileged_port_start={port}    or choose a `port` from 1024 on"
            ));
        let who = user.unwrap_or("this user");
        return sheet.answer(asked, Answer::No, format!("{who} is not allowed to"));
    }
    let asked =
        Asked::error(CheckId::Port, format!("somebody else listens on {}", listen.address)).fix(format!(
            "end what listens there (`sudo ss -ltnp 'sport = :{port}'` shows it), or choose another `port`"
        ));
    sheet.by_fact(asked, &listen.port, |used| match used {
        PortUse::Free => (true, "free".to_owned()),
        PortUse::Ours => (true, "this service has it".to_owned()),
        PortUse::Held(by) => (false, by.clone()),
    });
}

fn firewall(sheet: &mut Sheet<'_>, listen: &ListenFacts, facts: &HostFacts) {
    let Some(lets_in) = &facts.firewall.lets_in else { return };
    let port = listen.address.port();
    let manager = facts.firewall.manager.as_deref();
    let what = format!("a firewall may keep clients from port {port}");
    // What is not known is no reason to alarm: most firewalls are set up with their service.
    let asked = match lets_in {
        Fact::Known(_) => Asked::warning(CheckId::Firewall, what),
        Fact::Unknown(_) => Asked::info(CheckId::Firewall, what),
    };
    let asked = asked.fix(match manager {
        Some("ufw") => format!("sudo ufw allow {port}/tcp"),
        Some("firewalld") => {
            format!("sudo firewall-cmd --permanent --add-port={port}/tcp && sudo firewall-cmd --reload")
        }
        _ => "`sudo nft list ruleset` shows the rules".to_owned(),
    });
    sheet.by_fact(asked, lets_in, |lets_in| match (lets_in, manager) {
        (true, _) => (true, "let in".to_owned()),
        (false, manager) => (false, format!("{} refuses it", manager.unwrap_or("the packet filter"))),
    });
}

fn instance_ports(sheet: &mut Sheet<'_>, facts: &HostFacts) {
    let Fact::Known(ports) = &facts.instance_ports else { return };
    let range = format!("{} to {}", ports.first, ports.last);
    if let Some((low, high)) = ports.ephemeral {
        let what = format!("outgoing connections use ports of instances ({range})");
        let asked = Asked::info(CheckId::InstancePorts, what)
            .fix("sudo sysctl net.ipv4.ip_local_port_range='32768 60999'");
        sheet.answer(asked, Answer::No, format!("{low} to {high}"));
    }
    let asked = Asked::warning(CheckId::InstancePorts, format!("few ports for instances are free ({range})"));
    let answer = if ports.taken < MANY_PORTS { Answer::Yes } else { Answer::No };
    sheet.answer(asked, answer, format!("{} taken", ports.taken));
}

fn probe(sheet: &mut Sheet<'_>, question: &Question<'_>, result: &ProbeResult) {
    let requires = question.requires;
    match &result.probe {
        Probe::Tcp { address } => {
            let asked = Asked::error(CheckId::Tcp, format!("{address} takes no connection"))
                .needed(address.clone())
                .fix("see that the server runs, that its firewall lets the host in, and that the name is right");
            sheet.by_fact(asked, &result.outcome, |outcome| match outcome {
                ProbeOutcome::There(ip) => (true, format!("{ip} connects")),
                other => (false, said(other)),
            });
        }
        Probe::Http { url } => {
            let asked = Asked::error(CheckId::Http, format!("{url} does not answer well"))
                .needed("a status from 200 to 399")
                .fix(format!("curl -v {url}    on the host shows more"));
            sheet.by_fact(asked, &result.outcome, |outcome| match outcome {
                ProbeOutcome::Status(status) => ((200..400).contains(status), format!("status {status}")),
                other => (false, said(other)),
            });
        }
        // The file of a secret is the release's need, not a declared one.
        Probe::File { path } if !requires.files.contains(path) => {}
        Probe::File { path } => {
            let asked = Asked::error(CheckId::File, format!("{path} is missing"))
                .needed(path.clone())
                .fix("put it there, or take it out of `files` in `requires`");
            sheet.by_fact(asked, &result.outcome, |outcome| match outcome {
                ProbeOutcome::There(_) => (true, "there".to_owned()),
                other => (false, said(other)),
            });
        }
        Probe::Program { name } => {
            let oldest = requires.programs.get(name).cloned().flatten();
            program(sheet, name, oldest.as_ref(), &result.outcome);
        }
    }
}

fn program(sheet: &mut Sheet<'_>, name: &str, oldest: Option<&VersionNumber>, outcome: &Fact<ProbeOutcome>) {
    let needed = oldest.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"));
    let asked = Asked::error(CheckId::Program, format!("the program {name} is missing or too old"))
        .fix(format!("install {needed} or newer, for all users"))
        .needed(needed);
    match (outcome, oldest) {
        (Fact::Known(ProbeOutcome::Version(line)), Some(oldest)) => match VersionNumber::find(line) {
            Some(found) => {
                let answer = if found >= *oldest { Answer::Yes } else { Answer::No };
                sheet.answer(asked, answer, format!("{name} {found}"));
            }
            None => sheet.answer(asked, Answer::Unknown, format!("its version is not understood: {line}")),
        },
        // It is there; its version was not asked for.
        (Fact::Unknown(why), None) => sheet.answer(asked, Answer::Yes, why.clone()),
        (Fact::Known(ProbeOutcome::Version(line)), None) => sheet.answer(asked, Answer::Yes, line.clone()),
        (Fact::Unknown(why), Some(_)) => sheet.answer(asked, Answer::Unknown, why.clone()),
        (Fact::Known(other), _) => sheet.answer(asked, Answer::No, said(other)),
    }
}

fn said(outcome: &ProbeOutcome) -> String {
    match outcome {
        ProbeOutcome::There(what) | ProbeOutcome::Version(what) | ProbeOutcome::Missing(what) => what.clone(),
        ProbeOutcome::Status(status) => format!("status {status}"),
    }
}
