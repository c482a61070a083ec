# `just` lists the recipes. Each is a plain cargo command, or a setup that one backend needs.

venv := justfile_directory() / ".venv"
libtorch := justfile_directory() / ".cargo/libtorch.toml"

_default:
    @just --list

# train the two-layer net, or the config and settings given
train *ARGS:
    cargo run -p train -- {{ARGS}}

# on a GPU through Vulkan, Metal or DX12
train-wgpu *ARGS:
    cargo run -p train --features wgpu -- --backend wgpu {{ARGS}}

# on the CPU with libtorch
train-tch-cpu *ARGS: (_libtorch "setup-tch-cpu")
    cargo run -p train --features tch-cpu -- --backend tch-cpu {{ARGS}}

# on an NVIDIA GPU with libtorch
train-tch-cuda *ARGS: (_libtorch "setup-tch-cuda")
    cargo run -p train --features tch-cuda -- --backend tch-cuda {{ARGS}}

# on an NVIDIA GPU with Burn's own kernels
train-cuda *ARGS:
    cargo run -p train --features cuda -- --backend cuda {{ARGS}}

# by N processes of this machine, which share each batch; needs setup-mpi and, in CONFIG or ARGS, parallel.shards of N or more
train-mpi N *ARGS:
    cargo build -p train --features mpi
    mpirun -n {{N}} --bind-to none target/debug/train {{ARGS}}

# all tests; MNIST_SAMPLE_ARCHIVE=mnist_sample.tgz and MNIST_IDX=mnist (its four files) add those on the real data
test:
    cargo test --workspace

# parity of all backends that run on a CPU; needs setup-wgpu and setup-tch-cpu
test-parity: (_libtorch "setup-tch-cpu")
    cargo test -p tests --features wgpu,tch-cpu parity -- --nocapture

# speed and memory as a table, beside PyTorch and fastai where BENCH_PYTHON names a Python that has them
bench:
    cargo bench -p tests --bench speed --profile dev

# a study's speed, beside Optuna with PyTorch where BENCH_PYTHON names a Python that has them
bench-study:
    cargo bench -p tests --bench study --profile dev

# what the searchers find, beside Optuna's where BENCH_PYTHON names a Python that has it
bench-search:
    cargo bench -p tests --bench search --profile dev

# one training by two processes of one thread, beside one process; what the exchange takes; needs setup-mpi
bench-parallel:
    cargo bench -p tests --features mpi --bench parallel --profile dev

# foreign bytes of every kind for so many minutes: what fails is saved with the command that repeats it
fuzz MINUTES="10":
    cargo test -p tests --test fuzz -- --minutes {{MINUTES}}

# runs and studies killed at random moments for so many minutes, held against those that nobody killed
torture MINUTES="10":
    cargo test -p tests --test torture -- --minutes {{MINUTES}}

# the README's pictures made anew; needs Python, tmux, Chromium and the real data
pictures:
    cargo build -p train
    python3 docs/pictures.py target/debug/train

# formatting, clippy, docs, dependencies
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
    cargo deny check licenses bans sources

# Open MPI, and what its bindings are made with (Debian, Ubuntu)
setup-mpi:
    apt-get install -y --no-install-recommends libopenmpi-dev openmpi-bin libclang-dev

# Vulkan's software driver, to try wgpu without a GPU (Debian, Ubuntu)
setup-wgpu:
    apt-get install -y --no-install-recommends mesa-vulkan-drivers libvulkan1

# libtorch 2.9.0 for the CPU, from the PyPI package torch, in .venv
setup-tch-cpu: _venv
    #!/usr/bin/env sh
    set -eu
    "{{venv}}/bin/pip" install -q --no-deps torch==2.9.0
    if [ "$(uname)" = Linux ]; then
        # The package without its GPU half, which would need all of CUDA to start.
        "{{venv}}/bin/pip" install -q --no-deps nvidia-cuda-runtime-cu12==12.8.90 nvidia-cuda-cupti-cu12==12.8.90
        rm -f "{{venv}}"/lib/python3*/site-packages/torch/lib/libtorch_cuda*.so
    fi
    just _use-libtorch

# libtorch 2.9.0 with CUDA 12.8, from the PyPI package torch, in .venv
setup-tch-cuda: _venv
    "{{venv}}/bin/pip" install -q --force-reinstall torch==2.9.0
    just _use-libtorch

_venv:
    test -x "{{venv}}/bin/pip" || python3 -m venv "{{venv}}"

_libtorch SETUP:
    test -e "{{libtorch}}" || just {{SETUP}}

# tells cargo where libtorch is, and lets it look again
_use-libtorch:
    #!/usr/bin/env sh
    set -eu
    folder=$("{{venv}}/bin/python" -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])')
    printf '[env]\nLIBTORCH = "%s"\n' "$folder" > "{{libtorch}}"
    cargo clean -p torch-sys -p burn-tch
