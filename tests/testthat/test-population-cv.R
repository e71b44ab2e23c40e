# Cross-validation of many neurons: each neuron's is that of its path alone, with the same folds.

# Neurons, one of them with missing counts and one silent.
cv_neurons <- function() {
  d <- many_neurons(5)
  d$counts[31:90, 2] <- NA
  d$counts[, 4] <- 0
  d
}

test_that("a neuron's cross-validation is that of this neuron alone, with the folds of all", {
  d <- cv_neurons()
  d$covariates$speed[7] <- NA
  d$weights <- rep(1:2, length.out = nrow(d$counts))
  for (adaptive in c(TRUE, FALSE)) {
    cv <- suppressWarnings(cv_many(d, weights = d$weights, gap = 2, adaptive = adaptive))
    expect_s3_class(cv, "group_lasso_population_cv")
    expect_identical(names(cv), colnames(d$counts))
    folds <- cv[[1]]$folds
    expect_length(folds, nrow(d$counts))
    for (k in c(1:3, 5)) {
      alone <- cv_group_lasso(d$covariates, d$counts[, k], session_bases(), weights = d$weights, n_lambda = 6,
                              folds = folds, gap = 2, progress = FALSE, adaptive = adaptive)
      parts <- setdiff(names(alone), c("fold_kind", "block", "call", "path"))
      expect_identical(cv[[k]][parts], alone[parts])
      parts <- setdiff(names(alone$path), c("call", "design", "discretized", "window_edges", "n_obs"))
      expect_equal(cv[[k]]$path[parts], alone$path[parts], tolerance = 1e-12)
    }
  }
  expect_true(all(is.na(cv[["cell 4"]]$cv_mean)))
  expect_identical(cv$`cell 3`, cv[[3]])
  expect_identical(names(cv[c(3, 1)]), c("cell 3", "cell 1"))
  expect_identical(cv[c(3, 1)][["cell 1"]], cv[[1]])
  expect_identical(lapply(cv, `[[`, "lambda_min")[[5]], cv[[5]]$lambda_min)
  expect_refused(cv[["nobody"]], "neuron")
  expect_refused(cv$a <- 1, "object", class = "neurolasso_needs_path")
})

test_that("blocks are those of the slowest of all signals", {
  d <- many_neurons(3, duration = 200)
  n <- nrow(d$counts)
  slow <- with_local_seed(4, as.numeric(stats::filter(rnorm(n), exp(-1 / 40), "recursive")))
  d$counts <- cbind(d$counts, slow = with_local_seed(5, rpois(n, exp(slow / sd(slow)))))
  block <- function(counts) {
    d$counts <- counts
    cv <- cv_many(d, n_lambda = 2)
    if (inherits(cv, "group_lasso_cv")) cv$block else cv[[1]]$block
  }
  blocks <- vapply(1:4, function(k) block(d$counts[, k]), 1L)
  expect_identical(block(d$counts), max(blocks))
  expect_identical(block(d$counts[, 1:2]), max(blocks[1:2]))
})

test_that("what it answers is what each neuron's answers", {
  d <- many_neurons(4)
  offset <- with_local_seed(3, rnorm(nrow(d$counts), sd = 0.2))
  cv <- cv_many(d, offset = offset, adaptive = FALSE)
  new <- list(covariates = lapply(d$covariates, `[`, 11:40), counts = d$counts[61:90, ])
  for (place in list("lambda_1se", "lambda_min", 0.02, NULL)) {
    coefs <- coef(cv, place)
    is_in <- selected(cv, place)
    curves <- tuning_curve(cv, "speed", place, n = 5)
    for (name in names(cv)) {
      one <- cv[[name]]
      expect_equal(coefs[, name], coef(one, place)[, 1])
      expect_identical(rownames(is_in)[is_in[, name]], selected(one, place))
      expect_equal(curves$rate[, name], tuning_curve(one, "speed", place, n = 5)$rate)
      expect_equal(predict(cv, lambda = place)[, name], predict(one, lambda = place)[, 1])
      expect_equal(predict(cv, new$covariates, place, "response", offset = 0)[, name],
                   predict(one, new$covariates, place, type = "response", offset = 0)[, 1])
      expect_equal(fitted(cv, place)[, name], fitted(one, place)[, 1])
      expect_equal(residuals(cv, place, "pearson")[, name], residuals(one, place, type = "pearson")[, 1])
      for (metric in c("bits_per_spike", "cohen")) {
        expect_equal(score(cv, metric = metric, lambda = place)[[name]],
                     unname(score(one, metric = metric, lambda = place)))
        expect_equal(score(cv, new$covariates, new$counts, metric, place, offset = 0)[[name]],
                     unname(score(one, new$covariates, new$counts[, name], metric, place, offset = 0)))
      }
    }
  }
  expect_equal(refit(cv, lag = 5)[["cell 2"]]$table, refit(cv[["cell 2"]], lag = 5)$table)
  same <- fit_many(d, offset = offset, n_lambda = 6)
  expect_equal(entry_order(cv), entry_order(same))
  expect_identical(nobs(cv), nobs(same))
  expect_refused(coef(cv, "best"), "lambda")
  expect_refused(score(cv, counts = d$counts), "counts")
})

test_that("silent neurons and folds without spikes stop nothing, and are named once", {
  d <- cv_neurons()
  d$counts[, 5] <- 0
  d$counts[1:40, 5] <- 1 # all spikes in the first block
  seen <- watch(cv_many(d, folds = "contiguous"))
  classes <- vapply(seen$warnings, function(w) class(w)[1], "")
  expect_identical(sort(classes), c("neurolasso_silent", "neurolasso_silent_fold"))
  silent_fold <- seen$warnings[[match("neurolasso_silent_fold", classes)]]
  expect_identical(silent_fold$neurons, "cell 5")
  s <- summary(seen$value)
  expect_identical(is.na(s$neurons$bits_per_spike), c(FALSE, FALSE, FALSE, TRUE, TRUE))
  expect_identical(sum(s$sizes), 4L)
})

