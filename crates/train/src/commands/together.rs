//! The processes of one training, as `mpirun` or `srun` has started them: who this one is, and that all are of one kind.

use std::{
    env, ffi::OsString, num::NonZeroUsize, os::unix::process::CommandExt as _, process::Command, thread, time::Duration,
};

use anyhow::anyhow;
use plan::Plan;
use run::record::Versions;
use train::{Error, fit, ranks::Ranks};

use super::{stop::Stop, workbench::Workbench};
use crate::terminal;
use crate::{
    DONE,
    cli::{PlanArgs, UsageError},
    code_of,
};

/// What starts processes, and where it says to each how many they are.
const LAUNCHERS: [(&str, &str); 4] = [
    ("mpirun", "OMPI_COMM_WORLD_SIZE"),
    ("mpirun", "PMI_SIZE"),
    ("mpirun", "MPI_LOCALNRANKS"),
    ("srun", "SLURM_STEP_NUM_TASKS"),
];

/// Who has started this process with others, and how many they are.
fn launched() -> Option<(&'static str, usize)> {
    let count = |name| env::var(name).ok()?.parse::<usize>().ok();
    LAUNCHERS.into_iter().find_map(|(launcher, name)| Some((launcher, count(name).filter(|count| *count > 1)?)))
}

/// Seconds in which the others are to be heard of where nothing says how many.
#[cfg(feature = "mpi")]
const FIRST_TIMEOUT: u64 = 600;

/// The variables in which a launcher says which of them a process is.
const RANK: [&str; 4] = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"];

/// Refuses all of them.
fn refused(reason: String) -> anyhow::Error {
    leave_it_to_the_first();
    UsageError(reason).into()
}

/// What is wrong with all of them the first one says. The others leave it the time to, as `mpirun` ends all when one has; who is still
/// there then speaks too, as the first may be another program. `srun` leaves them alone.
pub fn leave_it_to_the_first() {
    let is_other = RANK.into_iter().find_map(|name| env::var(name).ok()).is_some_and(|rank| rank != "0");
    match launched().filter(|_| is_other) {
        Some(("srun", _)) => terminal::silence(),
        Some(_) => thread::sleep(Duration::from_secs(3)),
        None => (),
    }
}

/// Joins those that were started with this one; alone where there are none. What is typed may say how long to wait for them.
///
/// # Errors
/// Where there are some, and this program cannot hear them: each would train alone, and write the same run.
pub fn join(typed: Option<&PlanArgs>) -> anyhow::Result<Ranks> {
    let Some((launcher, count)) = launched() else { return Ok(Ranks::default()) };
    #[cfg(feature = "mpi")]
    {
        let apart = || {
            refused(format!(
                "{launcher} has started {count} processes, and their MPI does not connect them: start them by that of the library \
                 that the program was built with; with Slurm that is `srun --mpi=pmix` (`srun --mpi=list` names what there is)"
            ))
        };
        // The library would abort all in its own words where the launcher has not told it where the others are.
        // MPICH hears of them by another way than Open MPI.
        let by = if train::ranks::Mpi::is_mpich() { "PMI_RANK" } else { "PMIX_RANK" };
        if launcher == "srun" && env::var_os(by).is_none() {
            return Err(apart());
        }
        let ended = |who: Option<(usize, &str)>, seconds| {
            let who = who.map_or_else(|| "this process".to_owned(), |(rank, host)| format!("rank {rank} on {host}"));
            terminal::tell_always(&format!(
                "error: {who} has heard nothing of the others for {seconds} s, and ends; `parallel.timeout` is how long it waits, \
                 and `train --resume` goes on from the last checkpoint"
            ));
        };
        // What is wrong with a plan is said when all can hear it.
        let timeout = typed.and_then(|typed| typed.resolve().ok()).map_or(FIRST_TIMEOUT, |plan| plan.parallel.timeout);
        let ranks = train::ranks::Mpi::join(timeout, ended).map(Ranks::new).unwrap_or_default();
        if ranks.count() == 1 {
            return Err(apart());
        }
        if !ranks.is_first() {
            terminal::silence();
        }
        Ok(ranks)
    }
    #[cfg(not(feature = "mpi"))]
    {
        let _ = typed;
        Err(refused(format!(
            "{launcher} has started {count} processes, each of which would train alone and write the same run; build the program \
             with `--features mpi`, or start one"
        )))
    }
}

/// Refuses to be one of several that would do the same.
///
/// # Errors
/// Where this process was started with others.
pub fn refuse_several(what: &str) -> anyhow::Result<()> {
    let Some((launcher, count)) = launched() else { return Ok(()) };
    Err(refused(format!("{launcher} has started {count} processes, each of which would {what}")))
}

/// Refuses a study whose trials this program cannot share among processes.
///
/// # Errors
/// Where it is built without MPI.
pub fn require_mpi(processes: usize) -> anyhow::Result<()> {
    if processes > 1 && !cfg!(feature = "mpi") {
        return Err(UsageError(format!(
            "`processes_per_trial` is {processes}, and this program is built without MPI; build it with `--features mpi`"
        ))
        .into());
    }
    Ok(())
}

