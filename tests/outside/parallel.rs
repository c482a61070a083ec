//! One training by several processes.

use crate::harness::{Place, SMALL, model};

#[test]
fn running_statistics_are_the_mean_of_the_shards() {
    // One step on one batch. By itself each half is normalised by its own statistics.
    let mean = |shards: &str| -> Vec<f32> {
        let place = Place::new();
        let batch = ["--set", "training.batch_size=600", "--set", "training.epochs=1", "--backend", "flex"];
        place.train(&[&["resnet", "--set", "model.channels=4"], SMALL, &batch, &["--set", shards]].concat()).ok();
        let model = model(&place.run());
        let tensors = safetensors::SafeTensors::deserialize(&model).unwrap();
        let bytes = tensors.tensor("1.running_mean").unwrap().data().to_vec();
        bytes.chunks(4).map(|value| f32::from_le_bytes(value.try_into().unwrap())).collect()
    };
    // The running mean of the first layer is a tenth of the batch's, which is the mean of those of its shards.
    let [whole, halves] = ["parallel.shards=1", "parallel.shards=2"].map(mean);
    assert!(whole.iter().zip(&halves).all(|(a, b)| (a - b).abs() < 1e-6), "{whole:?} {halves:?}");
    assert!(whole.iter().any(|mean| mean.abs() > 1e-4), "{whole:?}");
}

#[cfg(not(feature = "mpi"))]
#[test]
fn a_program_without_mpi_that_is_one_of_several_says_so() {
    let place = Place::new();
    let refused = |variable: &str, launcher: &str| {
        let ran = crate::harness::Ran::from(place.command(&["linear"]).env(variable, "4").output().unwrap());
        let each = "each of which would train alone and write the same run";
        let message = format!(
            "{launcher} has started 4 processes, {each}; build the program with `--features mpi`, or start one"
        );
        ran.fails(2, &message);
    };
    refused("OMPI_COMM_WORLD_SIZE", "mpirun");
    refused("PMI_SIZE", "mpirun");
    refused("SLURM_STEP_NUM_TASKS", "srun");
    assert!(!place.path().join("runs").exists());
    let study = |shards: usize| {
        let set = format!("[set]\n\"parallel.shards\" = {shards}");
        place.write("study.toml", &format!("base = \"linear\"\nprocesses_per_trial = 2\n{set}\n[space]\nseed = [1]\n"));
    };
    study(1);
    let message = "study.toml:6: `processes_per_trial` is 2, and of `parallel.shards`, 1, each is to have one at least; set \
                   `\"parallel.shards\" = 2` below [set]";
    place.train(&["sweep", "study.toml"]).fails(2, message);
    study(2);
    let message = "`processes_per_trial` is 2, and this program is built without MPI; build it with `--features mpi`";
    place.train(&["sweep", "study.toml"]).fails(2, message);
}

#[cfg(feature = "mpi")]
mod by_mpi {
    use std::{
        fs,
        path::Path,
        process::{Child, Command, Stdio},
        thread,
        time::Duration,
    };

    use super::*;
    use crate::{
        cluster::Cluster,
        harness::{Ran, metrics, record, wait_until},
        resume::kill_after,
    };

    /// The program as so many processes, on as few cores as there are.
    fn mpirun(place: &Place, processes: usize, arguments: &[&str]) -> Command {
        let program = place.command(arguments);
        let mut command = Command::new("mpirun");
        command.args(["--oversubscribe", "-n", &processes.to_string()]);
        command.arg(program.get_program()).args(arguments).current_dir(place.path()).stdin(Stdio::null());
        in_the_same(&program, &mut command);
        command
    }

