# Groups of columns: how they are given, and that solutions are those of their penalty.

# Splines, cosines, a factor, a matrix and a plain column; n bins.
groups_data <- function(n = 600, seed = 1) {
  with_local_seed(seed, {
    covariates <- list(
      position = runif(n, 0, 100), speed = rexp(n, 0.1), arm = factor(sample(c("l", "m", "r"), n, TRUE)),
      lags = matrix(rnorm(4 * n), n) * rep(c(1, 1, 1e3, 1e3), each = n),
      trend = seq(-1, 1, length.out = n) + 5
    )
    link <- with(covariates, -0.5 + sin(position / 15) + 0.02 * speed + 0.4 * (arm == "m") + 0.3 * lags[, 2])
    list(covariates = covariates, counts = rpois(n, exp(link)))
  })
}
groups_bases <- list(position = basis_bspline(8), speed = basis_raised_cosine(5))
# columns: position 1:8, speed 9:13, arm 14:16, lags 17:20, trend 21
groups_design <- function(d = groups_data()) expand_covariates(d$covariates, groups_bases)

partitions <- list(
  parts = list(start = 1:4, end = 5:8, speed = "speed", arm = "arm", lags = "lags", trend = "trend"),
  across = list(place = c("position", "arm"), other = c("speed", "lags", "trend")),
  mixed = list(a = c("position.2", "speed", "lags.3"), b = c("position.7", "position.8", "arm"),
               c = c(17, 21)),
  overlap = list(a = 1:5, b = 4:10, c = c("position.1", "speed", "arm"), d = c("lags", "trend")),
  nested = list(a = 1:3, b = "position", all = 1:21, again = 17:20, twice = 17:20)
)

# ---- what `groups` may be ------------------------------------------------------------------------

test_that("a list, labels and a mask say the same", {
  design <- groups_design()
  expected <- list(columns = list(a = 1:4, b = 5:13, c = c(14L, 15L, 17L)),
                   free = list(arm = 16L, lags = 18:20, trend = 21L))
  read <- function(groups) read_groups(groups, design)
  columns <- colnames(as.matrix(design))
  expect_identical(read(list(a = columns[4:1], b = c("speed", columns[5:8]), c = c(14, 15, 17, 17))), expected)
  label <- rep(NA_character_, 21)
  label[1:4] <- "a"
  label[5:13] <- "b"
  label[c(14, 15, 17)] <- "c"
  expect_identical(read(label), expected)
  expect_identical(read(ifelse(is.na(label), "", label)), expected)
  expect_identical(read(factor(label)), expected)
  expect_identical(read(stats::setNames(label, columns)[21:1]), expected)
  mask <- 1 * rbind(a = label %in% "a", b = label %in% "b", c = label %in% "c")
  expect_identical(read(mask), expected)
  expect_identical(read(mask == 1), expected)
  storage.mode(mask) <- "integer"
  expect_identical(read(mask), expected)
  colnames(mask) <- columns
  expect_identical(read(mask[, 21:1]), expected)
  leaves <- lapply(split(seq_along(columns), rep(1:5, c(8, 5, 3, 4, 1))),
                   function(at) mask[, at, drop = FALSE])
  names(leaves) <- names(design)
  expect_identical(read(leaves[5:1]), expected)
  # numbers in any order, with gaps; no names
  numbers <- match(label, c("c", "a", "b"), nomatch = 0)
  expect_identical(unname(read(numbers)$columns), unname(expected$columns[c("c", "a", "b")]))
  expect_named(read(numbers)$columns, c("g1", "g2", "g3"))
  expect_named(read(7 * numbers)$columns, c("g7", "g14", "g21"))
  expect_named(read(unname(as.list(1:21)))$columns, paste0("g", 1:21))
  expect_named(read(list(1:2, b = 3))$columns, c("g1", "b"))
  expect_named(read(factor(label, c("c", "z", "b", "a")))$columns, c("c", "b", "a"))
})

test_that("without groups each covariate is one, and all columns are in", {
  design <- groups_design()
  sizes <- c(position = 8, speed = 5, arm = 3, lags = 4, trend = 1)
  groups <- read_groups(NULL, design)
  expect_equal(lengths(groups$columns), sizes)
  expect_identical(unlist(groups$columns, use.names = FALSE), 1:21)
  expect_length(groups$free, 0)
  expect_identical(read_groups(as.list(names(design)), design)$columns,
                   stats::setNames(groups$columns, paste0("g", 1:5)))
})

