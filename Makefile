# What CI runs is `make check`; everything below works with Go, GNU make and, for the
# targets that say so, git.

# By default a C compiler decides whether Go uses cgo. The binaries never need it, and
# lint shares the build cache with them; the race detector does need it.
static := CGO_ENABLED=0
build_flags := -trimpath -buildvcs=false

VERSION ?= $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
link_flags := -s -w -X handrail/cmd/internal/service.Version=$(VERSION)

# PKG and ARGS are passed on: make test PKG=./db/... ARGS='-run TestClaim -v'
PKG ?= ./...
ARGS ?=

# Tools are built from the versions tools/go.mod pins, into a place named after the
# version and the compiler, so that a change of either builds anew.
tool_version = $(shell awk '$$1 == "$(1)" && NF > 1 { print $$2; exit }' tools/go.mod)
tool_dir := .tools/$(shell go env GOVERSION 2>/dev/null)
golangci_lint := $(tool_dir)/golangci-lint-$(call tool_version,github.com/golangci/golangci-lint/v2)
workflowcheck := $(tool_dir)/workflowcheck-$(call tool_version,go.temporal.io/sdk/contrib/tools/workflowcheck)
govulncheck := $(tool_dir)/govulncheck-$(call tool_version,golang.org/x/vuln)
oapi_codegen := $(tool_dir)/oapi-codegen-$(call tool_version,github.com/oapi-codegen/oapi-codegen/v2)
templ := $(tool_dir)/templ-$(call tool_version,github.com/a-h/templ)

.DEFAULT_GOAL := help
.PHONY: help
help: ## Show what there is
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z-]*:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- run

.PHONY: dev
dev: bin/handrail-dev ## Build and run everything on this machine; ARGS are passed on
	@exec bin/handrail-dev $(ARGS)

.PHONY: dev-reset
dev-reset: ## Forget the data of `make dev` (.handrail/)
	@if [ -e .handrail ]; then du -sh .handrail | awk '{ print "removed " $$2 "/ (" $$1 ")" }' && rm -rf .handrail; \
	else echo "nothing to remove: there is no .handrail/"; fi

# --- build

.PHONY: build
build: bin/handrail bin/handrail-dev ## Build bin/handrail and bin/handrail-dev

# Go decides what is up to date, so make always asks it.
.PHONY: bin/handrail bin/handrail-dev bin/handrail-chaos bin/handrail-eval bin/handrail-bench
bin/handrail: go-version
	@$(static) go build $(build_flags) -tags nosqlite -ldflags '$(link_flags)' -o $@ ./cmd/handrail

bin/handrail-dev: go-version
	@[ -e $@ ] || echo "Building handrail-dev. The first build compiles a Temporal server and takes minutes; later ones take seconds."
	@$(static) go build $(build_flags) -ldflags '$(link_flags)' -o $@ ./cmd/handrail-dev

bin/handrail-chaos: go-version
	@$(static) go build $(build_flags) -ldflags '$(link_flags)' -o $@ ./cmd/handrail-chaos

bin/handrail-eval: go-version
	@$(static) go build $(build_flags) -ldflags '$(link_flags)' -o $@ ./cmd/handrail-eval

bin/handrail-bench: go-version
	@$(static) go build $(build_flags) -ldflags '$(link_flags)' -o $@ ./cmd/handrail-bench

# --- test

# Under the race detector the model explores small worlds only, so it is run without it too. SQLite is C that was
# translated to Go: the detector makes it four times slower, and finds nothing of ours in it. What browsers do is
# tested after all else and without it: beside it pages took minutes. -timeout ends what hangs.
.PHONY: test
test: go-version ## Run the tests, with a PostgreSQL of their own; PKG and ARGS are passed on
	@race="-race -gcflags=modernc.org/sqlite/lib=-race=false"; [ "$$(go env CGO_ENABLED)" = 1 ] || { race=; \
		echo "No C compiler here: the tests run without the race detector, which needs one."; }; \
	scripts/with-mcp-servers scripts/with-chromium scripts/with-postgres \
		go test $$race $(if $(filter ./...,$(PKG)),-skip 'InABrowser$$') -timeout 40m $(ARGS) $(PKG)
	$(if $(filter ./...,$(PKG)),$(static) go test $(ARGS) ./internal/model)
	$(if $(filter ./...,$(PKG)),$(MAKE) test-browser)

