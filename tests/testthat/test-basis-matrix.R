test_that("the matrix holds the columns, and its basis maps other data alike", {
  set.seed(1)
  x <- runif(40, 2, 9)
  came <- basis_matrix(x, basis_bspline(6))
  expect_s3_class(came, "basis_matrix")
  expect_equal(unclass(came), oracle_bspline(x, 6), tolerance = 1e-12, ignore_attr = TRUE)
  expect_identical(colnames(came), as.character(1:6))
  expect_equal(unclass(basis_matrix(c(3, 4), attr(came, "basis"))),
               oracle_bspline(c(3, 4), 6, bounds = range(x)), tolerance = 1e-12, ignore_attr = TRUE)
  plane <- cbind(x, rev(x))
  expect_equal(dim(basis_matrix(plane, basis_bspline(4) * basis_bspline(5))), c(40, 20))
  expect_identical(colnames(basis_matrix(factor(c("a", "b")), basis_factor())), c("a", "b"))
})

test_that("what is trained stays as it is when it is trained again", {
  set.seed(2)
  x <- c(0, 10, rexp(50))
  other <- c(-3, 2)
  for (basis in list(basis_bspline(6, knots = "quantiles"), basis_mspline(5),
                     basis_natural(6, knots = "quantiles"),
                     basis_raised_cosine(5), basis_raised_cosine_log(5), basis_orth_exponential(c(1, 9)))) {
    trained <- attr(basis_matrix(x, basis), "basis")
    seen <- watch(attr(basis_matrix(other, trained), "basis"))
    expect_identical(seen$value, trained)
  }
})

test_that("glm() predicts new data with the bounds, knots and weights of the training data", {
  set.seed(3)
  d <- data.frame(x = rexp(200), n = rpois(200, 2))
  knots <- unname(quantile(d$x, 1:3 / 4))
  bases <- list(basis_bspline(6), basis_natural(5, knots = "quantiles"), basis_orth_exponential(c(1, 9)),
                basis_raised_cosine_log(4))
  for (b in bases) {
    for (formula in list(n ~ basis_matrix(x, b), n ~ neurolasso::basis_matrix(basis = b, x = x))) {
      fit <- suppressWarnings(glm(formula, poisson, d))
      came <- suppressWarnings(predict(fit, d[c(5, 9, 2), ]))
      expect_equal(came, predict(fit)[c(5, 9, 2)], tolerance = 1e-8, ignore_attr = TRUE)
    }
  }
  # the same span as ns() on the same knots
  ours <- glm(n ~ basis_matrix(x, basis_natural(5, knots = knots)), poisson, d)
  theirs <- glm(n ~ splines::ns(x, knots = knots), poisson, d)
  expect_equal(fitted(ours), fitted(theirs), tolerance = 1e-7)
  d$x[4] <- NA
  expect_length(fitted(glm(n ~ basis_matrix(x, basis_bspline(5)), poisson, d)), 199)
})

test_that("what can't be a matrix is refused", {
  expect_refused(basis_matrix(1:5, 3), "basis", "`basis` must be a basis", "3")
  expect_refused(basis_matrix(1:5, basis_bspline(4) * basis_bspline(4)), "basis", "takes 2")
  expect_refused(basis_matrix("a", basis_bspline(4)), "x", "text", class = "neurolasso_covariate_error")
})
