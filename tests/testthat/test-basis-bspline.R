# Values in lower .. upper: the ends, `more` (knots), and draws.
grid_with_ends <- function(lower, upper, more = NULL, n = 25) {
  sample(c(lower, upper, more, runif(n, lower, upper)))
}

inner_knots <- function(n_basis, order, bounds) {
  bounds[1] + diff(bounds) * seq_len(n_basis - order) / (n_basis - order + 1)
}

test_that("values are those of splineDesign and of the recursion of Cox and de Boor", {
  for (seed in 1:40) {
    set.seed(seed)
    order <- sample(1:6, 1)
    n_basis <- order + sample(0:7, 1)
    bounds <- sort(runif(2, -50, 50)) * 10^sample(-3:3, 1)
    x <- grid_with_ends(bounds[1], bounds[2], inner_knots(n_basis, order, bounds))
    came <- columns_of(x, basis_bspline(n_basis, order))
    about <- paste("seed", seed)
    expect_equal(dim(came), c(length(x), n_basis), label = about)
    # at a knot a spline of order 1 jumps, and rounding says to which side x belongs
    smooth <- if (order > 1) seq_along(x) else which(!x %in% inner_knots(n_basis, order, bounds))
    expect_lt(max(abs(came - oracle_bspline(x, n_basis, order, bounds))[smooth, ]), 1e-12, label = about)
    expect_lt(max(abs(came - oracle_bspline_recursive(x, n_basis, order, bounds))[smooth, ]), 1e-12,
              label = about)
  }
})

test_that("knots in units where they are exact are hit from the right side at any order", {
  for (order in 1:5) {
    n_basis <- order + 7
    x <- seq(0, 8, by = 0.5) # 8 intervals: knots at whole numbers
    came <- columns_of(x, basis_bspline(n_basis, order))
    expect_lt(max(abs(came - oracle_bspline_recursive(x, n_basis, order))), 1e-12)
    expect_lt(max(abs(came - oracle_bspline(x, n_basis, order))), 1e-12)
  }
})

test_that("rows sum to one, are not negative, and have `order` neighbours that are not zero", {
  for (seed in 1:20) {
    set.seed(seed)
    order <- sample(1:5, 1)
    n_basis <- order + sample(0:9, 1)
    x <- grid_with_ends(-3, 7, n = 100)
    came <- columns_of(x, basis_bspline(n_basis, order))
    expect_lt(max(abs(rowSums(came) - 1)), 1e-14)
    expect_gte(min(came), 0)
    reach <- apply(came > 0, 1, function(row) diff(range(which(row))) + 1)
    expect_lte(max(reach), order)
  }
})

test_that("splines of order k hold every polynomial of degree k - 1", {
  set.seed(2)
  x <- runif(200, -2, 3)
  for (order in 1:5) {
    X <- columns_of(x, basis_bspline(order + 4, order))
    for (degree in seq_len(order) - 1) {
      expect_lt(max(abs(qr.resid(qr(X), x^degree))), 1e-10)
    }
    expect_gt(max(abs(qr.resid(qr(X), x^order))), 1e-4)
  }
})

test_that("the ends belong to the first and the last function alone", {
  for (order in 2:5) {
    came <- columns_of(c(2, 9), basis_bspline(8, order))
    expect_equal(came[1, ], c(1, rep(0, 7)))
    expect_equal(came[2, ], c(rep(0, 7), 1))
  }
})

test_that("given knots are used, repeated ones and ones on the bounds too", {
  for (seed in 1:25) {
    set.seed(seed)
    order <- sample(2:5, 1)
    n_basis <- order + sample(1:5, 1)
    bounds <- c(-1, 4)
    knots <- sort(sample(seq(-0.75, 3.75, by = 0.25), n_basis - order, replace = seed %% 2 == 0))
    # not more of a kind than the order: the spline would fall apart
    if (max(table(knots)) > order) next
    x <- grid_with_ends(bounds[1], bounds[2], knots, 40)
    came <- columns_of(x, basis_bspline(n_basis, order, bounds = bounds, knots = knots))
    expect_lt(max(abs(came - oracle_bspline_recursive(x, n_basis, order, bounds, knots))), 1e-12,
              label = paste("seed", seed))
    expect_lt(max(abs(came - oracle_bspline(x, n_basis, order, bounds, knots))), 1e-12,
              label = paste("seed", seed))
    expect_lt(max(abs(rowSums(came) - 1)), 1e-13)
  }
  equal <- columns_of(0:10, basis_bspline(7))
  expect_equal(columns_of(0:10, basis_bspline(7, knots = c(2.5, 5, 7.5))), equal, tolerance = 1e-14)
  on_bounds <- columns_of(seq(0, 1, 0.1), basis_bspline(6, bounds = c(0, 1), knots = c(0, 1)))
  expect_lt(max(abs(rowSums(on_bounds) - 1)), 1e-13)
})

