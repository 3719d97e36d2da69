# The README's commands. Each can be repeated, and does only what is not yet done.

HANDSPIKE := target/release/handspike
GUEST_TARGET := x86_64-unknown-linux-gnu

# How long each fuzz target of `make fuzz` runs; for a thorough run: make fuzz SECONDS=600
SECONDS := 15

# How many calls a soak makes.
CALLS := 10000

.PHONY: help demo test fuzz conformance lint bench soak build images engine setup setup-tests stop clean

help:
	@echo "make demo   set everything up and run the demonstration"
	@echo "make test   set everything up and run all tests"
	@echo "make conformance  check the tools in a sandbox, case by case"
	@echo "make fuzz   run each fuzz target for $(SECONDS) s, or for SECONDS=600"
	@echo "make lint   format, clippy and docs, warnings denied"
	@echo "make bench  measure, and write target/bench.json"
	@echo "make soak   10000 mixed calls in one sandbox, or CALLS=600: nothing may grow"
	@echo "make build  target/release/handspike and its guest"
	@echo "make images the sandbox images"
	@echo "make stop   stop the Docker Engine and the PostgreSQL that make started, if it did"

demo: images
	$(HANDSPIKE) run --scenario tests/scenarios/demo/scenario.yaml --out target/demo

test: setup-tests images
	cargo test --workspace --locked
	cargo test --locked -p handspike-computer --features host-desktop --test host
	$(HANDSPIKE) conformance
	for date in 20241022 20250429 20250728; do $(HANDSPIKE) conformance --tools editor -- --tools-version $$date || exit; done
	for date in 20251124 20260801; do $(HANDSPIKE) conformance --tools computer -- --tools-version $$date || exit; done
	scripts/setup fuzz
	scripts/fuzz --again 15

conformance: images
	$(HANDSPIKE) conformance

fuzz: setup
	scripts/setup fuzz
	scripts/fuzz $(SECONDS)

lint: setup
	cargo fmt --all --check
	cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --all-targets --locked -p handspike-cli -p handspike-computer --features handspike-cli/host-desktop,handspike-computer/host-desktop -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

bench: setup images
	scripts/setup bench
	CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static" \
		cargo build --profile guest --locked -p handspike-computer --example capture_cost --target $(GUEST_TARGET)
	cargo run --release --locked -p handspike-bench

soak: images
	cargo run --release --locked -p handspike-bench -- soak $(CALLS)

images: build engine
	$(HANDSPIKE) sandbox build

build: setup
	cargo build --release --locked -p handspike-cli --features host-desktop
	CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static" \
		cargo build --profile guest --locked -p handspike-guest --target $(GUEST_TARGET)
	cp -f target/$(GUEST_TARGET)/guest/handspike-guest target/release/handspike-guest

engine: setup
	scripts/engine up

setup:
	scripts/setup build

setup-tests: setup
	scripts/setup tests

stop:
	scripts/postgres down
	scripts/engine down

clean:
	cargo clean
