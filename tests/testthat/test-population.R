# Many neurons over one design: against their fits alone, and against the optimality conditions.

population_session <- function() {
  session <- small_session(1, duration = 100)
  n <- length(session$counts)
  with_local_seed(5, {
    speed <- as.numeric(scale(session$covariates$speed))
    list(
      covariates = session$covariates, n = n, weights = sample(c(0, 1, 2), n, TRUE),
      offset = rnorm(n, sd = 0.3),
      counts = cbind(place = session$counts, running = rpois(n, exp(-1 + 0.7 * speed)), noise = rpois(n, 0.4),
                     reversed = rev(session$counts))
    )
  })
}

fit_neurons <- function(d, counts = d$counts, ..., n_lambda = 15) {
  group_lasso(d$covariates, counts, session_bases(), ..., n_lambda = n_lambda)
}

oracle_session_blocks <- function(x) {
  list(position = oracle_bspline(x$position, 6), speed = oracle_raised_cosine(x$speed, 5),
       head_direction = oracle_cyclic(x$head_direction, 5, bounds = c(0, 2 * pi)),
       theta_phase = oracle_cyclic(x$theta_phase, 6, bounds = c(0, 2 * pi)))
}

expect_same_path <- function(came, wanted, tolerance = 1e-5) {
  expect_s3_class(came, "group_lasso_path")
  expect_identical(names(came), names(wanted))
  expect_equal(came$lambda, wanted$lambda, tolerance = 1e-10)
  for (field in c("intercept", "coefficients", "group_norms", "deviance")) {
    scale <- max(abs(wanted[[field]]))
    expect_lt(max(abs(came[[field]] - wanted[[field]])) / scale, tolerance, label = field)
  }
  for (field in c("group_weights", "counts", "offset", "weights", "na.action", "n_obs", "null_deviance")) {
    expect_equal(came[[field]], wanted[[field]], tolerance = 1e-12, label = field)
  }
  expect_identical(entry_order(came), entry_order(wanted))
}

test_that("each neuron's path is that of its fit alone, and certified", {
  d <- population_session()
  blocks <- oracle_session_blocks(d$covariates)
  for (how in c("calibrated", "none")) {
    for (link in c("log", "softplus")) {
      fit <- function(counts) {
        fit_neurons(d, counts, standardize = how, link = link, offset = d$offset, weights = d$weights,
                    control = precise(1e-8))
      }
      population <- fit(d$counts)
      for (name in colnames(d$counts)) {
        path <- population[[name]]
        expect_same_path(path, fit(d$counts[, name]))
        for (l in c(1, 4, 9, 15)) {
          residual <- kkt_residual(blocks, d$counts[, name], path$intercept[l], path$coefficients[, l],
                                   path$lambda[l], how, d$offset, d$weights, link = link)
          expect_lt(residual, 1e-7)
        }
      }
    }
  }
})

test_that("a population is a list of paths with the neurons' names", {
  d <- population_session()
  population <- fit_neurons(d)
  expect_s3_class(population, "group_lasso_population")
  expect_identical(names(population), colnames(d$counts))
  expect_length(population, 4)
  expect_identical(population[["noise"]], population[[3]])
  expect_identical(population$noise, population[[3]])
  expect_identical(lapply(population, `[[`, "n_obs")$reversed, population$reversed$n_obs)
  some <- population[c("noise", "place")]
  expect_identical(names(some), c("noise", "place"))
  expect_identical(some[["place"]], population[["place"]])
  expect_identical(some[[1]]$counts, as.double(d$counts[, "noise"]))
  expect_identical(names(fit_neurons(d, unname(d$counts), n_lambda = 2)), paste0("n", 1:4))
  expect_identical(names(fit_neurons(d, as.data.frame(d$counts), n_lambda = 2)), colnames(d$counts))
  expect_refused(population[["nobody"]], "neuron", "`place`", "nobody")
  expect_refused(population[[5]], "neuron")
  expect_refused(population["nobody"], "neuron")
  expect_refused(population$place <- 1, "object", class = "neurolasso_needs_path")
  for (f in list(logLik, simulate)) {
    expect_refused(f(population), "object", "lapply", class = "neurolasso_needs_path")
  }
})

test_that("what a path can be asked, a neuron's path answers", {
  d <- population_session()
  path <- fit_neurons(d)[["place"]]
  at <- path$lambda[8]
  expect_identical(selected(path, at), names(path$groups)[path$group_norms[, 8] > 0])
  expect_identical(dim(fitted(path, at)), c(d$n, 1L))
  expect_identical(nrow(tuning_curve(path, "position", at, n = 7)), 7L)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_invisible(plot(path))
  expect_s3_class(cv_group_lasso(path, n_folds = 3), "group_lasso_cv")
})

test_that("given lambdas are those of every neuron, and one column is one neuron", {
  d <- population_session()
  lambda <- c(0.01, 0.05, 0.02)
  population <- fit_neurons(d, lambda = lambda)
  for (path in as.list(population)) expect_identical(path$lambda, sort(lambda, decreasing = TRUE))
  expect_s3_class(fit_neurons(d, d$counts[, 1, drop = FALSE], n_lambda = 3), "group_lasso_path")
})