test_that("the name of a matrix of signals stands for all its covariates", {
  d <- groups_data()
  spikes <- with_local_seed(2, matrix(rpois(3 * 600, 0.2), 600, dimnames = list(NULL, c("x", "y", "z"))))
  path <- group_lasso(list(coupling = spikes, speed = d$covariates$speed), d$counts,
                      list(coupling = basis_conv(basis_raised_cosine(3), 10)), n_lambda = 5,
                      groups = list(all = "coupling", one = c("coupling.y", "speed")))
  expect_identical(path$groups, list(all = 1:9, one = c(4:6, 10L)))
})

test_that("groups that can't be used are refused", {
  d <- groups_data(60)
  fit <- function(groups, ...) group_lasso(d$covariates, d$counts, groups_bases, groups = groups, n_lambda = 3, ...)
  refuse <- function(groups, ...) expect_refused(fit(groups), "groups", ...)
  refuse(list(), "at least one group")
  refuse(list(a = character()), "`a` has none")
  refuse(list(a = "position", b = "place"), "`b` has `place`", "`position.1`")
  refuse(list(a = "arm.1"), "`arm.l`, `arm.m`, `arm.r`", "has `arm.1`")
  refuse(list(a = 0:3), "from 1 to 21", "`a`")
  refuse(list(a = 1.5), "`a`")
  refuse(list(a = NA_character_), "`a`")
  refuse(list(a = NULL, b = 1), "`a`")
  refuse(list(a = 1, a = 2), "more than one: `a`")
  refuse(list(a = mean), "`a` is a function")
  refuse(1:5, "21, not 5", "one per covariate")
  refuse(rep(1, 20), "21, not 20")
  refuse(rep(0, 21), "at least one group")
  refuse(rep(NA, 21), "not a logical vector")
  refuse(c(-1, rep(1, 20)), "whole numbers", "-1")
  refuse(c(0.5, rep(1, 20)), "0.5")
  refuse(stats::setNames(rep(1, 21), letters[1:21]), "named by column", "`position.1`")
  refuse(mean, "a function")
  refuse(data.frame(a = 1:21), "a data frame")
  mask <- rbind(rep(1, 21), c(rep(0, 20), 1))
  refuse(t(mask), "transposed")
  refuse(mask[, -1], "21 columns, and has 20")
  refuse(2 * mask, "0 and 1")
  refuse(replace(mask, 1, NA), "0 and 1")
  refuse(rbind(mask, 0), "`g3` has none")
  refuse(array(1, c(2, 21, 3)), "third dimension")
  refuse(list(position = mask[, 1:8]), "for each covariate")
  leaves <- list(position = mask[, 1:8], speed = mask[, 9:13], arm = mask[, 14:16], lags = mask[, 17:20],
                 trend = mask[, 20:21])
  refuse(leaves, "`trend` is a 2 x 2")
  leaves$trend <- mask[1, 21, drop = FALSE]
  refuse(leaves, "`trend` is a 1 x 1")
  expect_refused(fit(list(a = 1:3, b = 4:8), group_weights = 1), "group_weights", "2 finite", "per group")
  expect_refused(fit(list(a = 1:3, b = 4:8), group_weights = c(a = 1, c = 2)), "group_weights", "`b` missing")
})

# ---- certificates --------------------------------------------------------------------------------

for (kind in names(partitions)) {
  test_that(paste("groups are certified:", kind), {
    d <- groups_data()
    design <- groups_design(d)
    v <- with_local_seed(3, sample(c(0, 0.5, 1, 3), 600, TRUE))
    offset <- with_local_seed(4, rnorm(600, sd = 0.3))
    for (how in scalings) {
      fit <- function(...) {
        path <- group_lasso(design, d$counts, groups = partitions[[kind]], standardize = how, n_lambda = 12, ...)
        expect_true(all(path$converged), label = paste(how, "converged"))
        expect_finite_path(path)
        path
      }
      expect_lt(max(latent_residuals(fit())), 3e-6, label = how)
      expect_lt(max(latent_residuals(fit(control = precise(1e-9)))), 1e-8, label = paste(how, "precise"))
      expect_lt(max(latent_residuals(fit(weights = v, offset = offset))), 3e-6, label = paste(how, "weights"))
      expect_lt(max(latent_residuals(fit(link = "softplus"))), 3e-6, label = paste(how, "softplus"))
      mult <- c(0, rep(2, length(partitions[[kind]]) - 1))
      expect_lt(max(latent_residuals(fit(group_weights = mult), mult = mult)), 3e-6,
                label = paste(how, "factors"))
    }
  })
}

