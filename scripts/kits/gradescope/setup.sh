#!/bin/bash
# Runs once, when Gradescope makes the image: installs a compiler, and builds all that grading needs. Nothing comes from the network
# but the compiler and a linker.
set -euo pipefail
autograder=${AUTOGRADER:-/autograder}
lab=${LAB_HOME:-/opt/lab}
source=$autograder/source
if ! command -v cc >/dev/null; then
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q gcc libc6-dev curl ca-certificates
fi
export CARGO_HOME=$lab/cargo PATH=$lab/cargo/bin:$PATH
mkdir -p "$CARGO_HOME"
if ! command -v cargo >/dev/null; then
    export RUSTUP_HOME=$lab/rustup
    version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$source/lab/Cargo.toml")
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
        sh -s -- -y --no-modify-path --profile minimal --default-toolchain "$version"
fi
cat >"$CARGO_HOME/config.toml" <<END
[source.crates-io]
replace-with = "vendored"
[source.vendored]
directory = "$source/vendor"
END
# Code that was handed in runs as this user, and can read none of this.
id lab-student >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin lab-student
chmod -R go-rwx "$source"
cargo build --quiet --offline --locked --manifest-path "$source/lab/tests/grading/Cargo.toml" --bin lab-grading \
    --target-dir "$lab/build"
install -m 755 "$lab/build/debug/lab-grading" "$lab/lab-grading"
rm -rf "$lab/build"
"$lab/lab-grading" prepare --handout "$source/handout" --out "$lab/grading"
