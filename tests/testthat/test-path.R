# A path against answers that are known: the guide's, an independent solver's, glm()'s, glmnet's, and
# what symmetry says.

# Four covariates of one session, each kind of column.
path_data <- function(n = 240, seed = 11) {
  with_local_seed(seed, {
    covariates <- list(
      position = runif(n), speed = rexp(n), lags = matrix(rnorm(n * 3), n),
      arm = factor(sample(c("l", "m", "r"), n, TRUE))
    )
    link <- 0.2 + sin(5 * covariates$position) + 0.4 * covariates$lags[, 2]
    list(covariates = covariates, counts = rpois(n, exp(link)))
  })
}

path_bases <- list(position = basis_bspline(6), speed = basis_raised_cosine(4))

guide_file <- function(name) shared_file(file.path("..", "reference", "seed_guide", name))

guide <- function(control = group_lasso_control()) {
  data <- read.csv(guide_file("data.csv"))
  exact <- read.csv(guide_file("exact_path.csv"))
  exact <- exact[order(-exact$lambda), ]
  path <- group_lasso(list(position = data$position, speed = data$speed), data$counts,
                      basis = basis_raised_cosine(6), lambda = rev(exact$lambda),
                      standardize = "none", control = control)
  blocks <- list(oracle_raised_cosine(data$position, 6), oracle_raised_cosine(data$speed, 6))
  value <- vapply(seq_along(path$lambda), function(l) {
    objective(blocks, data$counts, path$intercept[l], path$coefficients[, l], path$lambda[l])
  }, 0)
  list(path = path, exact = exact, gap = value - exact$objective)
}

test_that("the guide's path is reproduced at the default tolerance", {
  g <- guide()
  expect_equal(g$path$lambda, g$exact$lambda)
  expect_lt(max(abs(g$gap)), 1e-9)
  expect_true(all(g$path$group_norms["speed", g$exact$lambda > 0.0464] == 0))
  expect_true(all(g$path$group_norms["position", g$exact$lambda > 0.359] == 0))
})

test_that("the guide's path is reproduced to the last digits at a tight tolerance", {
  g <- guide(precise())
  expect_lt(max(abs(g$gap)), 1e-12)
  expect_lt(max(abs(g$path$group_norms["position", ] - g$exact$norm_position)), 1e-6)
  expect_lt(max(abs(g$path$group_norms["speed", ] - g$exact$norm_speed)), 1e-6)
  expect_identical(g$path$group_norms["speed", ] == 0, g$exact$lambda > 0.0464)
  expect_identical(g$path$group_norms["position", ] == 0, g$exact$lambda > 0.359)
  expect_true(all(g$path$coefficients[7:12, g$exact$lambda > 0.0464] == 0))
})

# ---- an independent solver -----------------------------------------------------------------------

# Accelerated proximal gradient with restarts, on intercept and coefficients, A = I.
proximal_gradient <- function(blocks, y, lambda, offset, v, steps = 5000) {
  v <- v / sum(v)
  X <- do.call(cbind, c(list(1), blocks))
  of <- rep(seq_along(blocks), vapply(blocks, ncol, 1L))
  w <- sqrt(tabulate(of))
  loss <- function(b) {
    link <- offset + as.numeric(X %*% b)
    sum(v * (exp(link) - y * link))
  }
  slope <- function(b) as.numeric(crossprod(X, v * (exp(offset + as.numeric(X %*% b)) - y)))
  prox <- function(b, step) {
    z <- b[-1]
    for (g in seq_along(w)) {
      norm <- sqrt(sum(z[of == g]^2))
      z[of == g] <- z[of == g] * max(0, 1 - step * lambda * w[g] / norm)
    }
    c(b[1], z)
  }
  b <- ahead <- c(log(sum(v * y)), numeric(length(of)))
  step <- momentum <- 1
  for (i in seq_len(steps)) {
    s <- slope(ahead)
    repeat {
      new <- prox(ahead - step * s, step)
      d <- new - ahead
      if (loss(new) <= loss(ahead) + sum(s * d) + sum(d^2) / (2 * step) + 1e-15) break
      step <- step / 2
    }
    if (sum((ahead - new) * (new - b)) > 0) momentum <- 1
    last <- momentum
    momentum <- (1 + sqrt(1 + 4 * last^2)) / 2
    ahead <- new + (last - 1) / momentum * (new - b)
    b <- new
  }
  b
}

