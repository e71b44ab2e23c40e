# The definition of `rate`, in the slowest way: the covariate set to a value in every bin of the
# training data, predicted, averaged over the bins per unit of exposure.
brute_rate <- function(path, covariates, name, values, lambda, offset = rep(0, n), v = rep(1, n)) {
  n <- NROW(covariates[[1]])
  size <- if (length(dim(values)) == 2) nrow(values) else length(values)
  vapply(seq_len(size), function(i) {
    covariates[[name]] <- if (is.null(dim(values))) values[rep(i, n)] else values[rep(i, n), , drop = FALSE]
    mu <- predict(path, covariates, lambda = lambda, type = "response", offset = offset)[, 1]
    sum(v * mu) / sum(v * exp(offset))
  }, 0)
}

test_that("rate is the definition, for every kind of basis, offset and weights", {
  set.seed(1)
  data <- mixed_session(1, 80)
  offset <- rnorm(80, sd = 0.5)
  weights <- sample(c(0, 0.5, 2), 80, TRUE)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 10, offset = offset,
                      weights = weights)
  for (lambda in c(path$lambda[7], 0.25)) {
    for (name in c("position", "phase", "speed", "trend", "choice")) {
      curve <- tuning_curve(path, name, lambda = lambda, n = 7)
      expect_named(curve, c(name, "effect", "rate"))
      expect_equal(curve$rate,
                   brute_rate(path, data$covariates, name, curve[[name]], lambda, offset, weights),
                   tolerance = 1e-11, label = name)
    }
    curve <- tuning_curve(path, "arm", lambda = lambda)
    expect_equal(curve$rate, brute_rate(path, data$covariates, "arm", curve$arm, lambda, offset, weights),
                 tolerance = 1e-11)
    curve <- tuning_curve(path, "place", lambda = lambda, n = 4)
    expect_equal(curve$rate,
                 brute_rate(path, data$covariates, "place", as.matrix(curve[c("x", "y")]), lambda, offset, weights),
                 tolerance = 1e-11)
    at <- cbind(n1 = 0:3, n2 = c(1, 1, 0, 2))
    curve <- tuning_curve(path, "coupling", lambda = lambda, at = at)
    expect_equal(curve$rate, brute_rate(path, data$covariates, "coupling", at, lambda, offset, weights),
                 tolerance = 1e-11)
  }
})

test_that("effect is the covariate's term: mean zero over the training bins", {
  set.seed(2)
  data <- mixed_session(2, 70)
  weights <- rexp(70)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 10, weights = weights)
  terms <- predict(path, type = "terms", lambda = 0.2)
  for (name in names(data$covariates)) {
    curve <- tuning_curve(path, name, lambda = 0.2, at = data$covariates[[name]])
    expect_equal(curve$effect, as.numeric(terms[, name]), tolerance = 1e-12, label = name)
    expect_lt(abs(sum(weights * curve$effect)), 1e-10)
    # the rate is the effect up to a factor
    expect_lt(diff(range(log(curve$rate) - curve$effect)), 1e-10)
  }
})

test_that("the grid is n points over the training range", {
  data <- mixed_session(3, 60)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = 0.3)
  x <- data$covariates$position
  expect_equal(tuning_curve(path, "position")$position, seq(min(x), max(x), length.out = 100))
  expect_equal(tuning_curve(path, "position", n = 2)$position, range(x))
  expect_equal(tuning_curve(path, "phase", n = 3)$phase, c(0, pi, 2 * pi))
  expect_equal(tuning_curve(path, "trend", n = 3)$trend, c(-1, 0, 1))
  # a factor has its levels
  curve <- tuning_curve(path, "arm", n = 50)
  expect_identical(curve$arm, factor(c("left", "right", "stem")))
  # a product has n points along each axis, the first runs fastest
  curve <- tuning_curve(path, "place", n = 5)
  expect_identical(dim(curve), c(25L, 4L))
  expect_named(curve, c("x", "y", "effect", "rate"))
  place <- data$covariates$place
  expect_equal(curve$x, rep(seq(min(place[, 1]), max(place[, 1]), length.out = 5), 5))
  expect_equal(curve$y, rep(seq(min(place[, 2]), max(place[, 2]), length.out = 5), each = 5))
})

