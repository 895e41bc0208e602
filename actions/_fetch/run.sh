#!/bin/sh
# Becomes the program that it is told: `exec sh _fetch/run.sh <program> [argument…]`.
# In the source tree that is what was built; where nothing was, it is built first.
set -eu
program=$1 && shift
root=${0%/*}/../..
for profile in release debug; do
  if [ -x "$root/target/$profile/$program" ]; then exec "$root/target/$profile/$program" "$@"; fi
done
# All members are selected, so that features resolve as they do for the tests and nothing is built twice.
cargo build --quiet --locked --manifest-path "$root/Cargo.toml" --workspace --bin "$program"
exec "$root/target/debug/$program" "$@"
