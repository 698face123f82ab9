# make            the five services and sidanctl, in build/bin, and the pages, in build/web
# make <service>  one of them
# make run        everything on this machine, with two sample counties
# make check      all tests, with the sanitizers on; make unit: those of tests/unit
# make screenshots  pictures of all pages, in build/screenshots; those in docs/screenshots are brought up to date
# make bench      throughput and latency; never fails on timing
# make chaos      faults under load and an audit: make chaos MINUTES=30 SEED=7 FAULTS=kill,redis
# make lint       clang-format, prettier, clang-tidy, cppcheck, shellcheck, pyflakes; each is a target of its own, too
# make install    the programs, pages, sample counties, the national calendar and configurations to $(DESTDIR)$(PREFIX)
#
# make evaluate   how well it judges: DATA=DIR with real messages and judgements of them
# make fuzz       fuzz tests: MINUTES=60 TARGET=wire JOBS=2; make fuzz-merge takes what they found into tests/fuzz/corpus
#
# SANITIZE=1 builds into build/asan with clang's AddressSanitizer and UBSan, and so that fuzz tests can be made of the same
# objects. The crash points of common/crash.h work there, and in build/chaos. After changing CC or CFLAGS: make clean.

SERVICES := intake routing assignment notification archive
PACKAGES := libzmq libczmq msgpack hiredis libcurl libmicrohttpd jansson libxml-2.0 libsodium nettle sqlite3 libutf8proc libqrencode xlsxwriter
PREFIX   ?= /usr/local

BUILD    := build$(if $(SANITIZE),/asan)
CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wconversion -Werror
STANDARD := -std=c11 -D_GNU_SOURCE
ifdef SANITIZE
CC       := clang
CFLAGS   := -O1 -g1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
endif
# pkg-config may be missing until scripts/setup has run, so it is asked when something is compiled, and only once.
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PACKAGE_CFLAGS)
PACKAGE_LIBS   = $(eval PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PACKAGE_LIBS)
DIALECT = $(STANDARD) $(WARNINGS) $(if $(SANITIZE),-DSIDAN_CHAOS) -I. -I$(BUILD) $(PACKAGE_CFLAGS)
COMPILE = $(CC) $(DIALECT) $(CFLAGS) -MMD -MP
LDLIBS  = -Wl,--as-needed $(PACKAGE_LIBS) -lm # each program loads what it uses, which is not all of these

