# Every solution is optimal by a certificate that shares no code with the package.

for (kind in problem_kinds) {
  for (seed in 1:4) {
    test_that(sprintf("solutions are certified: %s, seed %d", kind, seed), {
      problem <- random_problem(kind, 100 * match(kind, problem_kinds) + seed)
      for (how in scalings) {
        path <- fit_problem(problem, standardize = how, n_lambda = 12)
        at <- c(2, 5, 9, 12)
        expect_certified(path, path_residuals(path, problem, at = at), at, how)
        expect_finite_path(path)
      }
    })
  }
}

test_that("the residual is small at tighter tolerances, too", {
  for (kind in c("plain", "rank_deficient", "weights", "splines")) {
    problem <- random_problem(kind, 7)
    for (how in scalings) {
      path <- fit_problem(problem, standardize = how, n_lambda = 6, control = precise(1e-9))
      expect_true(all(path$converged))
      expect_lt(max(path_residuals(path, problem)), 3e-9)
    }
  }
})

test_that("kkt is honest where the solver was stopped", {
  problem <- random_problem("correlated", 3)
  for (passes in 1:3) {
    path <- suppressWarnings(fit_problem(problem, n_lambda = 8,
                                         control = group_lasso_control(max_passes = passes)))
    residuals <- path_residuals(path, problem)
    expect_equal(path$kkt, residuals, tolerance = 1e-4)
    expect_equal(path$converged, path$kkt <= 1e-6)
  }
})

test_that("certificates hold down to weak penalties", {
  for (seed in 1:3) {
    problem <- random_problem("splines", seed)
    path <- fit_problem(problem, n_lambda = 10, lambda_min_ratio = 1e-5)
    expect_true(all(path$converged))
    # gradients are sums of rounded terms: their error is relative to the counts, not to lambda
    rounding <- 1e-14 / path$lambda
    expect_true(all(path_residuals(path, problem) < 2e-6 + rounding))
  }
})

test_that("nearly collinear groups take few passes", {
  for (noise in 10^-(2:7)) {
    problem <- with_local_seed(1, {
      z <- matrix(rnorm(1200), 400)
      blocks <- lapply(1:8, function(i) z + noise * matrix(rnorm(1200), 400))
      names(blocks) <- letters[1:8]
      list(blocks = blocks, counts = rpois(400, exp(0.3 * z[, 1])))
    })
    path <- watch(fit_problem(problem, n_lambda = 10, lambda_min_ratio = 1e-4))$value
    expect_true(all(path$converged), label = paste(noise, "converged"))
    expect_lt(max(path$n_passes), 30, label = paste("passes at", noise))
    expect_lt(max(path_residuals(path, problem)), 2e-6)
  }
})

test_that("weak penalties on collinear groups, and on fewer bins than columns, take few passes", {
  collinear <- with_local_seed(9005, {
    z <- matrix(rnorm(1200), 400)
    blocks <- lapply(1:8, function(i) z + 10^-sample(2:7, 1) * matrix(rnorm(1200), 400))
    names(blocks) <- letters[1:8]
    list(blocks = blocks, counts = rpois(400, exp(0.3 * z[, 1])))
  })
  four_bins <- with_local_seed(9007, {
    n <- sample(1:4, 1)
    blocks <- lapply(1:3, function(i) matrix(rnorm(n * 2), n))
    names(blocks) <- letters[1:3]
    list(blocks = blocks, counts = rpois(n, 1) + c(1, rep(0, n - 1)))
  })
  for (problem in list(collinear, four_bins)) {
    path <- watch(fit_problem(problem, n_lambda = 20, lambda_min_ratio = 1e-6))$value
    expect_true(all(path$converged))
    expect_lt(max(path$n_passes), 30)
    expect_true(all(path_residuals(path, problem) < 2e-6 + 1e-13 / path$lambda))
  }
})
