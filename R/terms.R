# terms.R: what the penalty has beside the norms of the groups: an l1 norm of the columns, a ridge.

# What is asked of the penalty: `standardize`, and the shares of its other terms.
penalty_shape <- function(standardize, lasso_share = 0, ridge_share = 0) {
  list(standardize = standardize, lasso_share = lasso_share, ridge_share = ridge_share)
}

# That of a path or a population.
path_shape <- function(path) {
  x <- unclass(path)
  penalty_shape(x$standardize, x$lasso_share %||% 0, x$ridge_share %||% 0)
}

check_shape <- function(standardize, lasso_share, ridge_share) {
  how <- check_choice(standardize, c("calibrated", "group", "none"), "standardize")
  lasso_share <- check_number(lasso_share, "lasso_share", 0, 1)
  ridge_share <- check_number(ridge_share, "ridge_share", 0, 1)
  if (ridge_share == 1) {
    stop_input("`ridge_share` must be below 1, where no group would ever be out.", arg = "ridge_share")
  }
  penalty_shape(how, lasso_share, ridge_share)
}

# "", or "; lasso share 0.3, ridge share 0.1" for print().
describe_shares <- function(x) {
  shares <- c("lasso share" = x$lasso_share, "ridge share" = x$ridge_share)
  shares <- shares[shares > 0]
  if (length(shares) == 0) return("")
  paste0("; ", toString(paste(names(shares), vapply(shares, format, "", digits = 3))))
}

# The penalty of a group of `rank` coordinates is at least this share of lambda w ||theta||.
norm_share <- function(penalty, rank) {
  (1 - penalty$ridge) * (1 - penalty$lasso + penalty$lasso / sqrt(rank))
}

# The lambda at which a group of weight w would enter, for each row of gradients in its coordinates: the
# smallest at which what the l1 norm leaves of it is no longer than the norm allows. That excess is convex in
# lambda, so Newton's method from the left doesn't pass its root.
entry_scores <- function(gradients, weight, penalty) {
  alone <- (1 - penalty$ridge) * (1 - penalty$lasso) * weight
  single <- (1 - penalty$ridge) * penalty$lasso * weight / sqrt(max(ncol(gradients), 1))
  if (single == 0) return(sqrt(rowSums(gradients^2)) / alone)
  lambda <- numeric(nrow(gradients))
  for (step in 1:200) {
    left <- pmax(abs(gradients) - lambda * single, 0)
    norm <- sqrt(rowSums(left^2))
    change <- ifelse(norm > lambda * alone,
                     (norm - lambda * alone) / (single * rowSums(left) / pmax(norm, 1e-300) + alone), 0)
    if (all(change <= 1e-15 * lambda)) break
    lambda <- lambda + change
  }
  lambda
}
