//! A config that is read once, for plans of many settings over it.

use super::{
    BuiltIn, Plan, chain, check, config::Config, error::PlanError, layer::Layer, merge::Merged, rules::RULES,
    setting::Setting,
};

/// A config with all that it extends: one plan is made of it, or, as of what a study's trials have in common, many.
#[derive(Clone, Debug)]
pub struct Template {
    base: Layer,
    layers: Vec<Layer>,
}

impl Template {
    /// Reads the files of a config.
    ///
    /// # Errors
    /// The file that cannot be read, or is no TOML.
    pub fn read(config: &Config) -> Result<Self, PlanError> {
        Ok(Self { base: Config::BuiltIn(BuiltIn::Base).layer(None)?, layers: chain::layers(config)? })
    }

    /// The plan with `settings` over the config, of which the last wins.
    ///
    /// # Errors
    /// Every unknown key and every wrong value at once.
    pub fn plan(&self, settings: &[Setting]) -> Result<Plan, PlanError> {
        let (merged, mut problems) = Merged::new(&self.base, &self.layers, settings);
        problems.extend(check::values(RULES, |key| merged.get(key)));
        if !problems.is_empty() {
            return Err(PlanError { problems });
        }
        let plan = merged.plan();
        match check::combinations(&plan, &merged) {
            problems if problems.is_empty() => Ok(plan),
            problems => Err(PlanError { problems }),
        }
    }
}
