# slipway. Two commands: `make demo` runs the main job, `make check` passes the tests. See README.md.
VARIANT ?= release
CC      ?= gcc
B       := build/$(VARIANT)
Q       := $(if $(V),,@)
PREFIX  ?= /usr/local
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || cat VERSION)

CC_asan  := $(CC)
CC_clang := clang
CC_fuzz  := clang
cc       := $(or $(CC_$(VARIANT)),$(CC))

HARDEN   := -O2 -D_FORTIFY_SOURCE=3 -fstack-protector-strong -ffunction-sections -fdata-sections -fstack-clash-protection -fcf-protection \
            -ftrivial-auto-var-init=zero -fno-strict-aliasing
FLAGS_release  := $(HARDEN)
# clang 14 wants a second flag for the zero initialisation, which later ones refuse.
FLAGS_clang    := $(filter-out -ftrivial-auto-var-init=zero,$(HARDEN))
FLAGS_asan     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_valgrind := -O1 -g
FLAGS_analyzer := -O2 -fanalyzer -Wno-analyzer-too-complex
FLAGS_fuzz     := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
FLAGS_coverage := -O0 -g --coverage
WARN := -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings -Wundef \
        -Wcast-qual -Wpointer-arith -Wimplicit-fallthrough $(if $(WERROR),-Werror)
ALLC := -std=gnu17 -D_GNU_SOURCE -Iprovisioner -include provisioner/core/banned.h $(WARN) -g -fPIE \
        $(FLAGS_$(VARIANT)) -MMD -MP $(CFLAGS)
ALLLD := -pie -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(filter -fsanitize% --coverage,$(FLAGS_$(VARIANT))) \
         $(LDFLAGS)
# mbedtls 2.28 has no .pc file.
LDLIBS := -lcurl -lssh2 -ljansson -lyaml -lmbedcrypto -lexpat

SRC      := $(wildcard provisioner/*/*.c)
OBJ      := $(patsubst %.c,$(B)/obj/%.o,$(SRC)) $(B)/obj/embedded.o
TESTS    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*/*_test.c))
EMBEDDED := $(sort $(shell find templates cloud-init helm-values examples -type f ! -name '*.md' 2>/dev/null))

all: $(B)/slipway

$(B)/slipway: $(B)/obj/provisioner/main.o $(B)/libslipway.a
	$(Q)$(cc) $(ALLLD) -o $@ $^ $(LDLIBS)

$(B)/libslipway.a: $(OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/obj/%.o: %.c
	$(Q)mkdir -p $(@D) && $(cc) $(ALLC) -c -o $@ $<

# Templates are part of the program, so that one file is the whole tool.
$(B)/embedded.c: $(EMBEDDED) tests/embed Makefile
	$(Q)mkdir -p $(@D) && tests/embed $(EMBEDDED) > $@.tmp && mv $@.tmp $@
$(B)/obj/embedded.o: $(B)/embedded.c
	$(Q)mkdir -p $(@D) && $(cc) $(ALLC) -c -o $@ $<

# The version is one object of its own, so that a commit rebuilds one file and not all.
$(B)/version.h: FORCE
	$(Q)mkdir -p $(@D) && echo '#define SLIPWAY_VERSION "$(VERSION)"' | cmp -s - $@ || \
		echo '#define SLIPWAY_VERSION "$(VERSION)"' > $@
$(B)/obj/provisioner/cmd/version.o: $(B)/version.h
$(B)/obj/provisioner/cmd/version.o: ALLC += -I$(B)

$(B)/unit/%: $(B)/obj/tests/unit/%.o $(B)/libslipway.a
	$(Q)mkdir -p $(@D) && $(cc) $(ALLLD) -o $@ $^ $(LDLIBS) -lcmocka

$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(B)/libslipway.a
	$(Q)mkdir -p $(@D) && $(cc) $(ALLLD) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

clean:
	$(Q)rm -rf build

FORCE:
.PHONY: all clean FORCE
.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
-include tests/targets.mk