COMMON     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard common/*.c))
LUA        := $(patsubst %.lua,$(BUILD)/%.lua.h,$(wildcard common/lua/*.lua services/*/lua/*.lua))
PROGRAMS   := $(SERVICES:%=$(BUILD)/bin/sidan-%) $(BUILD)/bin/sidanctl
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
EVALUATIONS := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/eval/*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(BUILD)/targets/%,$(wildcard tests/fuzz/*.c))

.PHONY: all programs web $(SERVICES) sidanctl run check screenshots unit unit-programs fuzz-programs fuzz fuzz-merge bench evaluate chaos install \
    chaos-programs clean golden reference
all: | build/.setup
	@$(MAKE) --no-print-directory programs web

# What Debian packages are needed is known to scripts/setup; it runs by itself when it changed or never ran.
build/.setup: scripts/setup tests/package-lock.json
	@scripts/setup
	@mkdir -p build && touch $@

programs: $(PROGRAMS)
$(SERVICES): | build/.setup
	@$(MAKE) --no-print-directory $(BUILD)/bin/sidan-$@
sidanctl: | build/.setup
	@$(MAKE) --no-print-directory $(BUILD)/bin/sidanctl

$(BUILD)/libsidan.a: $(COMMON)
	@rm -f $@
	@ar rcs $@ $^

# A program twice: with what its crash points do elsewhere, which is nothing, and in $(BUILD)/chaos with working ones.
define program
$(BUILD)/bin/$(1) $(BUILD)/chaos/bin/$(1): $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(2)/*.c)) $(BUILD)/libsidan.a
	@mkdir -p $$(@D)
	@echo "  link $$@"
	@$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$(LDLIBS)
$(BUILD)/chaos/bin/$(1): $(BUILD)/chaos/crash.o
endef
$(foreach s,$(SERVICES),$(eval $(call program,sidan-$(s),services/$(s))))
$(eval $(call program,sidanctl,scripts/ctl))
# sidanctl shows what SMS and mails say, and checks a county's codes for them.
$(BUILD)/bin/sidanctl $(BUILD)/chaos/bin/sidanctl: $(patsubst %,$(BUILD)/services/notification/%.o,templates values \
    samples wording mail channel)
$(BUILD)/chaos/crash.o: common/crash.c
	@mkdir -p $(@D)
	@$(COMPILE) -DSIDAN_CHAOS -c -o $@ $<
chaos-programs: $(PROGRAMS:$(BUILD)/%=$(BUILD)/chaos/%)

# The pages, from services/intake/web. Their client is typed by what intake says about its API.
PAGES := services/intake/web
web: build/web/resident.html
$(PAGES)/node_modules/.package-lock.json: $(PAGES)/package-lock.json
	@echo "  npm  $(PAGES)"
	@npm ci --prefix $(PAGES) --no-audit --no-fund --loglevel=error
	@touch $@
build/openapi.json: build/bin/sidan-intake
	@$< --openapi > $@.new
	@cmp -s $@.new $@ || cp $@.new $@
$(PAGES)/src/common/schema.ts: build/openapi.json $(PAGES)/node_modules/.package-lock.json
	@$(PAGES)/node_modules/.bin/openapi-typescript $< -o $@ >/dev/null
build/web/resident.html: $(shell find $(PAGES)/src $(PAGES)/*.html $(PAGES)/*.ts -type f ! -name schema.ts) \
    $(PAGES)/src/common/schema.ts
	@echo "  web  $(@D)"
	@cd $(PAGES) && node_modules/.bin/vue-tsc && node_modules/.bin/vite build --logLevel warn
	@touch $@

.SECONDARY:
.DELETE_ON_ERROR:

$(BUILD)/%.o: %.c | $(LUA)
	@mkdir -p $(@D)
	@echo "  cc   $<"
	@$(COMPILE) -c -o $@ $<

# A Lua script as a C string: #include "common/lua/commit.lua.h" after `static const char commit_lua[] =`.
$(BUILD)/%.lua.h: %.lua
	@mkdir -p $(@D)
	@sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\(.*\)$$/"\1\\n"/' $< > $@

# A test says in a line "// links: services/NAME" whose files it needs beside the library; all but their main. A fuzz
# target, or what surrounds intake for it, says in "// wraps: NAME..." which functions it answers in place of others.
linked = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard $(addsuffix /*.c,$(shell \
    sed -n 's|^// links: ||p' $(1))))))
wrapped = $(addprefix -Xlinker --wrap=,$(shell sed -n 's|^// wraps: ||p' $(1) \
    $(if $(shell grep 'tests/fuzz/door.h' $(1)),tests/fuzz/outside.h tests/fuzz/inside.h)))
.SECONDEXPANSION:
$(UNIT_TESTS) $(EVALUATIONS): $(BUILD)/%: tests/%.c $$(call linked,tests/$$*.c) $(BUILD)/libsidan.a
	@mkdir -p $(@D)
	@echo "  test $@"
	@$(COMPILE) $(LDFLAGS) -MF $@.d -o $@ $< $(call linked,$<) $(BUILD)/libsidan.a -lcmocka $(LDLIBS)

unit-programs: $(UNIT_TESTS)

$(FUZZERS): $(BUILD)/targets/%: tests/fuzz/%.c $$(call linked,tests/fuzz/$$*.c) $(BUILD)/libsidan.a
	@mkdir -p $(@D)
	@echo "  fuzz $@"
	@$(COMPILE) -fsanitize=fuzzer $(LDFLAGS) $(call wrapped,$<) -MF $@.d -o $@ $< $(call linked,$<) \
	    $(BUILD)/libsidan.a $(LDLIBS)

fuzz-programs: $(FUZZERS)

# The golden files of tests/golden, one for each message; see tests/unit/test_wire.c.
golden: $(BUILD)/unit/test_wire
	@$< --write

# The message reference at the end of ARCHITECTURE.md; tests/flow/test_documents.py says when it is out of date.
reference: sidanctl
	@$(BUILD)/bin/sidanctl schema | sed -i -e '/^<!-- schema begin/,/^<!-- schema end/{//!d}' \
	    -e '/^<!-- schema begin/r /dev/stdin' ARCHITECTURE.md

run: all
	@scripts/run

# What the tests need from npm, as it is pinned there; whoever only runs sidan needs none of it.
MODULES := tests/node_modules/.package-lock.json
$(MODULES): tests/package-lock.json | build/.setup
	@npm ci --prefix tests --no-audit --no-fund --loglevel=error
	@touch $@

check: $(MODULES) | build/.setup
	@tests/check

screenshots: $(MODULES) | build/.setup
	@$(MAKE) --no-print-directory programs web
	@SIDAN_BIN=$(CURDIR)/build/bin SIDAN_SHOTS=$(CURDIR)/build/screenshots PYTHONDONTWRITEBYTECODE=1 \
	    /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/web
	@for shot in docs/screenshots/*.png; do cp build/screenshots/$${shot##*/} $$shot; done

