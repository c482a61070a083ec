//! `train sweep --launcher slurm`, on a real Slurm where there is one.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use crate::{
    cluster::Cluster,
    harness::{Place, Ran, model, record, wait_until},
};

/// A study of as many seeds, for as many epochs.
fn study(place: &Place, keys: &str, seeds: usize, epochs: usize) {
    let data = "\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\"data.synthetic_valid\" = 200";
    let set = format!("[set]\n{data}\n\"training.batch_size\" = 64\n\"training.epochs\" = {epochs}");
    let seeds: Vec<usize> = (0..seeds).collect();
    place.write("study.toml", &format!("base = \"two-layer\"\n{keys}\n{set}\n[space]\nseed = {seeds:?}\n"));
}

const SUBMIT: &[&str] = &["sweep", "study.toml", "--launcher", "slurm"];

fn submit(cluster: &Cluster, more: &[&str]) -> Ran {
    cluster.train(&[SUBMIT, more].concat())
}

fn trials(place: &Place) -> Vec<PathBuf> {
    place.runs().into_iter().filter(|path| path.join("trial.toml").is_file()).collect()
}

fn models(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    let name = |run: &PathBuf| run.strip_prefix(place.path()).unwrap().to_owned();
    trials(place).iter().map(|run| (name(run), model(run))).collect()
}

/// How many trials have come so far that a stop can be told from none.
fn begun(place: &Place) -> usize {
    trials(place).iter().filter(|run| run.join("metrics.jsonl").is_file()).count()
}

/// What the tasks of the first job wrote.
fn output(place: &Place, task: usize) -> String {
    fs::read_to_string(place.path().join(format!("runs/study/slurm-1_{task}.txt"))).unwrap_or_default()
}

#[test]
fn two_workers_finish_a_study_while_the_shell_is_free() {
    let Some(cluster) = Cluster::start() else { return };
    let place = &cluster.place;
    let slurm = "[slurm]\npartition = \"closed\"\ntime = \"1-0\"\noptions = [\"--comment=two words\", \"--mem=100M\"]";
    study(place, "jobs = 2", 4, 300);
    let file = fs::read_to_string(place.path().join("study.toml")).unwrap();
    place.write("study.toml", &format!("{file}{}\n", slurm.replace("two words", "\\\"two words\\\"")));
    // Four trials of a second each: whoever waited for one would find it finished.
    let ran = submit(&cluster, &["--partition", "main"]).ok();
    assert!(trials(place).iter().all(|run| !run.join("model.safetensors").is_file()));
    assert!(ran.stdout.contains("\nslurm    job 1, writes runs/study/slurm-1_*.txt\n"), "{}", ran.stdout);
    let refused = "study `runs/study` has workers at Slurm already (1_";
    let again = submit(&cluster, &[]);
    assert!(again.code == 2 && again.stderr.contains(refused), "{again:?}");
    let job = cluster.ask("scontrol", &["show", "job", "1_1"]);
    for part in ["Partition=main", "TimeLimit=1-00:00:00", "Comment=two words", "MinMemoryNode=100M", "Requeue=1"] {
        assert!(job.contains(part), "{part}: {job}");
    }
    wait_until(|| cluster.tasks().is_empty());
    let ran = cluster.train(&["sweep", "status", "study.toml"]).ok();
    assert!(ran.stdout.contains("4 finished, of 4 trials"), "{}", ran.stdout);
    let finished = |task| {
        output(place, task).lines().filter(|line| line.contains("  finished  ") && line.contains(" epochs  ")).count()
    };
    assert_eq!((finished(1) + finished(2), finished(1) > 0, finished(2) > 0), (4, true, true));
    assert!(fs::read_to_string(place.path().join("runs/study/report.html")).unwrap().contains("Leaderboard"));
}