test_that("random groups are certified, with more columns than bins, too", {
  for (seed in 1:6) {
    problem <- with_local_seed(seed, {
      n <- if (seed > 3) 40 else 300
      X <- matrix(rnorm(n * 60), n)
      sets <- lapply(1:12, function(g) sort(sample(60, sample(1:12, 1))))
      list(X = X, sets = sets, counts = rpois(n, exp(0.4 * X[, 1] + 0.4 * X[, 30])))
    })
    for (how in scalings) {
      path <- group_lasso(list(x = problem$X), problem$counts, groups = problem$sets, standardize = how,
                          n_lambda = 15, lambda_min_ratio = 0.05)
      expect_true(all(path$converged), label = paste(how, seed))
      expect_lt(max(latent_residuals(path)), 5e-6, label = paste(how, seed))
    }
  }
})

test_that("a certificate fails where the penalty was another one", {
  d <- groups_data()
  path <- group_lasso(d$covariates, d$counts, groups_bases, groups = partitions$overlap, n_lambda = 8)
  wrong <- path
  wrong$groups$b <- wrong$groups$b[-1]
  expect_gt(max(latent_residuals(wrong)), 1e-2)
  wrong <- path
  wrong$coefficients[2, ] <- wrong$coefficients[2, ] * 1.001
  expect_gt(max(latent_residuals(wrong)), 1e-4)
})

test_that("slow convex optimisation comes to the same answers", {
  d <- groups_data(150, seed = 5)
  cases <- list(list(sets = list(1:4, 5:8, 9:13), free = list(14)),
                list(sets = list(1:5, 4:10, c(1, 9:13), 14), free = list()),
                list(sets = list(1:3, 1:8, 1:14, 9:13, 9:13), free = list()))
  covariates <- d$covariates[c("position", "speed", "trend")]
  design <- expand_covariates(covariates, groups_bases)
  X <- as.matrix(design)
  owner <- rep(1:3, c(8, 5, 1))
  for (case in cases) {
    for (how in scalings) {
      top <- group_lasso(design, d$counts, groups = case$sets, standardize = how, n_lambda = 1)$lambda_max
      path <- group_lasso(design, d$counts, groups = case$sets, standardize = how, lambda = top / c(2, 8),
                          control = precise())
      for (l in 1:2) {
        brute <- brute_latent(X, owner, case$sets, d$counts, path$lambda[l], how, case$free)
        expect_equal(unname(fitted(path)[, l]), brute$fitted, tolerance = 1e-5)
        # the penalty's value from the norms that the path says
        weight <- path$group_weights
        value <- mean(fitted(path)[, l] - d$counts * log(fitted(path)[, l])) +
          path$lambda[l] * sum(weight * path$group_norms[, l])
        expect_lt(abs(value - brute$objective), 1e-8)
      }
    }
  }
})

# ---- groups that are other problems, too ---------------------------------------------------------

test_that("parts of a matrix are groups like matrices of their own, and covariates together like one matrix", {
  d <- groups_data()
  X <- as.matrix(groups_design(d))
  for (how in scalings) {
    fit <- function(blocks, groups = NULL) {
      group_lasso(blocks, d$counts, groups = groups, standardize = how, n_lambda = 10, control = precise())
    }
    apart <- fit(list(a = X[, 1:5], b = X[, 6:13], c = X[, 14:16]))
    whole <- fit(list(x = X[, 1:16]), c(rep("a", 5), rep("b", 8), rep("c", 3)))
    expect_equal(whole$lambda, apart$lambda)
    expect_equal(whole$group_norms, apart$group_norms, tolerance = 1e-7)
    expect_equal(unname(coef(whole)), unname(coef(apart)), tolerance = 1e-6)
    expect_equal(whole$df, apart$df, tolerance = 1e-2)
    if (how == "calibrated") next # which scales each covariate by itself
    together <- fit(list(a = X[, 1:5], b = X[, 6:13], c = X[, 14:16]), list(ab = c("a", "b"), c = "c"))
    one <- fit(list(ab = X[, 1:13], c = X[, 14:16]))
    expect_equal(together$lambda, one$lambda)
    expect_equal(together$group_norms, one$group_norms, tolerance = 1e-7)
    expect_equal(fitted(together), fitted(one), tolerance = 1e-6)
  }
})

