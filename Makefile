# make quickstart         a server with a sample card, on http://127.0.0.1:8080; ONCE=1 stops after the check
# make test               lint, types, layers and tests, with everything they need
# make lint               the first three alone
# make sbom               dist/sbom.cdx.json, every package of the container image
# make train-env          what training needs on top: PyTorch, its CPU build
#
# Everything lives in this folder: .venv (the project and its packages) and .tools (uv, which fills .venv from uv.lock).

PYTHON ?= python3
# The release of all trainings so far, its CPU build: the lock's would bring gigabytes of CUDA.
TORCH ?= 2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

UV = .tools/bin/uv
SYNC = $(UV) sync --frozen --inexact --python "$(PYTHON)"
export UV_PYTHON_DOWNLOADS = never

.PHONY: quickstart test lint sbom env dev-env train-env system-packages clean

quickstart: env
	.venv/bin/bankcard-ocr quickstart $(if $(ONCE),--once)

test: lint system-packages
	.venv/bin/pytest --cov

lint: dev-env
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

sbom: $(UV)
	@mkdir -p dist
	$(UV) export --quiet --frozen --no-dev --extra redis --extra otel --format cyclonedx1.5 --output-file dist/sbom.cdx.json

env: $(UV)
	@$(SYNC) --quiet --no-dev

dev-env: $(UV)
	$(SYNC) --extra redis --extra bulk --extra ray --extra otel

train-env: dev-env
	$(UV) pip install --quiet --python .venv pip 'onnx>=1.17'
	.venv/bin/python -m pip install --retries 0 --timeout 15 --index-url $(TORCH_INDEX) torch==$(TORCH) \
	|| .venv/bin/python -m pip install torch==$(TORCH)

system-packages:
	@scripts/system-packages.sh

$(UV):
	@PYTHON="$(PYTHON)" scripts/bootstrap.sh

clean:
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
