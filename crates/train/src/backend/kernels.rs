//! Settings of CubeCL, which compiles and tunes the kernels of wgpu and cuda.

use std::{path::Path, sync::Once};

use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig, autotune::AutotuneLevel, cache::CacheConfig};

/// Keeps tuning results and compiled kernels below `cache`, and tunes for fewer shapes on a `software` device, where each
/// try is slow. The variables `CUBECL_*` win. Only the first call in a process counts: CubeCL reads its settings once.
pub(super) fn configure(cache: &Path, software: bool) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let folder = CacheConfig::File(cache.join("kernels"));
        let mut config = CubeClRuntimeConfig::default();
        config.autotune.cache = folder.clone();
        config.compilation.cache = Some(folder);
        if software {
            config.autotune.level = AutotuneLevel::Minimal;
        }
        CubeClRuntimeConfig::set(config.override_from_env());
    });
}
