# Groups of pairs of a column and a neuron, as NeMoS's masks have them.

# Four neurons and three blocks.
masked_neurons <- function(seed = 1) {
  with_local_seed(seed, {
    n <- 400
    blocks <- list(a = matrix(rnorm(3 * n), n), b = matrix(rnorm(2 * n), n), c = matrix(rnorm(4 * n), n))
    X <- do.call(cbind, blocks)
    beta <- matrix(rnorm(9 * 4, sd = 0.25) * (runif(36) < 0.6), 9)
    counts <- matrix(rpois(4 * n, exp(-0.3 + X %*% beta)), n)
    colnames(counts) <- paste0("n", 1:4)
    list(blocks = blocks, X = X, counts = counts)
  })
}

fit_masked <- function(d, mask, ..., standardize = "none") {
  group_lasso(d$blocks, d$counts, groups = mask, standardize = standardize, n_lambda = 8, ...)
}

# The mask of shared groups as helper-joint.R has them.
mask_of <- function(groups, n_col) {
  mask <- array(0, c(length(groups), n_col, length(groups[[1]])))
  for (g in seq_along(groups)) for (i in seq_along(groups[[g]])) mask[g, groups[[g]][[i]], i] <- 1
  mask
}

# Where a mask leaves columns of a neuron in no group: one free group more for each block.
with_free_groups <- function(groups, blocks, n_neuron) {
  owner <- rep(seq_along(blocks), vapply(blocks, ncol, 1L))
  free <- lapply(seq_along(blocks), function(b) {
    lapply(seq_len(n_neuron), function(i) setdiff(which(owner == b), unlist(lapply(groups, `[[`, i))))
  })
  Filter(function(group) any(lengths(group) > 0), free)
}

expect_masked_certified <- function(population, d, groups, how, tolerance = 3e-6) {
  free <- with_free_groups(groups, d$blocks, ncol(d$counts))
  problem <- joint_problem(d$X, d$counts, c(groups, free), how,
                           mult = rep(1:0, c(length(groups), length(free))))
  fits <- unclass(population)$fits
  for (l in seq_along(fits[[1]]$lambda)) {
    beta <- vapply(fits, function(fit) fit$coefficients[, l], double(ncol(d$X)))
    intercept <- vapply(fits, function(fit) fit$intercept[l], 0)
    expect_lt(joint_residual(problem, intercept, beta, fits[[1]]$lambda[l]), tolerance)
  }
}

test_that("a mask of whole covariates over all neurons is the joint fit", {
  d <- masked_neurons()
  groups <- shared_blocks(d$blocks, 4)
  for (how in c("none", "calibrated")) {
    masked <- fit_masked(d, mask_of(groups, 9), standardize = how, control = precise(1e-9))
    joint <- group_lasso(d$blocks, d$counts, neurons = "joint", standardize = how, n_lambda = 8,
                         control = precise(1e-9))
    for (name in names(joint)) {
      expect_equal(masked[[name]]$lambda, joint[[name]]$lambda, tolerance = 1e-10)
      expect_equal(masked[[name]]$coefficients, joint[[name]]$coefficients, tolerance = 1e-6)
    }
    expect_equal(unname(masked[[1]]$group_weights), unname(joint[[1]]$group_weights), tolerance = 1e-12)
  }
  # lambda is that of NeMoS: the weight is the root of the number of pairs
  expect_equal(unname(fit_masked(d, mask_of(groups, 9))[[1]]$group_weights), sqrt(4 * c(3, 2, 4)))
  # a mask for each covariate
  leaves <- list(b = mask_of(groups, 9)[, 4:5, ], a = mask_of(groups, 9)[, 1:3, ],
                 c = mask_of(groups, 9)[, 6:9, ])
  expect_identical(unclass(fit_masked(d, leaves))$fits, unclass(fit_masked(d, mask_of(groups, 9)))$fits)
})

test_that("a group for each covariate and neuron gives separate fits at the same lambdas", {
  d <- masked_neurons(2)
  own <- unlist(lapply(shared_blocks(d$blocks, 4), function(group) {
    lapply(1:4, function(i) replace(rep(list(integer()), 4), i, group[i]))
  }), recursive = FALSE)
  masked <- fit_masked(d, mask_of(own, 9), control = precise(1e-9))
  separate <- group_lasso(d$blocks, d$counts, standardize = "none", lambda = masked[[1]]$lambda,
                          control = precise(1e-9))
  for (name in names(separate)) {
    expect_equal(masked[[name]]$coefficients, separate[[name]]$coefficients, tolerance = 1e-6)
  }
  expect_masked_certified(masked, d, own, "none", 1e-8)
})

