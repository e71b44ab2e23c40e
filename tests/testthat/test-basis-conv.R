window_kinds <- list(
  raised_cosine = list(basis = basis_raised_cosine(4),
                       values = function(u) oracle_raised_cosine(u, 4, bounds = 0:1)),
  bspline = list(basis = basis_bspline(5), values = function(u) oracle_bspline(u, 5, bounds = 0:1)),
  cyclic = list(basis = basis_cyclic(4, bounds = c(0, 1)),
                values = function(u) oracle_cyclic(u, 4, bounds = 0:1)),
  identity = list(basis = basis_identity(), values = function(u) matrix(u)),
  raised_cosine_log = list(
    basis = basis_raised_cosine_log(5),
    values = function(u) {
      v <- log(50 * u + 1) / log(51)
      peaks <- seq(0, 1 - 2 / 6, length.out = 5)
      outer(v, peaks, function(v, c) 0.5 * (1 + cos(pmax(-pi, pmin(pi, pi * (v - c) / (2 * peaks[2]))))))
    }
  ),
  mspline = list(
    basis = basis_mspline(6),
    values = function(u) {
      knots <- oracle_knots(6, 4)
      oracle_bspline(u, 6, bounds = 0:1) %*% diag(4 / (knots[5:10] - knots[1:6]))
    }
  ),
  custom = list(basis = basis_custom(list(exp, sqrt)), values = function(u) cbind(exp(u), sqrt(u)))
)

causalities <- c("causal", "anticausal", "acausal")

convolved <- function(x, basis, session = NULL) {
  unname(as.matrix(suppressWarnings(expand_covariates(list(x = x), basis, session))))
}

test_that("columns are the sum of the definition, for every kernel, causality and session", {
  for (seed in 1:60) {
    set.seed(seed)
    kind <- window_kinds[[1 + seed %% length(window_kinds)]]
    causality <- sample(causalities, 1)
    window <- sample(c(2:9, 17), 1)
    n <- sample(40:120, 1)
    session <- rep(c("b", "a", "c"), times = c(5, 12, n - 17))
    x <- if (seed %% 2) rpois(n, 0.4) else rnorm(n)
    kernel <- kind$values(seq(0, 1, length.out = window))
    wanted <- oracle_convolve(x, kernel, first_lag(causality, window), session)
    came <- convolved(x, basis_conv(kind$basis, window, causality), session)
    expect_equal(dim(came), dim(wanted))
    expect_identical(is.na(came), is.na(wanted), label = paste("seed", seed))
    expect_lt(max(abs(came - wanted), na.rm = TRUE), 1e-12, label = paste("seed", seed))
  }
})

test_that("exponentials orthogonalised over the window convolve as such", {
  x <- with_local_seed(1, rpois(100, 0.3))
  u <- seq(0, 1, length.out = 30)
  E <- exp(-outer(u, c(2, 8, 30)))
  came <- convolved(x, basis_conv(basis_orth_exponential(c(2, 8, 30)), 30))
  basis <- basis_conv(basis_orth_exponential(c(2, 8, 30)), 30)
  expect_lt(max(abs(crossprod(basis$kernel) - diag(3))), 1e-12)
  # the same space: each exponential's convolution is a combination of the columns
  wanted <- oracle_convolve(x, E, 1)
  expect_equal(came %*% crossprod(basis$kernel, E), wanted, tolerance = 1e-10)
})

test_that("the first bins of a causal filter are NA, as many as the window; the others are those before them", {
  x <- c(3, 1, 4, 1, 5, 9, 2)
  came <- convolved(x, basis_history(3))
  expect_identical(came[4:7, ], rbind(c(4, 1, 3), c(1, 4, 1), c(5, 1, 4), c(9, 5, 1)))
  expect_true(all(is.na(came[1:3, ])))
  expect_identical(convolved(x, basis_history(1))[, 1], c(NA, x[-7]))
})

test_that("values are those of stats::convolve and stats::filter", {
  x <- with_local_seed(2, rnorm(300))
  window <- 25
  basis <- basis_conv(basis_bspline(6), window)
  came <- convolved(x, basis)
  K <- oracle_bspline(seq(0, 1, length.out = window), 6, bounds = 0:1)
  for (j in 1:6) {
    # open convolution: element i sums kernel[k] x[i - k + 1]
    open <- stats::convolve(x, rev(K[, j]), type = "open")
    expect_equal(came[(window + 1):300, j], open[window:299], tolerance = 1e-10)
    past <- stats::filter(x, K[, j], sides = 1)
    expect_equal(came[(window + 1):300, j], as.numeric(past)[window:299], tolerance = 1e-12)
  }
})

