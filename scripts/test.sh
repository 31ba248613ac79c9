#!/usr/bin/env bash
# All tests. The journeys over a real consortium (network/e2e) run last and alone: they want both cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0 # as setup.sh builds, so that nothing is compiled twice

# Long enough for a cold build on two cores, short enough that a test that hangs is seen.
packages=$(go list ./... | grep -v '/network/e2e$')
# shellcheck disable=SC2086 # a list of packages, one word each
go tool gotestsum --format pkgname-and-test-fails -- -timeout 15m $packages
go tool gotestsum --format testname -- -timeout 20m -count=1 ./network/e2e/...
