//! What is wrong with a key or section that `base.toml` does not have, and which one was likely meant.

use super::{
    error::{Origin, Problem},
    layer::Layer,
    layer::Setting,
    nearest::{did_you_mean, nearest, suggestion},
};

/// The keys and sections there are: those of the base.
pub(super) struct Known<'a>(pub &'a Layer);

impl<'a> Known<'a> {
    /// Each unknown section of `layer`, reported once and not by key.
    pub fn section_problems(&self, layer: &Layer) -> Vec<Problem> {
        let unknown = layer.sections.iter().filter(|(name, _)| !self.has_table(name));
        unknown
            .map(|(name, origin)| Problem::UnknownSection {
                origin: origin.clone(),
                section: name.clone(),
                hint: self.section_hint(name),
            })
            .collect()
    }

    /// The entries of `layer` but for those of sections already reported.
    pub fn entries_in_known_sections<'b>(&self, layer: &'b Layer) -> impl Iterator<Item = &'b Setting> {
        layer.entries.iter().filter(|entry| split(&entry.key).0.is_none_or(|section| self.has_table(section)))
    }

    /// What to say of an entry whose key is not in the base.
    pub fn key_problem(&self, entry: &Setting) -> Problem {
        let Setting { key, text, origin, .. } = entry.clone();
        let scalar = split(&key).0.and_then(|name| self.0.entries.iter().find(|known| known.key == name));
        if let Some(known) = scalar {
            let expected = format!("no section but a value, such as {}", known.text);
            return Problem::Value {
                origin,
                key: known.key.clone(),
                found: "a section".into(),
                expected,
                hint: String::new(),
            };
        }
        if self.has_section(&key) {
            let expected = format!("a section with {}", self.keys_of(Some(&key)));
            let hint = entry.value.as_ref().and_then(toml::Value::as_table).map_or_else(String::new, in_quotes(&key));
            return Problem::Value { origin, key, found: text, expected, hint };
        }
        let mut hint = self.key_hint(&key);
        if key == "extends" {
            hint = "; only a config extends another, and a study names its `base`".into();
        } else if matches!(origin, Origin::Line { .. }) && nearest(&key, ["extends"]).is_some() {
            hint = suggestion("extends");
        }
        Problem::UnknownKey { origin, hint, key }
    }

    /// The same name in another section, else the nearest beside it (of all, if there is no such section), else the list.
    fn key_hint(&self, key: &str) -> String {
        let (section, name) = split(key);
        let elsewhere = self.keys().find(|known| split(known).1 == name);
        let beside = self.keys().filter(|known| split(known).0 == section).map(|known| split(known).1);
        let beside = nearest(name, beside).and_then(|near| self.keys().find(|known| split(known) == (section, near)));
        let of_all = || nearest(key, self.keys()).filter(|_| section.is_some_and(|section| !self.has_section(section)));
        elsewhere.or(beside).or_else(of_all).map_or_else(|| self.list_hint(section), suggestion)
    }

    fn list_hint(&self, section: Option<&str>) -> String {
        match section {
            Some(name) if self.has_section(name) => format!("; [{name}] has {}", self.keys_of(section)),
            Some(_) => self.sections_hint(),
            None => format!("; there are {} and the sections {}", self.keys_of(None), self.sections()),
        }
    }

    fn section_hint(&self, name: &str) -> String {
        let near = did_you_mean(name, self.0.sections.iter().map(|(known, _)| known.as_str()));
        if near.is_empty() { self.sections_hint() } else { near }
    }

    fn sections_hint(&self) -> String {
        format!("; the sections are {}", self.sections())
    }

    fn sections(&self) -> String {
        self.0.sections.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn keys_of(&self, section: Option<&str>) -> String {
        let keys = self.keys().map(split).filter(|(of, _)| *of == section);
        keys.map(|(_, name)| name).collect::<Vec<_>>().join(", ")
    }

    fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.0.entries.iter().map(|entry| entry.key.as_str())
    }

    fn has_section(&self, name: &str) -> bool {
        self.0.sections.iter().any(|(known, _)| known == name)
    }

    /// Whether a table of this name has its problems reported by key: a section, or a key that is no section.
    fn has_table(&self, name: &str) -> bool {
        self.has_section(name) || self.keys().any(|key| key == name)
    }
}

