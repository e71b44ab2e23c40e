# Cross-validation against a loop over folds written out, with likelihoods from dpois().

cv_data <- function(seed = 1, n = 600, varying = TRUE) {
  with_local_seed(seed, {
    covariates <- list(position = cumsum(rnorm(n)), speed = rexp(n),
                       arm = factor(sample(letters[1:3], n, TRUE)))
    offset <- if (varying) log(runif(n, 0.2, 3))
    eta <- 0.9 * sin(covariates$position / 4) + 0.5 * (covariates$arm == "b") - 0.5
    list(covariates = covariates, counts = rpois(n, exp(eta + (offset %||% 0))), offset = offset,
         weights = sample(c(0.5, 1, 2), n, TRUE),
         bases = list(position = basis_bspline(6), speed = basis_bspline(4)))
  })
}

# The bits per spike of each fold at each lambda: models fitted to the training rows of ready columns.
loop_over_folds <- function(d, folds, lambda, group_weights, use_weights = FALSE,
                            train_of = function(k) folds != k) {
  blocks <- as.list(expand_covariates(d$covariates, d$bases))
  n <- length(d$counts)
  o <- d$offset %||% rep(0, n)
  v <- if (use_weights) d$weights else rep(1, n)
  rows_of <- function(rows) lapply(blocks, function(X) X[rows, , drop = FALSE])
  t(vapply(sort(unique(folds)), function(k) {
    train <- which(train_of(k))
    held <- which(folds == k)
    path <- group_lasso(rows_of(train), d$counts[train], lambda = lambda, standardize = "none",
                        offset = o[train],
                        weights = v[train], group_weights = group_weights, control = precise(1e-9))
    rate0 <- sum(v[train] * d$counts[train]) / sum(v[train] * exp(o[train]))
    loglik <- function(mu) sum(v[held] * dpois(d$counts[held], mu, log = TRUE))
    null <- loglik(rate0 * exp(o[held]))
    vapply(seq_along(path$lambda), function(l) {
      eta <- oracle_link(rows_of(held), path$intercept[l], path$coefficients[, l], o[held])
      (loglik(exp(eta)) - null) / log(2) / sum(v[held] * d$counts[held])
    }, 0)
  }, double(length(lambda))))
}

test_that("scores are those of a loop over folds, with an offset on variable bins and prior weights", {
  for (use_weights in c(FALSE, TRUE)) {
    d <- cv_data(2)
    folds <- rep(rep(1:4, each = 30), length.out = 600)
    cv <- cv_group_lasso(d$covariates, d$counts, d$bases, offset = d$offset, standardize = "none",
                         n_lambda = 8,
                         weights = if (use_weights) d$weights, folds = folds, control = precise(1e-9))
    wanted <- loop_over_folds(d, folds, cv$lambda, cv$adaptive, use_weights)
    expect_equal(cv$score, wanted, tolerance = 1e-6)
    # the mean and its error, from their definitions
    v <- if (use_weights) d$weights else rep(1, 600)
    spikes <- as.numeric(tapply(v * d$counts, folds, sum))
    mean <- apply(wanted, 2, weighted.mean, spikes)
    expect_equal(cv$cv_mean, mean, tolerance = 1e-6)
    off <- sweep(wanted, 2, mean) * spikes
    expect_equal(cv$cv_se, sqrt(4 / 3 * colSums(off^2)) / sum(spikes), tolerance = 1e-5)
    expect_identical(cv$lambda_min, cv$lambda[which.max(cv$cv_mean)])
    best <- which.max(cv$cv_mean)
    expect_identical(cv$lambda_1se, max(cv$lambda[cv$cv_mean >= cv$cv_mean[best] - cv$cv_se[best]]))
  }
})