test_that("the future never changes a causal row, nor the past an anticausal one", {
  set.seed(3)
  for (trial in 1:20) {
    window <- sample(2:10, 1)
    x <- rpois(80, 0.5)
    t <- sample(20:60, 1)
    future <- past <- x
    future[t:80] <- rpois(81 - t, 50)
    past[1:t] <- rpois(t, 50)
    causal <- basis_conv(basis_raised_cosine(3), window)
    expect_identical(convolved(x, causal)[1:t, ], convolved(future, causal)[1:t, ])
    ahead <- basis_conv(basis_raised_cosine(3), window, "anticausal")
    expect_identical(convolved(x, ahead)[t:80, ], convolved(past, ahead)[t:80, ])
  }
})

test_that("a shifted signal has shifted columns, and columns are linear in the signal", {
  set.seed(4)
  for (causality in causalities) {
    basis <- basis_conv(basis_bspline(5), 9, causality)
    x <- rnorm(100)
    z <- rpois(100, 0.2)
    X <- convolved(x, basis)
    shifted <- convolved(c(x[81:100], x[1:80]), basis)
    whole <- 40:90
    expect_equal(shifted[whole, ], X[whole - 20, ], tolerance = 1e-14)
    expect_equal(convolved(2 * x - 3 * z, basis), 2 * X - 3 * convolved(z, basis), tolerance = 1e-12)
  }
})

test_that("each session is as if it were alone", {
  set.seed(5)
  x <- rpois(90, 0.7)
  session <- rep(c(2, 9, 4), c(30, 25, 35))
  for (causality in causalities) {
    basis <- basis_conv(basis_raised_cosine(4), 8, causality)
    alone <- do.call(rbind, lapply(split(x, factor(session, c(2, 9, 4))), convolved, basis))
    expect_identical(convolved(x, basis, session), alone)
  }
})

test_that("sums and Fourier transforms agree", {
  ns <- asNamespace("neurolasso")
  set.seed(6)
  for (trial in 1:25) {
    window <- sample(c(1:5, 60, 300, 900), 1)
    n <- sample(c(300, 6000, 9000), 1)
    x <- switch(1 + trial %% 3, rnorm(n), rpois(n, 0.1) + 0, 1e6 * rexp(n))
    starts <- c(0L, sort(sample.int(n - 1L, sample(0:3, 1))), as.integer(n))
    kernel <- matrix(rnorm(window * (1 + trial %% 4)), window)
    first <- sample(c(1L, -window, -(window %/% 2L)), 1)
    sum <- .Call(ns$C_convolve, x, starts, kernel, first)
    fft <- ns$convolve_by_fft(x, starts, kernel, first)
    gone <- .Call(ns$C_convolve_missing, x, starts, kernel, first)
    whole <- setdiff(seq_len(n), gone)
    error <- max(0, abs(sum - fft)[whole, ]) / max(1e-300, abs(sum[whole, ]))
    expect_lt(error, 1e-12, label = paste("trial", trial))
  }
})

test_that("a Fourier transform is used for dense signals and long windows only", {
  pays <- neurolasso:::transform_pays
  dense <- with_local_seed(7, rnorm(50000))
  sparse <- replace(numeric(50000), seq(1, 50000, by = 1000), 1)
  kernel <- function(window) matrix(1, window, 8)
  one <- c(0L, 50000L)
  expect_true(pays(dense, kernel(1000), one))
  expect_false(pays(dense, kernel(10), one))
  expect_false(pays(sparse, kernel(1000), one))
  # rounding of a value that is far above the others would show in theirs
  expect_false(pays(replace(dense, 100, 1e12), kernel(1000), one))
  x <- replace(dense[1:20000], 5000, 1e12)
  came <- convolved(x, basis_conv(basis_bspline(4), 1500))
  K <- oracle_bspline(seq(0, 1, length.out = 1500), 4, bounds = 0:1)
  expect_equal(came[9000, ], colSums(K * x[9000 - 1:1500]), tolerance = 1e-12)
  # what is chosen by itself is right, too
  x <- dense[1:20000]
  K <- oracle_raised_cosine(seq(0, 1, length.out = 1500), 3, bounds = 0:1)
  came <- convolved(x, basis_conv(basis_raised_cosine(3), 1500))
  expect_true(pays(x, K, c(0L, 20000L)))
  at <- c(1501, 1777, 9999, 20000)
  wanted <- t(vapply(at, function(t) colSums(K * x[t - 1:1500]), double(3)))
  expect_equal(came[at, ], wanted, tolerance = 1e-11)
})

