# What data and users do to a fitter. Each case ends in an error that names the argument, or in a
# finite answer.

bad_data <- function(n = 300, seed = 21) {
  with_local_seed(seed, {
    covariates <- list(a = rnorm(n), b = rnorm(n), c = rnorm(n))
    list(covariates = covariates, counts = rpois(n, exp(0.3 * covariates$a)))
  })
}

bad_basis <- basis_bspline(6)

# A fit of the data with something replaced. Warnings are looked at where they are the subject.
bad_fit <- function(..., covariates = bad_data()$covariates, counts = bad_data()$counts, basis = bad_basis) {
  suppressWarnings(group_lasso(covariates, counts, basis, n_lambda = 15, ...))
}

classes_of <- function(seen) unlist(lapply(seen$warnings, class))

# ---- missing values ------------------------------------------------------------------------------

test_that("bins with missing values are dropped and counted, wherever they are", {
  d <- bad_data()
  d$covariates$a[3] <- NA
  d$covariates$b[4] <- NaN
  counts <- replace(d$counts, 5, NA)
  offset <- replace(numeric(300), 6, NA)
  weights <- replace(rep(1, 300), 7, NA)
  path <- bad_fit(covariates = d$covariates, counts = counts, offset = offset, weights = weights)
  expect_identical(path$n_obs, 295L)
  expect_output(print(path), "5 observations deleted due to missingness")
  without <- bad_fit(covariates = lapply(d$covariates, `[`, -(3:7)), counts = d$counts[-(3:7)])
  expect_equal(path$lambda, without$lambda)
  expect_equal(unname(fitted(path)), unname(fitted(without)), tolerance = 1e-5)
  expect_length(fitted(path, lambda = 0.1), 295)
  padded <- bad_fit(covariates = d$covariates, counts = counts, offset = offset, weights = weights,
                    na.action = na.exclude)
  expect_identical(which(is.na(fitted(padded, lambda = 0.1)[, 1])), 3:7)
  e <- error_of(bad_fit(covariates = d$covariates, na.action = na.fail))
  expect_s3_class(e, "neurolasso_missing_values")
  expect_s3_class(e, "neurolasso_input_error")
  expect_match(conditionMessage(e), "2 rows")
  expect_input_error(bad_fit(covariates = d$covariates, na.action = na.pass), "na.action")
  expect_input_error(bad_fit(na.action = 3), "na.action")
  expect_input_error(bad_fit(covariates = d$covariates, na.action = 3), "na.action")
})

test_that("a matrix or factor with missing values loses those bins", {
  d <- bad_data()
  covariates <- list(m = cbind(d$covariates$a, d$covariates$b), f = gl(3, 1, 300))
  covariates$m[2, 1] <- NA
  covariates$f[9] <- NA
  path <- bad_fit(covariates = covariates, basis = NULL)
  expect_identical(path$n_obs, 298L)
  expect_finite_path(path)
})

test_that("data without a usable bin are an error", {
  d <- bad_data()
  expect_input_error(bad_fit(counts = rep(NA_real_, 300)), "missing")
  expect_input_error(bad_fit(covariates = replace(d$covariates, "a", list(rep(NA_real_, 300)))), "a")
  expect_input_error(bad_fit(covariates = replace(d$covariates, "a", list(rep(NA, 300))), basis = NULL), "a")
  expect_input_error(bad_fit(weights = rep(0, 300)), "weights")
})

# ---- covariates ----------------------------------------------------------------------------------

test_that("infinite covariates are an error that names covariate and rows", {
  d <- bad_data()
  for (value in c(Inf, -Inf)) {
    wrong <- d$covariates
    wrong$b[c(5, 90)] <- value
    expect_input_error(bad_fit(covariates = wrong), "`b`.*2 rows \\(first: 5\\)")
    expect_input_error(bad_fit(covariates = wrong, basis = NULL), "`b`.*2 rows")
  }
  expect_input_error(bad_fit(covariates = list(m = cbind(d$covariates$a, Inf)), basis = NULL),
                     "`m`.*300 rows")
})

