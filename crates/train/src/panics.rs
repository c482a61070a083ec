//! Panics of the libraries below: each becomes an error of one line.
//!
//! Burn's operations return tensors and no errors, so what a driver refuses (a buffer that is too large, a device that has
//! gone) comes as a panic. On wgpu and cuda it is one of the device's own thread, which catches it and goes on: training
//! would go on as well, with values that mean nothing. So whatever panicked on any thread counts.

use std::{
    any::Any,
    backtrace::Backtrace,
    env, fmt,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Letters of a message that are kept: some hold a whole shader.
const MESSAGE: usize = 300;

/// The first panic since the last that was contained: those after it follow from it.
static FIRST: Mutex<Option<Panic>> = Mutex::new(None);

/// A panic as a person reads it: one line, what and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    message: String,
    /// Package, file and line; unknown without [`keep_quiet`].
    place: Option<String>,
}

/// Keeps panics to be told by [`contained`] in place of the standard library's message; with `RUST_BACKTRACE` that comes too.
pub fn keep_quiet() {
    let wants_backtrace = env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    panic::set_hook(Box::new(move |info| {
        if data::is_contained() {
            return;
        }
        if wants_backtrace {
            eprintln!("{info}\n{}", Backtrace::capture());
        }
        first().get_or_insert_with(|| Panic::of(info));
    }));
}

/// Does `work`; where it panics, or any other thread does meanwhile, what was said first.
pub fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    let first = first().take();
    match (done, first) {
        (Ok(done), None) => Ok(done),
        (_, Some(panic)) => Err(panic),
        (Err(payload), None) => Err(Panic::said(&*payload)),
    }
}

/// Goes on with the panic of another thread on this one: what a device's thread has left is not to be used.
pub fn surface() {
    if first().is_some() {
        panic::resume_unwind(Box::new("another thread panicked"));
    }
}

fn first() -> MutexGuard<'static, Option<Panic>> {
    FIRST.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Panic {
    fn of(info: &PanicHookInfo<'_>) -> Self {
        let place = info.location().map(|at| format!("{}:{}", within_package(at.file()), at.line()));
        Self { place, ..Self::said(info.payload()) }
    }

    fn said(payload: &(dyn Any + Send)) -> Self {
        let text = data::panic_message(payload);
        let text = text.strip_prefix("called `Result::unwrap()` on an `Err` value: ").unwrap_or(text);
        let is_backtrace =
            |line: &&str| ["0: ", "No backtrace"].iter().any(|start| line.trim_start().starts_with(start));
        let words = text.lines().take_while(|line| !is_backtrace(line)).flat_map(str::split_whitespace);
        let mut message = words.collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = message.char_indices().nth(MESSAGE) {
            message.truncate(end);
            message.push_str(" ..");
        }
        Self { message, place: None }
    }

    /// Who can mend it.
    pub fn tracker(&self) -> &'static str {
        let is_of = |package: &str| self.place.as_ref().is_some_and(|place| place.starts_with(package));
        match () {
            () if is_of("burn") => "https://github.com/tracel-ai/burn/issues",
            () if is_of("cubecl") => "https://github.com/tracel-ai/cubecl/issues",
            () if is_of("wgpu") || is_of("naga") => "https://github.com/gfx-rs/wgpu/issues",
            () if is_of("tch") || is_of("torch-sys") => "https://github.com/LaurentMazare/tch-rs/issues",
            () => "the issues of this program",
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.place.as_ref().map_or(Ok(()), |place| write!(f, " ({place})"))
    }
}

/// Without the folder in which this machine keeps the sources of packages.
fn within_package(file: &str) -> String {
    let file = file.replace('\\', "/");
    let below = file.split_once("registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    below.map_or(file.clone(), |(_, within)| within.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_one_line_and_a_result_stays_one() {
        assert_eq!(contained(|| 7), Ok(7));
        let text =
            "called `Result::unwrap()` on an `Err` value: no\n  buffer of 7 bytes\nNo backtrace available\n   0: main";
        let panic = contained(|| -> u8 { panic!("{text}") }).unwrap_err();
        assert_eq!(panic.message, "no buffer of 7 bytes");
    }

    #[test]
    fn a_long_message_is_cut() {
        let panic = contained(|| -> u8 { panic!("{}", "ä".repeat(1000)) }).unwrap_err();
        assert_eq!(panic.message, "ä".repeat(MESSAGE) + " ..");
    }

    #[test]
    fn a_place_is_told_by_its_package() {
        let file = "/home/me/.cargo/registry/src/index-0123/cubecl-wgpu-0.10.0/src/runtime.rs";
        assert_eq!(within_package(file), "cubecl-wgpu-0.10.0/src/runtime.rs");
        assert_eq!(within_package("crates/train/src/fit.rs"), "crates/train/src/fit.rs");
    }
}