test_that("solutions agree with an independent solver", {
  problem <- with_local_seed(2, {
    blocks <- list(a = matrix(rnorm(120), 60), b = matrix(runif(180), 60), c = matrix(rnorm(60), 60))
    list(blocks = blocks, counts = rpois(60, exp(0.5 * blocks$a[, 1] - blocks$b[, 3])),
         offset = rnorm(60, sd = 0.2), weights = runif(60, 0.5, 2))
  })
  path <- fit_problem(problem, standardize = "none", lambda = c(0.2, 0.06, 0.01), control = precise())
  for (l in 1:3) {
    slow <- proximal_gradient(problem$blocks, problem$counts, path$lambda[l], problem$offset,
                              problem$weights)
    expect_equal(path$intercept[l], slow[1], tolerance = 1e-6)
    expect_equal(unname(path$coefficients[, l]), slow[-1], tolerance = 1e-6)
    value <- function(b) {
      objective(problem$blocks, problem$counts, b[1], b[-1], path$lambda[l], "none", problem$offset,
                problem$weights)
    }
    expect_lt(abs(value(c(path$intercept[l], path$coefficients[, l])) - value(slow)), 1e-11)
  }
  expect_identical(unname(path$group_norms[, 1] == 0), c(FALSE, TRUE, TRUE))
})

# ---- lambda --------------------------------------------------------------------------------------

test_that("the grid starts at lambda_max and falls in equal steps of the logarithm", {
  for (kind in c("plain", "offset", "weights", "group_weights", "splines")) {
    problem <- random_problem(kind, 31)
    n <- length(problem$counts)
    for (how in scalings) {
      path <- fit_problem(problem, standardize = how, n_lambda = 9, lambda_min_ratio = 0.03,
                          control = precise())
      top <- oracle_lambda_max(problem$blocks, problem$counts, how, problem$offset %||% rep(0, n),
                               problem$weights %||% rep(1, n),
                               problem$mult %||% rep(1, length(problem$blocks)))
      expect_equal(path$lambda_max, top, tolerance = 1e-8)
      expect_equal(path$lambda, top * 0.03^((0:8) / 8), tolerance = 1e-8)
      penalised <- path$group_weights > 0
      expect_true(all(path$group_norms[penalised, 1] == 0))
      around <- fit_problem(problem, standardize = how, lambda = path$lambda_max * c(1.001, 0.999))
      expect_identical(unname(colSums(around$group_norms[penalised, ] > 0)), c(0, 1))
    }
  }
})

test_that("the null model is fitted at lambda_max and above", {
  d <- path_data()
  path <- group_lasso(d$covariates, d$counts, path_bases, n_lambda = 3)
  above <- group_lasso(d$covariates, d$counts, path_bases, lambda = path$lambda_max * c(1e10, 3, 1))
  expect_equal(above$intercept, rep(log(mean(d$counts)), 3))
  expect_true(all(above$coefficients == 0))
  expect_equal(above$deviance, rep(above$null_deviance, 3))
  null <- glm(d$counts ~ 1, family = poisson)
  expect_equal(above$null_deviance, null$deviance)
  expect_equal(path$null_deviance, null$deviance)
})

test_that("lambdas may come in any order, alone, twice, as 0 and as infinity", {
  d <- path_data()
  fit <- function(lambda) {
    suppressWarnings(group_lasso(d$covariates, d$counts, path_bases, lambda = lambda, control = precise()))
  }
  sorted <- fit(c(0.3, 0.1, 0.03, 0.01))
  expect_identical(answer(fit(c(0.03, 0.3, 0.01, 0.1))), answer(sorted))
  expect_identical(sorted$lambda, c(0.3, 0.1, 0.03, 0.01))
  for (l in 1:4) {
    alone <- fit(sorted$lambda[l])
    expect_length(alone$lambda, 1)
    expect_equal(alone$coefficients[, 1], sorted$coefficients[, l], tolerance = 1e-6)
  }
  twice <- fit(c(0.1, 0.03, 0.1, 0.03))
  expect_identical(twice$lambda, c(0.1, 0.1, 0.03, 0.03))
  expect_identical(twice$coefficients[, 1], twice$coefficients[, 2])
  ends <- fit(c(0, Inf, 0.1))
  expect_identical(ends$lambda, c(Inf, 0.1, 0))
  expect_true(all(ends$coefficients[, 1] == 0))
  expect_equal(ends$intercept[1], log(mean(d$counts)))
  expect_equal(ends$coefficients[, 2], sorted$coefficients[, 2], tolerance = 1e-6)
  expect_true(all(ends$converged))
  expect_finite_path(replace(ends, "lambda", list(c(1, 0.1, 0))))
  only_infinity <- fit(Inf)
  expect_true(all(only_infinity$coefficients == 0))
  # integers are numbers
  expect_equal(fit(1L)$lambda, 1)
})