test_that("NA makes NA in exactly the rows whose window touches it", {
  set.seed(8)
  for (trial in 1:20) {
    window <- sample(2:7, 1)
    causality <- sample(causalities, 1)
    x <- rpois(70, 1) + 0
    x[sample(70, 3)] <- c(NA, NaN, NA)
    basis <- basis_conv(basis_bspline(4), window, causality)
    wanted <- oracle_convolve(x, basis$kernel, first_lag(causality, window))
    came <- convolved(x, basis)
    expect_identical(is.na(came), is.na(wanted))
    expect_equal(came, wanted, tolerance = 1e-12)
    design <- expand_covariates(list(x = x), basis)
    expect_identical(neurolasso:::design_missing(design), is.na(wanted[, 1]))
  }
  # through the Fourier transform as well
  x <- rnorm(9000)
  x[5000] <- NA
  came <- convolved(x, basis_conv(basis_raised_cosine(2), 800))
  expect_identical(which(is.na(came[, 2])), c(1:800, 5001:5800))
})

test_that("repeating histories are kept as a table of the different ones, and are the same", {
  counts <- spike_counts(6000, c(0.005, 0.5), 9)
  basis <- basis_conv(basis_raised_cosine(6), 20)
  design <- expand_covariates(list(sparse = counts[, 1], busy = counts[, 2]), basis)
  kept <- vapply(unclass(design)$blocks, neurolasso:::storage_of, "")
  expect_match(kept[["sparse"]], "^table of")
  expect_identical(kept[["busy"]], "matrix")
  for (name in names(design)) {
    wanted <- oracle_convolve(counts[, if (name == "sparse") 1 else 2], basis$kernel, 1)
    expect_equal(unname(design[[name]]), wanted, tolerance = 1e-12)
  }
  expect_lt(neurolasso:::memory_of(unclass(design)$blocks$sparse),
            neurolasso:::memory_of(unclass(design)$blocks$busy) / 5)
})

# ---- one group per neuron ------------------------------------------------------------------------

test_that("a matrix of counts is a group per neuron, everywhere by the neurons' names", {
  counts <- spike_counts(800, c(0.3, 0.2, 0.4), 10)
  speed <- with_local_seed(11, rnorm(800))
  y <- with_local_seed(12, rpois(800, exp(-0.5 + 0.8 * c(0, counts[-800, 2]))))
  bases <- list(coupling = basis_conv(basis_raised_cosine(4), 6), speed = basis_bspline(5))
  path <- group_lasso(list(coupling = counts, speed = speed), y, bases, n_lambda = 20)
  names <- c("coupling.n1", "coupling.n2", "coupling.n3", "speed")
  expect_named(path$design, names)
  expect_identical(names(entry_order(path))[1], "coupling.n2")
  expect_identical(rownames(path$group_norms), names)
  expect_identical(rownames(coef(path))[2:5], paste0("coupling.n1.", 1:4))
  expect_true("coupling.n2" %in% selected(path, path$lambda[10]))
  expect_output(print(path), "coupling.n2", fixed = TRUE)
  # as if each column had been given by itself
  apart <- list(coupling.n1 = counts[, 1], coupling.n2 = counts[, 2], coupling.n3 = counts[, 3],
                speed = speed)
  each <- stats::setNames(bases[c("coupling", "coupling", "coupling", "speed")], names)
  alone <- group_lasso(apart, y, each, n_lambda = 20)
  expect_identical(coef(alone), coef(path))
  blocks <- c(lapply(1:3, function(j) oracle_convolve(counts[, j], bases$coupling$kernel, 1)[-(1:6), ]),
              list(oracle_bspline(speed, 5)[-(1:6), ]))
  expect_lt(max(path_residuals(path, list(blocks = blocks, counts = y[-(1:6)]))), 2e-6)
  # new data: the matrix in any order of its columns, a data frame, or the neurons themselves
  wanted <- predict(path, list(coupling = counts, speed = speed))
  expect_identical(which(is.na(wanted[, 1])), 1:6)
  expect_equal(wanted[-(1:6), ], predict(path), tolerance = 1e-10)
  for (new in list(counts[, 3:1], cbind(other = 0, counts), as.data.frame(counts), unname(counts))) {
    expect_identical(predict(path, list(coupling = new, speed = speed)), wanted)
  }
  expect_identical(predict(path, apart), wanted)
  expect_refused(predict(path, list(coupling = counts[, 1:2], speed = speed)), "newdata", "`coupling`", "`n3`")
  expect_refused(predict(path, list(coupling = unname(counts[, 1:2]), speed = speed)), "newdata", "3 columns",
                 "2 columns")
  expect_refused(predict(path, list(speed = speed)), "newdata", "`coupling.n1`")
})

