# How the cost of a population grows with its neurons: processor time, that of a neuron, and the peak of memory over what was
# there, on 1e5 bins, 20 covariates of 10 B-splines and 100 lambdas. One thread; the package that is installed.
#   Rscript bench/population.R [--n=1e5] [--neurons=8,16,32,50] [--lambdas=100]

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
for (file in c("common.R", "problems.R")) source(file.path(here, file))
suppressPackageStartupMessages(library(neurolasso))
options <- parse_arguments(commandArgs(TRUE), c("n", "neurons", "lambdas"))
n <- option(options, "n", 1e5)
sizes <- as.integer(split_names(option(options, "neurons", "8,16,32,50")))
n_lambda <- option(options, "lambdas", 100)

set.seed(1)
covariates <- smooth_covariates(n, 20)
# each neuron encodes two covariates; a tenth of a spike to a third in a bin
counts <- vapply(seq_len(max(sizes)), function(k) {
  eta <- Reduce(`+`, lapply(1:2, function(j) sin(covariates[[(k + 7 * j) %% 20 + 1]] * (1 + k %% 3))))
  as.double(rpois(n, exp(0.5 * eta - 2.3 + k %% 5 / 4)))
}, double(n))
design <- expand_covariates(covariates, basis_bspline(10))
memory <- function(x) as.numeric(object.size(x)) / 1e6
cat(sprintf("design %.0f MB (as a matrix %.0f)\n", memory(unclass(design)$blocks), prod(dim(design)) * 8e-6))
fit <- function(counts) group_lasso(design, counts, n_lambda = n_lambda, progress = FALSE)
alone <- median(vapply(1:3, function(k) cost_of(fit(counts[, k]))$cpu, 0))
cat(sprintf("one neuron alone: %.2f s\n", alone))
for (size in sizes) {
  some <- counts[, seq_len(size)]
  gc(FALSE)
  try(writeLines("5", "/proc/self/clear_refs"), silent = TRUE) # the peak starts anew
  cost <- cost_of(fit(some))
  cat(sprintf("%3d neurons: %6.2f s, %.3f s each (%.2f of one alone); peak +%.0f MB, of which the result %.0f; KKT %.1e\n",
              size, cost$cpu, cost$cpu / size, cost$cpu / size / alone, cost$peak,
              memory(unclass(cost$value)$fits), summary(cost$value)$overview$kkt))
  rm(cost)
}