test_that("a solution does not depend on the lambdas before it", {
  d <- path_data()
  full <- group_lasso(d$covariates, d$counts, path_bases, n_lambda = 40, control = precise())
  some <- group_lasso(d$covariates, d$counts, path_bases, lambda = full$lambda[c(40, 21)],
                      control = precise())
  expect_equal(some$coefficients, full$coefficients[, c(21, 40)], tolerance = 1e-6)
})

# ---- limits with known answers -------------------------------------------------------------------

test_that("lambda = 0 gives glm()", {
  d <- with_local_seed(3, {
    X <- matrix(rnorm(600), 150)
    list(X = X, counts = rpois(150, exp(0.3 + 0.4 * X[, 1])), offset = rnorm(150, sd = 0.5),
         weights = sample(0:3, 150, TRUE))
  })
  blocks <- list(a = d$X[, 1:3], b = d$X[, 4, drop = FALSE])
  for (how in scalings) {
    plain <- group_lasso(blocks, d$counts, lambda = 0, standardize = how, control = precise())
    truth <- glm(d$counts ~ d$X, family = poisson, epsilon = 1e-14)
    expect_equal(unname(coef(plain)[, 1]), unname(coef(truth)), tolerance = 1e-7)
    expect_equal(plain$deviance, truth$deviance)
    path <- group_lasso(blocks, d$counts, lambda = 0, standardize = how, offset = d$offset,
                        weights = d$weights, control = precise())
    truth <- glm(d$counts ~ d$X, family = poisson, offset = d$offset, weights = d$weights, epsilon = 1e-14)
    expect_equal(unname(coef(path)[, 1]), unname(coef(truth)), tolerance = 1e-7)
    expect_equal(path$deviance, truth$deviance)
    expect_equal(path$null_deviance, truth$null.deviance)
  }
})

test_that("lambda = 0 gives glm()'s fitted values where the rank is deficient", {
  d <- path_data()
  for (how in scalings) {
    path <- group_lasso(d$covariates, d$counts, path_bases, lambda = 0, standardize = how,
                        control = precise())
    X <- as.matrix(path$design) # splines and factors add up to one
    expect_lt(qr(X)$rank, ncol(X))
    expect_equal(unname(fitted(path)[, 1]), saturated_fit(X, d$counts), tolerance = 1e-6)
    expect_true(path$converged)
  }
})

test_that("the path runs into glm() as lambda falls", {
  d <- path_data()
  path <- group_lasso(d$covariates, d$counts, path_bases, lambda_min_ratio = 1e-6, n_lambda = 30,
                      control = precise(1e-8))
  truth <- saturated_fit(as.matrix(path$design), d$counts)
  expect_equal(unname(fitted(path)[, 30]), truth, tolerance = 1e-3)
  expect_true(all(diff(path$deviance) <= 1e-9))
})

test_that("groups of one column give glmnet's lasso", {
  skip_if_not_installed("glmnet")
  d <- with_local_seed(4, {
    X <- matrix(rnorm(200 * 12), 200) %*% diag(exp(rnorm(12)))
    list(X = X, counts = rpois(200, exp(0.5 + 0.3 * X[, 1] / sd(X[, 1]))), offset = rnorm(200, sd = 0.3),
         weights = runif(200, 0.5, 2))
  })
  covariates <- stats::setNames(lapply(seq_len(12), function(j) d$X[, j]), paste0("x", 1:12))
  path <- group_lasso(covariates, d$counts, standardize = "none", offset = d$offset, weights = d$weights,
                      n_lambda = 15, control = precise())
  lasso <- glmnet::glmnet(d$X, d$counts, family = "poisson", lambda = path$lambda, standardize = FALSE,
                          offset = d$offset, weights = d$weights, thresh = 1e-15, maxit = 1e7)
  expect_equal(unname(path$coefficients), unname(as.matrix(lasso$beta)), tolerance = 1e-5)
  expect_equal(path$intercept, unname(lasso$a0), tolerance = 1e-5)
  # at lambda_max itself the first coefficient is a matter of rounding
  expect_equal(path$df[-1], 1 + unname(lasso$df)[-1], tolerance = 1e-6)
})

