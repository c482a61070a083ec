//! Settings of CubeCL, which compiles the kernels of wgpu and cuda.

use std::{path::Path, sync::Once};

use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig, cache::CacheConfig};

/// Keeps compiled kernels below `cache`. The variables `CUBECL_*` win. Only the first call in a process counts: CubeCL
/// reads its settings once.
pub(super) fn configure(cache: &Path) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut config = CubeClRuntimeConfig::default();
        config.compilation.cache = Some(CacheConfig::File(cache.join("kernels")));
        CubeClRuntimeConfig::set(config.override_from_env());
    });
}
