# Two commands do everything on a fresh machine with Rust, Python 3.11+, Node 20+ and a C compiler:
#   make demo    the main job on shipped data
#   make test    all checks and tests of all languages
# Python packages go into .venv, Node packages into churn-node/node_modules; nothing else is installed.

CARGO       ?= cargo
PYTHON      ?= python3
VENV        := .venv
PY          := $(VENV)/bin/python
CORE        := -p churn-core
LEAN        := --no-default-features
export CARGO_TARGET_DIR ?= $(CURDIR)/target
WHEELS      := $(CARGO_TARGET_DIR)/wheels
# One runner for all Rust tests: nextest where it is installed.
NEXTEST     := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

.PHONY: demo test lint test-rust fuzz-read fuzz-import test-python test-node test-c wheel models generated bench-mapping bench-read bench-speed bench-files bench-quality bench-train bench-leaks bench-memory bench-validate clean test-install sizes bench-node bench-hosts bench-overhead bench-one-row bench-events bench-events-peers bench-event-ranges bench-health bench-leads bench-counterfactuals bench-trees bench-trees-peers

demo:
	$(CARGO) run --release $(CORE) $(LEAN) --features pretrained --example demo

test: lint test-rust test-c test-node test-python

lint: $(VENV)/ready
	$(CARGO) fmt --all --check
	$(CARGO) clippy -q $(CORE) --all-targets -- -D warnings
	$(CARGO) clippy -q -p churn-py -p churn-node --lib -- -D warnings
	$(CARGO) clippy -q -p churn-ffi --all-targets -- -D warnings
	$(CARGO) clippy -q -p churn-uniffi -- -D warnings
	$(CARGO) check -q $(CORE) $(LEAN)
	$(VENV)/bin/ruff check churn-py test-data benches churn-ffi
	$(VENV)/bin/ruff format --check churn-py test-data benches churn-ffi
	$(PY) test-data/generate.py --check

test-rust:
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run $(CORE) --no-fail-fast
else
	$(CARGO) test $(CORE) --lib --tests
endif
	$(CARGO) test -q $(CORE) $(LEAN) --features parquet --test read_parquet
	$(CARGO) test -q $(CORE) --doc

# Changes files at random for SECONDS and reads them; a find is a panic or a table that does not hold together.
fuzz-read:
	CHURN_FUZZ_SECONDS=$(or $(SECONDS),60) $(CARGO) test -q $(CORE) $(LEAN) --features pretrained --test read_fuzz -- --ignored --nocapture

# The same for the importers of other libraries' models.
fuzz-import:
	CHURN_FUZZ_SECONDS=$(or $(SECONDS),60) $(CARGO) test -q $(CORE) $(LEAN) --test import -- --ignored --nocapture

test-c:
	$(MAKE) -C churn-ffi rust-test test test-uniffi

test-node:
	cd churn-node && npm ci --no-audit --no-fund --silent && npm run build && npm test

test-python: wheel
	cd churn-py && ../$(PY) -m mypy python/churn tests
	cd churn-py && ../$(PY) -m mypy.stubtest churn --allowlist stubtest-allow.txt
	cd churn-py && ../$(PY) -m pytest -q tests
	cd churn-py && ../$(PY) -m doctest $$(../$(PY) -c 'import churn; print(churn.__file__)')

# Every package from an empty directory, with what the targets before have built.
test-install:
	VENV=$(CURDIR)/$(VENV) .ci/install

# Sizes of the packages and the time of `import churn`; needs what `make test` builds.
sizes:
	VENV=$(CURDIR)/$(VENV) .ci/sizes

wheel: $(VENV)/ready
	$(VENV)/bin/maturin build -q --release -m churn-py/Cargo.toml --out $(WHEELS) --interpreter $(PY)
	$(PY) -m pip install -q --no-deps --force-reinstall $$(ls -t $(WHEELS)/churn-*.whl | head -n 1)

$(VENV)/ready: churn-py/requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check -r churn-py/requirements-dev.txt
	touch $@

# Rebuilds the shipped models; needs the real data in CHURN_DATA_DIR (default ../shared/data).
models:
	$(CARGO) run --release $(CORE) $(LEAN) --features train --example build_models -- saas telecom

bench-health:
	$(CARGO) bench -q $(CORE) $(LEAN) --bench health

# Predictive lead scoring from five folds beside the point scorecards (real leads in CHURN_DATA_DIR).
bench-leads:
	$(CARGO) run -q --release $(CORE) $(LEAN) --features train --example lead_scoring

# Counterfactuals beside DiCE, on the same XGBoost model; needs `make wheel`, and dice-ml and xgboost in .venv.
bench-counterfactuals:
	$(PY) benches/counterfactuals.py

# Event features beside featuretools with cutoff times, on the same tables; needs `make wheel`, and featuretools in .venv.
bench-events-peers:
	$(PY) benches/event_peers.py