test_that("with an offset the null model scores 0 and the right model scores above it", {
  d <- cv_data(3, n = 2000)
  d$counts <- with_local_seed(3, rpois(2000, exp(d$offset - 1)))
  cv <- cv_group_lasso(d$covariates, d$counts, d$bases, offset = d$offset, n_lambda = 10, lambda = c(Inf, 10))
  expect_equal(cv$cv_mean, c(0, 0), tolerance = 1e-7)
  expect_lt(max(abs(cv$score)), 1e-6)
  expect_identical(cv$lambda_1se, Inf)
  expect_equal(unname(score(cv, lambda = c(Inf, 20))), c(0, 0), tolerance = 1e-7)
  expect_equal(unname(score(cv)), 0, tolerance = 1e-7)
  d <- cv_data(4, n = 2000)
  cv <- cv_group_lasso(d$covariates, d$counts, d$bases, offset = d$offset, n_lambda = 20)
  expect_gt(max(cv$cv_mean), 0.05)
  expect_gt(score(cv, metric = "deviance_explained"), 0)
})

test_that("a fold's models don't know the counts that it holds out", {
  d <- cv_data(5)
  folds <- rep(rep(1:3, each = 20), 10)
  fits_of <- function(counts) {
    path <- group_lasso(d$covariates, counts, d$bases, lambda = c(0.1, 0.02))
    problem <- neurolasso:::path_problem(path)
    parts <- neurolasso:::split_folds(list(id = folds), 0, path)
    neurolasso:::fit_weightings(problem, lapply(parts, function(p) problem$v * p$train),
                                 neurolasso:::lambda_request(path$lambda), FALSE)
  }
  changed <- ifelse(folds == 2, rev(d$counts) + 3, d$counts)
  before <- fits_of(d$counts)
  after <- fits_of(changed)
  expect_equal(after[[2]]$coefficients, before[[2]]$coefficients, tolerance = 1e-5)
  expect_equal(after[[2]]$intercept, before[[2]]$intercept, tolerance = 1e-5)
  expect_gt(max(abs(after[[1]]$coefficients - before[[1]]$coefficients)), 1e-3)
})

test_that("fits of folds are certified, in the coordinates of all bins", {
  d <- cv_data(6)
  folds <- rep(rep(1:3, each = 25), 8)
  blocks <- as.list(expand_covariates(d$covariates, d$bases))
  for (how in scalings) {
    path <- group_lasso(d$covariates, d$counts, d$bases, offset = d$offset, standardize = how, n_lambda = 6)
    problem <- neurolasso:::path_problem(path)
    parts <- neurolasso:::split_folds(list(id = folds), 0, path)
    fits <- neurolasso:::fit_weightings(problem, lapply(parts, function(p) problem$v * p$train),
                                 neurolasso:::lambda_request(path$lambda), FALSE)
    coords <- lapply(blocks, penalty_coords, rep(1, 600), how)
    moved <- Map(function(X, c) X %*% c$back, blocks, coords)
    mult <- vapply(coords, function(c) c$weight / sqrt(ncol(c$back)), 0)
    for (k in 1:3) {
      for (l in c(2, 6)) {
        theta <- Map(function(c, b) c$to %*% b, coords, oracle_split(blocks, fits[[k]]$coefficients[, l]))
        residual <- kkt_residual(moved, d$counts, fits[[k]]$intercept[l], unlist(theta), path$lambda[l],
                                 "none", d$offset, as.numeric(folds != k), mult)
        expect_lt(residual, 2e-6)
      }
    }
  }
})

test_that("bins near a held-out block are left out of training, within the session", {
  d <- cv_data(7)
  session <- rep(1:2, each = 300)
  folds <- rep(rep(1:3, each = 50), 4)
  near <- function(k, gap) {
    vapply(1:600, function(t) any(folds[abs(1:600 - t) <= gap & session == session[t]] == k), TRUE)
  }
  cv <- cv_group_lasso(d$covariates, d$counts, d$bases, offset = d$offset, standardize = "none",
                       session = session, n_lambda = 4, folds = folds, gap = 7, control = precise(1e-9))
  wanted <- loop_over_folds(d, folds, cv$lambda, cv$adaptive, train_of = function(k) !near(k, 7))
  expect_equal(cv$score, wanted, tolerance = 1e-6)
  expect_identical(cv$held_out$training_spikes[2], sum(d$counts[!near(2, 7)]) + 0)
})

