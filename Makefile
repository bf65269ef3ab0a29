# SPDX-License-Identifier: GPL-3.0-or-later
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bot_freqtrade
REQUIREMENTS := constraints.txt requirements.txt listener/requirements.txt infra/local/requirements.txt tests/requirements.txt
MANIFESTS := tests/gates/manifests-requirements.txt
VENV := $(CACHE)/venv-$(shell cat $(REQUIREMENTS) $(MANIFESTS) | sha256sum | cut -c1-12)
UV := $(CACHE)/uv-$(shell sha256sum infra/local/base_image/uv-requirements.txt | cut -c1-12)
CHECKOV := $(CACHE)/checkov-$(shell sha256sum tests/gates/checkov-requirements.txt | cut -c1-12)
TFLINT := $(CACHE)/tflint-$(shell cat tests/gates/tflint/go.mod tests/gates/tflint/go.sum | sha256sum | cut -c1-12)
IMPORTER := $(CACHE)/importer-$(shell sha256sum tests/gates/importer-requirements.txt | cut -c1-12)
WORKFLOWS := $(CACHE)/workflows-$(shell sha256sum tests/gates/workflows-requirements.txt | cut -c1-12)
ONCE := tests/gates/once.sh
COLLECTION_FILES := galaxy.yml meta plugins roles playbooks changelogs docs tests/gates tests/unit tests/integration \
  README.md CHANGELOG.md COPYING LICENSES constraints.txt requirements.txt
TARGETS_FILES := galaxy.yml meta plugins roles playbooks infra listener tests/integration/run.py tests/integration/targets \
  tests/support constraints.txt requirements.txt
GATES_OF_SOURCES := contracts sanity importer docs terraform workflows
GATES := $(GATES_OF_SOURCES) chart addons monitoring
DEV := $(CURDIR)/build/dev
COLLECTION := $(DEV)/ansible_collections/bot_freqtrade/platform
PYTHON ?= python3.11
# Two fifths of what the environment holds.
NEVER_IMPORTED := kubernetes/aio|sympy|networkx|mpmath|pip
PLATFORM := PYTHONPATH="$(CURDIR)/infra/local:$$PYTHONPATH" python -m platform_local

export PATH := $(VENV)/bin:$(CURDIR)/build/tools:$(PATH)
export PYTHONPATH := $(DEV):$(CURDIR)
export ANSIBLE_COLLECTIONS_PATH := $(DEV)
export ANSIBLE_HOME := $(CURDIR)/build/ansible
export ANSIBLE_LOCALHOST_WARNING := false
export ANSIBLE_INVENTORY_UNPARSED_WARNING := false
# Terraform lives for seconds: with more memory, up to 2 GiB, it takes a tenth less time; compilers need not collect at all.
export GOGC ?= 400
# Containers set it, and each of hundreds of programs would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env setup packages tools build artifacts demo demo-up demo-down demo-wallet demo-image test check lint types unit gates contracts sanity importer docs chart monitoring terraform workflows addons addon-charts delivery external-secrets existing-cluster listener-in-cluster gitops-root integration terraform-aws integration-roles integration-listener targets e2e bench

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

env: $(VENV)/.complete $(COLLECTION) ## Print what a shell needs for the commands of README.md: eval "$$(make -s env)"
	@printf 'export %s\n' 'PATH="$(VENV)/bin:$(CURDIR)/build/tools:$$PATH"' 'PYTHONPATH="$(DEV):$(CURDIR)"' \
	  'ANSIBLE_COLLECTIONS_PATH="$(DEV)"' ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false

setup: ## Install and build what check needs: about 10 minutes, once
	@$(MAKE) -s -j2 $(VENV)/.complete $(COLLECTION) packages tools