test_that("sets that differ by covariate, parts of covariates, and columns in no group", {
  d <- masked_neurons(3)
  none <- integer()
  groups <- list(
    list(1:3, 1:3, none, none), # a for the first two neurons
    list(none, none, 1:3, 1:2), # for the others, but for one column of the last
    list(none, 4:5, 4:5, none), # b for those in the middle: all neurons hang together
    list(6:7, 6:7, 6:9, none), # parts of c
    list(8:9, none, none, c(4, 6, 7)) # and what crosses covariates
  )
  for (how in scalings) {
    population <- fit_masked(d, mask_of(groups, 9), standardize = how)
    expect_true(all(population[[1]]$converged))
    # the coordinates of a group with columns of several covariates are those of another file's tests
    if (how == "none") expect_masked_certified(population, d, groups, how)
  }
  expect_length(unclass(population)$sets, 1)
  expect_masked_certified(fit_masked(d, mask_of(groups[-5], 9), standardize = "group"), d, groups[-5],
                          "group")
  expect_masked_certified(fit_masked(d, mask_of(groups[-5], 9), standardize = "calibrated"), d, groups[-5],
                          "calibrated")
})

test_that("a masked population predicts for new data, and its paths know their groups", {
  d <- masked_neurons(4)
  groups <- list(first = list(1:3, 1:3, integer(), 1:3), second = list(4:9, integer(), 4:9, 4:5))
  mask <- mask_of(groups, 9)
  dimnames(mask) <- list(names(groups), NULL, colnames(d$counts))
  population <- fit_masked(d, mask)
  lambda <- population[[1]]$lambda[6]
  new <- lapply(d$blocks, function(X) X[1:5, , drop = FALSE])
  expect_equal(predict(population, new, lambda = lambda),
               cbind(1, d$X[1:5, ]) %*% coef(population, lambda = lambda), ignore_attr = TRUE)
  path <- population[["n2"]]
  expect_identical(path$groups, list(first = 1:3, second = integer()))
  expect_identical(path$free, list(b = 4:5, c = 6:9))
  expect_equal(predict(path, new, lambda = lambda)[, 1], predict(population, new, lambda = lambda)[, "n2"])
  expect_identical(rownames(selected(population, lambda = lambda)), names(groups))
  expect_output(print(population), "shared by 3 neurons")
  expect_identical(population[c("n3", "n1", "n2")][["n2"]]$groups, path$groups)
  expect_identical(dim(predict(path, new, lambda = lambda, type = "terms")), c(5L, 3L))
  weighted <- fit_masked(d, mask, group_weights = c(second = 2, first = 0.5))
  expect_equal(unname(weighted[[1]]$group_weights), sqrt(c(9, 14)) * c(0.5, 2))
})

test_that("masks for one neuron, and what can't be one", {
  d <- masked_neurons(5)
  groups <- shared_blocks(d$blocks, 4)
  mask <- mask_of(groups, 9)
  one <- group_lasso(d$blocks, d$counts[, 1], groups = mask[, , 1, drop = FALSE], standardize = "none",
                     n_lambda = 8)
  plain <- group_lasso(d$blocks, d$counts[, 1], standardize = "none", n_lambda = 8)
  expect_equal(one$coefficients, plain$coefficients)
  expect_refused(fit_masked(d, mask, neurons = "joint"), "neurons", "left out")
  expect_refused(fit_masked(d, mask[, , 1:3]), "groups", "third dimension", "4")
  expect_refused(fit_masked(d, mask[, 1:8, ]), "groups", "9")
  expect_refused(fit_masked(d, mask * 2), "groups", "0 and 1")
  expect_refused(fit_masked(d, replace(mask, 1, NA)), "groups")
  mask[2, , ] <- 0
  expect_refused(fit_masked(d, mask), "groups", "group 2")
  mask <- mask_of(groups, 9)
  dimnames(mask) <- list(NULL, NULL, paste0("n", c(2, 1, 3, 4)))
  expect_refused(fit_masked(d, mask), "groups", "order")
  expect_refused(fit_masked(d, list(a = mask[, 1:3, ], b = mask[, 4:5, ])), "groups", "each covariate")
  expect_refused(fit_masked(d, list(a = mask[, 1:3, ], b = mask[, 4:5, ], c = mask[, 1:3, ])), "groups", "`c`")
  expect_refused(group_lasso(d$blocks, d$counts[, 1], groups = mask), "groups", "third dimension")
})
