# The softplus link, mu = log(1 + exp(eta)), against its definition; and what the links share.

softplus_problem <- function(kind = "plain", seed = 1) {
  problem <- random_problem(kind, seed)
  problem$link <- "softplus"
  problem
}

fit_softplus <- function(problem, ...) fit_problem(problem, link = "softplus", ...)

# A session whose counts follow the link, with every kind of covariate.
softplus_session <- function(seed = 1, n = 300) {
  data <- mixed_session(seed, n)
  with_local_seed(seed + 100, {
    eta <- with(data$covariates,
                0.05 * position + cos(phase) + (arm == "left") + 2 * sin(3 * place[, "x"]) - 1)
    data$counts <- rpois(n, oracle_rate(eta, "softplus"))
    data
  })
}

# The deviance by its definition.
deviance_at <- function(y, mu, v) 2 * sum(v * (ifelse(y > 0, y * log(y / mu), 0) - y + mu))

plot_to_nowhere <- function(path) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  plot(path)
}

# ---- the functions -------------------------------------------------------------------------------

test_that("softplus keeps its digits where the linear predictor is large, small or missing", {
  softplus <- neurolasso:::softplus
  eta <- c(-745, -100, -40, -1, 0, 1, 40, 800, 1e300)
  wanted <- c(exp(-745), exp(-100), exp(-40), log1p(exp(-1)), log(2), log1p(exp(1)), 40, 800, 1e300)
  expect_equal(softplus(eta), wanted, tolerance = 1e-15)
  expect_identical(softplus(c(-Inf, Inf, NA, NaN)), c(0, Inf, NA, NaN))
  x <- seq(-30, 30, length.out = 101)
  expect_equal(softplus(x), log(1 + exp(x)), tolerance = 1e-14)
  # softplus(x) - softplus(-x) = x
  expect_equal(softplus(x) - softplus(-x), x, tolerance = 1e-14)
})

test_that("inverse links keep shape and names, and slopes are their derivatives", {
  eta <- matrix(c(-3, 0, 2, 5, NA, -Inf), 2, dimnames = list(NULL, c("a", "b", "c")))
  for (link in neurolasso:::link_names) {
    mu <- neurolasso:::inverse_link(eta, link)
    expect_identical(dimnames(mu), dimnames(eta))
    expect_identical(unname(mu[2, 3]), 0)
    expect_identical(dimnames(neurolasso:::link_slope(eta, link)), dimnames(eta))
    x <- seq(-6, 6, length.out = 25)
    numeric <- (oracle_rate(x + 1e-6, link) - oracle_rate(x - 1e-6, link)) / 2e-6
    expect_equal(neurolasso:::link_slope(x, link), numeric, tolerance = 1e-8)
  }
  expect_identical(dim(neurolasso:::inverse_link(matrix(0, 0, 3), "softplus")), c(0L, 3L))
})

test_that("mean rates are means of rates, of few values and of many", {
  eta <- with_local_seed(1, rnorm(200, -1, 2))
  weights <- with_local_seed(2, sample(c(0, 1, 2.5), 200, TRUE))
  offset <- with_local_seed(3, rnorm(200))
  mean_rate <- neurolasso:::mean_rate
  for (s in list(0.3, c(-2, 1, NA, 1), seq(-4, 3, length.out = 500),
                 c(NA, seq(-90, 60, length.out = 3000)))) {
    wanted <- vapply(s, function(one) sum(weights * oracle_rate(eta + one, "softplus")) / sum(weights), 0)
    expect_equal(mean_rate(eta, s, offset, weights, "softplus"), wanted, tolerance = 1e-12)
    wanted <- vapply(s, function(one) sum(weights * exp(eta + one)) / sum(weights * exp(offset)), 0)
    expect_equal(mean_rate(eta, s, offset, weights, "log"), wanted, tolerance = 1e-12)
  }
  expect_identical(mean_rate(eta, c(-Inf, -Inf), offset, weights, "softplus"), c(0, 0))
  expect_identical(mean_rate(eta, numeric(), offset, weights, "softplus"), numeric())
  expect_equal(mean_rate(eta, 0.3, offset, weights * 1e300, "softplus"),
               mean_rate(eta, 0.3, offset, weights, "softplus"))
})

# ---- certificates --------------------------------------------------------------------------------

