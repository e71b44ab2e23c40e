# interpolate.R: solutions between fitted lambdas: the one definition.

# Weights on fitted points for each asked lambda: left (index), right, and share of left, so that
# x(lambda) = share x[left] + (1 - share) x[right]. Linear in lambda, exact at fitted values.
lambda_weights <- function(fitted, lambda) {
  n <- length(fitted)
  right <- vapply(lambda, function(l) match(TRUE, fitted <= l, nomatch = n), 0L)
  left <- pmax(right - 1L, 1L)
  exact <- match(lambda, fitted)
  left[!is.na(exact)] <- right[!is.na(exact)] <- exact[!is.na(exact)]
  gap <- fitted[left] - fitted[right]
  share <- ifelse(gap > 0, (lambda - fitted[right]) / gap, 1)
  list(left = left, right = right, share = pmin(pmax(share, 0), 1))
}

# Columns of x (rows x fitted lambdas) at the asked lambdas.
interpolate_columns <- function(x, weights) {
  left <- x[, weights$left, drop = FALSE]
  right <- x[, weights$right, drop = FALSE]
  share <- rep(weights$share, each = nrow(x))
  out <- share * left + (1 - share) * right
  # 0 * -Inf: the intercept of a silent neuron
  same <- left == right
  out[same] <- left[same]
  out
}

# The lambdas asked of a path: NULL for all. Outside the fitted range the nearest end serves, with a
# warning unless that is exact: above the first lambda of a path that starts with everything out.
asked_lambda <- function(path, lambda) {
  if (is.null(lambda)) return(path$lambda)
  lambda <- check_lambda(lambda)
  range <- range(path$lambda)
  starts_empty <- all(path$group_norms[path$group_weights > 0, 1] == 0)
  outside <- lambda < range[1] * (1 - 1e-12) | (lambda > range[2] * (1 + 1e-12) & !starts_empty)
  if (any(outside)) {
    warn_user("`lambda` = ", paste(first_few(signif(lambda[outside], 4), 3), collapse = ", "),
              " is outside the fitted range, ", format(range[1], digits = 4), " to ",
              format(range[2], digits = 4), "; the nearest end is used. Fit the path at these values ",
              "instead.", class = "neurolasso_outside_path")
  }
  lambda
}

# The same for one lambda, which must be given unless the path has but one.
one_lambda <- function(path, lambda, what) {
  if (is.null(lambda) && length(path$lambda) == 1) return(path$lambda)
  if (is.null(lambda) || length(lambda) != 1) {
    stop_input("`lambda` must be one number for ", what, ", from ", format(min(path$lambda), digits = 3),
               " to ", format(max(path$lambda), digits = 3), "; not ", describe(lambda), ".", arg = "lambda")
  }
  asked_lambda(path, lambda)
}

# lambda_weights() on a path. Infinity stands where the path becomes empty.
weights_at <- function(path, lambda) {
  top <- max(path$lambda_max, path$lambda[is.finite(path$lambda)])
  lambda_weights(pmin(path$lambda, top), pmin(lambda, top))
}

# Intercept (L), coefficients (p x L) and group norms (G x L) at the asked lambdas.
path_at <- function(path, lambda) {
  lambda <- asked_lambda(path, lambda)
  weights <- weights_at(path, lambda)
  list(
    lambda = lambda, labels = lambda_labels(lambda),
    intercept = as.numeric(interpolate_columns(rbind(path$intercept), weights)),
    coefficients = interpolate_columns(path$coefficients, weights),
    norms = interpolate_columns(path$group_norms, weights)
  )
}

lambda_labels <- function(lambda) vapply(lambda, function(l) format(l, digits = 4), "")
