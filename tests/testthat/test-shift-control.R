test_that("cyclic products are sums over shifted rows, whatever the length", {
  for (n in c(1, 2, 7, 97, 10007)) {
    X <- with_local_seed(n, matrix(rnorm(2 * n), n))
    r <- with_local_seed(n + 1, rnorm(n))
    lags <- unique(c(0, 1, n %/% 3, n - 1) %% n)
    came <- neurolasso:::cyclic_products(X, r, lags)
    for (lag in lags) {
      expect_equal(came[match(lag, lags), ], colSums(X[(seq_len(n) - 1 - lag) %% n + 1, , drop = FALSE] * r))
    }
  }
})

test_that("scores of shifted covariates are those of the shifted columns", {
  d <- with_local_seed(1, {
    n <- 160
    list(a = cbind(rnorm(n), rnorm(n)), b = rnorm(n), y = rpois(n, 1.5), v = sample(1:2, n, TRUE),
         o = rnorm(n) / 4)
  })
  for (session in list(NULL, rep(1:2, c(100, 60)))) {
    for (link in c("log", "softplus")) {
      path <- group_lasso(list(a = d$a, b = d$b), d$y, weights = d$v, offset = d$o, session = session,
                          link = link, n_lambda = 8, control = precise(1e-9))
      came <- shift_control(path, n_shifts = 20, min_shift = 5)
      # the model of b alone, and the gradient of a's columns in its coordinates
      v <- d$v / sum(d$v)
      others <- group_lasso(list(b = d$b), d$y, weights = d$v, offset = d$o, link = link,
                            lambda = min(path$lambda), control = precise(1e-9))
      slope <- v * oracle_slope(oracle_link(list(d$b), others$intercept, others$coefficients[, 1], d$o), d$y, link)
      coords <- penalty_coords(d$a, d$v, "calibrated")
      score_at <- function(shift) {
        moved <- d$a
        ids <- if (is.null(session)) rep(1, 160) else session
        longest <- max(table(ids))
        for (s in unique(ids)) {
          rows <- which(ids == s)
          n <- length(rows)
          lag <- round(shift * n / longest)
          moved[rows, ] <- d$a[rows[(seq_len(n) - 1 - lag) %% n + 1], ]
        }
        sqrt(sum((t(coords$back) %*% crossprod(moved, slope))^2)) / coords$weight
      }
      expect_equal(came$table["a", "score"], score_at(0), tolerance = 1e-6)
      for (i in c(1, 7, 20)) expect_equal(came$scores[["a", i]], score_at(came$shifts[i]), tolerance = 1e-6)
      expect_equal(came$table["a", "p"], (1 + sum(came$scores["a", ] >= came$table["a", "score"])) / 21)
    }
  }
})

test_that("a real tuning stands out from its shifts, a slow covariate with no effect doesn't", {
  p <- vapply(1:20, function(seed) {
    d <- with_local_seed(seed, {
      slow <- function() as.numeric(stats::filter(rnorm(4000), 0.97, "recursive")) / 4
      x <- list(tuned = slow(), slow = slow())
      list(x = x, y = rpois(4000, exp(0.5 * x$tuned + 0.7 * slow() - 1)))
    })
    path <- group_lasso(d$x, d$y, basis_bspline(5), n_lambda = 10)
    table <- shift_control(path, n_shifts = 99)$table
    c(table["tuned", "p"], table["slow", "p"])
  }, double(2))
  expect_gt(mean(p[1, ] <= 0.05), 0.8)
  expect_lt(mean(p[2, ] <= 0.05), 0.25)
  expect_gt(mean(p[2, ]), 0.3)
})

test_that("print, plot and selected() tell p-values; wrong arguments are refused", {
  session <- small_session(5, duration = 60)
  path <- group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 10)
  came <- shift_control(path, n_shifts = 50, min_shift = 20)
  expect_identical(selected(came, 0.2), rownames(came$table)[came$table$p <= 0.2])
  expect_output(print(came), "50 shifts of at least 20 bins")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(plot(came), came)
  silent <- suppressWarnings(group_lasso(session$covariates, 0 * session$counts, session_bases(),
                                         n_lambda = 3))
  expect_identical(unique(shift_control(silent, n_shifts = 20)$table$p), 1)
  expect_refused(shift_control(path, n_shifts = 5), "n_shifts", "at least 19")
  expect_refused(shift_control(path, min_shift = 600), "min_shift", "leave room")
})
