# make demo       set up, build, and show what the library does
# make test       set up, and run every test
# make test-rdma  run the RDMA tests, in a virtual machine with Soft-RoCE
# make docs       build the modules' documentation
# make build bench format lint clean

.PHONY: setup build demo test test-library test-benchmarks test-examples test-import test-rdma docs bench format lint clean

# All packages are built into one folder, so that what they share is compiled once. SwiftPM takes a folder's last manifest for the
# package's own, unless told not to.
together := --disable-build-manifest-caching -c release --scratch-path $(CURDIR)/.build/make
programs := $(CURDIR)/.build/make/release

# Tests are optimised too: they look at much data, and the guest's processor is slow. They look at what is internal, so they
# have a folder, and programs, of their own. Warnings are errors in CI alone, so that a new compiler does not stop anybody
# at work.
strict := $(if $(CI),-Xswiftc -warnings-as-errors)
tests := --disable-build-manifest-caching -c release --scratch-path $(CURDIR)/.build/test \
	-Xswiftc -enable-testing -Xswiftc -DMIX_TESTABLE $(strict)
tested := $(CURDIR)/.build/test/release

setup:
	@.ci/setup

build: setup
	swift build $(together)

demo: setup
	swift build $(together) --package-path Examples
	swift build $(together) --package-path Benchmarks --product mixbench
	Examples/Scripts/demo.sh $(programs)

# The root package first: the others compile its Swift modules anew.
test: setup test-library docs test-rdma test-benchmarks test-examples test-import

test-library: setup
	swift build $(tests) --build-tests
	swift test $(tests) --skip-build

test-benchmarks: setup
	swift test $(tests) --package-path Benchmarks
	Benchmarks/Scripts/check-overhead.sh --program $(tested)/mixoverhead

test-examples: setup
	swift test $(tests) --package-path Examples
	$(tested)/collectives-hello --ranks 4 | tail -1 | grep -q "all correct: yes"
	Tests/Examples/mixplan.sh $(tested)/mixplan
	Tests/Examples/moe-layer.sh $(tested)/moe-layer
	Tests/Examples/mixserve.sh $(tested)/mixserve
	Examples/Scripts/check-mixserve.sh $(tested)/mixserve

test-import: setup
	Tests/Import/run.sh

test-rdma: setup
	swift build $(tests) --product MixTestRank
	Tests/Guest/test.sh $(tested)/MixTestRank

docs: setup
	Documentation/build.sh $(tests)

bench: setup
	swift build $(together) --package-path Benchmarks
	$(programs)/mixbench all-reduce --ranks 2 -b 8 -e 64M -f 4

format:
	swift format --in-place --recursive Sources Tests Examples Benchmarks Package.swift

lint:
	swift format lint --strict --recursive Sources Tests Examples Benchmarks Package.swift

clean:
	rm -rf .build Examples/.build Benchmarks/.build
