# helper-problems.R: random problems for the solver, and how its answers are looked at.

# A problem of a kind: list(blocks, counts, offset, weights, mult). Blocks are matrices, one per group;
# they come in unequal sizes, and the kind says what else is wrong with them.
problem_kinds <- c(
  "plain", "rank_deficient", "duplicate_groups", "mixed_scales", "constant_columns", "weights",
  "offset", "wide", "correlated", "group_weights", "rare", "busy", "large_means", "splines"
)

random_problem <- function(kind, seed) {
  with_local_seed(seed, {
    n <- if (kind == "wide") 40 else if (kind == "rare") 8000 else sample(c(120, 400, 1200), 1)
    sizes <- sample(1:9, if (kind == "wide") 12 else sample(3:8, 1), replace = TRUE)
    blocks <- lapply(sizes, function(p) matrix(rnorm(n * p), n))
    blocks <- distort(blocks, kind, n)
    names(blocks) <- paste0("g", seq_along(blocks))
    weights <- if (kind == "weights") sample(c(0, 0.3, 1, 4), n, replace = TRUE)
    offset <- if (kind %in% c("offset", "weights")) rnorm(n, sd = 0.7)
    mult <- if (kind == "group_weights") c(0, runif(length(blocks) - 1, 0.3, 3))
    rate <- switch(kind, rare = 0.003, busy = 50, exp(rnorm(1, sd = 0.7)))
    signal <- rowSums(vapply(blocks[1:2], function(X) as.numeric(scale(X[, 1])), numeric(n)))
    signal[is.na(signal)] <- 0
    counts <- rpois(n, rate * exp(0.35 * signal + (offset %||% 0)))
    if (all(counts * (weights %||% 1) == 0)) counts[(weights %||% rep(1, n)) > 0][1] <- 1
    list(blocks = blocks, counts = counts, offset = offset, weights = weights, mult = mult)
  })
}

distort <- function(blocks, kind, n) {
  sizes <- vapply(blocks, ncol, 1L)
  switch(kind,
    rank_deficient = lapply(blocks, function(X) cbind(X, X[, 1] - rowSums(X), X[, 1])),
    duplicate_groups = c(blocks, blocks[1:2]),
    mixed_scales = Map(`*`, blocks, 10^seq(-6, 6, length.out = length(blocks))),
    constant_columns = c(Map(function(X, k) cbind(X, k), blocks, seq_along(blocks)),
                         list(matrix(3, n, 2))),
    correlated = {
      shared <- rnorm(n)
      lapply(blocks, function(X) 0.2 * X + 2 * shared)
    },
    large_means = Map(function(X, m) X + m, blocks, 10^seq(0, 3, length.out = length(blocks))),
    splines = c(lapply(3:7 + 2, function(k) oracle_bspline(rexp(n), k)),
                list(oracle_product(oracle_bspline(runif(n)^3, 5), oracle_bspline(runif(n), 4)))),
    blocks
  )
}

fit_problem <- function(problem, ...) {
  group_lasso(problem$blocks, problem$counts, offset = problem$offset, weights = problem$weights,
              group_weights = problem$mult, ...)
}

# The independent certificate of a path at its points `at`.
path_residuals <- function(path, problem, how = path$standardize, at = seq_along(path$lambda)) {
  n <- length(problem$counts)
  vapply(at, function(l) {
    kkt_residual(problem$blocks, problem$counts, path$intercept[l], path$coefficients[, l],
                 path$lambda[l], how, problem$offset %||% rep(0, n), problem$weights %||% rep(1, n),
                 problem$mult %||% rep(1, length(problem$blocks)), path$link)
  }, 0)
}

# All numbers of a path that must be numbers.
# One expectation: each costs as much as a small fit.
expect_finite_path <- function(path) {
  fields <- c("lambda", "intercept", "coefficients", "group_norms", "df", "deviance", "kkt", "null_deviance")
  values <- c(unclass(path)[fields], list(fitted = fitted(path)))
  is_finite <- vapply(values, function(x) length(x) > 0 && all(is.finite(x)), TRUE)
  expect_identical(names(values)[!is_finite], character(), label = "what is not finite of the path")
}

# residuals: the independent certificate of the path at its points `at`. limit: for it, at the usual tolerance.
expect_certified <- function(path, residuals, at = seq_along(path$lambda), said = "the path", limit = 2e-6) {
  expect_true(all(path$converged), label = paste(said, "converged"))
  expect_lt(max(residuals), limit, label = paste(said, "independent residual"))
  expect_lt(max(abs(residuals - path$kkt[at])), 1e-6, label = paste(said, "difference to kkt"))
}

scalings <- c("none", "group", "calibrated")

# What a fit says, without the call and the inputs that it carries along.
answer <- function(path) {
  unclass(path)[c("lambda", "intercept", "coefficients", "group_norms", "df", "deviance", "kkt", "n_passes")]
}

expect_input_error <- function(expr, names) {
  e <- error_of(expr)
  expect_s3_class(e, "neurolasso_input_error")
  expect_match(conditionMessage(e), names)
}

precise <- function(tol = 1e-10) group_lasso_control(tol = tol)

# The maximum-likelihood fit on the columns of X: glm() on those that are not redundant, which it
# doesn't find itself at a tight epsilon.
saturated_fit <- function(X, counts) {
  parts <- qr(cbind(1, X), tol = 1e-9)
  X <- cbind(1, X)[, parts$pivot[seq_len(parts$rank)], drop = FALSE]
  fit <- stats::glm.fit(X, counts, family = stats::poisson(), control = stats::glm.control(epsilon = 1e-14))
  unname(fit$fitted.values)
}
