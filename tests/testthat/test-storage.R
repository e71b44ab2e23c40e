# The same columns, kept as a table, as rows of few values, as a matrix: the same answers.

# A design whose covariate `name` is kept as its basis makes it, never as a table.
without_table <- function(covariates, basis, names = base::names(covariates)) {
  design <- expand_covariates(covariates, basis)
  fields <- unclass(design)
  for (name in names) {
    inputs <- neurolasso:::leaf_inputs(covariates[[name]], fields$bases[[name]])
    fields$blocks[[name]] <- neurolasso:::unclass_block(neurolasso:::basis_block(fields$bases[[name]], inputs))
  }
  structure(fields, class = "covariate_design")
}

# How each covariate is kept.
storages <- function(design) vapply(unclass(design)$blocks, neurolasso:::storage_of, "")

# Covariates of few values, and their bases: one of each way to have rows.
repeating <- function(seed = 1, n = 1600) {
  with_local_seed(seed, {
    x <- list(
      position = sample(seq(0, 100, by = 2), n, TRUE), phase = sample(seq(0, 6, by = 0.25), n, TRUE),
      speed = round(rexp(n, 0.1)), direction = sample(c(-0.5, 0, 0.25, 1), n, TRUE),
      place = cbind(x = sample(10, n, TRUE) / 10, y = sample(8, n, TRUE) / 8)
    )
    eta <- with(x, sin(position / 20) + 0.4 * cos(phase) - 0.5 + place[, 1])
    list(covariates = x, counts = rpois(n, exp(eta)), offset = rnorm(n, sd = 0.3),
         weights = sample(0:2, n, TRUE))
  })
}

repeating_bases <- list(
  position = basis_bspline(7), phase = basis_cyclic(6, bounds = c(0, 2 * pi)), speed = basis_raised_cosine(5),
  direction = basis_bspline(9, order = 8), place = basis_bspline(4) * basis_raised_cosine(3)
)

problem_of <- function(path, data) {
  list(blocks = lapply(as.list(path$design), unname), counts = data$counts, offset = path$offset,
       weights = path$weights)
}

test_that("covariates of few values are tables, others what their basis makes of them", {
  d <- repeating()
  design <- expand_covariates(d$covariates, repeating_bases)
  expect_true(all(startsWith(storages(design), "table of ")))
  expect_identical(storages(design)[["position"]], "table of 51 rows")
  expect_identical(storages(design)[["place"]], "table of 80 rows")
  plain <- without_table(d$covariates, repeating_bases)
  expect_identical(unname(storages(plain)),
                   c("splines by cell", "splines by cell", "values", "values", "values"))
  expect_lt(neurolasso:::memory_of(unclass(design)$blocks), neurolasso:::memory_of(unclass(plain)$blocks) / 3)
  varied <- with_local_seed(2, list(a = rnorm(400), m = matrix(rnorm(2000), 400), v = rnorm(400)))
  expect_identical(unname(storages(expand_covariates(varied, list(a = basis_bspline(5))))),
                   c("splines by cell", "matrix", "matrix"))
  # not where there are too few bins for it
  few <- lapply(d$covariates[1:4], `[`, 1:60)
  expect_false(any(startsWith(storages(expand_covariates(few, repeating_bases[1:4]))[1:2], "table")))
})

test_that("tables are exact: the matrices are those of the rows", {
  d <- repeating(2)
  design <- expand_covariates(d$covariates, repeating_bases)
  expect_identical(as.matrix(design), as.matrix(without_table(d$covariates, repeating_bases)))
  expect_equal(unname(design$position), oracle_bspline(d$covariates$position, 7), tolerance = 1e-12)
  expect_equal(unname(design$direction), oracle_bspline(d$covariates$direction, 9, 8), tolerance = 1e-12)
  for (name in names(design)) {
    coefficients <- with_local_seed(1, matrix(rnorm(ncol(design[[name]]) * 11), ncol = 11))
    came <- neurolasso:::design_predictor(design, coefficients, match(name, names(design)))
    expect_equal(came, design[[name]] %*% coefficients, tolerance = 1e-12, ignore_attr = TRUE)
  }
})

