# discretize.R: covariates rounded to few values before their bases are evaluated, so that they are kept as
# tables (Wood et al. 2017; Li and Wood 2020).

# ---- what is asked for ---------------------------------------------------------------------------

# The number of values for each covariate that is to be rounded, by name; NULL for none.
check_discretize <- function(discretize, bases) {
  if (is.null(discretize)) return(NULL)
  can <- vapply(bases, function(basis) any(can_round(basis)), TRUE)
  if (!is.null(names(discretize))) return(check_discretize_names(discretize, can))
  n_values <- check_count(discretize, "discretize", lower = 2)
  if (!any(can)) {
    stop_input("`discretize` fits no covariate: only numbers that go through a basis are rounded, not ",
               "factors or columns as they are.", arg = "discretize")
  }
  stats::setNames(rep(n_values, sum(can)), names(bases)[can])
}

# can: whether each covariate can be rounded, by name.
check_discretize_names <- function(discretize, can) {
  n_values <- by_covariate(as.list(discretize), names(can), "discretize")
  fixed <- names(n_values)[!can[names(n_values)]]
  if (length(fixed) > 0) {
    stop_input("`discretize` names ", quoted(fixed), ", where nothing can be rounded: only numbers that go ",
               "through a basis are, not factors or columns as they are.", arg = "discretize")
  }
  vapply(n_values, check_count, 0L, arg = "discretize", lower = 2)
}

# For each input of a basis: whether its values can be rounded. Not those of factors, nor columns as they
# are.
can_round <- function(basis) {
  if (!inherits(basis, "basis_product")) {
    return(!inherits(basis, c("basis_columns", "basis_identity", "basis_factor", "basis_conv")))
  }
  !vapply(basis$factors, inherits, TRUE, what = "basis_factor")
}

# ---- rounding ------------------------------------------------------------------------------------

# Rounds the covariates that n_values names. bases: trained. Returns leaves and error: how far a value was
# moved at most, by covariate, or by column of a matrix.
discretize_leaves <- function(leaves, bases, n_values) {
  error <- numeric()
  for (name in names(leaves)[names(leaves) %in% names(n_values)]) {
    rounded <- discretize_leaf(leaves[[name]], bases[[name]], n_values[[name]], name)
    leaves[[name]] <- rounded$x
    error <- c(error, rounded$error)
  }
  list(leaves = leaves, error = error)
}

discretize_leaf <- function(x, basis, n_values, name) {
  if (is.null(dim(x))) {
    rounded <- discretize_values(x, basis, n_values)
    return(list(x = rounded$x, error = stats::setNames(rounded$error, name)))
  }
  factors <- product_factors(basis)
  columns <- which(can_round(basis))
  labels <- colnames(x)[columns] %||% columns
  error <- stats::setNames(numeric(length(columns)), paste(name, labels, sep = "."))
  x <- as_doubles(x)
  for (i in seq_along(columns)) {
    rounded <- discretize_values(x[, columns[i]], factors[[columns[i]]], n_values)
    x[, columns[i]] <- rounded$x
    error[i] <- rounded$error
  }
  list(x = x, error = error)
}

# One vector of values, which stays as it is if it has at most n_values different ones.
discretize_values <- function(x, basis, n_values) {
  x <- within_period(as_doubles(as.vector(x)), basis)
  if (!is.null(distinct_rows(list(x[!is.na(x)]), n_values))) return(list(x = x, error = 0))
  limits <- range(x, na.rm = TRUE)
  # beyond the bounds of a basis all values count as the bound
  if (!is_periodic(basis)) limits <- pmin(pmax(limits, basis$bounds[1]), basis$bounds[2])
  if (limits[1] == limits[2]) return(list(x = x, error = 0))
  rounded <- round_to_grid(x, limits, n_values)
  inside <- which(x >= limits[1] & x <= limits[2])
  list(x = rounded, error = max(abs(rounded - x)[inside], 0))
}

# Angles beyond the period of a basis are put inside it.
within_period <- function(x, basis) {
  bounds <- basis$bounds
  outside <- which(x < bounds[1] | x > bounds[2])
  if (!is_periodic(basis) || length(outside) == 0) return(x)
  x[outside] <- bounds[1] + (x[outside] - bounds[1]) %% diff(bounds)
  x
}

# x rounded to n equally spaced values from limits[1] to limits[2]. What is outside becomes one value on
# either side, so that a basis counts it as outside.
round_to_grid <- function(x, limits, n) {
  step <- diff(limits) / (n - 1)
  at <- pmin(pmax(round((x - limits[1]) / step), 0), n - 1) / (n - 1)
  out <- limits[1] * (1 - at) + limits[2] * at
  out[which(x < limits[1])] <- limits[1] - step
  out[which(x > limits[2])] <- limits[2] + step
  out
}

# ---- what is said of it --------------------------------------------------------------------------

print_rounding <- function(error) {
  parts <- paste(names(error), vapply(signif(error, 3), format, ""))
  parts[-length(parts)] <- paste0(parts[-length(parts)], ",")
  cat("Rounded before the fit, by at most:", parts, fill = 100)
}