packages: $(VENV)/.complete
	@missing=$$($(PLATFORM) packages | python -c 'import json,sys; print(*json.load(sys.stdin))')
	[ -x /usr/lib/postgresql/15/bin/postgres ] || missing="$$missing postgresql-15"
	for program in docker-registry jq luajit prometheus ruby skopeo tini; do type -P "$$program" >/dev/null || missing="$$missing $$program"; done
	if [ -n "$$missing" ]; then
	  echo "Installing the Debian packages $$missing: containers, pods' networks, images, and PostgreSQL for tests"
	  ansible localhost -m ansible.builtin.apt \
	    -a "name=$$(tr ' ' , <<<"$${missing# }") update_cache=true install_recommends=false policy_rc_d=101" >/dev/null
	fi

tools: # built beside the virtual environment, without it
	@folder=$$(PYTHONPATH="$(CURDIR)/infra/local" $(PYTHON) -m platform_local.tools)
	mkdir -p build
	[ "$$(readlink build/tools)" = "$$folder" ] || ln -sfn "$$folder" build/tools

build: ## Build what the local platform consists of: about 15 minutes, once
	@$(MAKE) -s -j2 $(VENV)/.complete $(COLLECTION) packages $(if $(KUBECONFIG),,artifacts tools)

artifacts: $(VENV)/.complete packages
	@$(PLATFORM) build

$(UV)/.complete: # pip would take more than a minute for the next one
	@rm -rf "$(@D)" && $(PYTHON) -m venv "$(@D)"
	"$(@D)/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r infra/local/base_image/uv-requirements.txt
	touch $@

$(VENV)/.complete: | $(UV)/.complete # its path names its contents: a clone with newer files needs no new one
	@echo "Installing Ansible, the listener's libraries and the test tools into a virtual environment: about a minute, once"
	rm -rf "$(VENV)" && $(PYTHON) -m venv "$(VENV)"
	infra/local/base_image/install.sh "$(UV)/bin/uv" "$(VENV)/bin/python" -c constraints.txt -r tests/requirements.txt
	infra/local/base_image/install.sh "$(UV)/bin/uv" "$(VENV)/bin/python" --target "$(VENV)/manifests" -c constraints.txt -r $(MANIFESTS)
	python -m compileall -q -j 2 -x '/site-packages/($(NEVER_IMPORTED))/' "$(VENV)/lib" || true
	touch $@

$(COLLECTION):
	@mkdir -p $(dir $@) && ln -sfn ../../../.. $@

demo: build ## Start the local platform, play the story on it, take it down
	@$(MAKE) demo-up || { echo "demo: the platform did not start; make demo-down takes down what is there" >&2; exit 1; }
	status=0; python -m tests.e2e.demo || status=$$?
	$(MAKE) demo-down
	exit $$status

demo-up: build ## Start the local platform and leave it running; UP_OPTIONS are the playbook's
	@ansible-playbook bot_freqtrade.platform.local_up $(UP_OPTIONS)
	python -m tests.e2e.demo --addresses

demo-down: $(VENV)/.complete $(COLLECTION) ## Take the local platform down; nothing of it is left
	@ansible-playbook bot_freqtrade.platform.local_down

demo-wallet: $(VENV)/.complete $(COLLECTION) ## Make WALLET, a file with the key of a wallet that is the next client of the running local platform
	@: "$${WALLET:?is a file for the key}"
	$(PLATFORM) wallet "$(WALLET)"

demo-image: $(VENV)/.complete ## Build the bots' image and push it as IMAGE to a registry, for KUBECONFIG=… make demo
	@: "$${IMAGE:?is a name with a tag at a registry}"
	KUBECONFIG= $(MAKE) packages
	$(PLATFORM) image "$(IMAGE)"

gitops-root: $(VENV)/.complete ## Make DESTINATION the root of a GitOps repository that Argo CD reads at REPOSITORY, or renew it
	@: "$${DESTINATION:?is a new folder, or a clone of the repository}"
	$(PLATFORM) gitops-root "$(DESTINATION)" --repository "$(REPOSITORY)"

# The longest build begins at once, and what needs no built program comes first in its lane.
test: ## The tests: the whole platform beside all that needs none of it; make -k ends none when another fails
	@make -s tools &
	trap "kill %1 2>/dev/null || true; wait" EXIT
	make -s $(VENV)/.complete $(COLLECTION) packages
	python -m tests.gates.lanes $(if $(findstring k,$(firstword -$(MAKEFLAGS))),--keep-going) e2e \
	  "$(GATES_OF_SOURCES) check $(filter-out $(GATES_OF_SOURCES),$(GATES)) targets integration-listener" \
	  "delivery terraform-aws integration-roles"

check: setup ## Lint, types and unit tests
	@$(MAKE) -j2 -Otarget unit lint types

lint:
	@ruff check .
	ruff format --check .
	PYTHONPATH="$(CURDIR)/infra/local:$$PYTHONPATH" lint-imports
	reuse --suppress-deprecation lint -q
	antsibull-changelog lint
	ansible-lint
	pytest -q --collect-only tests/e2e tests/external_secrets >/dev/null # those that make test leaves out are imported, too

types:
	@cd $(DEV) && env -u PYTHONPATH MYPYPATH="$(DEV):$(CURDIR)" mypy --config-file "$(CURDIR)/pyproject.toml" \
	  -p ansible_collections.bot_freqtrade.platform.plugins.module_utils -p listener

unit:
	@pytest -q -n logical --dist loadfile tests/unit

gates: $(GATES) ## The gates of the ecosystems; AGAIN=1 repeats those that passed with the same files

contracts: $(VENV)/.complete ## Format, units, fuzz and invariants of the contract; its artifact is what the source compiles to
	@$(ONCE) artifact infra/contracts -- infra/contracts/scripts/check-artifact.sh
	$(ONCE) contracts infra/contracts -- infra/contracts/scripts/build.sh

sanity: $(VENV)/.complete $(COLLECTION) ## ansible-test sanity on the built and installed collection
	@$(ONCE) sanity $(COLLECTION_FILES) -- tests/gates/sanity.sh

importer: $(VENV)/.complete $(COLLECTION) $(IMPORTER)/.complete ## galaxy-importer on the built collection
	@$(ONCE) importer $(COLLECTION_FILES) -- tests/gates/importer.sh "$(IMPORTER)/bin/python"

docs: $(VENV)/.complete $(COLLECTION) ## The documentation of modules and roles is complete and its links hold
	@$(ONCE) docs $(COLLECTION_FILES) -- tests/gates/docs.sh

chart: setup $(CHECKOV)/.complete ## helm lint, schema and checkov on the rendered manifests; hadolint on the image
	@$(ONCE) chart infra tests/gates -- tests/gates/chart.sh "$(CHECKOV)/bin/checkov"

addon-charts: setup ## Every pinned addon's chart, fetched from its repository, renders with its values and is valid
	@python tests/gates/addons.py

addons: setup ## The same without asking a repository: the charts that are to be had here
	@$(ONCE) addons infra/addons infra/charts infra/local/platform_local plugins/module_utils tests/gates tests/support -- python tests/gates/addons.py --offline

monitoring: setup ## Alerts tell what they shall and nothing else, by promtool
	@tests/gates/monitoring.sh

terraform: $(VENV)/.complete $(COLLECTION) $(TFLINT)/.complete $(CHECKOV)/.complete ## fmt, validate, mocked tests, tflint and checkov of the infrastructure
	@$(ONCE) terraform infra/terraform tests/gates tests/support/terraform.py -- tests/gates/terraform.sh "$(TFLINT)/tflint" "$(CHECKOV)/bin/checkov"

workflows: $(VENV)/.complete $(WORKFLOWS)/.complete ## actionlint, zizmor and shellcheck on the workflows and their scripts
	@$(ONCE) workflows .github infra/.github tests/delivery/tools tests/gates .yamllint -- tests/gates/workflows.sh "$(WORKFLOWS)"

delivery: $(VENV)/.complete $(COLLECTION) packages ## The steps of the workflows, each run here with the tools it uses there; about 5 minutes to build them, once
	@tests/delivery/tools/build.sh syft cosign >/dev/null # no test has the time for it
	$(ONCE) delivery .github infra/.github infra/environment.yaml galaxy.yml tests/delivery tests/support -- pytest -q tests/delivery

$(TFLINT)/.complete:
	@echo "Building tflint from its pinned Go module: about 2 minutes, once"
	mkdir -p "$(@D)"
	cd tests/gates/tflint
	# Not optimised, which saves a third of the compiling: it runs for seconds.
	CGO_ENABLED=0 GOFLAGS= GOGC=off GOMEMLIMIT=2GiB go build -mod=readonly -trimpath -gcflags 'all=-N -l -dwarf=false' -ldflags "-s -w" \
	  -o "$(@D)/tflint" github.com/terraform-linters/tflint
	touch $@

$(CHECKOV)/.complete: LIST := tests/gates/checkov-requirements.txt
$(IMPORTER)/.complete: LIST := tests/gates/importer-requirements.txt
$(WORKFLOWS)/.complete: LIST := tests/gates/workflows-requirements.txt
$(CHECKOV)/.complete $(IMPORTER)/.complete $(WORKFLOWS)/.complete: | $(UV)/.complete
	@echo "Installing $(LIST) into a virtual environment of its own: its pins differ from ours"
	rm -rf "$(@D)" && $(PYTHON) -m venv "$(@D)"
	infra/local/base_image/install.sh "$(UV)/bin/uv" "$(@D)/bin/python" -r $(LIST)
	touch $@

integration: terraform-aws integration-roles integration-listener ## Real PostgreSQL, Kubernetes API, Git, EVM node; one part at a time

terraform-aws: $(VENV)/.complete $(COLLECTION) packages ## Terraform applies, finds drift and destroys at a stand-in of AWS
	@$(ONCE) terraform-apply infra/terraform tests/terraform tests/support/aws.py tests/support/aws_eks.py tests/support/terraform.py constraints.txt -- tests/terraform/run.sh
	$(ONCE) terraform-drift infra/terraform plugins/module_utils tests/integration/test_terraform_aws.py tests/support constraints.txt -- pytest -q tests/integration/test_terraform_aws.py

integration-roles: build
	@pytest -q --durations=20 tests/integration --ignore=tests/integration/test_terraform_aws.py --ignore=tests/integration/listener

integration-listener: build
	@pytest -q --durations=20 tests/integration/listener tests/interop

targets: build ## ansible-test's integration targets: each module in check mode, for real, again and back
	@$(ONCE) targets $(TARGETS_FILES) -- python tests/integration/run.py

e2e: build ## The whole platform: the story, faults, the search for leaked secrets, and nothing left behind
	@tests/e2e/run.sh

external-secrets: build ## Clients' secrets by External Secrets from a stand-in of AWS; builds it: about 9 minutes, once
	@pytest -v tests/external_secrets
	UP_OPTIONS='-e local_platform_external_secrets=true' tests/e2e/run.sh tests/e2e/test_external_secrets.py

existing-cluster: build ## The demo's platform on a cluster that somebody else runs
	@pytest -v tests/e2e/test_existing_cluster.py

listener-in-cluster: build ## The listener as pods of its chart and image, which decide a wallet's commands
	@tests/e2e/run.sh tests/e2e/test_listener_in_cluster.py

bench: build ## Ratios of speed, side by side in one run
	@tests/bench/run.sh
