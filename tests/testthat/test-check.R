# Checks of arguments: what passes comes back in the type that the rest relies on, what doesn't is
# refused with the argument's name, what was expected and what came.

test_that("check_number() takes one finite number in a range", {
  check <- neurolasso:::check_number
  expect_identical(check(3L, "x"), 3)
  expect_identical(check(0, "x", 0, 1), 0)
  expect_identical(check(c(name = 2), "x"), 2)
  for (bad in list(NULL, NA, NaN, Inf, "1", 1:2, numeric(), list(1), TRUE, factor(1))) {
    expect_refused(check(bad, "x"), "x", "`x` must be one finite number")
  }
  expect_refused(check(-1, "x", 0), "x", "`x` must be one finite number of at least 0, not -1.")
  expect_refused(check(2, "x", 0, 1), "x", "between 0 and 1, not 2.")
  expect_refused(check(0, "x", 0, open = TRUE), "x", "above 0, not 0.")
  expect_refused(check(1, "x", 0, 1, open = TRUE), "x", "between 0 and 1")
})

test_that("check_count() takes one whole number", {
  check <- neurolasso:::check_count
  expect_identical(check(3, "n"), 3L)
  expect_identical(check(3L, "n"), 3L)
  expect_identical(check(0, "n", lower = 0), 0L)
  for (bad in list(NULL, NA, NA_integer_, 1.5, "3", 1:2, Inf, 1e10, -1, 0)) {
    expect_refused(check(bad, "n"), "n", "`n` must be one whole number of at least 1, not ")
  }
})

test_that("check_flag() takes TRUE or FALSE", {
  check <- neurolasso:::check_flag
  expect_true(check(TRUE, "f"))
  expect_false(check(FALSE, "f"))
  for (bad in list(NULL, NA, 1, "TRUE", c(TRUE, FALSE))) {
    expect_refused(check(bad, "f"), "f", "`f` must be TRUE or FALSE, not ")
  }
})

test_that("check_choice() takes one of the choices, the first where all are given", {
  check <- neurolasso:::check_choice
  choices <- c("link", "response")
  expect_identical(check(choices, choices, "type"), "link")
  expect_identical(check("response", choices, "type"), "response")
  for (bad in list(NULL, NA, 1, "resp", rev(choices), NA_character_)) {
    expect_refused(check(bad, choices, "type"), "type", "`type` must be one of \"link\", \"response\", not ")
  }
})

test_that("check_bounds() takes two numbers, lower < upper", {
  check <- neurolasso:::check_bounds
  expect_identical(check(c(0L, 2L)), c(0, 2))
  expect_null(check(NULL))
  expect_refused(check(NULL, required = TRUE), "bounds", "not NULL")
  for (bad in list(1, 1:3, c(2, 1), c(1, 1), c(0, NA), c(-Inf, 0), c("0", "1"))) {
    expect_refused(check(bad), "bounds", "`bounds` must be two numbers, lower < upper, not ")
  }
})

test_that("check_counts() takes one count per bin, of any type of number", {
  check <- neurolasso:::check_counts
  expect_identical(check(1:3, 3), c(1, 2, 3))
  expect_identical(check(c(1, NA, 0), 3), c(1, NA, 0))
  expect_identical(check(cbind(0:2), 3), c(0, 1, 2))
  expect_identical(check(table(c(1, 1, 2, 3)), 3), c(2, 1, 1))
  expect_identical(check(ts(1:3), 3), c(1, 2, 3))
  refuse <- function(counts, ...) expect_refused(check(counts, 3), "counts", "`counts`", ...)
  refuse(letters[1:3], "numeric", "character")
  refuse(factor(1:3), "numeric", "factor")
  refuse(matrix(1:6, 3), "one neuron", "3 x 2 integer matrix")
  refuse(data.frame(y = 1:3), "data frame")
  refuse(1:2, "one value per bin, 3", "not 2")
  refuse(NULL)
  refuse(c(1, Inf, 0), "finite", "1 row (first: 2)")
  refuse(c(1, 0, -2), "negative", "1 row (first: 3)")
  warning <- expect_warning(came <- check(c(1, 0.5, 2.5), 3), class = "neurolasso_noninteger_counts")
  expect_match(conditionMessage(warning), "2 rows (first: 2)", fixed = TRUE)
  expect_identical(came, c(1, 0.5, 2.5))
})

