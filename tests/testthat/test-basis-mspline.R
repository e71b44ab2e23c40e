test_that("values are those of Ramsay's recursion, in the units of the covariate", {
  for (seed in 1:40) {
    set.seed(seed)
    order <- sample(1:5, 1)
    n_basis <- order + sample(0:6, 1)
    bounds <- sort(runif(2, -50, 50)) * 10^sample(-3:3, 1)
    x <- sample(c(bounds, runif(30, bounds[1], bounds[2])))
    came <- columns_of(x, basis_mspline(n_basis, order))
    wanted <- oracle_mspline(x, n_basis, order, bounds)
    expect_equal(dim(came), dim(wanted))
    expect_lt(max(abs(came - wanted)) * diff(bounds), 1e-11, label = paste("seed", seed))
    wide <- bounds + c(-1, 2) * diff(bounds)
    expect_lt(max(abs(columns_of(x, basis_mspline(n_basis, order, bounds = wide)) -
                        oracle_mspline(x, n_basis, order, wide))) * diff(wide), 1e-11)
  }
})

test_that("the formula with B-splines gives the same, for high orders and given knots too", {
  set.seed(1)
  for (order in c(2, 4, 6, 7, 9)) {
    n_basis <- order + 3
    knots <- c(-1, 0.5, 3)
    x <- c(-2, 4, knots, runif(40, -2, 4))
    t <- c(rep(-2, order), knots, rep(4, order))
    scale <- order / (t[seq_len(n_basis) + order] - t[seq_len(n_basis)])
    wanted <- sweep(splines::splineDesign(t, x, ord = order), 2, scale, `*`)
    came <- columns_of(x, basis_mspline(n_basis, order, bounds = c(-2, 4), knots = knots))
    expect_lt(max(abs(came - wanted)), 1e-12, label = paste("order", order))
  }
})

test_that("every function has an integral of one", {
  for (order in 1:5) {
    n_basis <- order + 4
    bounds <- c(-3, 17)
    # Gauss-Legendre nodes in each interval integrate its polynomial exactly
    ends <- seq(-3, 17, length.out = n_basis - order + 2)
    node <- c(-1, 1) %o% sqrt(c(3 - 2 * sqrt(6 / 5), 3 + 2 * sqrt(6 / 5)) / 7)
    weight <- rep(c(18 + sqrt(30), 18 - sqrt(30)) / 36, each = 2)
    half <- diff(ends) / 2
    x <- as.vector(outer(as.vector(node), half) + rep(ends[-1] - half, each = 4))
    came <- columns_of(x, basis_mspline(n_basis, order, bounds = bounds))
    expect_lt(max(abs(colSums(came * as.vector(outer(weight, half))) - 1)), 1e-13,
              label = paste("order", order))
  }
})

test_that("they are those of splines2", {
  skip_if_not_installed("splines2")
  set.seed(2)
  x <- c(1, 8, runif(50, 1, 8))
  knots <- c(2, 2.5, 6)
  for (degree in 1:4) {
    wanted <- unclass(splines2::mSpline(x, knots = knots, degree = degree, intercept = TRUE,
                                        Boundary.knots = c(1, 8)))
    came <- columns_of(x, basis_mspline(degree + 4, degree + 1, knots = knots))
    expect_equal(came, wanted, tolerance = 1e-12, ignore_attr = TRUE)
  }
})

test_that("the unit of the covariate scales the values, and however small they are none is lost", {
  set.seed(3)
  x <- c(0, 1, runif(40))
  plain <- columns_of(x, basis_mspline(7))
  for (unit in c(1e-9, 0.01, 100, 1e12, 1e18)) {
    expect_lt(max(abs(columns_of(x * unit, basis_mspline(7)) * unit - plain)), 1e-11)
  }
})

test_that("one value everywhere, NA, and values outside", {
  expect_equal(columns_of(rep(3, 4), basis_mspline(5)), cbind(rep(8, 4), 0, 0, 0, 0)) # 4 / (1 / 2), range taken as 1
  came <- columns_of(c(0, NA, 2), basis_mspline(5))
  expect_identical(is.na(came[, 1]), c(FALSE, TRUE, FALSE))
  seen <- watch(columns_of(c(-1, 0, 3), basis_mspline(5, bounds = c(0, 2))))
  expect_s3_class(seen$warnings[[1]], "neurolasso_out_of_bounds")
  expect_equal(seen$value, oracle_mspline(c(0, 0, 2), 5, 4, c(0, 2)), tolerance = 1e-12)
})

test_that("coinciding knots leave functions between them at zero", {
  x <- seq(0, 1, 0.1)
  came <- columns_of(x, basis_mspline(7, order = 2, bounds = c(0, 1), knots = c(0.2, 0.5, 0.5, 0.5, 0.8)))
  expect_true(all(is.finite(came)))
  expect_true(all(came[, 4] == 0))
})

test_that("what can't be an M-spline is refused", {
  expect_refused(basis_mspline(3), "n_basis", "at least the order, 4", "not 3")
  expect_refused(basis_mspline(6, knots = 1), "knots", "the 2 inner knots")
  expect_refused(basis_mspline(6, bounds = 1), "bounds", "lower < upper")
})

test_that("an M-spline prints as it is typed", {
  expect_output(print(basis_mspline(6, order = 3, bounds = c(0, 1))),
                "basis_mspline(6, order = 3, bounds = c(0, 1))", fixed = TRUE)
})
