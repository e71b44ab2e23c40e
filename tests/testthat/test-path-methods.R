session_path <- function(seed = 1, ..., n_lambda = 20) {
  session <- small_session(seed)
  group_lasso(session$covariates, session$counts, session_bases(), n_lambda = n_lambda, ...)
}

# Residuals, and the curvature that df comes from, depend on the solver's way and the machine's arithmetic; a
# column is as wide as its digits.
hide_residuals <- function(lines) {
  lines <- sub("n_covariates +df", "n_covariates df", lines)
  lines <- sub("(largest KKT residual) [0-9.e+-]+", "\\1 <residual>", lines)
  sub("^( +[0-9.]+ +[0-9]+) +[0-9.]+( +[0-9.]+) +[0-9.e+-]+$", "\\1 <df>\\2 <residual>", lines)
}

test_that("a path prints what was fitted and who enters when", {
  expect_snapshot(session_path(), transform = hide_residuals)
  expect_output(expect_invisible(print(session_path())), "Group-lasso path")
})

test_that("print() speaks of dropped bins, of covariates that never enter and of long lists", {
  session <- small_session(2)
  session$covariates$speed[3:4] <- NA
  path <- group_lasso(session$covariates, session$counts, session_bases(), lambda = c(0.06, 0.05))
  expect_output(print(path), "(2 observations deleted due to missingness)", fixed = TRUE)
  expect_output(print(path), "798 bins", fixed = TRUE)
  never <- setdiff(names(path$groups), selected(path, lambda = 0.05))
  expect_output(print(path), paste("never:", paste(never, collapse = ", ")), fixed = TRUE)
  set.seed(3)
  many <- setNames(lapply(1:26, function(i) rnorm(60)), sprintf("c%02d", 1:26))
  path <- group_lasso(many, rpois(60, 2), lambda = 0)
  expect_output(print(path), "and 6 more")
  expect_output(print(suppressWarnings(group_lasso(many, rep(0, 60)))), "never: .*c20 and 6 more")
})

test_that("one lambda is printed as one", {
  path <- session_path(lambda = 0.02)
  expect_output(print(path), "1 lambda[^s]")
  expect_output(print(path), "0.02", fixed = TRUE)
})

test_that("a path that did not converge says so", {
  session <- small_session(1)
  expect_warning(
    path <- group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 5,
                        control = group_lasso_control(tol = 1e-12, max_passes = 2)),
    class = "neurolasso_not_converged"
  )
  expect_output(print(path), paste0("(", sum(!path$converged), " not converged)"), fixed = TRUE)
})

test_that("the summary is a table over the path", {
  path <- session_path()
  came <- summary(path, n = 5)
  expect_s3_class(came, "summary.group_lasso_path")
  expect_named(came$table, c("lambda", "n_covariates", "df", "deviance_explained", "kkt"))
  rows <- match(came$table$lambda, path$lambda)
  expect_identical(rows[c(1, 5)], c(1L, 20L))
  expect_equal(nrow(came$table), 5)
  expect_equal(came$table$n_covariates, unname(colSums(selected(path))[rows]))
  expect_equal(came$table$deviance_explained, 1 - path$deviance[rows] / path$null_deviance)
  expect_equal(came$table$df, path$df[rows])
  expect_equal(came$table$kkt, path$kkt[rows])
  expect_identical(came$entry_order, entry_order(path))
  expect_equal(nrow(summary(path, n = 100)$table), 20)
  expect_equal(nrow(summary(path, n = 1)$table), 1)
  expect_equal(nrow(summary(session_path(lambda = 0.1))$table), 1)
  expect_refused(summary(path, n = 0), "n", "at least 1")
})

test_that("the summary prints its table", {
  expect_snapshot(summary(session_path(), n = 4), transform = hide_residuals)
})

