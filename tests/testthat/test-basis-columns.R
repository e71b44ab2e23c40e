# What a covariate without a basis gets: its columns as they are.

test_that("a matrix is its own columns, whatever its type", {
  set.seed(1)
  X <- matrix(rnorm(30), 10)
  for (x in list(X, matrix(1:30, 10), X > 0, X[, 1, drop = FALSE])) {
    expect_identical(columns_of(x), unname(x + 0))
  }
  expect_identical(columns_of(c(3, NA, 1)), matrix(c(3, NA, 1)))
})

test_that("columns are named by the matrix, or else numbered", {
  names_of <- function(x) colnames(expand_covariates(list(coupling = x)))
  X <- matrix(1:6, 3)
  expect_identical(names_of(X), c("coupling.1", "coupling.2"))
  expect_identical(names_of(`colnames<-`(X, c("n1", "n2"))), c("coupling.n1", "coupling.n2"))
  # names that don't tell the columns apart are of no use
  expect_identical(names_of(`colnames<-`(X, c("n1", "n1"))), c("coupling.1", "coupling.2"))
  expect_identical(names_of(`colnames<-`(X, c("n1", ""))), c("coupling.1", "coupling.2"))
  expect_identical(names_of(1:3), "coupling.1")
  expect_identical(names_of(data.frame(u = 1:3, v = 4:6)), c("coupling.u", "coupling.v"))
})

test_that("a data frame of numbers is a matrix", {
  frame <- data.frame(u = c(0.5, 2), v = 3:4, w = c(TRUE, FALSE))
  expect_identical(columns_of(frame), cbind(c(0.5, 2), 3:4, 1:0))
})

test_that("new columns are matched by name where both sides have names, else by place", {
  set.seed(2)
  X <- matrix(rnorm(20), 10, dimnames = list(NULL, c("u", "v")))
  design <- expand_covariates(list(m = X))
  expect_identical(predict(design, list(m = X[, 2:1]))$m, design$m)
  expect_identical(predict(design, list(m = as.data.frame(X[, 2:1])))$m, design$m)
  expect_identical(predict(design, list(m = unname(X)))$m, design$m)
  plain <- expand_covariates(list(m = unname(X)))
  expect_identical(unname(predict(plain, list(m = X[, 2:1]))$m), unname(X[, 2:1]))
})

test_that("other columns than in training are refused", {
  X <- matrix(1:6, 3, dimnames = list(NULL, c("u", "v")))
  design <- expand_covariates(list(m = X))
  expect_refused(predict(design, list(m = cbind(X, w = 1))), "newdata", "`m`", "had 2 columns",
                 "has 3 columns in `newdata`")
  expect_refused(predict(design, list(m = `colnames<-`(X, c("u", "w")))), "newdata", "`m`", "`u`, `v`", "`u`, `w`")
  expect_refused(predict(design, list(m = 1:3)), "newdata", "`m`")
  vector <- expand_covariates(list(m = 1:3))
  expect_refused(predict(vector, list(m = X)), "newdata", "`m`", "had 1 column", "has 2 columns in `newdata`")
})

test_that("new values are not moved", {
  design <- expand_covariates(list(m = c(0, 1)))
  expect_silent(new <- predict(design, list(m = c(-9, 9, NA)))$m)
  expect_identical(as.numeric(new), c(-9, 9, NA))
})

test_that("the matrix of the user is not changed", {
  X <- matrix(c(1, 2, 3, 4, 5, 9), 3)
  copy <- X + 0
  path <- group_lasso(list(m = X), c(1, 0, 3), n_lambda = 3)
  expect_identical(X, copy)
  expect_identical(unname(path$design$m), copy)
})
