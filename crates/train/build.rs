//! Makes a program that uses libtorch find it at run time without `LD_LIBRARY_PATH`, wherever the build found it.
//!
//! `torch-sys` tells its direct dependents where it found the library (`DEP_TCH_LIBTORCH_LIB`); we write that folder into
//! our binaries and hand the same linker argument on to the package `tests` (`DEP_TRAIN_LINK_ARG`), because Cargo applies
//! linker arguments to the package that prints them and to no other. Without a `tch-*` feature nothing happens here.

use std::{env, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let Ok(folder) = env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    let has_cuda = Path::new(&folder).join("libtorch_cuda.so").exists();
    println!("cargo::rustc-env=TRAIN_LIBTORCH={folder}");
    println!("cargo::rustc-env=TRAIN_LIBTORCH_CUDA={has_cuda}");

    let wants_cuda = env::var_os("CARGO_FEATURE_TCH_CUDA").is_some();
    if wants_cuda && !has_cuda {
        println!(
            "cargo::warning=feature `tch-cuda`: the libtorch in {folder} has no CUDA; run `just setup-tch-cuda` and build again"
        );
    }
    if let Some(argument) = link_argument(&folder, wants_cuda && has_cuda) {
        println!("cargo::rustc-link-arg={argument}");
        println!("cargo::metadata=link_arg={argument}");
    }
}

/// The linker argument that records `folder`, and with `cuda` has libtorch_cuda loaded even where a linker finds no symbol
/// of ours in it. Windows has no such record: there the folder must be in `PATH`.
fn link_argument(folder: &str, cuda: bool) -> Option<String> {
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        // RPATH, not RUNPATH (new dtags): only RPATH also serves the libraries that libtorch itself asks for.
        Ok("linux") if cuda => Some(format!(
            "-Wl,--disable-new-dtags,-rpath,{folder},--no-as-needed,{folder}/libtorch_cuda.so,--as-needed"
        )),
        Ok("linux") => Some(format!("-Wl,--disable-new-dtags,-rpath,{folder}")),
        Ok("macos") => Some(format!("-Wl,-rpath,{folder}")),
        _ => None,
    }
}