/// Becomes `mpirun` with so many processes of this program in the place of this one, which its parent knows by its number.
///
/// # Errors
/// Where there is no `mpirun`.
#[cfg(unix)]
pub fn become_many(processes: usize, arguments: &[OsString]) -> anyhow::Error {
    let mut command = Command::new("mpirun");
    // Trials beside each other would all be bound to the same first cores, and refused where these are fewer than processes: Open
    // MPI's names for it, of version 4 and of 5.
    command.env("OMPI_MCA_rmaps_base_oversubscribe", "1").env("OMPI_MCA_hwloc_base_binding_policy", "none");
    command.env("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe");
    command.env("PRTE_MCA_hwloc_default_binding_policy", "none");
    command.arg("-n").arg(processes.to_string());
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(error) => return error.into(),
    };
    let error = command.arg(program).args(arguments).exec();
    anyhow!("cannot start mpirun for the {processes} processes of a trial: {error}")
}

/// Does the work of this process; what fails ends them all, and the first one says why. Its exit code is that of them all: another
/// one's would have it killed before it has written what came of the run.
pub fn done(ranks: &Ranks, work: impl FnOnce() -> anyhow::Result<u8>) -> anyhow::Result<u8> {
    let done = work();
    if let Err(error) = &done {
        ranks.fail(&format!("{error:#}"), code_of(error));
    }
    ranks.finish();
    if ranks.is_first() { done } else { Ok(DONE) }
}

/// Which device of the backend, and how many threads of the processor, this one of those on its machine has.
///
/// # Errors
/// Where another has failed.
pub fn share(ranks: &Ranks, plan: &Plan) -> Result<(usize, usize), Error> {
    if ranks.count() == 1 {
        return Ok((plan.device, plan.threads));
    }
    let (host, processors) = (ranks.host(), processors());
    let own = format!("{host}\n{processors:?}");
    let all = ranks.gather_texts(&own)?;
    let is_here = |other: &&String| other.split_once('\n').is_some_and(|(other, _)| other == host);
    let before = all.iter().take(ranks.rank()).filter(is_here).count();
    // Those that may run on the same processors divide them.
    let sharing = all.iter().filter(|other| **other == own).count();
    let threads = if plan.threads == 0 { (processors.len() / sharing).max(1) } else { plan.threads };
    Ok((plan.device + before, threads))
}

/// The processors that this process may run on.
fn processors() -> Vec<usize> {
    #[cfg(target_os = "linux")]
    if let Ok(set) = rustix::thread::sched_getaffinity(None) {
        return (0..rustix::thread::CpuSet::MAX_CPU).filter(|processor| set.is_set(*processor)).collect();
    }
    (0..thread::available_parallelism().map_or(1, NonZeroUsize::get)).collect()
}

/// Refuses processes that would not compute the same, before the first step.
///
/// # Errors
/// Which has what instead of what the first has, or that there are more of them than shards.
pub fn require_same(ranks: &Ranks, workbench: &Workbench) -> anyhow::Result<()> {
    if ranks.count() == 1 {
        return Ok(());
    }
    let Workbench { plan, chosen, data } = workbench;
    let Versions { train, burn } = Versions::default();
    // Where each computes is its own.
    let plan = Plan { device: 0, threads: 0, ..plan.clone() };
    let text = plan.to_toml();
    let mut section = String::new();
    let mut keys: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        } else if let Some((key, value)) = line.split_once(" = ") {
            keys.push((format!("`{section}{key}`"), value.to_owned()));
        }
    }
    let mut own = vec![
        ("version".to_owned(), format!("{train} with burn {burn}")),
        ("backend".to_owned(), chosen.kind.name().to_owned()),
        ("data of fingerprint".to_owned(), data.fingerprint.clone()),
    ];
    own.extend(keys);
    ranks.require_same(&own)?;
    let (shards, count) = (plan.parallel.shards, ranks.count());
    if count > shards {
        return Err(UsageError(format!(
            "{count} processes are more than `parallel.shards`, {shards}, of which each is to have one at least; take \
             `--set parallel.shards={count}`, which is another training, or fewer processes"
        ))
        .into());
    }
    Ok(())
}

/// What a process does that is not the first: the same steps, and nothing else.
pub fn follow(ranks: &Ranks, plan: Plan, stop: &Stop) -> anyhow::Result<()> {
    let mut workbench = Workbench::among(ranks, plan, stop)?;
    if ranks.agree(stop.is_asked().into())? > 0 {
        return Ok(());
    }
    fit::check(&workbench.plan, &workbench.data)?;
    require_same(ranks, &workbench)?;
    workbench.make_definite();
    workbench.fit(workbench.job(None, ranks, stop))?;
    Ok(())
}
