# problem.R: a fitted path's data and penalty again, for fits that vary them: folds, subsamples, subsets of
# the covariates.

# What fit_path() and fit_paths() take, from a path: list(design, counts, offset, weights (as given, NULL: 1),
# v (weights as numbers), groups (of read_groups()), moments (of the covariates), group_moments, penalty,
# link, control). Bases, moments and penalty are those of all bins: they know the covariates, not the counts.
# joint: whether a path of a joint fit will do, whose penalty is not its own.
path_problem <- function(path, joint = FALSE) {
  if (!joint) refuse_joint(path)
  v <- prior_weights(path)
  groups <- path_groups(path)
  moments <- with_threads(path$control, design_moments(path$design, v / sum(v)))
  of_groups <- group_moments(path$design, moments, groups, v / sum(v))
  unit <- penalty_for(of_groups, groups, path_shape(path), rep(1, length(groups$columns)))
  scale <- named_scales(unit)
  multiplier <- ifelse(scale > 0, path$group_weights / scale, 1)
  penalty <- if (all(multiplier > 0)) unit else penalty_for(of_groups, groups, path_shape(path), multiplier)
  penalty <- with_weights(penalty, path$group_weights)
  list(design = path$design, counts = path$counts, offset = path$offset, weights = path$weights, v = v,
       groups = groups, moments = moments, group_moments = of_groups, penalty = penalty, link = path$link,
       control = path$control)
}

# What a path or a population says of its problem beside the data.
problem_fields <- c("groups", "free", "overlap", "standardize", "lasso_share", "ridge_share", "link", "control")

# Paths of a problem, one for each of a list of weights (NULL: all 1); wanted: of lambda_request().
fit_weightings <- function(problem, weights, wanted, progress) {
  fit_paths(problem$design, problem$moments, problem$penalty, problem$counts, weights, problem$offset, wanted,
            problem$link, problem$control, progress)
}

# A problem whose groups are penalised so many times as much; weights: NULL for 1.
reweighted <- function(problem, weights) {
  if (is.null(weights)) return(problem)
  problem$penalty <- with_weights(problem$penalty, named_weights(problem$penalty) * unname(weights))
  problem
}

# The bins that were given, among them those that were used: numbers.
n_given <- function(path) NROW(path$counts) + length(path$na.action)
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
    stop_input("`object` must be a path of group_lasso() or the result of cv_group_lasso() for ", what,
               ", not ", describe(object), ".", arg = "object")
  }
  object
}

# The path of as_path() with the penalty that it had before a cross-validation made it adaptive: what was
# learned from the counts is undone.
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

# A problem with some of its groups (numbers) alone, and the columns that are always free; there must be some
# of either. The others' columns stay in the design, without a group, where a covariate has both. `kept`: the
# columns of the problem's design that it has.
problem_with <- function(problem, chosen) {
  free <- length(problem$groups$columns) + seq_along(problem$groups$free)
  groups <- list(columns = problem$groups$columns[chosen], free = problem$groups$free)
  out <- narrowed(problem, groups)
  out$group_moments <- problem$group_moments[c(chosen, free)]
  parts <- c("size", "rank", "transform", "weight", "scale", "spread")
  out$penalty[parts] <- lapply(problem$penalty[parts], `[`, c(chosen, free))
  out$penalty$column <- as.integer(unlist(all_groups(out$groups), use.names = FALSE))
  out$penalty$rows <- seq_along(chosen)
  out
}

# A problem with some of its columns (numbers), at least one, all free.
free_problem <- function(problem, columns) {
  fields <- unclass(problem$design)
  owner <- factor(column_owner(fields)[columns], seq_along(fields$size))
  out <- narrowed(problem, list(columns = list(), free = split(columns, owner, drop = TRUE)))
  out$group_moments <- group_moments(out$design, out$moments, out$groups, NULL)
  out$penalty <- penalty_for(out$group_moments, out$groups, "group", numeric())
  out
}

# A problem whose design has no covariates but those with columns of some groups.
narrowed <- function(problem, groups) {
  owner <- column_owner(unclass(problem$design))
  covariates <- sort(unique(owner[unlist(all_groups(groups))]))
  kept <- which(owner %in% covariates)
  out <- problem
  out$design <- design_covariates(problem$design, covariates)
  out$moments <- problem$moments[covariates]
  out$groups <- lapply(groups[c("columns", "free")], lapply, match, kept)
  out$kept <- kept
  out
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

# Some columns (numbers) at some rows, as a matrix.
columns_at <- function(problem, columns, rows) {
  fields <- unclass(problem$design)
  owner <- column_owner(fields)
  covariates <- sort(unique(owner[columns]))
  blocks <- lapply(unname(fields$blocks[covariates]), block_rows, rows)
  all <- .Call(C_expand, blocks, as.double(length(rows)))
  at <- match(columns, which(owner %in% covariates))
  if (identical(at, seq_len(ncol(all)))) all else all[, at, drop = FALSE]
}
