# What holds for every basis. Values at x in the units of bounds 0 .. 10, each
# with its own oracle in its own file.
all_bases <- function(bounds = c(0, 10)) {
  list(
    bspline = basis_bspline(7, bounds = bounds), bspline_high = basis_bspline(9, order = 8, bounds = bounds),
    mspline = basis_mspline(6, bounds = bounds), natural = basis_natural(5, bounds = bounds),
    cyclic = basis_cyclic(5, bounds = bounds), raised_cosine = basis_raised_cosine(6, bounds = bounds),
    raised_cosine_log = basis_raised_cosine_log(6, bounds = bounds),
    orth_exponential = basis_orth_exponential(c(1, 4, 16), bounds), fourier = basis_fourier(1:2, bounds),
    custom = basis_custom(list(exp = function(x) exp(-x), root = sqrt)), identity = basis_identity()
  )
}

# The formulas of these bases on the bounds 0 .. 10, for values inside; `grid`: what was trained on.
all_formulas <- function(grid) {
  b <- c(0, 10)
  exponentials <- function(x) exp(-outer(x / 10, c(1, 4, 16)))
  parts <- svd(exponentials(grid))
  to_orthogonal <- parts$v %*% diag(1 / parts$d)
  to_orthogonal <- to_orthogonal %*% diag(sign(colSums(to_orthogonal)))
  list(
    bspline = function(x) oracle_bspline(x, 7, bounds = b),
    bspline_high = function(x) oracle_bspline(x, 9, 8, b),
    mspline = function(x) oracle_mspline(x, 6, bounds = b), natural = function(x) oracle_natural(x, 5, b),
    cyclic = function(x) oracle_cyclic(x, 5, bounds = b),
    raised_cosine = function(x) oracle_raised_cosine(x, 6, 2, b),
    raised_cosine_log = function(x) oracle_raised_cosine_log(x, 6, bounds = b),
    orth_exponential = function(x) exponentials(x) %*% to_orthogonal,
    fourier = function(x) oracle_fourier(x, 1:2, b), custom = function(x) cbind(exp(-x), sqrt(x)),
    identity = function(x) matrix(x)
  )
}

test_that("every basis is its formula: on a grid with the ends, outside, at NA, and for one point", {
  grid <- c(seq(0, 10, length.out = 101), 10 / 3, 1e-9, 10 - 1e-9)
  outside <- c(-1e6, -3, 12, 1e6)
  formulas <- all_formulas(grid)
  expect_named(formulas, names(all_bases()))
  for (name in names(formulas)) {
    design <- expand_covariates(list(x = grid), all_bases()[[name]])
    expect_lt(max(abs(unname(design$x) - formulas[[name]](grid))), 1e-12, label = name)
    there <- if (name %in% c("custom", "identity")) c(0, 3, 12, 1e6) else outside
    came <- suppressWarnings(predict(design, list(x = c(there, NA, 10, NaN))))$x
    moved <- if (name %in% c("custom", "identity")) there else
      if (name %in% c("cyclic", "fourier")) there %% 10 else pmin(pmax(there, 0), 10)
    wanted <- formulas[[name]](c(moved, 10))
    expect_lt(max(abs(unname(came[c(1:4, 6), ]) - wanted)), 1e-9, label = name) # 1e6 wrapped has so few digits
    expect_true(all(is.na(came[c(5, 7), ])) && !anyNA(came[c(1:4, 6), ]), label = name)
    for (x in c(0, 10, 7.3)) {
      expect_lt(max(abs(unname(predict(design, list(x = x))$x) - formulas[[name]](x))), 1e-12, label = name)
    }
  }
})

test_that("a row depends on its value alone: any order, any part, repeated, alone", {
  set.seed(1)
  x <- c(0, 10, runif(30, 0, 10))
  for (basis in all_bases()) {
    design <- expand_covariates(list(x = x), basis)
    rows <- sample(length(x), 50, TRUE)
    expect_lt(max(abs(predict(design, list(x = x[rows]))$x - design$x[rows, ])), 1e-15)
    for (i in c(1, 2, 17)) expect_identical(predict(design, list(x = x[i]))$x, design$x[i, , drop = FALSE])
    # so many repeats that they are kept as a table
    many <- predict(design, list(x = rep(x, 20)))
    if (ncol(design) >= 4) expect_match(neurolasso:::storage_of(unclass(many)$blocks$x), "table")
    expect_identical(many$x, design$x[rep(seq_along(x), 20), , drop = FALSE])
  }
})

test_that("basis_values() is the matrix of the design, with NA where an input is", {
  set.seed(2)
  x <- c(0, NA, 10, runif(20, 0, 10))
  y <- c(rev(x))
  for (basis in all_bases()) {
    trained <- neurolasso:::train_basis(basis, list(x))
    came <- neurolasso:::basis_values(trained, list(x))
    expect_identical(came, columns_of(x, basis))
    expect_equal(dim(came), c(length(x), neurolasso:::basis_size(trained)))
    both <- neurolasso:::train_basis(basis * basis_bspline(4), list(x, y))
    expect_identical(neurolasso:::basis_values(both, list(x, y)),
                     columns_of(cbind(x, y), basis * basis_bspline(4)))
    expect_equal(dim(neurolasso:::basis_values(trained, list(numeric()))), c(0, ncol(came)))
  }
})