# ---- symmetries ----------------------------------------------------------------------------------

test_that("permuted rows give the same fit", {
  d <- path_data()
  order <- with_local_seed(1, sample(240))
  fit <- function(rows, ...) {
    covariates <- lapply(d$covariates, function(x) if (is.matrix(x)) x[rows, ] else x[rows])
    group_lasso(covariates, d$counts[rows], path_bases, n_lambda = 12, control = precise(), ...)
  }
  expect_equal(fit(order)$coefficients, fit(1:240)$coefficients, tolerance = 1e-6)
})

test_that("permuted columns in a group, and permuted groups, permute the fit", {
  d <- path_data()
  fit <- function(covariates) {
    group_lasso(covariates, d$counts, path_bases, n_lambda = 12, control = precise())
  }
  plain <- fit(d$covariates)
  mixed <- d$covariates
  mixed$lags <- mixed$lags[, c(3, 1, 2)]
  lags <- plain$groups$lags
  swapped <- plain$coefficients
  swapped[lags, ] <- plain$coefficients[lags[c(3, 1, 2)], ]
  expect_equal(fit(mixed)$coefficients, swapped, tolerance = 1e-6)
  order <- c(3, 1, 4, 2)
  turned <- fit(d$covariates[order])
  expect_equal(turned$group_norms, plain$group_norms[order, ], tolerance = 1e-6)
  expect_equal(turned$coefficients[rownames(plain$coefficients), ], plain$coefficients, tolerance = 1e-6)
  expect_identical(names(entry_order(turned)), names(entry_order(plain)))
})

test_that("duplicated rows are weights of 2, and weights of 0 leave rows out", {
  problem <- random_problem("plain", 17)
  n <- length(problem$counts)
  fit <- function(rows, weights, how) {
    group_lasso(lapply(problem$blocks, function(X) X[rows, , drop = FALSE]), problem$counts[rows],
                weights = weights, standardize = how, n_lambda = 10, control = precise())
  }
  for (how in scalings) {
    twice <- fit(c(1:n, 1:30), NULL, how)
    weighted <- fit(1:n, rep(c(2, 1), c(30, n - 30)), how)
    expect_equal(weighted$lambda, twice$lambda)
    expect_equal(weighted$coefficients, twice$coefficients, tolerance = 1e-6)
    expect_equal(weighted$deviance, twice$deviance)
    without <- fit(31:n, NULL, how)
    zero <- fit(1:n, rep(c(0, 1), c(30, n - 30)), how)
    expect_equal(zero$lambda, without$lambda)
    expect_equal(zero$coefficients, without$coefficients, tolerance = 1e-6)
    expect_equal(zero$deviance, without$deviance)
    expect_identical(zero$n_obs, without$n_obs)
  }
  # only ratios of weights matter to the solution
  expect_equal(fit(1:n, rep(1e-9, n), "none")$coefficients, fit(1:n, NULL, "none")$coefficients,
               tolerance = 1e-6)
})

test_that("a constant offset shifts the intercept and nothing else", {
  d <- path_data()
  fit <- function(...) group_lasso(d$covariates, d$counts, path_bases, n_lambda = 10, control = precise(), ...)
  plain <- fit()
  varying <- sin(1:240)
  with_offset <- fit(offset = varying)
  for (shift in c(-800, -3, 1, 800)) {
    moved <- fit(offset = rep(shift, 240))
    expect_equal(moved$coefficients, plain$coefficients, tolerance = 1e-6)
    expect_equal(moved$intercept, plain$intercept - shift, tolerance = 1e-6)
    expect_equal(fitted(moved), fitted(plain), tolerance = 1e-6)
    expect_equal(moved$deviance, plain$deviance, tolerance = 1e-8)
    expect_true(all(moved$converged))
    expect_equal(fit(offset = varying + shift)$coefficients, with_offset$coefficients, tolerance = 1e-6)
  }
  # one number serves for all bins
  expect_equal(fit(offset = -3)$coefficients, fit(offset = rep(-3, 240))$coefficients)
})

