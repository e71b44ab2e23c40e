# methods.R: what each method selects for one neuron: names of covariates. All of ours rest on one path and its
# cross-validations. n_pairs: of halves for stability, 0 for none.

ours <- function(behaviour, counts, n_lambda, n_pairs) {
  path <- neurolasso::group_lasso(behaviour, counts, fitted_bases(), n_lambda = n_lambda, progress = FALSE)
  cv <- neurolasso::cv_group_lasso(path)
  random <- neurolasso::cv_group_lasso(path, folds = "random")
  weights <- neurolasso::adaptive_weights(cv)
  adaptive <- neurolasso::cv_group_lasso(behaviour, counts, fitted_bases(), n_lambda = n_lambda, folds = cv$folds,
                                         group_weights = weights, progress = FALSE)
  shifts <- neurolasso::shift_control(cv)
  at <- function(x, lambda) neurolasso::selected(x, lambda = lambda)
  shifted <- neurolasso::selected(shifts)
  c(if (n_pairs > 0) by_stability(cv, n_pairs), list(
    lambda_1se = at(cv, cv$lambda_1se), lambda_min = at(cv, cv$lambda_min), paired_1se = at(cv, paired_lambda(cv)),
    adaptive_1se = at(adaptive, adaptive$lambda_1se), adaptive_min = at(adaptive, adaptive$lambda_min),
    adaptive_paired = at(adaptive, paired_lambda(adaptive)),
    random_1se = at(random, random$lambda_1se), random_min = at(random, random$lambda_min),
    bic = at(path, path$lambda[which.min(stats::BIC(path))]),
    ebic = at(path, path$lambda[which.min(neurolasso::EBIC(path, 1))]),
    shift = shifted, min_and_shift = intersect(at(cv, cv$lambda_min), shifted),
    forward = neurolasso::selected(neurolasso::forward_selection(cv)), cv = cv, path = path
  ))
}

by_stability <- function(cv, n_pairs) {
  stability <- neurolasso::selection_stability(cv, n_pairs)
  share <- function(lambda) {
    rownames(stability$frequency)[stability$frequency[, match(lambda, stability$lambda)] >= 0.75]
  }
  list(stability_1se = share(cv$lambda_1se), stability_min = share(cv$lambda_min),
       stability_bound = neurolasso::selected(stability))
}

# The largest lambda whose scores are within one standard error *of their difference* to those at lambda_min.
paired_lambda <- function(cv) {
  best <- match(cv$lambda_min, cv$lambda)
  gain <- (cv$loglik - cv$held_out$null) / log(2)
  off <- gain[, best] - gain
  k <- nrow(off)
  mean <- colSums(off)
  error <- sqrt(k * apply(off, 2, stats::var))
  ok <- mean <= error
  cv$lambda[which(ok | seq_along(ok) == best)[1]]
}

# grpreg has no offset and standardises groups itself.
grpreg_bic <- function(path) {
  X <- as.matrix(path$design)
  group <- rep(names(path$groups), lengths(path$groups))
  keep <- unlist(lapply(path$groups, function(g) g[-1])) # bases that sum to one
  fit <- grpreg::grpreg(X[, keep], path$counts, factor(group[keep], names(path$groups)), family = "poisson", nlambda = 50)
  beta <- stats::coef(fit, which = which.min(stats::BIC(fit)))[-1]
  unique(group[keep][beta != 0])
}
