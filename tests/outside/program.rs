//! The program that is tried and measured.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

fn of_this_package(variable: &OsStr) -> bool {
    let is_of = |name: &str| name == "OUT_DIR" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    variable.to_str().is_some_and(is_of)
}

/// The program, built with the features of this test run; Cargo finds it fresh where `cargo test` has built it.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let features =
            [("wgpu", cfg!(feature = "wgpu")), ("tch-cpu", cfg!(feature = "tch-cpu")), ("mpi", cfg!(feature = "mpi"))];
        let features: Vec<&str> = features.into_iter().filter_map(|(name, is_on)| is_on.then_some(name)).collect();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut cargo = Command::new(env!("CARGO"));
        // What Cargo tells a test about its package would make build scripts that read it run again.
        env::vars_os().filter(|(key, _)| of_this_package(key)).for_each(|(key, _)| {
            cargo.env_remove(key);
        });
        let build = cargo
            .args(["build", "--quiet", "-p", "train", "--bin", "train", "--features", &features.join(",")])
            .current_dir(root)
            .status();
        assert!(build.is_ok_and(|status| status.success()), "the program does not build");
        // target/debug/deps/outside-0123456789abcdef -> target/debug/train
        let name = format!("train{}", env::consts::EXE_SUFFIX);
        let here = env::current_exe().expect("this program has a path");
        here.ancestors().nth(2).expect("it lies in target/debug/deps").join(name)
    })
}
