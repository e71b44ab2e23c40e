rows_of <- function(covariates, rows) {
  lapply(covariates, function(x) if (length(dim(x)) == 2) x[rows, , drop = FALSE] else x[rows])
}

test_that("fitted() is predict() on the training covariates, for every basis", {
  data <- mixed_session(1, 120)
  bases <- c(mixed_bases(), list(coupling = NULL, choice = NULL))
  for (name in names(data$covariates)) {
    basis <- mixed_bases()[[name]]
    covariates <- data$covariates[name]
    path <- group_lasso(covariates, data$counts, if (!is.null(basis)) setNames(list(basis), name),
                        n_lambda = 6)
    expect_equal(fitted(path), predict(path, covariates, type = "response"), tolerance = 1e-13, label = name)
    link <- vapply(1:6, function(l) oracle_link(list(path$design[[name]]), path$intercept[l],
                                                path$coefficients[, l]),
                   double(120))
    expect_equal(unname(predict(path)), link, tolerance = 1e-12, label = name)
  }
})

test_that("links are those of the coefficients, with offset, weights and all bases at once", {
  set.seed(1)
  for (seed in 1:4) {
    data <- mixed_session(seed, 150)
    offset <- rnorm(150, sd = 0.4)
    weights <- sample(0:3, 150, TRUE)
    path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 8, offset = offset,
                        weights = weights, standardize = scalings[seed %% 3 + 1])
    blocks <- as.list(path$design)
    link <- vapply(1:8, function(l) {
      oracle_link(blocks, path$intercept[l], path$coefficients[, l], offset)
    }, double(150))
    expect_equal(unname(predict(path)), link, tolerance = 1e-12)
    expect_equal(unname(predict(path, data$covariates, offset = offset)), link, tolerance = 1e-12)
    expect_equal(unname(fitted(path)), exp(link), tolerance = 1e-12)
    expect_equal(unname(predict(path, data$covariates, type = "response", offset = offset)), exp(link),
                 tolerance = 1e-12)
    # per unit of exposure; one number serves for all
    expect_equal(unname(predict(path, data$covariates, offset = 0)), link - offset, tolerance = 1e-12)
    expect_equal(unname(predict(path, data$covariates, offset = log(2))), link - offset + log(2),
                 tolerance = 1e-12)
    # asked for in between
    asked <- runif(3, min(path$lambda), max(path$lambda))
    expect_equal(unname(predict(path, lambda = asked)), oracle_interpolate(path$lambda, link, asked),
                 tolerance = 1e-11)
  }
})

test_that("dim and dimnames are bins x lambdas", {
  data <- mixed_session(1, 60)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = c(1, 0.5, 0.2))
  expect_identical(dim(predict(path)), c(60L, 3L))
  expect_identical(colnames(predict(path)), c("1", "0.5", "0.2"))
  expect_identical(dimnames(fitted(path, lambda = 0.25)), list(NULL, "0.25"))
  expect_identical(dim(predict(path, rows_of(data$covariates, 7), lambda = 0.25)), c(1L, 1L))
  expect_identical(dimnames(predict(path, type = "terms", lambda = 1)), list(NULL, names(data$covariates)))
  expect_identical(dimnames(predict(path, type = "terms")),
                   list(NULL, names(data$covariates), c("1", "0.5", "0.2")))
})

test_that("single rows, and any order of rows, have the predictions they have among others", {
  data <- mixed_session(2, 40)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 4)
  all <- predict(path, data$covariates)
  for (i in c(1, 17, 40)) expect_equal(predict(path, rows_of(data$covariates, i)), all[i, , drop = FALSE])
  set.seed(1)
  rows <- sample(40, 60, TRUE)
  expect_equal(predict(path, rows_of(data$covariates, rows)), all[rows, ])
})