.PHONY: test-browser
test-browser: go-version ## Run the tests of the console in a browser; ARGS are passed on
	$(static) scripts/with-chromium go test -run 'InABrowser$$' -timeout 40m $(ARGS) ./cmd/internal/service

# docs/clients.md says what is generated.
.PHONY: generate
generate: $(oapi_codegen) $(templ) ## Write the document for clients, and what is generated from it
	@UPDATE_GOLDEN=1 $(static) go test ./api -run TestClientsKnowTheDocument -count=1
	@$(oapi_codegen) -config client/oapi-codegen.yaml -o client/generated.go client/openapi.json
	@$(templ) generate -path console -log-level error
	@if command -v npm >/dev/null; then cd clients/typescript && npm ci --silent && npm run --silent generate; \
	else echo "There is no npm: clients/typescript is not generated."; fi
	@git status --short -- client clients console

.PHONY: histories
histories: go-version ## Record the workflow histories that replay tests use (git; clean tree)
	@status=$$(git status --porcelain) && [ -z "$$status" ] || { \
		echo "Histories are recorded from what is committed. Commit or stash this first:"; echo "$$status"; exit 1; }
	scripts/with-postgres go test ./cmd/internal/service -run TestHistoriesReplay -count=1 -record
	@git status --short -- workflows

# docs/reliability.md says what it does and shows.
SENDS ?= 2000
FAULTS ?= 10

.PHONY: chaos
chaos: build bin/handrail-chaos ## Send while providers, processes and the database fail; SENDS, FAULTS (per cent) and ARGS
	@bin/handrail-chaos --sends=$(SENDS) --faults=$(FAULTS) $(ARGS)

# docs/performance.md says what is measured.
.PHONY: bench
bench: build bin/handrail-bench ## Measure sends beside baselines, in one run; ARGS are passed on
	@bin/handrail-bench run --json=bin/bench.json --plot=bin/bench.svg $(ARGS)

# docs/reliability.md shows the figures. Nothing else should run on the machine.
.PHONY: growth
growth: bin/handrail-bench ## Measure what hostile inputs cost, and how that grows with their size
	@bin/handrail-bench hostile --json=bin/growth.json

# docs/reliability.md says what is asked. The same SEED asks the same; without one it is the time.
REQUESTS ?= 20000
SEED ?= 0

.PHONY: fuzz-api
fuzz-api: build bin/handrail-bench ## Ask for all that the API's document has, rightly and wrongly; REQUESTS, SEED and ARGS
	@bin/handrail-bench fuzz-api --requests=$(REQUESTS) --seed=$(SEED) --json=bin/fuzz-api.json $(ARGS)

# Each target has its time; FUZZ selects some of them by name.
FUZZTIME ?= 10s
FUZZ ?= .

.PHONY: fuzz
fuzz: go-version ## Run every fuzz target for FUZZTIME (10s) each; FUZZ selects some by name
	@$(static) scripts/fuzz $(FUZZTIME) '$(FUZZ)'

# docs/summaries.md says what the figures mean.
.PHONY: eval
eval: bin/handrail-eval ## Measure the summaries of every model that is configured; ARGS are passed on
	@bin/handrail-eval --json=bin/eval.json $(ARGS)

# carrier/reply/testdata/README.md says what is measured.
.PHONY: eval-mail
eval-mail: bin/handrail-eval ## Measure how quoted text is cut from mails; ARGS are passed on
	@bin/handrail-eval mail --json=bin/eval-mail.json $(ARGS)

# docs/console.md shows them.
.PHONY: screenshots
screenshots: go-version ## Photograph the console's pages of an invented evening, into docs/console
	@$(static) scripts/with-chromium go test ./cmd/internal/service -run TestThePicturesOfTheConsole -count=1 -pictures
	@git status --short -- docs/console

