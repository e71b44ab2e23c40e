# Which covariates does each method select, where the truth is known?
#   Rscript bench/selection/run.R [--bins=40000] [--repeats=1] [--minutes=10] [--seed=1] [--lambdas=40]
# [--pairs=0] [--peers=yes] Writes one row per neuron and method to bench/selection/results/cells-<seed>.csv
# as it goes, and stops after so many minutes, with any beginning of the plan balanced; Rscript
# bench/selection/table.R counts.
option <- function(name, default) {
  given <- grep(paste0("^--", name, "="), commandArgs(TRUE), value = TRUE)
  if (length(given) == 0) return(default)
  value <- sub("^[^=]*=", "", given[1])
  if (is.numeric(default)) as.numeric(value) else value
}
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])))
source(file.path(here, "cells.R"))
source(file.path(here, "methods.R"))
library <- Sys.getenv("NEUROLASSO_BENCH_LIBRARY", file.path(dirname(here), "library"))
peers <- option("peers", "yes") != "no" && requireNamespace("grpreg", lib.loc = library, quietly = TRUE)

behaviour <- read_behaviour(option("bins", 40000))
plan <- cell_plan(option("repeats", 1), option("seed", 1))
out <- file.path(here, "results", sprintf("cells-%d.csv", option("seed", 1)))
unlink(out)
end <- Sys.time() + 60 * option("minutes", 10)
for (i in seq_len(nrow(plan))) {
  if (Sys.time() > end) break
  cell <- plan[i, ]
  truth <- strsplit(cell$encodes, "+", fixed = TRUE)[[1]]
  set.seed(cell$seed)
  counts <- simulate_cell(behaviour, truth, cell$spikes, cell$strength, cell$drive)
  came <- ours(behaviour, counts, option("lambdas", 40), option("pairs", 0))
  if (peers) came$grpreg_bic <- grpreg_bic(came$path)
  methods <- setdiff(names(came), c("cv", "path"))
  rows <- data.frame(
    cell[c("seed", "encodes", "spikes", "strength", "drive")], method = methods,
    selected = vapply(came[methods], function(s) paste(intersect(covariate_names, s), collapse = "+"), ""),
    best_score = round(max(came$cv$cv_mean), 4), block = came$cv$block, row.names = NULL
  )
  utils::write.table(rows, out, append = file.exists(out), col.names = !file.exists(out), row.names = FALSE, sep = ",")
}
cat(sprintf("%d of %d neurons; %s\n", i - (Sys.time() > end), nrow(plan), out))
