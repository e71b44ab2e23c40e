# Many paths in the same passes, against one path alone, in one run:
#   Rscript bench/paths.R [--n=1e5] [--folds=10] [--neurons=16]
# Prints processor seconds, the ratio to one path, passes over the data, rides per lambda (passes that a lambda took
# part in), Grams, the largest KKT residual, and the peak of memory over what was there. Uses the package that is
# installed.

suppressMessages(library(neurolasso))
inside <- asNamespace("neurolasso")
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
for (file in c("common.R", "problems.R")) source(file.path(here, file))
options <- parse_arguments(commandArgs(TRUE), c("n", "folds", "neurons"))
n <- option(options, "n", 1e5)
n_fold <- option(options, "folds", 10)
n_neuron <- option(options, "neurons", 16)

set.seed(1)
problem <- splines_problem(n)
control <- group_lasso_control(n_threads = 1)
design <- expand_covariates(problem$covariates, basis_bspline(10))
moments <- inside$design_moments(design, rep(1 / n, n))
penalty <- inside$penalty_for(moments, inside$read_groups(NULL, design), "calibrated", rep(1, length(design)))
wanted <- list(values = NULL, n = 100L, ratio = 0.01)
fit <- function(counts, weights = NULL) {
  inside$fit_paths(design, moments, penalty, counts, weights, NULL, wanted, "log", control, FALSE)
}

# The kernel's figures of this process, in MB.
memory <- function(field) {
  status <- tryCatch(readLines("/proc/self/status"), error = function(e) character())
  line <- grep(paste0("^", field, ":"), status, value = TRUE)
  if (length(line) > 0) as.numeric(gsub("[^0-9]", "", line)) / 1024 else NA
}

# One thread: what else the machine does counts less than in seconds elapsed.
processor_seconds <- function(expr) sum(system.time(expr)[1:2])

measure <- function(label, run, one = NA, share = 1) {
  invisible(gc())
  try(writeLines("5", "/proc/self/clear_refs"), silent = TRUE) # the peak starts anew
  before <- memory("VmRSS")
  seconds <- processor_seconds(fits <- run()) / share
  rides <- mean(vapply(fits, function(x) sum(x$n_pass), 0)) / 100
  cat(sprintf("%-22s %6.2f s  %5.2f of one  %4d passes  %4.2f rides  %2d Grams  KKT %.1e  +%.0f MB\n", label, seconds,
              seconds / one, fits[[length(fits)]]$n_round, rides, fits[[length(fits)]]$n_gram,
              max(vapply(fits, function(x) max(x$kkt), 0)), max(memory("VmHWM") - before, 0)))
  seconds
}

all_told <- function(fit, ...) {
  processor_seconds(fit(problem$covariates, problem$counts, basis_bspline(10), control = control,
                        progress = FALSE, ...))
}
counts <- as.double(problem$counts)
one <- min(all_told(group_lasso), all_told(group_lasso), all_told(group_lasso))
cat(sprintf("%-22s %6.2f s\n", "one path, all told", one))
for (adaptive in c(TRUE, FALSE)) {
  cv <- function() all_told(cv_group_lasso, adaptive = adaptive, n_folds = n_fold)
  seconds <- min(cv(), cv(), cv())
  cat(sprintf("%-22s %6.2f s  %5.2f of one\n", if (adaptive) "cross-validation" else "  without weights", seconds,
              seconds / one))
}
fold <- (seq_len(n) - 1) %/% 500 %% n_fold + 1
weights <- c(list(NULL), lapply(seq_len(n_fold), function(k) as.numeric(fold != k)))
invisible(measure(paste("all bins and", n_fold, "folds"), function() fit(counts, weights), one))
neurons <- lapply(seq_len(n_neuron), function(i) {
  eta <- Reduce(`+`, lapply(1:2, function(j) sin(problem$covariates[[(i + 7 * j) %% 20 + 1]] * (1 + i %% 3))))
  as.double(rpois(n, exp(0.5 * eta - 1.8)))
})
alone <- measure("a neuron by itself", function() lapply(neurons[1:4], function(y) fit(list(y))[[1]]), one, 4)
invisible(measure(paste("each of", n_neuron, "neurons"), function() fit(neurons), alone, n_neuron))