for (kind in problem_kinds) {
  test_that(sprintf("softplus solutions are certified: %s", kind), {
    problem <- softplus_problem(kind, 900 + match(kind, problem_kinds))
    for (how in scalings) {
      path <- fit_softplus(problem, standardize = how, n_lambda = 12)
      at <- c(2, 5, 9, 12)
      expect_certified(path, path_residuals(path, problem, at = at), at, how)
      expect_finite_path(path)
    }
  })
}

test_that("softplus solutions with offset and weights hold at tight tolerances", {
  for (kind in c("offset", "weights", "splines")) {
    problem <- softplus_problem(kind, 8)
    for (how in scalings) {
      path <- fit_softplus(problem, standardize = how, n_lambda = 6, control = precise(1e-9))
      expect_true(all(path$converged))
      expect_lt(max(path_residuals(path, problem)), 3e-9)
    }
  }
})

test_that("softplus solutions are certified for every storage", {
  data <- softplus_session(2, 800)
  data$covariates$position <- round(data$covariates$position)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), link = "softplus", n_lambda = 10)
  problem <- list(blocks = lapply(as.list(path$design), unname), counts = data$counts)
  expect_true(all(path$converged))
  expect_lt(max(path_residuals(path, problem)), 2e-6)
})

test_that("kkt of a softplus fit is honest where the solver was stopped", {
  problem <- softplus_problem("correlated", 3)
  for (passes in 1:3) {
    path <- suppressWarnings(fit_softplus(problem, n_lambda = 8,
                                          control = group_lasso_control(max_passes = passes)))
    expect_equal(path$kkt, path_residuals(path, problem), tolerance = 1e-4)
    expect_equal(path$converged, path$kkt <= 1e-6)
  }
})

# ---- limits with known answers -------------------------------------------------------------------

test_that("at lambda = 0 softplus is the maximum of its likelihood", {
  for (kind in c("plain", "weights", "rank_deficient")) {
    problem <- softplus_problem(kind, 5)
    n <- length(problem$counts)
    v <- problem$weights %||% rep(1, n)
    eta <- oracle_softplus_fit(do.call(cbind, problem$blocks), problem$counts, problem$offset %||% rep(0, n), v)
    for (how in scalings) {
      path <- fit_softplus(problem, standardize = how, lambda = 0, control = precise())
      expect_equal(unname(predict(path)[, 1]), eta, tolerance = 1e-6, label = paste(kind, how))
      expect_equal(path$deviance, deviance_at(problem$counts, oracle_rate(eta, "softplus"), v),
                   tolerance = 1e-9)
    }
  }
})

test_that("the softplus grid starts at lambda_max, where the model is that of the intercept", {
  for (kind in c("plain", "offset", "weights", "group_weights", "splines")) {
    problem <- softplus_problem(kind, 31)
    n <- length(problem$counts)
    v <- problem$weights %||% rep(1, n)
    offset <- problem$offset %||% rep(0, n)
    mult <- problem$mult %||% rep(1, length(problem$blocks))
    for (how in scalings) {
      path <- fit_softplus(problem, standardize = how, n_lambda = 5, control = precise())
      top <- oracle_lambda_max(problem$blocks, problem$counts, how, offset, v, mult, "softplus")
      expect_equal(path$lambda_max, top, tolerance = 1e-8)
      expect_equal(path$lambda[1], top, tolerance = 1e-8)
      expect_true(all(path$group_norms[mult > 0, 1] == 0))
      around <- fit_softplus(problem, standardize = how, lambda = path$lambda_max * c(1e10, 1.001, 0.999))
      expect_identical(unname(colSums(around$group_norms[mult > 0, ] > 0)), c(0, 0, 1))
    }
    null <- oracle_softplus_fit(NULL, problem$counts, offset, v)
    deviance <- deviance_at(problem$counts, oracle_rate(null, "softplus"), v)
    expect_equal(path$null_deviance, deviance, tolerance = 1e-9)
    if (all(mult > 0)) {
      expect_equal(unname(predict(around)[, 1]), null, tolerance = 1e-7)
      expect_equal(around$deviance[1:2], rep(deviance, 2), tolerance = 1e-9)
    }
  }
})