test_that("moments don't depend on the storage", {
  d <- repeating(3)
  v <- d$weights / sum(d$weights)
  table <- neurolasso:::design_moments(expand_covariates(d$covariates, repeating_bases), v)
  rows <- neurolasso:::design_moments(without_table(d$covariates, repeating_bases), v)
  X <- as.list(without_table(d$covariates, repeating_bases))
  for (g in seq_along(X)) {
    wanted <- stats::cov.wt(X[[g]], v, method = "ML")
    for (came in list(table[[g]], rows[[g]])) {
      expect_equal(came$mean, unname(wanted$center), tolerance = 1e-12)
      expect_equal(came$second, unname(wanted$cov), tolerance = 1e-11)
    }
  }
})

for (link in c("log", "softplus")) {
  test_that(sprintf("table, rows and matrix give the same fit: %s link", link), {
    d <- repeating(4)
    for (how in scalings) {
      fit <- function(covariates) {
        group_lasso(covariates, d$counts, offset = d$offset, weights = d$weights, standardize = how,
                    link = link, n_lambda = 8, control = precise(1e-9))
      }
      table <- fit(expand_covariates(d$covariates, repeating_bases))
      rows <- fit(without_table(d$covariates, repeating_bases))
      columns <- lapply(as.list(table$design), unname)
      repeated <- fit(columns)
      dense <- fit(without_table(columns, NULL))
      expect_true(all(startsWith(storages(repeated$design), "table")))
      expect_true(all(storages(dense$design) == "matrix"))
      value <- function(path) {
        vapply(seq_along(path$lambda), function(l) {
          objective(columns, d$counts, path$intercept[l], path$coefficients[, l], path$lambda[l], how,
                    d$offset, d$weights, link = link)
        }, 0)
      }
      expect_lt(max(path_residuals(table, problem_of(table, d))), 1e-8)
      for (other in list(rows, repeated, dense)) {
        expect_true(all(other$converged))
        expect_equal(other$lambda, table$lambda, tolerance = 1e-10)
        expect_equal(unname(other$coefficients), unname(table$coefficients), tolerance = 1e-6)
        expect_equal(other$intercept, table$intercept, tolerance = 1e-6)
        expect_lt(max(abs(value(other) - value(table))), 1e-10)
        expect_lt(max(path_residuals(other, problem_of(table, d))), 1e-8)
        expect_equal(other$deviance, table$deviance, tolerance = 1e-10)
        expect_equal(unname(fitted(other)), unname(fitted(table)), tolerance = 1e-6)
      }
    }
  })
}

test_that("storages may be mixed", {
  d <- repeating(5)
  mixed <- d$covariates
  mixed$noise <- with_local_seed(5, rnorm(1600))
  mixed$dense <- with_local_seed(6, matrix(rnorm(8000), 1600))
  mixed$trial <- factor(rep(1:200, each = 8))
  bases <- c(repeating_bases, list(noise = basis_bspline(6)))
  path <- group_lasso(mixed, d$counts, bases, n_lambda = 8)
  kinds <- storages(path$design)
  expect_identical(kinds[c("position", "noise", "dense", "trial")],
                   c(position = "table of 51 rows", noise = "splines by cell", dense = "matrix",
                     trial = "table of 200 rows"))
  expect_true(all(path$converged))
  expect_lt(max(path_residuals(path, problem_of(path, d))), 2e-6)
  rows <- group_lasso(without_table(mixed, bases), d$counts, n_lambda = 8)
  expect_equal(rows$coefficients, path$coefficients, tolerance = 1e-4)
})

test_that("integers are tables, too, with the fit of the same doubles", {
  d <- repeating(6)
  as_integers <- list(second = as.integer(round(d$covariates$position)),
                      place = matrix(1:4, 1600, 2, byrow = TRUE))
  as_numbers <- lapply(as_integers, `+`, 0)
  bases <- list(second = basis_bspline(6), place = basis_bspline(4) * basis_factor())
  fit <- function(x) group_lasso(x, d$counts, bases, n_lambda = 5)
  expect_true(all(startsWith(storages(expand_covariates(as_integers, bases)), "table")))
  expect_identical(answer(fit(as_integers)), answer(fit(as_numbers)))
  # levels are compared as they were given
  large <- list(place = cbind(rep(1:4, 400), rep(c(100000L, 200000L), 800)))
  expect_identical(ncol(expand_covariates(large, list(place = basis_bspline(4) * basis_factor()))$place), 8L)
})

