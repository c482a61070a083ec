//! What can be typed to make a plan.

use std::path::PathBuf;

use clap::Args;
use files::{for_shell, quoted};
use plan::{Config, Plan, PlanError, Setting};

#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// A TOML file, or the name of one in configs/: base, linear, two-layer, resnet, resnet-augmented, mnist-linear,
    /// mnist-two-layer, mnist-simple-cnn, mnist, mnist-augmented, mnist-best, cifar-10, cifar-10-best, folder. `train configs` says what each is.
    pub config: Option<PathBuf>,
    /// Change one key, as often as wanted.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub backend: BackendArgs,
}

#[derive(Clone, Debug, Args)]
pub struct BackendArgs {
    /// The backend; `train backends` lists them.
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// The device's number in that list.
    #[arg(long, value_name = "N")]
    pub device: Option<usize>,
}

impl PlanArgs {
    /// The config these arguments name.
    pub fn config(&self) -> Config {
        self.config.as_deref().map(Config::find).unwrap_or_default()
    }

    /// `--set` first, then the flags.
    pub fn settings(&self) -> Result<Vec<Setting>, PlanError> {
        let mut settings = self.set.iter().map(|set| Setting::parse(set)).collect::<Result<Vec<_>, _>>()?;
        settings.extend(self.backend.settings());
        Ok(settings)
    }

    /// Config and settings as they are typed behind a command, each after a space.
    pub fn typed(&self) -> String {
        let config = self.config.iter().map(|config| format!(" {}", quoted(config)));
        config.chain(self.set.iter().map(|set| format!(" --set {}", for_shell(set)))).collect()
    }

    pub fn resolve(&self) -> Result<Plan, PlanError> {
        Plan::resolve(&self.config(), &self.settings()?)
    }
}

impl BackendArgs {
    /// The flags that are given, as settings of the plan.
    pub fn settings(&self) -> Vec<Setting> {
        let backend =
            self.backend.as_ref().map(|name| Setting::flag(format!("--backend {name}"), "backend", name.clone()));
        let device =
            self.device.map(|n| Setting::flag(format!("--device {n}"), "device", n.min(i64::MAX as usize) as i64));
        backend.into_iter().chain(device).collect()
    }
}
