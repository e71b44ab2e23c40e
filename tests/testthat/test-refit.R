# Refits against glm() and a sandwich written out term by term.

refit_case <- function(seed = 1, n = 500) {
  with_local_seed(seed, {
    z <- as.numeric(stats::filter(rnorm(n), 0.8, "recursive"))
    covariates <- list(a = cbind(x = z, y = rnorm(n)), b = rnorm(n), c = rnorm(n))
    o <- rnorm(n, sd = 0.3)
    list(covariates = covariates, offset = o, counts = rpois(n, exp(0.5 * z - 0.6 * covariates$b + o)))
  })
}

# sum over lags h of (1 - |h| / (lag + 1)) sum_t u_t u_(t - h)', within sessions
oracle_long_run <- function(U, lag, session = rep(1, nrow(U))) {
  total <- 0
  for (s in unique(session)) {
    u <- U[session == s, , drop = FALSE]
    total <- total + crossprod(u)
    for (h in seq_len(min(lag, nrow(u) - 1))) {
      cross <- crossprod(u[-seq_len(h), , drop = FALSE], u[seq_len(nrow(u) - h), , drop = FALSE])
      total <- total + (1 - h / (lag + 1)) * (cross + t(cross))
    }
  }
  total
}

test_that("a refit is glm() on the selected columns, with Bartlett's sandwich", {
  d <- refit_case()
  session <- rep(1:3, c(200, 180, 120))
  path <- group_lasso(d$covariates, d$counts, offset = d$offset, session = session, n_lambda = 20)
  lambda <- path$lambda[8]
  expect_setequal(selected(path, lambda), c("a", "b"))
  X <- cbind(d$covariates$a, d$covariates$b)
  fit <- glm(d$counts ~ X, family = poisson, offset = d$offset, control = glm.control(epsilon = 1e-13))
  for (lag in c(0, 1, 6, 40)) {
    again <- refit(path, lambda, lag)
    expect_equal(unname(coef(again)[1:4, 1]), unname(coef(fit)), tolerance = 1e-5)
    expect_identical(unname(coef(again)[5, 1]), 0)
    Z <- cbind(1, X)
    mu <- fitted(fit)
    bread <- solve(crossprod(Z * mu, Z))
    V <- bread %*% oracle_long_run(Z * (d$counts - mu), lag, session) %*% bread
    expect_equal(unname(vcov(again)), unname(V), tolerance = 1e-5)
    b <- coef(fit)[2:3]
    wald <- sum(b * solve(V[2:3, 2:3], b))
    expect_equal(again$table["a", "wald"], wald, tolerance = 1e-5)
    nu <- 1.5 * 500 / (lag + 1)
    expect_equal(again$table["a", "p_wald"], pf(wald * (nu - 1) / (2 * nu), 2, nu - 1, lower.tail = FALSE),
                 tolerance = 1e-4)
  }
  without <- glm(d$counts ~ d$covariates$b, family = poisson, offset = d$offset)
  expect_equal(again$table["a", "lr"], deviance(without) - deviance(fit), tolerance = 1e-5)
  expect_equal(again$table["a", "p_lr"], pchisq(deviance(without) - deviance(fit), 2, lower.tail = FALSE))
  expect_identical(again$table$df, c(2L, 1L))
  expect_equal(deviance(again), deviance(fit), tolerance = 1e-8)
  expect_equal(BIC(again), BIC(fit), tolerance = 1e-8)
  expect_equal(unname(predict(again, lapply(d$covariates, function(x) if (is.matrix(x)) x[1:3, ] else x[1:3]),
                              offset = d$offset[1:3])[, 1]), unname(predict(fit)[1:3]), tolerance = 1e-5)
})

test_that("stretches of rows give the sum of all at once", {
  with_local_seed(3, {
    Z <- matrix(rnorm(5 * 97), 97)
    w <- runif(97)
    f <- rnorm(97)
  })
  session <- factor(rep(1:2, c(60, 37)))
  for (lag in c(0, 3, 15)) {
    came <- neurolasso:::sum_over_rows(function(rows) Z[rows, ], 5, w, f, lag, session)
    expect_equal(came$M, oracle_long_run(Z * f, lag, session))
    expect_equal(came$H, crossprod(Z * w, Z))
    came <- neurolasso:::sum_over_rows(function(rows) Z[rows, ], 5, w, f, lag, session, stretch = 20)
    expect_equal(came$M, oracle_long_run(Z * f, lag, session))
    expect_equal(came$H, crossprod(Z * w, Z))
  }
})