test_that("covariates that aren't numbers are an error that names them", {
  n <- 300
  x <- bad_data()$covariates$a
  wrong <- list(
    text = rep("u", n), when = as.POSIXct("2020-01-01", tz = "UTC") + seq_len(n),
    day = as.Date("2020-01-01") + seq_len(n),
    complex = x + 1i, fun = mean, nothing = NULL, empty = matrix(0, n, 0), array = array(1, c(n, 2, 2)),
    raw = as.raw(rep(1, n)), mixed = data.frame(u = x, v = rep("t", n)),
    no_columns = data.frame(row.names = seq_len(n))
  )
  for (name in names(wrong)) {
    covariates <- c(list(fine = x), wrong[name])
    expect_input_error(bad_fit(covariates = covariates, basis = NULL), name)
  }
  long <- as.POSIXlt("2020-01-01", tz = "UTC") + seq_len(n)
  expect_input_error(bad_fit(covariates = list(fine = x, long = as.POSIXlt(long)), basis = NULL), "long")
})

test_that("a list of covariates that is no list of covariates is an error", {
  x <- bad_data()$covariates
  fails <- function(covariates, names = "covariates") {
    expect_input_error(bad_fit(covariates = covariates, basis = NULL), names)
  }
  fails(unname(x))
  fails(list(a = x$a, x$b))
  fails(stats::setNames(x, c("a", NA, "c")))
  fails(stats::setNames(x, c("a", "b", "a")), "`a`")
  fails(list(a = list(b = x$a), a.b = x$b), "a.b")
  fails(list())
  fails(NULL)
  fails(x$a)
  fails(as.matrix(as.data.frame(x)))
  fails("position")
  fails(list(a = x$a, b = x$b[-1]), "`b` has 299")
  fails(list(a = x$a, b = 1), "`b` has 1")
  fails(data.frame())
  fails(list(stimulus = list(x$a, x$b)), "stimulus")
})

test_that("without two bins there is an error, with two an answer", {
  d <- bad_data()
  first <- function(n, basis, ...) {
    bad_fit(covariates = lapply(d$covariates, `[`, seq_len(n)), counts = c(3, 1)[seq_len(n)],
            basis = basis, ...)
  }
  for (basis in list(NULL, bad_basis)) {
    expect_input_error(first(0, basis), "at least one bin")
    expect_input_error(first(1, basis), "at least two bins")
    for (how in scalings) {
      expect_finite_path(first(2, basis, standardize = how))
    }
  }
  missing <- replace(rep(NA, 300), 7, 2)
  expect_input_error(bad_fit(counts = missing), "without missing values")
})

test_that("frames, tibbles, sparse matrices, differences of time and classed vectors are taken", {
  d <- bad_data()
  x <- d$covariates$a
  plain <- answer(bad_fit(covariates = list(a = x), basis = NULL))
  same <- function(covariates) expect_identical(answer(bad_fit(covariates = covariates, basis = NULL)), plain)
  same(data.frame(a = x))
  same(list(a = I(x)))
  same(list(a = as.difftime(x, units = "secs")))
  same(list(a = data.frame(a = x)))
  same(list(a = ts(x)))
  same(list(a = structure(x, names = paste0("t", 1:300))))
  same(list(a = array(x, 300)))
  if (requireNamespace("tibble", quietly = TRUE)) same(tibble::tibble(a = x))
  if (requireNamespace("Matrix", quietly = TRUE)) {
    m <- cbind(ifelse(x > 1, x, 0), ifelse(x < -1, 1, 0))
    expect_identical(
      answer(bad_fit(covariates = list(a = Matrix::Matrix(m, sparse = TRUE)), basis = NULL)),
      answer(bad_fit(covariates = list(a = m), basis = NULL))
    )
  }
})

