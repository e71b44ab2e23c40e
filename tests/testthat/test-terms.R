# Sparse-group and ridge penalties: certificates from their definition, limits, and who carries them along.

shares <- list(c(0.5, 0), c(1, 0), c(0.05, 0.3), c(0, 0.5), c(0.9, 0.9))

fit_shares <- function(problem, share, ...) {
  fit_problem(problem, lasso_share = share[1], ridge_share = share[2], ...)
}

# ---- certificates ----------------------------------------------------------------------------------

# Every kind at every scaling with every share; the two problems of a kind, with a link each, take turns.
for (kind in problem_kinds) {
  test_that(paste("solutions with other terms are certified:", kind), {
    number <- match(kind, problem_kinds)
    problems <- lapply(1:2, function(seed) random_problem(kind, 100 * number + seed))
    at <- c(3, 8)
    for (i in seq_along(scalings)) {
      for (j in seq_along(shares)) {
        turn <- 1 + (number + i + j) %% 2
        link <- c("log", "softplus")[turn]
        path <- fit_shares(problems[[turn]], shares[[j]], standardize = scalings[i], n_lambda = 8, link = link)
        said <- paste(c(scalings[i], shares[[j]], link), collapse = " ")
        expect_certified(path, path_terms_residuals(path, problems[[turn]], at = at), at, said)
        expect_finite_path(path)
      }
    }
  })
}

test_that("the oracle sees what is not optimal", {
  problem <- random_problem("plain", 3)
  path <- fit_shares(problem, c(0.4, 0.2), n_lambda = 8)
  expect_lt(path_terms_residuals(path, problem, at = 6), 1e-6)
  moved <- path
  j <- which(path$coefficients[, 6] != 0)[2]
  moved$coefficients[j, 6] <- 1.001 * path$coefficients[j, 6]
  expect_gt(path_terms_residuals(moved, problem, at = 6), 1e-5)
  for (part in c("lasso_share", "ridge_share")) {
    other <- path
    other[[part]] <- 0.9 * path[[part]]
    expect_gt(path_terms_residuals(other, problem, at = 6), 1e-4)
  }
})

test_that("fewer bins than columns, collinear groups and weak penalties are certified", {
  narrow <- with_local_seed(3, {
    blocks <- lapply(1:15, function(i) matrix(rnorm(60 * 8), 60))
    names(blocks) <- paste0("g", 1:15)
    list(blocks = blocks, counts = rpois(60, exp(0.4 * blocks[[1]][, 1] - 0.3 * blocks[[2]][, 5])))
  })
  collinear <- with_local_seed(1, {
    z <- matrix(rnorm(1200), 400)
    blocks <- lapply(1:6, function(i) z + 1e-4 * matrix(rnorm(1200), 400))
    names(blocks) <- letters[1:6]
    list(blocks = blocks, counts = rpois(400, exp(0.3 * z[, 1])))
  })
  for (problem in list(narrow, collinear, random_problem("splines", 1))) {
    for (share in shares[1:3]) {
      path <- watch(fit_shares(problem, share, n_lambda = 8, lambda_min_ratio = 1e-3))$value
      expect_true(all(path$converged))
      expect_true(all(path_terms_residuals(path, problem) < 2e-6 + 1e-14 / path$lambda))
      expect_lt(max(path$n_passes), 60)
    }
  }
})

test_that("groups too large for eigenvectors are certified", {
  problem <- with_local_seed(4, {
    blocks <- list(a = matrix(rnorm(500 * 270), 500), b = matrix(rnorm(500 * 5), 500))
    list(blocks = blocks, counts = rpois(500, exp(0.3 * blocks$a[, 1] - 0.3 * blocks$b[, 5])))
  })
  path <- fit_shares(problem, c(0.5, 0.2), n_lambda = 6, lambda_min_ratio = 0.2)
  expect_true(all(path$converged))
  expect_lt(max(path_terms_residuals(path, problem)), 2e-6)
})

test_that("no point is better on a small problem", {
  problem <- random_problem("weights", 11)
  problem$blocks <- lapply(problem$blocks[1:3], function(X) X[, seq_len(min(2, ncol(X))), drop = FALSE])
  for (share in shares[c(1, 3)]) {
    path <- fit_shares(problem, share, standardize = "group", n_lambda = 5, control = precise())
    terms <- terms_of(problem$blocks, problem$weights, "group", share[1], share[2])
    value <- function(x) {
      terms_objective(terms, problem$blocks, problem$counts, x[1], x[-1], path$lambda[4], problem$offset,
                      problem$weights)
    }
    ours <- c(path$intercept[4], path$coefficients[, 4])
    best <- with_local_seed(1, {
      min(vapply(1:2, function(i) {
        x <- 0.9 * ours + rnorm(length(ours), sd = 0.1 * (i > 1))
        for (again in 1:2) x <- stats::optim(x, value, control = list(maxit = 1000, reltol = 1e-15))$par
        value(x)
      }, 0))
    })
    expect_gt(best, value(ours) - 1e-11)
    expect_lt(best, value(ours) + 1e-3)
  }
})

