two_sessions <- function(seed = 1, n = 400) {
  counts <- spike_counts(n, c(0.4, 0.2), seed)
  y <- with_local_seed(seed + 100, rpois(n, exp(-0.5 + 0.6 * c(0, counts[-n, 1]))))
  list(covariates = list(coupling = counts, speed = with_local_seed(seed + 200, rnorm(n))), counts = y,
       session = rep(c("monday", "tuesday"), c(n / 4, 3 * n / 4)),
       bases = list(coupling = basis_conv(basis_raised_cosine(4), 10), speed = basis_bspline(5)))
}

test_that("a fit drops the first bins of each session, and says so", {
  d <- two_sessions()
  path <- group_lasso(d$covariates, d$counts, d$bases, session = d$session, n_lambda = 10)
  gone <- c(1:10, 101:110)
  expect_identical(path$n_obs, 380L)
  expect_identical(as.integer(path$na.action), gone)
  expect_equal(path$window_edges, list(before = 10, after = 0, sessions = 2, bins = 20))
  out <- capture.output(print(path))
  expect_true("(the first 10 bins of each of 2 sessions have no whole window (20 in all))" %in% out)
  expect_identical(capture.output(print(summary(path)))[1:3], out[1:3])
  blocks <- c(lapply(1:2, function(j) {
    oracle_convolve(d$covariates$coupling[, j], d$bases$coupling$kernel, 1, d$session)[-gone, ]
  }), list(oracle_bspline(d$covariates$speed, 5)[-gone, ]))
  expect_lt(max(path_residuals(path, list(blocks = blocks, counts = d$counts[-gone]))), 2e-6)
  with_action <- function(action) {
    group_lasso(d$covariates, d$counts, d$bases, session = d$session, n_lambda = 10, na.action = action)
  }
  excluded <- with_action(na.exclude)
  expect_identical(which(is.na(fitted(excluded)[, 1])), gone)
  expect_identical(which(is.na(simulate(excluded, lambda = 0.1, seed = 1)[, 1])), gone)
  expect_refused(with_action(na.fail), "na.action")
  # without sessions only the first ones
  plain <- group_lasso(d$covariates, d$counts, d$bases, n_lambda = 10)
  expect_identical(as.integer(plain$na.action), 1:10)
  expect_output(print(plain), "(the first 10 bins have no whole window)", fixed = TRUE)
})

test_that("sessions may be numbers, strings or a factor, and a design keeps them", {
  d <- two_sessions(2)
  design <- expand_covariates(d$covariates, d$bases, d$session)
  for (session in list(factor(d$session), rep(c(7, 2.5), c(100, 300)), d$session == "monday")) {
    expect_identical(as.matrix(expand_covariates(d$covariates, d$bases, session)), as.matrix(design))
  }
  expect_identical(as.character(unclass(design)$session), d$session)
  part <- neurolasso:::design_rows(design, c(99:102, 1))
  expect_identical(as.character(unclass(part)$session), d$session[c(99:102, 1)])
  expect_identical(neurolasso:::design_missing(part), c(FALSE, FALSE, TRUE, TRUE, TRUE))
  expect_output(print(design), "first 10 bins of each of 2 sessions", fixed = TRUE)
  from_design <- group_lasso(design, d$counts, n_lambda = 5)
  expect_identical(coef(from_design),
                   coef(group_lasso(d$covariates, d$counts, d$bases, session = d$session, n_lambda = 5)))
})

test_that("predictions keep windows inside the sessions of new data", {
  d <- two_sessions(3)
  path <- group_lasso(d$covariates, d$counts, d$bases, session = d$session, n_lambda = 10)
  trained <- predict(path)
  new <- predict(path, d$covariates, session = d$session)
  expect_identical(which(is.na(new[, 5])), c(1:10, 101:110))
  expect_equal(new[-c(1:10, 101:110), ], trained, tolerance = 1e-10)
  across <- predict(path, d$covariates)
  expect_identical(which(is.na(across[, 5])), 1:10)
  terms <- predict(path, d$covariates, session = d$session, type = "terms", lambda = path$lambda[8])
  expect_identical(which(is.na(terms[, "coupling.n1"])), c(1:10, 101:110))
  expect_refused(predict(path, session = d$session), "session", "goes with `newdata`")
  expect_refused(predict(path, d$covariates, session = d$session[-1]), "session", "400", "399")
  expect_refused(predict(path, path$design, session = d$session), "session", "covariate_design")
})

test_that("sessions that can't be are refused", {
  d <- two_sessions(4)
  fit <- function(session) group_lasso(d$covariates, d$counts, d$bases, session = session, n_lambda = 3)
  expect_refused(fit(1:3), "session", "one value per bin", "400", "3")
  expect_refused(fit(replace(d$session, 7, NA)), "session", "NA", "first: 7",
                 class = "neurolasso_session_error")
  expect_refused(fit(replace(d$session, 300, "monday")), "session", "monday comes back in row 300",
                 class = "neurolasso_session_error")
  expect_refused(fit(rep(1:2, 200)), "session", "1 comes back in row 3")
  expect_refused(fit(as.list(d$session)), "session", "vector", class = "neurolasso_session_error")
  expect_refused(fit(matrix(1, 20, 20)), "session", "20 x 20")
  expect_refused(group_lasso(expand_covariates(d$covariates, d$bases), d$counts, session = d$session),
                 "session", "covariate_design")
})

test_that("sessions change nothing where no basis has a window", {
  d <- two_sessions(5)
  x <- d$covariates["speed"]
  plain <- group_lasso(x, d$counts, basis_bspline(5), n_lambda = 5)
  with <- group_lasso(x, d$counts, basis_bspline(5), n_lambda = 5, session = d$session)
  expect_identical(coef(with), coef(plain))
  expect_null(with$window_edges)
})

test_that("the print says which bins have no window", {
  said <- function(before, after, sessions, bins) {
    neurolasso:::describe_edges(list(before = before, after = after, sessions = sessions, bins = bins))
  }
  expect_identical(said(1, 0, 1, 1), "the first 1 bin has no whole window")
  expect_identical(said(0, 7, 1, 7), "the last 7 bins have no whole window")
  expect_identical(said(3, 2, 4, 2000),
                   "the first 3 and the last 2 bins of each of 4 sessions have no whole window (2,000 in all)")
  # the widest of several windows counts, at either end
  edges <- neurolasso:::window_edges(list(a = basis_history(3),
                                          b = basis_conv(basis_bspline(4), 9, "acausal"),
                                          c = basis_bspline(4)), NULL, 100)
  expect_identical(edges[c("before", "after", "bins")], list(before = 4, after = 4, bins = 8))
})

test_that("lags as they are that take gigabytes are worth a warning, filters are not", {
  check <- function(...) neurolasso:::check_windows(list(...), NULL, 1e6L)
  seen <- watch(check(own = basis_history(300), other = basis_history(10)))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_many_lags")
  expect_match(conditionMessage(seen$warnings[[1]]),
               "`own`: basis_history(300) has a column per lag, up to 2.48 GB", fixed = TRUE)
  expect_silent(check(own = basis_history(200), other = basis_conv(basis_bspline(8), 3000)))
})