test_that("names in any script are names", {
  d <- bad_data()
  names(d$covariates) <- c("\u03b8 phase", "vitesse_\u00e9t\u00e9", "\u4f4d\u7f6e")
  path <- bad_fit(covariates = d$covariates)
  expect_identical(names(path$groups), names(d$covariates))
  expect_identical(rownames(path$group_norms), names(d$covariates))
  expect_output(print(path), "bins")
  expect_identical(dim(predict(path, d$covariates, lambda = 0.1)), c(300L, 1L))
  odd <- stats::setNames(d$covariates, c("a b", "if", "%s%n\\"))
  expect_identical(names(bad_fit(covariates = odd)$groups), names(odd))
})

test_that("constant, duplicated and collinear columns leave the fitted values alone", {
  d <- bad_data()
  a <- d$covariates$a
  b <- d$covariates$b
  fit <- function(...) bad_fit(covariates = list(...), basis = NULL, standardize = "group", control = precise(1e-9))
  plain <- fit(a = cbind(a, b))
  expect_equal(fitted(fit(a = cbind(a, b, 1))), fitted(plain), tolerance = 1e-6)
  expect_equal(fitted(fit(a = cbind(a, b, a))), fitted(plain), tolerance = 1e-6)
  expect_equal(fitted(fit(a = cbind(a, b, 2 * a - b))), fitted(plain), tolerance = 1e-6)
  expect_equal(fitted(fit(a = cbind(a, b), again = cbind(a, b))), fitted(plain), tolerance = 1e-6)
  for (how in scalings) {
    constant <- bad_fit(covariates = list(a = a, k = rep(3.3, 300), one = matrix(1e8, 300, 3)), basis = NULL,
                        standardize = how)
    expect_finite_path(constant)
    expect_true(all(constant$converged))
    expect_true(all(constant$group_norms[c("k", "one"), ] == 0))
    alone <- bad_fit(covariates = list(a = a), basis = NULL, standardize = how)
    expect_equal(fitted(constant), fitted(alone), tolerance = 1e-5)
  }
  # a constant covariate through a basis
  expect_finite_path(bad_fit(covariates = list(a = a, k = rep(3.3, 300))))
})

test_that("nothing but constant covariates is an empty model with a warning", {
  for (how in scalings) {
    seen <- watch(group_lasso(list(k = rep(2, 300), m = matrix(5, 300, 2)), bad_data()$counts,
                              standardize = how, n_lambda = 5))
    expect_true("neurolasso_no_signal" %in% classes_of(seen))
    expect_finite_path(seen$value)
    expect_true(all(seen$value$coefficients == 0))
  }
})

test_that("scale is free", {
  d <- bad_data()
  x <- d$covariates
  for (how in c("group", "calibrated")) {
    fit <- function(covariates) {
      bad_fit(covariates = covariates, basis = NULL, standardize = how, control = precise(1e-9))
    }
    plain <- fitted(fit(x))
    for (factors in list(c(1e8, 1e8, 1e8), c(1e-9, 1e-9, 1e-9), c(1e8, 1e-9, 1), c(1e150, 1e-150, 1))) {
      expect_equal(fitted(fit(Map(`*`, x, factors))), plain, tolerance = 1e-6)
    }
  }
  for (factors in list(rep(1e8, 3), rep(1e-9, 3), c(1e8, 1e-9, 1))) {
    path <- bad_fit(covariates = Map(`*`, x, factors), basis = NULL, standardize = "none")
    expect_finite_path(path)
    expect_true(all(path$converged))
  }
})

# ---- counts --------------------------------------------------------------------------------------

test_that("counts that can't be counts are an error that names them", {
  y <- bad_data()$counts
  fails <- function(counts, names = "`counts`") expect_input_error(bad_fit(counts = counts), names)
  fails(replace(y, 3, Inf), "`counts`.*1 row \\(first: 3\\)")
  fails(replace(y, 3, -1), "`counts`.*1 row \\(first: 3\\)")
  fails(replace(y, 3, -Inf))
  fails(y[-1], "`counts`.*300.*299")
  fails(1)
  fails(NULL)
  fails(numeric(0))
  fails(as.character(y))
  fails(factor(y))
  fails(as.list(y))
  fails(cbind(y, y))
  fails(data.frame(y))
  fails(mean)
  expect_input_error(bad_fit(counts = replace(y, 3, NA), na.action = na.fail), "missing")
  expect_input_error(bad_fit(counts = replace(y, 3, NaN), na.action = na.fail), "missing")
  # one column is a vector
  expect_identical(answer(bad_fit(counts = cbind(y))), answer(bad_fit(counts = y)))
})

