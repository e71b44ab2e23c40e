# A fit that is stopped at any moment leaves a condition, no memory and a session that works.

long_design <- function(n = 2e5) {
  with_local_seed(1, {
    covariates <- lapply(1:8, function(i) as.numeric(stats::filter(rnorm(n), 0.95, "recursive")))
    names(covariates) <- letters[1:8]
    list(design = expand_covariates(covariates, basis_bspline(10)),
         counts = rpois(n, exp(-1 + 0.2 * covariates$a - 0.1 * covariates$b)))
  })
}

resident_mb <- function() {
  line <- grep("^VmRSS", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

test_that("time limits at random moments stop the fit and leave no memory", {
  skip_on_cran()
  d <- long_design()
  fit <- function(limit = Inf) {
    setTimeLimit(elapsed = limit, transient = TRUE)
    on.exit(setTimeLimit())
    tryCatch(group_lasso(d$design, d$counts, n_lambda = 25), error = conditionMessage)
  }
  whole <- system.time(expected <- fit())[["elapsed"]]
  moments <- with_local_seed(2, runif(15, 0.02, 0.6)) * whole
  linux <- file.exists("/proc/self/status")
  memory <- numeric(0)
  n_stopped <- 0
  for (moment in moments) {
    outcome <- fit(moment)
    # on a machine whose pace changes a fit may get through
    if (is.character(outcome)) {
      expect_match(outcome, "elapsed time limit")
      n_stopped <- n_stopped + 1
    }
    gc(full = TRUE)
    if (linux) memory <- c(memory, resident_mb())
  }
  expect_gt(n_stopped, 8)
  again <- group_lasso(d$design, d$counts, n_lambda = 5)
  expect_true(all(again$converged))
  expect_identical(answer(fit()), answer(expected))
  if (linux) {
    # one leaked vector of bins per stop would be 18 MB over the last twelve
    expect_lt(memory[15] - memory[3], 8)
  }
})

test_that("an interrupt is an interrupt", {
  skip_on_cran()
  skip_if_not(.Platform$OS.type == "unix")
  d <- long_design()
  for (delay in c(0.1, 0.25, 0.4)) {
    system(sprintf("(sleep %g; kill -INT %d)", delay, Sys.getpid()), wait = FALSE)
    got <- tryCatch({
      for (i in 1:5) group_lasso(d$design, d$counts)
      "ran to its end"
    }, interrupt = function(e) "interrupt", error = conditionMessage)
    expect_identical(got, "interrupt")
  }
  expect_true(all(group_lasso(d$design, d$counts, n_lambda = 3)$converged))
})
