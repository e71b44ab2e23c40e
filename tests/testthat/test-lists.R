# lists.R

test_that("pairs keep the names of the first and what is NULL", {
  sums <- map_pairs(list(a = 1, b = 2), c(10, 20), function(x, y) if (x == 1) x + y)
  expect_identical(sums, list(a = 11, b = NULL))
  expect_identical(map_pairs(list(), list(), c), list())
})

test_that("what is below 0 becomes 0 and NA stays", {
  expect_identical(not_negative(c(-1, NA, 0, 2, NaN)), c(0, NA, 0, 2, NaN))
})

test_that("a whole range is 1 to n in order", {
  expect_true(is_whole_range(c(1, 2, 3), 3))
  expect_false(is_whole_range(c(2, 1, 3), 3))
  expect_false(is_whole_range(1:2, 3))
})

test_that("lambdas in any order are fitted in decreasing order", {
  expect_identical(lambda_request(c(0.1, 3, 0.5), 100, 0.01)$values, c(3, 0.5, 0.1))
  expect_identical(lambda_request(c(Inf, 1, 1, 0), 100, 0.01)$values, c(Inf, 1, 1, 0))
})
