# Populations in the workers of a plan: the numbers of a run alone, and what becomes of failures.

run_toy <- function(f, work = toy_work(), checkpoint = NULL) {
  neurolasso:::run_population(work, toy_units(work), f, checkpoint, FALSE)
}

toy_sums <- function(records) vapply(records, function(record) record$fit %||% NA, 0)

fails_for <- function(bad, where = function(work) TRUE) {
  force(where)
  # a worker doesn't know the helpers
  environment(toy_records) <- baseenv()
  function(work, unit) {
    if (any(bad %in% unit) && where(work)) stop("no luck with ", intersect(bad, unit))
    toy_records(work, unit)
  }
}
in_worker <- function(work) work$main != Sys.getpid()

test_that("workers give the same bits as this process", {
  d <- many_neurons()
  d$counts[5:60, c(2, 6)] <- NA
  alone <- fit_many(d)
  away <- with_workers(fit_many(d))
  expect_identical(unclass(away)$fits, unclass(alone)$fits)
  expect_identical(unclass(away)$weight, unclass(alone)$weight)
  # and they are solutions
  blocks <- list(position = oracle_bspline(d$covariates$position, 6),
                 speed = oracle_raised_cosine(d$covariates$speed, 5),
                 head_direction = oracle_cyclic(d$covariates$head_direction, 5, bounds = c(0, 2 * pi)),
                 theta_phase = oracle_cyclic(d$covariates$theta_phase, 6, bounds = c(0, 2 * pi)))
  for (k in seq_len(ncol(d$counts))) {
    path <- away[[k]]
    known <- !is.na(d$counts[, k])
    for (l in c(2, 8)) {
      residual <- kkt_residual(lapply(blocks, function(X) X[known, ]), d$counts[known, k], path$intercept[l],
                               path$coefficients[, l], path$lambda[l], "calibrated")
      expect_lt(residual, 2e-6)
    }
  }
})

test_that("forked workers do, too, and formulas and functions go along", {
  skip_on_os("windows")
  skip_if_not_installed("future.apply")
  skip_if_not(future::supportsMulticore())
  d <- many_neurons(4)
  data <- data.frame(d$covariates)
  big <- rnorm(1e6) # in the formula's environment: nothing that a worker needs
  fit <- function() {
    y <- unname(d$counts)
    group_lasso(y ~ basis_bspline(position, 5) + basis_custom(speed, list(sin, cos)), data, n_lambda = 4)
  }
  alone <- fit()
  old <- future::plan("multicore", workers = 2)
  on.exit(future::plan(old))
  away <- fit()
  expect_identical(unclass(away)$fits, unclass(alone)$fits)
})

test_that("each worker gets the compact design once, and its own neurons", {
  d <- many_neurons(40)
  d$covariates$baggage <- rnorm(nrow(d$counts))
  local <- rnorm(1e6)
  bases <- c(session_bases(),
             list(baggage = basis_custom(list(function(x) x + 0 * local[1], function(x) x^2))))
  population <- group_lasso(d$covariates, d$counts, bases, n_lambda = 2)
  work <- neurolasso:::path_work(population, neurolasso:::lambda_request(NULL, 2, 0.1), rep(1, 5))
  units <- neurolasso:::companies(d$counts, 30)
  load <- neurolasso:::work_load(work, units[1:2], neurolasso:::fit_company, NULL)
  bytes <- length(serialize(load, NULL))
  design <- neurolasso:::memory_of(unclass(unclass(population)$data$design)$blocks)
  counts <- 8 * nrow(d$counts) * 6
  expect_gt(bytes, design + counts)
  expect_lt(bytes, 1.05 * (design + counts) + 5e4)
  # a plan of two workers makes two loads, whatever the number of units
  chunks <- with_workers(neurolasso:::worker_chunks(length(units)))
  expect_length(chunks, 2)
  expect_setequal(unlist(chunks), seq_along(units))
})

test_that("companies are of neurons that miss the same bins, of one where the design is wide", {
  d <- many_neurons(7)
  d$counts[3, c(2, 5)] <- NA
  units <- neurolasso:::companies(d$counts, 100)
  expect_identical(lapply(units, function(unit) match(unit, colnames(d$counts))),
                   list(c(1L, 3L, 4L), 6:7, c(2L, 5L)))
  expect_length(neurolasso:::companies(d$counts, 1000), 7)
})

