# make            the five services and sidanctl, in build/bin
# make <service>  one of them
# make run        everything on this machine, with a sample county
# make check      all tests, with the sanitizers on
# make bench      throughput and latency; never fails on timing
# make lint       clang-format, clang-tidy, cppcheck
# make install    to $(DESTDIR)$(PREFIX)
#
# SANITIZE=1 builds into build/asan with AddressSanitizer and UBSan.

SERVICES := intake routing assignment notification archive
PACKAGES := libzmq libczmq msgpack hiredis libcurl libmicrohttpd jansson libxml-2.0 libsodium sqlite3 libutf8proc
PREFIX   ?= /usr/local
CC       ?= gcc

BUILD    := build$(if $(SANITIZE),/asan)
CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wconversion -Werror
STANDARD := -std=c11 -D_GNU_SOURCE
ifdef SANITIZE
CFLAGS   := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
endif
ALL_CFLAGS = $(STANDARD) $(WARNINGS) $(CFLAGS) -I. -I$(BUILD) -MMD -MP $(shell pkg-config --cflags $(PACKAGES))
LDLIBS     = $(shell pkg-config --libs $(PACKAGES)) -lm

COMMON     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard common/*.c))
LUA        := $(patsubst %.lua,$(BUILD)/%.lua.h,$(wildcard common/lua/*.lua services/*/lua/*.lua))
PROGRAMS   := $(SERVICES:%=$(BUILD)/bin/sidan-%) $(BUILD)/bin/sidanctl
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all programs $(SERVICES) sidanctl run check unit bench lint format install clean golden
all: | build/.setup
	@$(MAKE) --no-print-directory programs

# What Debian packages are needed is known to scripts/setup; it runs by itself when it changed or never ran.
build/.setup: scripts/setup
	@scripts/setup
	@mkdir -p build && touch $@

programs: $(PROGRAMS)
$(SERVICES): | build/.setup
	@$(MAKE) --no-print-directory build/bin/sidan-$@
sidanctl: | build/.setup
	@$(MAKE) --no-print-directory build/bin/sidanctl

$(BUILD)/libsidan.a: $(COMMON)
	@rm -f $@
	@ar rcs $@ $^

define program
$(BUILD)/bin/$(1): $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(2)/*.c)) $(BUILD)/libsidan.a
	@mkdir -p $$(@D)
	@echo "  link $$@"
	@$$(CC) $$(CFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach s,$(SERVICES),$(eval $(call program,sidan-$(s),services/$(s))))
$(eval $(call program,sidanctl,scripts/ctl))

.SECONDARY:

$(BUILD)/%.o: %.c | $(LUA)
	@mkdir -p $(@D)
	@echo "  cc   $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

# A Lua script as a C string: #include "common/lua/commit.lua.h" after `static const char commit_lua[] =`.
$(BUILD)/%.lua.h: %.lua
	@mkdir -p $(@D)
	@sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\(.*\)$$/"\1\\n"/' $< > $@

# A unit test links the library and every service's files but their mains.
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libsidan.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -MF $@.d -o $@ $< $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard $(addsuffix /*.c,$(shell sed -n 's/^\/\/ links: //p' $<))))) $(BUILD)/libsidan.a -lcmocka $(LDLIBS)

unit-programs: $(UNIT_TESTS)

# The golden files of tests/golden, one for each message; see tests/unit/test_wire.c.
golden: $(BUILD)/unit/test_wire
	@$< --write

run: all
	@scripts/run

check: | build/.setup
	@tests/check

bench: all
	@tests/bench/run

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