test_that("counts that aren't whole are fitted as they are, with one warning", {
  d <- bad_data()
  seen <- watch(group_lasso(d$covariates, d$counts + 0.5, n_lambda = 10, control = precise()))
  expect_identical(sum(classes_of(seen) == "neurolasso_noninteger_counts"), 1L)
  expect_length(seen$warnings, 1)
  problem <- list(blocks = lapply(d$covariates, as.matrix), counts = d$counts + 0.5)
  expect_lt(max(path_residuals(seen$value, problem)), 1e-8)
})

test_that("a silent neuron has an empty model and a warning", {
  d <- bad_data()
  for (lambda in list(NULL, c(0.1, 0.01), 0, Inf)) {
    seen <- watch(group_lasso(d$covariates, numeric(300), bad_basis, lambda = lambda, n_lambda = 5))
    expect_identical(sum(classes_of(seen) == "neurolasso_silent"), 1L)
    path <- seen$value
    expect_true(all(path$coefficients == 0) && all(path$group_norms == 0))
    expect_true(all(path$intercept == -Inf))
    expect_true(all(fitted(path) == 0))
    expect_true(all(path$deviance == 0) && path$null_deviance == 0)
    expect_true(all(path$converged))
    expect_true(all(is.na(entry_order(path))))
    expect_output(print(path), "never")
    expect_true(all(predict(path, d$covariates, type = "response") == 0))
  }
  # the only spikes in bins of weight 0
  counts <- replace(numeric(300), 7, 4)
  seen <- watch(group_lasso(d$covariates, counts, bad_basis, weights = as.numeric(counts == 0), n_lambda = 5))
  expect_true("neurolasso_silent" %in% classes_of(seen))
  # the only spikes in bins that are dropped
  gone <- replace(d$covariates, "a", list(replace(d$covariates$a, 7, NA)))
  seen <- watch(group_lasso(gone, counts, bad_basis, n_lambda = 5))
  expect_true("neurolasso_silent" %in% classes_of(seen))
})

test_that("one spike, constant counts and an outlier have answers", {
  d <- bad_data()
  for (how in scalings) {
    one <- bad_fit(counts = replace(numeric(300), 9, 1), standardize = how)
    expect_finite_path(one)
    expect_true(all(one$converged))
    outlier <- bad_fit(counts = replace(d$counts, 7, 1e7), standardize = how)
    expect_finite_path(outlier)
    expect_true(all(outlier$converged))
    constant <- watch(group_lasso(d$covariates, rep(2, 300), bad_basis, standardize = how, n_lambda = 5))
    expect_true("neurolasso_no_signal" %in% classes_of(constant))
    expect_finite_path(constant$value)
    expect_equal(unique(as.vector(fitted(constant$value))), 2, tolerance = 1e-6)
    tiny <- bad_fit(counts = d$counts * 1e-12, standardize = how)
    expect_finite_path(tiny)
    huge <- bad_fit(counts = d$counts * 1e12, standardize = how)
    expect_finite_path(huge)
    expect_equal(huge$coefficients, bad_fit(standardize = how)$coefficients, tolerance = 1e-4)
  }
})

# ---- offset and weights --------------------------------------------------------------------------

test_that("offsets and weights that can't be used are an error that names them", {
  v <- rep(1, 300)
  expect_input_error(bad_fit(offset = replace(v, 2, Inf)), "`offset`.*1 row \\(first: 2\\)")
  expect_input_error(bad_fit(offset = replace(v, 2, -Inf)), "`offset`")
  expect_input_error(bad_fit(offset = v[-1]), "`offset`")
  expect_input_error(bad_fit(offset = "speed"), "`offset`")
  expect_input_error(bad_fit(weights = replace(v, 2, Inf)), "`weights`")
  expect_input_error(bad_fit(weights = replace(v, 2, -1)), "`weights`")
  expect_input_error(bad_fit(weights = v[-1]), "`weights`")
  expect_input_error(bad_fit(weights = list(1)), "`weights`")
  expect_input_error(bad_fit(weights = factor(v)), "`weights`")
})