#[test]
fn a_worker_that_slurm_stops_saves_and_ends_as_one_that_was_not() {
    let Some(cluster) = Cluster::start() else { return };
    let (place, whole) = (&cluster.place, Place::new());
    study(place, "jobs = 1", 2, 700);
    study(&whole, "jobs = 1", 2, 700);
    submit(&cluster, &[]).ok();
    // As at the time limit: the batch script alone hears of it, and Slurm would let it go on.
    wait_until(|| begun(place) == 1);
    cluster.ask("scancel", &["--signal=TERM", "--batch", "1_1"]);
    wait_until(|| cluster.tasks() == "1_1 PENDING\n");
    assert_eq!(record(&trials(place)[0])["state"], "interrupted");
    assert!(output(place, 1).contains("task 1_1 goes back to Slurm's queue"), "{}", output(place, 1));
    // As where a node is taken away: every process hears of it, and Slurm itself requeues.
    cluster.begin_now("1_1");
    let epochs = |place: &Place| trials(place).iter().map(|run| epochs_done(run)).max().unwrap();
    let before = epochs(place);
    wait_until(|| epochs(place) > before);
    cluster.ask("scontrol", &["requeue", "1_1"]);
    wait_until(|| cluster.tasks() == "1_1 PENDING\n");
    assert!(trials(place).iter().any(|run| record(run)["state"] == "interrupted"));
    cluster.begin_now("1_1");
    whole.train(&["sweep", "study.toml"]).ok();
    wait_until(|| cluster.tasks().is_empty());
    assert_eq!(models(place).len(), 2);
    assert!(models(place) == models(&whole));
}

fn epochs_done(run: &Path) -> usize {
    fs::read_to_string(run.join("metrics.jsonl")).map_or(0, |text| text.lines().count())
}

#[cfg(unix)]
#[test]
fn a_trial_that_hears_of_one_stop_from_many_saves() {
    let place = Place::new();
    study(&place, "jobs = 1", 1, 100_000);
    let mut driver = place.start(&["sweep", "study.toml"]);
    wait_until(|| begun(&place) == 1);
    place.train(&["sweep", "stop", "study.toml"]).ok();
    driver.wait().unwrap();
    let run = trials(&place)[0].clone();
    // From the scheduler, from the driver, from the system that sees the driver gone; in an order that no one knows.
    for _ in 0..8 {
        let before = epochs_done(&run);
        let mut trial = place.start(&["trial", run.to_str().unwrap()]);
        wait_until(|| epochs_done(&run) > before);
        let often = format!("for i in 1 2 3 4 5 6 7 8 9; do kill -TERM {}; done", trial.id());
        Command::new("sh").args(["-c", &often]).status().unwrap();
        assert_eq!((trial.wait().unwrap().code(), &record(&run)["state"]), (Some(130), &"interrupted".into()));
    }
}

#[test]
fn a_study_that_is_to_stop_leaves_nothing_at_slurm() {
    let Some(cluster) = Cluster::start() else { return };
    let place = &cluster.place;
    // Six workers for four cores: two wait.
    study(place, "jobs = 6", 8, 100_000);
    submit(&cluster, &[]).ok();
    wait_until(|| begun(place) == 4);
    let ran = cluster.train(&["sweep", "stop", "study.toml"]).ok();
    assert!(ran.stdout.contains("asked the drivers") && ran.stdout.contains("cancelled what waited"), "{}", ran.stdout);
    wait_until(|| cluster.tasks().is_empty());
    let ran = cluster.train(&["sweep", "status", "study.toml"]).ok();
    assert!(
        ran.stdout.contains("\ndrivers  none at work\n")
            && ran.stdout.contains("4 interrupted, 4 waiting, of 8 trials"),
        "{ran:?}"
    );
    cluster.train(&["sweep", "stop", "study.toml"]).fails(2, "no driver works on the study in `runs/study`");
    // What its user cancels is not requeued either, and what waits without a worker is cancelled too.
    let ran = submit(&cluster, &["--jobs", "1"]).ok();
    let job = ran.stdout.split_once("slurm    job ").unwrap().1.split(',').next().unwrap();
    wait_until(|| {
        cluster.tasks().contains("RUNNING")
            && cluster.train(&["sweep", "status", "study.toml"]).stdout.contains("1 running")
    });
    cluster.ask("scancel", &[job]);
    wait_until(|| cluster.tasks().is_empty());
    thread::sleep(Duration::from_secs(1));
    assert_eq!(cluster.tasks(), "");
    submit(&cluster, &["--partition", "closed"]).ok();
    let ran = cluster.train(&["sweep", "stop", "study.toml"]).ok();
    assert_eq!(ran.stdout, "cancelled what waited in Slurm's queue for the study in `runs/study`\n");
    wait_until(|| cluster.tasks().is_empty());
}