test_that("bins with NA are in no part, and folds count all bins", {
  d <- cv_data(8)
  d$covariates$speed[c(5, 77, 300:340)] <- NA
  folds <- rep(rep(1:3, each = 50), 4)
  cv <- cv_group_lasso(d$covariates, d$counts, d$bases, n_lambda = 5, folds = folds)
  expect_length(cv$folds, 600)
  expect_identical(cv$folds, folds)
  expect_equal(cv$held_out$bins, as.integer(table(folds[!is.na(d$covariates$speed)])))
  own <- cv_group_lasso(d$covariates, d$counts, d$bases, n_lambda = 5)
  expect_length(own$folds, 600)
  again <- cv_group_lasso(d$covariates, d$counts, d$bases, n_lambda = 5, folds = own$folds)
  expect_identical(again$score, own$score)
})

test_that("a path, a formula and a design give the same as the list", {
  d <- cv_data(9)
  whole <- cv_group_lasso(d$covariates, d$counts, d$bases, offset = d$offset, n_lambda = 6)
  path <- group_lasso(d$covariates, d$counts, d$bases, offset = d$offset, n_lambda = 6)
  again <- cv_group_lasso(path)
  expect_identical(again$adaptive, whole$adaptive)
  expect_identical(again$lambda, path$lambda)
  plain <- cv_group_lasso(path, adaptive = FALSE)
  expect_null(plain$adaptive)
  expect_identical(plain$path, path)
  expect_equal(plain$score, cv_group_lasso(d$covariates, d$counts, d$bases, offset = d$offset, n_lambda = 6,
                                           adaptive = FALSE)$score, tolerance = 1e-6)
  design <- expand_covariates(d$covariates, d$bases)
  expect_equal(cv_group_lasso(design, d$counts, offset = d$offset, n_lambda = 6)$score, whole$score)
  data <- data.frame(d$covariates, counts = d$counts, o = d$offset)
  form <- cv_group_lasso(counts ~ basis_bspline(position, 6) + basis_bspline(speed, 4) + arm + offset(o),
                         data, n_lambda = 6)
  expect_equal(form$score, whole$score)
  expect_identical(form$call[[1]], quote(cv_group_lasso))
  named <- cv_group_lasso(counts ~ basis_bspline(position, 6) + basis_bspline(speed, 4) + arm + offset(o),
                          data = data, n_lambda = 6)
  expect_identical(named$score, form$score)
})

test_that("weights of the penalty are those of the path, free groups included", {
  d <- cv_data(10)
  mult <- c(position = 2, speed = 0, arm = 0.5)
  folds <- rep(rep(1:3, each = 50), 4)
  cv <- cv_group_lasso(d$covariates, d$counts, d$bases, standardize = "none", group_weights = mult,
                       n_lambda = 4, folds = folds, control = precise(1e-9), adaptive = FALSE)
  blocks <- as.list(expand_covariates(d$covariates, d$bases))
  train <- folds != 1
  alone <- group_lasso(lapply(blocks, function(X) X[train, ]), d$counts[train], standardize = "none",
                       group_weights = mult, lambda = cv$lambda, control = precise(1e-9))
  eta <- oracle_link(lapply(blocks, function(X) X[!train, ]), alone$intercept[4], alone$coefficients[, 4])
  gain <- sum(dpois(d$counts[!train], exp(eta), TRUE)) - sum(dpois(d$counts[!train], mean(d$counts[train]), TRUE))
  expect_equal(cv$score[1, 4], gain / log(2) / sum(d$counts[!train]), tolerance = 1e-6)
})

