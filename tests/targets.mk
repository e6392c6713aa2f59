# The targets that people and CI call. Each installs what it lacks (tests/deps).
JOBS := $(shell nproc)

deps-%:
	$(Q)tests/deps $(subst +, ,$*)

# --- the two commands of README.md -------------------------------------------------------------------------------
demo: deps-build+machine
	$(Q)$(MAKE) -s -j$(JOBS) all
	$(Q)tests/demo up

demo-down:
	$(Q)tests/demo down

check: deps-build+check
	$(Q)$(MAKE) -s -j$(JOBS) all unit-build
	$(Q)tests/run-check $(B)

unit-build: $(TESTS)

# --- the longer suites --------------------------------------------------------------------------------------------
check-asan: deps-build+check+lint
	$(Q)$(MAKE) -s -j$(JOBS) VARIANT=asan WERROR=1 all unit-build
	$(Q)tests/run-check build/asan

check-valgrind: deps-build+check+lint
	$(Q)$(MAKE) -s -j$(JOBS) VARIANT=valgrind all unit-build
	$(Q)VALGRIND=1 tests/run-check build/valgrind

check-clang: deps-build+check+lint
	$(Q)$(MAKE) -s -j$(JOBS) VARIANT=clang WERROR=1 all unit-build
	$(Q)tests/run-check build/clang

analyzer: deps-build+lint
	$(Q)$(MAKE) -s -j$(JOBS) VARIANT=analyzer WERROR=1 all

# FUZZ_SECONDS for each target, from the corpus in the tree; what is found new stays in build/.
FUZZ_SECONDS ?= 20
fuzz: deps-build+lint
	$(Q)$(MAKE) -s -j$(JOBS) VARIANT=fuzz $(patsubst tests/fuzz/%.c,build/fuzz/fuzz/%,$(wildcard tests/fuzz/*.c))
	$(Q)tests/fuzz/run $(FUZZ_SECONDS)

lint: deps-build+check+lint
	$(Q)$(MAKE) -s -j$(JOBS) WERROR=1 all
	$(Q)tests/lint/run

format:
	$(Q)clang-format -i $(shell git ls-files '*.c' '*.h')

e2e: deps-build+check+machine+qemu+storage+page+aws
	$(Q)$(MAKE) -s -j$(JOBS) all
	$(Q)tests/e2e/run

bench: deps-build+machine+aws
	$(Q)$(MAKE) -s -j$(JOBS) all
	$(Q)tests/aws/bench
	$(Q)tests/bench

install: all
	install -D -m 0755 $(B)/slipway $(DESTDIR)$(PREFIX)/bin/slipway
	install -D -m 0644 man/slipway.1 $(DESTDIR)$(PREFIX)/share/man/man1/slipway.1
	install -D -m 0644 man/slipway.yaml.5 $(DESTDIR)$(PREFIX)/share/man/man5/slipway.yaml.5
	install -D -m 0644 man/slipway-prefect.7 $(DESTDIR)$(PREFIX)/share/man/man7/slipway-prefect.7
	install -D -m 0644 man/slipway-aws.7 $(DESTDIR)$(PREFIX)/share/man/man7/slipway-aws.7
	mkdir -p $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(B)/slipway completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/slipway
	$(B)/slipway completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_slipway
	$(B)/slipway completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/slipway.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/slipway $(DESTDIR)$(PREFIX)/share/man/man1/slipway.1 \
		$(DESTDIR)$(PREFIX)/share/man/man5/slipway.yaml.5 \
		$(DESTDIR)$(PREFIX)/share/man/man7/slipway-prefect.7 $(DESTDIR)$(PREFIX)/share/man/man7/slipway-aws.7 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/slipway \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_slipway \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/slipway.fish

.PHONY: fuzz demo demo-down check check-asan check-valgrind check-clang analyzer lint format e2e bench unit-build install uninstall
