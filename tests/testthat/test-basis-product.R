# One factor of each kind, with the values of its oracle at x in 0 .. 1.
factor_kinds <- list(
  list(basis = basis_bspline(5, bounds = c(0, 1)), columns = function(x) oracle_bspline(x, 5, 4, c(0, 1))),
  list(basis = basis_bspline(3, order = 2, bounds = c(0, 1)),
       columns = function(x) oracle_bspline(x, 3, 2, c(0, 1))),
  list(basis = basis_cyclic(4, order = 3, bounds = c(0, 1)),
       columns = function(x) oracle_cyclic(x, 4, 3, c(0, 1))),
  list(basis = basis_raised_cosine(3, bounds = c(0, 1)),
       columns = function(x) oracle_raised_cosine(x, 3, 2, c(0, 1))),
  list(basis = basis_mspline(6, bounds = c(0, 1)), columns = function(x) oracle_mspline(x, 6, 4, c(0, 1))),
  list(basis = basis_natural(5, bounds = c(0, 1)), columns = function(x) oracle_natural(x, 5, c(0, 1))),
  list(basis = basis_raised_cosine_log(4, bounds = c(0, 1)),
       columns = function(x) oracle_raised_cosine_log(x, 4, bounds = c(0, 1))),
  list(basis = basis_fourier(c(1, 3), bounds = c(0, 1)),
       columns = function(x) oracle_fourier(x, c(1, 3), c(0, 1))),
  list(basis = basis_custom(list(exp, function(x) x^2)), columns = function(x) cbind(exp(x), x^2)),
  list(basis = basis_orth_exponential(c(1, 5, 20), bounds = c(0, 1)),
       columns = function(x) oracle_orth_exponential(x, c(1, 5, 20), c(0, 1))),
  list(basis = basis_identity(), columns = function(x) matrix(x)),
  list(basis = basis_factor(c("0", "0.5", "1")),
       columns = function(x) outer(round(2 * x) / 2, c(0, 0.5, 1), `==`) + 0)
)
is_factor_kind <- length(factor_kinds)

random_product <- function(n_factors, n = 15) {
  kinds <- sample(length(factor_kinds), n_factors, replace = TRUE)
  X <- vapply(kinds, function(k) if (k == is_factor_kind) sample(c(0, 0.5, 1), n, TRUE) else c(0, 1, runif(n - 2)),
              double(n))
  list(X = X, basis = Reduce(`*`, lapply(factor_kinds[kinds], `[[`, "basis")),
       columns = Map(function(k, j) factor_kinds[[k]]$columns(X[, j]), kinds, seq_along(kinds)))
}

test_that("rows are Kronecker products, the last factor's column runs fastest", {
  for (seed in 1:60) {
    set.seed(seed)
    case <- random_product(sample(2:4, 1))
    came <- columns_of(case$X, case$basis)
    wanted <- do.call(oracle_product, case$columns)
    expect_equal(dim(came), dim(wanted), label = paste("seed", seed))
    expect_lt(max(abs(came - wanted)), 1e-12, label = paste("seed", seed))
  }
})

test_that("products of any bases are fitted to their certificate", {
  for (seed in 1:12) {
    set.seed(seed)
    case <- random_product(2 + seed %% 2, 400)
    counts <- rpois(400, exp(0.7 * sin(4 * case$X[, 1])))
    path <- group_lasso(list(p = case$X), counts, case$basis, n_lambda = 6)
    expect_true(all(path$converged))
    problem <- list(blocks = list(do.call(oracle_product, case$columns)), counts = counts)
    expect_lt(max(path_residuals(path, problem)), 2e-6, label = paste("seed", seed))
  }
})

test_that("column (i - 1) n2 + j is function i of the first times function j of the second", {
  set.seed(1)
  X <- cbind(runif(20), runif(20))
  first <- oracle_bspline(X[, 1], 5)
  second <- oracle_raised_cosine(X[, 2], 4)
  came <- columns_of(X, basis_bspline(5) * basis_raised_cosine(4))
  for (i in 1:5) for (j in 1:4) expect_lt(max(abs(came[, (i - 1) * 4 + j] - first[, i] * second[, j])), 1e-13)
})

test_that("products of splines sum to one and factors of one column are the other factor", {
  set.seed(2)
  X <- cbind(runif(50), runif(50), 1)
  came <- columns_of(X[, 1:2], basis_bspline(6) * basis_cyclic(5, bounds = c(0, 1)))
  expect_lt(max(abs(rowSums(came) - 1)), 1e-13)
  one <- columns_of(X[, c(1, 3)], basis_bspline(6) * basis_identity())
  expect_equal(one, oracle_bspline(X[, 1], 6), tolerance = 1e-13)
})

test_that("the product is associative", {
  a <- basis_bspline(5)
  b <- basis_raised_cosine(3)
  d <- basis_identity()
  set.seed(3)
  X <- matrix(runif(30), 10)
  expect_identical(columns_of(X, (a * b) * d), columns_of(X, a * (b * d)))
  expect_identical(columns_of(cbind(X, X[, 1]), (a * b) * (d * a)),
                   columns_of(cbind(X, X[, 1]), a * b * d * a))
})

test_that("the covariate may be a matrix or a data frame, of integers too", {
  set.seed(4)
  X <- matrix(sample(0:9, 40, TRUE), 20, dimnames = list(NULL, c("x", "y")))
  place <- basis_bspline(4) * basis_bspline(5)
  expect_identical(columns_of(as.data.frame(X), place), columns_of(X, place))
  expect_identical(columns_of(X, place), columns_of(X + 0, place))
})

