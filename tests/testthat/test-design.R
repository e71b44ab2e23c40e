test_design <- function(seed = 1, n = 50) {
  data <- mixed_session(seed, n)
  expand_covariates(data$covariates, mixed_bases())
}

test_that("dim, names and column names are those of its parts", {
  design <- test_design()
  sizes <- c(position = 6L, phase = 5L, speed = 4L, trend = 1L, arm = 3L, place = 12L, coupling = 2L,
             choice = 1L)
  expect_identical(dim(design), c(50L, 34L))
  expect_identical(nrow(design), 50L)
  expect_identical(ncol(design), 34L)
  expect_identical(names(design), names(sizes))
  expect_length(design, 8)
  expect_identical(dimnames(design), list(NULL, colnames(design)))
  expect_identical(vapply(as.list(design), ncol, 1L), sizes)
  expect_identical(colnames(design)[c(1, 6, 12, 17, 18, 20, 31, 32, 34)],
                   c("position.1", "position.6", "speed.1", "arm.left", "arm.right", "place.1", "place.12",
                     "coupling.n1", "choice.1"))
})

test_that("$, [[ ]] and as.list() are the matrices, as.matrix() binds them", {
  design <- test_design()
  for (name in names(design)) {
    expect_true(is.matrix(design[[name]]))
    expect_identical(design[[match(name, names(design))]], design[[name]])
    expect_true(all(startsWith(colnames(design[[name]]), paste0(name, "."))))
  }
  expect_identical(design$position, design[["position"]])
  expect_identical(as.list(design), sapply(names(design), function(name) design[[name]], simplify = FALSE))
  expect_identical(as.matrix(design), do.call(cbind, unname(as.list(design))))
  expect_identical(colnames(as.matrix(design)), colnames(design))
})

test_that("each matrix is that of the covariate alone", {
  data <- mixed_session(2, 40)
  design <- expand_covariates(data$covariates, mixed_bases())
  for (name in names(design)) {
    basis <- mixed_bases()[[name]]
    alone <- expand_covariates(data$covariates[name], if (!is.null(basis)) setNames(list(basis), name))
    expect_identical(alone[[name]], design[[name]])
  }
})

test_that("covariates that aren't there are NULL by $ and an error by [[ ]]", {
  design <- expand_covariates(list(position = 1:3, speed = 1:3))
  expect_null(design$direction)
  expect_null(design$pos) # no partial matching
  expect_null(design$n_obs) # nor fields of the design itself
  expect_null(design$blocks)
  for (i in list("direction", 0, 3, -1, NA, 1:2, character())) {
    expect_refused(design[[i]], NULL, "`position`, `speed`")
  }
})

test_that("[[ ]] takes a name or a whole number", {
  design <- expand_covariates(list(position = 1:3, speed = 1:3))
  for (i in list(TRUE, 1.5)) expect_refused(design[[i]], NULL, "`position`, `speed`")
})

test_that("a covariate may have the name of a field", {
  design <- expand_covariates(list(blocks = 1:3, n_obs = 4:6, x = 7:9, size = 1:3))
  expect_identical(unname(design$n_obs), cbind(c(4, 5, 6)))
  expect_identical(names(design), c("blocks", "n_obs", "x", "size"))
  path <- group_lasso(list(lambda = c(1, 2, 5), counts = c(3, 1, 1)), c(1, 0, 2), n_lambda = 3)
  expect_named(entry_order(path), c("lambda", "counts"), ignore.order = TRUE)
})

test_that("rows with NA are NA in their covariate alone", {
  data <- mixed_session(3, 20)$covariates
  complete <- expand_covariates(data, mixed_bases())
  ranges <- vapply(data[c("position", "speed")], which.max, 1L) # not those that set the bounds
  rows <- setdiff(5:16, c(ranges, vapply(data[c("position", "speed")], which.min, 1L)))[1:4]
  data$position[rows[1]] <- NA
  data$arm[rows[2]] <- NA
  data$choice[rows[3]] <- NA
  data$coupling[rows[4], 2] <- NA
  came <- expand_covariates(data, mixed_bases())
  expect_true(all(is.na(came$position[rows[1], ])))
  expect_true(all(is.na(came$arm[rows[2], ])))
  expect_true(is.na(came$choice[rows[3], ]))
  expect_identical(unname(is.na(came$coupling[rows[4], ])), c(FALSE, TRUE))
  expect_identical(came$place, complete$place)
  expect_equal(sum(is.na(as.matrix(came))), 6 + 3 + 1 + 1)
  expect_equal(as.matrix(came)[-rows, ], as.matrix(complete)[-rows, ])
})

test_that("the training data through predict() are the training design", {
  for (seed in 1:3) {
    data <- mixed_session(seed, 30)$covariates
    design <- expand_covariates(data, mixed_bases())
    expect_identical(as.matrix(predict(design, data)), as.matrix(design))
    expect_identical(predict(design, design), design)
    # any rows, in any order
    rows <- sample(30, 12)
    part <- lapply(data, function(x) if (is.matrix(x)) x[rows, , drop = FALSE] else x[rows])
    expect_identical(as.matrix(predict(design, part)), as.matrix(design)[rows, ])
    for (i in c(1, 30)) {
      one <- lapply(data, function(x) if (is.matrix(x)) x[i, , drop = FALSE] else x[i])
      expect_identical(as.matrix(predict(design, one)), as.matrix(design)[i, , drop = FALSE])
    }
  }
})

