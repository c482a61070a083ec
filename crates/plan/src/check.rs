//! The layers in one: each known key with its last value, that value against its rule, then the values against each other.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use task::Task;
use toml::{Table, Value};

use super::{
    Plan,
    choices::{Loss, SourceKind},
    error::Problem,
    known::Known,
    layer::{Layer, Setting},
    nearest::did_you_mean,
    rules::Rule,
};

/// Every key of the base with the value that won.
pub(super) struct Merged(BTreeMap<String, Setting>);

impl Merged {
    /// `base` under `layers` under `settings`, and what they hold that `base` does not know.
    pub fn new(base: &Layer, layers: &[Layer], settings: &[Setting]) -> (Merged, Vec<Problem>) {
        let known = Known(base);
        let mut problems: Vec<Problem> = layers.iter().flat_map(|layer| known.section_problems(layer)).collect();
        let mut merged: BTreeMap<_, _> = base.entries.iter().map(|entry| (entry.key.clone(), entry.clone())).collect();
        let written = layers.iter().flat_map(|layer| known.entries_in_known_sections(layer));
        for entry in written.cloned().chain(settings.iter().cloned()) {
            match merged.get_mut(&entry.key) {
                Some(value) => *value = entry,
                None => problems.push(known.key_problem(&entry)),
            }
        }
        (Merged(merged), problems)
    }

    /// The value that won; none for a key the base does not have.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.0.get(key)
    }

    /// The plan; every value has passed its rule.
    pub fn plan(&self) -> Plan {
        fields(self.0.values())
    }
}

/// A struct whose fields are keys, of values that have passed their rules.
pub(super) fn fields<'a, T: DeserializeOwned>(entries: impl IntoIterator<Item = &'a Setting>) -> T {
    let mut root = Table::new();
    for Setting { key, value, .. } in entries {
        let value = value.clone().expect("a value that passed its rule is one that TOML holds");
        match key.split_once('.') {
            None => root.insert(key.clone(), value),
            Some((section, key)) => section_of(&mut root, section).insert(key.to_string(), value),
        };
    }
    T::deserialize(root).expect("values that passed their rules fit the fields: tests hold the two together")
}

fn section_of<'a>(root: &'a mut Table, section: &str) -> &'a mut Table {
    let value = root.entry(section).or_insert_with(|| Value::Table(Table::new()));
    value.as_table_mut().expect("the base has no key with the name of a section")
}

/// The values that are of the wrong type or out of range, in the order of the rules.
pub(super) fn values<'a>(rules: &[(&str, Rule)], get: impl Fn(&str) -> Option<&'a Setting>) -> Vec<Problem> {
    let entries = rules.iter().filter_map(|(key, rule)| get(key).map(|entry| (rule, entry)));
    let wrong = entries.filter(|(rule, entry)| !entry.value.as_ref().is_some_and(|value| rule.allows(value)));
    wrong.map(|(rule, entry)| entry.refused(rule.to_string(), hint(rule, entry))).collect()
}

/// The values that are right by themselves and wrong together.
pub(super) fn combinations(plan: &Plan, merged: &Merged) -> Vec<Problem> {
    let keys = ["data.source", "data.path", "data.classes", "training.loss", "parallel.shards"];
    let [Some(source), Some(path), Some(classes), Some(loss), Some(shards)] = keys.map(|key| merged.get(key)) else {
        return Vec::new();
    };
    let wrong_path = path_problem(plan).map(|expected| {
        // A path that is missing is the fault of the source that needs it.
        let culprit = if plan.data.path.as_os_str().is_empty() { source } else { path };
        Setting { origin: culprit.origin.clone(), ..path.clone() }.refused(expected, "")
    });
    let wrong_classes = classes_problem(plan).map(|expected| classes.refused(expected, ""));
    let wrong_loss = loss_problem(plan).map(|expected| loss.refused(expected, ""));
    let batch = plan.training.batch_size;
    let wrong_shards = (plan.parallel.shards > batch)
        .then(|| shards.refused(format!("at most `training.batch_size`, {batch}: a shard has an image at least"), ""));
    wrong_path.into_iter().chain(wrong_classes).chain(wrong_loss).chain(wrong_shards).collect()
}