test_that("a formula's term may be a convolution, of a signal or of many neurons", {
  counts <- spike_counts(500, c(0.3, 0.2), 20)
  y <- with_local_seed(21, rpois(500, exp(-0.5 + 0.8 * c(0, counts[-500, 1]))))
  data <- list(y = y, coupling = counts, own = y, session = rep(1:2, each = 250))
  b <- basis_raised_cosine(4)
  path <- group_lasso(y ~ basis_conv(coupling, b, 10) + basis_history(own, 3), data, session = data$session,
                      n_lambda = 10)
  lists <- group_lasso(data[c("coupling", "own")], y,
                       list(coupling = basis_conv(b, 10), own = basis_history(3)),
                       session = data$session, n_lambda = 10)
  expect_identical(coef(path), coef(lists))
  expect_named(path$groups, c("coupling.n1", "coupling.n2", "own"))
  expect_identical(predict(path, data, session = data$session), predict(lists, data, session = data$session))
})

test_that("basis_matrix() takes one signal", {
  x <- with_local_seed(22, rpois(50, 1))
  b <- basis_conv(basis_bspline(4), 5)
  expect_equal(unclass(basis_matrix(x, b))[, 2], oracle_convolve(x, b$kernel, 1)[, 2], tolerance = 1e-12)
  expect_identical(dim(basis_matrix(cbind(n1 = x), b)), c(50L, 4L))
  expect_refused(basis_matrix(cbind(x, x), b), "x", "one signal", "50 x 2")
})

test_that("neurons without names are numbered; nested lists keep their names", {
  counts <- spike_counts(60, c(1, 1), 13)
  basis <- basis_conv(basis_bspline(4), 5)
  expect_named(expand_covariates(list(coupling = unname(counts)), basis), c("coupling.1", "coupling.2"))
  expect_named(expand_covariates(list(own = counts[, 1], v1 = list(cells = counts)), basis),
               c("own", "v1.cells.n1", "v1.cells.n2"))
  design <- expand_covariates(list(v1 = list(cells = counts)), list(v1 = list(cells = basis)))
  for (new in list(list(v1 = list(cells = counts)), list(v1.cells = counts))) {
    expect_identical(as.matrix(predict(design, new)), as.matrix(design))
  }
  expect_named(expand_covariates(list(h = counts[, 1, drop = FALSE]), basis), "h.n1")
  expect_named(expand_covariates(list(h = unname(counts[, 1, drop = FALSE])), basis), "h")
  # numbers as names are names
  numbered <- counts
  colnames(numbered) <- c("2", "1")
  design <- expand_covariates(list(c = numbered), basis)
  expect_identical(as.matrix(predict(design, list(c = numbered[, 2:1]))), as.matrix(design))
})

test_that("history columns, other kernels' labels, and format", {
  x <- list(x = rpois(50, 1))
  expect_identical(colnames(expand_covariates(x, basis_history(3))), paste0("x.", 1:3))
  named <- basis_conv(basis_custom(list(a = exp, b = sqrt)), 4)
  expect_identical(colnames(expand_covariates(x, named)), c("x.a", "x.b"))
  expect_output(print(basis_history(3)), "basis_history(3)", fixed = TRUE)
  expect_output(print(basis_conv(basis_bspline(5), 10)), "basis_conv(basis_bspline(5), window = 10)",
                fixed = TRUE)
  expect_output(print(basis_conv(basis_history(4), 4, "acausal")),
                "basis_conv(basis_history(4), window = 4, causality = \"acausal\")", fixed = TRUE)
  expect_identical(convolved(x$x, basis_conv(basis_history(4), 4, "acausal"))[10, ], as.double(x$x[12:9]))
})

