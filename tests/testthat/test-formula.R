# A session as a data frame, with a matrix column and a factor.
formula_data <- function(seed = 1, n = 400) {
  with_local_seed(seed, {
    d <- data.frame(position = runif(n, 0, 200), speed = rexp(n, 0.1), direction = runif(n, -180, 180),
                    x = runif(n), y = runif(n), arm = factor(sample(c("left", "right"), n, TRUE)),
                    dt = runif(n, 0.02, 0.03))
    d$coupling <- matrix(rpois(2 * n, 1), n)
    d$counts <- rpois(n,
                      20 * d$dt * exp(sin(d$position / 30) + 0.4 * (d$arm == "left") + 0.2 * d$coupling[, 1]))
    d
  })
}

expect_same_fit <- function(came, wanted) {
  expect_identical(unname(came$coefficients), unname(wanted$coefficients))
  expect_identical(answer(came)[-3], answer(wanted)[-3])
  expect_identical(names(came$groups), names(wanted$groups))
  expect_identical(rownames(came$coefficients), rownames(wanted$coefficients))
}

test_that("a formula gives exactly the fit of the lists", {
  d <- formula_data()
  came <- group_lasso(
    counts ~ basis_bspline(position, 6, bounds = c(0, 200)) +
      basis_natural(speed, n_basis = 5, knots = "quantiles") +
      basis_cyclic(direction, 6, bounds = c(-180, 180)) +
      basis_bspline(x, 4) * basis_bspline(y, 5) + arm + coupling + basis_identity(dt) + offset(log(dt)),
    d, n_lambda = 12
  )
  wanted <- group_lasso(
    list(position = d$position, speed = d$speed, direction = d$direction, `x:y` = cbind(x = d$x, y = d$y),
         arm = d$arm, coupling = d$coupling, dt = d$dt),
    d$counts,
    list(position = basis_bspline(6, bounds = c(0, 200)), speed = basis_natural(5, knots = "quantiles"),
         direction = basis_cyclic(6, bounds = c(-180, 180)), `x:y` = basis_bspline(4) * basis_bspline(5),
         dt = basis_identity()),
    offset = log(d$dt), n_lambda = 12
  )
  expect_same_fit(came, wanted)
  expect_identical(length(came$groups), 7L)
  # and so do data given by name, a list, an environment, and no data at all
  again <- function(path) expect_identical(path$coefficients, small$coefficients)
  f <- counts ~ basis_bspline(position, 6) + arm
  small <- group_lasso(f, d, n_lambda = 5)
  again(group_lasso(f, data = d, n_lambda = 5))
  again(group_lasso(f, as.list(d), n_lambda = 5))
  again(group_lasso(f, list2env(d), n_lambda = 5))
  again(with(d, group_lasso(counts ~ basis_bspline(position, 6) + arm, n_lambda = 5)))
})

test_that("rows with NA are dropped as they are from lists", {
  d <- formula_data(2)
  d$speed[3] <- NA
  d$counts[7] <- NA
  d$dt[9] <- NA
  came <- group_lasso(counts ~ basis_bspline(speed, 5) + position + offset(log(dt)), d, n_lambda = 6)
  wanted <- group_lasso(d[c("speed", "position")], d$counts, list(speed = basis_bspline(5)),
                        offset = log(d$dt), n_lambda = 6)
  expect_same_fit(came, wanted)
  expect_identical(came$n_obs, 397L)
})

test_that("any function that makes a basis can stand in a term", {
  d <- formula_data(3)
  b <- basis_bspline(5, knots = "quantiles")
  plane <- cbind(x = d$x, y = d$y)
  place <- basis_bspline(4) * basis_bspline(4)
  k <- 3
  came <- group_lasso(
    counts ~ basis_matrix(position, b) + basis_fourier(direction, 1:k, bounds = c(-180, 180)) +
      neurolasso::basis_mspline(speed, 5) + basis_custom(dt, list(log)) +
      basis_factor(arm, levels = c("right", "left")) + basis_matrix(plane, place),
    d, n_lambda = 6
  )
  wanted <- group_lasso(
    list(position = d$position, direction = d$direction, speed = d$speed, dt = d$dt, arm = d$arm,
         plane = plane),
    d$counts,
    list(position = b, direction = basis_fourier(1:3, c(-180, 180)), speed = basis_mspline(5),
         dt = basis_custom(list(log)), arm = basis_factor(c("right", "left")), plane = place), n_lambda = 6
  )
  expect_same_fit(came, wanted)
})