test_that("the null model of softplus has the mean rate, whatever it is", {
  x <- list(a = with_local_seed(1, rnorm(100)))
  for (rate in c(1e-8, 0.01, 1, 30, 1e3, 1e6)) {
    counts <- suppressWarnings(rate * rep(c(0.5, 1.5), 50))
    path <- suppressWarnings(group_lasso(x, counts, link = "softplus", lambda = Inf))
    expect_equal(unname(fitted(path)[, 1]), rep(rate, 100), tolerance = 1e-6)
    expect_equal(path$intercept, if (rate > 30) rate + log1p(-exp(-rate)) else log(expm1(rate)), tolerance = 1e-6)
  }
})

test_that("softplus agrees with the log link where rates are low", {
  d <- with_local_seed(7, {
    x <- rnorm(20000)
    list(x = x, counts = rpois(20000, 0.002 * exp(0.5 * x)))
  })
  fits <- lapply(c("log", "softplus"), function(link) {
    group_lasso(list(x = d$x), d$counts, link = link, lambda = c(1e-4, 0), control = precise())
  })
  expect_equal(fits[[2]]$coefficients, fits[[1]]$coefficients, tolerance = 0.01)
  expect_equal(fits[[2]]$deviance, fits[[1]]$deviance, tolerance = 1e-3)
})

test_that("softplus fits a linear rate where rates are high", {
  d <- with_local_seed(8, {
    x <- runif(2000, 0, 1)
    list(x = x, counts = rpois(2000, 40 + 30 * x))
  })
  path <- group_lasso(list(x = d$x), d$counts, link = "softplus", lambda = 0)
  expect_equal(unname(coef(path)[, 1]), c(40, 30), tolerance = 0.05)
})

# ---- symmetries ----------------------------------------------------------------------------------

test_that("duplicated rows are weights of 2 with the softplus link, and weights of 0 leave rows out", {
  problem <- softplus_problem("plain", 17)
  n <- length(problem$counts)
  fit <- function(rows, weights) {
    group_lasso(lapply(problem$blocks, function(X) X[rows, , drop = FALSE]), problem$counts[rows],
                weights = weights, link = "softplus", n_lambda = 8, control = precise())
  }
  twice <- fit(c(1:n, 1:30), NULL)
  weighted <- fit(1:n, rep(c(2, 1), c(30, n - 30)))
  expect_equal(weighted$lambda, twice$lambda)
  expect_equal(weighted$coefficients, twice$coefficients, tolerance = 1e-6)
  expect_equal(weighted$deviance, twice$deviance)
  without <- fit(31:n, NULL)
  zero <- fit(1:n, rep(c(0, 1), c(30, n - 30)))
  expect_equal(zero$coefficients, without$coefficients, tolerance = 1e-6)
  expect_equal(zero$deviance, without$deviance)
})

test_that("a constant offset shifts the softplus intercept and nothing else", {
  problem <- softplus_problem("plain", 19)
  fit <- function(...) {
    group_lasso(problem$blocks, problem$counts, link = "softplus", n_lambda = 8, control = precise(), ...)
  }
  plain <- fit()
  for (shift in c(-800, -3, 1, 800)) {
    moved <- fit(offset = rep(shift, length(problem$counts)))
    expect_true(all(moved$converged))
    expect_equal(moved$coefficients, plain$coefficients, tolerance = 1e-6)
    expect_equal(moved$intercept, plain$intercept - shift, tolerance = 1e-6)
    expect_equal(fitted(moved), fitted(plain), tolerance = 1e-6)
    expect_equal(moved$deviance, plain$deviance, tolerance = 1e-8)
  }
})

test_that("permuted rows give the same softplus fit, a repeated call the same bits", {
  problem <- softplus_problem("plain", 23)
  n <- length(problem$counts)
  fit <- function(rows) {
    group_lasso(lapply(problem$blocks, function(X) X[rows, , drop = FALSE]), problem$counts[rows],
                link = "softplus", n_lambda = 8, control = precise())
  }
  expect_equal(fit(rev(seq_len(n)))$coefficients, fit(seq_len(n))$coefficients, tolerance = 1e-6)
  expect_identical(answer(fit(seq_len(n))), answer(fit(seq_len(n))))
})