test_that("a design prints many neurons as one line", {
  counts <- spike_counts(3000, c(rep(0.002, 7), 1, 2), 23)
  covariates <- list(speed = with_local_seed(24, rnorm(3000)), coupling = counts, two = counts[, 1:2])
  design <- expand_covariates(covariates,
                              list(coupling = basis_conv(basis_raised_cosine(4), 10), two = basis_history(2)))
  out <- capture.output(print(design))
  expect_match(out[3], "coupling.* (9)   36  7 tables, 2 matrices", fixed = TRUE)
  expect_match(out[3], "basis_conv(basis_raised_cosine(4), window = 10)", fixed = TRUE)
  expect_match(out[4:5], "two.n[12] +2  matrix")
  expect_identical(nrow(summary(design)), 12L)
})

test_that("convolutions are not rounded by `discretize`", {
  set.seed(14)
  x <- list(h = rnorm(200), speed = rnorm(200))
  path <- group_lasso(x, rpois(200, 1), list(h = basis_conv(basis_bspline(4), 5), speed = basis_bspline(4)),
                      discretize = 10, n_lambda = 3)
  expect_named(path$discretized, "speed")
  expect_refused(group_lasso(x["h"], rpois(200, 1), basis_history(2), discretize = 10), "discretize")
})

# ---- what can't be -------------------------------------------------------------------------------

test_that("windows, kernels and causalities that can't be are refused", {
  b <- basis_raised_cosine(4)
  for (window in list(0, -3, 2.5, NA, Inf, "10", c(5, 6), NULL, 1)) {
    expect_refused(basis_conv(b, window), "window", "`window`", "at least 2")
  }
  for (window in list(0, -3, 2.5, NA)) expect_refused(basis_history(window), "window", "at least 1")
  expect_refused(basis_history(1e6), "window", "at most 5000", "basis_conv()")
  expect_refused(basis_conv(b, 10, "noncausal"), "causality", "\"causal\"", "\"noncausal\"")
  expect_refused(basis_conv(7, 10), "basis", "basis_raised_cosine(8)", "7")
  expect_refused(basis_conv(b * b, 10), "basis", "one number")
  expect_refused(basis_conv(basis_factor(), 10), "basis", "basis_factor()")
  expect_refused(basis_conv(basis_conv(b, 10), 10), "basis", "basis_conv")
  expect_refused(basis_conv(basis_history(3), 10), "basis", "another window")
  expect_refused(basis_conv(basis_raised_cosine(4, bounds = c(0.2, 1)), 10), "basis", "0 to 1", "bounds")
})

test_that("signals that can't be are refused", {
  b <- basis_conv(basis_bspline(4), 5)
  expect_refused(expand_covariates(list(h = factor(1:20)), list(h = b)), "basis", "`h` is a factor")
  expect_refused(expand_covariates(list(h = c(rep(0, 20), Inf)), b), "h", "infinite")
  twice <- matrix(1, 20, 2, dimnames = list(NULL, c("a", "a")))
  expect_refused(expand_covariates(list(c = twice), b), "c", "different names")
  expect_refused(expand_covariates(list(c = cbind(a = 1:20), c.a = 1:20), b), "covariates", "`c.a`")
  xy <- cbind(runif(20), runif(20))
  expect_refused(expand_covariates(list(p = xy), list(p = b * basis_bspline(4))), "p", "factor of a product")
})

test_that("too few bins for the window is an error, a short session a warning", {
  b <- basis_conv(basis_bspline(4), 20)
  for (n in c(1, 5, 20)) {
    expect_refused(expand_covariates(list(h = rep(1, n)), b), "h", "`h`", "more than 20 bins",
                   paste("there are", n), class = "neurolasso_covariate_error")
  }
  expect_identical(which(!is.na(convolved(rep(1, 21), b)[, 1])), 21L)
  expect_refused(expand_covariates(list(h = rep(1, 40)), b, session = rep(1:2, each = 20)), "h",
                 "sessions of more than 20", "longest has 20")
  seen <- watch(expand_covariates(list(h = rep(1, 50)), b, session = rep(c("a", "b"), c(10, 40))))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_short_session")
  expect_match(conditionMessage(seen$warnings[[1]]), "1 of 2 sessions is shorter", fixed = TRUE)
  expect_identical(seen$warnings[[1]]$sessions, "a")
  acausal <- basis_conv(basis_bspline(4), 20, "acausal")
  expect_identical(which(!is.na(convolved(rep(1, 20), acausal)[, 1])), 10L)
  # new data may be short: there is nothing to say of them
  counts <- with_local_seed(1, rpois(300, 1))
  path <- group_lasso(list(h = counts), counts, b, n_lambda = 3)
  expect_true(all(is.na(predict(path, list(h = c(1, 0, 2))))))
})

