turn <- c(0, 2 * pi)

test_that("values are those of the definition, inside the bounds and wrapped into them", {
  for (seed in 1:40) {
    set.seed(seed)
    order <- sample(2:5, 1)
    n_basis <- order + sample(0:8, 1)
    bounds <- list(turn, c(-180, 180), c(-1, 0.5), c(100, 101))[[sample(4, 1)]]
    period <- diff(bounds)
    x <- c(bounds, bounds[1] + period * (seq_len(n_basis) - 1) / n_basis, NA,
           runif(20, bounds[1], bounds[2]), runif(20, bounds[1] - 5 * period, bounds[2] + 5 * period))
    came <- columns_of(x, basis_cyclic(n_basis, order, bounds))
    error <- abs(came - oracle_cyclic(x, n_basis, order, bounds))
    # x - lower loses digits where the bounds are far from zero
    expect_lt(max(error, na.rm = TRUE), 1e-12 * max(1, abs(bounds) / period), label = paste("seed", seed))
    expect_true(all(is.na(came[is.na(x), ])))
    expect_false(anyNA(came[!is.na(x), ]))
  }
})

test_that("nothing warns outside the bounds", {
  expect_silent(columns_of(c(-1e5, 1e5, 7), basis_cyclic(5, bounds = turn)))
})

test_that("rows sum to one, are not negative, and have `order` values that are not zero", {
  for (seed in 1:15) {
    set.seed(seed)
    order <- sample(2:6, 1)
    n_basis <- order + sample(0:6, 1)
    came <- columns_of(c(turn, runif(100, -20, 20)), basis_cyclic(n_basis, order, turn))
    expect_lt(max(abs(rowSums(came) - 1)), 1e-14)
    expect_gte(min(came), 0)
    expect_lte(max(rowSums(came > 0)), order)
  }
})

test_that("both ends of the bounds are one point, and so is every turn", {
  set.seed(1)
  for (order in 2:5) {
    basis <- basis_cyclic(7, order, bounds = c(-180, 180))
    expect_equal(columns_of(-180, basis), columns_of(180, basis), tolerance = 1e-14)
    x <- c(-180, 0, runif(30, -180, 180))
    for (turns in c(-3, -1, 1, 2, 1000)) {
      expect_lt(max(abs(columns_of(x + 360 * turns, basis) - columns_of(x, basis))), 1e-9)
    }
  }
})

test_that("a step of one interval moves every function to its neighbour", {
  set.seed(2)
  for (order in 2:5) {
    n_basis <- order + 3
    x <- runif(50, 0, 2 * pi)
    basis <- basis_cyclic(n_basis, order, turn)
    moved <- columns_of(x + 2 * pi / n_basis, basis)
    expect_lt(max(abs(moved[, c(2:n_basis, 1)] - columns_of(x, basis))), 1e-12)
  }
})

test_that("derivatives up to order - 2 are continuous where the ends meet", {
  h <- 1e-3
  x <- seq(-0.05, 0.05, by = h) # across the join of the period 0 .. 1
  for (order in 2:5) {
    values <- columns_of(x, basis_cyclic(6, order, bounds = c(0, 1)))
    # differences of order k - 1 are bounded: the (k - 2)th derivative has no jump
    slope <- diff(values, differences = order - 1) / h^(order - 1)
    expect_lt(max(abs(slope)), 10 * 6^(order - 1))
  }
})

test_that("a value a hair below the lower end is the upper end", {
  basis <- basis_cyclic(5, bounds = c(0, 1))
  for (x in c(-1e-17, -1e-300, -.Machine$double.xmin, 1 - 1e-16, 1 + 1e-16)) {
    expect_equal(columns_of(x, basis), columns_of(0, basis), tolerance = 1e-12)
  }
})

test_that("the period does not come from the data", {
  set.seed(3)
  x <- runif(30, 1, 2)
  expect_lt(max(abs(columns_of(x, basis_cyclic(6, bounds = turn)) - oracle_cyclic(x, 6, 4, turn))), 1e-12)
  design <- expand_covariates(list(x = x), basis_cyclic(6, bounds = turn))
  new <- c(0, 3, 8, NA)
  came <- unname(predict(design, list(x = new))$x)
  expect_equal(came, oracle_cyclic(new, 6, 4, turn), tolerance = 1e-12)
})

test_that("one point and integers are fine", {
  expect_equal(columns_of(90L, basis_cyclic(4, bounds = c(0L, 360L))),
               oracle_cyclic(90, 4, 4, c(0, 360)), tolerance = 1e-13)
})

test_that("bounds must be given, and what else can't be is refused", {
  expect_refused(basis_cyclic(6), "bounds", "`bounds` must be given", "c(0, 2 * pi)")
  expect_refused(basis_cyclic(6, bounds = NULL), "bounds", "not NULL")
  expect_refused(basis_cyclic(6, bounds = c(pi, 0)), "bounds", "lower < upper")
  expect_refused(basis_cyclic(6, order = 1, bounds = turn), "order", "at least 2", "not 1")
  expect_refused(basis_cyclic(3, bounds = turn), "n_basis", "at least the order, 4", "not 3")
})