test_that("all neurons at one place are the paths there", {
  d <- population_session()
  population <- fit_neurons(d, offset = d$offset)
  new <- lapply(d$covariates, `[`, 1:9)
  for (name in names(population)) {
    path <- population[[name]]
    at <- path$lambda_max * 0.2
    expect_equal(coef(population, fraction = 0.2)[, name], coef(path, lambda = at)[, 1])
    expect_identical(rownames(coef(population, fraction = 0.2)), rownames(coef(path)))
    active <- selected(population, fraction = 0.2)
    expect_identical(rownames(active)[active[, name]], selected(path, at))
    expect_equal(predict(population, fraction = 0.2)[, name], predict(path, lambda = at)[, 1])
    expect_equal(fitted(population, fraction = 0.2)[, name], fitted(path, lambda = at)[, 1])
    expect_equal(predict(population, new, fraction = 0.2, type = "response", offset = 1)[, name],
                 predict(path, new, lambda = at, type = "response", offset = 1)[, 1])
    entries <- entry_order(path)
    expect_equal(entry_order(population)[names(entries), name], entries)
    expect_equal(entry_order(population, relative = TRUE)[names(entries), name], entries / path$lambda_max)
    expect_identical(deviance(population)[, name], path$deviance)
  }
  # one lambda for all
  shared <- min(vapply(as.list(population), `[[`, 0, "lambda_max")) / 2
  expect_equal(coef(population, lambda = shared)[, "noise"], coef(population$noise, lambda = shared)[, 1])
  expect_refused(coef(population), "lambda", "fraction")
  expect_refused(coef(population, lambda = 1, fraction = 1), "fraction")
  expect_refused(coef(population, fraction = -1), "fraction")
  expect_refused(coef(population, lambda = c(1, 2)), "lambda")
  expect_refused(predict(population, new, fraction = 0.2), "offset")
  expect_refused(predict(population, offset = 1, fraction = 0.2), "offset")
  seen <- watch(coef(population, fraction = 1e-6))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_outside_path")
  expect_identical(seen$warnings[[1]]$neurons, names(population))
})

test_that("a silent neuron is an empty model, and the others are as without it", {
  d <- population_session()
  seen <- watch(fit_neurons(d, cbind(d$counts, mute = 0, dumb = 0)))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_silent")
  expect_identical(seen$warnings[[1]]$neurons, c("mute", "dumb"))
  expect_match(conditionMessage(seen$warnings[[1]]), "`mute`.*`dumb`")
  population <- seen$value
  expect_true(all(population$mute$coefficients == 0))
  expect_true(all(population$mute$intercept == -Inf))
  expect_identical(sum(fitted(population, fraction = 0.5)[, "mute"]), 0)
  expect_false(any(selected(population, fraction = 0.1)[, c("mute", "dumb")]))
  expect_same_path(population$place, fit_neurons(d, d$counts[, "place"]), 1e-4)
  s <- summary(population, fraction = 0.1)
  # shares are of the four that spike
  expect_equal(s$share[, 1], rowMeans(selected(population, fraction = 0.1)[, 1:4]))
  expect_identical(unname(colSums(s$sizes)), 4)
  expect_output(print(population), "2 silent: mute, dumb", fixed = TRUE)
})

test_that("spikes where the weight is 0 are none, and neurons without signal don't stop the others", {
  d <- population_session()
  weights <- rep(c(0, 1), length.out = d$n)
  counts <- cbind(d$counts, hidden = 1 - weights, constant = 2)
  seen <- watch(fit_neurons(d, counts, weights = weights))
  classes <- vapply(seen$warnings, function(w) class(w)[1], "")
  expect_setequal(classes, c("neurolasso_silent", "neurolasso_no_signal"))
  expect_identical(seen$warnings[[match("neurolasso_silent", classes)]]$neurons, "hidden")
  expect_identical(seen$warnings[[match("neurolasso_no_signal", classes)]]$neurons, "constant")
  expect_equal(unname(coef(seen$value, fraction = 0.3)[1, "constant"]), log(2))
  expect_identical(unname(nobs(seen$value)), rep(sum(weights), 6))
})

test_that("bins that some neurons miss are left out for these alone", {
  d <- population_session()
  d$covariates$speed[7] <- NA
  counts <- d$counts
  counts[11:200, c("running", "noise")] <- NA
  counts[3, ] <- NA
  for (action in list(na.omit, na.exclude)) {
    population <- fit_neurons(d, counts, na.action = action, control = precise(1e-8))
    for (name in colnames(counts)) {
      alone <- fit_neurons(d, counts[, name], na.action = action, control = precise(1e-8))
      expect_same_path(population[[name]], alone)
      expect_equal(fitted(population[[name]], alone$lambda[9]), fitted(alone, alone$lambda[9]),
                   tolerance = 1e-4)
    }
    expect_identical(unname(nobs(population)), d$n - 2 - c(0, 190, 190, 0))
  }
  # padded, but for the bins that all miss a prediction
  fit <- fitted(population, fraction = 0.3)
  expect_identical(which(is.na(fit[, "noise"])), c(3L, 7L))
  expect_refused(fit_neurons(d, counts, na.action = na.fail), "na.action",
                 class = "neurolasso_missing_values")
  counts[, "noise"] <- NA
  seen <- watch(fit_neurons(d, counts))
  expect_s3_class(seen$warnings[[1]], "neurolasso_unknown_neuron")
  expect_identical(seen$warnings[[1]]$neurons, "noise")
})

