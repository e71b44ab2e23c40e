# Scores from dpois().

scored <- function(metric, y, mu, mu0, v = 1) {
  ll <- sum(v * dpois(y, mu, log = TRUE))
  ll0 <- sum(v * dpois(y, mu0, log = TRUE))
  best <- sum(v * dpois(y, y, log = TRUE))
  switch(metric, bits_per_spike = (ll - ll0) / log(2) / sum(v * y), mcfadden = 1 - ll / ll0,
         (ll - ll0) / (best - ll0))
}

all_metrics <- c("bits_per_spike", "deviance_explained", "mcfadden", "cohen")

score_case <- function(link) {
  with_local_seed(4, {
    x <- list(a = runif(300), b = rnorm(300))
    o <- rnorm(300, sd = 0.4)
    y <- rpois(300, exp(x$a + o))
    v <- sample(c(0, 1, 2), 300, TRUE)
  })
  list(x = x, y = y, o = o, v = v,
       path = group_lasso(x, y, basis_bspline(4), offset = o, weights = v, link = link, n_lambda = 7))
}

test_that("training scores are those of the formulas", {
  for (link in c("log", "softplus")) {
    d <- score_case(link)
    null <- if (link == "log") {
      sum(d$v * d$y) / sum(d$v * exp(d$o)) * exp(d$o)
    } else {
      b <- optimize(function(b) sum(d$v * (log1p(exp(b + d$o)) - d$y * log(log1p(exp(b + d$o))))), c(-9, 9),
                    tol = 1e-10)
      log1p(exp(b$minimum + d$o))
    }
    for (metric in all_metrics) {
      wanted <- apply(fitted(d$path), 2, function(mu) scored(metric, d$y, mu, null, d$v))
      expect_equal(score(d$path, metric = metric), wanted, tolerance = 1e-8)
    }
    expect_equal(unname(score(d$path, metric = "deviance_explained")),
                 1 - d$path$deviance / d$path$null_deviance, tolerance = 1e-7)
  }
})

test_that("new data are scored against the training rate, without bins with NA", {
  d <- score_case("log")
  new <- list(a = c(NA, 0.2, 0.4, 0.9, 0.5), b = c(0, 0, 1, -1, 0.5))
  y <- c(1, 2, 0, NA, 3)
  o <- c(0, 0.5, -0.5, 0, 1)
  rate <- sum(d$v * d$y) / sum(d$v * exp(d$o))
  keep <- c(2, 3, 5)
  lambda <- d$path$lambda[c(6, 3)]
  mu <- predict(d$path, new, lambda, "response", offset = o)[keep, ]
  for (metric in all_metrics) {
    came <- score(d$path, new, y, metric, lambda = lambda, offset = o)
    wanted <- apply(mu, 2, function(m) scored(metric, y[keep], m, rate * exp(o[keep])))
    expect_equal(came, wanted, tolerance = 1e-10)
  }
  w <- c(1, 2, 0.5, 1, 3)
  came <- score(d$path, new, y, lambda = lambda, offset = o, weights = w)
  expect_equal(came,
               apply(mu, 2, function(m) scored("bits_per_spike", y[keep], m, rate * exp(o[keep]), w[keep])))
})

test_that("many lambdas on many bins give the same as few", {
  d <- score_case("log")
  at <- neurolasso:::path_at(d$path, NULL)
  whole <- neurolasso:::kernels_at(d$path$design, at, d$y, d$o, d$v, "log")
  eta <- predict(d$path)
  expect_equal(whole, unname(apply(eta, 2, function(e) sum(d$v * (d$y * e - exp(e))))))
})

test_that("scores without spikes or with impossible rates are no errors", {
  d <- score_case("log")
  new <- list(a = c(0.1, 0.3), b = c(0, 0))
  expect_true(all(is.na(score(d$path, new, c(0, 0), offset = 0))))
  expect_true(all(is.finite(score(d$path, new, c(0, 0), "deviance_explained", offset = 0))))
  silent <- suppressWarnings(group_lasso(d$x, 0 * d$y, basis_bspline(4), n_lambda = 3))
  expect_true(all(is.na(score(silent))))
  expect_type(score(silent, new, c(1, 0)), "double")
})

test_that("wrong arguments of score() are refused", {
  d <- score_case("log")
  new <- list(a = 0.1, b = 0)
  expect_refused(score(d$path, new, 1), "offset", "must be given")
  expect_refused(score(d$path, new, offset = 0), "counts", "must be given")
  expect_refused(score(d$path, counts = d$y), "counts", "newdata")
  expect_refused(score(d$path, metric = "r2"), "metric", "bits_per_spike")
  expect_refused(score(d$path, new, c(1, 2), offset = 0), "counts", "one value per bin")
  expect_refused(score(d$path, list(a = NA_real_, b = 0), 1, offset = 0), "newdata", "without missing")
})

test_that("BIC and EBIC are those of the formulas", {
  d <- score_case("log")
  ll <- vapply(seq_along(d$path$lambda), function(l) sum(d$v * dpois(d$y, fitted(d$path)[, l], log = TRUE)), 0)
  bic <- -2 * ll + d$path$df * log(sum(d$v > 0))
  expect_equal(BIC(d$path), bic)
  k <- unname(colSums(selected(d$path)))
  expect_equal(EBIC(d$path, 1), bic + 2 * log(choose(2, k)))
  expect_equal(EBIC(d$path, 0), bic)
  expect_refused(EBIC(d$path, 2), "gamma", "between 0 and 1")
  expect_refused(EBIC(1), "object", "group_lasso")
})

test_that("log-likelihoods of many models are those of dpois(), whatever the storage", {
  n <- 700
  x <- with_local_seed(1,
                       list(a = cumsum(rnorm(n)), b = round(runif(n), 1), m = matrix(rnorm(2 * n) + 300, n)))
  design <- expand_covariates(x, list(a = basis_bspline(6), b = basis_cyclic(5, bounds = c(0, 1))))
  X <- as.matrix(design)
  at <- with_local_seed(2, list(coefficients = matrix(rnorm(ncol(X) * 11) / 300, ncol(X)),
                                intercept = rnorm(11)))
  counts <- with_local_seed(3, rpois(n, 1))
  offset <- with_local_seed(4, rnorm(n))
  weights <- rep(c(0, 1, 2.5), length.out = n)
  eta <- X %*% at$coefficients + rep(at$intercept, each = n) + offset
  wanted <- apply(eta, 2, function(e) sum(weights * (dpois(counts, exp(e), log = TRUE) + lgamma(counts + 1))))
  came <- neurolasso:::kernels_at(design, at, counts, offset, weights, "log")
  expect_equal(came, wanted, tolerance = 1e-12)
  # a rate of zero: sure of silence, impossible with a spike
  at$intercept[2] <- -Inf
  expect_identical(neurolasso:::kernels_at(design, at, counts, offset, weights, "log")[2], -Inf)
  expect_equal(neurolasso:::kernels_at(design, at, 0 * counts, offset, weights, "log")[2], 0)
})
