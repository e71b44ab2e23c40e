interleaved <- function(session, block, n_folds) neurolasso:::interleaved_folds(session, block, n_folds)

test_that("interleaved folds are blocks in turn, equally many for each fold", {
  id <- interleaved(rep(1L, 1000), 20, 5)
  expect_identical(id, rep(rep(1:5, each = 20), 10))
  for (n in c(997, 1013, 4001)) {
    id <- interleaved(rep(1L, n), 37, 6)
    runs <- rle(id)
    expect_identical(runs$values, rep_len(1:6, length(runs$values)))
    expect_identical(length(runs$values) %% 6L, 0L)
    expect_lte(diff(range(runs$lengths)), 1)
    expect_lt(abs(mean(runs$lengths) - 37), 10)
  }
})

test_that("no block crosses into the next session", {
  session <- rep(1:7, c(50, 3, 120, 77, 1, 200, 49))
  id <- interleaved(session, 20, 4)
  block <- cumsum(c(TRUE, diff(id) != 0 | diff(session) != 0))
  expect_true(all(tapply(session, block, function(s) length(unique(s))) == 1))
  expect_lte(max(table(block)), 30)
  expect_setequal(id, 1:4)
})

test_that("the other kinds of folds are what they say", {
  session <- small_session(1)
  path <- group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 3)
  n <- length(session$counts)
  id <- cv_group_lasso(path, folds = "contiguous", n_folds = 7)$folds
  expect_false(is.unsorted(id))
  expect_lte(diff(range(table(id))), 1)
  id <- with_local_seed(1, cv_group_lasso(path, folds = "random", n_folds = 7)$folds)
  expect_lte(diff(range(table(id))), 1)
  expect_gt(mean(diff(id) != 0), 0.7)
  ids <- rep(c("second", "first", "third"), length.out = n)
  expect_identical(cv_group_lasso(path, folds = ids)$folds, match(ids, c("first", "second", "third")))
  trial <- rep(1:20, each = n / 20)
  path <- group_lasso(session$covariates, session$counts, session_bases(), session = trial, n_lambda = 3)
  expect_identical(cv_group_lasso(path, folds = "session", n_folds = 6)$folds, (trial - 1L) %% 6L + 1L)
  expect_identical(nrow(cv_group_lasso(path, folds = "session", n_folds = 50)$score), 20L)
  # sessions too short to be cut: whole ones go in turn to the folds
  expect_identical(cv_group_lasso(path, n_folds = 5, block = 40)$folds, (trial - 1L) %% 5L + 1L)
  expect_refused(cv_group_lasso(path, n_folds = 30, block = 27), "n_folds", "number of blocks")
})

test_that("blocks follow the autocorrelation of covariates and counts", {
  ar <- function(n, a) as.numeric(stats::filter(rnorm(n, sd = sqrt(1 - a^2)), a, "recursive"))
  time_of <- function(x, ...) neurolasso:::correlation_time(x, rep(1L, length(x)), ...)
  with_local_seed(1, {
    # an autoregressive process falls to 1/e after -1 / log(a) bins
    for (tau in c(5, 30, 100)) {
      came <- mean(replicate(5, time_of(ar(30000, exp(-1 / tau)))))
      expect_gt(came, 0.7 * tau)
      expect_lt(came, 1.5 * tau + 2)
    }
    expect_lte(time_of(rnorm(5000)), 1)
    # counts: Poisson noise aside
    slow <- ar(50000, exp(-1 / 50))
    counts <- rpois(50000, exp(0.8 * slow - 2))
    expect_gt(time_of(counts, noise = mean(counts)), 20)
    expect_lt(time_of(counts, noise = mean(counts)), 80)
    expect_identical(time_of(rpois(50000, 0.1), noise = 0.1), 0)
    expect_identical(time_of(rep(3, 100)), 0)
    # the block is 5 times the slowest of all
    covariates <- list(fast = rnorm(40000), slow = ar(40000, exp(-1 / 40)))
    path <- group_lasso(covariates, rpois(40000, 0.3), basis_bspline(5), lambda = 1)
    block <- cv_group_lasso(path, n_folds = 5)$block
    expect_gt(block, 5 * 15)
    expect_lt(block, 5 * 80)
  })
})

test_that("autocovariances are those of stats::acf(), runs kept apart", {
  x <- with_local_seed(2, rnorm(101))
  x <- x - mean(x)
  wanted <- stats::acf(x, lag.max = 51, type = "covariance", demean = FALSE, plot = FALSE)$acf[, 1, 1]
  expect_equal(neurolasso:::run_autocovariance(list(x))[1:50], wanted[1:50])
  two <- neurolasso:::run_autocovariance(list(x, 2 * x))
  expect_equal(two[1:50], wanted[1:50] * 5 / 2)
})

test_that("widened() reaches `gap` bins to both sides, within sessions", {
  session <- rep(1:3, c(10, 4, 12))
  held <- with_local_seed(3, runif(26) < 0.15)
  for (gap in c(0, 1, 3, 30)) {
    wanted <- vapply(1:26, function(t) any(held[abs(1:26 - t) <= gap & session == session[t]]), TRUE)
    expect_identical(neurolasso:::widened(held, gap, session), wanted)
  }
})
