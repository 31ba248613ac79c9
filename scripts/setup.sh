#!/usr/bin/env bash
# Installs or builds what running (--run) or running and testing (no flag) needs, and says nothing when all of it is there. It can be
# called as often as one likes. Packages are installed on Debian and Ubuntu when run as root; otherwise it says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
'') tests=yes ;;
--run) tests=no ;;
*) echo "usage: scripts/setup.sh [--run]" >&2 && exit 2 ;;
esac

bin=$PWD/.yilian/bin
fabric="peer orderer configtxgen osnadmin configtxlator cryptogen"
ours="./network ./gateway ./chaincode ./exchange/evidence/verify"

# Pure Go throughout, tests included (see Makefile): no C compiler is needed, and each package is compiled once for all programs.
export CGO_ENABLED=${CGO_ENABLED:-0}

say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2 && exit 1; }

have() { command -v "$1" >/dev/null 2>&1; }

have_database() {
  [ -n "${DATABASE_URL:-}" ] || have cockroach && return
  local server
  for server in /usr/lib/postgresql/*/bin/postgres; do
    [ -x "$server" ] && [ "$(basename "${server%/bin/postgres}")" -ge 15 ] && return
  done
  have initdb && have postgres && [ "$(postgres --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 15 ]
}

have_browser() { have chromium || have chromium-browser || have google-chrome || have google-chrome-stable; }

have_fonts() { have fc-list && [ -n "$(fc-list :lang=zh family 2>/dev/null | head -n 1)" ]; }

# packages that are missing, as apt knows them
missing_packages() {
  have_database || echo postgresql
  [ $tests = no ] && return
  if ! have_browser; then
    # Ubuntu's chromium is a snap behind a package of this name.
    if grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null; then echo chromium-browser; else echo chromium; fi
  fi
  have_fonts || echo fontconfig fonts-noto-cjk
}

install_packages() {
  [ $# -gt 0 ] || return 0
  have apt-get || die "please install: $* (this machine has no apt-get)"
  [ "$(id -u)" = 0 ] || die "not root. Please run: sudo apt-get update && sudo apt-get install --no-install-recommends $*"
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  case " $* " in *" postgresql "*)
    # Only the programs are wanted: keep the package from making and starting a cluster of its own on a machine that had none.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
      apt-get install -q -y --no-install-recommends postgresql-common
      sed -i 's/^#\? *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    fi
    ;;
  esac
  apt-get install -q -y --no-install-recommends "$@"
  have_database || die "the packaged PostgreSQL is older than 15. Please install a newer one (https://www.postgresql.org/download/linux/), or set DATABASE_URL"
}

check_go() {
  have go || die "Go is missing. Please install Go $(sed -n 's/^go //p' go.mod) or newer: https://go.dev/doc/install"
}

# build PACKAGE...: each program is put in its place at once, so that a running one is not disturbed
build() {
  rm -rf "$bin/.new" && mkdir -p "$bin/.new"
  go build -buildvcs=false -v -ldflags "-s -w -X github.com/hyperledger/fabric/common/metadata.Version=v3.1.1" -o "$bin/.new/" "$@" 2>&1 | progress
  mv -f "$bin"/.new/* "$bin/"
}

# progress makes one line of a hundred packages compiled, and lets messages through
progress() {
  local line packages=0 modules=0
  while IFS= read -r line; do
    case $line in
    'go: downloading '*) modules=$((modules + 1)) && [ $((modules % 25)) != 0 ] || say "$modules modules downloaded" ;;
    *[:' ']*) printf '%s\n' "$line" ;;
    *) packages=$((packages + 1)) && [ $((packages % 100)) != 0 ] || say "$packages packages compiled" ;;
    esac
  done
}

build_fabric() {
  local stamp=$bin/.fabric want packages=() program
  want=$(sha256sum network/tools/go.mod network/tools/go.sum | sha256sum | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
  check_go
  # Ours come next: fetch what they need while Fabric compiles.
  # shellcheck disable=SC2086 # a list of packages, one word each
  go list -deps $ours >/dev/null 2>&1 &
  for program in $fabric; do packages+=("github.com/hyperledger/fabric/cmd/$program"); done
  say "building Hyperledger Fabric: $fabric"
  (cd network/tools && build "${packages[@]}")
  wait
  echo "$want" >"$stamp"
}

# sources_changed: is anything that goes into our programs newer than they are? Directories count, so that removed files are seen.
sources_changed() {
  [ -e "$bin/.ours" ] || return 0
  local dirs="go.mod go.sum chaincode gateway exchange network"
  for d in consent referral care; do [ -d $d ] && dirs="$dirs $d"; done
  # shellcheck disable=SC2086 # a list of directories, one word each
  [ -n "$(find $dirs -newer "$bin/.ours" ! -name '*_test.go' -print -quit)" ]
}

build_ours() {
  sources_changed || return 0
  check_go
  local program
  touch "$bin/.ours.new" # before building: what changes meanwhile is newer
  say "building $ours"
  # shellcheck disable=SC2086 # a list of packages, one word each
  build $ours ./network/builder
  mkdir -p "$bin/chaincode-builder/bin" # the directory that Fabric wants of an external builder
  for program in detect build release; do ln -sf ../../builder "$bin/chaincode-builder/bin/$program"; done
  mv -f "$bin/.ours.new" "$bin/.ours"
}

mkdir -p "$bin"
exec 9>"$bin/.lock"
flock 9
# shellcheck disable=SC2046 # a list of packages, one word each
install_packages $(missing_packages)
build_fabric
build_ours