test_that("products are written with * or :, of two or three bases", {
  d <- formula_data(4)
  f <- list(counts ~ basis_bspline(x, 4) * basis_bspline(y, 4) * basis_identity(speed),
            counts ~ basis_bspline(x, 4):basis_bspline(y, 4):basis_identity(speed),
            counts ~ ((basis_bspline(x, 4) * basis_bspline(y, 4)) * (basis_identity(speed))))
  wanted <- group_lasso(list(`x:y:speed` = as.matrix(d[c("x", "y", "speed")])), d$counts,
                        basis_bspline(4) * basis_bspline(4) * basis_identity(), n_lambda = 4)
  for (formula in f) expect_same_fit(group_lasso(formula, d, n_lambda = 4), wanted)
})

test_that("terms are named by their covariate, or by themselves where they share one", {
  d <- formula_data(5)
  path <- group_lasso(counts ~ log(speed) + (position) + I(dt^2) + basis_bspline(sqrt(x), 4), d, n_lambda = 3)
  expect_named(path$groups, c("log(speed)", "position", "I(dt^2)", "sqrt(x)"))
  path <- group_lasso(counts ~ 1 + speed + basis_bspline(speed, 5), d, n_lambda = 3)
  expect_named(path$groups, c("speed", "basis_bspline(speed, 5)"))
  expect_identical(rownames(path$coefficients)[2], "basis_bspline(speed, 5).1")
})

test_that("predict() takes new data with the variables of the formula", {
  d <- formula_data(6)
  path <- group_lasso(counts ~ basis_bspline(position, 6) + log(speed) + arm +
                        basis_bspline(x, 4) * basis_bspline(y, 4) + coupling, d, n_lambda = 10)
  new <- d[c(40, 3, 3, 200), ]
  expect_equal(predict(path, new), predict(path)[c(40, 3, 3, 200), ], tolerance = 1e-12)
  expect_equal(predict(path, as.list(new)), predict(path, new))
  expect_equal(predict(path, new[1, ], type = "terms"), predict(path, type = "terms")[40, , , drop = FALSE],
               ignore_attr = TRUE, tolerance = 1e-12)
  expect_equal(nrow(predict(path, new[0, ])), 0)
  new$speed[2] <- NA
  expect_identical(is.na(predict(path, new)[, 1]), c(FALSE, TRUE, FALSE, FALSE))
  # but not without what a term needs
  named <- new[setdiff(names(new), "speed")]
  expect_refused(predict(path, named), "newdata", "`speed`", "is missing")
  expect_refused(predict(path, new["arm"]), "newdata", "are missing")
  # levels as text, others refused
  text <- transform(new, arm = as.character(arm))
  expect_equal(predict(path, text), predict(path, new))
  expect_refused(predict(path, transform(new, arm = factor("stem"))), NULL, "stem")
  curve <- tuning_curve(path, "log(speed)", lambda = path$lambda[10], n = 7)
  expect_equal(range(curve[[1]]), range(log(d$speed)))
  expect_identical(names(tuning_curve(path, "x:y", lambda = path$lambda[10], n = 4))[1:2], c("x", "y"))
})

test_that("offset() is found in new data, or given", {
  d <- formula_data(7)
  path <- group_lasso(counts ~ basis_bspline(position, 6) + offset(log(dt)) + offset(0 * x), d, n_lambda = 8)
  expect_equal(predict(path, d), predict(path), tolerance = 1e-12)
  expect_equal(predict(path, d, offset = 0), predict(path) - log(d$dt), tolerance = 1e-12)
  expect_refused(predict(path, d["position"]), "covariates", "`log(dt)`")
  expect_equal(predict(path, d["position"], offset = log(d$dt)), predict(path), tolerance = 1e-12)
  plain <- group_lasso(d["position"], d$counts, basis_bspline(6), offset = log(d$dt), n_lambda = 8)
  expect_equal(path$coefficients, plain$coefficients)
})