test_that("huge, tiny and mixed weights have answers", {
  plain <- bad_fit()
  for (scale in c(1e300, 1e-300, 1e-310)) {
    path <- bad_fit(weights = rep(scale, 300))
    expect_equal(path$coefficients, plain$coefficients, tolerance = 1e-4)
  }
  expect_finite_path(bad_fit(weights = rep(c(1e8, 1e-8), 150)))
  one <- bad_fit(weights = replace(numeric(300), which(bad_data()$counts > 0)[1], 1))
  expect_finite_path(one)
  # deviances are finite where their value is
  expect_true(is.finite(bad_fit(weights = rep(1e300, 300))$null_deviance))
})

test_that("offsets of +-800 are shifts at lambda = 0, too", {
  d <- bad_data()
  plain <- group_lasso(d$covariates, d$counts, lambda = 0, control = precise())
  for (shift in c(-800, 800)) {
    path <- group_lasso(d$covariates, d$counts, lambda = 0, offset = rep(shift, 300), control = precise())
    expect_equal(path$coefficients, plain$coefficients, tolerance = 1e-6)
    expect_equal(path$intercept, plain$intercept - shift)
  }
  # bins that hardly count
  expect_finite_path(bad_fit(offset = rep(c(0, -800), 150), counts = bad_data()$counts * rep(1:0, 150)))
})

# ---- lambda and the other arguments --------------------------------------------------------------

test_that("lambdas that can't be used are an error that names them", {
  fails <- function(lambda) expect_input_error(bad_fit(lambda = lambda), "`lambda`")
  fails(c(0.1, NA))
  fails(NaN)
  fails(-1)
  fails(c(0.1, -Inf))
  fails(numeric(0))
  fails("0.1")
  fails(list(0.1))
  fails(TRUE)
  fails(factor(1))
})

test_that("other arguments are checked by name", {
  d <- bad_data()
  fails <- function(names, ...) expect_input_error(group_lasso(d$covariates, d$counts, ...), names)
  for (wrong in list(0, -1, 2.5, NA, "a", c(2, 3), Inf, NULL)) fails("`n_lambda`", n_lambda = wrong)
  for (wrong in list(0, 1, 2, -1, NA, "a", c(0.1, 0.2))) fails("`lambda_min_ratio`", lambda_min_ratio = wrong)
  for (wrong in list("nonsense", 1, NA, c("none", "group"))) fails("`standardize`", standardize = wrong)
  for (wrong in list("exp", 1, NA, c("softplus", "log"))) fails("`link`", link = wrong)
  for (wrong in list(1, 2.5, "a", c(a = 5), c(z = 5))) fails("`discretize`", discretize = wrong)
  for (wrong in list(1, c(1, 1, -1), c(1, NA, 1), c(1, Inf, 1), "a", rep(1, 4), c(a = 1, b = 1, z = 1),
                     c(a = 1, a = 1, b = 1), factor(1:3))) {
    fails("`group_weights`", group_weights = wrong)
  }
  for (wrong in list(NULL, list(tol = 1), 1e-8)) fails("`control`", control = wrong)
  for (wrong in list(NA, 1, "yes", c(TRUE, FALSE))) fails("`progress`", progress = wrong)
  for (wrong in list("bspline", 6, list(basis_bspline(6)), list(q = bad_basis), list(a = 6), mean)) {
    fails("`basis`", basis = wrong)
  }
  for (wrong in list(0, -1, 1, NA, "a", c(1e-3, 1e-4), Inf)) {
    expect_input_error(group_lasso_control(tol = wrong), "`tol`")
  }
  for (wrong in list(0, 1.5, NA, Inf)) {
    expect_input_error(group_lasso_control(max_passes = wrong), "`max_passes`")
    expect_input_error(group_lasso_control(n_threads = wrong), "`n_threads`")
  }
  expect_input_error(group_lasso(expand_covariates(d$covariates), d$counts, basis = bad_basis), "`basis`")
})