test_that("signals of integers, logicals and zeros are as good as numbers", {
  b <- basis_conv(basis_bspline(4), 5)
  x <- with_local_seed(3, rbinom(60, 1, 0.3))
  expect_identical(convolved(x, b), convolved(as.double(x), b))
  expect_identical(convolved(x == 1, b), convolved(x, b))
  expect_true(all(convolved(0 * x, b)[6:60, ] == 0))
  silent <- group_lasso(list(c = cbind(a = x, b = 0 * x)), rpois(60, 1), b, n_lambda = 5)
  expect_true(all(silent$group_norms["c.b", ] == 0))
})

# ---- filters -------------------------------------------------------------------------------------

test_that("tuning_curve() gives the filter against lag", {
  counts <- spike_counts(900, c(0.3, 0.2), 15)
  y <- with_local_seed(16, rpois(900, exp(-1 + 0.7 * c(0, 0, counts[1:898, 1]))))
  u <- seq(0, 1, length.out = 8)
  for (link in c("log", "softplus")) {
    path <- group_lasso(list(c = counts), y, basis_conv(basis_raised_cosine(5), 8), n_lambda = 20,
                        link = link, offset = if (link == "log") log(0.05))
    lambda <- path$lambda[15]
    curve <- tuning_curve(path, "c.n1", lambda = lambda)
    expect_named(curve, c("lag", "effect", "rate"))
    expect_identical(curve$lag, 1:8)
    beta <- coef(path, lambda = lambda)[paste0("c.n1.", 1:5), 1]
    expect_equal(curve$effect, as.numeric(oracle_raised_cosine(u, 5, bounds = 0:1) %*% beta),
                 tolerance = 1e-12)
    # a spike more, t bins ago, in every bin: what the prediction says of it
    eta <- predict(path, lambda = lambda)[, 1]
    mu <- if (link == "log") exp else function(x) log1p(exp(x))
    unit <- if (link == "log") 0.05 else 1
    expect_equal(curve$rate, vapply(curve$effect, function(e) mean(mu(eta + e)) / unit, 0), tolerance = 1e-10)
    # and what one spike does to a new session that is else silent
    spike <- replace(matrix(0, 30, 2, dimnames = list(NULL, c("n1", "n2"))), 10, 1)
    link_there <- predict(path, list(c = spike), lambda = lambda, offset = 0)[, 1]
    expect_equal(link_there[11:18] - link_there[19], curve$effect, tolerance = 1e-12)
  }
  expect_identical(which.max(curve$effect), 2L)
  expect_refused(tuning_curve(path, "c.n1", lambda = 1, at = 3), "at", "filter")
})

test_that("filters of the future and around a bin have their lags", {
  x <- with_local_seed(17, rpois(300, 0.5))
  y <- with_local_seed(18, rpois(300, exp(0.5 * c(x[-(1:3)], 0, 0, 0))))
  path <- group_lasso(list(x = x), y, basis_conv(basis_history(5), 5, "anticausal"), n_lambda = 10)
  curve <- tuning_curve(path, "x", lambda = path$lambda[8])
  expect_identical(curve$lag, -5:-1)
  expect_identical(curve$lag[which.max(curve$effect)], -3L)
  path <- group_lasso(list(x = x), y, basis_conv(basis_history(8), 8, "acausal"), n_lambda = 10)
  curve <- tuning_curve(path, "x", lambda = path$lambda[8])
  expect_identical(curve$lag, -4:3)
  expect_identical(curve$lag[which.max(curve$effect)], -3L)
})

test_that("a convolution as a function of the lag is its kernel", {
  basis <- basis_conv(basis_raised_cosine(4), 10)
  expect_identical(neurolasso:::basis_values(basis, neurolasso:::basis_grid(basis, 5)), basis$kernel)
})
