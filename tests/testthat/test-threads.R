# Threads: the same bits for the same number of them, the same answer for any.

threaded_data <- function(n = 12000) {
  with_local_seed(1, {
    x <- list(a = cumsum(rnorm(n)) %% 50, b = round(rexp(n, 0.1)), c = rnorm(n), m = matrix(rnorm(2 * n), n),
              f = factor(sample(30, n, TRUE)))
    list(covariates = x, counts = rpois(n, exp(-1 + 0.5 * sin(x$a / 8) + 0.2 * x$m[, 1])))
  })
}

threaded_bases <- list(a = basis_bspline(8), b = basis_raised_cosine(6), c = basis_bspline(6))

threaded_fit <- function(n_threads, d = threaded_data(), ...) {
  group_lasso(d$covariates, d$counts, threaded_bases, n_lambda = 12,
              control = group_lasso_control(n_threads = n_threads), ...)
}

test_that("n_threads is checked, and printed", {
  for (bad in list(0, -1, 1.5, NA, Inf, "two", c(1, 2), TRUE, list(2))) {
    expect_refused(group_lasso_control(n_threads = bad), "n_threads", "`n_threads`", "at least 1")
  }
  expect_identical(group_lasso_control(n_threads = 3)$n_threads, 3L)
  expect_output(print(group_lasso_control(n_threads = 3)), "n_threads = 3", fixed = TRUE)
  expect_output(print(group_lasso_control()), "n_threads = 1", fixed = TRUE)
  expect_named(group_lasso_control(), c("tol", "max_passes", "n_threads"))
})

test_that("never more threads than the system gives are used, and one unless told", {
  usable <- neurolasso:::usable_threads
  available <- usable(1000L)
  expect_gte(available, 1L)
  expect_identical(usable(1L), 1L)
  expect_identical(group_lasso_control()$n_threads, 1L)
})

test_that("the same number of threads gives the same bits", {
  for (link in c("log", "softplus")) {
    for (n in 1:2) {
      expect_identical(answer(threaded_fit(n, link = link)), answer(threaded_fit(n, link = link)))
    }
  }
  # more than there are is as many as there are
  expect_identical(answer(threaded_fit(neurolasso:::usable_threads(1000L))), answer(threaded_fit(1000)))
})

test_that("one and two threads give the same solution", {
  d <- threaded_data()
  for (link in c("log", "softplus")) {
    paths <- lapply(1:2, threaded_fit, d = d, link = link)
    problem <- list(blocks = lapply(as.list(paths[[1]]$design), unname), counts = d$counts)
    value <- function(path) {
      vapply(seq_along(path$lambda), function(l) {
        objective(problem$blocks, d$counts, path$intercept[l], path$coefficients[, l], path$lambda[l],
                  "calibrated", link = link)
      }, 0)
    }
    expect_equal(paths[[2]]$lambda, paths[[1]]$lambda, tolerance = 1e-12)
    for (path in paths) {
      expect_true(all(path$converged))
      expect_lt(max(path_residuals(path, problem)), 2e-6)
    }
    expect_lt(max(abs(value(paths[[1]]) - value(paths[[2]]))), 1e-10)
    expect_equal(paths[[2]]$coefficients, paths[[1]]$coefficients, tolerance = 1e-4)
  }
})

