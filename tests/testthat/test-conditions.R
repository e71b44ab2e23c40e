# The errors of calls that can't work, one or more for each function that users call: list(name, arg,
# error).
refused_calls <- function() {
  x <- list(a = c(1, 2, 3, 5, 8), b = c(1, 0, 1, 0, 1))
  y <- c(0, 1, 0, 2, 1)
  path <- group_lasso(x, y, n_lambda = 4)
  case <- function(name, arg, expr) list(name = name, arg = arg, error = error_of(expr))
  list(
    case("basis_bspline", "n_basis", basis_bspline(2)),
    case("basis_cyclic", "bounds", basis_cyclic(5)),
    case("basis_raised_cosine", "width", basis_raised_cosine(6, width = 0)),
    case("basis_factor", "levels", basis_factor(character())),
    case("expand_covariates", "covariates", expand_covariates(1:3)),
    case("expand_covariates", "basis", expand_covariates(x, list(z = basis_bspline(4)))),
    case("expand_covariates", "a", expand_covariates(list(a = "text"))),
    case("group_lasso", "counts", group_lasso(x, -y)),
    case("group_lasso", "lambda", group_lasso(x, y, lambda = NA)),
    case("group_lasso", "a", group_lasso(list(a = Inf), 1)),
    case("group_lasso", "link", group_lasso(x, y, link = "exp")),
    case("group_lasso", "discretize", group_lasso(x, y, basis_bspline(4), discretize = 1)),
    case("group_lasso", "discretize", group_lasso(x, y, discretize = c(a = 3))),
    case("group_lasso", "discretize", group_lasso(path$design, y, discretize = 3)),
    case("group_lasso_control", "tol", group_lasso_control(tol = -1)),
    case("group_lasso_control", "n_threads", group_lasso_control(n_threads = 0)),
    case("predict.covariate_design", "newdata", predict(path$design, 1)),
    case("predict.group_lasso_path", "newdata", predict(path, list(a = 1))),
    case("predict.group_lasso_path", "type", predict(path, type = "x")),
    case("coef.group_lasso_path", "lambda", coef(path, lambda = -1)),
    case("residuals.group_lasso_path", "type", residuals(path, type = "x")),
    case("simulate.group_lasso_path", "lambda", simulate(path)),
    case("summary.group_lasso_path", "n", summary(path, n = 0)),
    case("selected", "lambda", selected(path, lambda = "a")),
    case("tuning_curve", "covariate", tuning_curve(path, "c", lambda = 1)),
    case("plot.group_lasso_path", "labels", plot(path, labels = 3)),
    case("simulate_session", "duration", simulate_session(-1))
  )
}

test_that("every error has the package's classes, the argument, and the call of the function that was typed", {
  for (case in refused_calls()) {
    error <- case$error
    expect_s3_class(error, c("neurolasso_input_error", "neurolasso_error", "error", "condition"))
    expect_identical(error$arg, case$arg, label = case$name)
    expect_identical(as.character(conditionCall(error)[[1]]), case$name)
  }
})

test_that("every error is a sentence that names the argument and says what came", {
  for (case in refused_calls()) {
    message <- conditionMessage(case$error)
    expect_match(message, paste0("`", case$arg, "`"), fixed = TRUE, label = case$name)
    expect_match(message, "\\.$", label = case$name)
    expect_no_match(message, "subscript|non-numeric|argument is of length|missing value where",
                    label = case$name)
    expect_lt(nchar(message), 300)
  }
})

test_that("an error can be caught by any of its classes", {
  caught <- function(...) tryCatch(expand_covariates(list(a = "text")), ..., error = function(e) "other")
  expect_identical(caught(neurolasso_covariate_error = function(e) e$arg), "a")
  expect_identical(caught(neurolasso_input_error = function(e) "input"), "input")
  expect_identical(caught(neurolasso_error = function(e) "ours"), "ours")
  expect_identical(caught(neurolasso_warning = function(e) "warning"), "other")
})

