test_that("the search follows held-out scores and the signed-rank test", {
  d <- with_local_seed(1, {
    x <- list(a = rnorm(900), b = rnorm(900), c = rnorm(900))
    list(x = x, y = rpois(900, exp(0.6 * x$a + 0.5 * x$b - 0.5)))
  })
  folds <- rep(rep(1:10, each = 15), 6)
  path <- group_lasso(d$x, d$y, standardize = "none", n_lambda = 10)
  came <- forward_selection(path, folds = folds)
  lambda <- min(path$lambda)
  by_hand <- function(names) {
    vapply(1:10, function(k) {
      train <- folds != k
      fit <- group_lasso(lapply(d$x[names], `[`, train), d$y[train], lambda = lambda, standardize = "none")
      mu <- predict(fit, lapply(d$x[names], `[`, !train), type = "response")[, 1]
      y <- d$y[!train]
      (sum(dpois(y, mu, TRUE)) - sum(dpois(y, mean(d$y[train]), TRUE))) / log(2) / sum(y)
    }, 0)
  }
  first <- vapply(names(d$x), function(name) by_hand(name), double(10))
  expect_equal(came$scores[[1]], first, tolerance = 1e-5)
  expect_identical(came$steps$covariate[1], names(which.max(colMeans(first))))
  expect_equal(came$steps$p[1],
               wilcox.test(first[, came$steps$covariate[1]], alternative = "greater")$p.value)
  second <- by_hand(c("a", "b")) - first[, came$steps$covariate[1]]
  expect_equal(came$steps$gain[2], mean(second), tolerance = 1e-4)
  expect_equal(came$steps$p[2], wilcox.test(second, alternative = "greater")$p.value)
  expect_setequal(came$selected, c("a", "b"))
  expect_identical(selected(came), came$selected)
  expect_output(print(came), "Selected: a, b", fixed = TRUE)
  cv <- cv_group_lasso(path, folds = folds)
  expect_identical(forward_selection(cv)$scores, came$scores)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(plot(came), came)
})

test_that("noise, silence and few folds select nothing", {
  d <- with_local_seed(2, list(x = list(a = rnorm(400), b = rnorm(400)), y = rpois(400, 1)))
  path <- group_lasso(d$x, d$y, basis_bspline(4), n_lambda = 5)
  expect_identical(forward_selection(path)$selected, character())
  silent <- suppressWarnings(group_lasso(d$x, 0 * d$y, n_lambda = 5))
  came <- forward_selection(silent)
  expect_identical(came$selected, character())
  expect_output(print(came), "none")
  expect_refused(forward_selection(path, alpha = 2), "alpha", "between")
  expect_refused(forward_selection(path, folds = 1:3), "folds", "one value per bin")
})

test_that("folds too few for the test are noticed", {
  session <- simulate_session(120, encodes = "position", seed = 1)
  path <- group_lasso(session$covariates["position"], session$counts, basis = basis_bspline(5), n_lambda = 10)
  expect_warning(came <- forward_selection(path, n_folds = 4), "no p-value below 0.062", class = "neurolasso_few_folds")
  expect_length(selected(came), 0)
  expect_identical(selected(expect_no_warning(forward_selection(path, n_folds = 5))), "position")
})