/// A study's `[set]` wrote a dotted key without quotes, which is a table of TOML.
fn in_quotes(section: &str) -> impl FnOnce(&toml::Table) -> String {
    move |table| {
        let key = table.keys().next().map_or("", String::as_str);
        format!("; a dotted key of a plan is one key in quotes: \"{section}.{key}\"")
    }
}

/// A dotted key as section and name.
fn split(key: &str) -> (Option<&str>, &str) {
    key.split_once('.').map_or((None, key), |(section, name)| (Some(section), name))
}

#[cfg(test)]
mod tests {
    use crate::check::Merged;
    use crate::{BuiltIn, Config, Setting, layer::Layer};

    fn problems(text: &str, settings: &[&str]) -> Vec<String> {
        let base = Config::BuiltIn(BuiltIn::Base).layer(None).unwrap();
        let layer = Layer::parse("x.toml", text).unwrap();
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
        let (_, problems) = Merged::new(&base, &[layer], &settings);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_unknown_key_names_file_line_and_the_nearest() {
        let message = "x.toml:3: unknown key `training.epoch`; did you mean `training.epochs`?";
        assert_eq!(problems("seed = 1\n[training]\nepoch = 3", &[]), [message]);
        assert_eq!(problems("sede = 1", &[]), ["x.toml:1: unknown key `sede`; did you mean `seed`?"]);
        assert_eq!(problems("extend = \"a\"", &[]), ["x.toml:1: unknown key `extend`; did you mean `extends`?"]);
    }

    #[test]
    fn a_key_in_the_wrong_section_names_the_right_one() {
        let message = "x.toml:2: unknown key `training.learning_rate`; did you mean `optimizer.learning_rate`?";
        assert_eq!(problems("[training]\nlearning_rate = 1", &[]), [message]);
        let message = "--set epochs=3: unknown key `epochs`; did you mean `training.epochs`?";
        assert_eq!(problems("", &["epochs=3"]), [message]);
        let message = "--set trainin.epochs=3: unknown key `trainin.epochs`; did you mean `training.epochs`?";
        assert_eq!(problems("", &["trainin.epochs=3"]), [message]);
    }

    #[test]
    fn an_unknown_key_without_a_near_one_lists_those_there_are() {
        let message = "x.toml:2: unknown key `early_stopping.rounds`; [early_stopping] has patience, min_delta";
        assert_eq!(problems("[early_stopping]\nrounds = 1", &[]), [message]);
        let message = "--set optimizer.lr=1: unknown key `optimizer.lr`; [optimizer] has \
            kind, learning_rate, momentum, weight_decay, beta_1, beta_2, epsilon";
        assert_eq!(problems("", &["optimizer.lr=1"]), [message]);
        let sections = "data, model, augmentation, training, optimizer, schedule, early_stopping, checkpoint, parallel";
        let message = format!(
            "x.toml:1: unknown key `warmth`; there are name, runs, seed, backend, device, threads, tensorboard and the sections {sections}"
        );
        assert_eq!(problems("warmth = 1", &[]), [message]);
        let message = format!("--set a.b=1: unknown key `a.b`; the sections are {sections}");
        assert_eq!(problems("", &["a.b=1"]), [message]);
    }

    #[test]
    fn an_unknown_section_is_one_problem() {
        let message = "x.toml:1: unknown section `optimiser`; did you mean `optimizer`?";
        assert_eq!(problems("[optimiser]\nkind = \"adam\"\nlr = 1", &[]), [message]);
        let message = "x.toml:1: unknown section `x`; the sections are \
            data, model, augmentation, training, optimizer, schedule, early_stopping, checkpoint, parallel";
        assert_eq!(problems("[x]", &[]), [message]);
    }

    #[test]
    fn a_value_in_place_of_a_section_and_a_section_in_place_of_a_value() {
        let message = "x.toml:1: `model` is 3, expected a section with kind, hidden, channels, blocks, dropout";
        assert_eq!(problems("model = 3", &[]), [message]);
        let message = "x.toml:2: `seed` is a section, expected no section but a value, such as 0";
        assert_eq!(problems("[seed]\nx = 1", &[]), [message]);
        let message = "--set model=linear: `model` is \"linear\", expected a section with kind, hidden, channels, blocks, dropout";
        assert_eq!(problems("", &["model=linear"]), [message]);
    }
}
