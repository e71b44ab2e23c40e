# What users pass as covariates and bases, through expand_covariates().

shape_of <- function(covariates, basis = NULL) vapply(as.list(expand_covariates(covariates, basis)), ncol, 1L)

test_that("a list, a data frame and a nested list of the same vectors give the same design", {
  set.seed(1)
  a <- runif(10)
  b <- runif(10)
  wanted <- as.matrix(expand_covariates(list(a = a, b = b), basis_bspline(4)))
  expect_identical(as.matrix(expand_covariates(data.frame(a = a, b = b), basis_bspline(4))), wanted)
  nested <- expand_covariates(list(s = list(a = a), b = b), basis_bspline(4))
  expect_identical(unname(as.matrix(nested)), unname(wanted))
  expect_identical(names(nested), c("s.a", "b"))
})

test_that("nested lists are flattened to any depth, in order", {
  x <- 1:3
  design <- expand_covariates(list(
    stimulus = list(contrast = x, grating = list(phase = x, freq = x)), speed = x, animal = list(),
    task = list(place = data.frame(x = x, y = x))
  ))
  expect_identical(names(design), c("stimulus.contrast", "stimulus.grating.phase", "stimulus.grating.freq",
                                    "speed", "task.place"))
  expect_identical(colnames(design), c("stimulus.contrast.1", "stimulus.grating.phase.1",
                                       "stimulus.grating.freq.1", "speed.1", "task.place.x", "task.place.y"))
})

test_that("bases may be nested like the covariates, or named like the flat ones", {
  covariates <- list(s = list(a = 1:5, b = 1:5), t = 1:5)
  wanted <- c(s.a = 4L, s.b = 1L, t = 5L)
  expect_identical(shape_of(covariates, list(s = list(a = basis_bspline(4)), t = basis_bspline(5))), wanted)
  expect_identical(shape_of(covariates, list(s.a = basis_bspline(4), t = basis_bspline(5))), wanted)
})

test_that("one basis serves all numeric vectors; factors and matrices are taken as they are", {
  covariates <- list(a = runif(6), arm = factor(rep(1:3, 2)), m = matrix(runif(12), 6),
                     on = rep(c(TRUE, FALSE), 3))
  expect_identical(shape_of(covariates, basis_bspline(5)), c(a = 5L, arm = 3L, m = 2L, on = 5L))
  expect_identical(shape_of(covariates), c(a = 1L, arm = 3L, m = 2L, on = 1L))
  expect_identical(shape_of(covariates, list(a = basis_bspline(4))), c(a = 4L, arm = 3L, m = 2L, on = 1L))
  expect_identical(shape_of(covariates, list(a = NULL)), c(a = 1L, arm = 3L, m = 2L, on = 1L))
})

test_that("a matrix of one column takes a basis of one column", {
  x <- c(0, 0.3, 1)
  expect_identical(columns_of(cbind(x), basis_bspline(4)), columns_of(x, basis_bspline(4)))
  expect_identical(columns_of(data.frame(x = x), basis_bspline(4)), columns_of(x, basis_bspline(4)))
})

test_that("classes around numbers make no difference", {
  x <- c(4, 1, 3, 2, 2)
  wanted <- columns_of(x, basis_bspline(4))
  alike <- list(
    integer = as.integer(x), difftime = as.difftime(x, units = "secs"), ts = ts(x), AsIs = I(x),
    named = setNames(x, letters[1:5]), labelled = structure(x, class = "labelled", label = "cm")
  )
  for (kind in names(alike)) expect_identical(columns_of(alike[[kind]], basis_bspline(4)), wanted, label = kind)
  expect_identical(columns_of(x > 2), matrix(as.double(x > 2)))
  expect_identical(columns_of(factor(x)), columns_of(x, basis_factor()))
})

test_that("arrays of one dimension, as of table() and tapply(), are vectors", {
  expect_identical(columns_of(array(c(4, 1, 3), 3)), columns_of(c(4, 1, 3)))
  sums <- tapply(1:6, rep(1:3, 2), sum)
  expect_identical(columns_of(sums, basis_bspline(4)), columns_of(c(5, 7, 9), basis_bspline(4)))
})

test_that("a matrix column of a data frame is one covariate", {
  frame <- data.frame(a = 1:3)
  frame$m <- matrix(1:6, 3)
  expect_identical(shape_of(frame), c(a = 1L, m = 2L))
  frame$m <- I(frame$m)
  expect_identical(shape_of(frame), c(a = 1L, m = 2L))
})

test_that("a data frame of one column is that column", {
  expect_identical(columns_of(data.frame(f = factor(c("u", "v", "u")))), columns_of(factor(c("u", "v", "u"))))
  expect_identical(columns_of(data.frame(f = 1:3)), columns_of(1:3))
})

test_that("tibbles are data frames", {
  skip_if_not_installed("tibble")
  set.seed(2)
  frame <- data.frame(position = runif(10), speed = runif(10), arm = factor(rep(1:2, 5)))
  wanted <- expand_covariates(frame, basis_bspline(4))
  came <- expand_covariates(tibble::as_tibble(frame), basis_bspline(4))
  expect_identical(as.matrix(came), as.matrix(wanted))
  place <- tibble::tibble(x = runif(10), y = runif(10))
  design <- expand_covariates(list(place = place), list(place = basis_bspline(4) * basis_bspline(4)))
  expect_identical(dim(design), c(10L, 16L))
  expect_identical(as.matrix(predict(came, tibble::as_tibble(frame[3:4, ]))), as.matrix(wanted)[3:4, ])
})

