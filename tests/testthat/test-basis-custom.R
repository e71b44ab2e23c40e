test_that("columns are the functions' values, named by them", {
  set.seed(1)
  x <- c(runif(30), NA, 0)
  design <- expand_covariates(list(x = x), basis_custom(list(near = function(x) exp(-x), far = sqrt)))
  expect_identical(unname(design$x), cbind(exp(-x), sqrt(x)))
  expect_identical(colnames(design), c("x.near", "x.far"))
  expect_identical(colnames(expand_covariates(list(x = x), basis_custom(list(exp, far = sqrt)))),
                   c("x.1", "x.2"))
  expect_identical(unname(expand_covariates(list(x = x), basis_custom(exp))$x), cbind(exp(x)))
})

test_that("functions see no NA, and repeated values once", {
  seen <- NULL
  spy <- function(x) {
    seen <<- x
    x
  }
  x <- c(NA, rep(1:4, 30))
  design <- expand_covariates(list(x = x), basis_custom(list(spy, exp, sqrt, cos)))
  expect_identical(seen, as.double(1:4))
  expect_identical(unname(design$x[, 1]), as.double(x))
})

test_that("new data, one point and no points", {
  design <- expand_covariates(list(x = 1:9), basis_custom(list(exp, log)))
  expect_identical(unname(predict(design, list(x = c(2, NA)))$x), cbind(exp(c(2, NA)), log(c(2, NA))))
  expect_identical(dim(predict(design, list(x = numeric()))), c(0L, 2L))
})

test_that("a function that misbehaves is named", {
  refuse <- function(f, ...) {
    expect_refused(expand_covariates(list(x = c(-1, 1)), basis_custom(list(exp, odd = f))), "x", "`x`",
                   "function 2", ..., class = "neurolasso_covariate_error")
  }
  refuse(function(x) suppressWarnings(log(x)), "NaN at -1", "finite")
  refuse(function(x) 1 / (x - 1), "Inf at 1")
  refuse(function(x) 1, "one number for each of 2 values", "not 1")
  refuse(function(x) "a", "\"a\"")
  refuse(function(x) stop("I won't"), "stopped: I won't")
  named <- basis_custom(list(ok = exp, odd = function(x) NULL))
  expect_refused(expand_covariates(list(x = 1:2), named), "x", "function odd", "NULL")
})

test_that("what can't be functions is refused", {
  for (bad in list(NULL, list(), 1, list(exp, 1), "exp")) {
    expect_refused(basis_custom(bad), "functions", "a function or a list of functions")
  }
})

test_that("it prints how many", {
  expect_output(print(basis_custom(list(exp, log))), "basis_custom(2 functions)", fixed = TRUE)
})