#[test]
fn what_slurm_refuses_leaves_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    study(&cluster.place, "", 2, 1);
    let said = "`sbatch` says: invalid partition specified: nope; Batch job submission failed: Invalid partition name specified; see `--partition`, `--time` and `[slurm]` in study.toml";
    submit(&cluster, &["--partition", "nope"]).fails(2, said);
    assert!(!cluster.place.path().join("runs/study").exists());
    cluster.train(&["sweep", "study.toml", "--set", "training.epochs=2"]).ok();
    submit(&cluster, &["--partition", "nope"]).fails(2, said);
    assert!(!cluster.place.path().join("runs/study/slurm.sh").exists());
    assert_eq!(trials(&cluster.place).len(), 2);
    let place = Place::new();
    study(&place, "", 2, 1);
    place.write("slurm.conf", "ClusterName=gone\nSlurmctldHost=localhost\nSlurmctldPort=1\nNodeName=localhost\n");
    let nowhere = place.command(SUBMIT).env("SLURM_CONF", place.path().join("slurm.conf")).output().unwrap();
    let nowhere = Ran::from(nowhere);
    let wanted = "`--launcher slurm` needs a machine of a cluster that is up";
    assert!(nowhere.code == 2 && nowhere.stderr.starts_with("error: `squeue` says: "), "{nowhere:?}");
    assert!(nowhere.stderr.trim_end().ends_with(wanted) && nowhere.stderr.lines().count() == 1, "{nowhere:?}");
    assert!(!place.path().join("runs").exists());
}

#[test]
fn without_slurm_nothing_is_made() {
    let place = Place::new();
    study(&place, "", 2, 1);
    let ran = Ran::from(place.command(SUBMIT).env("PATH", place.path()).output().unwrap());
    ran.fails(2, "`--launcher slurm` needs Slurm, and there is no `sbatch` on PATH; use a machine of the cluster, or run the study here without it");
    assert!(!place.path().join("runs").exists());
}

#[test]
fn what_is_wrong_with_the_slurm_table_is_said_with_its_line() {
    let place = Place::new();
    study(&place, "", 2, 1);
    let file = fs::read_to_string(place.path().join("study.toml")).unwrap();
    let line = file.lines().count() + 2;
    let cases = [
        ("partitoin = \"gpu\"", "unknown key `slurm.partitoin`; did you mean `slurm.partition`?"),
        ("time = \"2\"", "`slurm.time` is \"2\", expected a Slurm time of 3 minutes or more"),
        ("options = [\"mem\"]", "`slurm.options` is [\"mem\"], expected a list of sbatch options"),
        ("partition = \"a b\"", "`slurm.partition` is \"a b\", expected the name of a Slurm partition"),
    ];
    for (key, message) in cases {
        place.write("study.toml", &format!("{file}[slurm]\n{key}\n"));
        let ran = place.train(&["sweep", "study.toml"]);
        assert!(ran.code == 2 && ran.stderr.contains(&format!("study.toml:{line}: {message}")), "{message}: {ran:?}");
    }
    for arguments in [["--time", "2:00:00"], ["--partition", "gpu"]] {
        let ran = place.train(&[&["sweep", "study.toml"], &arguments[..]].concat());
        assert!(ran.code == 2 && ran.stderr.contains("--launcher <NAME>"), "{ran:?}");
    }
    let ran = place.train(&[SUBMIT, &["--time", "soon"]].concat());
    assert!(ran.code == 2 && ran.stderr.contains("expected a Slurm time of 3 minutes or more"), "{ran:?}");
}
