//! The variables that libraries below read.

use std::env;

/// Tells Mesa's drivers that there is no Wayland where there can be none: without `XDG_RUNTIME_DIR` a display has no folder to
/// be in, and libwayland says so on standard error each time that a device is asked for. A `WAYLAND_DISPLAY` of the user's
/// stays. Mesa orders the GPUs as before.
///
/// # Safety
/// Only while the process has one thread.
pub unsafe fn prepare() {
    let is_unset = |name| env::var_os(name).is_none_or(|value| value.is_empty());
    if cfg!(target_os = "linux") && is_unset("XDG_RUNTIME_DIR") && is_unset("WAYLAND_DISPLAY") {
        // SAFETY: as the caller promises. An absolute path needs no folder, and nothing is there.
        unsafe { env::set_var("WAYLAND_DISPLAY", "/nonexistent") };
    }
}