/// What `data.path` should be, if it is not.
fn path_problem(plan: &Plan) -> Option<String> {
    let (source, missing) = (plan.data.source, plan.data.path.as_os_str().is_empty());
    match (source.reads(), source) {
        (Some(what), _) => missing.then(|| format!("the {what} that data.source \"{source}\" reads")),
        (None, SourceKind::Auto) if !missing => {
            Some("\"\" with data.source \"auto\", or data.source archive, folder, csv, npz or idx".into())
        }
        (None, _) => None,
    }
}

/// What `data.classes` should be, if they are not.
fn classes_problem(plan: &Plan) -> Option<String> {
    let classes = plan.data.classes.known()?;
    let source = plan.data.source;
    let is_label = |class: &String| class.parse::<u16>().is_ok_and(|label| label.to_string() == *class);
    match source {
        SourceKind::Archive | SourceKind::Folder | SourceKind::Csv => None,
        // The data says which classes it has, before it is fetched.
        SourceKind::Mnist | SourceKind::FashionMnist | SourceKind::Kmnist | SourceKind::Cifar10 => None,
        SourceKind::Idx | SourceKind::Npz => {
            (!classes.iter().all(is_label)).then(|| format!("numbers from 0 on with data.source \"{source}\""))
        }
        SourceKind::Auto | SourceKind::MnistSample | SourceKind::Synthetic => {
            let are_the_two = classes.iter().all(|class| ["3", "7"].contains(&class.as_str()));
            (!are_the_two).then(|| format!("\"3\" and \"7\" with data.source \"{source}\""))
        }
    }
}

/// What `training.loss` should be, if the classes are known and it is not for them.
fn loss_problem(plan: &Plan) -> Option<String> {
    let is_soft = plan.training.label_smoothing > 0.0 || plan.augmentation.mixup > 0.0;
    if is_soft && matches!(plan.training.loss, Loss::Auto | Loss::MnistLoss) {
        return Some(
            "cross-entropy or mean-squared-error with label smoothing or mixup, whose targets are neither 0 nor 1"
                .into(),
        );
    }
    let task = Task::new(plan.data.classes.known()?.iter().cloned()).ok()?;
    (!plan.training.loss.is_for(&task)).then(|| "cross-entropy for more than two classes".into())
}

/// What was probably meant, or why the value is not what it looks like.
fn hint(rule: &Rule, entry: &Setting) -> String {
    let Some(value) = &entry.value else { return String::new() };
    match (rule, value) {
        (Rule::Word(words), Value::String(text)) => did_you_mean(text, words.iter().copied()),
        (Rule::Text | Rule::Path | Rule::FolderName | Rule::Custom(..), _) => {
            entry.quoted(|text| rule.allows(&Value::from(text)))
        }
        _ => rule
            .rounded_out(value)
            .map_or_else(String::new, |single| format!("; in f32, in which backends compute, it is {single}")),
    }
}

#[cfg(test)]
mod tests {
    use super::Merged;
    use crate::rules::{RULES, Rule};
    use crate::{BuiltIn, Config, Plan, Setting, layer::Layer};
    use toml::Value;

