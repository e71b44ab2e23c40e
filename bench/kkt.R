# The optimality conditions of a path, from the definition of the problem
#   (1/n) sum_t [mu_t - y_t log mu_t] + lambda sum_g w_g ||A_g beta_g||
# in plain R, over chunks of rows, so that memory stays bounded. It sees coefficients only.

# A path's groups and their penalty under a scale: lists of columns, whiten (maps a gradient to the
# coordinates of A_g), colour (maps beta_g there) and weight.
penalty_view <- function(scale, starts, n_col, covariance) {
  if (scale == "lasso") starts <- seq_len(n_col)
  columns <- split(seq_len(n_col), rep(seq_along(starts), diff(c(starts, n_col + 1))))
  lapply(unname(columns), function(at) {
    if (scale == "group") return(standardised_group(at, covariance[[match(at[1], starts)]]))
    list(columns = at, whiten = identity, colour = identity, weight = sqrt(length(at)))
  })
}

# A_g is the root of the columns' covariance on its range; the weight is the root of the rank.
standardised_group <- function(at, covariance) {
  e <- eigen(covariance, symmetric = TRUE)
  keep <- e$values > 1e-8 * max(e$values)
  axes <- e$vectors[, keep, drop = FALSE]
  root <- sqrt(e$values[keep])
  list(columns = at, weight = sqrt(sum(keep)), whiten = function(g) crossprod(axes, g) / root,
       colour = function(b) root * crossprod(axes, b))
}

row_chunks <- function(n, size = 10000) {
  first <- seq(1, n, by = size)
  Map(function(a, b) a:b, first, pmin(first + size - 1, n))
}

# Covariance of each group's columns.
group_covariances <- function(problem, n_col) {
  columns <- split(seq_len(n_col), rep(seq_along(problem$starts), diff(c(problem$starts, n_col + 1))))
  n <- length(problem$counts)
  total <- numeric(n_col)
  squares <- lapply(columns, function(at) 0)
  for (rows in row_chunks(n)) {
    X <- problem_columns(problem, rows)
    total <- total + colSums(X)
    squares <- Map(function(s, at) s + crossprod(X[, at, drop = FALSE]), squares, columns)
  }
  Map(function(s, at) s / n - tcrossprod(total[at] / n), unname(squares), unname(columns))
}

# Gradients with respect to the columns (p x L) and the intercept (length L) of the mean loss.
path_gradients <- function(problem, intercept, coefficients) {
  coefficients <- as.matrix(coefficients)
  n <- length(problem$counts)
  used <- which(rowSums(coefficients != 0) > 0)
  gradient <- matrix(0, nrow(coefficients), ncol(coefficients))
  balance <- numeric(ncol(coefficients))
  for (rows in row_chunks(n)) {
    X <- problem_columns(problem, rows)
    eta <- X[, used, drop = FALSE] %*% coefficients[used, , drop = FALSE]
    residual <- exp(eta + rep(intercept, each = length(rows))) - problem$counts[rows]
    gradient <- gradient + crossprod(X, residual)
    balance <- balance + colSums(residual)
  }
  list(columns = gradient / n, intercept = balance / n)
}

# One group's residual relative to its penalty; beta, gradient in the coordinates of A_g.
group_residual <- function(beta, gradient, penalty) {
  size <- sqrt(sum(beta^2))
  if (size > 0) return(sqrt(sum((gradient + penalty * beta / size)^2)) / penalty)
  max(0, sqrt(sum(gradient^2)) - penalty) / penalty
}

# The largest residual at each lambda, over groups and the intercept; Inf where it can't be computed.
path_kkt <- function(problem, answer, scale) {
  beta <- as.matrix(answer$coefficients)
  gradient <- path_gradients(problem, answer$intercept, beta)
  covariance <- if (scale == "group") group_covariances(problem, nrow(beta))
  view <- penalty_view(scale, problem$starts, nrow(beta), covariance)
  mean_count <- mean(problem$counts)
  residual <- vapply(seq_along(answer$lambda), function(l) {
    of_groups <- vapply(view, function(g) {
      group_residual(g$colour(beta[g$columns, l]), g$whiten(gradient$columns[g$columns, l]),
                     answer$lambda[l] * g$weight)
    }, 0)
    max(of_groups, abs(gradient$intercept[l]) / mean_count)
  }, 0)
  ifelse(is.finite(residual), residual, Inf)
}
