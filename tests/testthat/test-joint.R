# Neurons that share groups: against the conditions of the joint problem, brute
# force, and the fits that it contains.

# A random problem of a kind (helper-problems.R) with N neurons.
random_neurons <- function(kind, seed, n_neuron) {
  d <- random_problem(kind, seed)
  with_local_seed(seed + 1000, {
    n <- length(d$counts)
    others <- lapply(seq_len(n_neuron - 1), function(i) {
      X <- d$blocks[[sample(length(d$blocks), 1)]]
      signal <- as.numeric(scale(X %*% rnorm(ncol(X))))
      signal[is.na(signal)] <- 0
      pmax(rpois(n, mean(d$counts) * exp(0.4 * signal + (d$offset %||% 0))), seq_len(n) == 1)
    })
    d$counts <- cbind(d$counts, do.call(cbind, others))
    colnames(d$counts) <- paste0("n", seq_len(n_neuron))
    d
  })
}

as_joint_problem <- function(d, how, link = "log") {
  joint_problem(do.call(cbind, d$blocks), d$counts, shared_blocks(d$blocks, ncol(d$counts)), how,
                d$offset %||% 0,
                d$weights %||% rep(1, nrow(d$counts)), d$mult %||% rep(1, length(d$blocks)), link)
}

test_that("joint fits of all kinds of problems satisfy the conditions of the joint problem", {
  for (kind in problem_kinds) {
    for (seed in 1:2) {
      n_neuron <- 2 + seed * 2 - (kind == "wide")
      d <- random_neurons(kind, seed, n_neuron)
      how <- c("calibrated", "group", "none")[1 + (seed + match(kind, problem_kinds)) %% 3]
      link <- if (kind %in% c("plain", "offset", "weights", "correlated")) c("log", "softplus")[seed] else "log"
      population <- suppressWarnings(fit_problem(d, neurons = "joint", standardize = how, link = link,
                                                 n_lambda = 12, lambda_min_ratio = 0.03))
      label <- paste(kind, seed, how, link)
      expect_true(all(population[[1]]$converged), label = label)
      expect_lt(population_residuals(population, as_joint_problem(d, how, link)), 3e-6, label = label)
      expect_lt(max(population[[1]]$kkt), 1e-6 * (1 + 1e-9), label = label)
    }
  }
})

test_that("a covariate is in for all neurons or for none", {
  d <- random_neurons("plain", 3, 5)
  population <- fit_problem(d, neurons = "joint", n_lambda = 30)
  for (l in c(5, 12, 30)) {
    active <- selected(population, lambda = population[[1]]$lambda[l])
    expect_true(all(rowSums(active) %in% c(0, 5)))
  }
  expect_gt(length(unique(entry_order(population)[, 1])), 1)
  expect_true(all(entry_order(population) == entry_order(population)[, 1], na.rm = TRUE))
})

test_that("the objective is that of brute force", {
  d <- random_neurons("plain", 5, 3)
  d$blocks <- lapply(d$blocks[1:3], function(X) X[1:80, seq_len(min(ncol(X), 3)), drop = FALSE])
  d$counts <- d$counts[1:80, ]
  problem <- as_joint_problem(d, "none")
  coords <- joint_coords(problem)
  population <- fit_problem(d, neurons = "joint", standardize = "none", n_lambda = 5, lambda_min_ratio = 0.1,
                            control = precise())
  p <- ncol(problem$X)
  # proximal gradient steps, one group after the other, from zero
  for (l in c(2, 5)) {
    lambda <- population[[1]]$lambda[l]
    beta <- matrix(0, p, 3)
    intercept <- log(colMeans(problem$y))
    step <- 0.02 / max(colMeans(problem$y))
    for (i in 1:20000) {
      slopes <- joint_gradients(problem, intercept, beta)$columns
      moved <- beta - step * slopes
      for (g in seq_along(coords)) {
        rows <- problem$groups[[g]][[1]]
        norm <- sqrt(sum(moved[rows, ]^2))
        moved[rows, ] <- moved[rows, ] * max(0, 1 - step * lambda * coords[[g]]$weight / norm)
      }
      change <- max(abs(moved - beta))
      beta <- moved
      intercept <- log(colMeans(problem$y) / colMeans(exp(problem$X %*% beta)))
      if (change < 1e-13) break
    }
    expect_lt(joint_residual(problem, intercept, beta, lambda), 1e-8) # brute force got there
    fits <- unclass(population)$fits
    came <- vapply(fits, function(fit) fit$coefficients[, l], double(p))
    expect_lt(max(abs(came - beta)), 1e-7)
    expect_equal(joint_objective(problem, vapply(fits, function(fit) fit$intercept[l], 0), came, lambda),
                 joint_objective(problem, intercept, beta, lambda), tolerance = 1e-12)
  }
})

