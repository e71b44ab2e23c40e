# Fewer bins than columns: the solver keeps its Gram as a root (src/root.c) and gives up df.

wide_problem <- function(seed, n = 160, n_group = 90, size = 5, rate = 1) {
  with_local_seed(seed, {
    shared <- matrix(rnorm(n * 8), n)
    blocks <- lapply(seq_len(n_group), function(g) {
      0.4 * shared[, sample(8, size, TRUE)] + matrix(rnorm(n * size), n)
    })
    names(blocks) <- paste0("g", seq_len(n_group))
    signal <- 0.4 * blocks[[1]][, 1] - 0.5 * blocks[[2]][, 2] + 0.3 * blocks[[3]][, 1]
    list(blocks = blocks, counts = rpois(n, rate * exp(signal)))
  })
}

test_that("solutions with fewer bins than columns are certified", {
  for (seed in 1:2) {
    for (how in c("none", "calibrated")) {
      problem <- wide_problem(seed, rate = c(0.7, 4)[seed])
      path <- fit_problem(problem, standardize = how, n_lambda = 25, lambda_min_ratio = 0.005)
      expect_true(anyNA(path$df), label = "there is a root")
      expect_true(all(path$converged))
      at <- c(5, 15, 20, 25)
      residuals <- path_residuals(path, problem, at = at)
      expect_lt(max(residuals), 2e-6)
      expect_lt(max(abs(residuals - path$kkt[at])), 1e-6)
    }
  }
})

test_that("so they are with weights and an offset, the softplus link, tight tolerances", {
  problem <- wide_problem(3)
  n <- length(problem$counts)
  problem$weights <- with_local_seed(4, sample(c(0, 0.5, 1, 3), n, replace = TRUE))
  problem$offset <- with_local_seed(5, rnorm(n, sd = 0.4))
  for (k in 1:3) {
    # at 1e-8 a root gets no further: a Gram takes its place
    tol <- c(1e-6, 1e-8, 1e-6)[k]
    path <- fit_problem(problem, standardize = "none", n_lambda = 15, lambda_min_ratio = 0.01,
                        link = c("log", "log", "softplus")[k], control = precise(tol))
    expect_true(all(path$converged))
    expect_lt(max(path_residuals(path, problem, at = c(8, 15))), 2 * tol)
  }
})