test_that("products without names, and with factors, have a grid", {
  set.seed(4)
  place <- cbind(runif(50), runif(50), sample(c(10, 20), 50, TRUE))
  basis <- basis_bspline(4) * basis_cyclic(4, bounds = c(0, 1)) * basis_factor()
  path <- group_lasso(list(place = place), rpois(50, exp(place[, 1])), list(place = basis), lambda = 0.01)
  curve <- tuning_curve(path, "place", n = 3)
  expect_identical(dim(curve), c(18L, 5L))
  expect_named(curve, c("place.1", "place.2", "place.3", "effect", "rate"))
  expect_setequal(curve$place.3, c(10, 20))
  expect_equal(curve$rate,
               brute_rate(path, list(place = place), "place", unname(as.matrix(curve[1:3])), 0.01),
               tolerance = 1e-11)
})

test_that("`at` replaces the grid, and is checked like new data", {
  data <- mixed_session(5, 60)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = 0.3)
  values <- c(40, 0, 40)
  curve <- tuning_curve(path, "position", at = values)
  expect_identical(curve$position, values)
  expect_equal(curve$rate, brute_rate(path, data$covariates, "position", values, 0.3), tolerance = 1e-11)
  expect_identical(tuning_curve(path, "position", at = 40L)$rate, curve$rate[1])
  expect_equal(as.character(tuning_curve(path, "arm", at = factor("stem"))$arm), "stem")
  # columns of a matrix are matched by name
  at <- data.frame(y = c(0.2, 0.5), x = c(0.9, 0.1))
  curve <- tuning_curve(path, "place", at = at)
  expect_identical(curve[c("x", "y")], at[c("x", "y")])
  expect_equal(curve$rate, brute_rate(path, data$covariates, "place", as.matrix(at[c("x", "y")]), 0.3),
               tolerance = 1e-11)
  # NA gives NA, in its place
  curve <- tuning_curve(path, "position", at = c(1, NA, 2))
  expect_identical(is.na(curve$rate), c(FALSE, TRUE, FALSE))
  expect_identical(is.na(curve$effect), c(FALSE, TRUE, FALSE))
  # outside values are moved, with a warning
  expect_warning(curve <- tuning_curve(path, "position", at = c(-1e3, 1e3)),
                 class = "neurolasso_out_of_bounds")
  ends <- tuning_curve(path, "position", n = 2)
  expect_equal(curve$rate, ends$rate)
  expect_identical(curve$position, c(-1e3, 1e3))
  expect_identical(nrow(tuning_curve(path, "position", at = double())), 0L)
})

test_that("`at` that can't be used is refused, as `at`", {
  data <- mixed_session(5, 60)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = 0.3)
  expect_refused(tuning_curve(path, "arm", at = factor("top")), NULL, "`arm`", "\"top\"")
  expect_refused(tuning_curve(path, "position", at = letters), NULL, "`position`", "text")
  expect_refused(tuning_curve(path, "position", at = Inf), NULL, "`position`", "infinite")
  expect_refused(tuning_curve(path, "place", at = 1:3), NULL, "`place`", "2 columns")
  expect_refused(tuning_curve(path, "coupling", at = cbind(1, 2, 3)), NULL, "`coupling`", "2 columns")
})

test_that("NA is NA also for a covariate that is out", {
  data <- mixed_session(5, 60)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 3)
  curve <- tuning_curve(path, "position", lambda = path$lambda_max, at = c(1, NA, 2))
  expect_identical(is.na(curve$rate), c(FALSE, TRUE, FALSE))
})

test_that("a covariate that is out has a flat curve at the mean rate", {
  data <- mixed_session(6, 60)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 3, offset = log(0.02))
  curve <- tuning_curve(path, "position", lambda = path$lambda_max)
  expect_identical(curve$effect, rep(0, 100))
  expect_equal(curve$rate, rep(mean(data$counts) / 0.02, 100), tolerance = 1e-9)
})

