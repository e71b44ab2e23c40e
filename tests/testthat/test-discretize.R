# Rounded covariates: what is rounded, how far, and what is left alone.

tracked <- function(seed = 1, n = 3000) {
  with_local_seed(seed, {
    x <- list(
      position = runif(n, 0, 150), phase = runif(n, 0, 2 * pi), speed = rexp(n, 0.1),
      place = cbind(x = runif(n, 0, 80), y = runif(n, -2, 2)), raw = rnorm(n), lags = matrix(rnorm(2 * n), n),
      arm = factor(sample(c("left", "right"), n, TRUE)), trend = seq(-1, 1, length.out = n)
    )
    eta <- with(x, -0.5 + sin(position / 25) + 0.5 * cos(phase) + 0.01 * place[, "x"])
    list(covariates = x, counts = rpois(n, exp(eta)))
  })
}

tracked_bases <- list(
  position = basis_bspline(8), phase = basis_cyclic(6, bounds = c(0, 2 * pi)), speed = basis_raised_cosine(5),
  place = basis_bspline(5) * basis_bspline(4), trend = basis_identity()
)

fit_tracked <- function(d, ..., n_lambda = 8) {
  group_lasso(d$covariates, d$counts, tracked_bases, n_lambda = n_lambda, ...)
}

# x rounded to m equally spaced values over its range, by looking for the nearest.
oracle_round <- function(x, m) {
  grid <- seq(min(x, na.rm = TRUE), max(x, na.rm = TRUE), length.out = m)
  vapply(x, function(one) if (is.na(one)) NA_real_ else grid[which.min(abs(grid - one))], 0)
}

rounded_leaves <- function(covariates, m) {
  for (name in c("position", "phase", "speed")) covariates[[name]] <- oracle_round(covariates[[name]], m)
  covariates$place <- apply(covariates$place, 2, oracle_round, m)
  covariates
}

tables <- function(design) {
  vapply(unclass(design)$blocks, function(block) if (is.null(block$index)) 0L else block$n_table, 0L)
}

test_that("values are rounded to equally spaced ones over their range, bounds are those of the raw values", {
  d <- tracked()
  path <- fit_tracked(d, discretize = 15)
  by_hand <- rounded_leaves(d$covariates, 15)
  for (name in c("position", "speed", "place", "phase")) {
    expected <- predict(expand_covariates(d$covariates, tracked_bases), by_hand)[[name]]
    expect_equal(path$design[[name]], expected, tolerance = 1e-10, label = name)
  }
  raw <- expand_covariates(d$covariates, tracked_bases)
  expect_identical(unclass(path$design)$bases, unclass(raw)$bases)
  for (name in c("raw", "lags", "arm", "trend")) expect_identical(path$design[[name]], raw[[name]])
  expect_identical(tables(path$design)[c("position", "phase", "raw", "lags", "trend")],
                   c(position = 15L, phase = 15L, raw = 0L, lags = 0L, trend = 0L))
  expect_lte(tables(path$design)[["place"]], 225L)
})

test_that("the largest rounding errors are stored by covariate and stated", {
  d <- tracked()
  path <- fit_tracked(d, discretize = 15)
  by_hand <- rounded_leaves(d$covariates, 15)
  error <- function(name) max(abs(by_hand[[name]] - d$covariates[[name]]))
  wanted <- c(position = error("position"), phase = error("phase"), speed = error("speed"),
              place.x = max(abs(by_hand$place[, 1] - d$covariates$place[, 1])),
              place.y = max(abs(by_hand$place[, 2] - d$covariates$place[, 2])))
  expect_equal(path$discretized, wanted, tolerance = 1e-9)
  for (name in c("position", "phase", "speed")) {
    expect_lte(path$discretized[[name]], diff(range(d$covariates[[name]])) / 14 / 2 * (1 + 1e-9))
  }
  expect_output(print(path), "Rounded before the fit, by at most: position 5.3")
  expect_output(print(summary(path)), "Rounded before the fit")
  expect_null(fit_tracked(d, n_lambda = 2)$discretized)
  expect_false(any(grepl("Rounded", capture.output(print(fit_tracked(d, n_lambda = 2))))))
  unnamed <- d
  unnamed$covariates$place <- unname(d$covariates$place)
  expect_named(fit_tracked(unnamed, n_lambda = 2, discretize = list(place = 9))$discretized,
               c("place.1", "place.2"))
})