unit: | build/.setup
	@tests/check unit/

# MINUTES for each target, JOBS of them at a time. TARGET: one or some of tests/fuzz/*.c.
fuzz: | build/.setup
	@$(MAKE) --no-print-directory SANITIZE=1 fuzz-programs
	@tests/fuzz/run $(MINUTES:%=--minutes %) $(JOBS:%=--jobs %) $(TARGET)

fuzz-merge: | build/.setup
	@$(MAKE) --no-print-directory SANITIZE=1 fuzz-programs
	@tests/fuzz/run --merge $(TARGET)

bench: all
	@tests/bench/run

# How well sidan judges, on real data, whose directory is DATA.
evaluate: $(EVALUATIONS)
	@$(BUILD)/eval/similar $(DATA)/hot_messages.csv $(DATA)/merge_dev.csv

MINUTES ?= 5
SEED    ?= 1
chaos: | build/.setup
	@$(MAKE) --no-print-directory chaos-programs
	@tests/chaos/run --minutes $(MINUTES) --seed $(SEED) $(if $(FAULTS),--faults $(FAULTS))

LINTERS := clang-format prettier cppcheck shellcheck pyflakes clang-tidy
SOURCES := $(shell find common services scripts tests -name '*.[ch]')
scripts_in = $(shell grep -rlE --exclude-dir=__pycache__ --exclude-dir=node_modules '^.!/(usr/)?bin/$(1)' .ci deploy scripts tests)

.PHONY: lint $(LINTERS)
lint: $(LINTERS)

clang-format: | build/.setup
	@echo "  clang-format"
	@clang-format --dry-run -Werror $(SOURCES)

# The layout of the pages and of their scenes, as services/intake/web/.prettierrc says.
prettier: $(PAGES)/node_modules/.package-lock.json
	@echo "  prettier"
	@$(PAGES)/node_modules/.bin/prettier --check --log-level warn --config $(PAGES)/.prettierrc \
	    '$(PAGES)/src/**/*.{ts,vue,css}' '$(PAGES)/*.{ts,html}' 'tests/web/*.mjs'

# ctu...: it follows values from file to file, but not the conditions on them.
cppcheck: $(LUA) | build/.setup
	@echo "  cppcheck"
	@cppcheck --quiet --error-exitcode=1 --enable=warning,style,performance,portability,unusedFunction --inline-suppr \
	    --suppress=ctunullpointer --suppress=ctuuninitvar --std=c11 -D_GNU_SOURCE -I. -I$(BUILD) $(filter %.c,$(SOURCES))

shellcheck: | build/.setup
	@echo "  shellcheck"
	@shellcheck --severity=warning $(call scripts_in,(ba)?sh)

pyflakes: | build/.setup
	@echo "  pyflakes"
	@/usr/bin/python3 -m pyflakes $(sort $(call scripts_in,python3) $(shell find tests -name node_modules -prune -o -name '*.py' -print))

# One run for each file: in a run for several, clang-tidy 14 sees faults in va_list that are none. A fourth of the usual
# nodes for the analyzer: the other three take two thirds of the time.
clang-tidy: $(LUA) | build/.setup
	@echo "  clang-tidy (a minute)"
	@printf '%s\n' $(filter %.c,$(SOURCES)) | \
	    xargs -P $$(nproc) -I {} clang-tidy --quiet {} -- $(DIALECT) -fno-caret-diagnostics \
	    -Xclang -analyzer-config -Xclang max-nodes=50000

install: TARGET := $(abspath $(DESTDIR)$(PREFIX))
install: all
	install -d $(TARGET)/bin
	install $(PROGRAMS) $(TARGET)/bin
	cd build && find web -type f -exec install -D -m 644 {} $(TARGET)/share/sidan/{} \;
	cd deploy && find counties calendar redis kannel gateways -type f -exec install -D -m 644 {} $(TARGET)/share/sidan/{} \;

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