test_that("bounds default to the range of the data and can be given", {
  set.seed(3)
  x <- runif(50, 10, 20)
  expect_identical(columns_of(x, basis_bspline(6)), columns_of(x, basis_bspline(6, bounds = range(x))))
  wide <- columns_of(x, basis_bspline(6, bounds = c(0, 40)))
  expect_lt(max(abs(wide - oracle_bspline(x, 6, bounds = c(0, 40)))), 1e-12)
  # integer bounds and data are as good as doubles
  expect_identical(columns_of(0:9, basis_bspline(5, bounds = c(0L, 9L))),
                   columns_of(as.double(0:9), basis_bspline(5, bounds = c(0, 9))))
})

test_that("another unit and origin of the covariate make no difference", {
  set.seed(4)
  x <- c(0, 1, runif(60))
  plain <- columns_of(x, basis_bspline(8))
  for (scale in c(1e-9, 0.01, 3, 1e8)) {
    for (shift in c(0, -7, 100)) {
      moved <- columns_of(scale * (x + shift), basis_bspline(8))
      expect_lt(max(abs(moved - plain)), 1e-11)
    }
  }
})

test_that("NA and NaN give rows of NA, and the range is that of the rest", {
  x <- c(3, NA, 1, NaN, 2)
  came <- columns_of(x, basis_bspline(5))
  expect_identical(which(is.na(came[, 1])), c(2L, 4L))
  expect_true(all(is.na(came[c(2, 4), ])))
  expect_equal(came[c(1, 3, 5), ], columns_of(c(3, 1, 2), basis_bspline(5)))
})

test_that("one point, and one value everywhere, are on the lower end", {
  for (x in list(3, rep(-2, 5), 0L)) {
    came <- columns_of(x, basis_bspline(5))
    expect_equal(came, matrix(c(1, 0, 0, 0, 0), length(x), 5, byrow = TRUE))
  }
  expect_equal(columns_of(3, basis_bspline(5, bounds = c(0, 4))), oracle_bspline(3, 5, bounds = c(0, 4)))
})

test_that("values outside are moved to the nearest bound, with one warning that counts them", {
  for (seed in 1:10) {
    set.seed(seed)
    bounds <- sort(runif(2, -5, 5))
    x <- c(bounds, NA, runif(40, -8, 8))
    outside <- sum(x < bounds[1] | x > bounds[2], na.rm = TRUE)
    seen <- watch(columns_of(x, basis_bspline(6, bounds = bounds)))
    inside <- pmin(pmax(x, bounds[1]), bounds[2])
    expect_lt(max(abs(seen$value - oracle_bspline(inside, 6, bounds = bounds)), na.rm = TRUE), 1e-12)
    expect_length(seen$warnings, 1)
    expect_s3_class(seen$warnings[[1]], c("neurolasso_out_of_bounds", "neurolasso_warning", "warning"),
                    exact = FALSE)
    expect_equal(seen$warnings[[1]]$moved, c(x = outside))
    expect_match(conditionMessage(seen$warnings[[1]]), paste0(outside, " in `x`"), fixed = TRUE)
  }
  expect_silent(columns_of(c(0, 1, NA), basis_bspline(6, bounds = c(0, 1))))
})

test_that("one warning speaks of all covariates, and counts with thousands separated", {
  covariates <- list(a = c(rep(-1, 1500), 0.5), b = rep(0.5, 1501), c = c(5, rep(0.5, 1500)))
  seen <- watch(expand_covariates(covariates, basis_bspline(4, bounds = c(0, 1))))
  expect_length(seen$warnings, 1)
  message <- conditionMessage(seen$warnings[[1]])
  expect_match(message, "1,500 in `a`", fixed = TRUE)
  expect_match(message, "1 in `c`", fixed = TRUE)
  expect_no_match(message, "`b`")
})

