rates <- c(1, 5, 25)

test_that("training values are the left singular vectors, positive at the lower bound", {
  for (seed in 1:20) {
    set.seed(seed)
    x <- runif(sample(c(10, 200), 1), -4, 9)
    came <- columns_of(x, basis_orth_exponential(rates))
    expect_lt(max(abs(came - oracle_orth_exponential(x, rates))), 1e-12, label = paste("seed", seed))
    expect_lt(max(abs(crossprod(came) - diag(3))), 1e-12)
    E <- exp(-outer((x - min(x)) / diff(range(x)), rates))
    expect_lt(max(abs(qr.resid(qr(came), E))), 1e-12)
    wide <- columns_of(x, basis_orth_exponential(rates, bounds = c(-5, 20)))
    expect_lt(max(abs(wide - oracle_orth_exponential(x, rates, c(-5, 20)))), 1e-11)
  }
})

test_that("new data go through the mapping of the training data, not through one of their own", {
  set.seed(1)
  x <- runif(100, 0, 3)
  design <- expand_covariates(list(x = x), basis_orth_exponential(rates))
  some <- predict(design, list(x = x[c(7, 3)]))$x
  expect_identical(some, design$x[c(7, 3), ])
  expect_identical(predict(design, list(x = x))$x, design$x)
  one <- predict(design, list(x = 1.5))$x
  expect_equal(dim(one), c(1, 3))
  expect_identical(predict(design, list(x = rep(1.5, 50)))$x[50, ], one[1, ])
})

test_that("repeated values count as often as they come, in a table too", {
  x <- rep(c(0, 0, 0, 1, 2, 3, 5), 20)
  design <- expand_covariates(list(x = x), basis_orth_exponential(c(1, 4, 10, 30)))
  expect_match(neurolasso:::storage_of(unclass(design)$blocks$x), "table")
  expect_lt(max(abs(crossprod(design$x) - diag(4))), 1e-10)
})

test_that("NA give rows of NA and teach nothing; values outside are moved", {
  set.seed(2)
  x <- runif(30)
  came <- columns_of(c(NA, x, NaN), basis_orth_exponential(rates))
  expect_true(all(is.na(came[c(1, 32), ])))
  expect_equal(came[2:31, ], columns_of(x, basis_orth_exponential(rates)))
  design <- expand_covariates(list(x = x), basis_orth_exponential(rates, bounds = c(0, 1)))
  seen <- watch(predict(design, list(x = c(-1, 0, 2, 1)))$x)
  expect_match(conditionMessage(seen$warnings[[1]]), "2 in `x`", fixed = TRUE)
  expect_identical(seen$value[c(1, 3), ], seen$value[c(2, 4), ])
})

test_that("what the data can't tell apart is left out, and print() says so", {
  few <- expand_covariates(list(x = rep(c(0, 1), 10)), basis_orth_exponential(rates))
  expect_equal(ncol(few), 2)
  expect_output(print(few), "2 of 3 functions")
  expect_lt(max(abs(crossprod(few$x) - diag(2))), 1e-13)
  constant <- expand_covariates(list(x = rep(4, 10)), basis_orth_exponential(rates))
  expect_equal(unname(constant$x), matrix(1 / sqrt(10), 10, 1))
  expect_equal(ncol(expand_covariates(list(x = runif(30)), basis_orth_exponential(c(1, 1 + 1e-15)))), 1)
})

test_that("a covariate without a value is refused, with bounds or without", {
  for (basis in list(basis_orth_exponential(rates), basis_orth_exponential(rates, bounds = c(0, 1)))) {
    expect_refused(expand_covariates(list(x = c(NA_real_, NA)), basis), "x", "not NA",
                   class = "neurolasso_covariate_error")
  }
})

test_that("the unit of the covariate makes no difference", {
  set.seed(3)
  x <- runif(50)
  plain <- columns_of(x, basis_orth_exponential(rates))
  for (unit in c(1e-9, 1e9)) {
    expect_equal(columns_of(x * unit, basis_orth_exponential(rates)), plain, tolerance = 1e-10)
  }
})

test_that("what can't be rates is refused", {
  expect_refused(basis_orth_exponential(c(1, 2, 1)), "decay_rates", "different", "1 comes twice")
  for (bad in list(NULL, "a", numeric(), c(1, NA), c(1, Inf), 0, -1)) {
    expect_refused(basis_orth_exponential(bad), "decay_rates", "numbers above 0")
  }
})

test_that("it prints as it is typed", {
  expect_output(print(basis_orth_exponential(c(1, 5))), "basis_orth_exponential(c(1, 5))", fixed = TRUE)
})
