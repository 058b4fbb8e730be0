# Two commands do it all: `make reports` and `make test`. Each sets up what it needs.

SOURCE    ?= synthetic
OPEN_DATA ?=
SEED      ?= 1
SIZE      ?= default
SCENARIO  ?= S0
BASE_YEAR ?=
PYTHON    ?= python3

# An active conda environment made from environment.yml says so by this variable; otherwise .venv is used.
ifneq ($(and $(CONDA_PREFIX),$(BUURTEFFECT_CONDA)),)
ENV := $(CONDA_PREFIX)
else
ENV := .venv
endif
BIN   := $(ENV)/bin
READY := $(ENV)/.buurteffect-ready

# One process per build imports the libraries once; runs and pages are forked from it, and it ends with make.
# KERNELS=stock gives each its own process and a stock kernel.
KERNELS ?= $(if $(filter Linux,$(shell uname -s)),forked,stock)
export BUURTEFFECT_BUILD := $(if $(filter forked,$(KERNELS)),$(shell echo $$PPID))
CALL := $(BIN)/python -I -S src/buurteffect/pipeline/kernels/client.py

DONE  := data/processed/$(SOURCE)
PAGES := reports/$(SOURCE)

# A run file may say for which sources it is. What a folder of open data lacks, the page of a run says.
RAW       := $(if $(OPEN_DATA),$(OPEN_DATA),data/raw/open)
RUN_FILES := $(sort $(shell grep -L '^sources:' notebooks/runs/*.yaml; grep -lE '^sources:.*[[ ,]$(SOURCE)[], ]' notebooks/runs/*.yaml))
RUNS      := $(basename $(notdir $(RUN_FILES)))

export OPEN_DATA SET SCHEDULER
ifneq ($(strip $(foreach c,' " ` $$ \,$(findstring $c,$(value OPEN_DATA)))),)
$(error OPEN_DATA must not hold quotes, dollar signs or backslashes: rename the folder, or link to it under another name)
endif

# Looking (make -n, make -q) changes nothing.
LOOKING := $(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS))))$(findstring q,$(filter-out --%,$(firstword -$(MAKEFLAGS))))

.DEFAULT_GOAL := help
.PHONY: help setup reports panel fetch run why trace verify digits deposit replicate check-deposit test test-slow bench scoreboard headline-scoreboard people-scoreboard lint lab lock clean clean-all fetch-open FORCE
.PRECIOUS: $(RUNS:%=$(DONE)/executed/%.ipynb) $(RUNS:%=$(PAGES)/%.html) $(PAGES)/index.html

help:  ## list the targets (this text)
	@echo "buurteffect: a compendium on the mixed-neighbourhood policy"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  SOURCE=$(SOURCE)  synthetic (default) or open"
	@echo "  OPEN_DATA=folder  with SOURCE=open: read this folder instead of downloading"
	@echo "  KWB=2013-2024     with make fetch: the key figures of these years; GEMEENTE=GM0599 only of one gemeente"
	@echo "  TABLES='kwb …'    with make fetch: groups of tables, YEARS=… of them; LIST=1 shows what there is"
	@echo "  ALL=1             with make fetch: all that the open reports can use; CHECK=1 only asks which addresses answer"
	@echo "  BASE_YEAR=year    with SOURCE=open: bring the key figures of all years to the areas of this one"
	@echo "  BENCH=world       with make bench: only statistics, world, estimators or build"
	@echo "  AFRESH=1          with make verify: build everything anew; RECORD=1: record the results as the reference"
	@echo "  SCHEDULER=tcp://… execute runs on the workers of this Dask cluster"
	@echo "  SEED=$(SEED) SIZE=$(SIZE) SCENARIO=$(SCENARIO)  the synthetic country: its seed, its size (test, default, scoreboard or national), S0 to S12"
	@echo "  RUN=name SET='name=value'  with make run: which run, and a parameter to replace"

setup: $(READY)  ## make the environment (.venv) that the other targets use

reports: $(PAGES)/index.html  ## build all reports of SOURCE that are out of date

panel: $(DONE)/panel/inputs.json  ## build the panel of SOURCE

export KWB TABLES YEARS GEMEENTE
fetch: $(READY)  ## download what SOURCE=open needs into data/raw/open, or what ALL=1, KWB= or TABLES= asks for
	@$(BIN)/buurteffect fetch $(if $(OPEN_DATA),--open-data "$$OPEN_DATA") $(if $(LIST),--list) $(if $(ALL),--all) $(if $(CHECK),--check) $(if $(KWB),--kwb "$$KWB") \
	  $(if $(TABLES),--tables "$$TABLES") $(if $(YEARS),--years "$$YEARS") $(if $(GEMEENTE),--gemeente "$$GEMEENTE")

why: $(READY)  ## say for each page of SOURCE what changed since it was built
	@$(BIN)/buurteffect why --source $(SOURCE) $(RUNS)

export NUMBER AT
trace: $(READY)  ## say where a number on a page comes from: RUN=name NUMBER=0.063; AT=key only in that table or text
	@test -n "$(RUN)" -a -n "$$NUMBER" || { echo "name a run and a number: make trace RUN=n06 NUMBER=0.063" >&2; exit 2; }
	@$(BIN)/buurteffect trace --source $(SOURCE) $(if $(AT),--at "$$AT") -- "$(RUN)" "$$NUMBER"

run: $(DONE)/panel/inputs.json  ## execute and render one run: RUN=name; SET='name=value' tries a parameter on a page of its own
	@test -n "$(RUN)" || { echo "name a run: make run RUN=…, one of $(RUNS)" >&2; exit 2; }
	@$(CALL) run "$(RUN)" --source $(SOURCE) $(if $(SET),--set "$$SET") $(if $(SCHEDULER),--scheduler "$$SCHEDULER")
	@$(CALL) render "$(RUN)$(if $(SET),-trial)" --source $(SOURCE)

# The index links to the comparison. (Not $(MAKE) in the recipe: a dry run would execute that line.)
INDEX_AGAIN = $(MAKE) --no-print-directory reports AFRESH=
verify: $(PAGES)/index.html  ## build what is out of date and compare every number with the recorded results; fail if one differs
	@code=0; $(BIN)/buurteffect verify --source $(SOURCE) $(if $(RECORD),--record) || code=$$?; \
	  { $(INDEX_AGAIN) >/dev/null 2>&1 || $(INDEX_AGAIN); } && exit $$code

digits: $(DONE)/panel/inputs.json  ## measure which digits of the results survive another mathematical library (minutes each)
	@$(BIN)/python tests/bench/measure_digits.py $(if $(RUN),--runs $(RUN))

# A worker a processor, with one thread each; one that has no test left takes half of what another still has.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --dist worksteal

test: $(READY)  ## run the tests
	@$(PYTEST)

test-slow: $(READY)  ## run the slow proofs: many seeds, many faults
	@$(PYTEST) -m slow

bench: $(READY)  ## time the data layer, the synthetic country, the estimators and the build (BENCH=world: one of them)
	@$(BIN)/python tests/bench/bench.py $(BENCH)

scoreboard: $(READY)  ## score every estimator on many simulated countries (goes on where it stopped; an hour or two; CHECK=.05: is the stored one still right?)
	@$(BIN)/buurteffect scoreboard $(if $(CHECK),--check $(CHECK))

headline-scoreboard: $(READY)  ## score the designs of n05's headline on published data (likewise, half an hour; CHECK= as well)
	@$(BIN)/buurteffect headline-scoreboard $(if $(CHECK),--check $(CHECK))

people-scoreboard: $(READY)  ## score the estimators of persons on many simulated countries (likewise; CHECK= as well)
	@$(BIN)/buurteffect people-scoreboard $(if $(CHECK),--check $(CHECK))

deposit: $(READY)  ## write dist/buurteffect-….zip, which an editor accepts and a replicator can build (needs reports that are up to date)
	@$(subst --dry-run,--question,$(ASK)) >/dev/null 2>&1; case $$? in 1) $(BIN)/buurteffect why --source $(SOURCE) $(RUNS); \
	  echo "make sees reports that are out of date: make reports first, with the same settings" >&2; exit 61;; esac
	@$(BIN)/buurteffect deposit --source $(SOURCE) $(if $(UNCOMMITTED),--allow-uncommitted)

replicate: $(READY)  ## in an unpacked deposit: build everything, and compare it with what was deposited
	@test -f manifest-sha256.txt || { echo "make replicate is for an unpacked deposit; here, make verify compares" >&2; exit 60; }
	@$(MAKE) --no-print-directory reports
	@test ! -f outputs/reports/verify.html || $(MAKE) --no-print-directory verify
	@$(BIN)/buurteffect replicate --source $(SOURCE)

check-deposit: .venv-validators/.ready  ## validate dist/*.zip with Frictionless, the RO-Crate validator, cffconvert and CODECHECK's rules
	@.venv-validators/bin/python tests/deposit/validate.py $(if $(DEPOSIT),$(DEPOSIT),dist/*.zip)

lint: $(READY)  ## check style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

lab: $(READY)  ## open JupyterLab on the notebooks with the project's kernel
	@$(BIN)/jupyter lab --notebook-dir=notebooks

lock:  ## resolve requirements.lock anew from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --quiet --upgrade --output-file requirements.lock

clean:  ## remove pages, processed data and caches; never data/raw, nor the environment
	@rm -rf data/processed reports .pytest_cache .mypy_cache .ruff_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean  ## as clean, and remove .venv (needs the network, or a folder of wheels, to come back)
	@rm -rf .venv

FORCE:

# --- the environment ---------------------------------------------------------------------------------------

.venv/.locked: requirements.lock
	@python=; for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
	  then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ] && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "note: the lock is tested with Python 3.11 to 3.13, not with this newer one"; python=$(PYTHON); fi; \
	if [ -z "$$python" ]; then \
	  echo "buurteffect needs Python 3.11 or newer; none was found. Name one: make PYTHON=/path/to/python3" >&2; exit 2; fi; \
	echo "setting up .venv with $$($$python --version) from requirements.lock (a minute or two) …"; \
	$$python -m venv --clear .venv || { echo "python could not make .venv: install its venv module (on Debian and Ubuntu: python3-venv)" >&2; exit 2; }
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --requirement requirements.lock || { \
	  echo "the packages could not be installed. Without a network, put their wheels in a folder and name it: PIP_NO_INDEX=1 PIP_FIND_LINKS=folder make …" >&2; exit 2; }
	@touch $@

.venv/.buurteffect-ready: .venv/.locked pyproject.toml
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@.venv/bin/python -m ipykernel install --sys-prefix --name buurteffect --display-name "Python (buurteffect)" >/dev/null
	@.venv/bin/python -m compileall -q src
	@touch $@

ifneq ($(ENV),.venv)
$(READY): pyproject.toml
	@echo "using the active conda environment $(CONDA_DEFAULT_ENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m ipykernel install --sys-prefix --name buurteffect --display-name "Python (buurteffect)" >/dev/null
	@touch $@
endif

# Validators of a deposit: an environment of their own, since they do not go together with the project's lock.
.venv-validators/.ready: tests/deposit/validators.lock | $(READY)
	@$(BIN)/python -m venv --clear .venv-validators
	@.venv-validators/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --requirement $<
	@touch $@

# --- data --------------------------------------------------------------------------------------------------

# A build that is asked for with other settings is another build: they are kept in a file that changes with them.
ifneq ($(filter reports panel run verify digits,$(MAKECMDGOALS)),)
ifeq ($(SOURCE),synthetic)
SETTINGS := seed $(SEED) size $(SIZE) scenario $(SCENARIO)
RAW_IN   := $(DONE)/truth/truth.json
else ifeq ($(SOURCE),open)
# Names with spaces cannot be prerequisites, so content decides: the panel is built when the raw files have other
# checksums than when it was last built.
SETTINGS := $(RAW) base year $(BASE_YEAR)
LISTING  := find -L "$(RAW)" -type f ! -name '*.part*' ! -name '.*' ! -name fetched.toml -exec cksum {} + 2>/dev/null | sort
RAW_IN   := $(if $(shell $(LISTING) | cmp -s - $(DONE)/listing.txt || echo differs),FORCE)
RAW_HERE := $(if $(OPEN_DATA)$(wildcard data/raw/open/leefbaarometer3/*.csv data/raw/open/leefbaarometer3/*.zip),,fetch-open)
else
$(error SOURCE=$(SOURCE) is not built yet: choose synthetic or open)
endif
ifeq ($(RUNS),)
$(error no run in notebooks/runs is for SOURCE=$(SOURCE))
endif
# Before a build puts an edited file right without a word, make verify says so. AFRESH=1 makes it forget what was built.
ifeq ($(filter verify,$(MAKECMDGOALS))$(LOOKING),verify)
ifeq ($(RECORD)$(shell grep -sF '"settings": "$(SETTINGS)"' docs/reference/reference.json),)
$(error make verify compares with recorded results, and docs/reference holds none of: $(SETTINGS))
endif
ifneq ($(wildcard $(DONE)/records/*.page.json),)
ifneq ($(shell $(BIN)/buurteffect verify --unedited --source $(SOURCE) || echo no),)
$(error stopped before anything was built)
endif
endif
ifneq ($(AFRESH),)
$(shell rm -f $(DONE)/records/*.json)
endif
endif
# What was deleted by hand is made again: the panel's tables, a run's results and exhibits, a page's figures and tables.
# So is what was edited by hand, and a country or panel that was left half-made (it has no record).
PANEL_GONE := $(shell ls $(DONE)/panel/*.parquet 2>/dev/null | cmp -s - $(DONE)/panel-files.txt || echo differs)
GONE       := $(shell for r in $(RUNS); do \
  test ! -e $(DONE)/executed/$$r.ipynb || { test -f $(DONE)/records/$$r.json && test -f $(DONE)/records/$$r.d && test ! $(DONE)/executed/$$r.ipynb -nt $(DONE)/records/$$r.json && test -f $(DONE)/results/$$r.json && test -d $(DONE)/exhibits/$$r; } || echo $(DONE)/executed/$$r.ipynb; \
  test ! -e $(PAGES)/$$r.html || { test -d $(PAGES)/figures/$$r && test -d $(PAGES)/tables/$$r && test -f $(PAGES)/addresses/$$r.html && test -f $(PAGES)/addresses/$$r.json && test -f $(DONE)/records/$$r.page.json && test -f $(DONE)/records/$$r.page.d && \
    test ! $(PAGES)/$$r.html -nt $(DONE)/records/$$r.page.json; } || echo $(PAGES)/$$r.html; done; \
  for s in country:truth/truth panel:panel/inputs; do \
    test ! -e $(DONE)/$${s#*:}.json || { test -f $(DONE)/records/_$${s%%:*}.json && test -f $(DONE)/records/_$${s%%:*}.d && \
    test ! $(DONE)/$${s#*:}.json -nt $(DONE)/records/_$${s%%:*}.json; } || echo $(DONE)/$${s#*:}.json; done; \
  test ! -e $(PAGES)/index.html || { test -f $(DONE)/records/index.page.d && test ! $(PAGES)/index.html -nt $(DONE)/records/index.page.json; } || echo $(PAGES)/index.html)
ifneq ($(GONE),)
$(GONE): FORCE
endif
ifneq ($(PANEL_GONE),)
RAW_IN += FORCE
endif
# make compares dates. What was put back with an older date (cp -p, mv, tar) has a newer date of status: then content
# decides about everything, once.
RESTORED := $(shell test -e $(DONE)/records/looked && find src notebooks docs data/raw requirements.lock $(DONE) $(PAGES) \
  -type f ! -path '*/__pycache__/*' -cnewer $(DONE)/records/looked ! -newer $(DONE)/records/looked 2>/dev/null | head -n 1)
ifneq ($(RESTORED),)
$(if $(filter synthetic,$(SOURCE)),$(DONE)/truth/truth.json) $(DONE)/panel/inputs.json $(PAGES)/index.html: FORCE
$(RUNS:%=$(DONE)/executed/%.ipynb) $(RUNS:%=$(PAGES)/%.html): FORCE
endif
keep = mkdir -p $(DONE) && { echo '$(1)' | cmp -s - $(DONE)/$(2) || echo '$(1)' > $(DONE)/$(2); }
ifeq ($(LOOKING),)
$(shell $(call keep,$(SETTINGS),settings.txt); $(call keep,$(RUNS),runs.txt))
endif
endif

$(DONE)/settings.txt $(DONE)/runs.txt:
	@mkdir -p $(DONE) && touch $@

$(DONE)/truth/truth.json: $(DONE)/settings.txt $(READY)
	@$(CALL) synthetic --seed $(SEED) --size $(SIZE) --scenario $(SCENARIO)

fetch-open: | $(READY)
	@$(BIN)/buurteffect fetch

$(DONE)/panel/inputs.json: $(RAW_IN) $(DONE)/settings.txt $(READY) | $(RAW_HERE)
	@$(CALL) panel --source $(SOURCE) $(if $(OPEN_DATA),--open-data "$$OPEN_DATA") $(if $(BASE_YEAR),--base-year $(BASE_YEAR))
	@$(if $(LISTING),$(LISTING) > $(DONE)/listing.txt;) ls $(DONE)/panel/*.parquet > $(DONE)/panel-files.txt

# --- runs and pages ----------------------------------------------------------------------------------------

# How many runs are still to do is asked of make itself, as a dry run without the jobs of this one.
ASK  := MAKEFLAGS= MAKELEVEL= $(MAKE) --dry-run reports SOURCE=$(SOURCE) BASE_YEAR=$(BASE_YEAR) SEED=$(SEED) SIZE=$(SIZE) SCENARIO=$(SCENARIO)
LEFT  = $$(( $$($(ASK) 2>/dev/null | grep -c ' run .* --left') - 1 ))

define RUN_RULES
$(DONE)/executed/$(1).ipynb: notebooks/runs/$(1).yaml notebooks/$(shell sed -n 's/^notebook: *//p' notebooks/runs/$(1).yaml).ipynb $(DONE)/panel/inputs.json requirements.lock $(READY)
	@$(CALL) run $(1) --source $(SOURCE) --left $$(LEFT) $(if $(SCHEDULER),--scheduler "$$$$SCHEDULER")

$(PAGES)/$(1).html: $(DONE)/executed/$(1).ipynb
	@$(CALL) render $(1) --source $(SOURCE)
endef
$(foreach run,$(RUNS),$(eval $(call RUN_RULES,$(run))))

# What the country, the panel, each run and each page really read, taken down meanwhile: data, modules, templates, the
# lock. What has no such record is made anew (GONE), so that no list of code stands here.
-include $(RUNS:%=$(DONE)/records/%.d) $(RUNS:%=$(DONE)/records/%.page.d)
-include $(DONE)/records/_country.d $(DONE)/records/_panel.d $(DONE)/records/index.page.d

$(DONE)/executed/n05b_estimator_scoreboard.ipynb: $(wildcard docs/scoreboard.csv docs/headline_scoreboard.csv)

# The fact sheet lays the real scores beside the synthetic ones where their panel has been built.
$(DONE)/executed/n00_synthetic_world.ipynb: $(wildcard data/processed/open/panel/inputs.json)

$(PAGES)/index.html: $(RUNS:%=$(PAGES)/%.html) $(DONE)/runs.txt $(wildcard notebooks/runs/*.yaml docs/reference/*) src/buurteffect/pipeline/multiplicity.py
	@$(CALL) check $(RUNS) --source $(SOURCE)
	@$(CALL) index --source $(SOURCE) $(RUNS)
	@touch $(DONE)/records/looked
