//! What every agent must do, whatever its parts are: named checks, run against a [`Subject`].
//!
//! The same list runs over the parts in memory and over real processes. A check gets a fresh subject, drives it
//! through [`Driver`] only by requests and the few knobs of [`Subject`], and panics with its reason.

mod commits;
mod driver;
mod gate;
mod gone;
mod once;
mod packed;
mod requests;
mod traffic;

use plimsoll_model::agent::{Call, HostSettings, Reply};
use plimsoll_model::release::RunSpec;
use plimsoll_model::{EnvironmentName, InstanceId, Manifest};

pub use driver::Driver;

/// An agent and the host that it runs on.
pub trait Subject {
    /// Hands a request to the agent.
    fn call(&mut self, call: Call, content: &[u8]) -> Reply;
    /// Lets a little time pass, 20 to 100 ms.
    fn wait(&mut self);
    /// Kills the agent without any cleaning up, and lets another one take over.
    fn restart_agent(&mut self);
    /// What the service is on this host.
    fn settings(&self) -> HostSettings;
    /// Makes a release of a program that behaves so, with this run specification for `environment`.
    fn release(
        &mut self,
        program: Program,
        run_spec: RunSpec,
        environment: &EnvironmentName,
    ) -> SignedRelease;
    /// Kills the instance's process.
    fn kill(&mut self, instance: &InstanceId);
    /// Lets a stranger, who answers every probe with 200, listen on a port.
    fn occupy(&mut self, port: u16);
}

/// How a program behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// It is healthy at once. Each number makes another release.
    Healthy(u8),
    /// It answers its probe with 500.
    Sick,
    /// It exits with code 3 after a moment.
    Exits,
    /// It is healthy and ignores SIGTERM.
    Stubborn,
}

/// A release as it is offered.
#[derive(Debug, Clone)]
pub struct SignedRelease {
    /// Its manifest.
    pub manifest: Manifest,
    /// Its signature.
    pub signature: String,
    /// Its program.
    pub bytes: Vec<u8>,
}

/// A check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// What must hold.
    pub name: &'static str,
    /// Panics where it does not.
    pub run: fn(&mut Driver<'_>),
}

macro_rules! checks {
    ($($path:path),* $(,)?) => {
        &[$(Check { name: stringify!($path), run: $path }),*]
    };
}

/// All checks.
pub const CHECKS: &[Check] = checks![
    requests::other_protocols_are_refused_by_name,
    requests::other_services_are_refused,
    requests::changes_need_a_fence,
    requests::a_stale_fence_changes_nothing,
    requests::a_failed_request_still_raises_the_fence,
    requests::content_must_be_as_long_as_announced,
    requests::unsigned_releases_are_refused,
    requests::uploads_go_on_where_they_stopped,
    requests::damaged_uploads_are_not_sealed,
    requests::only_sealed_releases_start,
    packed::patches_and_compressed_uploads_are_sealed,
    packed::another_packing_replaces_what_is_here,
    packed::damaged_packing_is_not_sealed,
    packed::packing_makes_sense,
    gate::a_healthy_instance_is_proved,
    gate::starting_twice_starts_once,
    gate::a_sick_instance_fails_in_time,
    gate::a_crash_loop_is_given_up,
    gate::a_killed_instance_comes_back_through_the_gate,
    gate::a_failed_instance_can_be_started_anew,
    gate::a_stranger_on_the_port_is_no_proof,
    traffic::weights_must_add_up,
    traffic::no_weight_without_a_ready_instance,
    traffic::the_same_weights_change_nothing,
    traffic::readiness_reaches_the_table,
    traffic::the_last_ready_instance_is_not_retired,
    traffic::retired_instances_stop,
    traffic::stubborn_instances_are_killed,
    commits::commit_needs_all_traffic,
    commits::commit_twice_is_commit_once,
    commits::prune_keeps_what_matters,
    gone::the_switch_goes_off_without_word,
    gone::confirming_holds_the_switch,
    gone::a_late_coordinator_is_shut_out_until_it_disarms,
    gone::the_next_agent_adopts_everything,
    gone::the_switch_goes_off_under_the_next_agent,
    gone::retiring_goes_on_under_the_next_agent,
    gone::down_stops_everything_and_keeps_releases,
    once::a_process_runs_once,
    once::its_time_is_bounded_whoever_looks_on,
    once::a_process_goes_on_under_the_next_agent,
    once::maintenance_outlives_the_agent,
    once::every_deed_leaves_its_line,
];
