test_that("values are those of the formula", {
  for (seed in 1:40) {
    set.seed(seed)
    n_basis <- sample(2:12, 1)
    width <- sample(c(1.5, 2, 2.5, 3, 5), 1)
    bounds <- sort(runif(2, -50, 50))
    peaks <- bounds[1] + diff(bounds) * (seq_len(n_basis) - 1) / (n_basis - 1)
    x <- sample(c(bounds, pmin(peaks, bounds[2]), runif(30, bounds[1], bounds[2])))
    came <- columns_of(x, basis_raised_cosine(n_basis, width))
    expect_equal(dim(came), c(length(x), n_basis))
    expect_lt(max(abs(came - oracle_raised_cosine(x, n_basis, width, bounds))), 1e-12,
              label = paste("seed", seed))
    wide <- c(bounds[1] - 3, bounds[2] + 1)
    came <- columns_of(x, basis_raised_cosine(n_basis, width, bounds = wide))
    expect_lt(max(abs(came - oracle_raised_cosine(x, n_basis, width, wide))), 1e-12)
  }
})

test_that("every function is one at its peak, and zero `width` spacings away", {
  came <- columns_of(0:8, basis_raised_cosine(9))
  expect_equal(diag(came), rep(1, 9))
  away <- abs(row(came) - col(came))
  expect_true(all(came[away >= 2] == 0))
  expect_equal(came[away == 1], rep(0.5, 16))
})

test_that("rows in the interior sum to the width, those at the ends to less", {
  for (width in c(1.5, 2, 3)) {
    n_basis <- 15
    came <- columns_of(seq(0, 1, length.out = 201), basis_raised_cosine(n_basis, width))
    u <- seq(0, 1, length.out = 201) * (n_basis - 1)
    inside <- u >= width - 1 & u <= n_basis - width
    # pairs of bumps a full width apart sum to one, so whole widths tile
    if (width == round(width)) expect_lt(max(abs(rowSums(came)[inside] - width)), 1e-12)
    expect_lt(rowSums(came)[1], width)
    expect_gte(min(came), 0)
    expect_lte(max(came), 1)
  }
})

test_that("the basis is symmetric", {
  set.seed(1)
  x <- runif(50)
  for (width in c(1.5, 2, 4)) {
    basis <- basis_raised_cosine(6, width, bounds = c(0, 1))
    expect_lt(max(abs(columns_of(1 - x, basis)[, 6:1] - columns_of(x, basis))), 1e-12)
  }
})

test_that("bumps wider than the whole range are whole", {
  x <- seq(0, 1, 0.05)
  came <- columns_of(x, basis_raised_cosine(2, width = 4))
  expect_lt(max(abs(came - oracle_raised_cosine(x, 2, 4))), 1e-12)
  expect_true(all(came > 0))
})

test_that("NA gives rows of NA; values outside are moved to the bounds with one warning", {
  x <- c(-5, 0, NA, 2, 4, 17, NaN)
  seen <- watch(columns_of(x, basis_raised_cosine(5, bounds = c(0, 4))))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_out_of_bounds")
  expect_match(conditionMessage(seen$warnings[[1]]), "2 in `x`", fixed = TRUE)
  expect_equal(seen$value[-c(3, 7), ], oracle_raised_cosine(c(0, 0, 2, 4, 4), 5, bounds = c(0, 4)))
  expect_true(all(is.na(seen$value[c(3, 7), ])))
})

test_that("one point is on the lower end", {
  expect_equal(columns_of(3, basis_raised_cosine(4)), rbind(c(1, 0.5, 0, 0)))
})

test_that("new values go through the bounds of the training data", {
  set.seed(2)
  train <- runif(60, 2, 9)
  new <- c(range(train), runif(10, 3, 8))
  design <- expand_covariates(list(x = train), basis_raised_cosine(6, 2.5))
  expect_lt(max(abs(predict(design, list(x = new))$x - oracle_raised_cosine(new, 6, 2.5, range(train)))),
            1e-12)
})

test_that("what can't be a raised cosine is refused", {
  expect_refused(basis_raised_cosine(1), "n_basis", "at least 2", "not 1")
  expect_refused(basis_raised_cosine(6, width = 1), "width", "above 1", "not 1")
  expect_refused(basis_raised_cosine(6, width = 2.3), "width", "multiple of 0.5", "2.3")
  expect_refused(basis_raised_cosine(6, width = 0.5), "width", "0.5")
  expect_refused(basis_raised_cosine(6, width = Inf), "width")
  expect_refused(basis_raised_cosine(6, width = NA), "width")
  expect_refused(basis_raised_cosine(6, width = c(2, 3)), "width")
  expect_refused(basis_raised_cosine(6, bounds = c(2, 1)), "bounds", "lower < upper")
})

test_that("a raised cosine prints as it is typed", {
  expect_output(print(basis_raised_cosine(6)), "basis_raised_cosine(6)", fixed = TRUE)
  expect_output(print(basis_raised_cosine(6, width = 3, bounds = c(0, 1))),
                "basis_raised_cosine(6, width = 3, bounds = c(0, 1))", fixed = TRUE)
})