test_that("one neuron's joint fit is its own", {
  for (link in c("log", "softplus")) {
    d <- random_neurons("offset", 7, 2)
    fit <- function(counts, ...) {
      group_lasso(d$blocks, counts, offset = d$offset, n_lambda = 15, link = link, control = precise(1e-9), ...)
    }
    alone <- fit(d$counts[, 1])
    # the other one is silent: the core has a single neuron
    seen <- watch(fit(cbind(one = d$counts[, 1], none = 0), neurons = "joint"))
    expect_s3_class(seen$warnings[[1]], "neurolasso_silent")
    expect_identical(seen$warnings[[1]]$neurons, "none")
    expect_equal(seen$value$one$coefficients, alone$coefficients, tolerance = 1e-6)
    expect_equal(seen$value$one$lambda, alone$lambda)
    expect_true(all(seen$value$none$intercept == -Inf))
    # and the solver for several, given one
    data <- list(design = alone$design, counts = cbind(one = d$counts[, 1]), offset = d$offset,
                 weights = NULL)
    cells <- neuron_cells(data, path_groups(alone), "calibrated", rep(1, length(alone$groups)))
    moments <- design_moments(alone$design, rep(1 / length(d$offset), length(d$offset)))
    came <- run_joint(alone$design, moments, cells, lambda_request(NULL, 15, 0.01), link, precise(1e-9), FALSE)[[1]]
    expect_equal(came$lambda, alone$lambda, tolerance = 1e-10)
    expect_equal(came$intercept, alone$intercept, tolerance = 1e-6)
    expect_equal(came$coefficients, unname(alone$coefficients), tolerance = 1e-6, ignore_attr = TRUE)
    expect_equal(came$group_norms, unname(alone$group_norms), tolerance = 1e-6, ignore_attr = TRUE)
    expect_equal(came$group_scores, unname(alone$group_scores), tolerance = 1e-6, ignore_attr = TRUE)
    expect_equal(deviance_from_loss(came$loss, alone$counts, rep(1, length(alone$counts))), alone$deviance,
                 tolerance = 1e-8)
    expect_equal(came$df, alone$df, tolerance = 0.02)
  }
})

test_that("a set for each neuron gives their separate fits at the same lambdas", {
  d <- random_neurons("correlated", 2, 4)
  joint <- fit_problem(d, neurons = as.list(1:4), n_lambda = 10, control = precise(1e-9))
  lambda <- joint[[1]]$lambda
  expect_equal(lambda[1], max(vapply(1:4, function(k) joint[[k]]$lambda_max, 0)))
  separate <- fit_problem(d, lambda = lambda, control = precise(1e-9))
  for (k in 1:4) {
    expect_identical(joint[[k]]$lambda, lambda)
    expect_equal(joint[[k]]$coefficients, separate[[k]]$coefficients, tolerance = 1e-6)
    expect_equal(joint[[k]]$kkt, separate[[k]]$kkt, tolerance = 1)
  }
})

test_that("sets are joint fits of their own on one grid", {
  d <- random_neurons("plain", 4, 6)
  sets <- list(c(1, 4), c(2, 3, 6), 5)
  problem <- as_joint_problem(d, "calibrated")
  by_name <- fit_problem(d, neurons = list(c("n1", "n4"), c("n2", "n3", "n6")), n_lambda = 10)
  expect_lt(population_residuals(by_name, problem, sets = sets), 2e-6)
  by_factor <- fit_problem(d, neurons = factor(c("a", "b", "b", "a", "c", "b")), n_lambda = 10)
  expect_identical(unclass(by_factor)$fits, unclass(by_name)$fits)
  expect_length(unique(lapply(unclass(by_name)$fits, `[[`, "lambda")), 1)
  expect_identical(unclass(by_name)$sets, list(c("n1", "n4"), c("n2", "n3", "n6"), "n5"))
  active <- selected(by_name, lambda = by_name[[1]]$lambda[5])
  for (set in sets) expect_true(all(active[, set] == active[, set[1]]))
})