test_that("softplus degrees of freedom follow their formula", {
  data <- softplus_session(3, 250)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), link = "softplus", n_lambda = 8)
  wanted <- vapply(seq_along(path$lambda), function(l) {
    oracle_df(as.list(path$design), data$counts, path$intercept[l], path$coefficients[, l], path$lambda[l],
              "calibrated", link = "softplus")
  }, 0)
  expect_equal(path$df[1], 1)
  expect_lt(max(abs(path$df / wanted - 1)), 0.05)
})

# ---- what a path can be asked --------------------------------------------------------------------

test_that("response is softplus of the link, fitted, and interpolated coefficients go through it", {
  data <- softplus_session(4, 120)
  offset <- with_local_seed(4, rnorm(120))
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), link = "softplus", n_lambda = 6,
                      offset = offset)
  expect_identical(path$link, "softplus")
  eta <- vapply(1:6, function(l) {
    oracle_link(as.list(path$design), path$intercept[l], path$coefficients[, l], offset)
  }, double(120))
  expect_equal(unname(predict(path)), eta, tolerance = 1e-12)
  expect_equal(unname(predict(path, type = "response")), oracle_rate(eta, "softplus"), tolerance = 1e-12)
  expect_equal(fitted(path), predict(path, data$covariates, offset = offset, type = "response"),
               tolerance = 1e-12)
  between <- mean(path$lambda[2:3])
  expect_equal(fitted(path, lambda = between), oracle_rate(predict(path, lambda = between), "softplus"))
  error <- error_of(predict(path, data$covariates))
  expect_no_match(conditionMessage(error), "exposure")
  terms <- predict(path, type = "terms", lambda = between)
  expect_equal(rowSums(terms) + attr(terms, "constant") + offset, as.numeric(predict(path, lambda = between)),
               tolerance = 1e-12)
})

test_that("deviance, residuals and log-likelihood of softplus follow their definitions", {
  data <- softplus_session(5, 150)
  weights <- with_local_seed(5, sample(c(0, 1, 2.5), 150, TRUE))
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), link = "softplus", n_lambda = 6,
                      weights = weights)
  mu <- fitted(path)
  y <- array(data$counts, dim(mu))
  missing <- colSums(weights * (dpois(y, y, log = TRUE) - dpois(y, mu, log = TRUE)))
  expect_equal(deviance(path), 2 * missing, tolerance = 1e-9)
  expect_equal(as.numeric(logLik(path)), colSums(weights * dpois(y, mu, log = TRUE)), tolerance = 1e-9)
  expect_equal(deviance(path)[1], path$null_deviance, tolerance = 1e-9)
  expect_true(all(diff(deviance(path)) < 1e-9))
  expect_equal(unname(residuals(path, type = "response")), unname(y - mu))
  expect_equal(unname(residuals(path, type = "pearson")), unname((y - mu) / sqrt(mu)))
  expect_equal(unname(residuals(path, type = "working")), unname((y - mu) * (1 + exp(-predict(path)))))
  expect_equal(colSums(weights * residuals(path)^2), setNames(deviance(path), colnames(mu)), tolerance = 1e-8)
})

test_that("simulated counts have the softplus rates", {
  data <- softplus_session(6, 100)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), link = "softplus", n_lambda = 5)
  lambda <- path$lambda[4]
  draws <- as.matrix(simulate(path, nsim = 2000, seed = 1, lambda = lambda))
  mu <- fitted(path, lambda = lambda)[, 1]
  expect_lt(max(abs(rowMeans(draws) - mu) / sqrt(mu / 2000)), 4.5)
  again <- with_local_seed(1, {
    set.seed(1, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
    rpois(100, mu)
  })
  expect_identical(unname(draws[, 1]), again)
})