test_that("a periodic spline prints as it is typed", {
  expect_output(print(basis_cyclic(6, bounds = c(-180, 180))), "basis_cyclic(6, bounds = c(-180, 180))",
                fixed = TRUE)
  expect_output(print(basis_cyclic(6, order = 3, bounds = c(0, 1))),
                "basis_cyclic(6, order = 3, bounds = c(0, 1))", fixed = TRUE)
})

# Value and derivatives up to order - 1 at a place, from the polynomial on one side of it:
# through `order` points of one interval.
one_sided <- function(basis, at, side, step) {
  s <- side * step * seq(0.1, 0.9, length.out = basis$order)
  t(vapply(seq_len(basis$order) - 1, function(k) {
    factorial(k) * solve(outer(s, seq_len(basis$order) - 1, `^`), columns_of(at + s, basis))[k + 1, ]
  }, double(basis$n_basis)))
}

test_that("value and derivatives up to order - 2 agree on both sides of the seam, whatever the unit and origin", {
  for (bounds in list(c(0, 360), c(-180, 180), turn, c(-pi, pi), c(10, 34))) {
    for (order in 3:5) {
      basis <- basis_cyclic(7, order, bounds)
      step <- diff(bounds) / 7
      unit <- step^(seq_len(order) - 1) # derivatives per interval
      below <- unit * one_sided(basis, bounds[2], -1, step)
      above <- unit * one_sided(basis, bounds[1], 1, step)
      smooth <- seq_len(order - 1)
      expect_lt(max(abs(below - above)[smooth, ]), 1e-9)
      # and only those: the highest derivative jumps
      expect_gt(max(abs(below - above)[order, ]), 0.5)
    }
  }
})

test_that("a heading may run from -180 to 180 or from 0 to 360, in degrees or radians", {
  set.seed(4)
  heading <- c(-180, 0, 180, runif(60, -180, 180))
  full <- heading %% 360
  for (n_basis in c(6, 7)) {
    for (bounds in list(c(-180, 180), c(0, 360))) {
      came <- columns_of(heading, basis_cyclic(n_basis, bounds = bounds))
      expect_lt(max(abs(columns_of(full, basis_cyclic(n_basis, bounds = bounds)) - came)), 1e-12)
      radians <- basis_cyclic(n_basis, bounds = bounds * pi / 180)
      expect_lt(max(abs(columns_of(heading * pi / 180, radians) - came)), 1e-12)
    }
  }
  # an origin half a turn away is half the columns away
  west <- columns_of(heading, basis_cyclic(6, bounds = c(-180, 180)))
  east <- columns_of(heading, basis_cyclic(6, bounds = c(0, 360)))
  expect_lt(max(abs(west[, c(4:6, 1:3)] - east)), 1e-12)
})

test_that("degrees with bounds in radians, or radians with bounds in degrees, are noticed, not refused", {
  degrees <- with_local_seed(20, runif(200, -180, 180))
  for (basis in list(basis_cyclic(6, bounds = c(0, 2 * pi)), basis_fourier(1:2, c(-pi, pi)))) {
    seen <- watch(expand_covariates(list(hd = degrees), basis))
    expect_length(seen$warnings, 1)
    expect_s3_class(seen$warnings[[1]], "neurolasso_units")
    expect_match(conditionMessage(seen$warnings[[1]]), "period of 6.283", fixed = TRUE)
    expect_silent(expand_covariates(list(hd = degrees / 180 * pi), basis))
    expect_silent(expand_covariates(list(phase = cumsum(abs(degrees))), basis)) # unwrapped phase
    expect_silent(expand_covariates(list(hd = c(NA, NA, 1)), basis))
  }
  expect_warning(expand_covariates(list(hd = degrees / 180 * pi), basis_cyclic(6, bounds = c(0, 360))), "radians")
  expect_silent(expand_covariates(list(hour = runif(50, 0, 24)), basis_cyclic(6, bounds = c(0, 24))))
  expect_silent(expand_covariates(list(hd = degrees), basis_cyclic(6, bounds = c(0, 360))))
})

# Each column of `came` is one of `wanted`, which may begin at another knot.
expect_same_columns <- function(came, wanted) {
  expect_identical(dim(came), dim(unclass(wanted)))
  partner <- apply(came, 2, function(b) which(colSums(abs(wanted - b) > 1e-12) == 0)[1])
  expect_setequal(partner, seq_len(ncol(wanted)))
}

test_that("they are the cyclic splines of mgcv", {
  skip_if_not_installed("mgcv")
  x <- with_local_seed(21, c(0, 360, 359.99, runif(100, 0, 360)))
  for (order in 3:5) {
    wanted <- mgcv::cSplineDes(x, seq(0, 360, length.out = 10), order)
    expect_same_columns(columns_of(x, basis_cyclic(9, order, c(0, 360))), wanted)
  }
})

test_that("they are the periodic splines of splines2", {
  skip_if_not_installed("splines2")
  x <- with_local_seed(22, c(0, 359.99, runif(100, 0, 360)))
  for (degree in 2:4) {
    wanted <- splines2::bSpline(x, knots = 40 * 1:8, degree = degree, intercept = TRUE,
                                Boundary.knots = c(0, 360), periodic = TRUE)
    expect_same_columns(columns_of(x, basis_cyclic(9, degree + 1, c(0, 360))), unclass(wanted))
  }
})
