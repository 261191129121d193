//! The binary: arguments, dispatch, exit codes. One file per command in `commands`; what they do is elsewhere.

mod cli;
mod commands;
mod content;
mod failure;
mod faults;
mod hosts;
mod operation;
mod output;
mod project;
mod secrets;
mod signals;
mod this_machine;
mod who;
mod yard;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error),
    };
    if let Some(exit) = commands::servant::part(&cli.command) {
        return exit;
    }
    if let Command::Exec(arguments) = &cli.command {
        // Its exit code is the command's own.
        let exit = commands::exec::run(&cli.config, output::Output::new(&cli), arguments);
        return std::process::ExitCode::from(exit);
    }
    let json = cli.json;
    let exit = dispatch(cli).unwrap_or_else(|failure| {
        output::complain(&failure, json);
        failure.exit
    });
    std::process::ExitCode::from(exit.number())
}

/// A command line that is none, or that asks for help. Whoever asks for JSON gets JSON, also of what is wrong with that.
fn not_understood(error: &clap::Error) -> std::process::ExitCode {
    if !error.use_stderr() || !std::env::args_os().any(|argument| argument == "--json") {
        error.exit();
    }
    let text = error.to_string();
    let message = text.trim_end().trim_start_matches("error: ");
    let failure = Failure::usage(message);
    output::complain(&failure, true);
    std::process::ExitCode::from(failure.exit.number())
}

fn dispatch(cli: Cli) -> Result<plimsoll_model::ExitCode, Failure> {
    use commands::{
        audit, build, bundle, check, deploy, doctor, down, explain, history, init, inspect, key, logs,
        maintenance, pin, plan, prune, rollback, schema, servant, ship, status, steer, unit,
    };
    let output = output::Output::new(&cli);
    let config = cli.config.as_path();
    match cli.command {
        Command::Init(arguments) => init::run(config, output, &arguments),
        Command::Check(arguments) => check::run(output, &arguments),
        Command::Bundle(arguments) => bundle::run(output, &arguments),
        Command::Inspect(arguments) => inspect::run(output, &arguments),
        Command::Explain(arguments) => explain::run(output, &arguments),
        Command::Unit(arguments) => unit::run(config, output, &arguments),
        Command::Doctor(arguments) => doctor::run(config, output, &arguments),
        Command::Ship(arguments) => ship::run(config, output, &arguments),
        Command::Build => build::run(config, output),
        Command::Plan(arguments) => plan::run(config, output, &arguments),
        Command::Deploy(arguments) => deploy::run(config, output, &arguments),
        Command::Rollback(arguments) => rollback::run(config, output, &arguments),
        Command::Promote(arguments) => steer::promote(config, output, &arguments),
        Command::Abort(arguments) => steer::abort(config, output, &arguments),
        Command::Pause(arguments) => steer::pause(config, output, &arguments),
        Command::Resume(arguments) => steer::resume(config, output, &arguments),
        Command::Retry(arguments) => steer::retry(config, output, &arguments),
        Command::Status(hosts) => status::run(config, output, &hosts),
        Command::History(arguments) => history::run(config, output, &arguments),
        Command::Audit(arguments) => audit::run(config, output, &arguments),
        Command::Logs(arguments) => logs::run(config, output, &arguments),
        Command::Schema => schema::run(output),
        Command::Key(what) => key::run(config, output, &what),
        Command::Maintenance(what) => maintenance::run(config, output, &what),
        Command::Pin(arguments) => pin::pin(config, output, &arguments),
        Command::Unpin(arguments) => pin::unpin(config, output, &arguments),
        Command::Prune(arguments) => prune::run(config, output, &arguments),
        Command::Down(arguments) => down::run(config, output, &arguments),
        Command::Agent(arguments) => servant::agent(&arguments),
        Command::Exec(_) | Command::Proxy(_) | Command::Shim(_) | Command::Launch(_) => {
            unreachable!("done before anything else")
        }
    }
}
