# Which covariates does each method select, where the truth is known?
#   Rscript bench/selection/run.R [--bins=24000] [--repeats=1] [--minutes=10] [--seed=1] [--lambdas=25]
#     [--methods=default,lambda_1se,...] [--most=Inf]
# Writes a row per neuron and method to bench/selection/results/cells-<seed>.csv as it goes. What is there
# already isn't done again, and any beginning of the plan is balanced; --most ends it after so many neurons.
# Rscript bench/selection/table.R counts.
option <- function(name, default) {
  given <- grep(paste0("^--", name, "="), commandArgs(TRUE), value = TRUE)
  if (length(given) == 0) return(default)
  value <- sub("^[^=]*=", "", given[1])
  if (is.numeric(default)) as.numeric(value) else value
}
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])))
source(file.path(here, "cells.R"))
source(file.path(here, "methods.R"))
.libPaths(c(.libPaths(), Sys.getenv("NEUROLASSO_BENCH_LIBRARY", file.path(dirname(here), "library"))))

asked <- strsplit(option("methods", paste(names(methods), collapse = ",")), ",", fixed = TRUE)[[1]]
peer <- sub("_.*", "", asked)
absent <- peer %in% c("grpreg", "adelie") & !vapply(peer, requireNamespace, TRUE, quietly = TRUE)
asked <- asked[!absent]

behaviour <- read_behaviour(option("bins", 24000))
design <- neurolasso::expand_covariates(behaviour, fitted_bases())
columns <- dense_columns(design)
plan <- cell_plan(option("repeats", 1), option("seed", 1))
out <- file.path(here, "results", sprintf("cells-%d.csv", option("seed", 1)))
done <- if (file.exists(out)) utils::read.csv(out)[c("seed", "method")] else data.frame(seed = 0, method = "")
seconds <- numeric()
end <- Sys.time() + 60 * option("minutes", 10)

for (i in seq_len(min(nrow(plan), option("most", Inf)))) {
  if (Sys.time() > end) break
  cell <- plan[i, ]
  left <- setdiff(asked, done$method[done$seed == cell$seed])
  if (length(left) == 0) next
  truth <- strsplit(cell$encodes, "+", fixed = TRUE)[[1]]
  set.seed(cell$seed)
  study <- new_study(design, simulate_cell(behaviour, truth, cell$spikes, cell$strength, cell$drive),
                     option("lambdas", 25), columns)
  came <- vapply(left, function(name) {
    set.seed(cell$seed)
    took <- system.time(chosen <- suppressWarnings(methods[[name]](study)))
    seconds[name] <<- sum(took[1:2], seconds[name], na.rm = TRUE)
    paste(intersect(covariate_names, chosen), collapse = "+")
  }, "")
  rows <- data.frame(cell[c("seed", "encodes", "spikes", "strength", "drive")], method = left, selected = came,
                     row.names = NULL)
  utils::write.table(rows, out, append = file.exists(out), col.names = !file.exists(out), row.names = FALSE, sep = ",")
}
cat("Processor seconds of each method, with what it was the first to need:\n")
print(round(seconds, 1))