test_that("an error inside the user's own function names our function, not the user's", {
  mine <- function(z) basis_bspline(z)
  expect_identical(conditionCall(error_of(mine(1))), quote(basis_bspline(z)))
})

test_that("warnings have the package's classes and the call", {
  x <- list(a = c(1, 2, 3, 5, 8))
  y <- c(0, 1, 0, 2, 1)
  path <- group_lasso(x, y, n_lambda = 3)
  cases <- list(
    neurolasso_silent = function() group_lasso(x, 0 * y),
    neurolasso_noninteger_counts = function() group_lasso(x, y + 0.5, n_lambda = 2),
    neurolasso_no_signal = function() group_lasso(x, rep(2, 5)),
    neurolasso_out_of_bounds = function() expand_covariates(x, basis_bspline(4, bounds = c(2, 3))),
    neurolasso_outside_path = function() coef(path, lambda = 1e-9),
    neurolasso_separation = function() {
      group_lasso(list(f = factor(rep(1:2, 20))), rep(c(0, 1), 20), lambda = c(0.1, 0))
    }
  )
  for (kind in names(cases)) {
    seen <- Filter(function(w) inherits(w, kind), watch(cases[[kind]]())$warnings)
    expect_length(seen, 1)
    expect_s3_class(seen[[1]], c(kind, "neurolasso_warning", "warning", "condition"), exact = TRUE)
    expect_true(as.character(conditionCall(seen[[1]])[[1]]) %in%
                  c("group_lasso", "expand_covariates", "coef.group_lasso_path"), label = kind)
    expect_match(conditionMessage(seen[[1]]), "\\.$", label = kind)
  }
})

test_that("warnings can be made errors", {
  old <- options(warn = 2)
  on.exit(options(old))
  expect_error(group_lasso(list(a = c(1, 2, 3)), c(0, 0, 0)), "no spike")
})

test_that("describe() says what came", {
  describe <- neurolasso:::describe
  expect_identical(describe(NULL), "NULL")
  expect_identical(describe(mean), "a function")
  expect_identical(describe("abc"), "the string \"abc\"")
  expect_identical(describe(3), "3")
  expect_identical(describe(NA_real_), "NA")
  expect_identical(describe(c("a", "b")), "a character vector of length 2")
  expect_identical(describe(c(1, 2)), "a double vector of length 2")
  expect_identical(describe(matrix(0, 2, 3)), "a 2 x 3 double matrix")
  expect_identical(describe(data.frame(a = 1, b = 2)), "a data frame with 2 columns")
  expect_match(describe(Sys.Date()), "Date")
  expect_match(describe(factor(1:3)), "factor")
  expect_match(describe(quote(a)), "name")
  expect_match(describe(list(1)), "list")
})

test_that("describe() is English", {
  expect_identical(neurolasso:::describe(1:3), "an integer vector of length 3")
  expect_identical(neurolasso:::describe(NA), "NA")
  expect_identical(neurolasso:::describe(data.frame(a = 1)), "a data frame with 1 column")
})

test_that("count_rows() counts and says where the first is", {
  count <- neurolasso:::count_rows
  expect_identical(count(c(FALSE, TRUE)), "1 row (first: 2)")
  expect_identical(count(c(TRUE, TRUE, FALSE)), "2 rows (first: 1)")
  expect_identical(count(rep(c(FALSE, TRUE), c(1e4, 1500))), "1,500 rows (first: 10,001)")
})

test_that("quoted() lists the first names and counts the rest", {
  quoted <- neurolasso:::quoted
  expect_identical(quoted("a"), "`a`")
  expect_identical(quoted(letters[1:6]), "`a`, `b`, `c`, `d`, `e`, `f`")
  expect_identical(quoted(letters[1:9]), "`a`, `b`, `c`, `d`, `e`, `f` and 3 more")
})
