//! Random plans: a run's settings, a study's file.

use rand::{Rng as _, RngExt as _, rngs::ChaCha8Rng, seq::IndexedRandom as _};

pub enum Plan {
    /// The arguments of `train`.
    Run(Vec<String>),
    /// The text of a study file.
    Study(String),
}

impl Plan {
    pub fn random(random: &mut ChaCha8Rng) -> Self {
        if random.random_bool(0.6) {
            let backend = *["flex", "ndarray"].choose(random).unwrap();
            let set = settings(random).into_iter().flat_map(|(key, value)| ["--set".into(), format!("{key}={value}")]);
            return Self::Run(["--backend".to_owned(), backend.to_owned()].into_iter().chain(set).collect());
        }
        Self::Study(study(random))
    }

    pub fn is_study(&self) -> bool {
        matches!(self, Self::Study(_))
    }
}

/// Keys and values of a plan.
fn settings(random: &mut ChaCha8Rng) -> Vec<(&'static str, String)> {
    let mut settings = Vec::new();
    let mut set = |key, value: String| settings.push((key, value));
    let mut one = |values: &[&str]| (*values.choose(random).unwrap()).to_owned();
    let model = one(&["\"linear\"", "\"two-layer\"", "\"two-layer\"", "\"resnet\""]);
    // Convolutions take their time: few images.
    let is_small = model == "\"resnet\"";
    set("model.kind", model);
    set("model.hidden", one(&["3", "30", "200"]));
    set("model.channels", one(&["1", "2"]));
    set("data.source", "\"synthetic\"".into());
    set("data.synthetic_train", if is_small { one(&["60", "97"]) } else { one(&["600", "601", "1500"]) });
    set("data.synthetic_valid", if is_small { "40".into() } else { one(&["200", "77"]) });
    set("data.workers", one(&["0", "2"]));
    set("training.batch_size", if is_small { one(&["16", "30"]) } else { one(&["32", "64", "200"]) });
    set("training.epochs", one(&["2", "4", "7"]));
    set("training.loss", one(&["\"mnist-loss\"", "\"binary-cross-entropy\"", "\"mean-squared-error\""]));
    set("training.accumulate", one(&["1", "1", "3"]));
    set("training.clip_norm", one(&["0.0", "0.1", "2.0"]));
    set("training.monitor", one(&["\"valid_loss\"", "\"accuracy\"", "\"recall\""]));
    set("training.log_steps", one(&["true", "false"]));
    let optimizer = one(&["\"sgd\"", "\"adam\"", "\"adamw\""]);
    let rates: &[&str] = if optimizer == "\"sgd\"" { &["0.01", "0.1", "0.5"] } else { &["0.001", "0.003", "0.01"] };
    set("optimizer.learning_rate", one(rates));
    set("optimizer.kind", optimizer);
    set("optimizer.momentum", one(&["0.0", "0.9"]));
    set("optimizer.weight_decay", one(&["0.0", "0.01"]));
    set("schedule.kind", one(&["\"constant\"", "\"cosine\"", "\"one-cycle\""]));
    set("augmentation.degrees", one(&["0.0", "0.0", "10.0"]));
    set("augmentation.translate", one(&["0.0", "0.1"]));
    set("early_stopping.patience", one(&["0", "0", "1", "2"]));
    set("checkpoint.keep_last", one(&["1", "2", "3"]));
    set("checkpoint.every_steps", one(&["0", "0", "1", "3"]));
    set("tensorboard", one(&["false", "false", "true"]));
    let seed = random.next_u32();
    settings.push(("seed", seed.to_string()));
    settings
}

/// One job at a time: what a search proposes to several depends on which is done first.
fn study(random: &mut ChaCha8Rng) -> String {
    let set = settings(random)
        .into_iter()
        .filter(|(key, _)| !["optimizer.learning_rate", "model.hidden", "seed"].contains(key));
    let set: String = set.map(|(key, value)| format!("{key:?} = {value}\n")).collect();
    let search = *["grid", "random", "tpe"].choose(random).unwrap();
    let range = "\"optimizer.learning_rate\" = { log_uniform = [0.001, 0.3] }\n\"model.hidden\" = { int = [2, 60] }";
    let list = "\"optimizer.learning_rate\" = [0.003, 0.03, 0.3]\n\"model.hidden\" = [3, 50]";
    let (space, trials) = match search {
        "grid" => (list, String::new()),
        _ => (range, format!("trials = {}\n", random.random_range(3..9))),
    };
    let prune = [
        "",
        "[prune]\nkind = \"asha\"\nmin_epochs = 1\nreduction_factor = 2\n",
        "[prune]\nkind = \"median\"\nstartup_trials = 2\n",
    ];
    let prune = prune.choose(random).unwrap();
    let repeat = ["", "", "repeat = 2\n"].choose(random).unwrap();
    let (metric, seed) = (["valid.loss", "valid.accuracy"].choose(random).unwrap(), random.random_range(0..1000));
    let backend = ["flex", "ndarray"].choose(random).unwrap();
    // A trial that was killed counts as failed; of these there are many.
    format!(
        "base = \"two-layer\"\nsearch = \"{search}\"\n{trials}{repeat}metric = \"{metric}\"\nseed = {seed}\njobs = 1\nretries = 100000\n\
         backend = \"{backend}\"\n[set]\n{set}[space]\n{space}\n{prune}"
    )
}