test_that("a million points", {
  x <- seq(0, 10, length.out = 1e6)
  at <- c(1, 2, 333333, 1e6)
  for (basis in all_bases()) {
    design <- expand_covariates(list(x = x), basis)
    few <- predict(design, list(x = x[at]))$x
    coefficients <- matrix(seq_len(ncol(few)) / 10)
    expect_equal(neurolasso:::design_predictor(design, coefficients)[at, 1], as.numeric(few %*% coefficients),
                 tolerance = 1e-12)
  }
  # products, levels and filters
  z <- rev(x)
  level <- factor(as.integer(x) %% 7)
  counts <- rpois(1e6, 0.05)
  design <- expand_covariates(
    list(product = cbind(x, z), level = level, past = counts),
    list(product = basis_bspline(5, bounds = c(0, 10)) * basis_cyclic(6, bounds = c(0, 3)),
         past = basis_conv(basis_raised_cosine_log(4), 100))
  )
  coefficients <- matrix(seq_len(ncol(design)) / 10)
  predictor <- neurolasso:::design_predictor(design, coefficients)[, 1]
  expect_identical(which(is.na(predictor)), 1:100)
  at <- c(333333, 1e6)
  kernel <- oracle_raised_cosine_log(seq(0, 1, length.out = 100), 4, bounds = 0:1)
  past <- t(vapply(at, function(t) colSums(kernel * counts[t - 1:100]), numeric(4)))
  few <- cbind(oracle_product(oracle_bspline(x[at], 5, bounds = c(0, 10)),
                              oracle_cyclic(z[at], 6, bounds = c(0, 3))),
               outer(as.character(level[at]), levels(level), `==`) + 0, past)
  expect_equal(predictor[at], as.numeric(few %*% coefficients), tolerance = 1e-12)
  # bases that have few values in a row take less than the matrix
  taken <- function(basis) summary(expand_covariates(list(x = x), basis))$bytes
  expect_equal(taken(basis_mspline(10)), taken(basis_bspline(10)), tolerance = 1e-3)
  expect_lt(taken(basis_natural(10)), 9.1e6)
  expect_lt(taken(basis_raised_cosine_log(10)), 33.1e6)
})

test_that("dense factors of a product are kept as rows, not as the product's columns", {
  set.seed(3)
  X <- cbind(runif(1e4, 0, 10), runif(1e4, 0, 10))
  product <- basis_fourier(1:4, c(0, 10)) * basis_bspline(10)
  design <- expand_covariates(list(p = X), list(p = product))
  expect_equal(ncol(design), 80)
  expect_lt(summary(design)$bytes, 1e4 * (8 * 8 + 9) + 1e4)
})

test_that("B-splines, natural, periodic splines and levels sum to one, and are not negative", {
  set.seed(4)
  x <- runif(200, 0, 10)
  for (basis in all_bases()[c("bspline", "bspline_high", "natural", "cyclic")]) {
    X <- columns_of(x, basis)
    expect_lt(max(abs(rowSums(X) - 1)), 1e-12)
    expect_gte(min(X), -1e-14)
  }
})

test_that("the predictor of a sum is the sum of the predictors, in every storage", {
  set.seed(5)
  x <- runif(300, 0, 10)
  for (basis in all_bases()) {
    design <- expand_covariates(list(x = x), basis)
    b <- matrix(rnorm(2 * ncol(design)), ncol = 2)
    predictor <- function(b) neurolasso:::design_predictor(design, as.matrix(b))
    expect_equal(predictor(2 * b[, 1] - 3 * b[, 2]), predictor(b) %*% c(2, -3), tolerance = 1e-12)
    expect_equal(predictor(b), design$x %*% b, tolerance = 1e-12, ignore_attr = TRUE)
  }
})

test_that("rows, table, values and matrix give the same fit", {
  for (name in names(all_bases())) {
    basis <- all_bases()[[name]]
    d <- with_local_seed(6, {
      x <- sample(runif(40, 0, 10), 800, TRUE)
      list(x = x, counts = rpois(800, exp(0.5 * sin(x))))
    })
    table <- group_lasso(d["x"], d$counts, basis, n_lambda = 6, control = precise(1e-9))
    rows <- expand_covariates(d["x"], basis)
    fields <- unclass(rows)
    fields$blocks$x <- neurolasso:::unclass_block(neurolasso:::basis_block(fields$bases$x, d["x"]))
    fit <- function(x) group_lasso(x, d$counts, n_lambda = 6, control = precise(1e-9))
    others <- list(fit(structure(fields, class = "covariate_design")), fit(list(x = unname(rows$x))))
    for (other in others) {
      expect_true(all(other$converged))
      expect_lt(max(abs(fitted(other) - fitted(table))), 1e-6)
      expect_equal(other$lambda, table$lambda, tolerance = 1e-9, label = name)
    }
    problem <- list(blocks = list(unname(rows$x)), counts = d$counts)
    expect_lt(max(path_residuals(table, problem)), 1e-8)
  }
})