test_that("newdata may be a data frame, in another order, with more and permuted columns", {
  data <- mixed_session(3, 40)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 4)
  wanted <- predict(path)
  covariates <- rev(data$covariates)
  expect_identical(predict(path, covariates), wanted)
  covariates$place <- covariates$place[, 2:1]
  covariates$coupling <- as.data.frame(covariates$coupling)[2:1]
  covariates$when <- Sys.time() + 1:40
  covariates$word <- "never used"
  expect_identical(predict(path, covariates), wanted)
  frame <- as.data.frame(data$covariates[c("position", "phase", "speed", "trend", "arm", "choice")])
  frame$place <- data$covariates$place
  frame$coupling <- data$covariates$coupling
  expect_identical(predict(path, frame), wanted)
  skip_if_not_installed("tibble")
  expect_identical(predict(path, tibble::as_tibble(frame)), wanted)
})

test_that("a design of the same bases can be newdata", {
  data <- mixed_session(4, 40)
  design <- expand_covariates(data$covariates, mixed_bases())
  path <- group_lasso(design, data$counts, n_lambda = 4)
  new <- rows_of(data$covariates, 5:9)
  expect_identical(predict(path, predict(design, new)), predict(path, new))
  expect_refused(predict(path, expand_covariates(new, mixed_bases())), "newdata", "other bases or bounds")
})

test_that("new values go through the bounds of the training data, outside ones with a warning", {
  set.seed(5)
  x <- runif(80, 0, 10)
  path <- group_lasso(list(x = x), rpois(80, exp(sin(x))), basis_bspline(6), n_lambda = 5)
  new <- c(1, 5, 9)
  X <- oracle_bspline(new, 6, bounds = range(x))
  link <- vapply(1:5, function(l) path$intercept[l] + as.numeric(X %*% path$coefficients[, l]), double(3))
  expect_equal(unname(predict(path, list(x = new))), link, tolerance = 1e-12)
  seen <- watch(predict(path, list(x = c(-3, 2, 12, NA))))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_out_of_bounds")
  expect_equal(seen$value[c(1, 3), ], predict(path, list(x = range(x))), tolerance = 1e-12)
})

test_that("rows of newdata with NA are NA, at every lambda, and keep their place", {
  data <- mixed_session(6, 60)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 6)
  new <- rows_of(data$covariates, 1:12)
  wanted <- predict(path, new)
  new$position[2] <- NA
  new$phase[3] <- NaN
  new$arm[5] <- NA
  new$place[6, 2] <- NA
  new$coupling[8, 1] <- NA
  new$choice[9] <- NA
  new$trend[11] <- NA
  missing <- c(2, 3, 5, 6, 8, 9, 11)
  for (type in c("link", "response")) {
    came <- predict(path, new, type = type)
    expect_identical(dim(came), c(12L, 6L))
    expect_identical(unname(is.na(came)), matrix(1:12 %in% missing, 12, 6), label = type)
  }
  expect_equal(predict(path, new)[-missing, ], wanted[-missing, ])
})

test_that("an offset of NA is a missing value, too", {
  data <- mixed_session(6, 30)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 3, offset = rep(0.1, 30))
  came <- predict(path, rows_of(data$covariates, 1:3), offset = c(0, NA, 1))
  expect_identical(unname(is.na(came[, 1])), c(FALSE, TRUE, FALSE))
})

test_that("terms of rows with NA are NA where the covariate is, at every lambda alike", {
  data <- mixed_session(6, 60)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 6)
  new <- rows_of(data$covariates, 1:5)
  new$speed[2] <- NA
  new$arm[4] <- NA
  came <- predict(path, new, type = "terms")
  expect_true(all(is.na(came[2, "speed", ])))
  expect_true(all(is.na(came[4, "arm", ])))
  expect_false(anyNA(came[c(1, 3, 5), , ]))
  one <- lapply(path$lambda, function(l) predict(path, new, type = "terms", lambda = l))
  pattern <- vapply(one, function(x) is.na(x), matrix(NA, 5, 8))
  expect_identical(unname(is.na(came)), unname(pattern), ignore_attr = TRUE)
  expect_identical(pattern[, , 1], pattern[, , 6]) # nothing is in at the first lambda
})

