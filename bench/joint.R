# Neurons that share groups against the same neurons each by itself: time of this process, passes, peak memory.
#
#   Rscript bench/joint.R [neurons] [bins] [covariates] [joint]
#
# Autocorrelated covariates x 10 B-splines; each neuron has four of them at random, and a rate between 0.03 and 1 per
# bin. With a fourth argument only the joint fit is made: its memory is then not hidden by the other.

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "common.R"))
suppressPackageStartupMessages(library(neurolasso))
args <- commandArgs(TRUE)
number <- function(i, default) if (length(args) >= i) as.integer(as.numeric(args[i])) else default
n_neuron <- number(1, 16L)
n_bin <- number(2, 30000L)
n_covariate <- number(3, 20L)

set.seed(1)
covariates <- lapply(seq_len(n_covariate), function(k) as.numeric(stats::filter(rnorm(n_bin), 0.95, "recursive")))
names(covariates) <- paste0("c", seq_len(n_covariate))
z <- scale(do.call(cbind, covariates))
counts <- vapply(seq_len(n_neuron), function(i) {
  has <- sample(n_covariate, 4)
  rpois(n_bin, exp(runif(1, -3.5, 0) + as.numeric(sin(1.5 * z[, has]) %*% rnorm(4, sd = 0.5))))
}, integer(n_bin))
design <- expand_covariates(covariates, basis_bspline(10))

resident <- function(field) {
  line <- grep(paste0("^", field, ":"), proc_lines("/proc/self/status"), value = TRUE)
  if (length(line)) as.numeric(gsub("[^0-9]", "", line)) / 1000 else NA_real_
}

measure <- function(what, ...) {
  before <- resident("VmRSS")
  time <- system.time(population <- group_lasso(design, counts, progress = FALSE, ...))
  seconds <- sum(time[c("user.self", "sys.self")])
  paths <- as.list(population)
  each <- function(f) vapply(paths, f, 0)
  cat(sprintf("%s: %.2f s, %.3f s a neuron; %.2f passes a lambda; %.1f Grams a neuron; KKT %.1e; peak %.0f MB more\n",
              what, seconds, seconds / n_neuron, mean(each(function(path) mean(path$n_passes))),
              mean(each(function(path) path$n_grams)), max(each(function(path) max(path$kkt))),
              resident("VmHWM") - before))
  seconds
}

joint <- measure("joint", neurons = "joint")
if (length(args) < 4) cat(sprintf("joint / separate: %.2f\n", joint / measure("separate")))