test_that("an offset is a covariate with coefficient one", {
  d <- path_data()
  x <- sin(1:240)
  path <- group_lasso(d$covariates["lags"], d$counts, lambda = 0, offset = 0.7 * x, control = precise())
  truth <- glm(d$counts ~ d$covariates$lags + offset(0.7 * x), family = poisson, epsilon = 1e-14)
  expect_equal(unname(fitted(path)[, 1]), unname(fitted(truth)), tolerance = 1e-8)
})

# ---- group_weights -------------------------------------------------------------------------------

test_that("a group weight of 0 leaves a covariate unpenalised, in from the first lambda", {
  d <- path_data()
  path <- group_lasso(d$covariates, d$counts, path_bases, n_lambda = 10, group_weights = c(1, 0, 1, 1),
                      control = precise())
  expect_true(all(path$group_norms["speed", ] > 0))
  expect_true(all(path$group_norms[c("position", "lags", "arm"), 1] == 0))
  expect_identical(names(entry_order(path))[1], "speed")
  # the first point is glm() on that covariate
  truth <- saturated_fit(path$design$speed, d$counts)
  expect_equal(unname(fitted(path)[, 1]), truth, tolerance = 1e-6)
  # it stays free at any lambda
  far <- group_lasso(d$covariates, d$counts, path_bases, lambda = c(Inf, 1e9), group_weights = c(1, 0, 1, 1),
                     control = precise())
  expect_equal(unname(fitted(far)), cbind(truth, truth, deparse.level = 0), tolerance = 1e-6)
})

test_that("with every covariate unpenalised each lambda gives glm()", {
  d <- path_data()
  path <- suppressWarnings(group_lasso(d$covariates, d$counts, path_bases, n_lambda = 3,
                                       group_weights = rep(0, 4), control = precise()))
  truth <- saturated_fit(as.matrix(path$design), d$counts)
  for (l in 1:3) expect_equal(unname(fitted(path)[, l]), truth, tolerance = 1e-6)
  expect_finite_path(path)
})

test_that("group weights scale the penalty", {
  problem <- random_problem("plain", 23)
  n_group <- length(problem$blocks)
  fit <- function(factors, lambda) {
    group_lasso(problem$blocks, problem$counts, lambda = lambda, group_weights = factors, control = precise())
  }
  lambda <- c(0.1, 0.02)
  expect_equal(fit(rep(2, n_group), lambda)$coefficients, fit(NULL, 2 * lambda)$coefficients,
               tolerance = 1e-6)
  # a covariate counts half as much where it costs twice: penalty w ||b|| with X / 2 in place of X
  factors <- rep(c(2, 1), c(1, n_group - 1))
  halved <- problem$blocks
  halved[[1]] <- halved[[1]] / 2
  twice <- group_lasso(problem$blocks, problem$counts, lambda = lambda, standardize = "none",
                       group_weights = factors, control = precise())
  scaled <- group_lasso(halved, problem$counts, lambda = lambda, standardize = "none", control = precise())
  expect_equal(fitted(twice), fitted(scaled), tolerance = 1e-6)
  # names go before order
  names(factors) <- names(problem$blocks)
  expect_identical(answer(fit(rev(factors), lambda)), answer(fit(factors, lambda)))
})

test_that("group weights don't matter at lambda = 0, however unequal", {
  d <- path_data()
  truth <- saturated_fit(cbind(d$covariates$lags, d$covariates$speed), d$counts)
  for (factors in list(c(1, 1), c(1e6, 1), c(1e-6, 1), c(0, 1e-6))) {
    path <- group_lasso(d$covariates[c("lags", "speed")], d$counts, lambda = 0, group_weights = factors)
    expect_equal(unname(fitted(path)[, 1]), truth, tolerance = 1e-4)
  }
})

# ---- ways to give the data -----------------------------------------------------------------------

