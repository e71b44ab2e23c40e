# problem.R: a fitted path's data and penalty again, for fits that vary them: folds, subsamples, subsets of
# the covariates.

# What fit_path() and fit_paths() take, from a path: list(design, counts, offset, weights (as given, NULL: 1), v
# (weights as numbers), groups, moments, penalty, link, control). Bases, moments and penalty are those of all
# bins: they know the covariates, not the counts.
path_problem <- function(path) {
  v <- prior_weights(path)
  moments <- design_moments(path$design, v / sum(v))
  unit <- penalty_for(moments, path$groups, path$standardize, rep(1, length(path$groups)))
  multiplier <- ifelse(unit$scale > 0, path$group_weights / unit$scale, 1)
  penalty <- if (all(multiplier > 0)) unit else penalty_for(moments, path$groups, path$standardize, multiplier)
  penalty$weight <- as.double(unname(path$group_weights))
  list(design = path$design, counts = path$counts, offset = path$offset, weights = path$weights, v = v,
       groups = path$groups, moments = moments, penalty = penalty, link = path$link, control = path$control)
}

# Paths of a problem, one for each of a list of weights (NULL: all 1); wanted: of lambda_request().
fit_weightings <- function(problem, weights, wanted, progress) {
  fit_paths(problem$design, problem$moments, problem$penalty, problem$counts, weights, problem$offset, wanted,
            problem$link, problem$control, progress)
}

# A problem whose groups are penalised so many times as much; weights: NULL for 1.
reweighted <- function(problem, weights) {
  for (g in seq_along(weights)) problem$penalty$weight[g] <- problem$penalty$weight[g] * weights[[g]]
  problem
}

# The bins that were given, among them those that were used: numbers.
n_given <- function(path) length(path$counts) + length(path$na.action)
used_bins <- function(path) setdiff(seq_len(n_given(path)), path$na.action)

# The session (number) of each bin given. Bins that were not used go with the last one that was.
session_of_bins <- function(path) {
  session <- unclass(path$design)$session
  if (is.null(session)) return(rep(1L, n_given(path)))
  known <- findInterval(seq_len(n_given(path)), used_bins(path))
  as.integer(session)[pmax(known, 1)]
}

# The path that a function of this package was given, which may come with a cross-validation.
as_path <- function(object, what) {
  if (inherits(object, "group_lasso_cv")) object <- object$path
  if (!inherits(object, "group_lasso_path")) {
    stop_input("`object` must be a path of group_lasso() or the result of cv_group_lasso() for ", what, ", not ",
               describe(object), ".", arg = "object")
  }
  object
}

# The path of as_path() with the penalty that it had before a cross-validation made it adaptive: what was learned
# from the counts is undone.
unadapted_path <- function(object, what) {
  path <- as_path(object, what)
  path$group_weights <- path$group_weights / first_weights(object)
  path
}

# The adaptive weights that a cross-validation put on its path, 1 where there are none.
first_weights <- function(object) {
  weights <- if (inherits(object, "group_lasso_cv")) object$adaptive
  if (is.null(weights)) 1 else ifelse(weights > 0, weights, 1)
}

# A problem with some of the covariates (numbers) alone, at least one, as they are penalised or all free.
problem_with <- function(problem, covariates, penalised) {
  out <- problem
  out$design <- design_covariates(problem$design, covariates)
  out$moments <- problem$moments[covariates]
  out$groups <- design_groups(out$design)
  out$penalty <- if (penalised) penalty_part(problem$penalty, covariates, out$groups) else
    penalty_for(out$moments, out$groups, "group", rep(0, length(covariates)))
  out
}

penalty_part <- function(penalty, covariates, groups) {
  part <- lapply(penalty[c("size", "rank", "transform", "weight", "scale")], `[`, covariates)
  part$column <- as.integer(unlist(groups, use.names = FALSE))
  part
}

design_covariates <- function(design, covariates) {
  fields <- unclass(design)
  names <- names(fields$bases)[covariates]
  fields$columns <- fields$columns[column_owner(fields) %in% covariates]
  for (part in c("bases", "size", "blocks")) fields[[part]] <- fields[[part]][covariates]
  fields$missing <- fields$missing[names(fields$missing) %in% names]
  fields["source"] <- list(NULL)
  structure(fields, class = "covariate_design")
}

# The path of a problem at given lambdas.
fit_problem_at <- function(problem, lambda) {
  fit_path(problem, problem$v / max(problem$v), problem$moments, problem$penalty, lambda_request(lambda),
           problem$link, problem$control, FALSE)
}

# The columns of some covariates (numbers) at some rows, as a matrix.
columns_at <- function(problem, covariates, rows) {
  blocks <- lapply(unname(unclass(problem$design)$blocks[covariates]), block_rows, rows)
  .Call(C_expand, blocks, as.double(length(rows)))
}
