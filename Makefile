# Everything a person types. The work is done in scripts/ and in the network program.
.DEFAULT_GOAL := help
.PHONY: help run up down status token demo test check bench chaos tamper coldstart clean

# Pure Go, as scripts/setup.sh builds: tests then use the packages that it compiled, and no C compiler is needed.
export CGO_ENABLED ?= 0

NETWORK := .yilian/bin/network
ORG ?= donghu
ROLE ?= system
PERSON ?=
N ?= 20
SAMPLE ?= 0
ONLY ?=

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

run: ## set up, start the consortium, and keep it running until Ctrl-C
	@scripts/setup.sh --run
	@$(NETWORK) up

up: ## the same, detached: returns when everything is healthy
	@scripts/setup.sh --run
	@$(NETWORK) up --detach

down: ## stop it; the data stay
	@test ! -x $(NETWORK) || $(NETWORK) down

status: ## say what runs
	@scripts/setup.sh --run
	@$(NETWORK) status

token: ## print a development bearer token: make token ORG=donghu ROLE=system [PERSON=...]
	@scripts/setup.sh --run >&2
	@$(NETWORK) token --org "$(ORG)" --role "$(ROLE)" --person "$(PERSON)"

demo: ## the journey of one record, told and checked step by step on the running consortium
	@scripts/setup.sh --run
	@go run ./scripts/demo

test: ## set up and run all tests
	@scripts/setup.sh
	@scripts/test.sh

check: ## everything that continuous integration runs
	@scripts/check.sh

bench: ## measure, and print one table
	@scripts/setup.sh --run
	@go run ./scripts/bench

chaos: ## kill processes of a private consortium under load, and count what was lost
	@scripts/setup.sh --run
	@go run ./scripts/chaos

tamper: ## change a private consortium's database in every way, and say who noticed; SAMPLE=40 for some of it
	@scripts/setup.sh --run
	@go run ./scripts/tamper -sample "$(SAMPLE)" -only "$(ONLY)"

coldstart: ## N cold starts in a row, with times
	@scripts/coldstart.sh $(N)

clean: ## stop the consortium and remove .yilian, with all its data
	@test ! -x $(NETWORK) || { $(NETWORK) down && $(NETWORK) clean; }
	@rm -rf .yilian
