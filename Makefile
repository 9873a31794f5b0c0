# SPDX-License-Identifier: BSD-2-Clause
# Wirespan. `make help` lists the targets; programs are built in build/bin.

BUILD ?= build
PREFIX ?= /usr/local
CLANG ?= clang
CFLAGS ?= -O2 -g
# WS_COVERAGE: a recording may write its counts, which its filter of system calls would refuse
COVERAGE = BUILD=$(BUILD)/coverage CFLAGS="-O0 -g --coverage -fprofile-update=atomic -DWS_COVERAGE"
# lines, and no more, are what a report of a sanitizer needs
SAN_CFLAGS = -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# no fused multiply-add: the same numbers, to the last digit, on every machine
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -ffp-contract=off -Wall -Wextra -Werror -I. -I$(BUILD) $(CFLAGS)
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -ffreestanding -Wall -Wextra -Werror -I. \
	-I/usr/include/$(shell uname -m)-linux-gnu
LIBS = -lbpf -lseccomp -lpcap -lsqlite3 -ljansson -lnghttp2 -lcurl -lzstd -lxxhash -lz -lm -lpthread
# of each fuzz target; FUZZ_TIME is the same
FUZZ_SECONDS ?= $(or $(FUZZ_TIME),60)
CAPTURES ?=
MINUTES ?= 30

PACKAGES = gcc libc6-dev clang llvm bpftool libbpf-dev libpcap-dev libsqlite3-dev libzstd-dev libxxhash-dev libjansson-dev \
	zlib1g-dev libcurl4-openssl-dev libnghttp2-dev libseccomp-dev gnuplot-nox nginx-light nghttp2-client iproute2 util-linux zstd
MESH_PACKAGES = python3 curl ethtool iptables
TEST_PACKAGES = $(MESH_PACKAGES) libcmocka-dev libclang-rt-14-dev clang-format clang-tidy cppcheck valgrind shellcheck tshark \
	tcpdump python3-scapy python3-hpack python3-h2 python3-grpcio xxhash sqlite3 jq diffutils chromium nftables docker.io containerd runc busybox-static procps clickhouse-server openssl
KERNEL_PACKAGES = qemu-system-x86 busybox-static cpio kmod xz-utils zstd jq sqlite3 iproute2
BENCH_PACKAGES = python3 tcpdump tshark python3-scapy python3-dpkt python3-pandas

