//! The backends: what is known, what is compiled in, which devices there are, and the one place where a backend named at
//! run time becomes a type. `cfg(feature = ..)` for backends stands in this file, and in `model`'s for what they compute
//! in their own way.
//!
//! Burn's own constructors panic, some of them on a thread of their own, when a driver is missing. So every backend is
//! asked for its devices first ([`devices`]), through calls that return errors, and only a device from that list is opened.

#[cfg(feature = "wgpu")]
mod adapters;
pub mod choice;
#[cfg(feature = "cuda")]
mod cuda_toolkit;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
mod kernels;
#[cfg(any(feature = "tch-cuda", feature = "cuda"))]
mod nvidia;
#[cfg(any(feature = "tch-cpu", feature = "tch-cuda", feature = "tch-mps"))]
#[allow(dead_code, reason = "each of these features uses its part")]
mod torch;

use std::{env, fmt, num::NonZeroUsize, path::Path, thread};

use burn::backend::Autodiff;
use model::AutodiffBackend;
use plan::BackendChoice;

use crate::panics::{self, Panic};

/// A backend by name, compiled in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Burn's CPU backend on the `ndarray` crate.
    Ndarray,
    /// Burn's CPU backend in pure Rust with SIMD; the fastest CPU choice for linear layers.
    Flex,
    /// GPUs through Vulkan (Linux, Windows), Metal (macOS) or DX12 (Windows without Vulkan).
    Wgpu,
    /// PyTorch's library, libtorch, on the CPU.
    TchCpu,
    /// libtorch on NVIDIA GPUs.
    TchCuda,
    /// libtorch on Apple GPUs.
    TchMps,
    /// Burn's own CUDA kernels on NVIDIA GPUs.
    Cuda,
}

impl Kind {
    /// All known backends, in the order in which `train backends` lists them.
    pub const ALL: [Kind; 7] =
        [Kind::Ndarray, Kind::Flex, Kind::Wgpu, Kind::TchCpu, Kind::TchCuda, Kind::TchMps, Kind::Cuda];

    /// All known backends, the fastest first: accelerators, then CPUs. `auto` takes the first that has a device.
    pub const BY_SPEED: [Kind; 7] =
        [Kind::Cuda, Kind::TchCuda, Kind::TchMps, Kind::Wgpu, Kind::Flex, Kind::TchCpu, Kind::Ndarray];

    /// As a plan asks for it.
    pub fn choice(self) -> BackendChoice {
        match self {
            Kind::Ndarray => BackendChoice::Ndarray,
            Kind::Flex => BackendChoice::Flex,
            Kind::Wgpu => BackendChoice::Wgpu,
            Kind::TchCpu => BackendChoice::TchCpu,
            Kind::TchCuda => BackendChoice::TchCuda,
            Kind::TchMps => BackendChoice::TchMps,
            Kind::Cuda => BackendChoice::Cuda,
        }
    }

    /// The one that is asked for; none where any will do.
    pub fn asked(choice: BackendChoice) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.choice() == choice)
    }

    /// The name on the command line, in configurations and in run records; also the cargo feature's name.
    pub fn name(self) -> &'static str {
        self.choice().name()
    }

    /// The cargo feature of package `train` that compiles it in.
    pub fn feature(self) -> &'static str {
        self.name()
    }

    /// Whether this program was built with it.
    pub fn is_compiled_in(self) -> bool {
        match self {
            Kind::Ndarray => cfg!(feature = "ndarray"),
            Kind::Flex => cfg!(feature = "flex"),
            Kind::Wgpu => cfg!(feature = "wgpu"),
            Kind::TchCpu => cfg!(feature = "tch-cpu"),
            Kind::TchCuda => cfg!(feature = "tch-cuda"),
            Kind::TchMps => cfg!(feature = "tch-mps"),
            Kind::Cuda => cfg!(feature = "cuda"),
        }
    }

    /// The cargo command that builds and runs the program with it.
    pub fn cargo_command(self) -> String {
        format!("cargo run -p train --features {}", self.feature())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A device of a backend; its place in [`devices`] is the number that `--device` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The name the driver gives, or `CPU`.
    pub name: String,
    /// Whether it is an accelerator's driver that computes on the CPU, such as Mesa's llvmpipe.
    pub is_software: bool,
}

/// Why a backend cannot be used: one line each, with the way out.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BackendError {
    /// The program was built without it.
    #[error("backend `{kind}` is not compiled in; get it with `{}`", kind.cargo_command())]
    NotCompiledIn {
        /// The backend asked for.
        kind: Kind,
    },
    /// Its driver or library is missing, or finds no device.
    #[error("backend `{kind}` has no device: {cause}; {fix}")]
    NoDevice {
        /// The backend asked for.
        kind: Kind,
        /// What was tried and what came of it.
        cause: String,
        /// What to do about it.
        fix: &'static str,
    },
    /// It has devices, but not that one.
    #[error("backend `{kind}` has no device {index}; it has {}", count(.available))]
    NoSuchDevice {
        /// The backend asked for.
        kind: Kind,
        /// The device asked for.
        index: usize,
        /// The devices there are.
        available: Vec<Device>,
    },
    /// A library below it panicked.
    #[error("backend `{backend}` failed while {work}: {panic}; try another, as `--backend {}`, and tell {}",
        another(.backend), panic.tracker())]
    Panicked {
        backend: String,
        /// What was being done.
        work: String,
        /// What was said.
        panic: Panic,
    },
}