test_that("newdata without rows give no rows", {
  data <- mixed_session(7, 30)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 3)
  none <- rows_of(data$covariates, integer())
  expect_identical(dim(predict(path, none)), c(0L, 3L))
  expect_identical(dim(predict(path, none, type = "response", lambda = 0.3)), c(0L, 1L))
  expect_identical(dim(predict(path, none, type = "terms")), c(0L, 8L, 3L))
  expect_identical(dim(predict(path, none, type = "terms", lambda = 0.3)), c(0L, 8L))
})

test_that("newdata without rows give no rows where covariates are plain columns", {
  path <- group_lasso(list(a = c(1, 2, 4), m = matrix(c(1, 0, 0, 0, 1, 0), 3)), c(1, 0, 2), n_lambda = 3)
  expect_identical(dim(predict(path, list(a = double(), m = matrix(0, 0, 2)))), c(0L, 3L))
})

test_that("terms, constant and offset sum to the link, and terms have mean zero", {
  set.seed(8)
  for (seed in 1:3) {
    data <- mixed_session(seed, 100)
    offset <- rnorm(100)
    weights <- rexp(100)
    path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 7, offset = offset,
                        weights = weights)
    several <- predict(path, type = "terms")
    link <- predict(path)
    expect_identical(dim(several), c(100L, 8L, 7L))
    constant <- attr(several, "constant")
    expect_identical(names(constant), colnames(link))
    expect_equal(apply(several, c(1, 3), sum) + rep(constant, each = 100) + offset, link, ignore_attr = TRUE,
                 tolerance = 1e-12)
    expect_lt(max(abs(apply(several * weights, 2:3, sum))), 1e-10)
    for (l in c(path$lambda[4], 0.3)) {
      one <- predict(path, type = "terms", lambda = l)
      expect_identical(dim(one), c(100L, 8L))
      expect_equal(rowSums(one) + attr(one, "constant") + offset, as.numeric(predict(path, lambda = l)),
                   tolerance = 1e-12)
    }
    new <- rows_of(data$covariates, 3:5)
    # of new bins; no offset is needed
    came <- predict(path, new, type = "terms", lambda = 0.3)
    expect_equal(unname(came), unname(one[3:5, ]), ignore_attr = TRUE, tolerance = 1e-12)
    expect_equal(rowSums(came) + attr(came, "constant"),
                 as.numeric(predict(path, new, lambda = 0.3, offset = 0)), tolerance = 1e-12)
  }
})

test_that("na.omit leaves bins out, na.exclude gives them NA", {
  data <- mixed_session(9, 80)
  data$covariates$speed[c(5, 9)] <- NA
  data$covariates$place[33, 1] <- NA
  data$counts[c(7, 80)] <- NA
  offset <- c(NA, rep(0.2, 79))
  weights <- replace(rep(1, 80), 12, NA)
  gone <- c(1, 5, 7, 9, 12, 33, 80)
  fit <- function(action) {
    group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 4, offset = offset, weights = weights,
                na.action = action)
  }
  omit <- fit(na.omit)
  exclude <- fit(na.exclude)
  expect_identical(as.integer(omit$na.action), as.integer(gone))
  expect_identical(nobs(omit), nobs(exclude))
  expect_equal(nobs(omit), 73)
  expect_identical(coef(omit), coef(exclude))
  padded <- function(x) {
    out <- matrix(NA_real_, 80, ncol(x))
    out[-gone, ] <- x
    out
  }
  expect_identical(dim(fitted(omit)), c(73L, 4L))
  expect_identical(unname(fitted(exclude)), padded(unname(fitted(omit))))
  expect_identical(unname(predict(exclude)), padded(unname(predict(omit))))
  for (type in c("deviance", "pearson", "response", "working")) {
    expect_identical(unname(residuals(exclude, type = type)), padded(unname(residuals(omit, type = type))))
  }
  terms <- predict(exclude, type = "terms", lambda = 0.3)
  expect_identical(unname(terms), padded(unname(predict(omit, type = "terms", lambda = 0.3))),
                   ignore_attr = TRUE)
  expect_equal(attr(terms, "constant"), attr(predict(omit, type = "terms", lambda = 0.3), "constant"))
  several <- predict(exclude, type = "terms")
  expect_identical(dim(several), c(80L, 8L, 4L))
  expect_true(all(is.na(several[gone, , ])))
  expect_identical(several[-gone, , ], predict(omit, type = "terms"), ignore_attr = TRUE)
  expect_identical(attr(several, "constant"), attr(predict(omit, type = "terms"), "constant"))
  simulated <- simulate(exclude, seed = 1, lambda = 0.3)
  expect_identical(which(is.na(simulated[[1]])), as.integer(gone))
  # the bins that are left are predicted like new ones
  kept <- rows_of(data$covariates, -gone)
  expect_equal(fitted(omit), predict(omit, kept, type = "response", offset = 0.2), tolerance = 1e-12)
})

