# Wirespan: programs in build/bin. `make help` lists the targets.

CC ?= gcc
CLANG ?= clang
BUILD ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
SAN_FLAGS = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -I$(BUILD) $(CFLAGS)

LIB_SRC = $(wildcard lib/*.c)
PROGRAMS = capture ingest analyze
capture_LIBS = -lbpf -lpcap -ljansson -lpthread
ingest_LIBS = -lpcap -lsqlite3 -lz
analyze_LIBS = -lsqlite3 -ljansson -lm
COMMON_LIBS = -lzstd -lxxhash

all: $(PROGRAMS:%=$(BUILD)/bin/%) ## build the programs

$(BUILD)/tap.bpf.o: bpf/tap.bpf.c $(wildcard lib/*.h)
	@mkdir -p $(@D)
	$(CLANG) -g -O2 -target bpf -mcpu=v3 -ffreestanding -Wall -Wextra -Werror -I. \
		-I/usr/include/$(shell uname -m)-linux-gnu -c $< -o $@

$(BUILD)/tap.skel.h: $(BUILD)/tap.bpf.o
	PATH="$$PATH:/usr/sbin" bpftool gen skeleton $< name tap_bpf > $@.part && mv $@.part $@

$(patsubst %.c,$(BUILD)/%.o,$(wildcard capture/*.c)): | $(BUILD)/tap.skel.h

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

define program
$(BUILD)/bin/$(1): $(patsubst %.c,$(BUILD)/%.o,$(LIB_SRC) $(wildcard $(1)/*.c))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$^ -o $$@ $$($(1)_LIBS) $$(COMMON_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# the schema travels in the program
$(BUILD)/ingest/schema.c: lib/schema.sql
	@mkdir -p $(@D)
	{ echo 'const char ws_schema_sql[] ='; sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' $<; echo ';'; } > $@

$(BUILD)/ingest/schema.o: $(BUILD)/ingest/schema.c
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/bin/ingest: $(BUILD)/ingest/schema.o

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