test_that("the summary of a silent neuron explains nothing", {
  session <- small_session(1)
  path <- suppressWarnings(group_lasso(session$covariates, 0 * session$counts, session_bases(), n_lambda = 4))
  expect_identical(summary(path)$table$deviance_explained, rep(0, 4))
  expect_output(print(path), "never: position, speed, head_direction, theta_phase")
})

test_that("selected() names the covariates that are not zero", {
  path <- session_path()
  all <- selected(path)
  expect_identical(dim(all), c(4L, 20L))
  expect_identical(rownames(all), names(path$groups))
  expect_type(all, "logical")
  for (l in c(1, 5, 12, 20)) {
    blocks <- path$coefficients[, l]
    in_play <- vapply(path$groups, function(columns) any(blocks[columns] != 0), TRUE)
    expect_identical(unname(all[, l]), unname(in_play))
    expect_identical(selected(path, lambda = path$lambda[l]), names(in_play)[in_play])
  }
  expect_identical(selected(path, lambda = path$lambda[1]), character())
  expect_identical(unname(selected(path, lambda = path$lambda[c(7, 3)])), unname(all[, c(7, 3)]))
})

test_that("between two fitted lambdas what is in at either is selected", {
  path <- session_path()
  all <- selected(path)
  set.seed(4)
  for (asked in runif(10, min(path$lambda), max(path$lambda))) {
    above <- max(which(path$lambda >= asked))
    expect_identical(selected(path, lambda = asked), rownames(all)[all[, above] | all[, above + 1]])
    zero <- vapply(path$groups, function(rows) all(coef(path, lambda = asked)[rows + 1, ] == 0), TRUE)
    expect_identical(selected(path, lambda = asked), names(zero)[!zero])
  }
})

test_that("entry_order() gives the first fitted lambda of each covariate, decreasing, NA last", {
  for (seed in 1:4) {
    path <- session_path(seed, lambda_min_ratio = 0.2, standardize = scalings[seed %% 3 + 1])
    came <- entry_order(path)
    expect_setequal(names(came), names(path$groups))
    for (name in names(came)) {
      active <- which(path$group_norms[name, ] > 0)
      expect_identical(came[[name]], if (length(active) > 0) path$lambda[active[1]] else NA_real_)
    }
    expect_false(is.unsorted(-came[!is.na(came)]))
    expect_false(is.unsorted(is.na(came)))
  }
})

test_that("among covariates that enter at the same fitted lambda the one that would have entered first is first", {
  for (seed in 1:4) {
    session <- small_session(seed, encodes = c("position", "speed", "theta_phase"))
    coarse <- group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 3,
                          lambda_min_ratio = 0.2)
    entries <- entry_order(coarse)
    at <- match(entries, coarse$lambda)
    scores <- mapply(function(name, l) coarse$group_scores[name, l - 1], names(entries)[!is.na(at)],
                     at[!is.na(at)])
    for (l in unique(at[!is.na(at)])) expect_false(is.unsorted(-scores[at[!is.na(at)] == l]))
  }
  # where all enter at the second of two lambdas, the order is that of their scores in the empty model
  path <- group_lasso(session$covariates, session$counts, session_bases(), lambda = c(1, 1e-4))
  blocks <- as.list(path$design)
  gradients <- oracle_gradients(blocks, session$counts,
                                rep(log(mean(session$counts)), length(session$counts)),
                                rep(1, length(session$counts)))
  scores <- mapply(function(X, gradient) {
    coords <- penalty_coords(X, rep(1, nrow(X)), "calibrated")
    sqrt(sum(crossprod(coords$back, gradient)^2)) / coords$weight
  }, blocks, gradients)
  expect_identical(unname(entry_order(path)), rep(1e-4, 4))
  expect_identical(names(entry_order(path)), names(sort(scores, decreasing = TRUE)))
})

test_that("a covariate that is not penalised enters before all others", {
  path <- session_path(group_weights = c(1, 0, 1, 1))
  expect_identical(names(entry_order(path))[1], "speed")
  expect_identical(entry_order(path)[[1]], path$lambda[1])
  path <- session_path(group_weights = c(1, 0, 1, 1), lambda = 0.001)
  expect_identical(names(entry_order(path))[1], "speed")
})