test_that("the order of a matrix's columns doesn't matter, nor whether they are matrices of their own", {
  X <- with_local_seed(7, matrix(rnorm(300 * 40, sd = 2), 300))
  counts <- with_local_seed(8, rpois(300, exp(0.2 * X[, 3] - 0.2 * X[, 21])))
  label <- rep(c("a", "b", "c", "d", "e", NA), c(3, 10, 1, 6, 15, 5))
  scrambled <- with_local_seed(9, sample(40))
  for (mean in c(0, 1e4)) {
    for (how in scalings) {
      fit <- function(x, groups) {
        group_lasso(x, counts, groups = groups, standardize = how, n_lambda = 10, control = precise(1e-9))
      }
      X1 <- X + mean
      whole <- fit(list(x = X1), label)
      mixed <- fit(list(x = X1[, scrambled]), factor(label)[scrambled])
      apart <- fit(lapply(split(1:40, ifelse(is.na(label), "f", label)), function(at) X1[, at, drop = FALSE]),
                   as.list(c(a = "a", b = "b", c = "c", d = "d", e = "e")))
      expect_lt(max(latent_residuals(whole)), 1e-7 * (1 + mean))
      expect_equal(mixed$lambda, whole$lambda)
      expect_equal(unname(mixed$coefficients), unname(whole$coefficients[scrambled, ]), tolerance = 1e-6)
      expect_equal(unname(apart$coefficients), unname(whole$coefficients), tolerance = 1e-6)
      expect_equal(mixed$intercept, whole$intercept, tolerance = 1e-6)
      overlap <- list(a = 1:25, b = c(40, 20:30), c = c(2, 39))
      place <- order(scrambled)
      expect_equal(unname(fit(list(x = X1[, scrambled]),
                              lapply(overlap, function(at) place[at]))$coefficients),
                   unname(fit(list(x = X1), overlap)$coefficients[scrambled, ]), tolerance = 1e-6)
    }
  }
})

test_that("moments of parts of a matrix are those of the whole", {
  X <- with_local_seed(7, matrix(rnorm(300 * 40), 300) + 5)
  design <- expand_covariates(list(x = X, s = X[, 1]^2), list(s = basis_bspline(5)))
  v <- with_local_seed(1, runif(300))
  v <- v / sum(v)
  groups <- list(columns = list(a = c(7L, 3L), b = 10:12, c = c(39:40, 42:43)), free = list())
  parts <- group_moments(design, design_moments(design, v), groups, v)
  for (g in 1:3) {
    columns <- as.matrix(design)[, groups$columns[[g]]]
    expected <- stats::cov.wt(columns, v, method = "ML")
    expect_equal(parts[[g]]$mean, unname(expected$center))
    expect_equal(parts[[g]]$second, unname(expected$cov))
  }
  expect_identical(parts[[3]]$part, c(1L, 1L, 2L, 2L))
  expect_identical(parts[[3]]$own_units, c(TRUE, TRUE, FALSE, FALSE))
  expect_equal(design_moments(design, v)[[1]]$second, unname(stats::cov.wt(X, v, method = "ML")$cov))
})

test_that("the units of covariates in one group don't matter to \"group\" and \"calibrated\"", {
  d <- groups_data()
  raw <- list(speed = d$covariates$speed, lags = d$covariates$lags[, 1:2], trend = d$covariates$trend)
  units <- list(speed = raw$speed * 1e5, lags = raw$lags * 1e-4 + 3, trend = raw$trend * -7)
  groups <- list(a = c("speed", "lags"), b = "trend")
  for (how in c("group", "calibrated")) {
    fit <- function(x) {
      group_lasso(x, d$counts, groups = groups, standardize = how, n_lambda = 10, control = precise())
    }
    expect_equal(fit(units)$lambda, fit(raw)$lambda)
    expect_equal(fitted(fit(units)), fitted(fit(raw)), tolerance = 1e-6)
  }
})

test_that("a column in two groups fits like two copies of it", {
  d <- groups_data()
  X <- unname(d$covariates$lags) / rep(c(1, 1, 1e3, 1e3), each = 600)
  for (how in scalings) {
    fit <- function(x, groups = NULL, lambda = NULL) {
      group_lasso(x, d$counts, groups = groups, standardize = how, n_lambda = 10, lambda = lambda,
                  control = precise())
    }
    latent <- fit(list(x = X), list(a = 1:3, b = 2:4))
    copies <- fit(list(a = X[, 1:3], b = X[, 2:4]))
    expect_equal(latent$lambda, copies$lambda)
    expect_equal(fitted(latent), fitted(copies), tolerance = 1e-6)
    sum <- rbind(copies$coefficients[1, ], copies$coefficients[2:3, ] + copies$coefficients[4:5, ],
                 copies$coefficients[6, ])
    expect_equal(unname(latent$coefficients), unname(sum), tolerance = 1e-5)
    expect_equal(latent$df, copies$df, tolerance = 1e-2)
    expect_equal(latent$group_norms, copies$group_norms, tolerance = 1e-5)
    # a group twice is that group
    once <- fit(list(x = X), list(a = 1:4))
    twice <- fit(list(x = X), list(a = 1:4, b = 1:4), once$lambda)
    expect_equal(fitted(twice), fitted(once), tolerance = 1e-6)
  }
})

