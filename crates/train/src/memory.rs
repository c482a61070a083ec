//! What the allocator does with freed memory.

/// Lets glibc keep what is freed. A training step allocates and frees blocks of a megabyte; glibc by itself gives them
/// back to the system and faults them in again, at every step, for up to a third of the time of an epoch.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets two numbers of the allocator, before there is a second thread.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 256 << 20);
    }
}
