turn <- c(0, 2 * pi)

test_that("columns are cosines, then sines, of the frequencies", {
  for (seed in 1:20) {
    set.seed(seed)
    frequencies <- sample(0:9, sample(1:5, 1))
    bounds <- list(turn, c(-180, 180), c(-1, 0.5))[[sample(3, 1)]]
    x <- c(bounds, runif(40, bounds[1], bounds[2]))
    came <- columns_of(x, basis_fourier(frequencies, bounds))
    wanted <- oracle_fourier(x, frequencies, bounds)
    expect_equal(dim(came), dim(wanted))
    expect_lt(max(abs(came - wanted)), 1e-12, label = paste("seed", seed))
  }
})

test_that("values wrap without a warning, and both ends are one point", {
  set.seed(1)
  x <- runif(30, -180, 180)
  basis <- basis_fourier(1:3, bounds = c(-180, 180))
  for (turns in c(-2, 1, 100)) {
    expect_silent(moved <- columns_of(x + 360 * turns, basis))
    expect_lt(max(abs(moved - columns_of(x, basis))), 1e-9)
  }
  expect_equal(columns_of(-180, basis), columns_of(180, basis))
})

test_that("columns are named by function and frequency", {
  design <- expand_covariates(list(phase = c(0, 1)), basis_fourier(c(0, 2), turn))
  expect_identical(colnames(design), c("phase.cos0", "phase.cos2", "phase.sin2"))
  expect_identical(colnames(expand_covariates(list(phase = c(0, 1)), basis_fourier(0, turn))), "phase.cos0")
})

test_that("over a full turn the columns are orthogonal", {
  x <- seq(0, 2 * pi, length.out = 101)[-1]
  X <- columns_of(x, basis_fourier(1:4, turn))
  expect_lt(max(abs(crossprod(X) / 50 - diag(8))), 1e-13)
  expect_lt(max(abs(colSums(X))), 1e-12)
})

test_that("NA gives rows of NA, and discretize rounds inside the period", {
  expect_identical(is.na(columns_of(c(0, NA, 1), basis_fourier(1:2, turn)))[, 2], c(FALSE, TRUE, FALSE))
  set.seed(2)
  phase <- runif(400, -10, 10)
  path <- group_lasso(list(phase = phase), rpois(400, exp(cos(phase))), basis_fourier(1:3, turn),
                      discretize = 30, n_lambda = 5)
  expect_match(neurolasso:::storage_of(unclass(path$design)$blocks$phase), "table of 30 rows")
  expect_lt(path$discretized[["phase"]], 2 * pi / 29 / 2 + 1e-12)
})

test_that("what can't be one is refused", {
  expect_refused(basis_fourier(1:3), "bounds", "must be given")
  expect_refused(basis_fourier(1:3, NULL), "bounds", "not NULL")
  expect_refused(basis_fourier(c(1, 1), turn), "frequencies", "different", "c(1, 1)")
  for (bad in list(NULL, 1.5, -1, NA, "1", numeric())) {
    expect_refused(basis_fourier(bad, turn), "frequencies", "whole numbers")
  }
})

test_that("it prints as it is typed", {
  expect_output(print(basis_fourier(1:2, bounds = c(-180, 180))),
                "basis_fourier(c(1, 2), bounds = c(-180, 180))", fixed = TRUE)
})
