# Needs Go, git and a POSIX shell, nothing else. The tools of `make check` are pinned in .ci/tools.mod, apart from
# go.mod, so that their many dependencies are not those of the product.

export CGO_ENABLED = 0

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# gRPC's tracing brings packages that keep the linker from leaving out methods that nobody calls: 15 MiB.
GO_BUILD := go build -trimpath -buildvcs=false -tags grpcnotrace -ldflags "-s -w -X main.version=$(VERSION)"
TOOL     := go tool -modfile=.ci/tools.mod

# FUZZTIME is a duration, or a number of inputs written as 10000x.
FUZZTIME ?= 30s

.DEFAULT_GOAL := help
.PHONY: help build run test conformance check bench chaos fuzz cross fmt-check vet vet-cross lint vuln race generate-check fuzz-targets

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

build: ## build bin/onstream
	$(GO_BUILD) -o bin/onstream ./cmd/onstream

run: build ## build, then run the quickstart: simulated devices, results on the screen, ends by itself
	bin/onstream run examples/quickstart

test: ## run all tests, also with the servers and compilers that scripts/services and scripts/toolchains have (TESTFLAGS=-v for each by name)
	@eval "$$(scripts/services env)"; eval "$$(scripts/toolchains env)"; go test -timeout 20m $(TESTFLAGS) ./...

conformance: ## run what every bus must pass, with the servers that are up, and write docs/CONNECTORS.md's table of it
	@eval "$$(scripts/services env)"; go test -count=1 -v -run 'Conformance|Watermill|Mosquitto|InProcess' ./connectors/... | go run ./docs/conformance docs/CONNECTORS.md

check: fmt-check vet vet-cross lint vuln generate-check race ## what a change must pass besides the tests: format, vet, lint, race

bench: build ## measure the engine against the hand-written limit (ARGS=-h for its flags)
	go run ./bench $(ARGS)

chaos: ## kill, starve and mislead the engine for minutes, and see that nothing is lost (ARGS=-h for its flags)
	go run ./chaos $(ARGS)

fuzz: ## run every fuzz target for FUZZTIME each (30s)
	@targets=$$($(MAKE) -s fuzz-targets) || exit 1; \
	echo "$$targets" | while read -r package target; do \
		[ "$$target" ] || continue; echo "$$target in $$package"; \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "$$package" || exit 1; \
	done

cross: ## build bin/onstream-OS-ARCH for every platform that is supported
	GOOS=linux   GOARCH=amd64       $(GO_BUILD) -o bin/onstream-linux-amd64       ./cmd/onstream
	GOOS=linux   GOARCH=arm64       $(GO_BUILD) -o bin/onstream-linux-arm64       ./cmd/onstream
	GOOS=linux   GOARCH=arm GOARM=7 $(GO_BUILD) -o bin/onstream-linux-armv7       ./cmd/onstream
	GOOS=darwin  GOARCH=arm64       $(GO_BUILD) -o bin/onstream-darwin-arm64      ./cmd/onstream
	GOOS=windows GOARCH=amd64       $(GO_BUILD) -o bin/onstream-windows-amd64.exe ./cmd/onstream
	@wc -c bin/onstream-* | awk '$$2 != "total" { printf "%6.1f MiB  %s\n", $$1 / 1048576, $$2 }'

# The parts of check, each to be had alone.

fmt-check:
	@unformatted=$$(gofmt -l .) || exit 1; [ -z "$$unformatted" ] || { echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; }

vet:
	go vet ./...

# Where an int has 32 bits, where the system has other files and signals, and where there is assembly. What "cross" builds, without the rest of it.
vet-cross:
	GOOS=linux GOARCH=arm GOARM=7 CGO_ENABLED=0 go build -o /dev/null ./cmd/onstream
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 go vet ./cmd/onstream
	GOOS=wasip1 GOARCH=wasm go vet ./wasm/sdk/go/...

lint:
	$(TOOL) golangci-lint run ./...

# A machine without a way out cannot ask the database. That is said, and is no finding.
vuln:
	@echo govulncheck ./...; out=$$($(TOOL) govulncheck ./... 2>&1) && status=0 || status=$$?; \
	case "$$status $$out" in \
		"0 "*) ;; \
		*"fetching vulnerabilities: Get "*) echo "vuln: skipped, the vulnerability database cannot be reached" ;; \
		*) echo "$$out"; exit 1 ;; \
	esac

# The race detector is the one thing here that needs a C compiler. It would have each process sleep a second at its end.
race:
	@if command -v "$$(go env CC)" >/dev/null; then \
		echo "go test -race -short ./..."; GORACE=atexit_sleep_ms=0 CGO_ENABLED=1 go test -race -short -timeout 20m ./...; \
	else \
		echo "race: skipped, the race detector needs a C compiler and $$(go env CC) is not installed"; \
	fi

# Generating must change nothing. What else is not committed yet does not matter.
generate-check:
	@if git grep -q --untracked '^//go:generate' -- '*.go'; then \
		before=$$(git diff; git status --short); echo "go generate ./..."; go generate ./... || exit 1; \
		[ "$$before" = "$$(git diff; git status --short)" ] || { echo "generated files were not current:"; git status --short; exit 1; }; \
	fi

# One line "package target" for each. A package that does not compile ends it.
fuzz-targets:
	@go test -list '^Fuzz' ./... | awk '/^Fuzz/ { found[++n] = $$1 } \
		/^ok/ { for (i = 1; i <= n; i++) print $$2, found[i]; n = 0 } \
		/^FAIL/ { print > "/dev/stderr"; bad = 1 } END { exit bad }'