test_that("columns in no group are fitted as those with a weight of 0", {
  d <- groups_data()
  fit <- function(...) group_lasso(d$covariates, d$counts, groups_bases, n_lambda = 10, control = precise(), ...)
  free <- fit(groups = list(position = "position", speed = "speed", arm = "arm"))
  weightless <- fit(group_weights = c(1, 1, 1, 0, 0))
  expect_equal(free$lambda, weightless$lambda)
  expect_equal(free$coefficients, weightless$coefficients, tolerance = 1e-6)
  expect_identical(free$free, list(lags = 17:20, trend = 21L))
  expect_identical(rownames(free$group_norms), c("position", "speed", "arm"))
  expect_named(free$group_weights, c("position", "speed", "arm"))
  expect_false(any(c("lags", "trend") %in% names(entry_order(free))))
  expect_identical(selected(free, lambda = Inf), character())
  expect_identical(selected(free, lambda = Inf, by = "covariate"), c("lags", "trend"))
})

test_that("the guide's mask gives NeMoS's optimum, to the last digits", {
  folder <- file.path("..", "reference", "seed_guide")
  data <- read.csv(shared_file(file.path(folder, "data.csv")))
  exact <- read.csv(shared_file(file.path(folder, "exact_path.csv")))
  exact <- exact[order(-exact$lambda), ]
  masks <- list(
    one = rbind(position = rep(1:0, each = 6), speed = rep(0:1, each = 6)),
    leaves = list(position = rbind(rep(1, 6), 0), speed = rbind(rep(0, 6), 1))
  )
  for (mask in masks) {
    path <- group_lasso(list(position = data$position, speed = data$speed), data$counts,
                        basis_raised_cosine(6),
                        groups = mask, lambda = exact$lambda, standardize = "none", control = precise())
    expect_lt(max(abs(path$group_norms[1, ] - exact$norm_position)), 1e-6)
    expect_lt(max(abs(path$group_norms[2, ] - exact$norm_speed)), 1e-6)
    value <- colMeans(fitted(path) - data$counts * log(fitted(path))) +
      path$lambda * sqrt(6) * colSums(path$group_norms)
    expect_lt(max(abs(value - exact$objective)), 1e-12)
  }
})

# ---- what a path of groups says ------------------------------------------------------------------

groups_path <- function(d = groups_data(), ...) {
  group_lasso(d$covariates, d$counts, groups_bases, n_lambda = 15, ...,
              groups = list(start = 1:4, end = 5:8, rest = c("speed", "lags", "arm.l")))
}

test_that("a path lists groups, names what is free, and draws", {
  d <- groups_data()
  path <- groups_path(d)
  said <- capture.output(print(path))
  expect_match(said[1], "3 groups (21 columns)", fixed = TRUE)
  expect_true("Always in, without a penalty: arm (2 columns), trend (1 column)" %in% said)
  expect_true("Groups in order of entry (lambda):" %in% said)
  expect_match(capture.output(print(summary(path)))[1], "3 groups", fixed = TRUE)
  expect_setequal(names(entry_order(path)), c("start", "end", "rest"))
  expect_true(all(selected(path, lambda = min(path$lambda)) %in% names(path$groups)))
  expect_match(capture.output(print(groups_path(d, group_weights = c(rest = 0, start = 1, end = 1))))[5], "rest")
  overlap <- group_lasso(d$covariates, d$counts, groups_bases, groups = partitions$overlap, n_lambda = 5)
  expect_match(capture.output(print(overlap)), "groups overlap", fixed = TRUE, all = FALSE)
  plain <- group_lasso(d$covariates, d$counts, groups_bases, n_lambda = 5)
  expect_match(capture.output(print(plain)), "Covariates in order", fixed = TRUE, all = FALSE)
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit(unlink(file))
  expect_silent(plot(path))
  grDevices::dev.off()
})

test_that("covariates are told from groups", {
  path <- groups_path()
  at <- path$coefficients[, 10] != 0
  by <- selected(path, lambda = path$lambda[10], by = "covariate")
  owner <- rep(names(path$design), c(8, 5, 3, 4, 1))
  expect_identical(by, intersect(names(path$design), owner[at]))
  all <- selected(path, by = "covariate")
  expect_identical(dim(all), c(5L, 15L))
  expect_identical(rownames(all)[all[, 10]], by)
  plain <- group_lasso(groups_data()$covariates, groups_data()$counts, groups_bases, n_lambda = 8)
  expect_identical(selected(plain, by = "covariate"), selected(plain))
})