PROGRAMS = capture ingest analyze
ROOMS = lib $(PROGRAMS)
ROOM_SOURCES = $(filter-out %/main.c,$(wildcard $(ROOMS:%=%/*.c) $(ROOMS:%=%/*/*.c)))
ROOM_OBJECTS = $(ROOM_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/ingest/schema.o
THREAD_TESTS = $(patsubst %,$(BUILD)/tests/test_%,bulk command feed join_points run_points turns)
UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
BENCH_HELPERS = $(filter $(wildcard tests/bench/*.c),$(patsubst %.h,%.c,$(wildcard tests/bench/*.h)))
BENCH_FILES = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(filter-out $(BENCH_HELPERS) %.bpf.c,$(wildcard tests/bench/*.c))) \
	$(patsubst tests/bench/%.c,$(BUILD)/bench/%.o,$(wildcard tests/bench/*.bpf.c))
# what reads bytes or words from outside, and what writes them for others; not what needs the kernel
FUZZ_SOURCES = $(filter lib/% ingest/% capture/collect/%,$(ROOM_SOURCES)) ingest/schema.c $(FUZZ_CAPTURE:%=capture/%.c) \
	$(FUZZ_ANALYZE:%=analyze/%.c)
FUZZ_CAPTURE = any_text directory filter netns options plan/plan plan/plan_read plan/plan_options whole_file
FUZZ_ANALYZE = asset catalog drawing entity figure invocation markup plotter publication query svg utf8 mesh/export_text
FUZZ_CFLAGS = -std=gnu17 -D_GNU_SOURCE -O1 -g1 -Wall -Wextra -Werror -I. -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZERS = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
C_FILES = $(wildcard $(ROOMS:%=%/*.[ch]) $(ROOMS:%=%/*/*.[ch]) bpf/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch] \
	datasets/*/*.[ch])
SHELL_FILES = $(shell find datasets tests .ci -name '*.sh' -o -path .ci/run)

all: $(PROGRAMS:%=$(BUILD)/bin/%) $(BUILD)/ipip.bpf.o ## build the programs, and what the testbed needs

measure: setup ## the README's first command: record on the testbed, load, draw
	@echo "Building"
	@$(MAKE) -s -j "$$(nproc)" all
	@BIN=$(BUILD)/bin datasets/measure.sh $(MEASURE_OPTIONS)

reproduce: setup ## the paper's evaluation on the testbed, 45 minutes; QUICK=1: 4 minutes, rough numbers
	@echo "Building"
	@$(MAKE) -s -j "$$(nproc)" all
	@BIN=$(BUILD)/bin datasets/reproduce.sh $(if $(QUICK),--quick) $(REPRODUCE_OPTIONS)

mesh: setup-mesh ## a cluster of four nodes on this machine: find the tracing points, record every node, draw the way of a request
	@echo "Building"
	@$(MAKE) -s -j "$$(nproc)" all
	@BIN=$(BUILD)/bin datasets/mesh.sh $(MESH_OPTIONS)

test: setup-tests ## the README's second command: every test
	@echo "Building"
	@$(MAKE) -s -j "$$(nproc)" all
	@tests/run.sh

check: all unit ## unit, golden and generated-capture tests; no root
	tests/unit/run.sh $(UNIT_TESTS)
	tests/golden/run.sh $(BUILD)/bin
	tests/diff/foreign/run.py --bin $(BUILD)/bin $(FOREIGN_OPTIONS)
	tests/sample/run.sh $(BUILD)/bin

check-san: ## the same under AddressSanitizer and UndefinedBehaviorSanitizer
	$(MAKE) BUILD=$(BUILD)/san CFLAGS="$(SAN_CFLAGS)" FOREIGN_OPTIONS=--once check

check-bpf: all $(BUILD)/tests/kernel_host ## kernel parser = host parser (root)
	$(BUILD)/tests/kernel_host $(BUILD)/tap.bpf.o
	$(BUILD)/tests/kernel_host $(BUILD)/tap.bpf.o 20240917 100 tc

check-net: all ## real traffic on the testbed (root)
	tests/net/run.sh $(BUILD)/bin

check-cluster: all ## from the cluster to the tracing points, with stand-ins and with real tools (root for most of it)
	tests/cluster/run.sh $(BUILD)/bin

check-mesh: all ## what several nodes saw: journeys, clocks, joins, against independent judges
	tests/journey/run.sh $(BUILD)/bin
	tests/clocks/run.sh $(BUILD)/bin

check-campaign: all ## campaigns: files, interrupts, resumption (recording needs root)
	tests/campaign/run.sh $(BUILD)/bin

check-faults: all ## what faults do: kills, full disks, lost interfaces, damaged databases (root for recording)
	for t in tests/faults/*.sh; do $$t $(BUILD)/bin || exit 1; done

check-clickhouse: all bench-programs ## loading into ClickHouse and analyzing there, on servers that are started for it
	for t in $(wildcard $(addprefix tests/clickhouse/,ingest.sh analyze.sh detect.sh hostile.sh)); do $$t $(BUILD)/bin || exit 1; done

check-clickhouse-current: all bench-programs ## the same on a current ClickHouse, by hand (downloads 180 MB once, with npm); VERSION=26.7.3-stable.1
	tests/clickhouse/current.sh $(if $(VERSION),--version $(VERSION)) $(BUILD)/bin

check-clickhouse-cluster: all bench-programs ## two shards of which the URL names one, by hand: ON CLUSTER, with Debian's ZooKeeper
	tests/clickhouse/cluster.sh $(BUILD)/bin

check-numbers: all ## what analyze says of a campaign = what an independent judge says
	tests/diff/campaign/run.sh $(BUILD)/bin

check-browser: $(BUILD)/tests/test_page all ## reports in headless Chromium
	$(BUILD)/tests/test_page $(BUILD)/page.html $(BUILD)/page.md
	tests/browser/run.sh $(BUILD)/page.html

check-tshark: all ## host parser = tshark; EVERY=3: of the cases, every third
	tests/diff/foreign/tshark_judge.py --bin $(BUILD)/bin --every $(or $(EVERY),1)

check-tsan: ## what has threads, under ThreadSanitizer
	$(MAKE) BUILD=$(BUILD)/tsan CFLAGS="-O1 -g -fsanitize=thread" tsan

check-valgrind: all ## the golden tests under valgrind's memcheck (ten minutes); PARTS="runs responses": only these
	tests/valgrind/run.sh $(BUILD)/bin $(PARTS)

check-memory: all $(BUILD)/tests/failing.so ## allocations that fail, SAMPLE (40) of each command's; SAMPLE=0: every one (an hour and less); JOBS=2
	tests/memory/run.py --sample $(or $(SAMPLE),40) --jobs $(or $(JOBS),1) $(BUILD)/bin $(BUILD)/tests/failing.so

check-captures: ## other people's captures below CAPTURES=DIR through ingest and analyze, under sanitizers
	$(MAKE) BUILD=$(BUILD)/san CFLAGS="$(SAN_CFLAGS)" all
	tests/captures/run.py $(BUILD)/san/bin $(or $(CAPTURES),$(error say where they are: CAPTURES=DIR))

check-static: all ## clang-tidy and cppcheck without a finding; FILES="a.c b.c": of these only; ANALYZER=1: gcc -fanalyzer, too
	tests/static/run.sh $(BUILD) $(if $(ANALYZER),--analyzer) $(FILES)

coverage: ## lines and branches that tests without root run, ROOT=1: also those with; uncovered.txt in build/coverage
	rm -rf $(BUILD)/coverage
	$(MAKE) $(COVERAGE) FOREIGN_OPTIONS=--once check
	$(MAKE) $(COVERAGE) check-mesh check-numbers check-clickhouse check-memory
	tests/faults/data.sh $(BUILD)/coverage/bin
	$(if $(ROOT),tests/coverage_root.sh $(BUILD)/coverage)
	tests/coverage.py $(BUILD)/coverage

check-kernels: setup-kernels all $(BUILD)/tests/kernel_host $(BUILD)/tests/kernel_traffic ## boot 5.10, 6.1, 6.12 in qemu and record there (downloads 300 MB once); KERNELS="6.1"
	tests/kernels/run.sh $(BUILD) $(KERNELS)

bench-clickhouse: all bench-programs ## a ClickHouse store beside run.db: loading, cdf, bytes, 10^5 to 10^7 rows a point (BENCH_OPTIONS="--rows 100000")
	tests/clickhouse/bench.sh $(BENCH_OPTIONS) $(BUILD)

soak: all ## record at the highest rate that loses nothing: MINUTES=30, RATE= (root)
	tests/soak/run.sh --minutes $(MINUTES) $(if $(RATE),--rate $(RATE)) $(BUILD)

fuzz: $(FUZZERS) $(BUILD)/tests/kernel_host ## every fuzz target for FUZZ_TIME seconds (60)
	tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS)

bench: ## speed, as ratios measured in one run, 15 minutes; QUICK=1: 3; BENCH_TSV=FILE (root for the kernel's part)
	@echo "Building"
	@$(MAKE) -s -j "$$(nproc)" all bench-programs
	@tests/bench/bench.py --build $(BUILD) $(if $(QUICK),--quick) $(if $(BENCH_TSV),--tsv "$(BENCH_TSV)") $(BENCH_OPTIONS)

bench-bpf: all bench-programs ## of it, what the in-kernel program costs a packet (root)
	@tests/bench/bench.py --build $(BUILD) --only kernel $(BENCH_OPTIONS)

bench-capture: all ## what capturing costs: the same load with nothing, empty programs, ours, tcpdump (root; five minutes)
	tests/bench/bench_capture.sh $(BUILD)

lint: ## gcc and clang without a warning, layout, shell scripts, layering
	$(MAKE) all unit bench-programs
	printf '%s\n' $(filter-out %.bpf.c,$(filter %.c,$(C_FILES))) | xargs -P "$$(nproc)" -n 16 $(CLANG) $(ALL_CFLAGS) -fsyntax-only
	clang-format --dry-run -Werror $(C_FILES)
	shellcheck $(SHELL_FILES)
	tests/layering.sh

format: ## lay the sources out
	clang-format -i $(C_FILES)

install: all ## into PREFIX (/usr/local), below DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/wirespan
	install -m 755 $(PROGRAMS:%=$(BUILD)/bin/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 reports/*.gp reports/page.css lib/schema.sql lib/recfile.md $(DESTDIR)$(PREFIX)/share/wirespan

clean: ## remove what was built
	rm -rf $(BUILD)

setup: ## install the packages that building and measuring need (root)
	@./datasets/setup.sh $(PACKAGES)

setup-mesh: ## install what the cluster on this machine needs, too (root)
	@./datasets/setup.sh $(PACKAGES) $(MESH_PACKAGES)

setup-tests: ## install what the tests need, too (root)
	@./datasets/setup.sh $(PACKAGES) $(TEST_PACKAGES)

setup-kernels: ## install what boots other kernels: qemu (root)
	@./datasets/setup.sh $(PACKAGES) $(KERNEL_PACKAGES)

setup-bench: ## install what others are measured with: tcpdump, tshark, dpkt, scapy, pandas (root)
	@./datasets/setup.sh $(PACKAGES) $(BENCH_PACKAGES)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

unit: $(UNIT_TESTS)

# gcc's ThreadSanitizer knows no address space laid out at random
tsan: all $(THREAD_TESTS) $(BUILD)/bench/make_run
	setarch -R tests/tsan/run.sh $(BUILD) $(THREAD_TESTS)

bench-programs: $(BENCH_FILES)

$(BUILD)/tap.bpf.o: bpf/tap.bpf.c $(wildcard bpf/*.h lib/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/ipip.bpf.o: datasets/testbed/ipip.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/tap.skel.h: $(BUILD)/tap.bpf.o
	PATH="$$PATH:/usr/sbin" bpftool gen skeleton $< name tap_bpf > $@.part
	mv $@.part $@

$(patsubst %.c,$(BUILD)/%.o,$(wildcard capture/*.c capture/*/*.c)): | $(BUILD)/tap.skel.h

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# the schema travels in the program
$(BUILD)/ingest/schema.c: lib/schema.sql
	@mkdir -p $(@D)
	{ echo 'const char ws_schema_sql[] ='; sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' $<; echo ';'; } > $@

$(BUILD)/ingest/schema.o: $(BUILD)/ingest/schema.c
	$(CC) $(ALL_CFLAGS) -c $< -o $@

# everything but the main files: programs and tests take from it what they use
$(BUILD)/rooms.a: $(ROOM_OBJECTS)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/bin/%: $(BUILD)/%/main.o $(BUILD)/rooms.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $^ -Wl,--as-needed $(LIBS) -o $@

$(BUILD)/tests/test_%: tests/unit/test_%.c $(BUILD)/rooms.a Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $< $(BUILD)/rooms.a -lcmocka -Wl,--as-needed $(LIBS) -o $@

$(BUILD)/tests/failing.so: tests/memory/failing.c tests/memory/allocators.h Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -I. -O2 -g -Wall -Wextra -Werror -fPIC -shared -fno-builtin $< -o $@

$(BUILD)/tests/kernel_host: $(wildcard tests/diff/kernel/*.[ch] tests/unit/http2_wire.h lib/*.h) $(BUILD)/rooms.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(filter %.c,$^) $(BUILD)/rooms.a -Wl,--as-needed $(LIBS) -o $@

$(BUILD)/tests/kernel_traffic: tests/kernels/traffic.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $< -o $@

$(BUILD)/bench/%: tests/bench/%.c $(BENCH_HELPERS) $(wildcard tests/bench/*.h) $(BUILD)/rooms.a Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(filter %.c %.a,$^) -Wl,--as-needed $(LIBS) -o $@

$(BUILD)/bench/%.bpf.o: tests/bench/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# what fuzz targets take from the rooms, all of it instrumented
$(BUILD)/fuzz/rooms.a: $(FUZZ_SOURCES:%.c=$(BUILD)/fuzz/%.o)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/fuzz/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(BUILD)/fuzz/ingest/schema.o: $(BUILD)/ingest/schema.c
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c $< -o $@

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/fuzz/rooms.a
	$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -MMD -MP $< $(BUILD)/fuzz/rooms.a -Wl,--as-needed $(LIBS) -o $@

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all measure reproduce mesh test check check-san check-cluster check-mesh check-bpf check-net check-campaign check-faults check-numbers check-clickhouse check-clickhouse-current \
	check-clickhouse-cluster \
	check-browser check-tshark check-tsan check-valgrind check-memory check-captures check-static check-kernels soak coverage tsan fuzz bench bench-bpf bench-clickhouse \
	bench-capture bench-programs lint format install clean setup \
	setup-mesh setup-tests setup-kernels setup-bench help unit