test_that("an error in one neuron is that of this neuron alone", {
  for (setting in list(identity, with_workers)) {
    seen <- watch(setting(run_toy(fails_for("c"))))
    expect_identical(toy_sums(seen$value), c(a = 15, b = 40, c = NA, d = 90, e = 115, f = 140))
    expect_length(seen$warnings, 1)
    expect_s3_class(seen$warnings[[1]], "neurolasso_worker_failed")
    expect_identical(seen$warnings[[1]]$lost, "c")
    expect_identical(unname(seen$warnings[[1]]$neurons), c("c", "d"))
    expect_match(conditionMessage(seen$warnings[[1]]), "no luck with c")
  }
  expect_error(run_toy(fails_for(letters[1:6])), "no luck with")
})

test_that("what fails in a worker alone is done again here", {
  seen <- watch(with_workers(run_toy(fails_for(c("a", "d"), in_worker))))
  expect_identical(unname(toy_sums(seen$value)), colSums(toy_work()$counts), ignore_attr = TRUE)
  expect_length(seen$warnings, 1)
  expect_identical(seen$warnings[[1]]$lost, character())
  expect_setequal(seen$warnings[[1]]$neurons, c("a", "b", "c", "d"))
})

test_that("a worker that is killed costs its time, and nothing else", {
  skip_on_os("windows")
  killed <- function(work, unit) {
    if ("c" %in% unit && work$main != Sys.getpid()) tools::pskill(Sys.getpid(), 9)
    toy_records(work, unit)
  }
  environment(toy_records) <- baseenv()
  seen <- watch(with_workers(run_toy(killed)))
  expect_identical(toy_sums(seen$value), toy_sums(run_toy(toy_records)))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_worker_failed")
  expect_true(all(c("c", "d") %in% seen$warnings[[1]]$neurons))
  expect_false(all(letters[1:6] %in% seen$warnings[[1]]$neurons))
})

test_that("a neuron without a fit is NA, and the others answer", {
  d <- many_neurons(4)
  population <- fit_many(d)
  records <- Map(function(fit, k) list(fit = fit, weight = unclass(population)$weight[, k]),
                 unclass(population)$fits, 1:4)
  records[[2]] <- list(error = "the worker died")
  broken <- neurolasso:::with_records(population, records)
  expect_output(print(broken), "cell 2", fixed = TRUE)
  expect_identical(which(is.na(coef(broken, fraction = 0.3)[1, ])), c("cell 2" = 2L))
  expect_identical(coef(broken, fraction = 0.3)[, -2], coef(population, fraction = 0.3)[, -2])
  expect_true(all(is.na(selected(broken, fraction = 0.3)[, 2])))
  expect_identical(predict(broken, fraction = 0.3)[, -2], predict(population, fraction = 0.3)[, -2])
  expect_true(all(is.na(predict(broken, fraction = 0.3)[, 2])))
  expect_true(all(is.na(entry_order(broken)[, 2])))
  expect_true(all(is.na(deviance(broken)[, 2])))
  expect_identical(deviance(broken)[, -2], deviance(population)[, -2])
  s <- summary(broken, fraction = 0.3)
  expect_equal(s$share[, 1], rowMeans(selected(population, fraction = 0.3)[, -2]))
  expect_identical(sum(s$sizes), 3)
  expect_true(is.na(s$neurons["cell 2", "kkt"]))
  expect_refused(broken[["cell 2"]], "neuron", "cell 2", "the worker died",
                 class = "neurolasso_failed_neuron")
  expect_identical(names(as.list(broken)), names(population)[-2])
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_invisible(plot(broken))
  expect_output(print(broken[2]), "cell 2", fixed = TRUE)
})

test_that("a time limit is the user's, not a neuron's", {
  slow <- function(work, unit) {
    for (i in 1:200) Sys.sleep(0.01)
    toy_records(work, unit)
  }
  setTimeLimit(elapsed = 0.3, transient = TRUE)
  on.exit(setTimeLimit())
  expect_error(run_toy(slow), "time limit")
})

test_that("workers tell progressr of each unit", {
  skip_if_not_installed("progressr")
  loadNamespace("progressr")
  old <- options(progressr.enable = TRUE)
  on.exit(options(old))
  for (setting in list(identity, with_workers)) {
    steps <- 0
    withCallingHandlers(setting(run_toy(toy_records)),
                        progression = function(p) if (identical(p$type, "update")) steps <<- steps + p$amount)
    expect_equal(steps, 3)
  }
})

test_that("a bar appears once it takes long", {
  bar <- neurolasso:::step_bar(4, "neurons", TRUE)
  environment(bar)$start <- Sys.time() - 10
  expect_output(for (i in 1:4) bar(), "^neurons ={50} 4$")
  quiet <- neurolasso:::step_bar(4, "neurons", TRUE)
  expect_silent(for (i in 1:4) quiet())
})