test_that("the offset goes where it belongs", {
  data <- mixed_session(10, 30)
  plain <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 3)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 3, offset = rep(0.5, 30))
  new <- rows_of(data$covariates, 1:4)
  expect_refused(predict(path, new), "offset", "`offset` must be given")
  expect_refused(predict(path, offset = 0), "offset", "`newdata`")
  expect_refused(predict(path, new, offset = 1:3), "offset", "`offset`", "4", "3")
  expect_refused(predict(path, new, offset = "a"), "offset", "`offset`", "\"a\"")
  expect_refused(predict(path, new, offset = Inf), "offset", "finite")
  expect_equal(predict(path, new, offset = 1) - predict(path, new, offset = 0), matrix(1, 4, 3),
               ignore_attr = TRUE)
  # a constant offset is part of the intercept
  expect_equal(predict(path, new, offset = 0.5), predict(plain, new), tolerance = 1e-6)
})

test_that("newdata and types that can't be used are refused", {
  data <- mixed_session(10, 30)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 3)
  expect_refused(predict(path, data$covariates[-2]), "newdata", "`newdata`", "`phase`", "is missing")
  expect_refused(predict(path, data$covariates[-(2:3)]), "newdata", "`phase`, `speed`", "are missing")
  expect_refused(predict(path, 5), "newdata", "named list or data frame", "not 5")
  expect_refused(predict(path, type = "rate"), "type", "\"link\", \"response\", \"terms\"", "\"rate\"")
  expect_refused(predict(path, type = 1), "type", "not 1")
  expect_refused(residuals(path, type = "raw"), "type", "\"deviance\"", "\"raw\"")
  bad <- rows_of(data$covariates, 1:5)
  bad$speed[3] <- Inf
  expect_refused(predict(path, bad), "speed", "`speed`", "infinite", "1 row (first: 3)",
                 class = "neurolasso_covariate_error")
  expect_identical(conditionCall(error_of(predict(path, 5)))[[1]], quote(predict.group_lasso_path))
})

test_that("residuals are what their types say", {
  set.seed(11)
  data <- mixed_session(11, 90)
  offset <- rnorm(90, sd = 0.3)
  weights <- rexp(90)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 5, offset = offset,
                      weights = weights)
  mu <- unname(fitted(path))
  y <- matrix(data$counts, 90, 5)
  expect_equal(unname(residuals(path, type = "response")), y - mu)
  expect_equal(unname(residuals(path, type = "pearson")), (y - mu) / sqrt(mu))
  expect_equal(unname(residuals(path, type = "working")), (y - mu) / mu)
  unit <- 2 * ifelse(y == 0, mu, y * log(y / mu) - y + mu)
  expect_equal(unname(residuals(path)), sign(y - mu) * sqrt(unit))
  expect_equal(unname(colSums(weights * residuals(path)^2)), deviance(path))
  # between fitted lambdas: of the interpolated coefficients
  mu <- as.numeric(fitted(path, lambda = 0.3))
  expect_equal(as.numeric(residuals(path, lambda = 0.3, type = "pearson")), (data$counts - mu) / sqrt(mu))
  expect_identical(colnames(residuals(path, lambda = 0.3)), "0.3")
})

