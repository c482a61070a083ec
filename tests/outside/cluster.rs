//! A Slurm of this machine alone: its own daemons, on ports of their own, with all that they keep below a test's folder.

use std::{
    env,
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::harness::{Place, Ran, skip, wait_until};

/// A cluster of one node with four cores, and a folder to run the program in.
pub struct Cluster {
    pub place: Place,
    daemons: Vec<Child>,
}

/// Slurm and munge, by which its parts trust each other.
const DAEMONS: [&str; 3] = ["munged", "slurmctld", "slurmd"];

/// The daemon of this name; on some systems their folder is on the PATH of root alone.
fn daemon(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(["/usr/sbin".into()]).map(|folder| folder.join(name)).find(|file| file.is_file())
}

impl Cluster {
    /// Starts one, where Slurm is installed; says so where not.
    pub fn start() -> Option<Self> {
        let [munged, slurmctld, slurmd] = DAEMONS.map(daemon);
        let (Some(munged), Some(slurmctld), Some(slurmd)) = (munged, slurmctld, slurmd) else {
            skip("there is no Slurm (Debian: slurm-wlm)");
            return None;
        };
        let mut cluster = Self { place: Place::new(), daemons: Vec::new() };
        let folder = cluster.folder();
        fs::create_dir_all(folder.join("munge")).unwrap();
        fs::write(folder.join("munge/key"), "the key of a test, which keeps nobody out".repeat(2)).unwrap();
        fs::write(folder.join("slurm.conf"), config(&folder)).unwrap();
        Command::new("chmod").args(["-R", "go=", folder.to_str().unwrap()]).status().unwrap();
        let munge = ["key-file=munge/key", "socket=munge/socket", "pid-file=munge/pid", "log-file=munge/log"];
        let munge = munge.iter().chain(&["seed-file=munge/seed", "force", "foreground"]);
        cluster.run(
            munged,
            munge.map(|option| match option.split_once('=') {
                Some((name, file)) => format!("--{name}={}", folder.join(file).display()),
                None => format!("--{option}"),
            }),
        );
        wait_until(|| folder.join("munge/socket").exists());
        cluster.run(slurmctld, ["-D".to_owned(), "-i".to_owned()]);
        cluster.run(slurmd, ["-D".to_owned()]);
        wait_until(|| cluster.ask("sinfo", &["--noheader", "--format=%T"]) == "idle\n");
        Some(cluster)
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join("slurm")
    }

    fn run(&mut self, daemon: PathBuf, arguments: impl IntoIterator<Item = String>) {
        let said = File::create(self.folder().join(daemon.file_name().unwrap()).with_extension("out")).unwrap();
        let mut command = self.with_config(Command::new(daemon));
        command.args(arguments).stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
        self.daemons.push(command.spawn().unwrap());
    }

    fn with_config(&self, mut command: Command) -> Command {
        command.env("SLURM_CONF", self.folder().join("slurm.conf")).current_dir(self.place.path());
        command
    }

    /// What a command of Slurm prints.
    pub fn ask(&self, command: &str, arguments: &[&str]) -> String {
        let ran = self.with_config(Command::new(command)).args(arguments).output().unwrap();
        String::from_utf8(ran.stdout).unwrap()
    }

    /// Runs the program on the cluster's machine.
    pub fn train(&self, arguments: &[&str]) -> Ran {
        self.finished(self.place.command(arguments))
    }

    /// Runs any command there.
    pub fn finished(&self, command: Command) -> Ran {
        Ran::from(self.with_config(command).output().unwrap())
    }

    /// The states of the tasks that there are, such as `1_1 RUNNING`. Takes a moment: who waits asks again and again.
    pub fn tasks(&self) -> String {
        thread::sleep(Duration::from_millis(100));
        self.ask("squeue", &["--noheader", "--array", "--format=%i %T", "--sort=i"])
    }

    /// Lets a task that was requeued begin now; Slurm waits two minutes by itself.
    pub fn begin_now(&self, task: &str) {
        wait_until(|| self.tasks().contains(&format!("{task} PENDING")));
        self.ask("scontrol", &["update", &format!("JobId={task}"), "StartTime=now"]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ =
            self.with_config(Command::new("scancel")).args(["--signal=KILL", "--full", "--partition=main"]).status();
        // Slurm goes before munge, by which it talks.
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn config(folder: &Path) -> String {
    let host = Command::new("hostname").arg("-s").output().unwrap();
    let user = Command::new("id").arg("-un").output().unwrap();
    let [host, user] = [host, user].map(|ran| String::from_utf8(ran.stdout).unwrap().trim().to_owned());
    // Free now, and held by nobody for a moment.
    let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap()).map(|at| at.local_addr().unwrap().port());
    let folder = folder.display();
    format!(
        "\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={}
SlurmdPort={}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES State=UP
PartitionName=closed Nodes={host} State=DOWN
",
        ports[0], ports[1]
    )
}
