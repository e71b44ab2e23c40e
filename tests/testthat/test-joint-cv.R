# Cross-validation of neurons that share groups: against cross-validation of one, the conditions of the joint
# problem of every fold, and the sums of what the neurons say.

cv_joint_neurons <- function() {
  d <- many_neurons(5)
  d$counts[31:90, 2] <- NA
  d$counts[, 4] <- 0
  d
}

drawn <- function(expr) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expr
}

test_that("with a set for each neuron it is the neurons' own cross-validation", {
  d <- many_neurons(3)
  weights <- rep(1:2, length.out = nrow(d$counts))
  folds <- rep(1:3, each = 50, length.out = nrow(d$counts))
  lambda <- exp(seq(log(0.1), log(0.002), length.out = 7))
  for (adaptive in c(TRUE, FALSE)) {
    cv <- cv_many(d, neurons = as.list(colnames(d$counts)), lambda = lambda, folds = folds, weights = weights,
                  adaptive = adaptive)
    expect_s3_class(cv, "group_lasso_joint_cv")
    for (k in 1:3) {
      alone <- cv_group_lasso(d$covariates, d$counts[, k], session_bases(), lambda = lambda, folds = folds,
                              weights = weights, adaptive = adaptive, progress = FALSE)
      expect_equal(cv[[k]]$adaptive, alone$adaptive, tolerance = 1e-4)
      for (part in c("cv_mean", "cv_se", "score")) expect_equal(cv[[k]][[part]], alone[[part]], tolerance = 1e-4)
      expect_identical(c(cv[[k]]$lambda_min, cv[[k]]$lambda_1se), c(alone$lambda_min, alone$lambda_1se))
      expect_equal(cv[[k]]$path$group_norms, alone$path$group_norms, tolerance = 1e-4)
    }
  }
})

test_that("the fits of folds satisfy the conditions of the joint problem of their bins", {
  d <- cv_joint_neurons()
  spiking <- d
  spiking$counts <- d$counts[, -4]
  folds <- rep(1:4, each = 40, length.out = nrow(d$counts))
  first <- fit_many(spiking, neurons = "joint", standardize = "none", lambda = c(0.05, 0.01, 0.003))
  problem <- neurolasso:::joint_problem(unclass(first))
  X <- as.matrix(expand_covariates(d$covariates, session_bases()))
  size <- vapply(unclass(first)$groups, length, 1L)
  groups <- lapply(unname(unclass(first)$groups), function(columns) rep(list(columns), 4))
  expect_identical(sum(size), ncol(X))
  for (k in 1:4) {
    train <- folds != k
    part <- list(train = train, held = !train)
    fits <- neurolasso:::fit_joint_problem(neurolasso:::in_fold(problem, part),
                                           neurolasso:::lambda_request(first[[1]]$lambda), FALSE)
    check <- joint_problem(X, spiking$counts, groups, "none", weights = as.numeric(train))
    for (l in 1:3) {
      beta <- vapply(fits, function(fit) fit$coefficients[, l], double(ncol(X)))
      intercept <- vapply(fits, function(fit) fit$intercept[l], 0)
      expect_lt(joint_residual(check, intercept, beta, fits[[1]]$lambda[l]), 3e-6)
    }
  }
})

test_that("the penalty of a set is chosen by what all its neurons say", {
  d <- cv_joint_neurons()
  cv <- suppressWarnings(cv_many(d, neurons = "joint", gap = 1))
  together <- unclass(cv)$together[[1]]
  expect_identical(together$neurons, names(cv))
  gain <- Reduce(`+`, lapply(c(1:3, 5), function(k) (cv[[k]]$loglik - cv[[k]]$held_out$null) / log(2)))
  spikes <- Reduce(`+`, lapply(c(1:3, 5), function(k) cv[[k]]$held_out$spikes))
  expect_equal(together$score, gain / spikes, tolerance = 1e-12)
  expect_equal(together$cv_mean, colSums(gain) / sum(spikes), tolerance = 1e-12)
  best <- which.max(together$cv_mean)
  expect_identical(together$lambda_min, together$lambda[best])
  within <- together$cv_mean >= together$cv_mean[best] - together$cv_se[best]
  expect_identical(together$lambda_1se, together$lambda[which(within)[1]])
  for (k in c(1:3, 5)) {
    expect_identical(cv[[k]]$lambda_1se, together$lambda_1se)
    expect_lte(max(cv[[k]]$kkt), 1e-6 * (1 + 1e-9))
  }
  active <- selected(cv)[, -4]
  expect_true(all(rowSums(active) %in% c(0, 4)))
  expect_false(any(selected(cv)[, 4]))
  # held-out bins of a neuron are those in which its counts are known
  expect_identical(sum(cv[[2]]$held_out$bins), sum(!is.na(d$counts[, 2])))
  table <- summary(cv)$together
  expect_identical(table$lambda_1se, together$lambda_1se)
  expect_identical(table$neurons, 5L)
  expect_output(print(cv), "together \\(5 neurons\\): .* held-out bits/spike")
  expect_identical(cv[c(3, 1)][[1]]$lambda_min, together$lambda_min)
})

test_that("a joint population is cross-validated as it is, sets by themselves, masks as sets", {
  d <- many_neurons(4)
  first <- fit_many(d, neurons = list(c(1, 3), c(2, 4)), group_weights = c(0.5, 1, 1, 1))
  cv <- cv_group_lasso(first, n_folds = 3, adaptive = FALSE)
  expect_identical(cv[[1]]$lambda, first[[1]]$lambda)
  expect_equal(coef(cv, lambda = first[[1]]$lambda[4]), coef(first, lambda = first[[1]]$lambda[4]), tolerance = 1e-4)
  expect_identical(vapply(unclass(cv)$together, function(one) one$neurons, character(2)),
                   matrix(colnames(d$counts)[c(1, 3, 2, 4)], 2))
  expect_identical(cv[[1]]$lambda_min, cv[[3]]$lambda_min)
  free <- fit_many(d, neurons = "joint", group_weights = c(0, 1, 1, 1))
  expect_equal(max(cv_group_lasso(free, n_folds = 3)[[1]]$path$group_weights[1]), 0)
  p <- length(unclass(expand_covariates(d$covariates, session_bases()))$columns)
  mask <- array(0, c(2, p, 4))
  mask[1, 1:3, 1:2] <- mask[2, 4:p, 3:4] <- 1
  masked <- cv_many(d, groups = mask, adaptive = TRUE)
  expect_length(unclass(masked)$together, 2)
  expect_true(all(is.finite(unclass(masked)$together[[2]]$cv_mean)))
})

test_that("folds that go out to workers give the same", {
  d <- many_neurons(3)
  here <- cv_many(d, neurons = "joint")
  there <- with_workers(cv_many(d, neurons = "joint"))
  expect_identical(unclass(there)$held_out, unclass(here)$held_out)
  expect_identical(unclass(there)$together, unclass(here)$together)
})

test_that("its picture is that of the score, or of the neurons", {
  d <- many_neurons(3)
  cv <- cv_many(d, neurons = list(c(1, 2)))
  expect_identical(drawn(plot(cv)), cv)
  expect_identical(drawn(plot(cv, set = 2, main = "one")), cv)
  expect_named(drawn(plot(cv, type = "neurons")), c("entry", "share", "sizes", "neurons"))
  expect_refused(drawn(plot(cv, set = 3)), "set")
  expect_refused(drawn(plot(cv, type = "moods")), "type")
  expect_refused(cv_many(d, neurons = "joint", checkpoint = tempfile()), "checkpoint")
})