test_that("curves and terms are by covariate, and add up", {
  d <- groups_data()
  path <- groups_path(d)
  lambda <- path$lambda[12]
  terms <- predict(path, lambda = lambda, type = "terms")
  expect_identical(colnames(terms), names(d$covariates))
  expect_equal(unname(rowSums(terms) + attr(terms, "constant")), unname(predict(path, lambda = lambda)[, 1]))
  curve <- tuning_curve(path, "position", lambda = lambda, at = d$covariates$position)
  expect_equal(curve$effect, unname(terms[, "position"]))
  expect_refused(tuning_curve(path, "start", lambda = lambda), "covariate", "`position`")
  new <- lapply(d$covariates, function(x) if (is.matrix(x)) x[1:20, ] else x[1:20])
  expect_equal(unname(predict(path, new, lambda = lambda)[, 1]),
               unname(predict(path, lambda = lambda)[1:20, 1]))
})

test_that("a refit has the columns of the groups that are in and those that are free", {
  d <- groups_data()
  path <- groups_path(d)
  lambda <- path$lambda[which(colSums(path$group_norms > 0) == 2)[1]]
  again <- refit(path, lambda = lambda)
  chosen <- selected(path, lambda = lambda)
  columns <- c(unlist(path$groups[chosen]), unlist(path$free))
  X <- as.matrix(path$design)
  expect_equal(unname(fitted(again)[, 1]), saturated_fit(X[, columns], d$counts), tolerance = 1e-5)
  expect_identical(rownames(again$table), chosen)
  for (name in chosen) {
    without <- setdiff(columns, path$groups[[name]])
    mu <- saturated_fit(X[, without], d$counts)
    lr <- 2 * sum(d$counts * (log(fitted(again)[, 1]) - log(mu)) - fitted(again)[, 1] + mu)
    expect_equal(again$table[name, "lr"], lr, tolerance = 1e-5)
    rank <- function(columns) qr(cbind(1, X[, columns]))$rank
    expect_equal(again$table[name, "df"], rank(columns) - rank(without))
  }
  curve <- tuning_curve(again, "position", n = 20)
  expect_true(all(is.finite(curve$se)) && any(curve$se > 0))
  expect_true(all(tuning_curve(again, "trend", n = 20)$se > 0))
  none <- refit(path, lambda = path$lambda_max)
  expect_equal(unname(fitted(none)[, 1]), saturated_fit(X[, unlist(path$free)], d$counts), tolerance = 1e-5)
  expect_match(capture.output(print(none)), "No group was selected.", fixed = TRUE, all = FALSE)
})

test_that("where groups overlap, a refit tests what each has alone", {
  d <- groups_data()
  path <- group_lasso(d$covariates, d$counts, groups_bases, n_lambda = 15,
                      groups = list(a = 1:5, b = 4:10, same = 1:5, c = "lags"))
  again <- refit(path, lambda = min(path$lambda))
  X <- as.matrix(path$design)
  all <- c(1:10, 17:20, 11:16, 21)
  expect_equal(unname(fitted(again)[, 1]), saturated_fit(X[, all], d$counts), tolerance = 1e-5)
  if ("same" %in% rownames(again$table)) expect_equal(again$table["same", "df"], 0)
  mu <- saturated_fit(X[, setdiff(all, 6:10)], d$counts)
  lr <- 2 * sum(d$counts * (log(fitted(again)[, 1]) - log(mu)) - fitted(again)[, 1] + mu)
  expect_equal(again$table["b", "lr"], lr, tolerance = 1e-4)
})

# ---- all that is built on a path -----------------------------------------------------------------

