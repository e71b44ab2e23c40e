random_path <- function(seed, ...) {
  data <- mixed_session(seed, 80)
  set.seed(seed)
  arguments <- list(data$covariates, data$counts, mixed_bases(), n_lambda = 8, ...)
  if (seed %% 2 == 0) arguments$offset <- rnorm(80, sd = 0.6)
  if (seed %% 3 == 0) arguments$weights <- sample(c(0, 1, 2.5), 80, TRUE)
  list(path = do.call(group_lasso, arguments), y = data$counts, offset = arguments$offset,
       v = if (is.null(arguments$weights)) rep(1, 80) else arguments$weights)
}

test_that("deviance is twice the log-likelihood that is missing to a perfect fit", {
  for (seed in 1:6) {
    case <- random_path(seed)
    mu <- fitted(case$path)
    best <- dpois(case$y, case$y, log = TRUE)
    missing <- apply(mu, 2, function(m) sum(case$v * (best - dpois(case$y, m, log = TRUE))))
    expect_equal(deviance(case$path), 2 * unname(missing), tolerance = 1e-10)
  }
})

test_that("deviance falls along the path and starts at that of the null model", {
  for (seed in 1:6) {
    case <- random_path(seed)
    expect_lt(max(diff(deviance(case$path))), 1e-9)
    expect_equal(deviance(case$path)[1], case$path$null_deviance, tolerance = 1e-9)
  }
})

test_that("the null deviance is that of glm() with intercept and offset", {
  for (seed in 1:6) {
    case <- random_path(seed)
    offset <- if (is.null(case$offset)) rep(0, 80) else case$offset
    null <- glm(case$y ~ 1, family = poisson, offset = offset, weights = case$v,
                control = glm.control(epsilon = 1e-14))
    expect_equal(case$path$null_deviance, deviance(null), tolerance = 1e-9)
  }
})

test_that("the log-likelihood is the sum of dpois()", {
  for (seed in 1:6) {
    case <- random_path(seed)
    wanted <- apply(fitted(case$path), 2, function(m) sum(case$v * dpois(case$y, m, log = TRUE)))
    came <- logLik(case$path)
    expect_s3_class(came, "logLik")
    expect_equal(as.numeric(came), unname(wanted), tolerance = 1e-10)
    expect_equal(attr(came, "nobs"), sum(case$v > 0))
    expect_identical(attr(came, "df"), case$path$df)
  }
})

test_that("AIC() and BIC() are theirs, one per lambda", {
  case <- random_path(6)
  ll <- as.numeric(logLik(case$path))
  expect_equal(AIC(case$path), -2 * ll + 2 * case$path$df)
  expect_equal(BIC(case$path), -2 * ll + log(nobs(case$path)) * case$path$df)
  expect_equal(AIC(case$path, k = 5), -2 * ll + 5 * case$path$df)
})

test_that("log-likelihood and AIC are those of glm() at lambda = 0", {
  set.seed(1)
  covariates <- list(a = rnorm(70), b = rnorm(70))
  y <- rpois(70, exp(0.3 * covariates$a))
  path <- group_lasso(covariates, y, lambda = 0, control = group_lasso_control(tol = 1e-9))
  model <- glm(y ~ a + b, family = poisson, data = covariates, control = glm.control(epsilon = 1e-14))
  expect_equal(as.numeric(logLik(path)), as.numeric(logLik(model)), tolerance = 1e-10)
  expect_equal(AIC(path), AIC(model), tolerance = 1e-10)
  expect_equal(BIC(path), BIC(model), tolerance = 1e-10)
  expect_equal(deviance(path), deviance(model), tolerance = 1e-10)
  expect_equal(path$null_deviance, model$null.deviance, tolerance = 1e-10)
})

test_that("counts that are not whole numbers have a deviance, too", {
  set.seed(2)
  x <- rnorm(50)
  y <- rgamma(50, 2)
  expect_warning(path <- group_lasso(list(x = x), y, n_lambda = 4), class = "neurolasso_noninteger_counts")
  mu <- fitted(path)
  expect_equal(deviance(path), unname(colSums(2 * (y * log(y / mu) - y + mu))), tolerance = 1e-10)
  expect_equal(as.numeric(logLik(path)), unname(colSums(y * log(mu) - mu - lgamma(y + 1))), tolerance = 1e-10)
})

test_that("a silent neuron has deviance 0 and log-likelihood 0", {
  path <- suppressWarnings(group_lasso(list(x = rnorm(20)), rep(0, 20), n_lambda = 3))
  expect_identical(deviance(path), c(0, 0, 0))
  expect_identical(path$null_deviance, 0)
  expect_identical(as.numeric(logLik(path)), c(0, 0, 0))
})

test_that("a weight of 2 counts a bin twice in deviance and likelihood", {
  set.seed(3)
  x <- rnorm(40)
  y <- rpois(40, exp(0.5 * x))
  twice <- sample(c(1, 2), 40, TRUE)
  rows <- rep(1:40, twice)
  weighted <- group_lasso(list(x = x), y, weights = twice, lambda = c(0.2, 0.05))
  repeated <- group_lasso(list(x = x[rows]), y[rows], lambda = c(0.2, 0.05))
  expect_equal(deviance(weighted), deviance(repeated), tolerance = 1e-7)
  expect_equal(as.numeric(logLik(weighted)), as.numeric(logLik(repeated)), tolerance = 1e-7)
  expect_equal(weighted$null_deviance, repeated$null_deviance, tolerance = 1e-10)
})

test_that("unit deviances are exact where counts are zero, large or equal to the rate", {
  unit <- neurolasso:::unit_deviance
  expect_identical(unit(c(0, 0, 3), c(0, 2, 3)), c(0, 4, 0))
  y <- c(1, 5, 100, 1e6)
  mu <- c(0.01, 7, 90, 1e6 + 10)
  expect_equal(unit(y, mu), 2 * (dpois(y, y, log = TRUE) - dpois(y, mu, log = TRUE)), tolerance = 1e-6)
})