test_that("a list, a nested list, a data frame and a design give identical fits", {
  d <- path_data()
  plain <- d$covariates[c("position", "speed", "arm")]
  fit <- function(covariates, basis = path_bases) {
    answer(group_lasso(covariates, d$counts, basis, n_lambda = 10))
  }
  expected <- fit(plain)
  expect_identical(fit(as.data.frame(plain)), expected)
  expect_identical(fit(expand_covariates(plain, path_bases), NULL), expected)
  expect_identical(fit(expand_covariates(as.data.frame(plain), path_bases), NULL), expected)
  nested <- fit(list(place = list(position = plain$position), speed = plain$speed, arm = plain$arm),
                list(place = list(position = basis_bspline(6)), speed = basis_raised_cosine(4)))
  expect_identical(unname(nested$coefficients), unname(expected$coefficients))
  expect_identical(rownames(nested$group_norms), c("place.position", "speed", "arm"))
  # a matrix in a data frame is one covariate
  frame <- data.frame(position = d$covariates$position)
  frame$lags <- d$covariates$lags
  expect_identical(fit(frame, basis_bspline(6)), fit(d$covariates[c("position", "lags")], basis_bspline(6)))
})

test_that("expanded columns given as matrices fit like the bases they come from", {
  d <- path_data()
  path <- group_lasso(d$covariates, d$counts, path_bases, n_lambda = 10, control = precise())
  blocks <- as.list(path$design)
  dense <- group_lasso(blocks, d$counts, n_lambda = 10, control = precise())
  expect_equal(dense$lambda, path$lambda)
  expect_equal(fitted(dense), fitted(path), tolerance = 1e-6)
  expect_equal(unname(dense$group_norms), unname(path$group_norms), tolerance = 1e-6)
})

test_that("integers and logicals are numbers", {
  d <- path_data()
  fit <- function(x, counts = d$counts) answer(group_lasso(list(x = x, s = d$covariates$speed), counts, n_lambda = 5))
  whole <- as.integer(10 * d$covariates$position)
  expect_identical(fit(whole), fit(as.double(whole)))
  expect_identical(fit(whole > 4L), fit(as.double(whole > 4L)))
  expect_identical(fit(whole, as.integer(d$counts)), fit(whole, as.double(d$counts)))
})

# ---- invariance ----------------------------------------------------------------------------------

test_that("units don't matter to \"group\" and \"calibrated\"", {
  d <- path_data()
  raw <- c(as.list(as.data.frame(d$covariates[c("position", "speed")])), list(lags = d$covariates$lags))
  units <- list(position = raw$position * 1e6 + 3e6, speed = raw$speed * -1e-6, lags = raw$lags * 1e3 - 5)
  for (how in c("group", "calibrated")) {
    fit <- function(x) group_lasso(x, d$counts, standardize = how, n_lambda = 15, control = precise())
    a <- fit(raw)
    b <- fit(units)
    expect_equal(b$lambda, a$lambda)
    expect_equal(fitted(b), fitted(a), tolerance = 1e-6)
    expect_equal(b$group_norms, a$group_norms, tolerance = 1e-6)
    # bounds are learned: a basis does not see units at all
    c <- group_lasso(raw["position"], d$counts, basis_bspline(6), standardize = how, n_lambda = 5)
    e <- group_lasso(units["position"], d$counts, basis_bspline(6), standardize = how, n_lambda = 5)
    expect_equal(fitted(e), fitted(c), tolerance = 1e-5)
  }
})

test_that("an invertible change of columns doesn't matter to \"group\"", {
  d <- path_data()
  spline <- oracle_bspline(d$covariates$position, 6)
  change <- with_local_seed(8, matrix(rnorm(36), 6))
  fit <- function(X, how = "group") {
    group_lasso(list(position = X, speed = d$covariates$speed), d$counts, standardize = how, n_lambda = 15,
                control = precise())
  }
  expect_equal(fitted(fit(spline %*% change)), fitted(fit(spline)), tolerance = 1e-6)
  # an orthogonal one doesn't matter to any
  turn <- qr.Q(qr(change))
  for (how in scalings) {
    expect_equal(fitted(fit(spline %*% turn, how)), fitted(fit(spline, how)), tolerance = 1e-6)
  }
})

test_that("duplicated groups leave the fitted values where one would", {
  d <- path_data()
  X <- d$covariates$lags
  for (how in scalings) {
    one <- group_lasso(list(lags = X), d$counts, standardize = how, n_lambda = 8, control = precise())
    two <- group_lasso(list(lags = X, again = X), d$counts, standardize = how, lambda = one$lambda,
                       control = precise())
    expect_equal(fitted(two), fitted(one), tolerance = 1e-6)
  }
})

# ---- conduct -------------------------------------------------------------------------------------

test_that("a repeated call gives the same bits", {
  d <- path_data()
  fit <- function() group_lasso(d$covariates, d$counts, path_bases, n_lambda = 30)
  expect_identical(fit(), fit())
  problem <- random_problem("correlated", 2)
  expect_identical(answer(fit_problem(problem)), answer(fit_problem(problem)))
})