test_that("neurons that miss bins keep their own coordinates and weights", {
  for (how in c("calibrated", "group", "none")) {
    d <- random_neurons("weights", 6, 4)
    n <- nrow(d$counts)
    d$counts[seq_len(n %/% 3), 2:3] <- NA
    d$counts[seq(n %/% 2, n), 4] <- NA
    d$counts[5, ] <- NA
    population <- fit_problem(d, neurons = "joint", standardize = how, n_lambda = 10)
    problem <- as_joint_problem(problem_rows(d, -5), how)
    expect_lt(population_residuals(population, problem), 3e-6)
    weights <- vapply(joint_coords(problem), `[[`, 0, "weight")
    expect_equal(unname(population[[1]]$group_weights), weights, tolerance = 1e-10)
    expect_identical(population[[1]]$group_weights, population[[4]]$group_weights)
  }
})

test_that("lambda = 0 and given lambdas, free covariates, and far apart lambdas", {
  d <- random_neurons("plain", 8, 3)
  d$mult <- c(0, rep(1, length(d$blocks) - 1))
  population <- fit_problem(d, neurons = "joint", lambda = c(0, 1e-3, 0.02, 1e6))
  expect_identical(population[[2]]$lambda, c(1e6, 0.02, 1e-3, 0))
  expect_lt(population_residuals(population, as_joint_problem(d, "calibrated")), 3e-6)
  X <- do.call(cbind, d$blocks)
  for (k in 1:3) {
    rate <- fitted(population, lambda = 0)[, k]
    expect_equal(rate, saturated_fit(X, d$counts[, k]), tolerance = 1e-4)
    expect_true(all(population[[k]]$group_norms[1, ] > 0))
  }
})

test_that("silent neurons have no part in it, and a set of them is no problem", {
  d <- random_neurons("plain", 9, 3)
  with_silent <- d
  with_silent$counts <- cbind(d$counts, mute = 0)
  seen <- watch(fit_problem(with_silent, neurons = "joint", n_lambda = 8))
  expect_identical(lapply(seen$warnings, `[[`, "neurons"), list("mute"))
  expect_equal(seen$value[["n2"]]$coefficients,
               fit_problem(d, neurons = "joint", n_lambda = 8)[["n2"]]$coefficients)
  expect_true(all(seen$value$mute$intercept == -Inf))
  expect_false(any(selected(seen$value, fraction = 0.1)[, "mute"]))
  alone <- watch(fit_problem(with_silent, neurons = list("mute", c("n1", "n2")), n_lambda = 8))
  expect_identical(lapply(alone$warnings, `[[`, "neurons"), list("mute"))
  expect_identical(alone$value$mute$lambda, alone$value$n3$lambda)
  none <- with_silent
  none$counts[] <- 0
  expect_true(all(suppressWarnings(fit_problem(none, neurons = "joint", n_lambda = 3))$n1$intercept == -Inf))
})

test_that("constant counts are no signal, said once", {
  d <- random_neurons("plain", 10, 2)
  d$counts[] <- rep(c(1, 3), each = nrow(d$counts))
  seen <- watch(fit_problem(d, neurons = "joint", n_lambda = 4))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_no_signal")
  expect_equal(unname(coef(seen$value, fraction = 1)[1, ]), log(c(1, 3)))
})

test_that("the order of neurons does not matter, and the same call gives the same bits", {
  d <- random_neurons("splines", 11, 9)
  fit <- function(order, ...) {
    group_lasso(d$blocks, d$counts[, order], neurons = "joint", n_lambda = 8, control = precise(1e-9), ...)
  }
  one <- fit(1:9)
  expect_identical(unclass(one)$fits, unclass(fit(1:9))$fits)
  other <- fit(9:1)
  for (name in names(one)) expect_equal(one[[name]]$coefficients, other[[name]]$coefficients, tolerance = 1e-6)
})

