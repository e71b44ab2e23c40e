# Many paths over one design: each is optimal for its own data, whatever rode beside it.

# What fit_paths() needs of a problem's blocks.
shared_parts <- function(blocks, how = "calibrated", v = rep(1, nrow(blocks[[1]]))) {
  design <- evaluated(as_design(blocks, NULL, NULL, NULL))
  groups <- read_groups(NULL, design)
  moments <- design_moments(design, v / sum(v))
  list(design = design, moments = moments,
       penalty = penalty_for(moments, groups, how, rep(1, length(blocks))))
}

run_shared <- function(parts, counts, weights = NULL, offset = NULL, lambda = NULL, n_lambda = 12,
                       link = "log", control = group_lasso_control(), ratio = 0.01) {
  fit_paths(parts$design, parts$moments, parts$penalty, counts, weights, offset,
            lambda_request(lambda, n_lambda, ratio), link, control, progress = FALSE)
}

# The largest residual of a path at its points. The penalty's coordinates are those of all bins, the gradient
# that of the path's own weights v: so the residual is taken with coordinates made to measure.
shared_residuals <- function(fit, blocks, y, v = rep(1, length(y)), offset = rep(0, length(y)),
                             how = "calibrated", link = "log") {
  coords <- lapply(blocks, penalty_coords, v = rep(1, length(y)), how = how)
  vapply(seq_along(fit$lambda), function(l) {
    beta <- fit$coefficients[, l]
    eta <- oracle_link(blocks, fit$intercept[l], beta, offset)
    parts <- oracle_split(blocks, beta)
    gradients <- oracle_gradients(blocks, y, eta, v, link)
    worst <- abs(sum(v * oracle_slope(eta, y, link))) / sum(v * y)
    for (g in seq_along(blocks)) {
      if (coords[[g]]$weight == 0) next
      theta <- as.numeric(coords[[g]]$to %*% parts[[g]])
      slope <- as.numeric(crossprod(coords[[g]]$back, gradients[[g]]))
      tau <- fit$lambda[l] * coords[[g]]$weight
      norm <- sqrt(sum(theta^2))
      off <- if (norm > 0) sqrt(sum((slope + tau * theta / norm)^2)) else max(0, sqrt(sum(slope^2)) - tau)
      worst <- max(worst, off / tau)
    }
    worst
  }, 0)
}

fold_weights <- function(n, n_fold, block = 7) {
  fold <- (seq_len(n) - 1) %/% block %% n_fold + 1
  lapply(seq_len(n_fold), function(k) as.numeric(fold != k))
}

test_that("folds are certified, at the first path's lambdas", {
  for (kind in c("plain", "rank_deficient", "mixed_scales", "wide", "correlated", "rare", "large_means",
                 "splines")) {
    problem <- random_problem(kind, 31)
    n <- length(problem$counts)
    weights <- c(all = list(NULL), fold = fold_weights(n, 5))
    for (how in c("none", "calibrated")) {
      parts <- shared_parts(problem$blocks, how)
      counts <- as.double(problem$counts)
      spikes <- vapply(weights, function(v) sum((v %||% 1) * counts), 0)
      fits <- run_shared(parts, counts, weights)
      expect_named(fits, names(weights))
      for (k in which(spikes > 0)) {
        v <- weights[[k]] %||% rep(1, n)
        expect_identical(fits[[k]]$lambda, fits[[1]]$lambda)
        expect_true(all(fits[[k]]$status == 0), label = paste(kind, how, k))
        residuals <- shared_residuals(fits[[k]], problem$blocks, counts, v, how = how)
        expect_lt(max(residuals), 2e-6, label = paste(kind, how, k))
        expect_lt(max(abs(residuals - fits[[k]]$kkt)), 1e-6, label = paste(kind, how, k))
      }
    }
  }
})

test_that("a fold's path is the path of its rows alone", {
  problem <- random_problem("splines", 5)
  n <- length(problem$counts)
  counts <- as.double(problem$counts)
  weights <- c(list(NULL), fold_weights(n, 4))
  fits <- run_shared(shared_parts(problem$blocks, "none"), counts, weights, control = precise())
  for (k in 2:5) {
    keep <- weights[[k]] > 0
    rows <- lapply(problem$blocks, function(X) X[keep, , drop = FALSE])
    alone <- group_lasso(rows, counts[keep], standardize = "none", lambda = fits[[1]]$lambda,
                         control = precise())
    expect_equal(fits[[k]]$coefficients, unname(alone$coefficients), tolerance = 1e-6)
    expect_equal(fits[[k]]$intercept, alone$intercept, tolerance = 1e-6)
    expect_equal(fits[[k]]$null_loss, -sum(log(mean(counts[keep])) * mean(counts[keep]) - mean(counts[keep])))
  }
})