    /// Gives a command the variables of another.
    fn in_the_same(other: &Command, command: &mut Command) {
        for (key, value) in other.get_envs() {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        in_a_container(command);
    }

    /// Open MPI asks to be told that root is meant.
    fn in_a_container(command: &mut Command) {
        command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    }

    fn train(place: &Place, processes: usize, arguments: &[&str]) -> Ran {
        match processes {
            1 => place.train(arguments),
            _ => Ran::from(mpirun(place, processes, arguments).output().unwrap()),
        }
    }

    /// What is said of a failure, without mpirun's own words.
    fn errors(ran: &Ran) -> Vec<&str> {
        ran.stderr.lines().filter(|line| line.starts_with("error: ")).collect()
    }

    const SHARDS: [&str; 4] = ["--set", "parallel.shards=8", "--set", "training.epochs=3"];

    /// The residual net with all that is drawn, averaged and cut.
    const ALL: [&str; 17] = [
        "resnet",
        "--set",
        "model.channels=2",
        "--set",
        "training.accumulate=2",
        "--set",
        "training.clip_norm=0.1",
        "--set",
        "training.ema_decay=0.9",
        "--set",
        "schedule.kind=one-cycle",
        "--set",
        "model.dropout=0.3",
        "--set",
        "augmentation.degrees=10",
        "--set",
        "early_stopping.patience=1",
    ];

    #[test]
    fn the_bits_are_the_same_by_one_two_three_four_and_eight() {
        for backend in ["flex", "ndarray"] {
            for net in [&["linear"][..], &["two-layer"], &ALL] {
                // 605 images in batches of 64: the last has 29; in those of 200: 5, so that of 8 shards three have none.
                let last = ["--set", "data.synthetic_train=605", "--backend", backend];
                for batch in [&[][..], &["--set", "training.batch_size=200"]] {
                    let arguments = [net, SMALL, &SHARDS, &last, batch].concat();
                    let trained = |processes| {
                        let place = Place::new();
                        train(&place, processes, &arguments).ok();
                        (metrics(&place.run()), model(&place.run()))
                    };
                    let alone = trained(1);
                    for processes in [2, 3, 4, 8] {
                        assert!(trained(processes) == alone, "{processes} processes: {arguments:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn one_process_alone_says_what_happens() {
        let place = Place::new();
        let ran = train(&place, 3, &[&["two-layer"], SMALL, &SHARDS[..]].concat()).ok();
        let alone = train(&Place::new(), 1, &[&["two-layer"], SMALL, &SHARDS[..]].concat()).ok();
        let lines = |ran: &Ran| ran.stdout.lines().map(|line| line[..6.min(line.len())].to_owned()).collect::<Vec<_>>();
        assert_eq!(lines(&ran), lines(&alone));
        assert_eq!(ran.stderr, "");
        assert!(place.run().join("report.html").is_file());
    }

    #[test]
    fn killed_runs_go_on_by_another_number_of_processes() {
        let arguments =
            [&["two-layer"], SMALL, &["--set", "parallel.shards=8", "--set", "training.epochs=6"][..]].concat();
        let whole = Place::new();
        train(&whole, 1, &arguments).ok();
        let place = Place::new();
        kill_after(&place, &arguments, 1);
        let run = place.run();
        let resume = ["--resume", run.to_str().unwrap()];
        // By three, of which one is killed: all end.
        let every = [&resume[..], &["--set", "checkpoint.every_steps=1"]].concat();
        let epochs = || fs::read_to_string(run.join("metrics.jsonl")).map_or(0, |text| text.lines().count());
        let mut child = mpirun(&place, 3, &every).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until(|| epochs() >= 3 || child.try_wait().unwrap().is_some());
        let last = Command::new("pkill").args(["-KILL", "-n", "-P", &child.id().to_string()]).status().unwrap();
        assert!(!child.wait().unwrap().success() || !last.success() || record(&run)["state"] == "finished");
        if record(&run)["state"] != "finished" {
            train(&place, 2, &resume).ok();
        }
        assert_eq!(metrics(&run), metrics(&whole.run()));
        assert!(model(&run) == model(&whole.run()));
    }

    /// Two processes whose training has no end, after its first epoch.
    fn long_run(place: &Place, settings: &[&str]) -> Child {
        let long = ["--set", "parallel.shards=2", "--set", "training.epochs=100000"];
        let child = mpirun(place, 2, &[&["two-layer"], SMALL, &long[..], settings].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until(|| place.runs().first().is_some_and(|run| run.join("metrics.jsonl").is_file()));
        child
    }

    #[test]
    fn asked_to_stop_all_save_and_end() {
        let place = Place::new();
        let child = long_run(&place, &[]);
        // Rank 0 alone hears of it: who else it is told to makes no difference.
        first_rank(&place, &child);
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!((ran.code, &record(&place.run())["state"]), (130, &"interrupted".into()), "{ran:?}");
        assert!(ran.stdout.contains("\nstopped  as asked, nothing is lost; go on with `train --resume "), "{ran:?}");
    }

    #[test]
    fn who_is_asked_by_mpirun_saves_before_it_is_killed() {
        let place = Place::new();
        // Open MPI reads nothing while it waits: a line every few milliseconds would hold the run.
        let child = long_run(&place, &["--quiet"]);
        // As by Ctrl-C: it asks all a second later, and kills them after another.
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(record(&place.run())["state"], "interrupted", "{ran:?}");
        assert!(place.run().join("model.safetensors").is_file());
    }

    #[test]
    fn who_never_comes_is_not_waited_for_longer_than_the_plan_says() {
        let place = Place::new();
        let typed = [&["linear"], SMALL, &["--set", "parallel.shards=2", "--set", "parallel.timeout=2"][..]].concat();
        let mut command = mpirun(&place, 1, &typed);
        command.args([":", "-n", "1", "sleep", "60"]);
        let ran = Ran::from(command.output().unwrap());
        let [error] = errors(&ran)[..] else { panic!("{ran:?}") };
        assert!(
            error.starts_with("error: this process has heard nothing of the others for 2 s, and ends; "),
            "{error}"
        );
        assert_eq!(ran.code, 1);
    }

    #[test]
    fn a_study_is_one_process() {
        let place = Place::new();
        place.write("study.toml", "base = \"linear\"\n[space]\nseed = [1]\n");
        let ran = train(&place, 2, &["sweep", "study.toml"]);
        let [error] = errors(&ran)[..] else { panic!("{ran:?}") };
        assert!(
            error.starts_with("error: mpirun has started 2 processes, each of which would run the study; "),
            "{error}"
        );
        assert_eq!(ran.code, 2);
    }

    /// Asks the process that writes the run to stop.
    fn first_rank(place: &Place, mpirun: &Child) {
        let children = format!("/proc/{0}/task/{0}/children", mpirun.id());
        let children = fs::read_to_string(children).unwrap();
        let is_first = |process: &&str| {
            let variables = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            variables.split(|byte| *byte == 0).any(|variable| variable == b"OMPI_COMM_WORLD_RANK=0")
        };
        let first =
            children.split_whitespace().find(is_first).unwrap_or_else(|| panic!("no rank 0: {:?}", place.path()));
        assert!(Command::new("kill").args(["-TERM", first]).status().unwrap().success());
    }

    #[test]
    fn what_is_wrong_is_said_once_and_names_the_rank() {
        let place = Place::new();
        let linear = [&["linear"], SMALL].concat();
        let net = [&["two-layer"], SMALL].concat();
        let said = |ran: &Ran, code: i32, message: &str| {
            assert_eq!((ran.code, errors(ran)), (code, vec![format!("error: {message}").as_str()]), "{ran:?}");
        };
        let ran = train(&place, 3, &[&linear[..], &["--set", "parallel.shards=2"]].concat());
        let take = "take `--set parallel.shards=3`, which is another training, or fewer processes";
        let more = "3 processes are more than `parallel.shards`, 2, of which each is to have one at least";
        said(&ran, 2, &format!("{more}; {take}"));
        let ran = train(&place, 2, &[&linear[..], &["--set", "parallel.shard=2"]].concat());
        said(&ran, 2, "--set parallel.shard=2: unknown key `parallel.shard`; did you mean `parallel.shards`?");
        let ran = train(
            &place,
            2,
            &[&net[..], &["--set", "parallel.shards=2", "--set", "optimizer.learning_rate=1e38"]].concat(),
        );
        assert!(ran.code == 1 && errors(&ran).len() == 1 && errors(&ran)[0].contains(" loss became "), "{ran:?}");
        // The state is written although the others have ended.
        assert_eq!(record(&place.run())["state"], "failed");
        // Two ranks that do not do the same: as with a config that is another file on another host.
        let both = [&linear[..], &["--set", "parallel.shards=2"]].concat();
        let (one, two) = (place.command(&[]), [&both[..], &["--set", "seed=7"]].concat());
        let mut command = Command::new("mpirun");
        command.args(["--oversubscribe", "-n", "1"]).arg(one.get_program()).args(&both);
        command.args([":", "-n", "1"]).arg(one.get_program()).args(&two);
        in_the_same(&one, &mut command);
        let ran = Ran::from(command.current_dir(place.path()).output().unwrap());
        let [error] = errors(&ran)[..] else { panic!("{ran:?}") };
        assert_eq!(ran.code, 2);
        assert!(
            error.starts_with("error: rank 1 on ")
                && error.ends_with(" has `seed` 7, and rank 0 0; start all ranks with the same"),
            "{error}"
        );
        assert_eq!(place.runs().len(), 1);
    }

    #[test]
    fn a_rank_that_hears_nothing_ends() {
        let place = Place::new();
        let child = long_run(&place, &["--set", "parallel.timeout=2"]);
        // One that does nothing any more, as on a host whose network is gone.
        assert!(Command::new("pkill").args(["-STOP", "-n", "-P", &child.id().to_string()]).status().unwrap().success());
        thread::sleep(Duration::from_secs(4));
        let _ = Command::new("pkill").args(["-CONT", "-P", &child.id().to_string()]).status();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert!(
            ran.code != 0 && ran.stderr.contains(" has heard nothing of the others for 2 s, and ends; "),
            "{ran:?}"
        );
        // What is saved is whole.
        let (run, before) =
            (place.run(), fs::read_to_string(place.run().join("metrics.jsonl")).unwrap().lines().count());
        let mut on = place.start(&["--resume", run.to_str().unwrap()]);
        wait_until(|| fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count() > before + 1);
        on.kill().unwrap();
        on.wait().unwrap();
    }

    #[test]
    fn two_jobs_do_not_write_one_run() {
        let place = Place::new();
        let mut child = long_run(&place, &[]);
        let run = place.run();
        let ran = train(&place, 2, &["--resume", run.to_str().unwrap()]);
        assert!(ran.code == 2 && errors(&ran).len() == 1 && errors(&ran)[0].contains(" is in use"), "{ran:?}");
        first_rank(&place, &child);
        child.wait().unwrap();
    }

    #[test]
    fn a_trial_by_two_processes_is_that_of_one() {
        let study = |place: &Place, processes: usize| {
            let set = "[set]\n\"data.source\" = \"synthetic\"\n\"parallel.shards\" = 2\n\"training.epochs\" = 4";
            let space = "[space]\nseed = [1, 2]\n[prune]\nkind = \"asha\"\nmin_epochs = 1\nreduction_factor = 2";
            let keys = format!("base = \"linear\"\njobs = 1\nprocesses_per_trial = {processes}");
            place.write("study.toml", &format!("{keys}\n{set}\n{space}\n"));
            let mut command = place.command(&["sweep", "study.toml"]);
            in_a_container(&mut command);
            Ran::from(command.output().unwrap()).ok();
            place.runs().into_iter().filter(|path| path.join("trial.toml").is_file()).map(|run| model(&run)).collect()
        };
        let models: [Vec<Vec<u8>>; 2] = [1, 2].map(|processes| study(&Place::new(), processes));
        assert_eq!(models[0].len(), 2);
        assert!(models[0] == models[1]);
    }

    #[test]
    fn a_study_that_is_interrupted_saves_its_trial() {
        let place = Place::new();
        let set = "\"data.source\" = \"synthetic\"\n\"parallel.shards\" = 2\n\"training.epochs\" = 100000";
        let keys = "base = \"two-layer\"\nprocesses_per_trial = 2";
        place.write("study.toml", &format!("{keys}\n[set]\n{set}\n[space]\nseed = [1]\n"));
        let mut command = place.command(&["sweep", "study.toml"]);
        in_a_container(&mut command);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let trial = || place.runs().into_iter().find(|path| path.join("metrics.jsonl").is_file());
        wait_until(|| trial().is_some());
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!((ran.code, &record(&trial().unwrap())["state"]), (130, &"interrupted".into()), "{ran:?}");
        assert!(!ran.stdout.contains("failed") && !ran.stderr.contains("error"), "{ran:?}");
    }

    #[test]
    fn under_slurm_a_trial_has_two_processes_and_who_cannot_meet_says_so() {
        let Some(cluster) = Cluster::start() else { return };
        let place = &cluster.place;
        let set = "[set]\n\"data.source\" = \"synthetic\"\n\"parallel.shards\" = 2\n\"training.epochs\" = 2";
        let keys = "base = \"linear\"\njobs = 1\nprocesses_per_trial = 2";
        place.write("study.toml", &format!("{keys}\n{set}\n[space]\nseed = [1, 2]\n"));
        let mut sweep = place.command(&["sweep", "study.toml", "--launcher", "slurm", "--partition", "main"]);
        in_a_container(&mut sweep);
        cluster.finished(sweep).ok();
        wait_until(|| cluster.tasks().is_empty());
        let said = fs::read_to_string(place.path().join("runs/study/slurm-1_1.txt")).unwrap();
        assert!(said.contains("\n2 finished, of 2 trials\n"), "{said}");
        let program = place.command(&["linear"]);
        let mut srun = Command::new("srun");
        srun.args(["--mpi=none", "--ntasks=2"]).arg(program.get_program()).arg("linear");
        in_the_same(&program, &mut srun);
        let ran = cluster.finished(srun);
        let [error] = errors(&ran)[..] else { panic!("{ran:?}") };
        let wanted = "error: srun has started 2 processes, and their MPI does not connect them: ";
        assert!(error.starts_with(wanted), "{error}");
        assert_eq!(ran.code, 2);
    }

    #[test]
    fn under_slurm_two_tasks_train_are_requeued_and_go_on() {
        let Some(cluster) = Cluster::start() else { return };
        let (place, whole) = (&cluster.place, Place::new());
        let plan =
            [&["two-layer"], SMALL, &["--set", "parallel.shards=2", "--set", "training.epochs=300"][..]].concat();
        whole.train(&plan).ok();
        let program = place.command(&[]).get_program().to_str().unwrap().to_owned();
        let train = format!("srun --mpi=pmix --ntasks=2 {program}");
        let run = "runs/two-layer/*/run.json";
        let script = format!(
            "#!/bin/sh\nif ls {run} > /dev/null 2>&1; then exec {train} --resume latest; fi\nexec {train} {}\n",
            plan.join(" ")
        );
        place.write("job.sh", &script);
        let sbatch =
            ["--requeue", "--ntasks=2", "--partition=main", "--output=job.txt", "--open-mode=append", "job.sh"];
        cluster.ask("sbatch", &sbatch);
        let said = || fs::read_to_string(place.path().join("job.txt")).unwrap_or_default();
        let epochs = |run: &Path| fs::read_to_string(run.join("metrics.jsonl")).map_or(0, |text| text.lines().count());
        wait_until(|| place.runs().first().is_some_and(|run| epochs(run) > 10) || said().contains("error"));
        cluster.ask("scontrol", &["requeue", "1"]);
        wait_until(|| cluster.tasks() == "1 PENDING\n");
        let before = record(&place.run());
        assert!(before["state"] == "interrupted" || before["state"] == "running", "{before}: {}", said());
        cluster.begin_now("1");
        wait_until(|| cluster.tasks().is_empty());
        assert_eq!(record(&place.run())["state"], "finished", "{}", said());
        assert!(said().contains("\nresume   after epoch "), "{}", said());
        assert!(model(&place.run()) == model(&whole.run()));
    }
}
