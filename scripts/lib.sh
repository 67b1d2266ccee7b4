# Helpers shared by the scripts: they are sourced, never run.
#
# shellcheck shell=bash disable=SC2034
#
# Everything works from any folder, without a terminal, as root or with sudo, and says what it does.

# The root of the repository, and how to get back to it.
takt_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# What building needs, and what only the tests need besides.
build_packages="libmodbus-dev libsqlite3-dev libssl-dev pkg-config"
test_packages="binutils tzdata python3 python3-jwt python3-cryptography python3-pymodbus python3-serial-asyncio
  socat openssl curl strace procps mosquitto minisign zbar-tools faketime"

# One line about what is going on, on standard error, so that output stays output.
say() { printf '%s\n' "$*" >&2; }

# A last line and a failure.
die() {
  say "$*"
  exit 1
}

# Words on the command line that mean nothing: the exit code for that is 64 everywhere.
refuse() {
  say "reading the arguments: $*"
  exit 64
}

# The number of cores to build on.
cores() { nproc 2>/dev/null || echo 1; }

# Runs a command as root, through sudo if need be; sudo must not ask for a password.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo -n -- "$@"
  else
    say "running \"$*\" needs root: run this script as root, or install sudo"
    return 1
  fi
}

package_is_installed() {
  dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

# Installs those of the named Debian packages that are missing; never asks a question.
ensure_packages() {
  local package
  local -a missing=()
  command -v dpkg-query >/dev/null 2>&1 ||
    die "looking for packages: this is no Debian; install the equivalents of \"$*\" by hand"
  for package in "$@"; do
    package_is_installed "$package" || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing ${missing[*]}"
  local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  local -a install=("${apt[@]}" install --no-install-recommends "${missing[@]}")
  # A box that was never updated knows no packages: the second try is the one that tells why.
  as_root "${install[@]}" </dev/null >/dev/null 2>&1 && return 0
  say "updating the package lists"
  local words
  words="$(as_root "${apt[@]}" update </dev/null 2>&1)" || say "$words"
  words="$(as_root "${install[@]}" </dev/null 2>&1)" || die "$words"$'\n'"installing" \
    "${missing[*]}: apt's words are above; without a password for sudo, run this as root"
}

# Stops with a clear sentence where the Swift toolchain is missing or too old.
ensure_swift() {
  local where="install Swift 6.3 or later for Debian 12 from https://www.swift.org/install/linux/"
  local version major minor
  command -v swift >/dev/null 2>&1 || die "looking for swift: it is not in PATH; $where"
  version="$(swift --version 2>&1)" || die "starting swift: $version; $where"
  version="$(sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' <<<"$version" | head -n 1)"
  IFS=. read -r major minor _ <<<"$version"
  if [ "${major:-0}" -lt 6 ] || { [ "$major" -eq 6 ] && [ "${minor:-0}" -lt 3 ]; }; then
    die "looking for swift: found version ${version:-unknown}, 6.3 is needed; $where"
  fi
}

# Builds a program for release, the gateway unless told; silent unless it fails. Swift's runtime is
# linked in: the program runs where no Swift is, and takes 4 MB less memory than with the libraries.
build_release() {
  local log code=0 product="${1:-takt}"
  ensure_swift
  log="$(mktemp)"
  (cd "$takt_root" && swift build --configuration release --static-swift-stdlib \
    --product "$product" --jobs "$(cores)") >"$log" 2>&1 || code=$?
  [ "$code" -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  [ "$code" -eq 0 ] || die "building $product for release: the compiler's words are above"
}

# The path of the program that build_release built.
release_binary() {
  local folder
  folder="$(cd "$takt_root" && swift build --configuration release --show-bin-path)" || return 1
  [ -x "$folder/takt" ] || die "looking for $folder/takt: it is not there; build it first"
  printf '%s/takt\n' "$folder"
}
