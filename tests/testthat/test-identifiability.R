# Columns that say the same thing twice, or nothing, are the package's business: what is fitted depends on the
# space of functions, not on how it is written. Exactly so with `standardize = "group"`, whose penalty is the
# spread of a covariate's contribution.

known_counts <- function(x, seed = 1) with_local_seed(seed, rpois(length(x), exp(0.8 * sin(2 * x))))

expect_same_functions <- function(parametrisations, counts, tolerance = 1e-6) {
  other <- with_local_seed(99, rnorm(length(counts)))
  fits <- lapply(parametrisations, function(columns) {
    group_lasso(list(x = columns, other = other), counts, standardize = "group", n_lambda = 10,
                control = precise(1e-10))
  })
  for (i in seq_along(fits)) {
    expect_true(all(fits[[i]]$converged), label = names(fits)[i])
    expect_equal(fits[[i]]$lambda, fits[[1]]$lambda, tolerance = 1e-8, label = names(fits)[i])
    expect_lt(max(abs(fitted(fits[[i]]) - fitted(fits[[1]]))), tolerance, label = names(fits)[i])
    expect_equal(fits[[i]]$group_norms, fits[[1]]$group_norms, tolerance = 1e-6, label = names(fits)[i])
  }
}

test_that("bases that sum to one fit as they do with any column dropped, or as another basis of the same span", {
  x <- with_local_seed(1, runif(500, 0, 4))
  B <- columns_of(x, basis_bspline(7))
  expect_same_functions(list(
    whole = B, without_first = B[, -1], without_last = B[, -7], twice = cbind(B, B[, 3]),
    scaled = B %*% diag(10^seq(-6, 6, length.out = 7)),
    scaled_without = (B %*% diag(10^seq(6, -6, length.out = 7)))[, -4],
    duplicated = cbind(B, B), duplicated_small = cbind(B, 1e-6 * B), empty = cbind(0, B, 0),
    constant = cbind(B, 1e4),
    mspline = columns_of(x, basis_mspline(7)),
    mixed = B %*% with_local_seed(2, qr.Q(qr(matrix(rnorm(49), 7)))),
    inverted = B %*% with_local_seed(3, matrix(rnorm(49), 7)),
    bs = unclass(splines::bs(x, knots = seq(0, 1, 0.25)[2:4] * diff(range(x)) + min(x),
                             Boundary.knots = range(x)))
  ), known_counts(x))
  C <- columns_of(x, basis_cyclic(6, bounds = c(0, 5)))
  expect_same_functions(list(whole = C, without = C[, -2]), known_counts(x))
  N <- columns_of(x, basis_natural(5))
  inner <- seq(min(x), max(x), length.out = 5)[2:4]
  expect_same_functions(list(whole = N, without = N[, -5], ns = unclass(splines::ns(x, knots = inner))),
                        known_counts(x))
})

test_that("a basis and its matrix fit alike", {
  x <- with_local_seed(3, runif(500, 0, 4))
  counts <- known_counts(x)
  for (basis in list(basis_bspline(7), basis_natural(6), basis_raised_cosine(5))) {
    local <- group_lasso(list(x = x), counts, basis, standardize = "group", n_lambda = 10,
                         control = precise())
    dropped <- group_lasso(list(x = columns_of(x, basis)[, -2]), counts, standardize = "group", n_lambda = 10,
                           control = precise())
    if (inherits(basis, "basis_raised_cosine")) {
      # five bumps of width 2: the first, third and fifth sum to one, so the second is needed, the third is not
      dropped <- group_lasso(list(x = columns_of(x, basis)[, -3]), counts, standardize = "group",
                             n_lambda = 10, control = precise())
    }
    expect_lt(max(abs(fitted(local) - fitted(dropped))), 1e-6)
  }
})

test_that("odd raised cosines, collinear with the intercept, fit as without one of the columns", {
  x <- with_local_seed(4, runif(500, 0, 4))
  for (n_basis in c(5, 7, 9)) {
    X <- columns_of(x, basis_raised_cosine(n_basis))
    odd <- seq(1, n_basis, by = 2)
    expect_lt(max(abs(rowSums(X[, odd]) - 1)), 1e-12) # that they are
    expect_same_functions(list(whole = X, without = X[, -1], without_middle = X[, -3]), known_counts(x))
  }
})