test_that("neurons are certified, each on lambdas of its own", {
  problem <- random_problem("splines", 8)
  n <- length(problem$counts)
  with_local_seed(1, {
    signal <- as.numeric(scale(problem$blocks[[1]][, 2]))
    counts <- lapply(1:10, function(i) as.double(rpois(n, 0.3 * i * exp(0.05 * i * signal))))
    offset <- lapply(1:10, function(i) rnorm(n, sd = 0.2))
  })
  names(counts) <- paste0("n", 1:10)
  for (link in c("log", "softplus")) {
    parts <- shared_parts(problem$blocks)
    fits <- run_shared(parts, counts, offset = offset, link = link)
    expect_named(fits, names(counts))
    for (k in 1:10) {
      residuals <- shared_residuals(fits[[k]], problem$blocks, counts[[k]], offset = offset[[k]], link = link)
      expect_lt(max(residuals), 2e-6, label = paste(link, k))
      one <- run_shared(parts, counts[k], offset = offset[k], link = link)[[1]]
      expect_equal(fits[[k]]$lambda, one$lambda, tolerance = 1e-8)
      expect_equal(fits[[k]]$loss, one$loss, tolerance = 1e-5)
    }
  }
})

test_that("what is not a list is shared", {
  problem <- random_problem("plain", 2)
  n <- length(problem$counts)
  parts <- shared_parts(problem$blocks)
  counts <- as.double(problem$counts)
  offset <- seq(-1, 1, length.out = n)
  v <- rep(c(1, 2), length.out = n)
  fits <- run_shared(parts, list(a = counts, b = rev(counts)), weights = v, offset = offset)
  expect_named(fits, c("a", "b"))
  expect_lt(max(shared_residuals(fits$a, problem$blocks, counts, v, offset)), 2e-6)
  expect_lt(max(shared_residuals(fits$b, problem$blocks, rev(counts), v, offset)), 2e-6)
  # weights are relative
  again <- run_shared(parts, counts, weights = list(v, 10 * v), offset = offset)
  expect_equal(again[[1]]$coefficients, again[[2]]$coefficients, tolerance = 1e-4)
})

test_that("a path without spikes is empty, and stops nobody", {
  problem <- random_problem("plain", 4)
  n <- length(problem$counts)
  counts <- as.double(problem$counts)
  parts <- shared_parts(problem$blocks)
  silent <- as.numeric(counts == 0)
  fits <- run_shared(parts, counts, weights = list(silent, NULL, silent, rep(c(1, 0), length.out = n)))
  for (k in c(1, 3)) {
    expect_identical(fits[[k]]$lambda, fits[[2]]$lambda)
    expect_true(all(fits[[k]]$intercept == -Inf) && all(fits[[k]]$coefficients == 0))
  }
  expect_lt(max(shared_residuals(fits[[2]], problem$blocks, counts)), 2e-6)
  all_silent <- run_shared(parts, list(0 * counts, 0 * counts), n_lambda = 5)
  expect_length(all_silent, 2)
  expect_length(all_silent[[2]]$lambda, 5)
})

test_that("the same fits come out every time, with threads, too", {
  problem <- random_problem("splines", 6)
  counts <- as.double(problem$counts)
  parts <- shared_parts(problem$blocks)
  weights <- c(list(NULL), fold_weights(length(counts), 9))
  expect_identical(run_shared(parts, counts, weights), run_shared(parts, counts, weights))
  two <- group_lasso_control(n_threads = 2)
  expect_identical(run_shared(parts, counts, weights, control = two),
                   run_shared(parts, counts, weights, control = two))
})

test_that("an interrupt leaves, and the next fit is as before", {
  problem <- random_problem("splines", 3)
  counts <- as.double(problem$counts)
  parts <- shared_parts(problem$blocks)
  weights <- c(list(NULL), fold_weights(length(counts), 10))
  before <- run_shared(parts, counts, weights, n_lambda = 60)
  left <- tryCatch({
    setTimeLimit(elapsed = 0.02, transient = TRUE)
    for (i in 1:50) run_shared(parts, counts, weights, n_lambda = 60)
    FALSE
  }, error = function(e) TRUE)
  setTimeLimit()
  expect_true(left)
  expect_identical(run_shared(parts, counts, weights, n_lambda = 60), before)
})
