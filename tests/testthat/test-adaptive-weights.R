test_that("adaptive weights are inverse norms for the size of a group, the strongest 1", {
  session <- small_session(3, duration = 100)
  cv <- cv_group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 15, adaptive = FALSE)
  path <- cv$path
  at <- which(path$lambda == cv$lambda_min)
  relative <- path$group_weights / path$group_norms[, at]
  expect_equal(adaptive_weights(cv), pmin(relative / min(relative), 1000))
  expect_equal(adaptive_weights(cv, power = 2, most = 50), pmin((relative / min(relative))^2, 50))
  relative <- path$group_weights / path$group_norms[, 15]
  expect_equal(adaptive_weights(path), pmin(relative / min(relative), 1000))
  # the weights that a cross-validation has learned itself are undone
  second <- cv_group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 15)
  relative <- path$group_weights / second$path$group_norms[, second$lambda == second$lambda_min]
  expect_equal(adaptive_weights(second), pmin(relative / min(relative), 1000))
  # what is out gets the largest weight, what is free stays free
  expect_true(all(adaptive_weights(path, path$lambda[1]) == 1000))
  free <- group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 5,
                      group_weights = c(0, 1, 1, 1))
  expect_identical(adaptive_weights(free)[["position"]], 0)
  again <- group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 5,
                       group_weights = adaptive_weights(cv))
  expect_true(all(again$converged))
  expect_refused(adaptive_weights(path, power = -1), "power", "at least 0")
  expect_refused(adaptive_weights(1), "object", "group_lasso")
})