# --- docs

.PHONY: docs
docs: bin/handrail ## Write the documentation as a web site, to bin/docs
	@bin/handrail docs build --out bin/docs

# --- check

.PHONY: check
check: tidy format lint generated workflowcheck modules licences binary test ## Everything CI runs
	@$(MAKE) --no-print-directory vulns VULNS=if-reachable
	@$(MAKE) --no-print-directory chaos SENDS=200 ARGS=
	@$(MAKE) --no-print-directory growth

.PHONY: fmt
fmt: $(golangci_lint) ## Format all Go files
	@$(golangci_lint) fmt ./...

.PHONY: format
format: $(golangci_lint)
	@$(golangci_lint) fmt --diff ./... || { echo "Run 'make fmt'."; exit 1; }

.PHONY: lint
lint: $(golangci_lint) ## Run the linters; PKG is passed on
	@$(golangci_lint) config verify
	@$(static) GOFLAGS='$(build_flags)' $(golangci_lint) run $(PKG)

# That the document is the one that is served is a test of api.
.PHONY: generated
generated: $(oapi_codegen) $(templ) ## Check that what is generated is what its source says
	@written=$$(mktemp) && trap 'rm -f "$$written"' EXIT && \
	$(oapi_codegen) -config client/oapi-codegen.yaml -o "$$written" client/openapi.json && \
	cmp "$$written" client/generated.go || { echo "Run 'make generate'."; exit 1; }
	@pages=$$(mktemp -d) && trap 'rm -rf "$$pages"' EXIT && cp console/*.templ "$$pages" && \
	$(templ) generate -path "$$pages" -log-level error && for page in console/*_templ.go; do \
	cmp "$$pages/$${page##*/}" "$$page" || { echo "Run 'make generate'."; exit 1; }; done

.PHONY: workflowcheck
workflowcheck: $(workflowcheck) ## Look for code in workflows that would not replay
	@$(static) $(workflowcheck) -show-pos ./workflows/...

.PHONY: binary
binary: bin/handrail ## Check that bin/handrail links nothing of handrail-dev
	@scripts/check-binary

.PHONY: tidy
tidy: go-version
	@go mod tidy -diff || { echo "Run 'go mod tidy'."; exit 1; }
	@go -C tools mod tidy -diff || { echo "Run 'go -C tools mod tidy'."; exit 1; }

.PHONY: modules
modules: go-version ## Check that the modules in the cache are those of go.sum
	@go mod verify

.PHONY: licences
licences: go-version ## List the modules that the programs link, with their licences; fails if one is not allowed
	@$(static) go run $(build_flags) ./cmd/internal/licences

# VULNS=if-reachable says it, and does not fail, where the database cannot be reached.
VULNS ?=

.PHONY: vulns
vulns: $(govulncheck) ## Look for known vulnerabilities in what the programs call; asks vuln.go.dev, or VULNDB
	@$(static) GOFLAGS='$(build_flags)' scripts/vulns $(govulncheck) $(VULNS)

# --- tools

.PHONY: go-version
go-version:
	@scripts/check-go

$(golangci_lint): | go-version
	@echo "Building $(notdir $@), once; this takes minutes."
	@$(static) go -C tools build $(build_flags) -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(workflowcheck): | go-version
	@echo "Building $(notdir $@), once."
	@$(static) go -C tools build $(build_flags) -o ../$@ go.temporal.io/sdk/contrib/tools/workflowcheck

$(govulncheck): | go-version
	@echo "Building $(notdir $@), once."
	@$(static) go -C tools build $(build_flags) -o ../$@ golang.org/x/vuln/cmd/govulncheck

$(templ): | go-version
	@echo "Building $(notdir $@), once."
	@$(static) go -C tools build $(build_flags) -o ../$@ github.com/a-h/templ/cmd/templ

$(oapi_codegen): | go-version
	@echo "Building $(notdir $@), once."
	@$(static) go -C tools build $(build_flags) -o ../$@ github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