test_that("each factor learns its own bounds, and new data go through them", {
  set.seed(5)
  X <- cbind(x = runif(50, -5, 5), y = runif(50, 100, 200))
  design <- expand_covariates(list(place = X), list(place = basis_bspline(5) * basis_bspline(4)))
  expect_equal(unname(design$place), oracle_product(oracle_bspline(X[, 1], 5), oracle_bspline(X[, 2], 4)),
               tolerance = 1e-12)
  new <- cbind(x = c(-4, 4), y = c(110, 190))
  wanted <- oracle_product(oracle_bspline(new[, 1], 5, bounds = range(X[, 1])),
                           oracle_bspline(new[, 2], 4, bounds = range(X[, 2])))
  came <- predict(design, list(place = new))
  expect_equal(unname(came$place), wanted, tolerance = 1e-12)
  expect_identical(predict(design, list(place = new[, 2:1]))$place, came$place)
  expect_identical(predict(design, list(place = as.data.frame(new[, 2:1])))$place, came$place)
  expect_identical(predict(design, list(place = unname(new)))$place, came$place)
  expect_refused(predict(design, list(place = cbind(u = 1, v = 150))), "newdata", "`place`", "`x`, `y`")
  expect_refused(predict(design, list(place = cbind(new, 1))), "newdata", "`place`")
})

test_that("NA in one factor makes the row NA", {
  X <- cbind(c(0, NA, 1, 0.5), c(1, 0, NaN, 0))
  for (basis in list(basis_bspline(4) * basis_identity(), basis_factor(c("0", "0.5", "1")) * basis_bspline(4),
                     basis_identity() * basis_cyclic(4, bounds = c(0, 1)))) {
    came <- columns_of(X, basis)
    expect_identical(rowSums(is.na(came)) == ncol(came), c(FALSE, TRUE, TRUE, FALSE))
    expect_identical(rowSums(is.na(came)) > 0, c(FALSE, TRUE, TRUE, FALSE))
  }
})

test_that("one warning counts the moved values of all factors", {
  X <- cbind(c(-1, 0.5, 2, NA), c(0.5, 7, 9, 0))
  basis <- basis_bspline(4, bounds = c(0, 1)) * basis_raised_cosine(3, bounds = c(0, 1))
  seen <- watch(columns_of(X, basis))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_out_of_bounds")
  expect_match(conditionMessage(seen$warnings[[1]]), "4 in `x`", fixed = TRUE)
  wanted <- oracle_product(oracle_bspline(c(0, 0.5, 1), 4, bounds = c(0, 1)),
                           oracle_raised_cosine(c(0.5, 1, 1), 3, bounds = c(0, 1)))
  expect_equal(seen$value[1:3, ], wanted)
})

test_that("labels join those of the factors", {
  labels <- function(basis, X) colnames(expand_covariates(list(p = X), list(p = basis)))
  X <- cbind(c(0, 1, 0), c(0, 0.5, 1))
  expect_identical(labels(basis_bspline(2, order = 2) * basis_bspline(2, order = 1), X), paste0("p.", 1:4))
  expect_identical(labels(basis_factor(c("0", "1")) * basis_bspline(2, order = 2), X),
                   c("p.0:1", "p.0:2", "p.1:1", "p.1:2"))
  expect_identical(labels(basis_factor(c("0", "1")) * basis_factor(c("0", "0.5", "1")), X),
                   paste0("p.", rep(0:1, each = 3), ":", c("0", "0.5", "1")))
})

test_that("one product serves all matrices with as many columns", {
  set.seed(6)
  covariates <- list(place = matrix(runif(20), 10), speed = runif(10), goal = matrix(runif(20), 10),
                     coupling = matrix(runif(30), 10))
  design <- expand_covariates(covariates, basis_bspline(4) * basis_bspline(4))
  expect_equal(vapply(as.list(design), ncol, 1L), c(place = 16L, speed = 1L, goal = 16L, coupling = 3L))
})

test_that("what can't be multiplied is refused", {
  b <- basis_bspline(4)
  expect_refused(b * 2, NULL, "product of two bases", "2")
  expect_refused(2 * b, NULL, "product of two bases", "2")
  expect_refused(b * NULL, NULL, "NULL")
  expect_refused(b * b * b * b * b, NULL, "at most 4 bases", "5")
  expect_refused(expand_covariates(list(place = 1:3), list(place = b * b)), "basis", "`place`", "1 column(s)",
                 "takes 2")
  expect_refused(expand_covariates(list(place = 1:3), b * b), "basis", "2 columns")
  X <- cbind(a = runif(3), b = runif(3), c = runif(3))
  expect_refused(expand_covariates(list(place = X), list(place = b * b)), "basis", "3 column(s)", "takes 2")
})

test_that("products of very high orders are refused, not computed wrongly", {
  high <- basis_bspline(32, order = 32)
  set.seed(7)
  X <- matrix(runif(40), 10)
  two <- basis_bspline(2, order = 2)
  expect_refused(expand_covariates(list(p = X), list(p = high * high * two * two)), "p", "2048", "1024",
                 class = "neurolasso_covariate_error")
  higher <- basis_bspline(33, order = 33)
  expect_refused(expand_covariates(list(p = X[, 1:2]), list(p = higher * two)), "p", "33",
                 "widest basis last", class = "neurolasso_covariate_error")
  # what isn't refused can be fitted
  for (basis in list(high * high, two * higher)) {
    design <- expand_covariates(list(p = X[, 1:2]), list(p = basis))
    expect_equal(rowSums(design$p), rep(1, 10))
    expect_true(all(group_lasso(design, c(3, rep(0:2, 3)), n_lambda = 3)$converged))
  }
})

test_that("a product prints as it is typed", {
  expect_output(print(basis_bspline(9) * basis_cyclic(6, bounds = c(0, 1))),
                "basis_bspline(9) * basis_cyclic(6, bounds = c(0, 1))", fixed = TRUE)
})