test_that("summary counts who has what", {
  d <- population_session()
  population <- fit_neurons(d)
  s <- summary(population, fraction = c(0.5, 0.1))
  for (k in 1:2) {
    active <- selected(population, fraction = c(0.5, 0.1)[k])
    expect_identical(s$share[, k], rowMeans(active))
    for (size in 0:4) expect_identical(s$sizes[size + 1, k], as.double(sum(colSums(active) == size)))
  }
  expect_equal(s$neurons$spikes, unname(colSums(d$counts)))
  expect_identical(s$neurons["running", "first"], "speed")
  expect_identical(s$neurons$n_covariates, unname(as.integer(colSums(active))))
  expect_output(print(s), "head_direction")
  expect_identical(colnames(summary(population)$share), c("0.5", "0.2", "0.1", "0.05"))
  expect_identical(colnames(summary(population, lambda = 0.01)$share), "0.01")
  expect_refused(summary(population, fraction = "half"), "fraction")
})

test_that("the plot returns what it draws", {
  d <- population_session()
  population <- fit_neurons(d)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  drawn <- plot(population, fraction = 0.2)
  entry <- entry_order(population, relative = TRUE)
  expect_identical(drawn$entry, entry[rownames(drawn$entry), colnames(drawn$entry)])
  expect_false(is.unsorted(-drawn$share))
  expect_equal(drawn$share, rowMeans(selected(population, fraction = 0.2))[names(drawn$share)])
  expect_identical(rownames(drawn$entry), names(drawn$share))
  expect_setequal(colnames(drawn$entry), names(population))
  silent <- suppressWarnings(fit_neurons(d, cbind(a = numeric(d$n), b = 0)))
  expect_invisible(plot(silent))
  expect_true(all(is.na(summary(silent)$share)))
})

test_that("counts that can't be a population's name the neuron", {
  d <- population_session()
  expect_refused(fit_neurons(d, neurons = "both"), "neurons")
  expect_refused(fit_neurons(d, replace(d$counts, d$n + 3, -1)), "counts", "`running`", "first: 3")
  expect_refused(fit_neurons(d, replace(d$counts, 2, Inf)), "counts", "`place`")
  expect_refused(fit_neurons(d, d$counts[-1, ]), "counts", as.character(d$n))
  expect_refused(fit_neurons(d, d$counts[, 0]), "counts")
  expect_refused(fit_neurons(d, d$counts[, c(1, 1)]), "counts", "`place`")
  expect_refused(fit_neurons(d, data.frame(d$counts, cell = "a")), "counts", "`cell`")
  seen <- watch(fit_neurons(d, d$counts + rep(c(0, 0.5), c(3 * d$n, d$n)), n_lambda = 3))
  expect_identical(seen$warnings[[1]]$neurons, "reversed")
})

test_that("the design is there once, however many neurons", {
  d <- population_session()
  population <- fit_neurons(d, unname(d$counts[, rep(1, 12)]), n_lambda = 3)
  two <- population[1:2]
  grown <- (object.size(population) - object.size(two)) / 10
  expect_lt(as.double(grown), 3 * 8 * d$n)
})

test_that("neurons coupled to each other: a population of histories, over sessions", {
  d <- population_session()
  session <- rep(1:2, each = d$n / 2)
  fit <- function(counts) {
    group_lasso(list(history = d$counts[, 1:2]), counts, basis_conv(basis_raised_cosine(4), 10), n_lambda = 5,
                session = session)
  }
  came <- fit(d$counts[, 1:2])
  expect_identical(rownames(entry_order(came)), c("history.place", "history.running"))
  expect_same_path(came$running, fit(d$counts[, "running"]))
  expect_output(print(came), "20 observations deleted", fixed = TRUE)
  ahead <- lapply(list(history = d$counts[, 1:2]), function(x) x[1:40, ])
  expect_equal(predict(came, ahead, fraction = 0.1)[, "place"],
               predict(came$place, ahead, lambda = 0.1 * came$place$lambda_max)[, 1])
})

test_that("a formula can have many neurons on its left side", {
  d <- population_session()
  data <- data.frame(d$covariates, d$counts)
  came <- group_lasso(cbind(place, noise) ~ basis_bspline(position, 6) + speed, data, n_lambda = 5)
  wanted <- group_lasso(place ~ basis_bspline(position, 6) + speed, data, n_lambda = 5)
  expect_equal(came$place$coefficients, wanted$coefficients, tolerance = 1e-5)
  expect_identical(dim(predict(came, data[1:3, ], fraction = 0.3)), c(3L, 2L))
})
