//! What the allocator does with freed memory, and where there is none.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io::{self, Write as _},
    process,
};

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

/// The system's allocator. Where it has no memory, the program ends with one line and exit code 1, as after other errors; Rust by
/// itself aborts.
#[derive(Debug)]
pub struct OrEnd;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for OrEnd {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        or_end(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        or_end(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        or_end(unsafe { System.realloc(block, layout, bytes) }, bytes)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

fn or_end(block: *mut u8, bytes: usize) -> *mut u8 {
    if block.is_null() {
        end(bytes);
    }
    block
}

/// Asks for no memory itself. A run can be resumed, as after a kill.
#[cold]
fn end(bytes: usize) -> ! {
    let advice = "smaller batches, networks or data sets take less";
    // Whoever does not read standard error hears it by the exit code.
    let _ = writeln!(io::stderr(), "error: there is no memory for {bytes} bytes more; {advice}");
    process::exit(1)
}
