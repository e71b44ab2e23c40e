# Groups inside groups, each with a norm: overlap = "intersection".

nested_problem <- function(seed, n = 400) {
  with_local_seed(seed, {
    blocks <- list(a = matrix(rnorm(n * 6), n), b = 5 * matrix(rnorm(n * 4), n), c = matrix(rnorm(n * 3), n),
                   d = matrix(rnorm(n * 2), n))
    blocks$c[, 3] <- blocks$c[, 1] - blocks$c[, 2]
    blocks$b[, 2] <- 7
    list(blocks = blocks,
         counts = rpois(n, exp(0.5 * blocks$a[, 2] + 0.3 * blocks$a[, 3] - 0.06 * blocks$b[, 1])),
         weights = sample(c(0.5, 1, 2), n, replace = TRUE))
  })
}

# a, parts of it out of order, one nested further; b and c together, with parts across them; d alone
nested_sets <- list(a = 1:6, a23 = 2:3, a456 = c(6, 4, 5), a6 = 6, bc = 7:13, c = 11:13, odd = c(8, 10), d = 14:15)

fit_nested <- function(problem, ...) {
  group_lasso(problem$blocks, problem$counts, groups = nested_sets, overlap = "intersection",
              weights = problem$weights, ...)
}

test_that("solutions of nested groups are certified", {
  for (seed in 1:3) {
    problem <- nested_problem(seed)
    for (how in scalings) {
      for (share in list(c(0, 0), c(0.3, 0.2), c(0, 0.4))) {
        for (mult in list(NULL, c(0.5, 2, 1, 1.5, 1, 0.3, 1, 1))) {
          problem$mult <- mult
          path <- fit_nested(problem, standardize = how, lasso_share = share[1], ridge_share = share[2],
                             n_lambda = 8,
                             lambda_min_ratio = 0.02, group_weights = mult, link = if (seed == 3) "softplus" else "log")
          residuals <- path_terms_residuals(path, problem, nested_sets, at = c(2, 4, 8))
          expect_true(all(path$converged))
          expect_lt(max(residuals), 2e-6)
          expect_lt(max(abs(residuals - path$kkt[c(2, 4, 8)])), 1e-6)
        }
      }
    }
  }
})

test_that("the oracle sees what is not optimal", {
  problem <- nested_problem(1)
  path <- fit_nested(problem, n_lambda = 6)
  other <- nested_sets
  other$a23 <- NULL
  expect_lt(max(path_terms_residuals(path, problem, nested_sets)), 2e-6)
  expect_gt(max(path_terms_residuals(path, problem, other)), 1e-3)
})

test_that("a small problem has no better point", {
  problem <- nested_problem(2, 80)
  problem$blocks <- list(a = problem$blocks$a[, 1:4])
  sets <- list(all = 1:4, pair = 2:3, one = 4)
  path <- group_lasso(problem$blocks, problem$counts, groups = sets, overlap = "intersection",
                      weights = problem$weights, n_lambda = 5, control = precise())
  terms <- terms_of(problem$blocks, problem$weights, "calibrated", 0, 0, groups = sets)
  value <- function(x) {
    terms_objective(terms, problem$blocks, problem$counts, x[1], x[-1], path$lambda[3], v = problem$weights)
  }
  ours <- c(path$intercept[3], path$coefficients[, 3])
  x <- 0.9 * ours + 0.01
  for (again in 1:3) x <- stats::optim(x, value, control = list(maxit = 1500, reltol = 1e-15))$par
  expect_gt(value(x), value(ours) - 1e-11)
  expect_lt(value(x), value(ours) + 1e-3)
})

test_that("a column is in only with all of its groups, and norms and scores are those of named groups", {
  problem <- nested_problem(1)
  path <- fit_nested(problem, n_lambda = 20, standardize = "none")
  expect_identical(rownames(path$group_norms), names(nested_sets))
  for (g in names(nested_sets)) {
    norm <- sqrt(colSums(path$coefficients[nested_sets[[g]], , drop = FALSE]^2))
    expect_equal(unname(path$group_norms[g, ]), unname(norm))
    out <- path$group_norms[g, ] == 0
    expect_true(all(path$coefficients[nested_sets[[g]], out] == 0))
    # of a group without groups inside, out while the score is below lambda
    if (g %in% c("a23", "a6", "c", "odd", "d")) {
      around <- if (g %in% c("c", "odd")) "bc" else if (g == "a6") "a456" else if (g == "a23") "a" else g
      here <- out & path$group_norms[around, ] > 0
      expect_true(all(path$group_scores[g, here] <= path$lambda[here] * (1 + 2e-6)))
    }
  }
  # somewhere a group is in without one inside it
  expect_true(any(path$group_norms["a", ] > 0 & path$group_norms["a6", ] == 0))
  expect_equal(unname(path$group_weights), sqrt(lengths(nested_sets, use.names = FALSE)))
  expect_output(print(path), "groups inside groups")
  expect_output(print(summary(path)), "groups inside groups")
})