test_that("adaptive weights are those of a fit at the level of noise", {
  d <- cv_data(16)
  n <- 600
  # the expected square of the score of a group that carries nothing: mean count / n in calibrated coordinates
  level <- sqrt(mean(d$counts) / n)
  shuffled <- vapply(1:200, function(i) {
    counts <- with_local_seed(i, sample(d$counts))
    group_lasso(d$covariates, counts, d$bases, lambda = Inf)$group_scores[, 1]
  }, double(3))
  expect_equal(sqrt(mean(shuffled^2)), level, tolerance = 0.15)
  first <- group_lasso(d$covariates, d$counts, d$bases, lambda = level, control = precise(1e-9))
  strength <- first$group_norms[, 1] / first$group_weights
  wanted <- pmin(max(strength) / strength, 1000)
  cv <- cv_group_lasso(d$covariates, d$counts, d$bases, n_lambda = 10, control = precise(1e-9))
  expect_equal(cv$adaptive, wanted, tolerance = 1e-5)
  expect_equal(cv$path$group_weights, first$group_weights * wanted, tolerance = 1e-5)
  again <- group_lasso(d$covariates, d$counts, d$bases, group_weights = cv$adaptive, n_lambda = 10,
                       control = precise(1e-9))
  for (field in c("lambda", "coefficients", "intercept", "group_norms", "deviance", "lambda_max")) {
    expect_equal(cv$path[[field]], again[[field]], tolerance = 1e-5)
  }
  expect_true(all(cv$path$converged))
  expect_false(anyNA(cv$path$df))
  # the scaling does not matter where columns of a group are alike: raw columns have their level, too
  raw <- cv_group_lasso(d$covariates, d$counts, d$bases, n_lambda = 5, standardize = "none")
  expect_identical(names(which.min(raw$adaptive)), names(which.min(wanted)))
  # what is free stays free; the user's factors stay
  mult <- c(position = 2, speed = 0, arm = 0.5)
  free <- cv_group_lasso(d$covariates, d$counts, d$bases, n_lambda = 5, group_weights = mult)
  expect_identical(free$adaptive[["speed"]], 0)
  expect_identical(min(free$adaptive[c("position", "arm")]), 1)
  expect_equal(free$path$group_weights[["arm"]], first$group_weights[["arm"]] * 0.5 * free$adaptive[["arm"]])
  # noise alone: nothing is learned, all are equal, or out
  noise <- with_local_seed(2,
                           cv_group_lasso(d$covariates["speed"], rpois(n, 1), d$bases["speed"], n_lambda = 5))
  expect_identical(noise$adaptive, c(speed = 1))
})

test_that("softplus with an offset has the null model of its own link", {
  d <- cv_data(11)
  folds <- rep(rep(1:3, each = 50), 4)
  cv <- cv_group_lasso(d$covariates, d$counts, d$bases, link = "softplus", offset = d$offset, folds = folds,
                       lambda = c(Inf, 0.05))
  expect_equal(cv$score[, 1], c(0, 0, 0), tolerance = 1e-5)
  train <- folds != 2
  null <- optimize(function(b) {
    mu <- log1p(exp(b + d$offset[train]))
    sum(mu - d$counts[train] * log(mu))
  }, c(-10, 10), tol = 1e-10)$minimum
  mu <- log1p(exp(null + d$offset[!train]))
  expect_equal(cv$held_out$null[2], sum(d$counts[!train] * log(mu) - mu), tolerance = 1e-6)
})

test_that("folds without spikes, and a silent neuron, stop nothing", {
  d <- cv_data(12)
  folds <- rep(1:4, each = 150)
  counts <- ifelse(folds == 3, 0, d$counts)
  came <- watch(cv_group_lasso(d$covariates, counts, d$bases, n_lambda = 5, folds = folds))
  expect_length(came$warnings, 1)
  expect_s3_class(came$warnings[[1]], "neurolasso_silent_fold")
  expect_identical(came$warnings[[1]]$folds, 3L)
  expect_true(all(is.na(came$value$score[3, ])))
  expect_true(all(is.finite(came$value$score[-3, ])))
  # what fold 3 says counts in the mean all the same
  base <- came$value$held_out
  expect_equal(came$value$cv_mean, colSums(came$value$loglik - base$null) / log(2) / sum(counts))
  # all spikes in one fold: nothing to train on when it is held out
  counts <- ifelse(folds == 2, d$counts, 0)
  came <- watch(cv_group_lasso(d$covariates, counts, d$bases, n_lambda = 5, folds = folds))
  expect_s3_class(came$warnings[[1]], "neurolasso_silent_fold")
  expect_identical(came$warnings[[1]]$folds, 1:4)
  came <- watch(cv_group_lasso(d$covariates, 0 * counts, d$bases, n_lambda = 5))
  expect_length(came$warnings, 1)
  expect_s3_class(came$warnings[[1]], "neurolasso_silent")
  expect_identical(selected(came$value), character())
  expect_true(all(is.na(came$value$score)))
  expect_output(print(came$value), "no score: no covariate")
  one <- replace(0 * counts, 200, 1)
  came <- watch(cv_group_lasso(d$covariates, one, d$bases, n_lambda = 5))
  expect_s3_class(came$value, "group_lasso_cv")
})

