# Which covariates does each method select, where the truth is known?
#   Rscript bench/selection/run.R [--bins=24000] [--repeats=1] [--minutes=10] [--seed=1] [--lambdas=25]
#     [--methods=default,lambda_1se,...] [--most=Inf]
# Writes a row per neuron and method to bench/selection/results/cells-<seed>.csv as it goes. What is there
# already isn't done again, and any beginning of the plan is balanced; --most ends it after so many neurons.
# Rscript bench/selection/table.R counts.
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])))
.libPaths(c(.libPaths(), Sys.getenv("NEUROLASSO_BENCH_LIBRARY", file.path(dirname(here), "library"))))
source(file.path(here, "cells.R"))
source(file.path(here, "methods.R"))

asked <- asked_methods()
behaviour <- read_behaviour(option("bins", 24000))
design <- neurolasso::expand_covariates(behaviour, fitted_bases())
columns <- dense_columns(design)
plan <- cell_plan(option("repeats", 1), option("seed", 1))
out <- file.path(here, "results", sprintf("cells-%d.csv", option("seed", 1)))
done <- if (file.exists(out)) utils::read.csv(out)[c("seed", "method")] else data.frame(seed = 0, method = "")
end <- Sys.time() + 60 * option("minutes", 10)

for (i in seq_len(min(nrow(plan), option("most", Inf)))) {
  if (Sys.time() > end) break
  cell <- plan[i, ]
  left <- setdiff(asked, done$method[done$seed == cell$seed])
  if (length(left) == 0) next
  truth <- strsplit(cell$encodes, "+", fixed = TRUE)[[1]]
  set.seed(cell$seed)
  counts <- simulate_cell(behaviour, truth, cell$spikes, cell$strength, cell$drive)
  study <- new_study(design, counts, option("lambdas", 25), columns)
  came <- ask_methods(left, study, covariate_names, cell$seed)
  add_rows(data.frame(cell[c("seed", "encodes", "spikes", "strength", "drive")], method = left, selected = came,
                      row.names = NULL), out)
}