test_that("groups that lie apart are the group lasso, and singletons inside are the sparse group lasso", {
  problem <- nested_problem(3)
  apart <- list(a = "a", bc = c("b", "c"))
  expect_equal(
    answer(group_lasso(problem$blocks, problem$counts, groups = apart, overlap = "intersection",
                       n_lambda = 8)),
    answer(group_lasso(problem$blocks, problem$counts, groups = apart, n_lambda = 8))
  )
  X <- problem$blocks["a"]
  nested <- c(list(a = 1:6), as.list(1:6))
  tree <- group_lasso(X, problem$counts, groups = nested, overlap = "intersection", standardize = "none",
                      n_lambda = 8, group_weights = c(0.7, rep(0.3, 6)), control = precise())
  sparse <- group_lasso(X, problem$counts, standardize = "none", lasso_share = 0.3, lambda = tree$lambda,
                        control = precise())
  expect_equal(tree$coefficients, sparse$coefficients, tolerance = 1e-8)
  expect_equal(tree$lambda_max, sparse$lambda_max)
})

test_that("cross-validation, populations and refits know nested groups", {
  problem <- nested_problem(1)
  cv <- cv_group_lasso(problem$blocks, problem$counts, groups = nested_sets, overlap = "intersection",
                       n_lambda = 6, n_folds = 4)
  expect_lt(max(cv$kkt), 1e-6)
  population <- group_lasso(problem$blocks, cbind(a = problem$counts, b = rev(problem$counts)),
                            groups = nested_sets,
                            overlap = "intersection", n_lambda = 6, weights = problem$weights)
  alone <- fit_nested(problem, n_lambda = 6)
  expect_equal(population[["a"]]$coefficients, alone$coefficients, tolerance = 1e-4)
  expect_equal(population[["a"]]$group_weights, alone$group_weights)
  expect_lt(max(path_terms_residuals(population[["a"]], problem, nested_sets)), 2e-6)
  expect_lt(max(cv_group_lasso(population[["a"]], n_folds = 3, adaptive = FALSE)$kkt), 1e-6)
  both <- cbind(problem$counts, rev(problem$counts))
  others <- list(list(groups = nested_sets, overlap = "intersection"), list(lasso_share = 0.5),
                 list(ridge_share = 0.5))
  for (more in others) {
    joint <- error_of(do.call(group_lasso, c(list(problem$blocks, both, neurons = "joint"), more)))
    expect_s3_class(joint, "neurolasso_not_implemented")
  }
  lambda <- alone$lambda[3]
  fit <- refit(alone, lambda = lambda)
  expect_identical(coef(fit)[, 1] != 0, coef(alone, lambda = lambda)[, 1] != 0)
  expect_identical(rownames(fit$table), selected(alone, lambda = lambda))
  for (f in list(shift_control, forward_selection)) {
    expect_s3_class(error_of(f(alone)), "neurolasso_not_implemented")
  }
})

test_that("groups that cross are refused, and groups without a penalty of their own", {
  problem <- nested_problem(1)
  crossing <- function(...) group_lasso(problem$blocks, problem$counts, overlap = "intersection", ...)
  expect_input_error(crossing(groups = list(x = 1:3, y = 3:5)), "`x`, `y` share columns.*latent")
  expect_input_error(crossing(groups = nested_sets, group_weights = c(0, rep(1, 7))), "`group_weights`.*`a`")
  expect_input_error(fit_problem(problem, overlap = "both"), "`overlap` must be one of")
  expect_s3_class(crossing(groups = nested_sets, group_weights = c(rep(1, 7), 0), n_lambda = 4),
                  "group_lasso_path")
})