test_that("fits of a fold that don't converge are reported", {
  d <- cv_data(13)
  path <- group_lasso(d$covariates, d$counts, d$bases, n_lambda = 10)
  path$control <- group_lasso_control(tol = 1e-12, max_passes = 2)
  came <- watch(cv_group_lasso(path, n_folds = 3))
  expect_s3_class(came$warnings[[1]], "neurolasso_not_converged")
  expect_true(all(came$warnings[[1]]$folds %in% 1:3))
  expect_false(all(came$value$converged))
  expect_output(print(came$value), "not converged")
})

test_that("blocks in time leave no reward for noise that random bins give", {
  # a drive that nobody recorded, and covariates as slow as that, with nothing to do with it
  came <- vapply(1:4, function(seed) {
    d <- with_local_seed(seed, {
      n <- 20000
      slow <- function() as.numeric(stats::filter(rnorm(n), 0.98, "recursive")) / 5
      list(covariates = list(a = slow(), b = slow(), c = slow()), counts = rpois(n, exp(0.7 * slow() - 1)))
    })
    path <- group_lasso(d$covariates, d$counts, basis_bspline(10), n_lambda = 20, lambda_min_ratio = 1e-3)
    random <- with_local_seed(seed, cv_group_lasso(path, folds = "random"))
    blocked <- cv_group_lasso(path)
    c(gain = max(random$cv_mean) - max(blocked$cv_mean), random = length(selected(random)),
      blocked = length(selected(blocked)))
  }, double(3))
  expect_true(all(came["gain", ] > 0))
  expect_lte(sum(came["blocked", ]), 2)
  expect_gte(sum(came["random", ]), 6)
})

test_that("wrong arguments are refused", {
  d <- cv_data(15)
  path <- group_lasso(d$covariates, d$counts, d$bases, n_lambda = 4)
  expect_refused(cv_group_lasso(path, n_folds = 1), "n_folds", "at least 2")
  expect_refused(cv_group_lasso(path, gap = -1), "gap", "at least 0")
  expect_refused(cv_group_lasso(path, gap = 600), "gap", "nothing is left")
  expect_refused(cv_group_lasso(path, block = 100), "block", "at most 60")
  expect_refused(cv_group_lasso(path, block = 5, folds = "random"), "block", "interleaved")
  expect_refused(cv_group_lasso(path, block = 5, folds = rep(1:2, 300)), "block", "NULL")
  expect_refused(cv_group_lasso(path, folds = "weekly"), "folds", "weekly")
  expect_refused(cv_group_lasso(path, folds = 1:3), "folds", "one value per bin")
  expect_refused(cv_group_lasso(path, folds = rep(1, 600)), "folds", "two different")
  expect_refused(cv_group_lasso(path, folds = c(NA, rep(1:2, 300)[-1])), "folds", "NA")
  expect_refused(cv_group_lasso(path, folds = list(1)), "folds", "vector of fold ids")
  expect_refused(cv_group_lasso(path, folds = "session"), "folds", "two sessions")
  expect_refused(cv_group_lasso(path, n_folds = 700), "n_folds", "number of bins")
  expect_refused(cv_group_lasso(path, d$counts), "counts", "with a path")
  expect_refused(cv_group_lasso(path, lambda = 1), "lambda", "with a path")
  expect_refused(cv_group_lasso(path, n_lambda = 3), "n_lambda", "with a path")
  expect_refused(cv_group_lasso(path, adaptive = NA), "adaptive", "TRUE or FALSE")
  expect_refused(cv_group_lasso(d$covariates, d$counts, d$bases, n_lambda = 0), "n_lambda", "at least 1")
  expect_refused(cv_group_lasso(path, nfolds = 3), NULL, "nfolds")
  expect_refused(cv_group_lasso(d$covariates), "counts", "must be given")
})
