# A_g and w_g by their definition: the symmetric root from the eigenvectors of the covariance.

covariance <- function(X, v) stats::cov.wt(X, v / sum(v), method = "ML")$cov

symmetric_root <- function(S, power = 0.5) {
  e <- eigen(S, symmetric = TRUE)
  keep <- e$values > 1e-8 * e$values[1]
  u <- e$vectors[, keep, drop = FALSE]
  u %*% (e$values[keep]^power * t(u))
}

definition <- function(X, v, how) {
  p <- ncol(X)
  S <- covariance(X, v)
  ridge <- diag(sum(diag(S)) / p, p)
  switch(how,
    none = list(A = diag(p), w = sqrt(p)),
    group = list(A = symmetric_root(S), w = sqrt(qr(S, tol = 1e-8)$rank)),
    calibrated = list(A = symmetric_root(S + ridge), w = sqrt(sum(diag(S %*% solve(S + ridge)))))
  )
}

scaling_blocks <- function(n = 200) {
  with_local_seed(5, {
    X <- matrix(rnorm(n * 4), n) %*% matrix(rnorm(16), 4)
    list(full = X, deficient = cbind(X[, 1:2], X[, 1] + X[, 2]), single = X[, 3, drop = FALSE] * 1e4,
         spline = oracle_bspline(runif(n)^4, 7), tiny = X[, 3:4] * 1e-5)
  })
}

test_that("weights and norms follow the definition", {
  blocks <- scaling_blocks()
  counts <- with_local_seed(6, rpois(200, exp(0.4 * blocks$full[, 1] + blocks$spline[, 1])))
  for (weights in list(rep(1, 200), rep(c(0, 1, 2.5, 0.1), 50))) {
    for (how in scalings) {
      path <- group_lasso(blocks, counts, standardize = how, weights = weights, n_lambda = 5)
      truth <- lapply(blocks, definition, weights, how)
      expect_equal(path$group_weights, vapply(truth, `[[`, 0, "w"), tolerance = 1e-9)
      norms <- t(vapply(names(blocks), function(g) {
        sqrt(colSums((truth[[g]]$A %*% path$coefficients[path$groups[[g]], ])^2))
      }, numeric(5)))
      expect_equal(path$group_norms, norms, tolerance = 1e-7)
      expect_identical(path$group_norms == 0, norms == 0)
    }
  }
})

test_that("coordinates are those of S on its range, whatever the scales of its columns", {
  set.seed(7)
  for (trial in 1:30) {
    p <- sample(1:9, 1)
    rank <- sample(p, 1)
    scale <- 10^runif(p, -6, 6)
    S <- crossprod(matrix(rnorm(rank * p), rank)) * outer(scale, scale)
    group <- neurolasso:::penalty_coordinates(S, "group")
    expect_identical(dim(group$transform), c(p, rank))
    expect_equal(group$weight, sqrt(rank))
    # T'ST = I, and S T T' S = S, seen at one scale
    scaled <- group$transform * scale
    C <- S / outer(scale, scale)
    expect_lt(max(abs(crossprod(scaled, C %*% scaled) - diag(rank))), 1e-7)
    expect_lt(max(abs(C %*% tcrossprod(scaled) %*% C - C)), 1e-7 * max(C))
    ridged <- neurolasso:::penalty_coordinates(C, "calibrated")
    wanted <- C + diag(sum(diag(C)) / p, p)
    expect_equal(tcrossprod(ridged$transform), solve(wanted), tolerance = 1e-9)
    expect_equal(ridged$weight^2, sum(diag(C %*% solve(wanted))), tolerance = 1e-9)
  }
})

test_that("a constant column is constant however many bins it is summed over", {
  n <- 3e5
  v <- rep(1 / n, n)
  moments <- function(x, basis = NULL) neurolasso:::design_moments(expand_covariates(x, basis), v)[[1]]
  x <- list(vector = rep(3.3, n), large = rep(1e8, n), matrix = matrix(0.1, n, 5), one = factor(rep("a", n)),
            two = cbind(rep(0.1, n), 7))
  for (name in names(x)) {
    m <- moments(x[name])
    expect_true(all(diag(m$second) <= m$noise), label = name)
    for (how in c("group", "calibrated")) {
      expect_identical(ncol(neurolasso:::group_coordinates(m, how)$transform), 0L)
    }
  }
  m <- moments(list(x = rep(2, n)), basis_bspline(5))
  expect_true(all(diag(m$second) <= m$noise))
  # what varies by a little is not constant
  m <- moments(list(x = 1e6 + rep(c(-1, 1), n / 2)))
  expect_gt(m$second[1, 1], m$noise)
  expect_equal(m$second[1, 1], 1, tolerance = 1e-6)
})

test_that("group_weights multiply w", {
  blocks <- scaling_blocks()
  counts <- with_local_seed(6, rpois(200, 2))
  plain <- group_lasso(blocks, counts, n_lambda = 2)
  factors <- c(2, 0, 1, 0.5, 3)
  path <- group_lasso(blocks, counts, n_lambda = 2, group_weights = factors)
  expect_equal(path$group_weights, plain$group_weights * factors)
})

test_that("weights count groups by what they can do", {
  blocks <- scaling_blocks()
  blocks <- c(blocks, list(constant = matrix(7, 200, 3), half = cbind(blocks$full[, 1], 5)))
  counts <- with_local_seed(6, rpois(200, 2))
  weight <- function(how) group_lasso(blocks, counts, standardize = how, n_lambda = 2)$group_weights
  # S has eigenvalues s and 0 with t = s / 2: s / (s + s / 2) = 2 / 3
  expect_equal(weight("calibrated")[["half"]], sqrt(2 / 3), tolerance = 1e-6)
  # one column: s / (s + s)
  expect_equal(weight("calibrated")[["single"]], sqrt(1 / 2))
  expect_equal(weight("group")[c("full", "deficient", "single", "half")],
               sqrt(c(full = 4, deficient = 2, single = 1, half = 1)))
  expect_equal(weight("none")[["spline"]], sqrt(7))
})

test_that("scores without an effect have the same expected square under \"calibrated\"", {
  blocks <- scaling_blocks(400)
  squares <- rowMeans(vapply(1:60, function(seed) {
    counts <- with_local_seed(seed, rpois(400, 1))
    group_lasso(blocks, counts, n_lambda = 1)$group_scores[, 1]^2
  }, numeric(length(blocks))))
  # rate / n in each; 60 draws of a mean square have an error of 0.1 to 0.2
  expect_true(all(squares * 400 > 0.5 & squares * 400 < 1.8))
})