test_that("logical counts are refused or counted, not garbled", {
  came <- tryCatch(neurolasso:::check_counts(c(TRUE, FALSE, TRUE), 3),
                   neurolasso_input_error = function(e) NULL)
  if (!is.null(came)) expect_identical(came, c(1, 0, 1)) else expect_null(came)
})

test_that("check_row_values() takes nothing, one number for all, or one per bin", {
  check <- neurolasso:::check_row_values
  expect_null(check(NULL, 3, "offset"))
  expect_identical(check(2L, 3, "offset"), c(2, 2, 2))
  expect_identical(check(c(1, NA, -3), 3, "offset"), c(1, NA, -3))
  expect_identical(check(cbind(1:3), 3, "offset"), c(1, 2, 3))
  expect_refused(check(1:2, 3, "offset"), "offset", "`offset`", "one value per bin, 3", "not 2")
  expect_refused(check("a", 3, "offset"), "offset", "numeric", "\"a\"")
  expect_refused(check(factor(1:3), 3, "offset"), "offset", "numeric")
  expect_refused(check(c(0, Inf, -Inf), 3, "offset"), "offset", "finite", "2 rows (first: 2)")
  expect_refused(check(c(0, -1, 1), 3, "weights", lower = 0), "weights", "at least 0", "1 row (first: 2)")
})

test_that("check_lambda() takes numbers of at least 0, infinity too", {
  check <- neurolasso:::check_lambda
  expect_identical(check(c(1L, 0L)), c(1, 0))
  expect_identical(check(c(Inf, 0.1)), c(Inf, 0.1))
  expect_identical(check(-0), 0)
  for (bad in list(numeric(), NULL, "a", -1, c(1, NA), NaN, c(0.1, -1e-300), list(1), TRUE)) {
    expect_refused(check(bad), "lambda", "`lambda` must be numbers of at least 0 without NA, not ")
  }
  expect_refused(check(c(1, -2, -3)), "lambda", "not -3.")
  expect_refused(check(c(1, NA)), "lambda", "not NA.")
})

test_that("the checks are those of the functions users call", {
  x <- list(a = c(1, 2, 3, 5))
  y <- c(0, 1, 0, 2)
  expect_refused(group_lasso(x, y[-1]), "counts", "4 like the covariates", "not 3")
  expect_refused(group_lasso(x, y, n_lambda = 0), "n_lambda", "at least 1")
  expect_refused(group_lasso(x, y, lambda_min_ratio = 1), "lambda_min_ratio", "between 0 and 1")
  expect_refused(group_lasso(x, y, lambda = -1), "lambda", "not -1")
  expect_refused(group_lasso(x, y, standardize = "all"), "standardize", "\"calibrated\", \"group\", \"none\"",
                 "\"all\"")
  expect_refused(group_lasso(x, y, progress = NA), "progress", "TRUE or FALSE")
  expect_refused(group_lasso(x, y, offset = 1:3), "offset")
  expect_refused(group_lasso(x, y, weights = -y), "weights", "at least 0", "2 rows (first: 2)")
  expect_refused(group_lasso(x, y, weights = 0), "weights", "above 0")
  expect_refused(group_lasso(x, y, group_weights = c(1, 2)), "group_weights", "1 finite numbers")
  expect_refused(group_lasso(x, y, group_weights = c(b = 1)), "group_weights", "`a` missing")
  expect_refused(group_lasso(x, y, control = list()), "control")
  expect_refused(group_lasso(x, y, na.action = "no_such_function"), "na.action")
  design <- expand_covariates(x)
  expect_refused(group_lasso(design, y, basis = basis_bspline(4)), "basis", "covariate_design")
})
