test_that("every level has its indicator, in the order of the levels", {
  for (seed in 1:10) {
    set.seed(seed)
    levels <- sample(letters, sample(1:6, 1))
    x <- factor(sample(levels, 30, TRUE), levels = levels)
    design <- expand_covariates(list(arm = x))
    expect_identical(unname(design$arm), unname(outer(as.character(x), levels, `==`) + 0))
    expect_identical(colnames(design), paste0("arm.", levels))
    expect_identical(design$arm, expand_covariates(list(arm = x), list(arm = basis_factor()))$arm)
  }
})

test_that("levels that don't occur have a column of zeros", {
  x <- factor(c("b", "a"), levels = c("a", "b", "never"))
  expect_identical(columns_of(x), rbind(c(0, 1, 0), c(1, 0, 0)))
})

test_that("an ordered factor is a factor", {
  x <- factor(c("low", "high"), levels = c("low", "high"), ordered = TRUE)
  expect_identical(columns_of(x), diag(2))
})

test_that("NA gives a row of NA, an NA level too", {
  came <- columns_of(factor(c("a", NA, "b")))
  expect_identical(is.na(came), matrix(c(FALSE, TRUE, FALSE), 3, 2))
  expect_identical(came[c(1, 3), ], diag(2))
})

test_that("numbers have the levels they have", {
  came <- expand_covariates(list(trial = c(3, 1, 10, 3)), basis_factor())
  expect_identical(colnames(came), c("trial.1", "trial.3", "trial.10"))
  expect_identical(unname(came$trial), rbind(c(0, 1, 0), c(1, 0, 0), c(0, 0, 1), c(0, 1, 0)))
})

test_that("given levels decide columns and their order", {
  x <- factor(c("b", "a", "b"))
  came <- expand_covariates(list(arm = x), list(arm = basis_factor(c("c", "b", "a"))))
  expect_identical(colnames(came), c("arm.c", "arm.b", "arm.a"))
  expect_identical(unname(came$arm), rbind(c(0, 1, 0), c(0, 0, 1), c(0, 1, 0)))
})

test_that("new data have the columns of the training levels", {
  design <- expand_covariates(list(arm = factor(c("left", "right", "stem"))))
  new <- predict(design, list(arm = factor(c("stem", "left", NA))))
  expect_identical(new$arm[1:2, ], rbind(c(arm.left = 0, arm.right = 0, arm.stem = 1), c(1, 0, 0)))
  expect_true(all(is.na(new$arm[3, ])))
  # other unused levels do no harm
  reordered <- factor(c("stem", "left"), levels = c("top", "stem", "left"))
  expect_identical(predict(design, list(arm = reordered))$arm, new$arm[1:2, ])
})

test_that("a value that is no level is an error that names it, counts it and says what there is", {
  design <- expand_covariates(list(arm = factor(c("left", "right"))))
  expect_refused(predict(design, list(arm = factor(c("left", "top", "top")))), "arm", "`arm`", "left, right",
                 "\"top\"", "2 rows (first: 2)", class = "neurolasso_covariate_error")
  expect_refused(expand_covariates(list(arm = factor("z")), list(arm = basis_factor("a"))), "arm", "`arm`",
                 "\"z\"", class = "neurolasso_covariate_error")
})

test_that("numbers in place of a factor are refused, unless they are its levels", {
  design <- expand_covariates(list(arm = factor(c("left", "right"))))
  expect_refused(predict(design, list(arm = 1:2)), "arm", "`arm`", "\"1\"",
                 class = "neurolasso_covariate_error")
  numbered <- expand_covariates(list(arm = factor(c(10, 20))))
  expect_identical(predict(numbered, list(arm = c(20, 10)))$arm, numbered$arm[2:1, ])
})

test_that("what can't be levels is refused", {
  expect_refused(basis_factor(character()), "levels", "at least one")
  expect_refused(basis_factor(c("a", "a")), "levels", "different")
  expect_refused(basis_factor(c("a", NA)), "levels")
  expect_refused(expand_covariates(list(arm = factor(c(NA, NA)))), "arm", "`arm`", "without levels",
                 class = "neurolasso_covariate_error")
})

test_that("level names may be anything", {
  levels <- c("öst", "with space", "a.b", "位")
  design <- expand_covariates(list(arm = factor(levels, levels = levels)))
  expect_identical(colnames(design), paste0("arm.", levels))
  expect_identical(unname(design$arm), diag(4))
})

test_that("a factor prints with its levels", {
  expect_output(print(basis_factor()), "basis_factor()", fixed = TRUE)
  expect_output(print(basis_factor(c("a", "b"))), "basis_factor(c(\"a\", \"b\"))", fixed = TRUE)
  expect_output(print(basis_factor("a")), "basis_factor(\"a\")", fixed = TRUE)
  expect_output(print(basis_factor(letters)), "\"f\", ...), 26 levels)", fixed = TRUE)
})