test_that("what a population can be asked, a joint one answers, new data included", {
  d <- random_neurons("plain", 12, 4)
  population <- fit_problem(d, neurons = "joint", n_lambda = 20)
  expect_s3_class(population, c("group_lasso_joint", "group_lasso_population"), exact = TRUE)
  lambda <- population[[1]]$lambda[12]
  new <- lapply(d$blocks, function(X) X[1:7, , drop = FALSE])
  link <- predict(population, new, lambda = lambda)
  beta <- coef(population, lambda = lambda)
  expect_equal(link, cbind(1, do.call(cbind, new)) %*% beta, ignore_attr = TRUE)
  expect_identical(colnames(link), names(population))
  expect_equal(predict(population[["n3"]], new, lambda = lambda, type = "response")[, 1], exp(link[, "n3"]))
  expect_identical(dim(fitted(population, fraction = 0.2)), dim(d$counts))
  expect_identical(dim(deviance(population)), c(20L, 4L))
  expect_true(all(diff(rowSums(deviance(population))) <= 1e-6))
  expect_identical(unname(nobs(population)), rep(nrow(d$counts) + 0, 4))
  # several neurons at one lambda_max
  expect_length(unique(vapply(as.list(population), `[[`, 0, "lambda_max")), 1)
  expect_true(all(is.finite(population[[1]]$df)))
  expect_output(print(population), "enters for all 4 neurons or for none")
  expect_output(print(population), names(entry_order(population[[1]]))[1], fixed = TRUE)
  expect_output(print(summary(population)), "Share of the 4 neurons")
  expect_s3_class(population[c("n4", "n1")], "group_lasso_joint")
})

test_that("what needs a penalty of its own is refused of a joint path, what does not is answered", {
  d <- random_neurons("plain", 15, 3)
  path <- fit_problem(d, neurons = "joint", n_lambda = 10)[["n2"]]
  for (f in list(cv_group_lasso, selection_stability, shift_control)) {
    expect_refused(f(path), "object", "`n1`", class = "neurolasso_joint_path")
  }
  at <- path$lambda[6]
  expect_identical(refit(path, lambda = at)$table$covariate %||% rownames(refit(path, lambda = at)$table),
                   selected(path, lambda = at))
  expect_identical(dim(predict(path, lambda = at, type = "terms")), c(nrow(d$counts), length(d$blocks)))
  expect_true(names(entry_order(path))[1] %in% selected(path, lambda = path$lambda[2]))
})

test_that("a joint fit can be stopped at any moment, and the session goes on", {
  d <- random_neurons("splines", 16, 12)
  fit <- function(limit) {
    setTimeLimit(elapsed = limit, transient = TRUE)
    on.exit(setTimeLimit())
    tryCatch(fit_problem(d, neurons = "joint", n_lambda = 100, control = precise()), error = conditionMessage)
  }
  outcomes <- lapply(c(0.01, 0.05, 0.1), fit)
  for (outcome in outcomes) if (is.character(outcome)) expect_match(outcome, "time limit")
  expect_true(is.character(outcomes[[1]]))
  expect_true(all(fit(Inf)[[1]]$converged))
})

test_that("groups of columns go with neurons that share: parts of covariates, and columns in several groups", {
  d <- random_neurons("plain", 17, 3)
  sizes <- vapply(d$blocks, ncol, 1L)
  parts <- split(seq_len(sum(sizes)), (seq_len(sum(sizes)) - 1) %/% 4)
  population <- suppressWarnings(fit_problem(d, groups = parts, neurons = "joint", standardize = "none",
                                             n_lambda = 8))
  problem <- joint_problem(do.call(cbind, d$blocks), d$counts,
                           lapply(unname(parts), function(own) rep(list(own), 3)))
  expect_lt(population_residuals(population, problem), 3e-6)
  overlapping <- c(parts, list(both = unlist(parts[1:2])))
  overlap <- fit_problem(d, groups = overlapping, neurons = "joint", standardize = "none", n_lambda = 8)
  expect_true(all(overlap[[1]]$converged))
  # the latent penalty is never above that of the parts, so its objective is not
  at <- function(population) {
    fits <- unclass(population)$fits
    l <- 5
    lambda <- population[[1]]$lambda[l]
    loss <- sum(vapply(fits, function(fit) fit$loss[l], 0))
    weights <- unclass(population)$weight[, 1]
    norms <- sqrt(rowSums(vapply(fits, function(fit) fit$group_norms[, l]^2, double(length(weights)))))
    loss + lambda * sum(weights * norms)
  }
  same <- fit_problem(d, groups = overlapping, neurons = "joint", standardize = "none",
                      lambda = population[[1]]$lambda)
  expect_lte(at(same), at(population) + 1e-9)
})

