//! From what the plan asks for to a backend and a device of it.

use plan::BackendChoice;

use crate::backend::{self, BackendError, Device, Kind};

/// A backend with the device to use, and why it is this one.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Compiled in, with a device.
    pub kind: Kind,
    /// Its place in [`backend::devices`], as `--device` takes it.
    pub index: usize,
    /// As the driver names it.
    pub device: Device,
    /// Why this one, in the words of the first line of a run.
    pub reason: String,
}

/// The backend asked for, or of `auto` the fastest compiled-in one that has a device.
///
/// # Errors
/// Where it is not compiled in, has no device, or not this one. Nothing else is taken in its place.
pub fn choose(choice: BackendChoice, index: usize) -> Result<Chosen, BackendError> {
    match Kind::asked(choice) {
        Some(kind) => take(kind, index, "as the plan says".into()),
        None => fastest(index),
    }
}

/// The same for one of several processes of a machine: where the backend has several devices, from `first` on in turn.
///
/// # Errors
/// As [`choose`].
pub fn choose_in_turn(choice: BackendChoice, first: usize, index: usize) -> Result<Chosen, BackendError> {
    let chosen = choose(choice, first)?;
    let count = backend::devices(chosen.kind)?.len();
    if index % count == first { Ok(chosen) } else { choose(chosen.kind.choice(), index % count) }
}

/// Accelerators first, then CPU backends, then drivers that only play an accelerator on the CPU.
fn fastest(index: usize) -> Result<Chosen, BackendError> {
    let mut passed = Vec::new();
    for kind in Kind::BY_SPEED.into_iter().filter(|kind| kind.is_compiled_in()) {
        match backend::devices(kind) {
            Ok(devices) if devices.iter().all(|device| device.is_software) => {
                passed.push(format!("{kind} has only a software adapter"));
            }
            Ok(_) => return take(kind, index, reason(&passed)),
            Err(_) => passed.push(format!("{kind} has no device")),
        }
    }
    let kind = Kind::BY_SPEED.into_iter().find(|kind| kind.is_compiled_in()).unwrap_or(Kind::Flex);
    take(kind, index, "the only one".into())
}

fn reason(passed: &[String]) -> String {
    let chosen = "the fastest one compiled in that has a device";
    if passed.is_empty() { chosen.into() } else { format!("{chosen}; {}", passed.join(", ")) }
}

fn take(kind: Kind, index: usize, reason: String) -> Result<Chosen, BackendError> {
    let available = backend::devices(kind)?;
    match available.get(index) {
        Some(device) => Ok(Chosen { kind, index, device: device.clone(), reason }),
        None => Err(BackendError::NoSuchDevice { kind, index, available }),
    }
}
