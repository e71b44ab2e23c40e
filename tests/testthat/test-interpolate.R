# coef() between, at and outside the fitted lambdas.

example_path <- function(...) {
  data <- mixed_session(1, 200)
  group_lasso(data$covariates, data$counts, mixed_bases(), ...)
}

coefficient_table <- function(path) rbind(path$intercept, unname(path$coefficients))

test_that("coefficients between fitted lambdas are linear in lambda", {
  for (how in c("calibrated", "group", "none")) {
    path <- example_path(n_lambda = 12, standardize = how)
    set.seed(1)
    asked <- runif(40, min(path$lambda), max(path$lambda))
    wanted <- oracle_interpolate(path$lambda, coefficient_table(path), asked)
    expect_equal(unname(coef(path, lambda = asked)), wanted, tolerance = 1e-12)
    for (l in asked[1:5]) {
      expect_equal(unname(coef(path, lambda = l)),
                   oracle_interpolate(path$lambda, coefficient_table(path), l), tolerance = 1e-12)
    }
  }
})

test_that("half way is the mean of the neighbours", {
  path <- example_path(lambda = c(1, 0.4, 0.1))
  came <- coef(path, lambda = c(0.25, 0.7))
  all <- coef(path)
  expect_equal(unname(came), unname((all[, 2:1] + all[, 3:2])[, c(1, 2)] / 2), tolerance = 1e-12)
})

test_that("fitted lambdas give what was fitted, bit by bit", {
  path <- example_path(n_lambda = 9)
  expect_identical(coef(path, lambda = path$lambda), coef(path))
  for (l in seq_along(path$lambda)) {
    expect_identical(unname(coef(path, lambda = path$lambda[l])[, 1]), coefficient_table(path)[, l])
  }
})

test_that("the order asked for is kept, and so are duplicates", {
  path <- example_path(n_lambda = 9)
  asked <- c(path$lambda[3], 0.5, path$lambda[8], 0.5, path$lambda[3], 0.3)
  came <- unname(coef(path, lambda = asked))
  expect_identical(dim(came), c(35L, 6L))
  expect_identical(came[, c(1, 2)], came[, c(5, 4)])
  expect_identical(came[, c(1, 3)], coefficient_table(path)[, c(3, 8)])
  expect_identical(came[, 6:1], unname(coef(path, lambda = rev(asked))))
  expect_identical(came[, 6], unname(coef(path, lambda = 0.3)[, 1]))
})

test_that("the lambdas of the user come back in the user's order", {
  asked <- c(0.03, 0.5, 0.1, 2)
  path <- example_path(lambda = asked)
  expect_identical(path$lambda, sort(asked, decreasing = TRUE))
  expect_identical(unname(coef(path, lambda = asked)), coefficient_table(path)[, c(4, 2, 3, 1)])
})

test_that("above the first lambda of a path that starts empty is the empty model, without a word", {
  path <- example_path(n_lambda = 5)
  expect_silent(came <- coef(path, lambda = c(2, 1e6, Inf) * path$lambda_max))
  expect_identical(unname(came), coefficient_table(path)[, c(1, 1, 1)])
  expect_true(all(came[-1, ] == 0))
})

test_that("above the first lambda of a path that doesn't start empty warns", {
  path <- example_path(lambda = c(0.2, 0.1))
  seen <- watch(coef(path, lambda = c(0.3, 0.15)))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], c("neurolasso_outside_path", "neurolasso_warning"), exact = FALSE)
  expect_match(conditionMessage(seen$warnings[[1]]), "`lambda` = 0.3 is outside the fitted range, 0.1 to 0.2",
               fixed = TRUE)
  expect_identical(unname(seen$value[, 1]), coefficient_table(path)[, 1])
})

test_that("below the last lambda warns once and gives the last fit", {
  path <- example_path(n_lambda = 5)
  low <- min(path$lambda)
  seen <- watch(coef(path, lambda = c(low / 2, 0, low)))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_outside_path")
  expect_identical(unname(seen$value), coefficient_table(path)[, c(5, 5, 5)])
  # rounding is no reason
  expect_silent(coef(path, lambda = low * (1 - 1e-15)))
})

test_that("a group that is never penalised doesn't keep the path from starting empty", {
  path <- example_path(n_lambda = 5, group_weights = c(0, rep(1, 7)))
  expect_silent(came <- coef(path, lambda = 10 * path$lambda_max))
  expect_identical(unname(came), coefficient_table(path)[, 1, drop = FALSE])
})

test_that("a path of one lambda has that one", {
  path <- example_path(lambda = 0.2)
  expect_identical(dim(coef(path)), c(35L, 1L))
  expect_identical(coef(path, lambda = 0.2), coef(path))
  expect_warning(came <- coef(path, lambda = 0.1), class = "neurolasso_outside_path")
  expect_identical(unname(came), unname(coef(path)))
})

test_that("identical lambdas are one", {
  path <- example_path(lambda = c(0.3, 0.3, 0.1))
  expect_identical(path$coefficients[, 1], path$coefficients[, 2])
  expect_equal(unname(coef(path, lambda = c(0.3, 0.2))),
               unname(cbind(coef(path)[, 1], (coef(path)[, 2] + coef(path)[, 3]) / 2)), tolerance = 1e-12)
})

test_that("lambda 0 and infinity are ends of a path", {
  path <- example_path(lambda = c(0.2, 0, Inf))
  expect_identical(path$lambda, c(Inf, 0.2, 0))
  expect_identical(unname(coef(path, lambda = c(Inf, 0))), coefficient_table(path)[, c(1, 3)])
  expect_equal(unname(coef(path, lambda = 0.05)),
               cbind(0.25 * coefficient_table(path)[, 2] + 0.75 * coefficient_table(path)[, 3]),
               tolerance = 1e-12)
})

test_that("between infinity and a fitted lambda is not simply the fitted one", {
  path <- example_path(lambda = c(Inf, 0.2))
  # above lambda_max the answer is known: everything is out
  expect_true(all(suppressWarnings(coef(path, lambda = 2 * path$lambda_max))[-1, ] == 0))
})

test_that("the path of a silent neuron is the same at any lambda", {
  data <- mixed_session(1, 50)
  path <- suppressWarnings(group_lasso(data$covariates, 0 * data$counts, mixed_bases(), n_lambda = 4))
  came <- coef(path, lambda = c(0.9, 0.37, 0.01, 5))
  expect_true(all(came[1, ] == -Inf))
  expect_true(all(came[-1, ] == 0))
})

test_that("columns are named by lambda, rows by covariate and column", {
  path <- example_path(lambda = c(0.5, 0.25))
  came <- coef(path, lambda = c(0.25, 1 / 3))
  expect_identical(colnames(came), c("0.25", "0.3333"))
  expect_identical(rownames(came)[c(1, 2, 7, 8, 18, 35)],
                   c("(Intercept)", "position.1", "position.6", "phase.1", "arm.left", "choice.1"))
  expect_identical(rownames(came)[-1], colnames(path$design))
})

test_that("what can't be a lambda is refused", {
  path <- example_path(lambda = c(0.5, 0.25))
  for (bad in list("a", -1, c(0.3, NA), NA, numeric(), TRUE, list(1), NaN)) {
    expect_refused(coef(path, lambda = bad), "lambda", "`lambda`", "at least 0")
    expect_refused(predict(path, lambda = bad), "lambda", "`lambda`")
    expect_refused(fitted(path, lambda = bad), "lambda")
    expect_refused(selected(path, lambda = bad), "lambda")
    expect_refused(residuals(path, lambda = bad), "lambda")
  }
})