test_that("degrees of freedom follow from the joint curvature", {
  d <- random_neurons("plain", 13, 3)
  population <- fit_problem(d, neurons = "joint", n_lambda = 6, control = precise(1e-9))
  problem <- as_joint_problem(d, "calibrated")
  for (l in c(3, 6)) {
    wanted <- joint_freedom(problem, population, l)
    came <- vapply(as.list(population), function(path) path$df[l], 0)
    expect_equal(unname(came), wanted, tolerance = 0.05)
  }
})

test_that("what `neurons` can't be is said", {
  d <- random_neurons("plain", 14, 3)
  expect_refused(fit_problem(d, neurons = "both"), "neurons")
  expect_refused(fit_problem(d, neurons = list("n1", "n9")), "neurons", "n9")
  expect_refused(fit_problem(d, neurons = list(1, 4)), "neurons")
  expect_refused(fit_problem(d, neurons = list(c("n1", "n2"), "n2")), "neurons", "`n2` more than once")
  expect_refused(fit_problem(d, neurons = factor(1:2)), "neurons", "3 neurons")
  expect_refused(fit_problem(d, neurons = factor(c(1, NA, 2))), "neurons")
  expect_refused(fit_problem(d, neurons = 3), "neurons")
  expect_refused(fit_problem(d, neurons = list()), "neurons")
  d$counts <- d$counts[, 1]
  expect_refused(fit_problem(d, neurons = "both"), "neurons")
  expect_s3_class(fit_problem(d, neurons = "joint", n_lambda = 3), "group_lasso_path")
})

test_that("checkpoints keep sets of neurons: resumed runs are identical, here and in workers", {
  d <- many_neurons(6)
  d$counts[, 6] <- 0
  sets <- list(c(1, 4), c(2, 6), c(3, 5))
  fit <- function(...) suppressWarnings(fit_many(d, neurons = sets, ...))
  alone <- fit()
  folder <- tempfile("checkpoint-")
  on.exit(unlink(folder, recursive = TRUE))
  kept <- fit(checkpoint = folder)
  expect_identical(unclass(kept)[c("fits", "weight", "sets")], unclass(alone)[c("fits", "weight", "sets")])
  files <- list.files(folder, "^neuron-", full.names = TRUE)
  expect_length(files, 6)
  # a set without one of its records is fitted again, the others are not
  Sys.setFileTime(files, Sys.time() - 1000)
  unlink(files[1])
  again <- fit(checkpoint = folder)
  expect_identical(unclass(again)$fits, unclass(alone)$fits)
  fresh <- file.mtime(files) > Sys.time() - 500
  expect_identical(which(fresh), c(1L, 4L))
  expect_refused(fit_many(d, neurons = "joint", checkpoint = folder), "checkpoint", class = "neurolasso_checkpoint")
  unlink(files[3:4])
  expect_identical(unclass(with_workers(fit(checkpoint = folder)))$fits, unclass(alone)$fits)
})

test_that("a set that fails is named whole, and the others have their paths", {
  work <- c(toy_work(), list(is_whole = TRUE))
  broken <- function(work, unit) if ("c" %in% unit) stop("no luck") else toy_records(work, unit)
  expect_warning(records <- neurolasso:::run_population(work, toy_units(work), broken, NULL, FALSE), "no luck")
  expect_identical(vapply(records, function(record) !is.null(record$error), TRUE),
                   setNames(letters[1:6] %in% c("c", "d"), letters[1:6]))
})
