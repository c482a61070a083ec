//! The program that tests run and benchmarks measure: built from what is there, with the features that were asked for here.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The program, built with the features of this run, so that none of another build is taken for it; Cargo finds it fresh where
/// it has been built so.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let features: Vec<&str> = [("wgpu", cfg!(feature = "wgpu")), ("tch-cpu", cfg!(feature = "tch-cpu"))]
            .into_iter()
            .filter_map(|(name, is_on)| is_on.then_some(name))
            .collect();
        // target/debug/deps/outside-0123456789abcdef -> target/debug, of profile dev
        let here = env::current_exe().expect("this program has a path");
        let folder = here.ancestors().nth(2).expect("it lies in target/debug/deps");
        let profile = folder.file_name().filter(|name| *name != "debug").unwrap_or(OsStr::new("dev"));
        let mut cargo = Command::new(env!("CARGO"));
        // What Cargo tells a test about its package would make build scripts that read it run again.
        env::vars_os().filter(|(key, _)| of_this_package(key)).for_each(|(key, _)| {
            cargo.env_remove(key);
        });
        let build = cargo
            .args(["build", "--quiet", "-p", "train", "--bin", "train", "--features", &features.join(",")])
            .arg("--profile")
            .arg(profile)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .status();
        assert!(build.is_ok_and(|status| status.success()), "the program does not build");
        folder.join(format!("train{}", env::consts::EXE_SUFFIX))
    })
}

fn of_this_package(variable: &OsStr) -> bool {
    let is_of = |name: &str| name == "OUT_DIR" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    variable.to_str().is_some_and(is_of)
}