test_that("new values go through the bounds and knots of the training data", {
  set.seed(5)
  train <- runif(100, -10, 10)
  new <- c(range(train), runif(20, -9, 9), NA)
  design <- expand_covariates(list(x = train), basis_bspline(7))
  came <- unname(predict(design, list(x = new))$x)
  expect_lt(max(abs(came - oracle_bspline(new, 7, bounds = range(train))), na.rm = TRUE), 1e-12)
  expect_true(all(is.na(came[23, ])))
  expect_warning(far <- predict(design, list(x = c(-1000, 1000)))$x, class = "neurolasso_out_of_bounds")
  expect_equal(unname(far), diag(7)[c(1, 7), ])
})

test_that("what can't be a B-spline is an error that names the argument", {
  expect_refused(basis_bspline(3), "n_basis", "at least the order, 4", "not 3")
  expect_refused(basis_bspline(2.5), "n_basis", "whole number", "2.5")
  expect_refused(basis_bspline("six"), "n_basis", "\"six\"")
  expect_refused(basis_bspline(NA), "n_basis")
  expect_refused(basis_bspline(c(5, 6)), "n_basis")
  expect_refused(basis_bspline(Inf), "n_basis")
  expect_refused(basis_bspline(5, order = 0), "order", "at least 1", "not 0")
  expect_refused(basis_bspline(5, bounds = c(1, 0)), "bounds", "lower < upper")
  expect_refused(basis_bspline(5, bounds = c(1, 1)), "bounds")
  expect_refused(basis_bspline(5, bounds = 1), "bounds", "two numbers", "1")
  expect_refused(basis_bspline(5, bounds = c(0, NA)), "bounds")
  expect_refused(basis_bspline(5, bounds = c(0, Inf)), "bounds")
  expect_refused(basis_bspline(6, knots = 1), "knots", "the 2 inner knots")
  expect_refused(basis_bspline(6, knots = c(2, 1)), "knots", "increasing")
  expect_refused(basis_bspline(6, knots = c(1, NA)), "knots")
  expect_refused(basis_bspline(6, knots = c("1", "2")), "knots")
  expect_refused(basis_bspline(6, bounds = c(0, 1), knots = c(0.5, 2)), "knots", "0 to 1", "0.5 to 2")
})

test_that("knots outside the range of the data are an error that names the covariate", {
  error <- expect_error(expand_covariates(list(speed = c(0, 1)), basis_bspline(6, knots = c(0.5, 2))),
                        class = "neurolasso_covariate_error")
  expect_match(conditionMessage(error), "`speed`", fixed = TRUE)
  expect_match(conditionMessage(error), "`knots`", fixed = TRUE)
  expect_identical(error$arg, "speed")
})

test_that("a spline prints as it is typed", {
  expect_output(print(basis_bspline(6)), "basis_bspline(6)", fixed = TRUE)
  expect_output(print(basis_bspline(6, order = 3)), "basis_bspline(6, order = 3)", fixed = TRUE)
  expect_output(print(basis_bspline(6, bounds = c(0, 10))), "basis_bspline(6, bounds = c(0, 10))",
                fixed = TRUE)
  expect_output(print(basis_bspline(5, knots = 3)), "basis_bspline(5, knots = 3)", fixed = TRUE)
  capture.output(expect_invisible(print(basis_bspline(6))))
})

test_that("they are those of splines2", {
  skip_if_not_installed("splines2")
  x <- with_local_seed(40, c(1, 8, runif(50, 1, 8)))
  knots <- c(2, 2.5, 6)
  for (degree in 1:4) {
    wanted <- splines2::bSpline(x, knots = knots, degree = degree, intercept = TRUE, Boundary.knots = c(1, 8))
    came <- columns_of(x, basis_bspline(degree + 4, degree + 1, knots = knots))
    expect_equal(came, unclass(wanted), tolerance = 1e-12, ignore_attr = TRUE)
  }
})