test_that("cross-validation, stability, adaptive weights and forward selection go by group", {
  d <- groups_data()
  groups <- list(start = 1:4, end = 5:8, rest = c("speed", "lags"))
  cv <- cv_group_lasso(d$covariates, d$counts, groups_bases, groups = groups, n_lambda = 10, n_folds = 4,
                       adaptive = FALSE)
  expect_identical(rownames(cv$n_selected_in), names(groups))
  expect_true(all(cv$converged))
  expect_setequal(rownames(summary(cv)$covariates), names(groups))
  # fold 2 is the path of its own rows, with the penalty of all
  held <- cv$folds == 2
  own <- group_lasso(d$covariates, d$counts, groups_bases, groups = groups, lambda = cv$lambda,
                     weights = ifelse(held, 1e-13, 1), control = precise(1e-8))
  eta <- predict(own)[held, ]
  kernel <- unname(colSums(d$counts[held] * eta - exp(eta)))
  expect_equal(kernel, unname(cv$loglik[2, ]), tolerance = 1e-2)
  stability <- selection_stability(cv, n_pairs = 2, seed = 1)
  expect_identical(rownames(stability$frequency), names(groups))
  weights <- adaptive_weights(cv)
  expect_named(weights, names(groups))
  second <- cv_group_lasso(d$covariates, d$counts, groups_bases, groups = groups, n_lambda = 10, n_folds = 4,
                           group_weights = weights, adaptive = FALSE)
  expect_true(all(second$path$converged))
  # weights that the cross-validation learns are those of groups
  for (how in c("none", "calibrated")) {
    learned <- cv_group_lasso(d$covariates, d$counts, groups_bases, groups = partitions$overlap,
                              n_lambda = 10, n_folds = 4, standardize = how)
    expect_named(learned$adaptive, names(partitions$overlap))
    factor <- learned$path$group_weights / group_lasso(d$covariates, d$counts, groups_bases, lambda = 1,
                                                       groups = partitions$overlap,
                                                       standardize = how)$group_weights
    expect_lt(max(latent_residuals(learned$path, mult = factor)), 3e-6)
  }
  expect_warning(forward <- forward_selection(cv), class = "neurolasso_few_folds")
  expect_true(all(selected(forward) %in% names(groups)))
  expect_setequal(names(path_problem(cv$path)$groups$free), c("arm", "trend"))
})

test_that("part of a problem is certified, and its columns are in their places", {
  d <- groups_data()
  for (groups in partitions[c("mixed", "overlap")]) {
    path <- group_lasso(d$covariates, d$counts, groups_bases, groups = groups, n_lambda = 5)
    problem <- path_problem(path)
    part <- problem_with(problem, 2)
    fit <- fit_problem_at(part, path$lambda[4])
    expect_identical(dim(fit$group_norms), c(1L, 1L))
    X <- as.matrix(path$design)
    owner <- rep(1:5, c(8, 5, 3, 4, 1))
    beta <- numeric(21)
    beta[part$kept] <- fit$coefficients
    expect_lt(latent_residual(X, owner, unname(path$groups[2]), d$counts, fit$intercept, beta,
                              fit$group_norms, path$lambda[4], "calibrated", free = unname(path$free)), 3e-6)
    expect_true(all(beta[-c(path$groups[[2]], unlist(path$free))] == 0))
  }
})

test_that("a shift control shifts a group's columns, in the model of the others", {
  d <- groups_data()
  path <- group_lasso(d$covariates[c("position", "speed", "trend")], d$counts, groups_bases, n_lambda = 5,
                      groups = list(start = 1:4, rest = c("position.7", "speed")))
  control <- shift_control(path, n_shifts = 19, min_shift = 50)
  expect_identical(rownames(control$scores), c("start", "rest"))
  X <- as.matrix(path$design)
  # the others as they are penalised: the package's own fit of that part, which is certified above
  problem <- path_problem(path)
  part <- problem_with(problem, 2)
  fit <- fit_problem_at(part, min(path$lambda))
  mu <- exp(as.numeric(fit$intercept + X[, part$kept] %*% fit$coefficients))
  coords <- oracle_group_coords(X[, 1:4], rep(1, 4), rep(1, 600), "calibrated")
  moved <- function(lag) X[(seq_len(600) - 1 - lag) %% 600 + 1, 1:4]
  score <- function(lag) {
    sqrt(sum(crossprod(coords$back, crossprod(moved(lag), d$counts - mu))^2)) / 600 / coords$weight
  }
  expect_equal(unname(control$scores["start", ]), vapply(control$shifts, score, 0), tolerance = 1e-6)
  expect_equal(control$table["start", "score"], score(0), tolerance = 1e-6)
})

test_that("neurons of a population have the same groups, and are certified", {
  d <- groups_data()
  counts <- cbind(a = d$counts, quiet = 0,
                  b = with_local_seed(6, rpois(600, exp(0.3 * d$covariates$lags[, 1]))))
  counts[3:7, "b"] <- NA
  population <- watch(group_lasso(d$covariates, counts, groups_bases, groups = partitions$overlap[c(1, 2, 4)],
                                  n_lambda = 8))$value
  expect_identical(dim(entry_order(population)), c(3L, 3L))
  expect_identical(rownames(selected(population, fraction = 0.5)), c("a", "b", "d"))
  for (name in c("a", "b")) {
    path <- population[[name]]
    expect_identical(path$free, list(speed = 11:13, arm = 14:16))
    expect_lt(max(latent_residuals(path)), 3e-6, label = name)
  }
  expect_true(all(population$quiet$intercept == -Inf))
  expect_output(print(summary(population)), "neuron")
})