test_that("rows with NA are NA in every storage, and are dropped by a fit", {
  d <- repeating(7)
  gone <- c(3, 40, 41, 900)
  covariates <- d$covariates
  covariates$position[gone[1]] <- NA
  covariates$speed[gone[2]] <- NaN
  covariates$place[gone[3], 2] <- NA
  covariates$trial <- replace(factor(rep(1:20, 80)), gone[4], NA)
  covariates$pixels <- matrix(rep(1:5, 320), 1600, 5)
  covariates$pixels[gone[4], 2] <- NA
  bases <- repeating_bases
  for (design in list(expand_covariates(covariates, bases), without_table(covariates, bases))) {
    X <- as.matrix(design)
    expect_identical(which(is.na(rowSums(X))), as.integer(gone))
    expect_true(all(is.na(design$position[gone[1], ])) && all(is.na(design$place[gone[3], ])))
    expect_false(anyNA(design$phase))
    expect_identical(neurolasso:::design_missing(design), seq_len(1600) %in% gone)
    path <- group_lasso(design, d$counts, n_lambda = 6)
    expect_identical(path$n_obs, 1596L)
    expect_false(anyNA(path$coefficients))
    expect_true(all(path$converged))
    complete <- group_lasso(lapply(covariates, function(x) if (is.matrix(x)) x[-gone, ] else x[-gone]),
                            d$counts[-gone], bases, n_lambda = 6)
    expect_equal(path$coefficients, complete$coefficients, tolerance = 1e-4)
    expect_lt(max(path_residuals(path,
                                 list(blocks = lapply(as.list(path$design), unname), counts = path$counts))),
              2e-6)
    new <- predict(path, covariates)
    expect_identical(which(is.na(new[, 1])), as.integer(gone))
    expect_equal(new[-gone, ], predict(path), tolerance = 1e-10)
  }
})

test_that("parts of a design are parts of its matrices, and tables keep only rows that are used", {
  d <- repeating(8)
  covariates <- c(d$covariates,
                  list(trial = factor(rep(1:20, 80)), pixels = matrix(rep(1:5, 320) + 0, 1600, 5),
                                     noise = with_local_seed(8, rnorm(1600))))
  covariates$position[5] <- NA
  bases <- c(repeating_bases, list(noise = basis_bspline(5)))
  rows <- list(setdiff(1:1600, 5), 1:4, 7, integer(), c(9, 2, 2, 700), rev(1:1600))
  for (design in list(expand_covariates(covariates, bases), without_table(covariates, bases))) {
    X <- as.matrix(design)
    for (at in rows) {
      part <- neurolasso:::design_rows(design, at)
      expect_identical(as.matrix(part), X[at, , drop = FALSE])
      expect_identical(dim(part), c(length(at), ncol(X)))
      for (block in unclass(part)$blocks) {
        if (is.null(block$index) || length(at) == 0) next
        expect_identical(sort(unique(as.integer(block$index))), seq_len(block$n_table) - 1L)
      }
    }
    expect_false(anyNA(as.matrix(neurolasso:::design_rows(design, rows[[1]]))))
  }
})

test_that("a matrix with repeated rows is a table of them", {
  grid <- with_local_seed(9, matrix(rnorm(24), 4))
  at <- with_local_seed(10, sample(4, 300, TRUE))
  counts <- with_local_seed(11, rpois(300, exp(0.3 * grid[at, 1])))
  covariates <- list(m = grid[at, ], other = with_local_seed(12, rnorm(300)))
  expect_identical(storages(expand_covariates(covariates))[["m"]], "table of 4 rows")
  for (mean in c(0, 10, 1e3)) {
    covariates$m <- grid[at, ] + mean
    expect_identical(unname(expand_covariates(covariates)$m), covariates$m)
    problem <- list(blocks = lapply(covariates, as.matrix), counts = counts)
    table <- group_lasso(covariates, counts, n_lambda = 6)
    dense <- group_lasso(without_table(covariates, NULL), counts, n_lambda = 6)
    expect_true(all(table$converged))
    expect_lt(max(path_residuals(table, problem)), 2e-6)
    expect_equal(fitted(table), fitted(dense), tolerance = 1e-5)
    expect_equal(predict(table, covariates), predict(table), tolerance = 1e-10)
  }
})

