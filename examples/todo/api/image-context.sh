#!/usr/bin/env bash
# Makes the folder from which the Dockerfile builds: image-context.sh FOLDER [cargo build options]
#
#   examples/todo/api/image-context.sh target/image              about a minute cold, 13 MB
#   examples/todo/api/image-context.sh target/image --release    slower to build, smaller
#   docker build --build-arg APP_VERSION="$(git rev-parse HEAD)" -t todo-api -f examples/todo/api/Dockerfile target/image
set -euo pipefail

folder=${1:?usage: image-context.sh FOLDER [cargo build options]}
shift
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/../../.."

# With glibc inside, because musl's Rust std is no package of Debian's. The explicit target keeps the
# flags away from build scripts and procedural macros, which must stay dynamic.
target=x86_64-unknown-linux-gnu
binary=$(
  RUSTFLAGS='-C target-feature=+crt-static -C strip=symbols' \
    cargo build --quiet --package todo-api --target "$target" --message-format json-render-diagnostics "$@" |
    sed -n 's|.*"executable":"\([^"]*/todo-api\)".*|\1|p'
)
install -m 755 "$binary" "$folder/todo-api"
install -m 644 "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$folder/ca-certificates.crt"