test_that("predict() uses the bounds, knots and levels of the training data", {
  set.seed(4)
  train <- list(a = runif(40, -1, 1), b = runif(40, 0, 10), arm = factor(sample(3, 40, TRUE), levels = 1:4))
  design <- expand_covariates(train,
                              list(a = basis_bspline(6, knots = c(-0.1, 0.5)), b = basis_raised_cosine(5)))
  new <- list(a = runif(5, -0.5, 0.5), b = runif(5, 3, 4), arm = factor(c(4, 1, 1, 2, 3)))
  came <- predict(design, new)
  expect_equal(unname(came$a), oracle_bspline(new$a, 6, 4, range(train$a), c(-0.1, 0.5)), tolerance = 1e-12)
  expect_equal(unname(came$b), oracle_raised_cosine(new$b, 5, 2, range(train$b)), tolerance = 1e-12)
  expect_identical(unname(came$arm), outer(as.integer(as.character(new$arm)), 1:4, `==`) + 0)
})

test_that("newdata may have more, in another order, of another container", {
  data <- mixed_session(5, 20)$covariates
  design <- expand_covariates(data, mixed_bases())
  wanted <- as.matrix(design)
  expect_identical(as.matrix(predict(design, rev(data))), wanted)
  more <- c(list(word = letters[1:20], when = Sys.time() + 1:20, short = 1:3), data)
  expect_identical(as.matrix(predict(design, more)), wanted)
  data$place <- as.data.frame(data$place)[2:1]
  expect_identical(as.matrix(predict(design, data)), wanted)
  nested <- expand_covariates(list(s = list(a = 1:4, b = 4:1), t = 1:4))
  expect_identical(as.matrix(predict(nested, list(t = 1:4, s = list(b = 4:1, a = 1:4)))), as.matrix(nested))
  expect_identical(as.matrix(predict(nested, list(t = 1:4, s.a = 1:4, s.b = 4:1))), as.matrix(nested))
})

test_that("newdata that can't be used are refused", {
  design <- expand_covariates(list(position = 1:3, speed = c(2, 7, 1), arm = factor(1:3)))
  refuse <- function(newdata, ...) expect_refused(predict(design, newdata), "newdata", ...)
  refuse(list(position = 1, arm = factor(1)), "`newdata`", "`speed`", "is missing")
  refuse(list(position = 1), "`speed`, `arm`", "are missing")
  refuse(list(), "missing")
  refuse(5, "`newdata`", "named list or data frame", "not 5")
  refuse(matrix(1, 2, 3), "2 x 3 double matrix")
  refuse(NULL, "NULL")
  refuse(list(position = 1:2, speed = 1, arm = factor(1)), "`position` has 2", "`speed` has 1")
  other <- expand_covariates(list(position = 1:4, speed = 1:4, arm = factor(1:4)))
  refuse(other, "`newdata`", "other bases or bounds")
})

test_that("a factor in place of numbers is refused, whatever the basis", {
  for (basis in list(basis_bspline(4), basis_raised_cosine(4), basis_cyclic(4, bounds = c(0, 10)),
                     basis_identity(), NULL)) {
    design <- expand_covariates(list(speed = c(2, 5, 9)), if (is.null(basis)) NULL else list(speed = basis))
    suppressWarnings(expect_refused(predict(design, list(speed = factor(c(2, 5, 9)))), NULL, "`speed`"))
  }
})

test_that("newdata without rows make a design without rows", {
  design <- test_design()
  none <- lapply(mixed_session(1, 50)$covariates, function(x) if (is.matrix(x)) x[0, ] else x[0])
  came <- predict(design, none)
  expect_identical(dim(came), c(0L, 34L))
  expect_identical(dim(as.matrix(came)), c(0L, 34L))
  expect_identical(dim(came$place), c(0L, 12L))
})

test_that("one row of everything is enough", {
  data <- lapply(mixed_session(6, 5)$covariates, function(x) if (is.matrix(x)) x[1, , drop = FALSE] else x[1])
  design <- expand_covariates(data, mixed_bases())
  expect_identical(nrow(as.matrix(design)), 1L)
  expect_false(anyNA(as.matrix(design)))
})

test_that("a design fits as its covariates do, and survives saveRDS()", {
  data <- mixed_session(7, 100)
  design <- expand_covariates(data$covariates, mixed_bases())
  from_design <- group_lasso(design, data$counts, n_lambda = 5)
  expect_equal(coef(from_design),
               coef(group_lasso(data$covariates, data$counts, mixed_bases(), n_lambda = 5)))
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(design, file)
  expect_identical(readRDS(file), design)
  expect_identical(coef(group_lasso(readRDS(file), data$counts, n_lambda = 5)), coef(from_design))
})

test_that("long designs do not write out their matrices", {
  x <- seq(0, 1, length.out = 1e4)
  design <- expand_covariates(list(place = cbind(x, x)), list(place = basis_bspline(20) * basis_bspline(20)))
  expect_lt(as.numeric(object.size(design)), 1e4 * 400 * 8 / 10)
})

test_that("a design prints its covariates, their columns and their bases", {
  data <- mixed_session(1, 1200)$covariates
  data$speed <- round(data$speed)
  data$speed[c(7, 9)] <- NA
  data$position[1:2] <- c(-10, 60)
  data$place[1:2, ] <- c(0, 1)
  expect_snapshot(expand_covariates(data, mixed_bases()))
  expect_output(expect_invisible(print(test_design())), "50 bins x 34 columns")
})