test_that("the number of threads does not show in what bases evaluate to", {
  d <- threaded_data()
  bases <- c(threaded_bases, list(wrapped = basis_cyclic(6, bounds = c(0, 50)), high = basis_bspline(9, order = 8),
                                  log = basis_raised_cosine_log(5), many = basis_bspline(300)))
  x <- d$covariates[c("a", "b", "c")]
  x <- c(x, list(wrapped = x$a, high = x$c, log = replace(x$c, 7, NA), many = x$c))
  alone <- expand_covariates(x, bases)
  shared <- neurolasso:::with_threads(group_lasso_control(n_threads = 2), expand_covariates(x, bases))
  expect_identical(shared, alone)
  expect_identical(neurolasso:::row_threads(), 1L)
  path <- group_lasso(x[1:2], d$counts, bases[1:2], n_lambda = 2, control = group_lasso_control(n_threads = 2))
  expect_identical(as.matrix(path$design), as.matrix(alone)[, 1:14])
  # values outside are counted once, whoever sees them
  inside <- list(a = basis_bspline(8, bounds = c(10, 40)))
  n_out <- sum(x$a < 10 | x$a > 40)
  expect_warning(neurolasso:::with_threads(group_lasso_control(n_threads = 2), expand_covariates(x["a"], inside)),
                 format(n_out, big.mark = ","), class = "neurolasso_out_of_bounds")
})

test_that("threads are given back, also where an error leaves", {
  expect_error(neurolasso:::with_threads(group_lasso_control(n_threads = 2), stop("left")), "left")
  expect_identical(neurolasso:::row_threads(), 1L)
})

test_that("moments are the same by any number of threads but for rounding", {
  d <- threaded_data()
  design <- expand_covariates(d$covariates, threaded_bases)
  v <- d$counts + 1
  moments <- lapply(c(1, 2, 2), function(n) {
    neurolasso:::with_threads(group_lasso_control(n_threads = n), neurolasso:::design_moments(design, v / sum(v)))
  })
  expect_equal(moments[[2]], moments[[1]], tolerance = 1e-12)
  expect_identical(moments[[2]], moments[[3]])
  for (g in seq_along(d$covariates)) {
    X <- unname(design[[g]])
    centred <- sweep(X, 2, colSums(X * v) / sum(v))
    expect_equal(moments[[2]][[g]]$second, crossprod(centred * sqrt(v / sum(v))), tolerance = 1e-9)
  }
})

test_that("a forked process fits with one thread, to the bit", {
  skip_on_cran()
  skip_on_os("windows")
  d <- threaded_data()
  one <- answer(threaded_fit(1, d))
  threaded_fit(2, d) # threads have been at work before the fork
  there <- parallel::mclapply(1:2, function(i) answer(threaded_fit(i, d)), mc.cores = 2)
  expect_identical(there, list(one, one))
  expect_identical(parallel::mclapply(1:2, function(i) neurolasso:::usable_threads(2L), mc.cores = 2),
                   list(1L, 1L))
  expect_identical(answer(threaded_fit(1, d)), one)
})

# What a new R process with these environment variables makes of the data.
fit_elsewhere <- function(environment) {
  files <- tempfile(c("fit", "data", "answer"), fileext = c(".R", ".rds", ".rds"))
  on.exit(unlink(files))
  saveRDS(list(data = threaded_data(), bases = threaded_bases), files[2])
  writeLines(c(
    sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")),
    sprintf("library(neurolasso, lib.loc = %s)", deparse(dirname(system.file(package = "neurolasso")))),
    sprintf("d <- readRDS(%s)", deparse(files[2])),
    "control <- group_lasso_control(n_threads = 2)",
    "path <- group_lasso(d$data$covariates, d$data$counts, d$bases, n_lambda = 12, control = control)",
    sprintf("saveRDS(list(path = path, threads = neurolasso:::usable_threads(2L)), %s)", deparse(files[3]))
  ), files[1])
  out <- suppressWarnings(system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", files[1]),
                                  stdout = TRUE, stderr = TRUE, env = environment))
  if (!file.exists(files[3])) stop(paste(out, collapse = "\n"))
  readRDS(files[3])
}

test_that("OMP_THREAD_LIMIT and OMP_NUM_THREADS are kept to", {
  skip_on_cran()
  skip_on_os("windows")
  one <- answer(threaded_fit(1))
  for (limit in c("OMP_THREAD_LIMIT=1", "OMP_NUM_THREADS=1")) {
    there <- fit_elsewhere(limit)
    expect_identical(there$threads, 1L)
    expect_identical(answer(there$path), one)
  }
})