    fn set(settings: &[&str]) -> Result<Plan, String> {
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
        Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &settings).map_err(|error| error.to_string())
    }

    fn rejects(setting: &str, message: &str) {
        assert_eq!(set(&[setting]).unwrap_err(), format!("--set {setting}: {message}"));
    }

    fn rejects_line(line: &str, message: &str) {
        let base = Config::BuiltIn(BuiltIn::Base).layer(None).unwrap();
        let layer = Layer::parse("x.toml", line).unwrap();
        let (merged, unknown) = Merged::new(&base, &[layer], &[]);
        let problems: Vec<_> =
            unknown.into_iter().chain(super::values(RULES, |key| merged.get(key))).map(|it| it.to_string()).collect();
        assert_eq!(problems, [format!("x.toml:1: {message}")]);
    }

    #[test]
    fn every_key_of_the_base_has_a_rule_and_the_other_way_round() {
        let base = Config::BuiltIn(BuiltIn::Base).layer(None).unwrap();
        let keys: Vec<&str> = base.entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(RULES.iter().map(|(key, _)| *key).collect::<Vec<_>>(), keys);
    }

    #[test]
    fn rejects_integers_out_of_range() {
        rejects("training.epochs=0", "`training.epochs` is 0, expected an integer from 1 to 1000000");
        rejects("training.batch_size=0", "`training.batch_size` is 0, expected an integer from 1 to 1000000");
        rejects("model.hidden=0", "`model.hidden` is 0, expected an integer from 1 to 65536");
        rejects("threads=5000", "`threads` is 5000, expected an integer from 0 to 1024");
        rejects("seed=-1", "`seed` is -1, expected an integer from 0 to 9223372036854775807");
        let message = "`seed` is 9_223_372_036_854_775_808, expected an integer from 0 to 9223372036854775807";
        rejects_line("seed = 9_223_372_036_854_775_808", message);
    }

    #[test]
    fn rejects_learning_rates_that_are_no_positive_number() {
        for rate in ["nan", "inf", "-inf", "-0.1", "0.0"] {
            let message = format!("`optimizer.learning_rate` is {rate}, expected a number above 0 and at most 1e38");
            rejects(&format!("optimizer.learning_rate={rate}"), &message);
            rejects_line(&format!("optimizer.learning_rate = {rate}"), &message);
        }
        let message = "`optimizer.learning_rate` is 1e999, expected a number above 0 and at most 1e38";
        rejects_line("optimizer.learning_rate = 1e999", message);
    }

    #[test]
    fn rejects_fractions_out_of_range() {
        let below_one = "expected a number at least 0 and below 1";
        rejects("optimizer.momentum=1.0", &format!("`optimizer.momentum` is 1.0, {below_one}"));
        rejects("optimizer.beta_1=-0.5", &format!("`optimizer.beta_1` is -0.5, {below_one}"));
        rejects("optimizer.beta_2=2", &format!("`optimizer.beta_2` is 2, {below_one}"));
        let message = "`schedule.pct_start` is 1.0, expected a number above 0 and below 1";
        rejects("schedule.pct_start=1.0", message);
        let message = "`schedule.momentums` is [0.9, 1.0], expected three numbers, each at least 0 and below 1";
        rejects("schedule.momentums=[0.9, 1.0]", message);
        let message = "`optimizer.epsilon` is 0.0, expected a number at least 1e-37 and at most 1";
        rejects("optimizer.epsilon=0.0", message);
    }

    #[test]
    fn rejects_numbers_that_f32_rounds_out_of_their_range() {
        let below_one = "expected a number at least 0 and below 1; in f32, in which backends compute, it is 1";
        for key in ["optimizer.beta_1", "optimizer.beta_2", "optimizer.momentum"] {
            rejects(&format!("{key}=0.99999999"), &format!("`{key}` is 0.99999999, {below_one}"));
            // The largest f32 below 1 is 1 - 2^-24.
            assert!(set(&[&format!("{key}=0.9999999")]).is_ok(), "{key}");
        }
        let each = "expected three numbers, each at least 0 and below 1; in f32, in which backends compute, it is 1";
        let momentums = "schedule.momentums=[0.9, 0.99999999, 0.9]";
        rejects(momentums, &format!("`schedule.momentums` is [0.9, 0.99999999, 0.9], {each}"));
        let rate = "`optimizer.learning_rate` is 1e-50, expected a number above 0 and at most 1e38; \
            in f32, in which backends compute, it is 0";
        rejects_line("optimizer.learning_rate = 1e-50", rate);
        // The bounds themselves are no f32; pct_start is never one.
        assert!(set(&["optimizer.epsilon=1e-37", "training.clip_norm=1e38", "schedule.pct_start=0.99999999"]).is_ok());
    }

    #[test]
    fn a_number_in_place_of_a_text_can_be_quoted() {
        let name = "a string, a folder name of letters, digits, `-`, `_` and `.`; for the text, quote it:";
        rejects("name=1_1_1", &format!("`name` is 1_1_1, expected {name} --set 'name=\"1_1_1\"'"));
        rejects_line("name = 1_1_1", &format!("`name` is 1_1_1, expected {name} \"1_1_1\""));
        let path = "expected a string; for the text, quote it: --set 'data.path=\"2024_11\"'";
        rejects("data.path=2024_11", &format!("`data.path` is 2024_11, {path}"));
        let quoted = set(&["name=\"1_1_1\"", "data.source=folder", "data.path=\"2024_11\""]).unwrap();
        assert_eq!((quoted.name.as_str(), quoted.data.path.to_str()), ("1_1_1", Some("2024_11")));
    }

    #[test]
    fn rejects_wrong_types() {
        let message = "`training.epochs` is \"ten\", expected an integer from 1 to 1000000";
        rejects_line("training.epochs = \"ten\"", message);
        rejects_line("training.epochs = 40.0", "`training.epochs` is 40.0, expected an integer from 1 to 1000000");
        rejects_line("training.log_steps = 1", "`training.log_steps` is 1, expected true or false");
        let message = "`data.cache` is false, expected a string; for the text, quote it: \"false\"";
        rejects_line("data.cache = false", message);
        rejects_line("[model.kind]", "`model.kind` is a table, expected linear, two-layer, resnet or simple-cnn");
        rejects("runs=", "`runs` is \"\", expected a string, not empty");
    }

    #[test]
    fn rejects_unknown_words_with_the_choices() {
        let message =
            "`schedule.kind` is \"onecycle\", expected constant, cosine or one-cycle; did you mean `one-cycle`?";
        rejects("schedule.kind=onecycle", message);
        rejects("optimizer.kind=lion", "`optimizer.kind` is \"lion\", expected sgd, adam or adamw");
    }

    #[test]
    fn rejects_names_that_leave_the_runs_folder() {
        for name in ["../x", "a/b", "", ".hidden", "a b", "-x"] {
            let expected = "expected a string, a folder name of letters, digits, `-`, `_` and `.`";
            rejects(&format!("name='{name}'"), &format!("`name` is {}, {expected}", Value::from(name)));
        }
        assert_eq!(set(&["name=größe_30.v2"]).unwrap().name, "größe_30.v2");
    }

    #[test]
    fn rejects_classes_that_are_no_different_folders() {
        for classes in [r#"["3", "3"]"#, r#"["3"]"#, "[3, 7]", "\"all\"", "[]", r#"["3", ".."]"#, r#"["3", "a/b"]"#] {
            let expected = "expected \"auto\", or two or more different strings, folder names such as [\"3\", \"7\"]";
            rejects(&format!("data.classes={classes}"), &format!("`data.classes` is {classes}, {expected}"));
        }
    }

    #[test]
    fn rejects_a_source_without_its_path() {
        rejects("data.source=archive", "`data.path` is \"\", expected the .tgz that data.source \"archive\" reads");
        rejects("data.source=folder", "`data.path` is \"\", expected the folder that data.source \"folder\" reads");
        let message = "`data.path` is \"\", expected the folder of the four files that data.source \"idx\" reads";
        rejects("data.source=idx", message);
        assert!(set(&["data.source=archive", "data.path=x.tgz"]).is_ok());
    }

    #[test]
    fn rejects_a_path_that_nothing_would_read() {
        let expected = "\"\" with data.source \"auto\", or data.source archive, folder, csv, npz or idx";
        rejects("data.path=x.tgz", &format!("`data.path` is \"x.tgz\", expected {expected}"));
        assert!(set(&["data.path=x.tgz", "data.source=synthetic"]).is_ok());
    }

    #[test]
    fn rejects_classes_that_the_source_cannot_have() {
        let cats = "data.classes=[\"cat\", \"dog\"]";
        rejects(cats, "`data.classes` is [\"cat\", \"dog\"], expected \"3\" and \"7\" with data.source \"auto\"");
        let idx = set(&["data.source=idx", "data.path=x", cats]).unwrap_err();
        assert!(idx.ends_with("expected numbers from 0 on with data.source \"idx\""), "{idx}");
        assert!(set(&["data.source=folder", "data.path=x", cats]).is_ok());
        assert!(set(&["data.classes=[\"7\", \"3\"]"]).is_ok());
        assert!(set(&["data.source=idx", "data.path=x", "data.classes=auto"]).is_ok());
    }

    #[test]
    fn rejects_more_shards_than_a_batch_has_images() {
        rejects("parallel.shards=0", "`parallel.shards` is 0, expected an integer from 1 to 65536");
        let error = set(&["training.batch_size=4", "parallel.shards=5"]).unwrap_err();
        let expected =
            "`parallel.shards` is 5, expected at most `training.batch_size`, 4: a shard has an image at least";
        assert_eq!(error, format!("--set parallel.shards=5: {expected}"));
        assert!(set(&["training.batch_size=4", "parallel.shards=4"]).is_ok());
    }

    #[test]
    fn rejects_a_loss_that_the_classes_cannot_have() {
        let many = ["data.source=folder", "data.path=x", "data.classes=[\"a\", \"b\", \"c\"]"];
        assert!(set(&[&many[..], &["training.loss=cross-entropy"]].concat()).is_ok());
        assert!(set(&["augmentation.mixup=0.2", "training.loss=cross-entropy"]).is_ok());
        let soft = set(&["training.label_smoothing=0.1"]).unwrap_err();
        assert!(
            soft.contains("`training.loss` is \"mnist-loss\", expected cross-entropy or mean-squared-error"),
            "{soft}"
        );
        let error = set(&[&many[..], &["training.loss=binary-cross-entropy"]].concat()).unwrap_err();
        let message = "`training.loss` is \"binary-cross-entropy\", expected cross-entropy for more than two classes";
        assert!(error.ends_with(message), "{error}");
    }

    /// The least, the greatest and every named value of a rule.
    fn extremes(rule: &Rule) -> Vec<Value> {
        match rule {
            Rule::Flag => vec![Value::from(true), Value::from(false)],
            Rule::Text => vec![Value::from("")],
            Rule::Path | Rule::FolderName => vec![Value::from("x")],
            Rule::Classes => vec![Value::from(vec!["3", "7"]), Value::from(vec!["a", "b", "c"]), Value::from("auto")],
            Rule::Channels => vec![Value::from("auto"), Value::from(1), Value::from(3)],
            Rule::Size(most) => vec![Value::from("auto"), Value::from(*most), Value::from(vec![1, *most])],
            Rule::Stages(most) => vec![Value::from(vec![1]), Value::from(vec![*most; 6])],
            Rule::Weights => {
                vec![Value::from("none"), Value::from("balanced"), Value::from(vec![0.5, 2.0]), Value::from(vec![1, 2])]
            }
            Rule::Word(words) => words.iter().map(|word| Value::from(*word)).collect(),
            Rule::Integer(min, max) => vec![Value::from(*min), Value::from(*max)],
            Rule::AtLeast(min) => vec![Value::from(*min), Value::from(i64::MAX)],
            Rule::Custom(..) => Vec::new(),
            Rule::Number(..) | Rule::F32(..) => {
                [0.0, 1.0, 1e38, 0.5].map(Value::from).into_iter().chain([Value::from(1)]).collect()
            }
            Rule::ThreeF32(..) => vec![Value::from(vec![0.0, 0.5, 0.9]), Value::from(vec![0, 0, 0])],
        }
    }

    #[test]
    fn whatever_a_rule_allows_fits_its_field() {
        let base = Config::BuiltIn(BuiltIn::Base).layer(None).unwrap();
        for (key, rule) in RULES {
            for value in extremes(rule).into_iter().filter(|value| rule.allows(value)) {
                let (merged, unknown) = Merged::new(&base, &[], &[Setting::flag("", key, value)]);
                assert!(unknown.is_empty() && super::values(RULES, |key| merged.get(key)).is_empty(), "{key}");
                merged.plan();
            }
        }
    }
}
