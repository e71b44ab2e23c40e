session_cv <- function(seed = 1, ..., n_lambda = 20) {
  session <- small_session(seed, duration = 120)
  cv_group_lasso(session$covariates, session$counts, session_bases(), n_lambda = n_lambda, ...)
}

test_that("methods answer as the path does at lambda_1se, or where they are told", {
  cv <- session_cv()
  path <- cv$path
  expect_lt(cv$lambda_min, cv$lambda_1se)
  for (lambda in list(NULL, "lambda_1se", "lambda_min", 0.03)) {
    at <- if (is.null(lambda)) cv$lambda_1se else if (is.character(lambda)) cv[[lambda]] else lambda
    expect_identical(coef(cv, lambda = lambda), coef(path, lambda = at))
    expect_identical(selected(cv, lambda = lambda), selected(path, lambda = at))
    expect_identical(fitted(cv, lambda = lambda), fitted(path, lambda = at))
    expect_identical(residuals(cv, lambda = lambda, type = "pearson"), residuals(path, at, "pearson"))
    expect_identical(tuning_curve(cv, "position", lambda), tuning_curve(path, "position", at))
    expect_identical(simulate(cv, 1, 2, lambda), simulate(path, 1, 2, at))
    new <- data.frame(position = c(5, 50), speed = 10, head_direction = 1, theta_phase = 2)
    expect_identical(predict(cv, new, lambda, type = "response"), predict(path, new, at, "response"))
    expect_identical(score(cv, new, c(0, 2), lambda = lambda), score(path, new, c(0, 2), lambda = at))
  }
  expect_identical(entry_order(cv), entry_order(path))
  expect_identical(nobs(cv), nobs(path))
  here <- which(path$lambda == cv$lambda_1se)
  expect_identical(deviance(cv), path$deviance[here])
  expect_equal(BIC(cv), BIC(path)[here])
  expect_refused(coef(cv, lambda = "best"), "lambda", "lambda_min")
})

test_that("score() of a cross-validation is that of all held-out bins", {
  cv <- session_cv(2)
  best <- which(cv$lambda == cv$lambda_min)
  expect_equal(unname(score(cv, lambda = "lambda_min")), cv$cv_mean[best])
  # deviance explained from the log-likelihoods
  base <- cv$held_out
  wanted <- sum(cv$loglik[, best] - base$null) / sum(base$best - base$null)
  expect_equal(unname(score(cv, metric = "cohen", lambda = "lambda_min")), wanted)
  y <- cv$path$counts
  mcfadden <- 1 - (sum(cv$loglik[, best]) - sum(lgamma(y + 1))) / (sum(base$null) - sum(lgamma(y + 1)))
  expect_equal(unname(score(cv, metric = "mcfadden", lambda = "lambda_min")), mcfadden)
})

test_that("print and summary tell folds, scores and covariates", {
  cv <- session_cv(3, gap = 4)
  expect_output(print(cv), "10 folds: interleaved blocks of 48 bins, with gaps of 4 bins", fixed = TRUE)
  expect_output(print(cv), paste(selected(cv), collapse = ", "), fixed = TRUE)
  s <- summary(cv)
  expect_identical(s$table$lambda, c(cv$lambda_min, cv$lambda_1se))
  expect_identical(s$table$bits_per_spike, cv$cv_mean[match(s$table$lambda, cv$lambda)])
  expect_identical(rownames(s$covariates)[s$covariates$at_1se],
                   intersect(names(entry_order(cv)), selected(cv)))
  expect_true(all(s$covariates$folds_at_min >= 0 & s$covariates$folds_at_min <= 10))
  expect_output(print(s), "folds_at_1se")
  expect_output(print(with_local_seed(1, session_cv(3, folds = "random"))), "at random")
})

test_that("the plot marks both lambdas and can be drawn for any cross-validation", {
  cv <- session_cv(4)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_invisible(plot(cv))
  expect_identical(plot(cv, folds = TRUE, main = "a", xlim = c(0.001, 1), ylim = c(-1, 1)), cv)
  expect_identical(plot(session_cv(4, lambda = 0.05))$lambda, 0.05)
  session <- small_session(4)
  silent <- suppressWarnings(cv_group_lasso(session$covariates, 0 * session$counts, session_bases(),
                                            n_lambda = 3))
  expect_refused(plot(silent), "x", "nothing to plot")
})