test_that("errors and warnings come from the function that was called", {
  expect_identical(as.character(conditionCall(error_of(group_lasso(1, 2))))[1], "group_lasso")
  seen <- watch(group_lasso(list(a = c(1, 2, 3)), c(0, 0, 0), n_lambda = 2))
  expect_identical(as.character(conditionCall(seen$warnings[[1]]))[1], "group_lasso")
})

# ---- the end of the path -------------------------------------------------------------------------

test_that("separated data are finite along the path and warn at lambda = 0", {
  d <- bad_data()
  counts <- ifelse(d$covariates$a > 0, d$counts + 1, 0)
  bins <- list(a = cut(d$covariates$a, c(-Inf, -1, 0, 1, Inf)), b = d$covariates$b)
  for (covariates in list(d$covariates, bins)) {
    path <- watch(group_lasso(covariates, counts, n_lambda = 30, lambda_min_ratio = 1e-4))
    expect_length(path$warnings, 0)
    expect_finite_path(path$value)
    expect_true(all(path$value$converged))
  }
  last <- watch(group_lasso(bins, counts, lambda = 0))
  expect_true("neurolasso_separation" %in% classes_of(last))
  expect_true(all(is.finite(last$value$coefficients)))
  # not where nothing is separated
  fine <- watch(group_lasso(d$covariates, d$counts, lambda = 0))
  expect_length(fine$warnings, 0)
})

test_that("a fit that is stopped warns with a class, is finite and says so", {
  d <- bad_data()
  stopped <- group_lasso_control(max_passes = 1)
  seen <- watch(group_lasso(d$covariates, d$counts, bad_basis, n_lambda = 10, control = stopped))
  expect_identical(sum(classes_of(seen) == "neurolasso_not_converged"), 1L)
  expect_finite_path(seen$value)
  expect_false(all(seen$value$converged))
  expect_output(print(seen$value), "not converged")
})

test_that("warnings that are errors leave the session usable", {
  d <- bad_data()
  old <- options(warn = 2)
  on.exit(options(old))
  fit <- function(max_passes = 500, counts = d$counts) {
    group_lasso(d$covariates, counts, bad_basis, n_lambda = 10,
                control = group_lasso_control(max_passes = max_passes))
  }
  before <- fit()
  for (i in 1:3) {
    expect_error(fit(1))
    expect_error(fit(counts = numeric(300)))
    expect_error(fit(counts = d$counts + 0.5))
  }
  expect_identical(answer(fit()), answer(before))
})

test_that("fewer bins than columns have answers", {
  d <- bad_data()
  for (how in scalings) {
    path <- bad_fit(covariates = lapply(d$covariates, `[`, 1:20), counts = d$counts[1:20],
                    basis = basis_bspline(15), standardize = how)
    expect_finite_path(path)
    expect_true(all(path$converged))
  }
})

# ---- new data ------------------------------------------------------------------------------------

test_that("newdata that can't be used is an error; what can has its rows", {
  d <- bad_data()
  path <- bad_fit(lambda = 0.02)
  expect_input_error(predict(path, d$covariates[1:2]), "`c`")
  expect_input_error(predict(path, 3), "`newdata`")
  expect_input_error(predict(path, replace(d$covariates, "a", list("x"))), "`a`")
  expect_input_error(predict(path, replace(d$covariates, "a", list(replace(d$covariates$a, 1, Inf)))), "`a`")
  expect_input_error(predict(path, replace(d$covariates, "a", list(1:2))), "`newdata`|`b`|covariates")
  expect_identical(dim(predict(path, lapply(d$covariates, `[`, 0))), c(0L, 1L))
  gaps <- lapply(d$covariates, `[`, 1:5)
  gaps$b[2] <- NA
  expect_identical(unname(is.na(predict(path, gaps)[, 1])), c(FALSE, TRUE, FALSE, FALSE, FALSE))
  seen <- watch(predict(path, list(a = c(-1e9, 0, 1e9), b = c(0, 0, 0), c = c(0, 0, 0))))
  expect_true("neurolasso_out_of_bounds" %in% classes_of(seen))
  expect_true(all(is.finite(seen$value)))
  more <- c(list(note = letters[1:5]), lapply(d$covariates, `[`, 1:5))
  expect_identical(predict(path, more), predict(path, more[-1]))
})

