# What a population answers is what its paths answer, one by one.

broken_population <- function(population, k) {
  records <- Map(function(fit, j) list(fit = fit, weight = unclass(population)$weight[, j]),
                 unclass(population)$fits, seq_along(population))
  records[[k]] <- list(error = "the worker died")
  neurolasso:::with_records(population, records)
}

methods_data <- function() {
  d <- many_neurons(4)
  d$offset <- with_local_seed(3, rnorm(nrow(d$counts), sd = 0.2))
  d$weights <- rep(c(1, 2, 0), length.out = nrow(d$counts))
  d$counts[21:60, 2] <- NA
  d$covariates$speed[3] <- NA
  d
}

test_that("residuals are those of the paths", {
  d <- methods_data()
  for (action in list(na.omit, na.exclude)) {
    population <- fit_many(d, offset = d$offset, na.action = action)
    for (type in c("deviance", "pearson", "response", "working")) {
      all <- residuals(population, fraction = 0.2, type = type)
      expect_identical(colnames(all), names(population))
      for (name in names(population)) {
        path <- population[[name]]
        one <- residuals(path, path$lambda_max * 0.2, type = type)[, 1]
        expect_equal(all[!is.na(all[, name]), name], one[!is.na(one)], tolerance = 1e-12)
      }
      expect_identical(nrow(all), nrow(d$counts) - (identical(action, na.omit)))
    }
  }
  expect_refused(residuals(population, type = "odd", fraction = 0.1), "type")
  expect_refused(residuals(population), "lambda", "fraction")
  expect_true(all(is.na(residuals(broken_population(population, 1), fraction = 0.2)[, 1])))
})

test_that("scores are those of the paths, of the fit and of new bins", {
  d <- methods_data()
  new <- list(covariates = lapply(d$covariates, `[`, 101:400), counts = d$counts[301:600, ],
              offset = d$offset[101:400], weights = d$weights[201:500])
  new$counts[5, 3] <- NA
  for (link in c("log", "softplus")) {
    population <- fit_many(d, offset = d$offset, weights = d$weights, link = link)
    for (metric in c("bits_per_spike", "deviance_explained", "mcfadden")) {
      trained <- score(population, metric = metric, fraction = 0.2)
      ahead <- score(population, new$covariates, new$counts, metric, fraction = 0.2, offset = new$offset,
                     weights = new$weights)
      expect_identical(names(ahead), names(population))
      for (name in names(population)) {
        path <- population[[name]]
        at <- path$lambda_max * 0.2
        expect_equal(trained[[name]], unname(score(path, metric = metric, lambda = at)), tolerance = 1e-12)
        expect_equal(ahead[[name]],
                     unname(score(path, new$covariates, new$counts[, name], metric, at, new$offset,
                                                 new$weights)), tolerance = 1e-12)
      }
    }
  }
  # columns by name, in any order, and a table of few predictions at a time
  shuffled <- new$counts[, c(3, 1, 4, 2)]
  expect_identical(score(population, new$covariates, shuffled, fraction = 0.2, offset = new$offset),
                   score(population, new$covariates, unname(new$counts), fraction = 0.2, offset = new$offset))
  expect_refused(score(population, new$covariates, fraction = 0.2, offset = 0), "counts")
  expect_refused(score(population, new$covariates, new$counts[, 1:3], fraction = 0.2, offset = 0), "counts", "`cell 1`")
  other <- new$counts
  colnames(other)[2] <- "nobody"
  expect_refused(score(population, new$covariates, other, fraction = 0.2, offset = 0), "counts")
  expect_refused(score(population, counts = new$counts, fraction = 0.2), "counts", "newdata")
  expect_refused(score(population, new$covariates, new$counts, fraction = 0.2), "offset")
  expect_identical(unname(is.na(score(broken_population(population, 3), fraction = 0.2))), 1:4 == 3)
})

test_that("tuning curves are those of the paths, in one table", {
  d <- methods_data()
  population <- fit_many(d)
  curves <- tuning_curve(population, "speed", fraction = 0.2, n = 9)
  expect_s3_class(curves, "data.frame")
  expect_identical(dim(curves$rate), c(9L, 4L))
  for (name in names(population)) {
    one <- tuning_curve(population[[name]], "speed", population[[name]]$lambda_max * 0.2, n = 9)
    expect_identical(curves$speed, one$speed)
    expect_identical(curves$effect[, name], one$effect)
    expect_identical(curves$rate[, name], one$rate)
  }
  expect_identical(tuning_curve(population, "speed", fraction = 0.2, at = c(1, 4))$speed, c(1, 4))
  expect_refused(tuning_curve(population, "altitude", fraction = 0.2), "covariate")
  curves <- tuning_curve(broken_population(population, 1), "speed", fraction = 0.2, n = 9)
  expect_identical(unname(colSums(is.na(curves$effect))), c(9, 0, 0, 0))
})

test_that("refits are those of the paths, in a list", {
  d <- methods_data()
  population <- fit_many(d)
  fits <- refit(population, fraction = 0.3, lag = 10)
  expect_identical(names(fits), names(population))
  for (name in names(population)) {
    one <- refit(population[[name]], population[[name]]$lambda_max * 0.3, lag = 10)
    expect_equal(fits[[name]]$table, one$table)
    expect_equal(fits[[name]]$coefficients, one$coefficients)
  }
  expect_identical(names(refit(broken_population(population, 2), fraction = 0.5, lag = 10)),
                   names(population)[-2])
})

test_that("each neuron can have its own lambda", {
  d <- methods_data()
  population <- fit_many(d)
  lambda <- vapply(as.list(population), `[[`, 0, "lambda_max") * c(0.1, 0.2, 0.3, 0.4)
  for (k in 1:4) {
    expect_identical(coef(population, lambda)[, k], coef(population[[k]], lambda[[k]])[, 1])
    known <- !is.na(d$counts[-3, k])
    expect_equal(predict(population, lambda = lambda)[known, k],
                 predict(population[[k]], lambda = lambda[[k]])[, 1])
  }
  expect_refused(coef(population, lambda[1:3]), "lambda", "4 neurons")
  expect_refused(coef(population, as.character(lambda)), "lambda")
  expect_refused(coef(population, replace(lambda, 2, -1)), "lambda")
})

test_that("a lambda by name is refused where there is none; deviances of a cross-validation are its paths'", {
  session <- simulate_session(120, seed = 1)
  counts <- cbind(a = session$counts, b = rev(session$counts))
  population <- group_lasso(session$covariates, counts, basis = basis_bspline(5), n_lambda = 10)
  expect_refused(selected(population, lambda = "lambda_min"), "lambda", "the string \"lambda_min\"")
  cv <- cv_group_lasso(population, n_folds = 3, adaptive = FALSE)
  expect_identical(deviance(cv), deviance(population))
})