test_that("residuals are those of glm() at lambda = 0", {
  set.seed(12)
  x <- rnorm(60)
  y <- rpois(60, exp(0.5 + 0.4 * x))
  path <- group_lasso(list(x = x), y, lambda = 0, control = group_lasso_control(tol = 1e-10))
  model <- glm(y ~ x, family = poisson, control = glm.control(epsilon = 1e-14))
  for (type in c("deviance", "pearson", "response", "working")) {
    expect_equal(as.numeric(residuals(path, type = type)), as.numeric(residuals(model, type = type)),
                 tolerance = 1e-6, label = type)
  }
})

test_that("a silent neuron has rate 0, no residuals and no terms", {
  data <- mixed_session(13, 30)
  path <- suppressWarnings(group_lasso(data$covariates, rep(0, 30), mixed_bases(), n_lambda = 3))
  expect_identical(range(fitted(path)), c(0, 0))
  expect_identical(range(predict(path, data$covariates, type = "response")), c(0, 0))
  for (type in c("deviance", "pearson", "response", "working")) {
    expect_identical(range(residuals(path, type = type)), c(0, 0), label = type)
  }
  terms <- predict(path, type = "terms", lambda = 0.5)
  expect_identical(range(terms), c(0, 0))
  expect_identical(unname(attr(terms, "constant")), -Inf)
  expect_true(all(simulate(path, seed = 1, lambda = 0.5) == 0))
})

test_that("simulated counts are Poisson at the fitted rates", {
  data <- mixed_session(14, 50)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 10)
  came <- simulate(path, nsim = 1000, seed = 1, lambda = 0.2)
  expect_s3_class(came, "data.frame")
  expect_identical(dim(came), c(50L, 1000L))
  expect_identical(names(came)[c(1, 1000)], c("sim_1", "sim_1000"))
  mu <- as.numeric(fitted(path, lambda = 0.2))
  z <- (rowMeans(came) - mu) / sqrt(mu / 1000)
  expect_lt(max(abs(z)), 4.5)
  expect_lt(abs(sum(z)) / sqrt(50), 4)
  expect_equal(mean(apply(came, 1, var) / mu), 1, tolerance = 0.05)
  expect_true(all(came == round(came)))
})

test_that("a seed makes simulate() repeatable and leaves the generator as it was", {
  data <- mixed_session(15, 30)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = 0.3)
  set.seed(4)
  state <- .Random.seed
  first <- simulate(path, nsim = 2, seed = 7)
  expect_identical(.Random.seed, state)
  expect_identical(simulate(path, nsim = 2, seed = 7), first)
  expect_false(identical(simulate(path, nsim = 2, seed = 8), first))
  # without a seed the generator moves on
  a <- simulate(path)
  b <- simulate(path)
  expect_false(identical(.Random.seed, state))
  expect_false(identical(a, b))
  set.seed(4)
  expect_identical(simulate(path), a)
})

test_that("a seed gives the same counts whatever generator the user has", {
  data <- mixed_session(15, 30)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), lambda = 0.3)
  wanted <- simulate(path, seed = 7)
  old <- RNGkind("L'Ecuyer-CMRG", "Box-Muller")
  on.exit(do.call(RNGkind, as.list(old)))
  expect_identical(simulate(path, seed = 7), wanted)
  expect_identical(RNGkind()[1:2], c("L'Ecuyer-CMRG", "Box-Muller"))
})

test_that("simulate() needs one lambda and whole numbers", {
  data <- mixed_session(15, 30)
  path <- group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 5)
  expect_refused(simulate(path), "lambda", "`lambda` must be one number", "simulate()", "NULL")
  expect_refused(simulate(path, lambda = c(0.1, 0.2)), "lambda", "one number")
  expect_refused(simulate(path, nsim = 0, lambda = 0.1), "nsim", "at least 1")
  expect_refused(simulate(path, nsim = 1.5, lambda = 0.1), "nsim", "1.5")
  expect_refused(simulate(path, seed = "a", lambda = 0.1), "seed", "\"a\"")
})