test_that("the fit is that of the rounded values, certified, and near that of the raw ones", {
  d <- tracked(2)
  path <- fit_tracked(d, discretize = 40)
  expect_true(all(path$converged))
  problem <- list(blocks = lapply(as.list(path$design), unname), counts = d$counts)
  expect_lt(max(path_residuals(path, problem)), 2e-6)
  plain <- fit_tracked(d, lambda = path$lambda)
  expect_equal(path$deviance, plain$deviance, tolerance = 0.01)
  gaps <- vapply(c(10, 40, 160, 640), function(m) {
    max(abs(fit_tracked(d, lambda = plain$lambda, discretize = m)$deviance / plain$deviance - 1))
  }, 0)
  expect_true(all(diff(gaps) < 0))
  expect_lt(gaps[4], 1e-3)
})

test_that("covariates are rounded by name, each to its own number of values", {
  d <- tracked(3)
  for (given in list(list(position = 20, place = 5), c(position = 20, place = 5))) {
    path <- fit_tracked(d, n_lambda = 3, discretize = given)
    expect_named(path$discretized, c("position", "place.x", "place.y"))
    expect_identical(tables(path$design)[c("position", "place", "phase")],
                     c(position = 20L, place = 25L, phase = 0L))
  }
  nested <- list(track = d$covariates[c("position", "speed")], phase = d$covariates$phase)
  fit <- function(discretize) {
    group_lasso(nested, d$counts, basis_bspline(5), n_lambda = 2, discretize = discretize)$discretized
  }
  expect_named(fit(list(track = list(position = 10))), "track.position")
  expect_named(fit(c(track.position = 10, phase = 30)), c("track.position", "phase"))
  # as many numbers as there are covariates that go through a basis
  expect_named(fit(10), c("track.position", "track.speed", "phase"))
})

test_that("a covariate with at most that many values stays as it is", {
  d <- tracked(4)
  d$covariates$position <- round(d$covariates$position / 10)
  d$covariates$speed <- with_local_seed(1, sample(c(0, 0.1, 7, 35), 3000, TRUE)) # not equally spaced
  d$covariates$place <- round(d$covariates$place)
  n_values <- length(unique(d$covariates$position))
  path <- fit_tracked(d, n_lambda = 4, discretize = list(position = n_values, speed = 4, place = 81))
  expect_identical(path$discretized, c(position = 0, speed = 0, place.x = 0, place.y = 0))
  plain <- fit_tracked(d, n_lambda = 4)
  expect_identical(answer(path), answer(plain))
  expect_gt(fit_tracked(d, n_lambda = 2,
                        discretize = list(position = n_values - 1))$discretized[["position"]], 0)
  # whole numbers are values like any other
  as_integers <- replace(d$covariates, "position", list(as.integer(d$covariates$position)))
  same <- group_lasso(as_integers, d$counts, tracked_bases, n_lambda = 4, discretize = c(position = n_values))
  expect_identical(answer(same), answer(plain))
})

test_that("predict() takes raw values", {
  d <- tracked(5)
  path <- fit_tracked(d, discretize = 12)
  raw <- expand_covariates(d$covariates, tracked_bases)
  eta <- rep(path$intercept, each = 3000) + as.matrix(raw) %*% path$coefficients
  expect_equal(unname(predict(path, d$covariates)), unname(eta), tolerance = 1e-10)
  expect_equal(unname(predict(path)), unname(rep(path$intercept, each = 3000) +
                                               as.matrix(path$design) %*% path$coefficients), tolerance = 1e-10)
  curve <- tuning_curve(path, "position", lambda = path$lambda[5], n = 7)
  expect_equal(range(curve$position), range(d$covariates$position))
})

test_that("missing values stay missing", {
  d <- tracked(6)
  d$covariates$position[c(4, 10)] <- NA
  d$covariates$place[7, 2] <- NaN
  path <- fit_tracked(d, n_lambda = 3, discretize = 10)
  expect_identical(path$n_obs, 2997L)
  expect_identical(tables(path$design)[["position"]], 10L)
  expect_false(anyNA(path$discretized))
  expect_false(anyNA(path$coefficients))
})

