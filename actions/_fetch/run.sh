#!/bin/sh
# Becomes the program that it is told: `exec sh _fetch/run.sh <program> [argument…]`.
#
# In a release, the manifest beside it holds the SHA-256 of every archive and of the binary in it. Where the bytes come
# from does not matter: any other bytes are refused, and no variable can change that. In the source tree there is no
# manifest: the program is what was built there, or is built. POSIX sh, curl, tar, sha256sum or shasum.
#
#   TODO_ACTIONS_TOKEN         reads the releases of a private repository; no program ever sees it
#   TODO_ACTIONS_DOWNLOAD_URL  mirrors, in place of the server that runs the job and github.com
#   http_proxy, https_proxy, no_proxy and CURL_CA_BUNDLE are curl's own
set -eu
program=$1 && shift
here=${0%/*}

if [ ! -f "$here/manifest" ]; then
  root=$here/../..
  for profile in release debug; do
    if [ -x "$root/target/$profile/$program" ]; then exec "$root/target/$profile/$program" "$@"; fi
  done
  # All members are selected, so that features resolve as they do for the tests and nothing is built twice.
  cargo build --quiet --locked --manifest-path "$root/Cargo.toml" --workspace --bin "$program"
  exec "$root/target/debug/$program" "$@"
fi

# One annotation, whatever is in the text: a line break or a `%` in it would end or change the command.
fail() {
  printf '::error title=%s::%s\n' "$program" "$(printf '%s' "$1" | sed 's/%/%25/g' | tr '\r\n' '  ')"
  exit 1
}

# `release <owner/name> <tag>`, then lines
# `<program> <RUNNER_OS>/<RUNNER_ARCH> <binary's sha256> <archive> <archive's sha256> <its bytes>`
runner=${RUNNER_OS:-unknown}/${RUNNER_ARCH:-unknown} repository='' tag='' kinds='' binary_sha=''
while read -r name a b c d e; do
  case $name in
    release) repository=$a tag=$b ;;
    "$program") kinds="$kinds $a" && if [ "$a" = "$runner" ]; then binary_sha=$b archive=$c archive_sha=$d archive_bytes=$e; fi ;;
  esac
done < "$here/manifest"
[ -n "$binary_sha" ] || fail "there is no $program for a runner of kind $runner: use one of$kinds"

if command -v sha256sum > /dev/null; then hash() { sha256sum < "$1"; }; else hash() { shasum -a 256 < "$1"; }; fi
is() { [ "$(hash "$1")" = "$2  -" ]; } # is FILE SHA256

# The token is for downloads only.
token=${TODO_ACTIONS_TOKEN:-} && unset TODO_ACTIONS_TOKEN

# Other jobs of a self-hosted runner share the cache: what lies there is hashed at every use.
home=''
for root in "${RUNNER_TOOL_CACHE:-}" "${RUNNER_TEMP:-${TMPDIR:-/tmp}}"; do
  [ -n "$root" ] || continue
  binary=$root/todo-actions/$binary_sha/$program
  if [ -f "$binary" ] && is "$binary" "$binary_sha"; then exec "$binary" "$@"; fi
  if [ -z "$home" ] && mkdir -p "${binary%/*}" 2> /dev/null && [ -w "${binary%/*}" ]; then home=${binary%/*}; fi
done
[ -n "$home" ] || fail "neither RUNNER_TOOL_CACHE nor RUNNER_TEMP can be written to"
command -v curl > /dev/null || fail "curl is needed to download $archive: install it on the runner, or put the binary at $home/$program"

# In the cache's own file system, so that the last move is atomic: several steps may be here at once.
curl='' work=$(mktemp -d "$home/.part.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'kill $curl 2> /dev/null || :; exit 130' INT
trap 'kill $curl 2> /dev/null || :; exit 143' TERM

get() { # get URL FILE [curl option…]. In the background, so that a signal to this shell is answered at once.
  url=$1 file=$2 && shift 2
  curl --fail --silent --show-error --location --connect-timeout 10 --max-time 300 --speed-time 20 --speed-limit 1024 \
    --output "$file" "$@" "$url" 2> "$work/error" &
  curl=$! && wait "$curl"
}

get_private() { # Only the API serves a private repository's assets. The token goes by a file: everybody reads argv.
  (umask 077 && printf 'header = "Authorization: Bearer %s"\n' "$token" > "$work/auth")
  api=${GITHUB_API_URL:-https://api.github.com}/repos/$repository/releases/tags/$tag
  get "$api" "$work/release" --config "$work/auth" || return
  # One fact a line; an asset's `url` comes before its `name`.
  asset=$(tr ',{' '[\n*]' < "$work/release" | awk -F '"' -v name="$archive" \
    '/"url":.*\/releases\/assets\// { url = $4 } /"name":/ && $4 == name { print url; exit }')
  [ -n "$asset" ] || { echo "release $tag of $repository has no $archive" > "$work/error" && return 1; }
  get "$asset" "$work/archive" --config "$work/auth" --header 'Accept: application/octet-stream' --max-filesize "$archive_bytes"
}

fetch() { # fetch SERVER: the archive, whole and as pinned; refuses at once what no second try would mend.
  if [ -n "$token" ]; then
    get_private || return
  else
    get "$1/$repository/releases/download/$tag/$archive" "$work/archive" --max-filesize "$archive_bytes" || return
  fi
  bytes=$(($(wc -c < "$work/archive")))
  [ "$bytes" -ge "$archive_bytes" ] || { echo "cut short: $bytes of $archive_bytes bytes" > "$work/error" && return 1; }
  is "$work/archive" "$archive_sha" ||
    fail "refused: $archive has another SHA-256 than the one that $tag of $repository pins. It was not unpacked"
  # One member by its name: no path in the archive is ever written to.
  tar -xzOf "$work/archive" "${archive%.tar.gz}/$program" > "$work/$program"
  is "$work/$program" "$binary_sha" || fail "refused: $program in $archive has another SHA-256 than the one that $tag pins"
  chmod 755 "$work/$program" && mv -f "$work/$program" "$home/$program"
}

bring() {
  for server in ${TODO_ACTIONS_DOWNLOAD_URL:-"${GITHUB_SERVER_URL:-https://github.com}" https://github.com}; do
    if fetch "$server"; then return; fi
  done
  return 1
}

brought=no
for pause in 1 2 4 0; do
  if bring; then brought=yes && break; fi
  case $(cat "$work/error") in *': 401'* | *': 403'* | *': 404'*) break ;; esac
  sleep "$pause" > /dev/null 2>&1 & # In the background too: a signal is answered during a `wait` only.
  wait $!
done
if [ "$brought" = no ]; then
  why=$(cat "$work/error")
  case $why in
    *': 401'* | *': 403'* | *': 404'*)
      fail "cannot download $archive ($repository $tag): $why. If that repository is private, set TODO_ACTIONS_TOKEN to a token that may read its contents" ;;
    *) fail "cannot download $archive ($repository $tag), tried 4 times: $why. A proxy is taken from https_proxy, a mirror from TODO_ACTIONS_DOWNLOAD_URL" ;;
  esac
fi
rm -rf "$work" && trap - EXIT INT TERM
exec "$home/$program" "$@"