test_that("everything learned is kept, printed and used for new data", {
  set.seed(7)
  train <- rexp(200)
  new <- runif(10, 0.2, 1)
  learning <- list(basis_bspline(7, knots = "quantiles"), basis_mspline(6, knots = "quantiles"),
                   basis_natural(6, knots = "quantiles"), basis_raised_cosine_log(5),
                   basis_orth_exponential(c(1, 9)))
  for (basis in learning) {
    design <- expand_covariates(list(x = train), basis)
    # the same in any company
    expect_identical(predict(design, list(x = c(new, 0.5)))$x[1:10, ], predict(design, list(x = new))$x)
    expect_output(print(design), sprintf("bounds = c(%s, %s)", format(min(train), digits = 4),
                                         format(max(train), digits = 4)), fixed = TRUE)
    knots <- unclass(design)$bases$x$knots
    if (!is.null(knots)) {
      inside <- train[train > min(train) & train < max(train)]
      expect_equal(knots, unname(quantile(inside, seq_along(knots) / (length(knots) + 1))))
      expect_output(print(design), paste0("knots = c(", format(knots[1], digits = 4)), fixed = TRUE)
      expect_false(is.character(knots))
    }
  }
})

test_that("knots at quantiles are different ones inside the bounds, whatever the data", {
  knots_of <- function(x, ...) {
    design <- expand_covariates(list(x = x), basis_natural(6, ..., knots = "quantiles"))
    unclass(design)$bases$x$knots
  }
  set.seed(8)
  cases <- list(
    zeros = c(rep(0, 900), rexp(100)),
    rounded = rep(c(0, 1, 2, 3, 4, 5, 6, 20), c(50, 400, 9, 9, 9, 2, 2, 1)),
    two = rep(0:1, 20), one_inside = rep(c(0, 0.3, 1), 9), missing = c(NA, runif(50), NA),
    bounded = runif(50, -5, 5)
  )
  for (name in names(cases)) {
    x <- cases[[name]]
    knots <- suppressWarnings(if (name == "bounded") knots_of(x, bounds = c(-1, 1)) else knots_of(x))
    bounds <- if (name == "bounded") c(-1, 1) else range(x, na.rm = TRUE)
    expect_true(all(diff(c(bounds[1], knots, bounds[2])) > 0), label = name)
  }
  expect_equal(knots_of(c(rep(0, 900), 1:99)), unname(quantile(1:98, 1:4 / 5))) # 0 and 99 are the bounds
  expect_equal(columns_of(rep(3, 9), basis_bspline(5, knots = "quantiles")), cbind(rep(1, 9), 0, 0, 0, 0))
  expect_output(print(basis_bspline(6, knots = "quantiles")), "basis_bspline(6, knots = \"quantiles\")",
                fixed = TRUE)
  expect_refused(basis_bspline(6, knots = "quantile"), "knots", "\"quantiles\"", "the 2 inner knots")
})

test_that("covariates of every basis can be rounded, but for those that go through none", {
  set.seed(9)
  x <- runif(600, 0, 10)
  counts <- rpois(600, exp(sin(x)))
  for (basis in all_bases()) {
    if (inherits(basis, "basis_identity")) next
    path <- group_lasso(list(x = x), counts, basis, discretize = 20, n_lambda = 4)
    expect_lt(path$discretized[["x"]], 10 / 19 / 2 + 1e-12)
    rounded <- path$design$x
    expect_equal(nrow(unique(rounded)), if (inherits(basis, c("basis_cyclic", "basis_fourier"))) 19 else 20,
                 tolerance = 0.06)
    expect_true(all(path$converged))
  }
})

test_that("tuning curves are drawn over the range of the covariate, for every basis", {
  set.seed(10)
  x <- runif(300, 0, 10)
  counts <- rpois(300, exp(sin(x)))
  for (basis in all_bases()) {
    path <- group_lasso(list(x = x), counts, basis, n_lambda = 4)
    curve <- tuning_curve(path, "x", lambda = path$lambda[4], n = 5)
    expect_equal(range(curve$x), if (inherits(basis, c("basis_custom", "basis_identity"))) range(x) else c(0, 10))
    eta <- basis_matrix(curve$x, unclass(path$design)$bases$x) %*% path$coefficients[, 4]
    expect_equal(curve$effect, as.numeric(eta) - mean(path$design$x %*% path$coefficients[, 4]),
                 tolerance = 1e-9)
  }
})