test_that("factors with many levels, some empty, are tables of their levels", {
  for (n_level in c(2, 255, 256, 257, 400)) {
    levels <- sprintf("l%03d", seq_len(n_level + 1)) # the last never occurs
    x <- with_local_seed(n_level, factor(sample(levels[-(n_level + 1)], 2000, TRUE), levels = levels))
    x[17] <- NA
    counts <- with_local_seed(1, rpois(2000, ifelse(as.integer(x) %in% c(1, NA), 3, 1)))
    design <- expand_covariates(list(f = x))
    wanted <- outer(as.character(x), levels, `==`) + 0
    expect_identical(unname(design$f), wanted)
    path <- group_lasso(design, counts, n_lambda = 5)
    expect_true(all(path$converged))
    problem <- list(blocks = list(wanted[-17, ]), counts = counts[-17])
    expect_lt(max(path_residuals(path, problem, at = c(2, 5))), 2e-6)
    expect_lt(max(abs(path$coefficients[n_level + 1, ])), 1e-12)
  }
})

test_that("-0 is 0, and any NaN is NA", {
  x <- rep(c(0, -0, 1, NA, NaN, NA_real_, 0.5, 2), 50)
  design <- expand_covariates(list(x = x), basis_bspline(4))
  expect_identical(storages(design)[["x"]], "table of 5 rows")
  X <- unname(design$x)
  expect_identical(X[1, ], X[2, ])
  expect_identical(which(is.na(X[1:8, 1])), 4:6)
  expect_identical(unname(as.matrix(without_table(list(x = x), basis_bspline(4)))), X)
  m <- cbind(x, 1, -x, 0)
  expect_identical(unname(expand_covariates(list(m = m))$m), unname(m))
})

test_that("values outside the bounds of a table's basis are counted in bins", {
  x <- rep(c(-1, 0, 5, 10, 12), 40)
  seen <- watch(expand_covariates(list(x = x), basis_bspline(4, bounds = c(0, 10))))
  expect_length(seen$warnings, 1)
  expect_identical(seen$warnings[[1]]$moved[["x"]], 80)
  expect_identical(seen$value$x[1, ], seen$value$x[2, ])
})

test_that("a covariate that is constant over millions of bins is constant", {
  n <- 4e5
  counts <- rep(c(0, 1, 0, 2, 2), n / 5)
  x <- list(a = rep(c(1, 2, 3, 4, 5), n / 5), k = rep(3.3, n), m = matrix(0.1, n, 2),
            f = factor(rep("only", n)), s = rep(7, n))
  for (how in c("none", "calibrated")) {
    path <- group_lasso(x, counts, list(a = basis_bspline(4), s = basis_bspline(5)), standardize = how,
                        n_lambda = 3)
    expect_gt(path$lambda_max, 0)
    expect_true(all(path$group_norms[c("k", "m", "f", "s"), ] == 0), label = how)
  }
})

test_that("a design prints how its covariates are kept", {
  d <- repeating(9)
  covariates <- c(d$covariates["position"],
                  list(arm = factor(rep(1:2, 800)), raw = matrix(rnorm(3200), 1600)))
  covariates$noise <- with_local_seed(1, rnorm(1600))
  covariates$bumps <- covariates$noise
  out <- capture.output(print(expand_covariates(covariates, list(
    position = basis_bspline(7), noise = basis_bspline(5), bumps = basis_raised_cosine(4)))))
  expect_match(out[1], "<covariate_design> 1,600 bins x 20 columns, [0-9.]+ kB")
  expect_match(out[2], "position    7  table of 51 rows +[0-9.]+ kB  basis_bspline\\(7")
  expect_match(out[3], "arm         2  table of 2 rows  +[0-9.]+ kB  basis_factor\\(c\\(\"1\", \"2\"\\)\\)")
  expect_match(out[4], "raw         2  matrix  +25.6 kB  columns as they are")
  expect_match(out[5], "noise       5  splines by cell  +[0-9.]+ kB  basis_bspline\\(5")
  expect_match(out[6], "bumps       4  values  +[0-9.]+ kB  basis_raised_cosine\\(4")
  memory <- neurolasso:::format_memory
  expect_identical(memory(list()), "0 B")
  expect_identical(memory(list(as.raw(1:9), list(1:3, c(1, 2), NULL, "x"))), "37 B")
  expect_identical(memory(numeric(125)), "1 kB")
  expect_identical(memory(numeric(2e6)), "16 MB")
})
