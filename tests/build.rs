//! Lets the test binaries find libtorch at run time: `crates/train/build.rs` says how, and why it cannot do it for us.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(argument) = std::env::var("DEP_TRAIN_LINK_ARG") {
        println!("cargo::rustc-link-arg={argument}");
    }
}