test_that("a softplus tuning curve is the mean rate with the covariate set to a value", {
  data <- softplus_session(7, 80)
  offset <- with_local_seed(7, rnorm(80, sd = 0.5))
  weights <- with_local_seed(8, sample(c(0, 0.5, 2), 80, TRUE))
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), link = "softplus", n_lambda = 8,
                      offset = offset, weights = weights)
  lambda <- path$lambda[6]
  brute <- function(name, values) {
    size <- if (is.null(dim(values))) length(values) else nrow(values)
    vapply(seq_len(size), function(i) {
      set <- data$covariates
      set[[name]] <- if (is.null(dim(values))) values[rep(i, 80)] else values[rep(i, 80), , drop = FALSE]
      eta <- predict(path, set, lambda = lambda, offset = offset)[, 1]
      sum(weights * oracle_rate(eta, "softplus")) / sum(weights)
    }, 0)
  }
  for (name in c("position", "phase", "arm", "trend")) {
    curve <- tuning_curve(path, name, lambda = lambda, n = 9)
    expect_equal(curve$rate, brute(name, curve[[name]]), tolerance = 1e-10, label = name)
  }
  curve <- tuning_curve(path, "place", lambda = lambda, n = 20)
  expect_equal(curve$rate, brute("place", as.matrix(curve[c("x", "y")])), tolerance = 1e-10)
  out <- tuning_curve(path, "speed", lambda = path$lambda_max, n = 3)
  expect_equal(out$rate, rep(sum(weights * fitted(path)[, 1]) / sum(weights), 3))
  expect_identical(is.na(tuning_curve(path, "position", lambda = lambda, at = c(1, NA))$rate), c(FALSE, TRUE))
})

test_that("a silent neuron has a softplus rate of 0", {
  data <- softplus_session(8, 60)
  seen <- watch(group_lasso(data$covariates, numeric(60), mixed_bases(), link = "softplus", n_lambda = 4))
  expect_true("neurolasso_silent" %in% unlist(lapply(seen$warnings, class)))
  path <- seen$value
  expect_identical(range(fitted(path)), c(0, 0))
  expect_identical(range(residuals(path, type = "working")), c(0, 0))
  expect_identical(range(tuning_curve(path, "position", lambda = 0.5)$rate), c(0, 0))
  expect_identical(path$null_deviance, 0)
  expect_true(all(simulate(path, seed = 1, lambda = 0.5) == 0))
  expect_identical(path$n_rounds, 0L)
})

test_that("one spike, an outlier, counts that aren't whole and constant counts have softplus answers", {
  x <- with_local_seed(9, list(a = rnorm(200), b = rnorm(200)))
  y <- with_local_seed(10, rpois(200, oracle_rate(0.5 * x$a, "softplus")))
  fit <- function(counts, ...) {
    suppressWarnings(group_lasso(x, counts, basis_bspline(6), link = "softplus", n_lambda = 10, ...))
  }
  for (how in scalings) {
    for (counts in list(replace(numeric(200), 9, 1), replace(y, 7, 1e4), y + 0.5, y * 1e-9)) {
      path <- fit(counts, standardize = how)
      expect_finite_path(path)
      expect_true(all(path$converged))
    }
    constant <- watch(group_lasso(x, rep(2, 200), basis_bspline(6), link = "softplus", standardize = how,
                                  n_lambda = 4))
    expect_true("neurolasso_no_signal" %in% unlist(lapply(constant$warnings, class)))
    expect_equal(unique(as.vector(fitted(constant$value))), 2, tolerance = 1e-6)
  }
})

test_that("separation is noticed with the softplus link, and only separation", {
  f <- factor(rep(1:2, 40))
  seen <- watch(group_lasso(list(f = f), rep(c(0, 1), 40), link = "softplus", lambda = c(0.05, 0)))
  expect_true("neurolasso_separation" %in% unlist(lapply(seen$warnings, class)))
  d <- softplus_problem("plain", 3)
  expect_length(watch(fit_softplus(d, lambda = 0))$warnings, 0)
  # an offset that silences bins is not separation
  silenced <- group_lasso(list(x = sin(1:80)), rep(c(0, 2, 0, 1), 20), offset = rep(c(-30, 0), 40),
                          link = "softplus", lambda = 0)
  expect_true(silenced$converged)
})

test_that("the link is printed where it isn't log, checked, and kept in a file", {
  data <- softplus_session(9, 100)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), link = "softplus", n_lambda = 4)
  expect_output(print(path), "link = \"softplus\"", fixed = TRUE)
  expect_output(print(summary(path)), "link = \"softplus\"", fixed = TRUE)
  plain <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 4)
  expect_identical(plain$link, "log")
  expect_false(any(grepl("link =", capture.output(print(plain)), fixed = TRUE)))
  for (bad in list("exp", 1, NA, NULL, c("log", "log"))) {
    expect_refused(group_lasso(data$covariates, data$counts, link = bad), "link", "`link`",
                   "\"log\", \"softplus\"")
  }
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(path, file)
  expect_identical(fitted(readRDS(file)), fitted(path))
  expect_silent(plot_to_nowhere(path))
})