test_that("a silent neuron has no group in", {
  d <- groups_data(100)
  path <- suppressWarnings(groups_path(list(covariates = d$covariates, counts = numeric(100))))
  expect_true(all(path$coefficients == 0))
  expect_identical(dim(path$group_norms), c(3L, 15L))
  expect_true(all(is.na(entry_order(path))))
})

test_that("threads and repeats give the same bits", {
  d <- groups_data()
  fit <- function() group_lasso(d$covariates, d$counts, groups_bases, groups = partitions$overlap, n_lambda = 10)
  expect_identical(answer(fit()), answer(fit()))
})

test_that("formulas have groups, too", {
  d <- groups_data()
  data <- data.frame(d$covariates[c("position", "speed", "trend")], counts = d$counts)
  path <- group_lasso(counts ~ basis_bspline(position, 8) + speed + trend, data, n_lambda = 6,
                      groups = list(a = "position", b = c("speed", "trend")))
  plain <- group_lasso(d$covariates[c("position", "speed", "trend")], d$counts,
                       list(position = basis_bspline(8)), n_lambda = 6, groups = list(a = 1:8, b = 9:10))
  expect_identical(unname(path$coefficients), unname(plain$coefficients))
})

test_that("populations with groups of a wide matrix are cross-validated", {
  d <- groups_data(300)
  X <- with_local_seed(7, matrix(rnorm(300 * 20), 300))
  counts <- cbind(a = d$counts, b = with_local_seed(8, rpois(300, exp(0.4 * X[, 2]))))
  groups <- list(x1 = 1:6, x2 = 5:14, position = "position")
  population <- group_lasso(list(x = X, position = d$covariates$position), counts, groups_bases["position"],
                            groups = groups, n_lambda = 8)
  cv <- cv_group_lasso(population, n_folds = 3, adaptive = FALSE)
  alone <- cv_group_lasso(list(x = X, position = d$covariates$position), counts[, "b"],
                          groups_bases["position"],
                          groups = groups, n_lambda = 8, folds = cv[["b"]]$folds, adaptive = FALSE)
  expect_equal(cv[["b"]]$path$free, list(x = 15:20))
  expect_equal(unname(cv[["b"]]$cv_mean), unname(alone$cv_mean), tolerance = 1e-4)
  expect_identical(rownames(cv[["b"]]$n_selected_in), names(groups))
})

test_that("what is printed of groups calls them groups", {
  session <- simulate_session(200, encodes = "position", seed = 1)
  groups <- list(place = "position", motion = c("speed", "head_direction"), theta = "theta_phase")
  fit <- function(counts, f, ...) f(session$covariates, counts, basis = basis_bspline(5), n_lambda = 10, ...)
  counts <- cbind(a = session$counts, b = rev(session$counts))
  says <- function(x) paste(c(capture.output(print(x)), capture.output(print(summary(x)))), collapse = "\n")
  for (y in list(session$counts, counts)) {
    cv <- fit(y, cv_group_lasso, n_folds = 3, groups = groups)
    expect_match(says(cv), "3 groups")
    expect_match(says(cv), "n_groups")
    expect_no_match(says(cv), "covariate")
    expect_match(says(fit(y, cv_group_lasso, n_folds = 3)), "4 covariates")
    path <- fit(y, group_lasso, groups = groups)
    expect_match(says(path), "3 groups")
    expect_no_match(says(path), "covariate")
  }
  again <- refit(fit(session$counts, cv_group_lasso, n_folds = 3, groups = groups))
  expect_output(print(again), "selected these groups:", fixed = TRUE)
  joint <- fit(counts, group_lasso, groups = groups, neurons = "joint")
  expect_output(print(joint), "a group enters for all 2 neurons", fixed = TRUE)
})

test_that("a population says which covariates have a coefficient, whatever their groups", {
  session <- simulate_session(200, encodes = "position", seed = 1)
  counts <- cbind(a = session$counts, b = rev(session$counts))
  groups <- list(motion = c("speed", "head_direction"), place = c("position", "speed"), theta = "theta_phase")
  population <- group_lasso(session$covariates, counts, basis = basis_bspline(5), groups = groups, n_lambda = 20)
  came <- selected(population, fraction = 0.2, by = "covariate")
  coefficients <- coef(population, fraction = 0.2)[-1, ]
  expected <- sapply(names(session$covariates), function(name) {
    colSums(coefficients[startsWith(rownames(coefficients), paste0(name, ".")), ] != 0) > 0
  })
  expect_identical(came, t(expected))
  expect_error(selected(population, fraction = 0.2, by = "column"), class = "neurolasso_input_error")
  cv <- cv_group_lasso(population, n_folds = 3)
  expect_identical(rownames(selected(cv, by = "covariate")), names(session$covariates))
})
