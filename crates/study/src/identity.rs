//! What makes two trials the same run: all that decides the result, hashed.

use plan::Plan;
use run::record::Versions;
use sha2::{Digest as _, Sha256};

/// Hexadecimal digits of an identity: 48 bits, so that among ten thousand trials two meet once in five million studies.
const DIGITS: usize = 12;

/// What a result depends on, hashed: the plan but for what only says where and how long, the data, the program's version.
pub fn identity(plan: &Plan, fingerprint: &str) -> String {
    hashed(&plan.identity(), fingerprint)
}

/// What the results of all trials of a study depend on, hashed: without the keys that they differ in, and without the backend,
/// whose `auto` comes to something only where a driver works. What is to be read stands for the data, which nobody has read.
pub fn in_common<'a>(plan: &Plan, keys: impl Iterator<Item = &'a str>) -> String {
    hashed(&plan.identity_without(keys.chain(["backend"])), &plan.reads())
}

fn hashed(plan: &str, fingerprint: &str) -> String {
    let Versions { train, burn } = Versions::default();
    let text = format!("{plan}\n{fingerprint}\n{train}\n{burn}\n");
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..DIGITS].to_owned()
}