test_that("the order of entry doesn't depend on the order of the covariates", {
  session <- small_session(5)
  came <- entry_order(group_lasso(session$covariates, session$counts, session_bases()))
  turned <- entry_order(group_lasso(rev(session$covariates), session$counts, session_bases()))
  expect_identical(names(turned), names(came))
  expect_equal(turned, came, tolerance = 1e-9)
})

test_that("covariates that can't enter never do", {
  session <- small_session(6)
  session$covariates$constant <- rep(3, length(session$counts))
  path <- group_lasso(session$covariates, session$counts, n_lambda = 10)
  expect_identical(entry_order(path)[["constant"]], NA_real_)
  expect_identical(names(entry_order(path))[5], "constant")
})

test_that("coefficients have the intercept first", {
  path <- session_path(n_lambda = 4)
  came <- coef(path)
  expect_identical(came[1, ], setNames(path$intercept, colnames(came)))
  expect_identical(unname(came[-1, ]), unname(path$coefficients))
  expect_identical(rownames(came), c("(Intercept)", colnames(path$design)))
})

test_that("nobs() counts the bins that were used", {
  session <- small_session(7)
  expect_equal(nobs(session_path(7)), length(session$counts))
  weights <- rep(c(0, 1, 2, 3), length.out = length(session$counts))
  expect_equal(nobs(session_path(7, weights = weights)), sum(weights > 0))
})

test_that("df is 1 in the empty model and that of its formula elsewhere", {
  for (seed in 1:3) {
    how <- scalings[seed]
    data <- mixed_session(seed, 200)
    path <- group_lasso(data$covariates, data$counts, mixed_bases(), standardize = how, n_lambda = 12)
    expect_equal(path$df[1], 1)
    blocks <- as.list(path$design)
    wanted <- vapply(1:12, function(l) {
      oracle_df(blocks, data$counts, path$intercept[l], path$coefficients[, l], path$lambda[l], how)
    }, 0)
    # the solver's curvature may be that of a neighbour
    expect_lt(max(abs(path$df / wanted - 1)), 0.05)
    rank <- qr(cbind(1, as.matrix(path$design)))$rank
    expect_true(all(path$df >= 1 & path$df <= rank))
  }
})

test_that("df at lambda = 0 is the number of coefficients that the data determine", {
  set.seed(8)
  X <- list(a = rnorm(80), m = matrix(rnorm(160), 80))
  y <- rpois(80, 2)
  for (how in scalings) {
    expect_equal(group_lasso(X, y, lambda = 0, standardize = how)$df, 4)
  }
})

test_that("columns that sum to the intercept are no degrees of freedom at lambda = 0", {
  data <- mixed_session(1, 200)
  bases <- mixed_bases()
  for (how in scalings) {
    path <- group_lasso(data$covariates, data$counts, bases, lambda = c(1e-6, 0), standardize = how)
    rank <- qr(cbind(1, as.matrix(path$design)))$rank
    expect_equal(rank, 35 - 4) # position, phase, arm, place sum to one each
    expect_equal(path$df, c(rank, rank), tolerance = 0.001, label = how)
  }
})

test_that("a covariate given twice has the degrees of freedom of one", {
  set.seed(8)
  X <- list(a = runif(80), m = matrix(rnorm(160), 80))
  X$copy <- X$m
  y <- rpois(80, 2)
  for (how in scalings) {
    path <- group_lasso(X, y, list(a = basis_bspline(4)), lambda = 0.1^(1:5), standardize = how)
    blocks <- as.list(path$design)
    wanted <- vapply(seq_along(path$lambda), function(l) {
      oracle_df(blocks, y, path$intercept[l], path$coefficients[, l], path$lambda[l], how)
    }, 0)
    expect_equal(path$df, wanted, tolerance = 0.05, label = how)
  }
})

