test_that("values are the combination of B-splines that the documentation states", {
  for (seed in 1:30) {
    set.seed(seed)
    n_basis <- sample(4:9, 1)
    bounds <- sort(runif(2, -50, 50)) * 10^sample(-3:3, 1)
    x <- sample(c(bounds, runif(40, bounds[1], bounds[2])))
    knots <- if (seed %% 2 == 0) sort(runif(n_basis - 2, bounds[1], bounds[2]))
    came <- columns_of(x, basis_natural(n_basis, knots = knots))
    expect_lt(max(abs(came - oracle_natural(x, n_basis, bounds, knots))), 1e-12, label = paste("seed", seed))
  }
})

test_that("they span what splines::ns() spans", {
  set.seed(1)
  for (n_basis in 4:9) {
    x <- c(-2, 5, runif(100, -2, 5))
    knots <- sort(runif(n_basis - 2, -2, 5))
    X <- columns_of(x, basis_natural(n_basis, knots = knots))
    N <- splines::ns(x, knots = knots, Boundary.knots = c(-2, 5), intercept = TRUE)
    expect_lt(max(abs(qr.resid(qr(X), N))), 1e-10)
    expect_lt(max(abs(qr.resid(qr(N), X))), 1e-10)
    expect_equal(qr(X)$rank, n_basis)
  }
})

test_that("they span the cubic regression splines of mgcv", {
  skip_if_not_installed("mgcv")
  set.seed(2)
  x <- runif(100)
  knots <- seq(0, 1, length.out = 7)
  cr <- mgcv::smoothCon(mgcv::s(x, bs = "cr", k = 7), data.frame(x = x), knots = list(x = knots))[[1]]$X
  X <- columns_of(x, basis_natural(7, bounds = c(0, 1)))
  expect_lt(max(abs(qr.resid(qr(X), cr))), 1e-10)
  expect_lt(max(abs(qr.resid(qr(cr), X))), 1e-10)
})

test_that("rows sum to one, none is negative, at most four neighbours are not zero", {
  set.seed(3)
  for (n_basis in 4:12) {
    X <- columns_of(c(0, 1, runif(200)), basis_natural(n_basis))
    expect_lt(max(abs(rowSums(X) - 1)), 1e-13)
    expect_gte(min(X), -1e-15)
    reach <- apply(abs(X) > 1e-15, 1, function(row) diff(range(which(row))) + 1)
    expect_lte(max(reach), 4)
  }
})

# The polynomial through four places inside the first or the last interval: its second derivative at the bound.
second_derivative <- function(basis, at, inward) {
  s <- inward * c(0, 0.2, 0.5, 0.9) * 0.1
  values <- columns_of(at + s, basis)
  2 * solve(outer(s, 0:3, `^`), values)[3, ]
}

test_that("the second derivative is zero at both bounds, and not inside", {
  for (n_basis in c(4, 6, 10)) {
    basis <- basis_natural(n_basis, bounds = c(0, 1))
    expect_lt(max(abs(second_derivative(basis, 0, 1))), 1e-8)
    expect_lt(max(abs(second_derivative(basis, 1, -1))), 1e-8)
    expect_gt(max(abs(second_derivative(basis, 0.5, 1))), 1)
  }
  # unlike that of B-splines
  expect_gt(max(abs(second_derivative(basis_bspline(6, bounds = c(0, 1)), 0, 1))), 1)
})

test_that("straight lines are held exactly", {
  set.seed(4)
  x <- runif(60, -3, 8)
  X <- columns_of(x, basis_natural(6))
  expect_lt(max(abs(qr.resid(qr(X), x))), 1e-12)
})

test_that("one value everywhere, NA, and values outside", {
  expect_equal(columns_of(c(3, 3), basis_natural(4)), cbind(c(1, 1), 0, 0, 0))
  expect_identical(is.na(columns_of(c(0, NA, 2), basis_natural(5)))[, 3], c(FALSE, TRUE, FALSE))
  seen <- watch(columns_of(c(-1, 0, 3), basis_natural(5, bounds = c(0, 2))))
  expect_s3_class(seen$warnings[[1]], "neurolasso_out_of_bounds")
  expect_equal(seen$value, oracle_natural(c(0, 0, 2), 5, c(0, 2)), tolerance = 1e-12)
})

test_that("what can't be a natural spline is refused", {
  expect_refused(basis_natural(3), "n_basis", "at least 4", "not 3")
  expect_refused(basis_natural(5, knots = 1), "knots", "the 3 inner knots")
  expect_refused(basis_natural(4, knots = c(1, 1)), "knots", "different", "c(1, 1)")
  expect_refused(basis_natural(4, bounds = c(0, 2), knots = c(0, 1)), "knots", "not on them")
  expect_refused(expand_covariates(list(x = 0:9), basis_natural(4, knots = c(0, 5))), "x", "not on them",
                 class = "neurolasso_covariate_error")
})

test_that("a natural spline prints as it is typed", {
  expect_output(print(basis_natural(5, bounds = c(0, 1))), "basis_natural(5, bounds = c(0, 1))", fixed = TRUE)
})

test_that("they span the natural splines of splines2", {
  skip_if_not_installed("splines2")
  x <- with_local_seed(9, c(1, 8, runif(60, 1, 8)))
  knots <- c(2, 2.5, 6)
  wanted <- unclass(splines2::naturalSpline(x, knots = knots, intercept = TRUE, Boundary.knots = c(1, 8)))
  came <- columns_of(x, basis_natural(5, knots = knots))
  expect_identical(ncol(wanted), 5L)
  expect_lt(max(abs(qr.resid(qr(came), wanted))), 1e-12)
  expect_lt(max(abs(qr.resid(qr(wanted), came))), 1e-12)
})