test_that("sparse matrices are matrices", {
  skip_if_not_installed("Matrix")
  X <- matrix(c(0, 0, 1, 0, 2, 0), 3, dimnames = list(NULL, c("u", "v")))
  came <- expand_covariates(list(m = Matrix::Matrix(X, sparse = TRUE)))
  expect_identical(as.matrix(came), as.matrix(expand_covariates(list(m = X))))
})

test_that("names may be UTF-8", {
  covariates <- setNames(list(c(0, 0.5, 1), c(1, 0, 0.2)), c("größe", "位置"))
  design <- expand_covariates(covariates, basis_bspline(4))
  expect_identical(names(design), names(covariates))
  expect_identical(colnames(design)[c(1, 8)], c("größe.1", "位置.4"))
  expect_identical(unname(design[["位置"]]), columns_of(covariates[[2]], basis_bspline(4)))
})

test_that("covariates that can't be used are refused by name", {
  refuse <- function(x, ...) {
    expect_refused(expand_covariates(list(ok = 1:3, bad = x)), "bad", "`bad`", ...,
                   class = "neurolasso_covariate_error")
  }
  refuse(letters[1:3], "text", "factor()")
  refuse(Sys.time() + 1:3, "date or time", "seconds")
  refuse(as.POSIXlt(Sys.time() + 1:3), "date or time")
  refuse(Sys.Date() + 1:3, "date or time")
  refuse(1:3 + 1i, "complex")
  refuse(mean, "function")
  refuse(quote(a + b), "must be numbers")
  refuse(NULL, "NULL")
  refuse(array(1:12, c(3, 2, 2)), "array of 3 dimensions")
  refuse(matrix(0, 3, 0), "without columns")
  refuse(data.frame(row.names = 1:3), "without columns")
  refuse(c(1, Inf, -Inf), "infinite", "2 rows (first: 2)")
  refuse(cbind(1:3, c(0, 0, Inf)), "infinite", "1 row (first: 3)")
  refuse(c(NA_real_, NA, NaN), "NA")
  refuse(matrix(letters[1:6], 3), "text")
  refuse(data.frame(x = 1:3, when = Sys.time() + 1:3), "`when`", "not numeric")
  refuse(data.frame(x = 1:3, arm = factor(1:3)), "`arm`", "not numeric")
  refuse(data.frame(x = 1:3, word = letters[1:3]), "`word`")
})

test_that("lists that can't be used are refused", {
  refuse <- function(covariates, ...) expect_refused(expand_covariates(covariates), "covariates", ...)
  refuse(1:3, "`covariates`", "named list", "vector of length 3")
  refuse(matrix(1:6, 3), "`covariates`", "3 x 2 integer matrix")
  refuse(NULL, "`covariates`", "NULL")
  refuse("position", "\"position\"")
  refuse(list(), "at least one covariate", "empty")
  refuse(list(a = list()), "at least one covariate")
  refuse(list(1:3, 4:6), "must have a name", "list(position = position")
  refuse(list(a = 1:3, 4:6), "must have a name")
  refuse(setNames(list(1:3, 4:6), c("a", NA)), "must have a name")
  refuse(list(s = list(1:3)), "must have a name", "`s`")
  refuse(list(a = 1:3, a = 4:6), "different names", "`a`")
  refuse(list(a.b = 1:3, a = list(b = 1:3)), "different names", "`a.b`")
  refuse(list(a = 1:3, b = 1:4), "one value per bin", "`a` has 3", "`b` has 4")
  refuse(list(a = 1:3, b = matrix(1:4, 2)), "`b` has 2")
  refuse(list(a = double(), b = double()), "at least one bin")
})

test_that("bases that can't be used are refused", {
  refuse <- function(basis, ...) {
    expect_refused(expand_covariates(list(a = 1:3, arm = factor(1:3)), basis), "basis", ...)
  }
  refuse(4, "`basis`", "not 4")
  refuse("bspline", "\"bspline\"")
  refuse(list(basis_bspline(4)), "named by covariate")
  refuse(list(b = basis_bspline(4)), "`b`", "not a covariate", "`a`")
  refuse(list(a = 4), "`a`", "must be a basis", "not 4")
  refuse(list(a = basis_bspline), "`a`", "a function")
  refuse(list(arm = basis_bspline(4)), "`arm`", "factor", "basis_bspline(4)")
  refuse(list(a = basis_bspline(4) * basis_bspline(4)), "`a`", "1 column(s)", "takes 2")
  refuse(basis_bspline(4) * basis_bspline(4), "2 columns")
})

test_that("a basis named twice is refused, like a covariate named twice", {
  expect_refused(expand_covariates(list(a = 1:3), list(a = basis_bspline(4), a = basis_bspline(5))), "basis", "`a`")
})

test_that("the covariates of the user are not changed", {
  covariates <- list(a = c(2, 1, NA), m = matrix(c(1, 5, 2, 8, 3, 1), 3), f = factor(1:3))
  copy <- unserialize(serialize(covariates, NULL))
  expand_covariates(covariates, list(a = basis_bspline(4)))
  expect_identical(covariates, copy)
})