test_that("inputs are not modified", {
  d <- path_data()
  n <- length(d$counts)
  inputs <- list(
    covariates = c(d$covariates,
                   list(trial = 1:n, time = seq(0.5, n), wide = matrix(as.double(1:(2 * n)), n))),
    counts = d$counts, offset = seq_len(n) / n, weights = rep(c(1, 2), n / 2),
    lambda = c(0.01, 0.1), mult = rep(1, 7)
  )
  before <- serialize(inputs, NULL)
  path <- group_lasso(inputs$covariates, inputs$counts, path_bases, offset = inputs$offset,
                      weights = inputs$weights, lambda = inputs$lambda, group_weights = inputs$mult)
  expect_identical(serialize(inputs, NULL), before)
  design <- expand_covariates(inputs$covariates, path_bases)
  before <- serialize(design, NULL)
  group_lasso(design, inputs$counts, n_lambda = 5)
  expect_identical(serialize(design, NULL), before)
  before <- serialize(path, NULL)
  predict(path, inputs$covariates, lambda = 0.05, offset = inputs$offset)
  fitted(path)
  expect_identical(serialize(path, NULL), before)
})

test_that("a range such as 1:n is a covariate like any other", {
  d <- path_data()
  n <- length(d$counts)
  plain <- as.double(1:n) + 0
  fit <- function(trial, counts = d$counts) answer(group_lasso(list(trial = trial), counts, n_lambda = 5))
  expect_identical(fit(1:n), fit(plain))
  expect_identical(answer(group_lasso(list(trial = 1:n), d$counts, basis_bspline(5), n_lambda = 5)),
                   answer(group_lasso(list(trial = plain), d$counts, basis_bspline(5), n_lambda = 5)))
  expect_identical(fit(plain, 1:n), fit(plain, plain))
})

test_that("a path survives a file", {
  d <- path_data()
  path <- group_lasso(d$covariates, d$counts, path_bases, n_lambda = 10)
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(path, file)
  back <- readRDS(file)
  expect_equal(answer(back), answer(path))
  new <- lapply(d$covariates, function(x) if (is.matrix(x)) x[1:9, ] else x[1:9])
  expect_identical(predict(back, new, lambda = 0.05), predict(path, new, lambda = 0.05))
  expect_identical(fitted(back), fitted(path))
})

test_that("an outlier, a huge effect and an extreme link are fitted", {
  d <- path_data()
  outlier <- random_problem("plain", 41)
  outlier$counts[7] <- 1e7
  expect_true(all(fit_problem(outlier, n_lambda = 20)$converged))
  # a link that spans more than 700
  x <- seq(-1, 1, length.out = 200)
  counts <- ifelse(x > 0.95, 3, 0)
  steep <- group_lasso(list(x = x * 1e4), counts, n_lambda = 10, lambda_min_ratio = 1e-4)
  expect_finite_path(steep)
  expect_true(all(steep$converged))
})

test_that("a group may have more columns than there are bins", {
  X <- with_local_seed(9, matrix(rnorm(30 * 60), 30))
  counts <- with_local_seed(10, rpois(30, exp(X[, 1] / 2)))
  problem <- list(blocks = list(wide = X, narrow = X[, 1:2]), counts = counts)
  for (how in scalings) {
    path <- fit_problem(problem, standardize = how, n_lambda = 10)
    expect_true(all(path$converged))
    expect_lt(max(path_residuals(path, problem)), 2e-6)
  }
})

test_that("a large mean costs no digits", {
  x <- with_local_seed(12, matrix(rnorm(800), 400))
  counts <- with_local_seed(13, rpois(400, exp(0.5 * x[, 1])))
  for (how in scalings) {
    plain <- group_lasso(list(a = x), counts, standardize = how, n_lambda = 20)
    for (mean in c(1e2, 1e4, 1e6)) {
      path <- group_lasso(list(a = x + mean), counts, standardize = how, n_lambda = 20)
      expect_true(all(path$converged), label = paste(how, mean))
      expect_equal(path$lambda, plain$lambda, tolerance = 1e-6)
      expect_equal(unname(path$coefficients), unname(plain$coefficients), tolerance = 1e-5)
      expect_lt(max(path$n_passes), 15)
    }
  }
})
