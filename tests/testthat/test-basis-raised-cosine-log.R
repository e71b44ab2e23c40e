test_that("values are those of the formula", {
  for (seed in 1:40) {
    set.seed(seed)
    n_basis <- sample(2:12, 1)
    width <- sample(c(1.5, 2, 2.5, 3), 1)
    scaling <- sample(c(0.01, 1, 10, 50, 1e4), 1)
    decay <- sample(c(TRUE, FALSE), 1)
    bounds <- sort(runif(2, -50, 50))
    x <- sample(c(bounds, runif(40, bounds[1], bounds[2])))
    came <- columns_of(x, basis_raised_cosine_log(n_basis, width, scaling, decay))
    expect_equal(dim(came), c(length(x), n_basis))
    expect_lt(max(abs(came - oracle_raised_cosine_log(x, n_basis, width, scaling, decay))), 1e-12,
              label = paste("seed", seed))
    wide <- c(bounds[1] - 3, bounds[2] + 1)
    came <- columns_of(x, basis_raised_cosine_log(n_basis, width, scaling, decay, bounds = wide))
    expect_lt(max(abs(came - oracle_raised_cosine_log(x, n_basis, width, scaling, decay, wide))), 1e-12)
  }
})

test_that("all functions are zero at the upper bound, unless they need not be", {
  for (width in c(1.5, 2, 3)) {
    expect_lt(max(columns_of(c(0, 1), basis_raised_cosine_log(5, width))[2, ]), 1e-15)
    expect_equal(columns_of(c(0, 1), basis_raised_cosine_log(5, width, decay_to_zero = FALSE))[2, 5], 1)
  }
})

test_that("bumps are narrow near the lower bound, and equally wide where the logarithm hardly bends", {
  x <- seq(0, 1, length.out = 2001)
  above_half <- function(basis) colSums(columns_of(x, basis) > 0.5)
  expect_true(all(diff(above_half(basis_raised_cosine_log(6))[2:5]) > 0))
  straight <- columns_of(x, basis_raised_cosine_log(6, time_scaling = 1e-7, decay_to_zero = FALSE))
  expect_lt(max(abs(straight - oracle_raised_cosine(x, 6))), 1e-6)
})

test_that("NA gives rows of NA; values outside are moved; one point is on the lower end", {
  seen <- watch(columns_of(c(-5, 0, NA, 2, 17), basis_raised_cosine_log(5, bounds = c(0, 4))))
  expect_match(conditionMessage(seen$warnings[[1]]), "2 in `x`", fixed = TRUE)
  expect_equal(seen$value[-3, ], oracle_raised_cosine_log(c(0, 0, 2, 4), 5, bounds = c(0, 4)),
               tolerance = 1e-12)
  expect_true(all(is.na(seen$value[3, ])))
  expect_equal(columns_of(3, basis_raised_cosine_log(4))[1, 1], 1)
})

test_that("what can't be one is refused", {
  expect_refused(basis_raised_cosine_log(1), "n_basis", "at least 2")
  expect_refused(basis_raised_cosine_log(4, width = 1), "width", "above 1")
  for (bad in list(0, -1, NA, Inf, "a")) {
    expect_refused(basis_raised_cosine_log(4, time_scaling = bad), "time_scaling", "above 0")
  }
  expect_refused(basis_raised_cosine_log(4, decay_to_zero = 1), "decay_to_zero", "TRUE or FALSE")
})

test_that("it prints as it is typed", {
  expect_output(print(basis_raised_cosine_log(5)), "basis_raised_cosine_log(5)", fixed = TRUE)
  expect_output(
    print(basis_raised_cosine_log(5, 3, 10, FALSE, c(0, 2))),
    "basis_raised_cosine_log(5, width = 3, time_scaling = 10, decay_to_zero = FALSE, bounds = c(0, 2))",
    fixed = TRUE
  )
})