test_that("bases that sum to one, weights, softplus: fitted values and ranks are right", {
  session <- small_session(5, duration = 100)
  v <- with_local_seed(5, sample(c(0, 1, 2), length(session$counts), TRUE))
  for (link in c("log", "softplus")) {
    cv <- cv_group_lasso(session$covariates, session$counts, session_bases(), weights = v, link = link,
                         n_lambda = 20)
    again <- suppressWarnings(refit(cv))
    chosen <- selected(cv)
    X <- do.call(cbind, as.list(expand_covariates(session$covariates, session_bases()))[chosen])
    wanted <- if (link == "log") {
      ok <- qr(cbind(1, X), tol = 1e-9)
      X1 <- cbind(1, X)[, ok$pivot[seq_len(ok$rank)]]
      suppressWarnings(glm.fit(X1, session$counts, weights = v, family = poisson(),
                               control = glm.control(epsilon = 1e-14, maxit = 100)))$linear.predictors
    } else {
      oracle_softplus_fit(X, session$counts, v = v)
    }
    busy <- v > 0 & wanted > -12
    expect_equal(unname(predict(again)[busy, 1]), wanted[busy], tolerance = 2e-3)
    expect_identical(again$df, qr(cbind(1, X)[v > 0, ])$rank)
    # the B-splines' sum is the intercept
    expect_identical(again$table["position", "df"], 5L)
  }
})

test_that("tuning curves of a refit have the band of its covariance", {
  d <- refit_case(7)
  path <- group_lasso(d$covariates, d$counts, basis_bspline(4), offset = d$offset, n_lambda = 20)
  again <- refit(path, path$lambda[8], lag = 5)
  curve <- tuning_curve(again, "b", n = 5)
  X <- columns_of(d$covariates$b, basis_bspline(4))
  grid <- oracle_bspline(curve$b, 4, bounds = range(d$covariates$b))
  D <- sweep(grid, 2, colMeans(X))
  names <- paste0("b.", 1:4)
  expect_equal(curve$se, sqrt(rowSums((D %*% vcov(again)[names, names]) * D)), tolerance = 1e-8)
  expect_equal(curve$upper - curve$effect, 1.959964 * curve$se, tolerance = 1e-6)
  expect_equal(curve$effect - curve$lower, curve$upper - curve$effect)
  out <- setdiff(c("b", "c"), rownames(again$table))
  if (length(out) > 0) expect_identical(unique(tuning_curve(again, out[1], n = 4)$se), 0)
})

test_that("robust statistics keep their level where neighbouring bins are correlated; likelihood ratios don't", {
  p <- vapply(1:60, function(seed) {
    d <- with_local_seed(seed, {
      slow <- function() as.numeric(stats::filter(rnorm(3000), 0.9, "recursive")) * 0.43
      list(x = list(a = slow()), y = rpois(3000, exp(slow() - 0.5)))
    })
    path <- group_lasso(d$x, d$y, group_weights = 0, lambda = 0)
    table <- refit(path)$table
    c(table$p_wald, table$p_lr)
  }, double(2))
  expect_lt(mean(p[1, ] < 0.05), 0.15)
  expect_gt(mean(p[2, ] < 0.05), 0.3)
})

test_that("an empty selection, a silent neuron and separation are no dead ends", {
  d <- refit_case(9)
  path <- group_lasso(d$covariates, d$counts, offset = d$offset, n_lambda = 5)
  empty <- refit(path, path$lambda[1])
  expect_identical(nrow(empty$table), 0L)
  expect_equal(unname(coef(empty)[1, 1]), log(sum(d$counts) / sum(exp(d$offset))))
  expect_output(print(empty), "constant rate")
  expect_identical(selected(empty, 0), character())
  silent <- suppressWarnings(group_lasso(d$covariates, 0 * d$counts, n_lambda = 3))
  expect_silent(again <- refit(silent, silent$lambda[2]))
  expect_identical(again$intercept, -Inf)
  # no spike for large b
  counts <- ifelse(d$covariates$b > 0.5, 0, d$counts)
  path <- group_lasso(list(b = d$covariates$b), counts, basis_bspline(6), n_lambda = 10)
  expect_warning(again <- refit(path, path$lambda[10]), class = "neurolasso_separation")
  expect_true(all(is.finite(again$vcov)))
  expect_output(print(again), "LR: takes bins for independent")
})

test_that("p-values are NA where a group has more columns than independent stretches", {
  d <- refit_case(10)
  path <- group_lasso(list(a = d$covariates$a[, 1]), d$counts, basis_bspline(8), n_lambda = 10)
  again <- suppressWarnings(refit(path, path$lambda[10], lag = 200))
  expect_true(is.na(again$table$p_wald))
  expect_refused(refit(path), "lambda", "one number")
  expect_refused(refit(path, path$lambda[3], lag = -1), "lag", "at least 0")
  expect_refused(refit(path, path$lambda[3], 4, 5), NULL, "no such argument")
})
