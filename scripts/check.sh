#!/usr/bin/env bash
# Everything that a change must pass: form, vet, static analysis, then all tests. Installs what it needs through setup.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0 # as setup.sh builds, so that nothing is compiled twice

step() { printf '\n== %s\n' "$*"; }

step "set-up"
bash scripts/setup.sh

step "form (gofmt)"
unformatted=$(git ls-files '*.go' | xargs -r gofmt -l)
if [ -n "$unformatted" ]; then
  printf 'not formatted, run gofmt -w on:\n%s\n' "$unformatted"
  exit 1
fi

step "vet and static analysis"
go vet ./...
go tool staticcheck ./...

step "imports and style"
go test ./scripts/archtest ./scripts/stylecheck

step "tests"
bash scripts/test.sh