test_that("columns without data, under a spline or a level that never occurs, change nothing", {
  x <- with_local_seed(5, c(runif(300, 0, 3), runif(200, 7, 10)))
  counts <- known_counts(x)
  B <- columns_of(x, basis_bspline(24, bounds = c(0, 10)))
  empty <- colSums(B) == 0
  expect_gt(sum(empty), 0)
  expect_same_functions(list(whole = B, without = B[, !empty]), counts)
  for (how in scalings) {
    path <- group_lasso(list(x = x), counts, basis_bspline(24, bounds = c(0, 10)), standardize = how,
                        n_lambda = 8)
    expect_true(all(path$converged))
    expect_lt(max(abs(path$coefficients[empty, ])), 1e-8 * max(abs(path$coefficients)))
    expect_true(all(is.finite(predict(path, list(x = c(5, 1))))))
    expect_lt(max(path_residuals(path, list(blocks = list(B), counts = counts))), 2e-6)
  }
  levels <- c("a", "b", "never")
  arm <- with_local_seed(6, factor(sample(levels[1:2], 500, TRUE), levels = levels))
  with_level <- group_lasso(list(arm = arm), counts, standardize = "group", n_lambda = 5, control = precise())
  without <- group_lasso(list(arm = droplevels(arm)), counts, standardize = "group", n_lambda = 5,
                         control = precise())
  expect_lt(max(abs(fitted(with_level) - fitted(without))), 1e-7)
})

test_that("exact duplicates within a group fit with any standardize, with the certificate", {
  x <- with_local_seed(7, runif(400, 0, 4))
  counts <- known_counts(x)
  B <- columns_of(x, basis_bspline(5))
  for (how in scalings) {
    path <- group_lasso(list(x = cbind(B, B)), counts, standardize = how, n_lambda = 8)
    expect_true(all(path$converged))
    expect_lt(max(path_residuals(path, list(blocks = list(cbind(B, B)), counts = counts))), 2e-6)
    # what is the same gets the same
    expect_equal(path$coefficients[1:5, ], path$coefficients[6:10, ], tolerance = 1e-5, ignore_attr = TRUE)
  }
  # the plain penalty spreads a coefficient over both: a half each, a root of two less
  # norm, a root of two more weight
  once <- group_lasso(list(x = B), counts, standardize = "none", n_lambda = 8, control = precise())
  twice <- group_lasso(list(x = cbind(B, B)), counts, standardize = "none", lambda = once$lambda,
                       control = precise())
  expect_lt(max(abs(fitted(once) - fitted(twice))), 1e-6)
})

test_that("products of bases that sum to one fit as without a column", {
  X <- with_local_seed(8, cbind(runif(600), runif(600)))
  P <- columns_of(X, basis_bspline(4) * basis_bspline(4))
  counts <- known_counts(3 * X[, 1] * X[, 2])
  expect_same_functions(list(whole = P, without = P[, -6], without_last = P[, -16]), counts)
  local <- group_lasso(list(p = X), counts, basis_bspline(4) * basis_bspline(4), standardize = "group",
                       n_lambda = 8, control = precise())
  dense <- group_lasso(list(p = P[, -1]), counts, standardize = "group", n_lambda = 8, control = precise())
  expect_lt(max(abs(fitted(local) - fitted(dense))), 1e-6)
})

test_that("a column's coefficient is in its units, and no more depends on them, however mixed they are", {
  x <- with_local_seed(9, cbind(rnorm(500), rexp(500), rbinom(500, 1, 0.2)))
  counts <- known_counts(x[, 1] + x[, 3])
  units <- c(1e-7, 1, 1e6)
  plain <- group_lasso(list(x = x), counts, standardize = "group", n_lambda = 8, control = precise())
  mixed <- group_lasso(list(x = x %*% diag(units)), counts, standardize = "group", n_lambda = 8,
                       control = precise())
  expect_equal(mixed$group_weights, plain$group_weights)
  expect_equal(mixed$lambda, plain$lambda, tolerance = 1e-10)
  expect_equal(mixed$coefficients * units, plain$coefficients, tolerance = 1e-7)
  # a column without a spread to speak of, on a large mean, is a column as good as any
  still <- cbind(1e3 + 1e-4 * x[, 1], x[, 2:3])
  expect_lt(max(abs(fitted(group_lasso(list(x = still), counts, standardize = "group", lambda = plain$lambda,
                                       control = precise())) - fitted(plain))), 1e-6)
})

