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

.PHONY: demo test lint test-rust test-python test-node test-c wheel models generated bench-mapping bench-speed bench-trees clean

demo:
	$(CARGO) run --release $(CORE) $(LEAN) --features pretrained --example demo

test: lint test-rust test-c test-node test-python

lint: $(VENV)/ready
	$(CARGO) fmt --all --check
	$(CARGO) clippy -q $(CORE) --all-targets -- -D warnings
	$(CARGO) clippy -q -p churn-py -p churn-node --lib -- -D warnings
	$(CARGO) clippy -q -p churn-ffi --all-targets -- -D warnings
	$(CARGO) check -q $(CORE) $(LEAN)
	$(VENV)/bin/ruff check churn-py test-data
	$(VENV)/bin/ruff format --check churn-py test-data
	$(PY) test-data/generate.py --check

test-rust:
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run $(CORE) --no-fail-fast
else
	$(CARGO) test $(CORE) --lib --tests
endif
	$(CARGO) test -q $(CORE) --doc

test-c:
	$(MAKE) -C churn-ffi rust-test test

test-node:
	cd churn-node && npm ci --no-audit --no-fund --silent && npm run build && npm test

test-python: wheel
	cd churn-py && ../$(PY) -m mypy python/churn tests
	cd churn-py && ../$(PY) -m mypy.stubtest churn --allowlist stubtest-allow.txt
	cd churn-py && ../$(PY) -m pytest -q tests
	cd churn-py && ../$(PY) -m doctest $$(../$(PY) -c 'import churn; print(churn.__file__)')

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

bench-mapping:
	$(CARGO) bench -q $(CORE) $(LEAN) --bench mapping

bench-speed:
	$(CARGO) bench -q $(CORE) $(LEAN) --features pretrained --bench speed

# Scoring and explaining trees; MODELS may name model files of XGBoost, LightGBM, CatBoost.
bench-trees:
	$(CARGO) bench -q $(CORE) $(LEAN) --bench trees -- $(MODELS)

# Rewrites everything that is generated and committed; the tests compare.
generated:
	UPDATE_GENERATED=1 $(CARGO) test -q $(CORE) $(LEAN) --features train,pretrained --test generated --test vectors
	UPDATE_HEADER=1 $(MAKE) -C churn-ffi header
	$(PYTHON) test-data/generate.py

clean:
	rm -rf $(CARGO_TARGET_DIR) $(VENV) churn-node/node_modules
