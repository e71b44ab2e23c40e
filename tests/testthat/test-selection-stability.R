stability_case <- function(seed = 1, n = 1200) {
  with_local_seed(seed, {
    x <- list(a = rnorm(n), b = rnorm(n), c = rnorm(n))
    list(x = x, y = rpois(n, exp(0.8 * x$a + 0.1 * x$b - 0.5)))
  })
}

test_that("frequencies are counted over fits to halves of blocks", {
  d <- stability_case()
  path <- group_lasso(d$x, d$y, standardize = "none", n_lambda = 12)
  came <- selection_stability(path, n_pairs = 3, block = 50, seed = 4)
  halves <- with_local_seed(4, {
    set.seed(4, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
    neurolasso:::random_halves(rep(1L, 1200), 50, 3)
  })
  expect_length(halves, 6)
  counted <- Reduce(`+`, lapply(halves, function(half) {
    expect_identical(sum(half), 600L)
    expect_true(all(vapply(split(half, rep(1:24, each = 50)), function(b) length(unique(b)), 1L) == 1))
    alone <- group_lasso(lapply(d$x, `[`, half), d$y[half], standardize = "none", lambda = path$lambda)
    alone$group_norms > 0
  }))
  expect_equal(unname(came$frequency), unname(counted / 6))
  expect_identical(halves[[2]], !halves[[1]])
  expect_equal(came$spikes, vapply(halves, function(half) sum(d$y[half]), 0))
})

test_that("a strong covariate is stable, noise isn't; the seed decides", {
  d <- stability_case(2)
  cv <- cv_group_lasso(d$x, d$y, basis_bspline(5), n_lambda = 25)
  came <- selection_stability(cv, n_pairs = 8, seed = 1)
  expect_identical(selected(came)[1], "a")
  expect_false("c" %in% selected(came))
  expect_identical(selected(came, lambda = cv$lambda_1se), selected(came))
  expect_identical(selected(came, threshold = 0, lambda = 1e-9), names(d$x))
  expect_identical(selection_stability(cv, n_pairs = 8, seed = 1), came)
  expect_true(all(came$frequency >= 0 & came$frequency <= 1))
  by_path <- selection_stability(cv$path, n_pairs = 8, seed = 1)
  expect_identical(by_path$frequency, came$frequency)
  # the bound: shares where halves have few enough covariates in
  reach <- by_path$n_in <= sqrt((2 * 0.8 - 1) * 3 * 0.5)
  wanted <- names(which(apply(by_path$frequency[, reach, drop = FALSE], 1, max) >= 0.8))
  expect_identical(selected(by_path, 0.8, max_false = 0.5), wanted)
  expect_output(print(came), "16 halves of blocks")
  expect_output(print(by_path), "before others crowd in")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(plot(came), came)
})

test_that("bins with NA, sessions and silent halves stop nothing", {
  d <- stability_case(3, 400)
  d$x$a[20:40] <- NA
  d$y[1:320] <- 0
  path <- group_lasso(d$x, d$y, n_lambda = 6, session = rep(1:4, each = 100))
  came <- selection_stability(path, n_pairs = 4, block = 200, seed = 1)
  expect_true(all(is.finite(came$frequency)))
  expect_true(any(came$spikes == 0))
  expect_refused(selection_stability(path, n_pairs = 0), "n_pairs", "at least 1")
  expect_refused(selection_stability(path, block = 400), "block", "at most 200")
  expect_refused(selection_stability(d$x), "object", "cv_group_lasso")
  expect_refused(selected(came, threshold = 2), "threshold", "between 0 and 1")
})
