//! wgpu's adapters: GPUs first, and the CPU's own driver (Mesa's llvmpipe, Microsoft's WARP) last and named as what it is.

use burn_wgpu::{RuntimeOptions, WgpuDevice, graphics::Dx12, init_setup};
use cubecl::future::block_on;
use wgpu::{Backend, DeviceType, Instance, InstanceDescriptor};

use super::{Device, Missing};

/// An adapter and the way in which Burn names it: by type, then by its place among those of its type.
struct Adapter {
    api: Backend,
    device: WgpuDevice,
    name: String,
    rank: usize,
}

/// The adapters' names, the best first.
pub(super) fn devices() -> Result<Vec<Device>, Missing> {
    let adapters = adapters();
    if adapters.is_empty() {
        let fix = "install the GPU's driver, or for a try without a GPU run `just setup-wgpu`";
        return Err(Missing { cause: format!("{} finds no adapter", apis_by_name()), fix });
    }
    let device = |adapter: Adapter| Device { is_software: adapter.device == WgpuDevice::Cpu, name: adapter.name };
    Ok(adapters.into_iter().map(device).collect())
}

/// Burn's name for adapter number `index` of [`devices`].
pub(super) fn open(index: usize) -> WgpuDevice {
    let Some(Adapter { api, device, .. }) = adapters().into_iter().nth(index) else {
        return WgpuDevice::DefaultDevice;
    };
    if api == Backend::Dx12 {
        // Burn opens Vulkan on Windows unless the device was opened before.
        init_setup::<Dx12>(&device, RuntimeOptions::default());
    }
    device
}

/// The adapters of the platform's first graphics interface that has any.
fn adapters() -> Vec<Adapter> {
    let per_api = apis().iter().map(|api| adapters_of(*api));
    per_api.into_iter().find(|adapters| !adapters.is_empty()).unwrap_or_default()
}

/// The interfaces that Burn can open on this platform, its own choice first.
fn apis() -> &'static [Backend] {
    if cfg!(target_os = "macos") {
        &[Backend::Metal]
    } else if cfg!(windows) {
        &[Backend::Vulkan, Backend::Dx12]
    } else {
        &[Backend::Vulkan]
    }
}

fn apis_by_name() -> String {
    apis().iter().map(|api| format!("{api:?}")).collect::<Vec<_>>().join(" or ")
}

fn adapters_of(api: Backend) -> Vec<Adapter> {
    let descriptor = InstanceDescriptor { backends: api.into(), ..InstanceDescriptor::new_without_display_handle() };
    let found = block_on(Instance::new(descriptor).enumerate_adapters(api.into()));
    let mut seen = [0; 5];
    let mut adapters = Vec::new();
    for info in found.iter().map(wgpu::Adapter::get_info) {
        let rank = rank(info.device_type);
        let nth = seen[rank];
        seen[rank] += 1;
        if let Some(device) = burn_name(info.device_type, nth) {
            adapters.push(Adapter { api, device, name: info.name, rank });
        }
    }
    adapters.sort_by_key(|adapter| adapter.rank);
    adapters
}

fn rank(device_type: DeviceType) -> usize {
    match device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

/// Burn's name for the `nth` adapter of a type; it can name only the first of some.
fn burn_name(device_type: DeviceType, nth: usize) -> Option<WgpuDevice> {
    match (device_type, nth) {
        (DeviceType::DiscreteGpu, _) => Some(WgpuDevice::DiscreteGpu(nth)),
        (DeviceType::IntegratedGpu, _) => Some(WgpuDevice::IntegratedGpu(nth)),
        (DeviceType::VirtualGpu, _) => Some(WgpuDevice::VirtualGpu(nth)),
        (DeviceType::Other, 0) => Some(WgpuDevice::DefaultDevice),
        (DeviceType::Cpu, 0) => Some(WgpuDevice::Cpu),
        (DeviceType::Other | DeviceType::Cpu, _) => None,
    }
}