bench-mapping:
	$(CARGO) bench -q $(CORE) $(LEAN) --bench mapping

# Beside polars where CHURN_BENCH_PYTHON (default python3) has it.
bench-read:
	$(CARGO) bench -q $(CORE) $(LEAN) --bench read

# Leaks planted in the sets of CHURN_DATA_DIR: which are blocked, and which clean columns are. LEAKS='2000 1': rows, seeds.
bench-leaks:
	$(CARGO) bench -q $(CORE) $(LEAN) --bench leaks -- $(LEAKS)

# Time and memory of validation; other tools on the same table where they are installed.
bench-validate:
	$(CARGO) bench -q $(CORE) $(LEAN) --bench validate
	$(PYTHON) benches/validate_peers.py

# A file scored to a file, beside polars reading and writing it (CHURN_BENCH_PYTHON). FILES='rows=100000 runs=5', or 'file=PATH'.
bench-files:
	$(CARGO) bench -q $(CORE) $(LEAN) --features train --bench files -- $(FILES)

bench-speed:
	$(CARGO) bench -q $(CORE) $(LEAN) --features pretrained --bench speed

# How long Node's event loop is held up while a large file is scored in its process.
bench-node:
	cd churn-node && npm run build && node ../benches/node/event_loop.mjs

# Memory over 100,000 lives of an engine in C, Node and Python; needs what `make test` builds.
bench-memory:
	$(MAKE) -C churn-ffi leaks
	node --expose-gc benches/leaks/leaks.mjs
	$(PY) benches/leaks/leaks.py

# The example services under load while a file of 1,000,000 rows is scored in their process.
bench-hosts:
	$(PY) benches/hosts/fastapi_loop.py
	PYTHON=$(PY) node benches/hosts/express_loop.mjs

# One customer from Python, in microseconds.
bench-one-row:
	$(PY) benches/overhead/one_row.py

# What the bindings cost above Rust on 100,000 customers x 40 columns.
bench-overhead:
	$(CARGO) run -q --release -p churn-core $(LEAN) --features pretrained --example overhead -- table $(CARGO_TARGET_DIR)/overhead
	$(CARGO) run -q --release -p churn-core $(LEAN) --features pretrained --example overhead -- time $(CARGO_TARGET_DIR)/overhead
	$(PY) benches/overhead/overhead.py $(CARGO_TARGET_DIR)/overhead
	node benches/overhead/overhead.mjs $(CARGO_TARGET_DIR)/overhead

# Event features: speed and memory, then what a training set of many snapshots is worth (real data in CHURN_DATA_DIR).
bench-events:
	$(CARGO) run -q --release $(CORE) $(LEAN) --features train --example event_scale -- 100000 5000000
	$(CARGO) run -q --release $(CORE) $(LEAN) --features train --example event_training

# Event features of large tables by ranges, as a stream, as a table and as CSV; needs `make wheel`. EVENTS='1000000 50000000 ranges stream'.
bench-event-ranges:
	$(PY) benches/event_ranges.py $(EVENTS)

# Scoring and explaining trees; MODELS may name model files of XGBoost, LightGBM, CatBoost.
bench-trees:
	$(CARGO) bench -q $(CORE) $(LEAN) --bench trees -- $(MODELS)

# Time and memory of training beside LightGBM, where CHURN_BENCH_PYTHON (default python3) has it. TRAIN='threads=1 runs=3'.
bench-train:
	$(CARGO) bench -q $(CORE) $(LEAN) --features train --bench train -- $(TRAIN)
# The same beside xgboost, lightgbm, treelite, woodelf and lleaves, as far as PEERS_PYTHON has them; needs the wheel in it, and
# the models in $CHURN_PEERS_DIR (default ../shared/peers). TREES='score rounds=5 threads=2' does a part of it.
PEERS_PYTHON ?= $(PY)
bench-trees-peers:
	$(PEERS_PYTHON) benches/trees/peers.py $(TREES)

# Our default beside the peers' figures, on the same rows; needs $CHURN_DATA_DIR and $CHURN_PEERS_DIR (default
# ../shared/data and ../shared/peers). QUALITY='repeats=1 seeds=2 sets=telco' does a part of it.
bench-quality:
	$(CARGO) bench -q $(CORE) $(LEAN) --features train --bench quality -- $(QUALITY)

# Rewrites everything that is generated and committed; the tests compare.
generated:
	UPDATE_GENERATED=1 $(CARGO) test -q $(CORE) $(LEAN) --features train,pretrained --test generated --test vectors --test vectors_stages
	UPDATE_HEADER=1 $(MAKE) -C churn-ffi header
	$(PYTHON) test-data/generate.py

clean:
	rm -rf $(CARGO_TARGET_DIR) $(VENV) churn-node/node_modules
