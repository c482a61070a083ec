//! What Burn's CUDA kernels need beside the driver: the run-time compiler and its headers, from NVIDIA's CUDA toolkit.

use super::{Device, Missing, nvidia};

const FIX: &str = "install the CUDA toolkit (12 or newer) and set `CUDA_PATH` if it is not in /usr/local/cuda";

/// The GPUs by name, if kernels can be compiled for them.
pub(super) fn devices() -> Result<Vec<Device>, Missing> {
    let gpus = nvidia::gpus()?;
    // SAFETY: loads and unloads NVIDIA's compiler library.
    if !unsafe { cudarc::nvrtc::sys::is_culib_present() } {
        return Err(Missing { cause: "CUDA's run-time compiler (libnvrtc) does not load".to_owned(), fix: FIX });
    }
    match cubecl::cuda::install::cuda_path() {
        Some(folder) if folder.join("include").is_dir() => Ok(gpus),
        Some(folder) => Err(Missing { cause: format!("`{}` holds no CUDA headers", folder.display()), fix: FIX }),
        None => Err(Missing { cause: "the CUDA headers are not found".to_owned(), fix: FIX }),
    }
}