/// A backend that is compiled in by default and needs no driver.
fn another(backend: &str) -> Kind {
    if backend == Kind::Flex.name() { Kind::Ndarray } else { Kind::Flex }
}

fn count(devices: &[Device]) -> String {
    let names = devices.iter().enumerate().map(|(index, device)| format!("{index} ({})", device.name));
    names.collect::<Vec<_>>().join(", ")
}

/// Why there is no device: what was tried, and what to do.
#[allow(dead_code, reason = "the CPU backends are never missing")]
struct Missing {
    cause: String,
    fix: &'static str,
}

/// Work that runs on a backend chosen at run time.
pub trait BackendJob {
    /// What the work is, as in "failed while training".
    const WORK: &'static str;

    /// What the work results in.
    type Output;

    /// Does the work on `device`.
    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output;
}

/// The devices of `kind`, the best first; never empty. Opens none of them and does not panic; a driver may print a line of its
/// own (Mesa does without a desktop session).
pub fn devices(kind: Kind) -> Result<Vec<Device>, BackendError> {
    let found = match kind {
        #[cfg(feature = "ndarray")]
        Kind::Ndarray => Ok(vec![cpu()]),
        #[cfg(feature = "flex")]
        Kind::Flex => Ok(vec![cpu()]),
        #[cfg(feature = "wgpu")]
        Kind::Wgpu => adapters::devices(),
        #[cfg(feature = "tch-cpu")]
        Kind::TchCpu => Ok(vec![cpu()]),
        #[cfg(feature = "tch-cuda")]
        Kind::TchCuda => torch::cuda_devices(nvidia::gpus),
        #[cfg(feature = "tch-mps")]
        Kind::TchMps => torch::mps_devices(),
        #[cfg(feature = "cuda")]
        Kind::Cuda => cuda_toolkit::devices(),
        #[allow(unreachable_patterns, reason = "the backends that are not compiled in")]
        _ => return Err(BackendError::NotCompiledIn { kind }),
    };
    found.map_err(|Missing { cause, fix }| BackendError::NoDevice { kind, cause, fix })
}

/// Runs `job` on device number `index` of `kind`. `cache` is the user's cache folder, below which wgpu and cuda keep
/// compiled kernels. A panic of the libraries below is an error like others.
pub fn dispatch<J: BackendJob>(kind: Kind, index: usize, cache: &Path, job: J) -> Result<J::Output, BackendError> {
    panics::contained(|| dispatch_to_type(kind, index, cache, job)).unwrap_or_else(|panic| {
        Err(BackendError::Panicked { backend: kind.name().into(), work: J::WORK.into(), panic })
    })
}

fn dispatch_to_type<J: BackendJob>(kind: Kind, index: usize, cache: &Path, job: J) -> Result<J::Output, BackendError> {
    let available = devices(kind)?;
    if index >= available.len() {
        return Err(BackendError::NoSuchDevice { kind, index, available });
    }
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    kernels::configure(cache);
    let _ = cache;
    match kind {
        #[cfg(feature = "ndarray")]
        Kind::Ndarray => Ok(job.run::<Autodiff<burn_ndarray::NdArray>>(burn_ndarray::NdArrayDevice::Cpu)),
        #[cfg(feature = "flex")]
        Kind::Flex => Ok(job.run::<Autodiff<burn_flex::Flex>>(burn_flex::FlexDevice)),
        #[cfg(feature = "wgpu")]
        Kind::Wgpu => Ok(job.run::<Autodiff<burn_wgpu::Wgpu>>(adapters::open(index))),
        #[cfg(feature = "tch-cpu")]
        Kind::TchCpu => Ok(job.run::<Autodiff<burn_tch::LibTorch>>(burn_tch::LibTorchDevice::Cpu)),
        #[cfg(feature = "tch-cuda")]
        Kind::TchCuda => Ok(job.run::<Autodiff<burn_tch::LibTorch>>(burn_tch::LibTorchDevice::Cuda(index))),
        #[cfg(feature = "tch-mps")]
        Kind::TchMps => Ok(job.run::<Autodiff<burn_tch::LibTorch>>(burn_tch::LibTorchDevice::Mps)),
        #[cfg(feature = "cuda")]
        Kind::Cuda => Ok(job.run::<Autodiff<burn_cuda::Cuda>>(burn_cuda::CudaDevice::new(index))),
        #[allow(unreachable_patterns, reason = "the backends that are not compiled in")]
        _ => Err(BackendError::NotCompiledIn { kind }),
    }
}

/// Limits the CPU threads of flex and our kernels (rayon's global pool) and of libtorch; 0 leaves all cores to them. Call it when the
/// process starts, on the thread that trains: a pool that is in use already keeps its size, and then the answer is `false`.
pub fn limit_threads(threads: usize) -> bool {
    #[cfg(any(feature = "tch-cpu", feature = "tch-cuda", feature = "tch-mps"))]
    if threads > 0 {
        torch::limit_threads(threads);
    }
    let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    // As rayon by itself.
    let wanted = || env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|count| *count > 0);
    let count = if threads == 0 { wanted().unwrap_or_else(cores) } else { threads };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count);
    // The thread that trains works with the others instead of waking them and waiting; alone it would keep other threads waiting.
    let pool = if count > 1 { pool.use_current_thread() } else { pool };
    pool.build_global().is_ok() || threads == 0
}

#[cfg(any(feature = "ndarray", feature = "flex", feature = "tch-cpu"))]
fn cpu() -> Device {
    Device { name: "CPU".to_owned(), is_software: false }
}
