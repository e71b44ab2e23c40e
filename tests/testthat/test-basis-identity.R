test_that("the column is the covariate, bit by bit", {
  set.seed(1)
  for (x in list(rnorm(20), c(NA, 1, -Inf)[1:2], 1:5, c(TRUE, FALSE), 1e300 * c(-1, 1), 7)) {
    expect_identical(columns_of(x, basis_identity()), matrix(as.double(x), ncol = 1))
  }
})

test_that("values outside the range of the training data stay as they are", {
  design <- expand_covariates(list(x = c(1, 2, 3)), basis_identity())
  expect_silent(new <- predict(design, list(x = c(-100, 100, NA)))$x)
  expect_identical(as.numeric(new), c(-100, 100, NA))
})

test_that("its name is the covariate's, number 1", {
  expect_identical(colnames(expand_covariates(list(speed = 1:3), basis_identity())), "speed.1")
})

test_that("it serves as a factor of a product", {
  set.seed(2)
  X <- cbind(runif(30), rnorm(30))
  came <- columns_of(X, basis_bspline(5) * basis_identity())
  expect_equal(came, oracle_product(oracle_bspline(X[, 1], 5), X[, 2, drop = FALSE]), tolerance = 1e-13)
})

test_that("the fit with it is the fit of the covariate as it is", {
  session <- small_session(2)
  with_basis <- group_lasso(session$covariates, session$counts, basis = basis_identity(), n_lambda = 5)
  without <- group_lasso(session$covariates, session$counts, n_lambda = 5)
  expect_equal(coef(with_basis), coef(without))
})

test_that("it takes one column of numbers", {
  expect_refused(expand_covariates(list(a = factor(1:2)), list(a = basis_identity())), "basis", "`a`", "factor")
  expect_refused(expand_covariates(list(a = cbind(1:2, 3)), list(a = basis_identity())), "basis", "`a`",
                 "2 column(s)", "takes 1")
  expect_output(print(basis_identity()), "basis_identity()", fixed = TRUE)
})
