# make demo    set up, build, and show what the library does
# make test    set up, and run every test
# make test-rdma    run the RDMA tests, in a virtual machine with Soft-RoCE
# make docs    build the modules' documentation

.PHONY: setup build demo test test-library test-benchmarks test-examples test-import test-rdma docs bench format lint clean

# Warnings are errors in CI alone, so that a new compiler does not stop anybody at work.
strict := $(if $(CI),-Xswiftc -warnings-as-errors)

setup:
	@.ci/setup

build: setup
	swift build

demo: setup
	swift build -c release --package-path Examples
	Examples/Scripts/demo.sh

test: setup test-library docs test-benchmarks test-examples test-import test-rdma

test-library: setup
	swift build --build-tests $(strict)
	swift test --skip-build

test-benchmarks: setup
	swift build -c release --package-path Benchmarks
	swift test --package-path Benchmarks
	Benchmarks/Scripts/check-overhead.sh

test-examples: setup
	swift build -c release --package-path Examples
	Examples/.build/release/collectives-hello --ranks 4 | tail -1 | grep -q "all correct: yes"
	Tests/Examples/mixplan.sh Examples/.build/release/mixplan
	Tests/Examples/moe-layer.sh Examples/.build/release/moe-layer
	swift test --package-path Examples
	Examples/Scripts/check-mixserve.sh

test-import: setup
	Tests/Import/run.sh

test-rdma:
	Tests/Guest/test.sh

docs:
	Documentation/build.sh

bench: setup
	swift build -c release --package-path Benchmarks
	Benchmarks/.build/release/mixbench all-reduce --ranks 2 -b 8 -e 64M -f 4

format:
	swift format --in-place --recursive Sources Tests Examples Benchmarks Package.swift

lint:
	swift format lint --strict --recursive Sources Tests Examples Benchmarks Package.swift

clean:
	rm -rf .build Examples/.build Benchmarks/.build