# ---- where a session runs ------------------------------------------------------------------------

test_that("fits don't depend on the locale", {
  d <- bad_data()
  plain <- answer(bad_fit())
  text <- capture.output(print(bad_fit()))
  old <- Sys.getlocale("LC_ALL")
  on.exit(suppressWarnings(Sys.setlocale("LC_ALL", old)))
  tried <- 0
  for (locale in c("tr_TR.UTF-8", "tr_TR.utf8", "de_DE.UTF-8", "de_DE.utf8", "C")) {
    category <- if (locale == "C") "LC_COLLATE" else "LC_ALL"
    if (!nzchar(suppressWarnings(Sys.setlocale(category, locale)))) next
    suppressWarnings(Sys.setlocale("LC_NUMERIC", "C"))
    tried <- tried + (locale != "C")
    expect_identical(answer(bad_fit()), plain)
    expect_identical(capture.output(print(bad_fit())), text)
    expect_input_error(bad_fit(counts = -d$counts), "`counts`")
  }
  if (tried == 0) skip("neither tr_TR nor de_DE is installed")
})

test_that("forked and new processes fit alike", {
  skip_on_cran()
  d <- bad_data()
  here <- answer(bad_fit())
  if (.Platform$OS.type == "unix") {
    there <- parallel::mclapply(1:2, function(i) answer(bad_fit()), mc.cores = 2)
    expect_identical(there, list(here, here))
  }
  cluster <- parallel::makePSOCKcluster(1)
  on.exit(parallel::stopCluster(cluster))
  # calls, not functions: theirs would carry this test's environment along
  parallel::clusterCall(cluster, eval, bquote(.libPaths(.(.libPaths()))))
  there <- parallel::clusterCall(cluster, eval, bquote(
    neurolasso::group_lasso(.(d$covariates), .(d$counts), neurolasso::basis_bspline(6), n_lambda = 15)
  ))[[1]]
  expect_identical(answer(there), here)
  # what a worker sends back is a whole path
  expect_identical(predict(there, d$covariates, lambda = 0.05),
                   predict(bad_fit(), d$covariates, lambda = 0.05))
})

test_that("a lack of memory is an error after which R goes on", {
  skip_on_cran()
  skip_if_not(.Platform$OS.type == "unix" && exists("mem.maxVSize", baseenv()))
  script <- tempfile(fileext = ".R")
  on.exit(unlink(script))
  writeLines(c(
    sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")),
    "library(neurolasso)",
    "x <- list(a = sin(1:4e5), b = cos(1:4e5)); y <- rep(c(0, 1, 0, 2), 1e5)",
    "design <- expand_covariates(c(x, list(c = x$a * x$b)), basis_bspline(10)); invisible(gc())",
    "fit <- function() tryCatch(class(group_lasso(design, y, n_lambda = 3)), error = conditionMessage)",
    "memory <- gc()['Vcells', ]; invisible(mem.maxVSize(memory[4] + 1))",
    "for (room in c(3, 6, 9, 12)) {",
    "  ballast <- numeric((memory[4] - memory[2] - room) * 2^17); cat('stopped:', fit(), '\\n')",
    "  ballast <- NULL; gc()",
    "}",
    "cat('then', fit(), '\\n')"
  ), script)
  rscript <- file.path(R.home("bin"), "Rscript")
  out <- suppressWarnings(system2(rscript, c("--vanilla", script), stdout = TRUE, stderr = TRUE))
  expect_match(out[startsWith(out, "stopped:")], "memory|allocate", all = TRUE)
  expect_identical(trimws(out[length(out)]), "then group_lasso_path")
})