# ---- what is in ------------------------------------------------------------------------------------

test_that("lambda_max is where the first group enters", {
  for (seed in 1:4) {
    problem <- random_problem("plain", seed)
    n <- length(problem$counts)
    null <- log(mean(problem$counts))
    zero <- numeric(sum(vapply(problem$blocks, ncol, 1L)))
    for (share in shares) {
      path <- fit_shares(problem, share, n_lambda = 3)
      terms <- terms_of(problem$blocks, rep(1, n), "calibrated", share[1], share[2])
      at <- function(lambda) terms_residual(terms, problem$blocks, problem$counts, null, zero, lambda)
      expect_lt(at(path$lambda_max), 1e-10)
      expect_gt(at(path$lambda_max * (1 - 1e-6)), 1e-8)
      expect_equal(path$lambda[1], path$lambda_max)
      expect_true(all(path$group_norms[, 1] == 0))
      expect_equal(max(path$group_scores[, 1]), path$lambda_max)
    }
  }
})

test_that("columns inside a group drop out exactly, and groups as a whole", {
  problem <- random_problem("plain", 5)
  path <- fit_shares(problem, c(0.6, 0))
  some <- vapply(path$groups, function(g) {
    n_in <- colSums(path$coefficients[g, , drop = FALSE] != 0)
    any(n_in > 0 & n_in < length(g))
  }, TRUE)
  expect_true(any(some))
  for (g in names(path$groups)) {
    is_in <- colSums(path$coefficients[path$groups[[g]], , drop = FALSE] != 0) > 0
    expect_identical(is_in, unname(path$group_norms[g, ] > 0))
    # out where the score is below lambda
    expect_true(all(path$group_scores[g, !is_in] <= path$lambda[!is_in] * (1 + 2e-6)))
  }
})

test_that("shares of 0 are the group lasso", {
  problem <- random_problem("splines", 2)
  expect_identical(answer(fit_shares(problem, c(0, 0))), answer(fit_problem(problem)))
})

test_that("degrees of freedom: of the lasso those that are in, of the others the trace", {
  problem <- random_problem("plain", 6)
  lasso <- fit_shares(problem, c(1, 0), standardize = "none", n_lambda = 10)
  expect_equal(lasso$df, 1 + colSums(lasso$coefficients != 0), tolerance = 1e-6)
  share <- c(0.4, 0.3)
  path <- fit_shares(problem, share, standardize = "none", lambda = 0.05)
  terms <- terms_of(problem$blocks, rep(1, length(problem$counts)), "none", share[1], share[2])
  X <- cbind(1, do.call(cbind, problem$blocks))
  beta <- path$coefficients[, 1]
  P <- matrix(0, ncol(X), ncol(X))
  for (g in terms) {
    at <- 1 + g$columns
    for (s in g$norms) {
      u <- beta[g$columns[s$at]]
      size <- sqrt(sum(u^2))
      if (size > 0) P[at[s$at], at[s$at]] <- P[at[s$at], at[s$at]] +
        0.05 * s$weight / size * (diag(length(u)) - tcrossprod(u / size))
    }
    P[at, at] <- P[at, at] + 0.05 * g$ridge * diag(length(at))
  }
  H <- crossprod(X * sqrt(exp(as.numeric(X %*% c(path$intercept, beta))) / nrow(X)))
  on <- c(TRUE, beta != 0)
  expect_equal(path$df, sum(diag(solve(H[on, on] + P[on, on], H[on, on]))), tolerance = 0.02)
})

# ---- limits and peers ------------------------------------------------------------------------------

test_that("lasso_share = 1 is glmnet's lasso", {
  skip_if_not_installed("glmnet")
  problem <- random_problem("offset", 7)
  X <- do.call(cbind, problem$blocks)
  for (how in c("none", "group")) {
    path <- fit_shares(problem, c(1, 0), standardize = how, n_lambda = 8, lambda_min_ratio = 0.05,
                       control = precise())
    peer <- glmnet::glmnet(X, problem$counts, "poisson", lambda = path$lambda, offset = problem$offset,
                           standardize = how == "group", thresh = 1e-16, maxit = 1e6)
    expect_equal(unname(as.matrix(peer$beta)), unname(path$coefficients), tolerance = 1e-5)
    expect_identical(unname(as.matrix(peer$beta) != 0)[, -1], unname(path$coefficients != 0)[, -1])
  }
})