test_that("a covariate that keeps to a corner of its bounds has the rank that its numbers can show", {
  x <- with_local_seed(10, 0.5 + runif(400, 0, 1e-6))
  counts <- known_counts(1e6 * (x - 0.5))
  spline <- group_lasso(list(x = x), counts, basis_bspline(7, bounds = 0:1), standardize = "group",
                        n_lambda = 8)
  # all that the splines can be there is a line
  line <- group_lasso(list(x = x), counts, standardize = "group", n_lambda = 8)
  expect_equal(spline$group_weights, line$group_weights)
  expect_lt(max(abs(fitted(spline) - fitted(line))), 1e-4)
})

test_that("what a basis hardly has data for is no direction of its own, and a matrix's column in small units is", {
  # one bin reaches over a knot by little
  x <- with_local_seed(14, c(runif(499, 0, 0.5), 0.5 + 1e-4))
  B <- columns_of(x, basis_bspline(7, bounds = 0:1))
  expect_lt(max(B[, 6]), 1e-9)
  weight <- function(x, basis = NULL) {
    group_lasso(list(x = x), known_counts(4 * x[1:500]), basis, standardize = "group",
                n_lambda = 2)$group_weights[["x"]]
  }
  expect_equal(weight(x, basis_bspline(7, bounds = 0:1)), sqrt(4)) # five splines with data, that sum to one
  expect_equal(weight(B[, 1:5]), sqrt(4))
  expect_equal(weight(cbind(x, 1e-9 * x^2)), sqrt(2))
})

# What ?group_lasso says of "calibrated": t I is a ridge on the columns as they are given.
test_that("\"calibrated\" fits are the same for rotated columns, and for all of them in other units or shifted", {
  x <- with_local_seed(11, runif(500, 0, 4))
  counts <- known_counts(x)
  other <- with_local_seed(12, rnorm(500))
  B <- columns_of(x, basis_bspline(8))
  fit <- function(columns, ...) group_lasso(list(x = columns, other = other), counts, n_lambda = 10, ...,
                                            control = precise(1e-9))
  plain <- fit(B)
  rotation <- with_local_seed(13, qr.Q(qr(matrix(rnorm(64), 8))))
  same <- list(rotated = B %*% rotation, units = 1e5 * B, shifted = B + rep(1:8, each = 500),
               permuted = B[, 8:1], negative = -B)
  for (name in names(same)) {
    path <- fit(same[[name]])
    expect_equal(path$lambda, plain$lambda, tolerance = 1e-8, label = name)
    expect_lt(max(abs(fitted(path) - fitted(plain))), 1e-6, label = name)
  }
  # k times the basis is as many empty columns
  twice <- fit(cbind(B, B))
  padded <- fit(cbind(B, matrix(0, 500, 8)))
  expect_equal(twice$lambda, padded$lambda, tolerance = 1e-8)
  expect_lt(max(abs(fitted(twice) - fitted(padded))), 1e-6)
  # which is not quite the same
  change <- function(path) max(abs(log(fitted(path) / fitted(plain))))
  expect_gt(change(fit(cbind(B, B), lambda = plain$lambda)), 1e-3)
})

test_that("an empty column changes a \"calibrated\" fit by little: at most 1 % of the rate for one in 13", {
  session <- simulate_session(600, encodes = "position", seed = 3)
  B <- columns_of(session$covariates$position, basis_bspline(12))
  fit <- function(columns, ...) {
    group_lasso(c(list(x = columns), session$covariates["speed"]), session$counts,
                list(speed = basis_bspline(6)), ..., n_lambda = 40)
  }
  plain <- fit(B)
  change <- function(n) {
    path <- fit(cbind(B, matrix(0, nrow(B), n)), lambda = plain$lambda)
    max(abs(log(fitted(path, lambda = plain$lambda) / fitted(plain, lambda = plain$lambda))))
  }
  expect_lt(change(1), 0.01)
  expect_lt(change(12), 0.06)
})
