# Columns that say the same thing twice, or nothing, are the package's business: what is fitted depends on the space
# of functions, not on how it is written. Exactly so with `standardize = "group"`, whose penalty is the spread of a
# covariate's contribution.

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
    scaled = B %*% diag(10^seq(-1, 1, length.out = 7)),
    mspline = columns_of(x, basis_mspline(7)), mixed = B %*% with_local_seed(2, qr.Q(qr(matrix(rnorm(49), 7)))),
    bs = unclass(splines::bs(x, knots = seq(0, 1, 0.25)[2:4] * diff(range(x)) + min(x), Boundary.knots = range(x)))
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
    local <- group_lasso(list(x = x), counts, basis, standardize = "group", n_lambda = 10, control = precise())
    dropped <- group_lasso(list(x = columns_of(x, basis)[, -2]), counts, standardize = "group", n_lambda = 10,
                           control = precise())
    if (inherits(basis, "basis_raised_cosine")) {
      # five bumps of width 2: the first, third and fifth sum to one, so the second is needed, the third is not
      dropped <- group_lasso(list(x = columns_of(x, basis)[, -3]), counts, standardize = "group", n_lambda = 10,
                             control = precise())
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
  for (how in c("none", "group", "calibrated")) {
    path <- group_lasso(list(x = x), counts, basis_bspline(24, bounds = c(0, 10)), standardize = how, n_lambda = 8)
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
  for (how in c("none", "group", "calibrated")) {
    path <- group_lasso(list(x = cbind(B, B)), counts, standardize = how, n_lambda = 8)
    expect_true(all(path$converged))
    expect_lt(max(path_residuals(path, list(blocks = list(cbind(B, B)), counts = counts))), 2e-6)
    # what is the same gets the same
    expect_equal(path$coefficients[1:5, ], path$coefficients[6:10, ], tolerance = 1e-5, ignore_attr = TRUE)
  }
  # the plain penalty spreads a coefficient over both: a half each, a root of two less norm, a root of two more weight
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