test_that("new data can't be mistaken for training data", {
  d <- formula_data(8, 100)
  k <- 2
  session <- as.list(d)
  path <- group_lasso(session$counts ~ log(session$speed), n_lambda = 3)
  expect_refused(predict(path, d["position"]), "newdata", "`log(session$speed)`", "missing")
  expect_equal(predict(path, list(`log(session$speed)` = log(d$speed[1:3]))), predict(path)[1:3, ])
  speed <- d$speed
  counts <- d$counts
  path <- group_lasso(counts ~ I(speed / k), n_lambda = 3)
  expect_refused(predict(path, d["position"]), "newdata", "`speed`")
  expect_equal(predict(path, list(speed = speed[1:3])), predict(path)[1:3, ])
})

test_that("formulas that can't be a model are refused, with what is wrong", {
  d <- formula_data(9, 60)
  refuse <- function(formula, ..., arg = "covariates") {
    expect_refused(group_lasso(formula, d, n_lambda = 3), arg, ...)
  }
  refuse(counts ~ speed - 1, "`speed - 1`", "intercept")
  refuse(counts ~ 0 + speed, "`0`", "intercept")
  refuse(counts ~ speed - position, "takes something away")
  refuse(counts ~ ., "`.`", "written out")
  refuse(counts ~ 1, "at least one covariate")
  refuse(~speed, "counts on its left side")
  refuse(counts ~ speed + speed, "`speed` twice")
  refuse(counts ~ speed * position, "`speed * position`", "product of bases")
  refuse(counts ~ basis_bspline(speed, 5) * position, "product of bases")
  refuse(counts ~ speed^2, "`I(speed^2)`")
  refuse(counts ~ basis_bspline(6), "first argument", "basis_bspline(position, 6)")
  refuse(counts ~ basis_bspline(n_basis = 6), "first argument")
  refuse(counts ~ basis_bspline(speed), "n_basis")
  refuse(counts ~ basis_matrix(speed, 6), "must have a basis", "6")
  refuse(counts ~ nowhere, "`nowhere`", "can't be evaluated")
  refuse(nowhere ~ speed, "`nowhere`")
  refuse(counts ~ speed + offset(arm), "offset()", "numbers", arg = "offset")
  refuse(counts ~ basis_bspline(speed, 2), "n_basis", "at least the order", arg = "n_basis")
  refuse(counts ~ basis_bspline(coupling, 5), "`coupling`", "2 column(s)", arg = "basis")
  refuse(counts ~ basis_bspline(arm, 5), "`arm`", "factor", arg = "basis")
  f <- counts ~ speed
  expect_refused(group_lasso(f, d, basis = basis_bspline(5)), "basis", "formula")
  expect_refused(group_lasso(f, d$counts), "data", "data frame or a named list")
  expect_refused(group_lasso(f, d$counts, data = d), "counts", "left side")
  expect_refused(group_lasso(d["speed"], d$counts, data = d), "data", "formula")
  expect_refused(group_lasso(d["speed"]), "counts", "must be given")
  expect_refused(group_lasso(counts ~ speed + offset(x), d, offset = d$x), "offset", "offset() terms")
  expect_refused(group_lasso(counts ~ speed, list(speed = 1:3, counts = 1:4)), "counts", "3", "4")
  place <- counts ~ basis_bspline(x, 4) * basis_bspline(y, 4)
  expect_refused(group_lasso(place, list(x = 1:3, y = 1:4, counts = 1:3)), "covariates", "`x`, `y`", "3, 4")
})

test_that("a path of a formula survives being saved", {
  d <- formula_data(10, 80)
  path <- group_lasso(counts ~ basis_bspline(position, 5), d, n_lambda = 4)
  file <- tempfile(fileext = ".rds")
  saveRDS(path, file)
  expect_equal(predict(readRDS(file), d), predict(path, d))
})
