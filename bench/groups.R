# Groups that are parts of one matrix against the same groups as matrices of their own: seconds, one thread.
#   Rscript bench/groups.R [--n=20000] [--groups=100] [--size=5]
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "common.R"))
library(neurolasso)
options <- parse_arguments(commandArgs(TRUE), c("n", "groups", "size"))
n <- option(options, "n", 20000)
n_group <- option(options, "groups", 100)
size <- option(options, "size", 5)

set.seed(1)
x <- matrix(rnorm(n * n_group * size), n)
label <- rep(seq_len(n_group), each = size)
counts <- rpois(n, exp(-1 + 0.1 * rowSums(x[, seq(1, 20 * size, size)])))
apart <- lapply(split(seq_along(label), paste0("g", label)), function(at) x[, at])
scrambled <- sample(ncol(x))
mixed <- x[, scrambled]
fit <- function(covariates, groups = NULL) {
  group_lasso(covariates, counts, groups = groups, n_lambda = 50, lambda_min_ratio = 0.1,
              control = group_lasso_control(n_threads = 1), progress = FALSE)
}
seconds <- function(expr) system.time(expr)[["elapsed"]]
for (turn in 1:2) {
  cat(sprintf("apart %.2f  one matrix %.2f  scrambled %.2f\n", seconds(fit(apart)), seconds(fit(list(x = x), label)),
              seconds(fit(list(x = mixed), label[scrambled]))))
}
