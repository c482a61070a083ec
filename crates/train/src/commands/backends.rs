//! `train backends`: what there is to compute with.

use chart::Table;
use train::backend::{self, BackendError, Kind};

use crate::terminal::{Out, table};

/// Prints all known backends.
pub fn run() -> anyhow::Result<()> {
    let mut rows = Table::new(["backend", "state", "devices"], usize::MAX);
    for kind in Kind::ALL {
        let (state, devices) = match backend::devices(kind) {
            Ok(devices) => {
                let names = devices.iter().enumerate().map(|(index, device)| format!("{index}: {}", device.name));
                ("works", names.collect::<Vec<_>>().join("\n"))
            }
            Err(BackendError::NotCompiledIn { kind }) => ("not compiled in", kind.cargo_command()),
            Err(error) => ("no device", error.to_string()),
        };
        rows.add_row([kind.name(), state, devices.as_str()]);
    }
    Ok(write!(Out, "{}", table(&rows))?)
}
