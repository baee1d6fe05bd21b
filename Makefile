# Each target is a thin line over a Go command or a script.
.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench chaos fuzz gallery record tools hooks clean

GO    ?= go
TOOL  := internal/tools/bin.sh
# The race detector needs a C compiler. What only computes, and shares nothing but pools,
# it does not watch: pictures, patterns and curves take up to sixty times as long under it.
# None of it may reach a sync.Map, not even in the types that it is given: the linker takes one
# copy of what that is made of, which may be the one that tells the detector nothing, for all.
# make check looks for such copies.
PURE  := image/... compress/flate regexp/... math/big golang.org/x/image/... github.com/jung-kurt/gofpdf \
	$(addprefix ./internal/biometrics/,fingerprint minutiae portrait quality ridges) \
	./internal/inspection/print ./personalization/chip/curve
RACE  := $(if $(shell command -v gcc 2>/dev/null),-race $(PURE:%=-gcflags=%=-race=false))
# Packages that are too slow under it: thousands of drawings, a hundred runs of a program,
# pictures that one goroutine looks at (stations do, at once, in the tests of workflows); what
# the bench measures; and what live offices, gateway, worker and officers share under it, in
# theirs: the door, the registry, pages, activities, the anchored log.
UNRACED := /(templates|samples|starter|activities|internal/inspection/print|internal/(bench|intake|registry|transparency|web)|internal/biometrics/(fingerprint|portrait|ridges))(/|$$)
# Packages that take longest, with much waiting in them, begin first.
LONG := awk '/\/(workflows|gateway|printing|registry|starter)$$/ { print; next } { others = others "\n" $$0 } END { print others }'
# Tests of workflows in the SDK's test environment, in which one thing is done at a time.
CALM := ^Test(CardApplication|Steps|UntouchedBlank)_
# One or two tests that failed among a hundred processes on a few cores are run again, alone, and
# told: what fails there fails. A race, a panic and what does not build have no second try.
TEST  := $$($(TOOL) gotestsum) --format standard-quiet --rerun-fails=1 --rerun-fails-max-failures=2 --rerun-fails-abort-on-data-race
WITH  := $(GO) run ./internal/devserver/with --
TESTS ?= ./...
# Code that uses devices through C libraries: an HSM, and card readers where
# libpcsclite-dev is installed. The tests start a SoftHSM and a virtual reader.
TAGS  := pkcs11$(shell pkg-config --exists libpcsclite 2>/dev/null && echo ,pcsc)

help: ## show this
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/' | expand -t 16

run: ## start a whole office, take the samples to their ends, keep running until Ctrl-C
	@echo "Building starter; the first time this takes a minute or two ..."
	@$(GO) build -o .data/bin/starter ./starter
	@exec .data/bin/starter run

test: check ## check, then run all tests with a real PostgreSQL and a real Temporal server
	$(WITH) $(TEST) --packages="$$($(GO) list $(TESTS) | grep -vE '$(UNRACED)' | $(LONG))" -- $(if $(RACE),$(RACE) -skip '$(CALM)') -shuffle=on -count=1 -timeout 15m
	$(if $(RACE),$(WITH) $(TEST) --packages=./workflows -- -run '$(CALM)' -shuffle=on -count=1 -timeout 15m)
	$(if $(RACE),$(GO) test $(RACE) -tags $(TAGS) -shuffle=on -count=1 -timeout 5m -run 'PKCS11|PCSC|SignsInAToken' ./personalization/chip/keys ./personalization/station ./starter)
	$(WITH) $(TEST) --packages="$$($(GO) list $(TESTS) | grep -E '$(UNRACED)' | $(LONG))" -- -shuffle=on -count=1 -timeout 15m
	$(if $(RACE),$(GO) test $(RACE) -count=1 -timeout 5m -run SameEachTime ./templates/...)

check: ## vet, linters, format, and determinism of the workflows
	$(GO) vet ./...
	$$($(TOOL) golangci-lint) run ./...
	$$($(TOOL) workflowcheck) -config .workflowcheck.yaml ./workflows/...
	$(if $(RACE),GO="$(GO)" internal/tools/unwatched.sh $(RACE) $(PURE))

fmt: ## format the code
	$$($(TOOL) golangci-lint) fmt ./...

SERVER ?= dev
FINISHED ?= 0
bench: ## measure what a card costs, beside ten no-op activities; SERVER=postgres, FINISHED=1000000
	$(GO) run ./internal/bench --server $(SERVER) --finished $(FINISHED)

chaos: ## kill an office's processes at random while applications go through it: .data/chaos.md
	$(GO) run ./internal/chaos

FUZZTIME ?= 60s
fuzz: ## run each fuzz test of the chip for FUZZTIME
	@for p in $$($(GO) list ./personalization/...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep ^Fuzz); do \
			echo "$$p $$f"; \
			$(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p || exit 1; \
		done; \
	done

gallery: ## draw specimens of every form: .data/out/forms/index.html
	$(GO) run ./starter form specimens .data/out/forms

record: ## record histories for the replay tests; from released code, never from a branch
	$(GO) run ./internal/devserver/with -- $(GO) test ./workflows -run Record -record -count=1

tools: ## build the linters and the Temporal servers now; they are kept outside the clone
	@for tool in temporal temporal-server temporal-sql-tool golangci-lint workflowcheck gotestsum; do $(TOOL) $$tool; done

hooks: ## have git run make check before each commit
	git config core.hooksPath .githooks

clean: ## remove what make run keeps here; tools stay in their cache
	@mkdir -p .data && flock --nonblock .data/run.lock true || { echo "make run is running; stop it first" >&2; exit 1; }
	@if [ -L .data/postgres/cluster ]; then rm -rf "$$(readlink .data/postgres/cluster)"; fi
	rm -rf .data