test_that("a linear effect is a line with the slope of its coefficient", {
  set.seed(7)
  x <- runif(100, 0, 4)
  path <- group_lasso(list(x = x), rpois(100, exp(0.3 * x)), basis_identity(), lambda = 0.05)
  curve <- tuning_curve(path, "x", at = c(0, 1, 3))
  expect_equal(diff(curve$effect), c(1, 2) * path$coefficients[1, 1])
  expect_equal(curve$effect, (c(0, 1, 3) - mean(x)) * path$coefficients[1, 1])
})

test_that("bins that na.action dropped don't count", {
  data <- mixed_session(8, 60)
  gone <- c(3, 20)
  data$covariates$speed[gone] <- NA
  kept <- lapply(data$covariates, function(x) if (is.matrix(x)) x[-gone, ] else x[-gone])
  for (action in list(na.omit, na.exclude)) {
    path <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = 0.3, na.action = action)
    curve <- tuning_curve(path, "phase", n = 5)
    expect_equal(curve$rate, brute_rate(path, kept, "phase", curve$phase, 0.3), tolerance = 1e-11)
  }
})

test_that("an offset far from zero doesn't overflow", {
  data <- mixed_session(9, 40)
  plain <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = 0.3)
  for (shift in c(-700, 700)) {
    path <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = 0.3, offset = rep(shift, 40))
    expect_equal(log(tuning_curve(path, "position")$rate), log(tuning_curve(plain, "position")$rate) - shift,
                 tolerance = 1e-6)
  }
})

test_that("a silent neuron has a rate of 0", {
  data <- mixed_session(10, 40)
  path <- suppressWarnings(group_lasso(data$covariates, 0 * data$counts, mixed_bases(), n_lambda = 3))
  curve <- tuning_curve(path, "position", lambda = 0.5)
  expect_identical(curve$rate, rep(0, 100))
  expect_identical(curve$effect, rep(0, 100))
})

test_that("a matrix as it is has no grid and needs `at`", {
  data <- mixed_session(11, 40)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = 0.3)
  expect_refused(tuning_curve(path, "coupling"), "at", "`coupling`", "`at`", "no natural grid")
})

test_that("a covariate, a lambda and a grid that can't be are refused", {
  data <- mixed_session(11, 40)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 3)
  expect_refused(tuning_curve(path, "pos", lambda = 1), "covariate", "`covariate`", "`position`", "\"pos\"")
  expect_refused(tuning_curve(path, 1, lambda = 1), "covariate", "not 1")
  expect_refused(tuning_curve(path, c("position", "speed"), lambda = 1), "covariate")
  expect_refused(tuning_curve(path, "position"), "lambda", "`lambda` must be one number", "NULL")
  expect_refused(tuning_curve(path, "position", lambda = c(1, 0.5)), "lambda", "one number")
  expect_refused(tuning_curve(path, "position", lambda = -1), "lambda", "at least 0")
  expect_refused(tuning_curve(path, "position", lambda = 0.5, n = 1), "n", "at least 2")
  expect_refused(tuning_curve(path, "position", lambda = 0.5, n = "many"), "n", "\"many\"")
})

test_that("a product of three bases has a grid of at most 10,000 points, unless told otherwise", {
  set.seed(30)
  x <- matrix(runif(900), 300)
  b <- basis_bspline(4)
  path <- group_lasso(list(x = x), rpois(300, 1), b * b * b, n_lambda = 2)
  expect_identical(nrow(tuning_curve(path, "x", lambda = path$lambda[2])), 9261L)
  expect_identical(nrow(tuning_curve(path, "x", lambda = path$lambda[2], n = 4)), 64L)
  path <- group_lasso(list(x = x[, 1:2]), rpois(300, 1), b * b, n_lambda = 2)
  expect_identical(nrow(tuning_curve(path, "x", lambda = path$lambda[2])), 10000L)
})