test_that("the summary counts who encodes what", {
  d <- cv_neurons()
  cv <- suppressWarnings(cv_many(d))
  for (place in c("lambda_1se", "lambda_min")) {
    s <- summary(cv, lambda = place)
    is_in <- selected(cv, place)[, -4]
    expect_identical(s$share, rowMeans(is_in))
    for (size in 0:4) expect_equal(s$sizes[[size + 1]], sum(colSums(is_in) == size))
    for (k in c(1:3, 5)) {
      at <- match(cv[[k]][[place]], cv[[k]]$lambda)
      expect_identical(s$neurons$bits_per_spike[k], cv[[k]]$cv_mean[at])
      expect_identical(s$neurons$se[k], cv[[k]]$cv_se[at])
      expect_identical(s$neurons$lambda[k], cv[[k]]$lambda[at])
      expect_identical(s$neurons$covariates[k], toString(selected(cv[[k]], place)))
    }
  }
  expect_output(print(cv), "3 folds, the same for all neurons: interleaved blocks of .*median")
  expect_output(print(s), "Neurons by how many covariates are in", fixed = TRUE)
  expect_identical(summary(cv)$neurons["cell 2", "covariates"], "speed")
})

test_that("the plot returns what it draws", {
  d <- cv_neurons()
  cv <- suppressWarnings(cv_many(d))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  for (place in c("lambda_1se", "lambda_min")) {
    drawn <- plot(cv, lambda = place)
    expect_identical(!is.na(drawn$entry), selected(cv, place)[rownames(drawn$entry), colnames(drawn$entry)])
    expect_identical(drawn$share, summary(cv, place)$share[rownames(drawn$entry)])
    expect_identical(drawn$sizes, summary(cv, place)$sizes)
  }
  for (what in list("map", "sizes", "scores", c("scores", "sizes"))) expect_invisible(plot(cv, what = what))
  expect_refused(plot(cv, what = "everything"), "what")
  expect_invisible(plot(cv, max_labels = 0))
})

test_that("a population that is there can be cross-validated, and formulas can", {
  d <- many_neurons(3)
  population <- fit_many(d, n_lambda = 6)
  for (adaptive in c(TRUE, FALSE)) {
    cv <- cv_group_lasso(population, n_folds = 3, adaptive = adaptive)
    for (k in 1:3) {
      alone <- cv_group_lasso(population[[k]], folds = cv[[k]]$folds, adaptive = adaptive)
      expect_identical(cv[[k]]$score, alone$score)
      expect_identical(cv[[k]]$path$lambda, population[[k]]$lambda)
      if (!adaptive) expect_identical(cv[[k]]$path$coefficients, population[[k]]$coefficients)
    }
  }
  expect_refused(cv_group_lasso(population, d$counts), "counts")
  data <- data.frame(d$covariates)
  counts <- unname(d$counts)
  formula <- cv_group_lasso(counts ~ basis_bspline(position, 6) + speed, data, n_lambda = 4, n_folds = 3)
  expect_identical(rownames(selected(formula)), c("position", "speed"))
})

test_that("workers, checkpoints and resumed runs give the same bits", {
  d <- cv_neurons()
  run <- function(...) suppressWarnings(cv_many(d, ...))
  alone <- run()
  expect_identical(unclass(with_workers(run()))$held_out, unclass(alone)$held_out)
  folder <- tempfile("cv-")
  on.exit(unlink(folder, recursive = TRUE))
  expect_identical(unclass(run(checkpoint = folder))$held_out, unclass(alone)$held_out)
  expect_length(list.files(folder), 6)
  unlink(file.path(folder, c("neuron-00002.rds", "neuron-00005.rds")))
  writeLines("damaged", file.path(folder, "neuron-00001.rds"))
  again <- with_workers(run(checkpoint = folder))
  expect_identical(unclass(again)$held_out, unclass(alone)$held_out)
  expect_identical(unclass(unclass(again)$population)$fits, unclass(unclass(alone)$population)$fits)
  expect_refused(run(checkpoint = folder, gap = 3), "checkpoint", "other: arguments",
                 class = "neurolasso_checkpoint")
  expect_refused(run(checkpoint = folder, n_folds = 4), "checkpoint", "other: folds",
                 class = "neurolasso_checkpoint")
  one <- d
  one$counts <- d$counts[, 1]
  expect_refused(cv_many(one, checkpoint = tempfile()), "checkpoint", "one neuron")
  expect_refused(cv_group_lasso(alone[["cell 1"]]$path, checkpoint = tempfile()), "checkpoint", "one neuron")
})

test_that("a neuron whose folds can't be fitted costs itself alone", {
  d <- many_neurons(4)
  n <- nrow(d$counts)
  d$counts[-(1:100), 3] <- NA # known in the first fold alone
  seen <- watch(cv_many(d, folds = rep(1:2, c(100, n - 100))))
  warning <- Filter(function(w) inherits(w, "neurolasso_worker_failed"), seen$warnings)
  expect_length(warning, 1)
  expect_identical(warning[[1]]$lost, "cell 3")
  cv <- seen$value
  expect_identical(unname(is.na(score(cv))), 1:4 == 3)
  expect_true(all(is.na(selected(cv)[, 3])))
  expect_refused(cv[[3]], "neuron", "nothing is left to train on", class = "neurolasso_failed_neuron")
  expect_identical(names(as.list(cv)), names(cv)[-3])
  expect_output(print(cv), "cell 3", fixed = TRUE)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_invisible(plot(cv))
})
