//! libtorch: whether the one this program was built with can use a GPU. (That it loads at all is the linker's work, see
//! `build.rs`: without it the program does not start.)

use super::{Device, Missing};

/// Limits libtorch's two thread pools.
pub(super) fn limit_threads(threads: usize) {
    let threads = i32::try_from(threads).unwrap_or(i32::MAX);
    tch::set_num_threads(threads);
    tch::set_num_interop_threads(threads);
}

/// Those of `gpus` that libtorch can use.
pub(super) fn cuda_devices(gpus: impl FnOnce() -> Result<Vec<Device>, Missing>) -> Result<Vec<Device>, Missing> {
    if option_env!("TRAIN_LIBTORCH_CUDA") == Some("false") {
        let folder = option_env!("TRAIN_LIBTORCH").unwrap_or_default();
        let cause = format!("the libtorch in `{folder}` has no CUDA");
        return Err(Missing { cause, fix: "run `just setup-tch-cuda` and build again" });
    }
    let mut gpus = gpus()?;
    gpus.truncate(usize::try_from(tch::Cuda::device_count()).unwrap_or(0));
    if gpus.is_empty() || !tch::Cuda::is_available() {
        let cause = "libtorch (CUDA 12.8) cannot use the GPU that the driver shows".to_owned();
        return Err(Missing { cause, fix: "update the NVIDIA driver; `nvidia-smi` shows its CUDA version" });
    }
    Ok(gpus)
}

/// The Apple GPU.
pub(super) fn mps_devices() -> Result<Vec<Device>, Missing> {
    if tch::utils::has_mps() {
        return Ok(vec![Device { name: "Apple GPU (Metal)".to_owned(), is_software: false }]);
    }
    let cause = "libtorch finds no Apple GPU".to_owned();
    Err(Missing { cause, fix: "it takes a Mac with Apple silicon; elsewhere choose another backend" })
}
