# Everyday commands of the neurolasso package; `make` alone lists them.
# The work itself is in tools/; R's own build never reads this file.

.DEFAULT_GOAL := help
.PHONY: help setup install demo test core-test document figure check clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## install whatever the package and its tests need and is missing
	@tools/setup.sh test

install: ## install the package into the first library you can write to
	@lib=$$(Rscript tools/library.R) && R CMD INSTALL --preclean --clean --library="$$lib" .

demo: ## set up, install, run the guide and write its figure
	@tools/setup.sh demo
	@$(MAKE) --no-print-directory install
	@Rscript tools/demo.R

test: ## set up, then run every test; the last line gives the counts
	@tools/setup.sh test
	@tools/test.sh

core-test: ## run the C unit tests only
	@$(MAKE) --no-print-directory -C tests/core run

document: ## write man/ and NAMESPACE from the roxygen comments
	@tools/setup.sh dev
	@Rscript -e 'roxygen2::roxygenise(load_code = roxygen2::load_source)'

figure: demo ## the guide's figure into man/figures, for the README
	@mkdir -p man/figures && cp figures/selecting-covariates.svg man/figures/

check: ## R CMD build and R CMD check only
	@tools/setup.sh test
	@rm -f neurolasso_*.tar.gz
	R CMD build .
	_R_CHECK_FORCE_SUGGESTS_=false R CMD check --no-manual neurolasso_*.tar.gz

clean: ## remove everything that is built
	rm -rf src/*.o src/*.so src/*.dll tests/core/build neurolasso_*.tar.gz neurolasso.Rcheck figures