test_that("groups of one column with a ridge are glmnet's elastic net", {
  skip_if_not_installed("glmnet")
  problem <- random_problem("offset", 7)
  X <- do.call(cbind, problem$blocks)
  columns <- lapply(seq_len(ncol(X)), function(j) X[, j])
  names(columns) <- paste0("x", seq_along(columns))
  for (ridge in c(0.3, 0.95)) {
    path <- group_lasso(columns, problem$counts, offset = problem$offset, standardize = "none",
                        ridge_share = ridge, n_lambda = 8, control = precise())
    peer <- glmnet::glmnet(X, problem$counts, "poisson", lambda = path$lambda, offset = problem$offset,
                           standardize = FALSE, alpha = 1 - ridge, thresh = 1e-16, maxit = 1e6)
    expect_equal(unname(as.matrix(peer$beta)), unname(path$coefficients), tolerance = 1e-5)
    # a lasso share changes nothing for groups of one
    same <- group_lasso(columns, problem$counts, offset = problem$offset, standardize = "none",
                        ridge_share = ridge, lasso_share = 0.5, lambda = path$lambda, control = precise())
    expect_equal(same$coefficients, path$coefficients, tolerance = 1e-7)
  }
})

# ---- who carries the shares ------------------------------------------------------------------------

test_that("cross-validation, stability and populations fit the same penalty", {
  problem <- random_problem("plain", 9)
  share <- c(0.5, 0.2)
  cv <- cv_group_lasso(problem$blocks, problem$counts, lasso_share = share[1], ridge_share = share[2],
                       n_lambda = 8, n_folds = 4, adaptive = FALSE, control = precise(1e-8))
  expect_true(all(cv$converged))
  train <- as.numeric(cv$folds != 2)
  problem_of <- path_problem(cv$path)
  fold <- fit_weightings(problem_of, list(problem_of$v * train), lambda_request(cv$lambda), FALSE)[[1]]
  # scales are those of all bins, as documented
  terms <- terms_of(problem$blocks, rep(1, length(train)), "calibrated", share[1], share[2])
  for (l in c(3, 8)) {
    expect_lt(terms_residual(terms, problem$blocks, problem$counts, fold$intercept[l], fold$coefficients[, l],
                             cv$lambda[l], v = train), 1e-7)
  }
  population <- group_lasso(problem$blocks, cbind(a = problem$counts, b = rev(problem$counts)),
                            lasso_share = share[1], ridge_share = share[2], n_lambda = 8)
  expect_s3_class(population[["a"]], "group_lasso_path")
  expect_identical(population[["a"]][c("lasso_share", "ridge_share")],
                   list(lasso_share = share[1], ridge_share = share[2]))
  expect_lt(max(path_terms_residuals(population[["b"]],
                                     c(problem["blocks"], list(counts = rev(problem$counts))))),
            2e-6)
  expect_output(print(population), "lasso share 0.5, ridge share 0.2")
  expect_output(print(cv$path), "lasso share 0.5, ridge share 0.2")
  expect_output(print(summary(cv$path)), "lasso share 0.5")
})

test_that("a second fit with adaptive weights and a refit follow a sparse-group path", {
  problem <- random_problem("plain", 10)
  path <- fit_shares(problem, c(0.5, 0), n_lambda = 10)
  problem$mult <- unname(adaptive_weights(path))
  second <- fit_shares(problem, c(0.5, 0), n_lambda = 10)
  expect_lt(max(path_terms_residuals(second, problem)), 2e-6)
  fit <- refit(path, lambda = path$lambda[5])
  expect_identical(rownames(fit$table), selected(path, lambda = path$lambda[5]))
})

test_that("shifted covariates are scored by the penalty as it is", {
  problem <- random_problem("plain", 12)
  for (share in list(c(0.5, 0.3), c(1, 0), c(0, 0.5))) {
    path <- fit_shares(problem, share, n_lambda = 5)
    of <- path_problem(path)
    g <- 2
    gradients <- with_local_seed(1, matrix(rnorm(20 * of$penalty$rank[g]), 20))
    weight <- of$penalty$weight[g]
    scores <- entry_scores(gradients, weight, of$penalty)
    left <- function(lambda) {
      single <- (1 - share[2]) * share[1] * weight / sqrt(ncol(gradients))
      z <- pmax(abs(gradients) - lambda * single, 0)
      sqrt(rowSums(z^2)) - lambda * weight * (1 - share[1]) * (1 - share[2])
    }
    expect_lt(max(abs(left(scores))), 1e-12)
    expect_gt(min(left(scores * (1 - 1e-6))), 0)
    expect_s3_class(shift_control(path, n_shifts = 19, min_shift = 5), "shift_control")
  }
})

test_that("shares that can't be used are refused", {
  problem <- random_problem("plain", 1)
  for (bad in list(-0.1, 1.1, NA, "a", c(0, 1), Inf)) {
    expect_input_error(fit_problem(problem, lasso_share = bad), "`lasso_share` must be one finite number")
    expect_input_error(fit_problem(problem, ridge_share = bad), "`ridge_share` must be one finite number")
  }
  expect_input_error(fit_problem(problem, ridge_share = 1), "`ridge_share` must be below 1")
})