test_that("a covariate that is not penalised has its df from the start", {
  data <- mixed_session(9, 150)
  path <- group_lasso(data$covariates[c("trend", "position", "speed")], data$counts,
                      mixed_bases()[c("position", "speed")], group_weights = c(0, 1, 1), n_lambda = 5)
  expect_equal(path$df[1], 2, tolerance = 1e-6)
})

test_that("a path survives saveRDS()", {
  path <- session_path(n_lambda = 5)
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(path, file)
  back <- readRDS(file)
  session <- small_session(1)
  expect_identical(coef(back), coef(path))
  expect_identical(predict(back, session$covariates), predict(path, session$covariates))
  expect_identical(tuning_curve(back, "position", lambda = 0.05),
                   tuning_curve(path, "position", lambda = 0.05))
  expect_identical(entry_order(back), entry_order(path))
})

test_that("update() fits again", {
  path <- session_path(n_lambda = 5)
  session <- small_session(1)
  n_lambda <- 5
  direct <- group_lasso(session$covariates, session$counts, session_bases())
  expect_length(update(direct, n_lambda = 3)$lambda, 3)
  expect_identical(path$call[[1]], quote(group_lasso))
})

test_that("controls print, and are checked", {
  expect_output(print(group_lasso_control()), "<group_lasso_control> tol = 1e-06, max_passes = 500",
                fixed = TRUE)
  expect_refused(group_lasso_control(tol = 0), "tol", "`tol`", "not 0")
  expect_refused(group_lasso_control(tol = 1), "tol", "between 0 and 0.1")
  expect_refused(group_lasso_control(tol = "small"), "tol", "\"small\"")
  expect_refused(group_lasso_control(max_passes = 0), "max_passes", "at least 1")
  expect_refused(session_path(control = list(tol = 1e-6)), "control", "group_lasso_control()")
})

test_that("passes are counted per lambda and in all, and so are Grams", {
  path <- session_path()
  expect_type(path$n_rounds, "integer")
  expect_type(path$n_grams, "integer")
  expect_length(path$n_rounds, 1)
  expect_length(path$n_grams, 1)
  expect_gte(path$n_rounds, max(path$n_passes))
  # up to 8 lambdas share a pass
  expect_gte(8 * path$n_rounds, sum(path$n_passes))
  expect_gte(path$n_grams, 1)
  silent <- suppressWarnings(group_lasso(list(x = 1:9), numeric(9), n_lambda = 3))
  expect_identical(silent[c("n_rounds", "n_grams")], list(n_rounds = 0L, n_grams = 0L))
})

test_that("degrees of freedom that were not computed are NA everywhere", {
  path <- session_path()
  path$df[10:20] <- NA
  came <- summary(path, n = 4)
  expect_identical(is.na(came$table$df), c(FALSE, FALSE, TRUE, TRUE))
  expect_output(print(came), " NA ")
  expect_output(print(path), "Group-lasso path")
  expect_identical(attr(logLik(path), "df"), path$df)
  expect_identical(is.na(AIC(path)), rep(c(FALSE, TRUE), c(9, 11)))
  expect_identical(is.na(BIC(path)), rep(c(FALSE, TRUE), c(9, 11)))
  expect_lt(which.min(BIC(path)), 10)
})

test_that("more than 1000 active coefficients have no degrees of freedom, and the rest of a path", {
  skip_on_cran()
  d <- with_local_seed(1, {
    x <- list(wide = matrix(rnorm(1500 * 1100), 1500), a = rnorm(1500))
    list(x = x, counts = rpois(1500, exp(rowSums(x$wide) / 60)))
  })
  path <- group_lasso(d$x, d$counts, lambda = c(10, 0.02))
  expect_true(all(path$converged))
  expect_identical(path$df, c(1, NA))
  expect_output(print(summary(path)), "NA")
})