test_that("values outside given bounds stay outside, and the rest have the grid to themselves", {
  d <- tracked(7)
  d$covariates$speed[1:3] <- c(1e6, -5, -70)
  bases <- replace(tracked_bases, "speed", list(basis_raised_cosine(5, bounds = c(0, 40))))
  outside <- sum(d$covariates$speed > 40 | d$covariates$speed < 0)
  seen <- watch(group_lasso(d$covariates, d$counts, bases, n_lambda = 2, discretize = c(speed = 21)))
  expect_length(seen$warnings, 1)
  expect_identical(seen$warnings[[1]]$moved[["speed"]], as.double(outside))
  expect_lte(seen$value$discretized[["speed"]], 1 + 1e-9)
  expect_identical(tables(seen$value$design)[["speed"]], 23L)
  raw <- suppressWarnings(expand_covariates(d$covariates, bases))
  expect_equal(seen$value$design$speed[1:3, ], raw$speed[1:3, ])
  # bounds beyond the data: the grid is over the data
  wide <- replace(tracked_bases, "position", list(basis_bspline(8, bounds = c(-1000, 1000))))
  path <- group_lasso(d$covariates, d$counts, wide, n_lambda = 2, discretize = c(position = 76))
  expect_lte(path$discretized[["position"]], 1.01)
})

test_that("angles that run on are rounded within their period", {
  d <- tracked(8)
  wrapped <- fit_tracked(d, n_lambda = 4, discretize = c(phase = 30))
  running <- d
  running$covariates$phase <- d$covariates$phase + 2 * pi * (seq_len(3000) - 1500)
  path <- fit_tracked(running, n_lambda = 4, discretize = c(phase = 30))
  expect_equal(path$discretized, wrapped$discretized, tolerance = 1e-6)
  expect_equal(path$coefficients, wrapped$coefficients, tolerance = 1e-4)
  expect_identical(tables(path$design)[["phase"]], 30L)
})

test_that("the columns of a product that are levels are not rounded", {
  d <- tracked(9)
  place <- cbind(x = d$covariates$position, arm = as.integer(d$covariates$arm) * 10)
  path <- group_lasso(list(place = place), d$counts, list(place = basis_bspline(5) * basis_factor()),
                      n_lambda = 3, discretize = 2 * 10)
  expect_named(path$discretized, "place.x")
  expect_identical(tables(path$design)[["place"]], 40L)
})

test_that("what can't be discretized is refused, and named", {
  d <- tracked(10, 100)
  refuse <- function(discretize, ...) {
    expect_refused(fit_tracked(d, n_lambda = 2, discretize = discretize), "discretize", "`discretize`", ...)
  }
  for (bad in list(1, 0, -3, 2.5, NA, Inf, "a", TRUE, c(5, 6), list(), mean, factor(3))) refuse(bad, "of at least 2")
  refuse(c(position = 1), "of at least 2", "not 1")
  refuse(list(position = "many"), "\"many\"")
  refuse(list(position = NULL), "NULL")
  refuse(list(place = c(3, 4)), "double vector of length 2")
  refuse(c(position = 10, pos = 10), "`pos`", "not a covariate")
  refuse(list(position = 10, position = 12), "`position` twice")
  refuse(c(position = 10, 12), "not a covariate")
  for (name in c("arm", "raw", "lags", "trend")) {
    refuse(stats::setNames(10, name), sprintf("`%s`", name), "nothing can be rounded")
  }
  expect_refused(group_lasso(d$covariates[c("raw", "arm", "lags")], d$counts, discretize = 10), "discretize",
                 "fits no covariate")
  design <- expand_covariates(d$covariates, tracked_bases)
  expect_refused(group_lasso(design, d$counts, discretize = 10), "discretize", "covariate_design",
                 "evaluated already", "raw covariates")
  expect_identical(conditionCall(error_of(fit_tracked(d, discretize = 1)))[[1]], quote(group_lasso))
})

test_that("a path that was discretized keeps it in its design", {
  d <- tracked(11)
  path <- fit_tracked(d, n_lambda = 3, discretize = 20)
  again <- group_lasso(path$design, d$counts, n_lambda = 3)
  expect_identical(again$discretized, path$discretized)
  expect_identical(answer(again), answer(path))
})
