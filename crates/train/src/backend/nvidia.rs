//! NVIDIA's driver: whether it is there, and its GPUs by name.

use cudarc::driver::{
    result::{self, DriverError, device},
    sys,
};

use super::{Device, Missing};

/// The GPUs the driver shows to this process (`CUDA_VISIBLE_DEVICES` counts), in its order.
pub(super) fn gpus() -> Result<Vec<Device>, Missing> {
    // SAFETY: loads and unloads the driver's library, whose initialisers every CUDA program runs.
    if !unsafe { sys::is_culib_present() } {
        let cause = "the NVIDIA driver's library (libcuda) does not load".to_owned();
        return Err(Missing { cause, fix: "install the NVIDIA driver, or choose another backend" });
    }
    let names = names().map_err(|error| Missing {
        cause: format!("the NVIDIA driver says: {}", text(&error)),
        fix: "check it with `nvidia-smi`",
    })?;
    if names.is_empty() {
        let cause = "the NVIDIA driver shows no GPU".to_owned();
        return Err(Missing { cause, fix: "check `nvidia-smi` and `CUDA_VISIBLE_DEVICES`" });
    }
    Ok(names.into_iter().map(|name| Device { name, is_software: false }).collect())
}

fn names() -> Result<Vec<String>, DriverError> {
    result::init()?;
    (0..device::get_count()?).map(|ordinal| device::get_name(device::get(ordinal)?)).collect()
}

fn text(error: &DriverError) -> String {
    error.error_string().map_or_else(|_| format!("{:?}", error.0), |text| text.to_string_lossy().into_owned())
}
