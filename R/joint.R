# joint.R: neurons that share groups: a covariate enters for all neurons of a set or for none.
#
# A group_lasso_joint is a group_lasso_population (population.R) with one field more:
#   sets  a list of the neurons' names in each set

#' Neurons that share groups
#'
#' [group_lasso()] with counts of several neurons and `neurons = "joint"` fits them together: a covariate's
#' coefficients in all neurons are one group, so it enters for all neurons or for none. What no single neuron has
#' spikes enough to tell may be plain in all of them together, and the answer is one list of covariates. With a list
#' of neurons or a factor as `neurons` it is so within each set, and with a mask as `groups` for any pairs of a column
#' and a neuron.
#'
#' @section What is minimised:
#' With \eqn{f_i} neuron i's loss as in its own fit, the mean over its bins,
#' \deqn{\sum_i f_i(b_i, \beta_i) + \lambda \sum_g w_g \Big(\sum_i \|A_{gi}\beta_{gi}\|^2\Big)^{1/2},\qquad
#'   w_g^2 = \sum_i w_{gi}^2}{sum_i f_i(b_i, beta_i) + lambda sum_g w_g sqrt(sum_i ||A_gi beta_gi||^2),
#'   w_g^2 = sum_i w_gi^2}
#' where \eqn{A_{gi}}{A_gi} and \eqn{w_{gi}}{w_gi} are what `standardize` makes of the bins that neuron i has counts
#' of: those of its own fit. Each neuron has an intercept of its own. So one neuron's joint fit is its own fit, and with
#' a set for each neuron the fits are the separate ones, at the same lambdas. With `standardize = "none"` the objective
#' and lambda are those of a NeMoS `PopulationGLM` with that mask: losses are means over bins and sums over neurons, a
#' group's weight is the root of its number of coefficients.
#'
#' The loss of a neuron that fires more is larger, and so are its gradients (without an effect, their squares grow with
#' its rate): loud neurons have more to say about what enters. Weigh them differently by what they are joined with: sets
#' of neurons of like rates.
#'
#' @section Lambdas:
#' All neurons have the same lambdas, from the largest at which a group enters anywhere. `lambda_max` of a neuron is
#' that of its set.
#'
#' @section Masks:
#' `groups` may be an array of 0 and 1, groups x columns x neurons, NeMoS's mask of a population, or a list of such for
#' each covariate: a group is what is 1 in its slice. A neuron's column may be in several groups of it (their effects
#' add up), or in none: then it is not penalised. Neurons that are linked by groups are fitted together, and the
#' argument `neurons` must be left out. Names come from `dimnames`.
#'
#' @section Silent neurons:
#' They have no part in the groups and their weights: rate 0, all covariates out.
#'
#' @section Cost:
#' About that of separate paths. Beside the design, each neuron takes 8 bytes a bin and 8 bytes times the square of
#' the number of columns that are in: 1 MB for 350 columns. Where these matrices would take more than half a gigabyte,
#' as for 171 neurons that are all coupled to each other by 8 filters, several neurons with the same columns and bins
#' share one of them. That costs some more passes over the data, and degrees of freedom (`df` is NA), but changes no
#' answer: what is optimal is checked on the data.
#'
#' @section More than one process, checkpoints:
#' Sets of neurons go out through the plan of the future package, and with `checkpoint` they are kept in a folder as soon
#' as they are there, as [described for populations][group_lasso_population]: a set is fitted whole, or not at all.
#'
#' @section Cross-validation:
#' [cv_group_lasso()] with `neurons = "joint"` (or sets, or a mask) has the same folds of time for all neurons. The
#' penalty is chosen by what all neurons of a set say together: the gain in log-likelihood of the held-out bins, summed
#' over the neurons, for each of their spikes. So `lambda_min` and `lambda_1se` are one number for a set;
#' `summary(cv)$together` has them with their score, and each neuron's own score is that of its `cv[["n12"]]`. Adaptive
#' weights, too, are those of a set: each group's norm over all neurons in a joint fit at the level of noise, the root of
#' the mean square of the neurons' own. Folds go out through the plan of the future package; there is no `checkpoint`.
#'
#' @return A `group_lasso_joint`, which is a [group_lasso_population], and answers what that does: `population[["n12"]]`
#' is the path of a neuron, and `coef()`, `predict()` (for new data, too), `selected()`, `entry_order()`, `summary()`
#' and so on are those of populations. In a neuron's path
#' \describe{
#'   \item{`group_norms`}{are its own \eqn{\|A_{gi}\beta_{gi}\|}{||A_gi beta_gi||}: their squares add up over the
#'     neurons to that of the norm that is penalised}
#'   \item{`group_scores`, `group_weights`, `kkt`, `converged`, `n_passes`, `n_rounds`}{are those of the joint problem,
#'     the same for all neurons of a set: the KKT residual has each group's gradient and penalty over all its neurons}
#'   \item{`df`}{are its own, given the others: its part of the trace of the joint fit's \eqn{H M^{-1}}{H M^-1}
#'     (see [group_lasso()])}
#'   \item{`fitted_with`}{names of the neurons of its set}
#' }
#' [refit()] of such a path works; what fits it again with its penalty ([selection_stability()], [cv_group_lasso()] of
#' one path, ...) stops with a condition of class `neurolasso_joint_path`.
#' @references
#' Groups over several responses: Obozinski, Taskar and Jordan (2010), Stat Comput 20:231,
#' \doi{10.1007/s11222-008-9111-x}.
#' @seealso [plot.group_lasso_joint()], [plot.group_lasso_joint_cv()], [group_lasso_population].
#' @examples
#' session <- simulate_session(200, encodes = "position", seed = 1)
#' counts <- cbind(a = session$counts, b = rev(session$counts), c = rpois(length(session$counts), 0.5))
#' joint <- group_lasso(session$covariates, counts, basis_bspline(5), neurons = "joint", n_lambda = 20)
#' joint
#' selected(joint, fraction = 0.3)
#' head(predict(joint, fraction = 0.2, type = "response"))
#' # a and b share, c is by itself
#' sets <- group_lasso(session$covariates, counts, basis_bspline(5), neurons = list(c("a", "b")), n_lambda = 20)
#' selected(sets, lambda = 0.01)
#' # one penalty for all, by what they say of held-out bins together
#' cv <- cv_group_lasso(session$covariates, counts, basis = basis_bspline(5), neurons = "joint", n_lambda = 20,
#'                      n_folds = 5)
#' selected(cv)
#' @name group_lasso_joint
NULL

# ---- which neurons share -------------------------------------------------------------------------

# NULL where every neuron is by itself ("separate"); else a list of numbers of neurons: each neuron is in one
# set. groups: of read_groups() or read_neuron_mask(), which says itself who shares.
neuron_sets <- function(neurons, names, groups) {
  if (!is.null(groups$by_neuron)) return(sets_of_mask(neurons, names, groups))
  if (is.factor(neurons)) return(sets_of_factor(neurons, names))
  if (is.character(neurons)) {
    neurons <- check_choice(neurons, c("separate", "joint"), "neurons")
    return(if (neurons == "joint") list(seq_along(names)))
  }
  if (is.list(neurons) && length(neurons) > 0) return(sets_of_list(neurons, names))
  refuse_neurons(describe(neurons))
}

refuse_neurons <- function(...) {
  stop_input("`neurons` must be \"separate\", \"joint\", a list of the neurons that share (names or numbers), or a ",
             "factor with a level per neuron, not ", ..., ".", arg = "neurons")
}

sets_of_factor <- function(neurons, names) {
  if (length(neurons) != length(names) || anyNA(neurons)) {
    refuse_neurons(if (anyNA(neurons)) "a factor with missing values" else
      paste("a factor of length", length(neurons), "for", count_of(length(names), "neuron")))
  }
  unname(split(seq_along(names), neurons, drop = TRUE))
}

sets_of_list <- function(neurons, names) {
  sets <- lapply(neurons, function(set) {
    at <- if (is.character(set)) match(set, names) else if (is.numeric(set)) match(set, seq_along(names)) else NA
    if (length(at) == 0 || anyNA(at)) {
      refuse_neurons("a list with ", if (is.character(set)) quoted(set[is.na(at)]) else describe(set),
                     " among the neurons ", quoted(names))
    }
    at
  })
  twice <- repeated(unlist(sets))
  if (length(twice) > 0) refuse_neurons("a list with ", quoted(names[twice]), " more than once")
  alone <- setdiff(seq_along(names), unlist(sets))
  unname(c(sets, as.list(alone)))
}

# ---- the fit -------------------------------------------------------------------------------------

# What fit_population() does for neurons that share. data: of population_rows(); groups: of read_groups() or
# read_neuron_mask(); sets: of neuron_sets().
fit_joint <- function(data, groups, sets, wanted, multiplier, how, link, control, progress, checkpoint, call) {
  names <- colnames(data$counts)
  more <- list(sets = lapply(sets, function(set) names[set]))
  if (!is.null(groups$by_neuron)) more$by_neuron <- stats::setNames(groups$by_neuron, names)
  population <- new_population(vector("list", length(names)), NULL, data, groups, how, link, control, call, more,
                               "group_lasso_joint")
  checkpoint <- open_checkpoint(checkpoint, names,
                                work_parts(c(path_work(population, wanted, multiplier), more), "joint"))
  work <- sets_work(data, groups, sets, wanted, multiplier, how, link, control, progress)
  records <- run_population(work, more$sets, fit_unit, checkpoint, progress && length(sets) > 1)
  population <- with_records(population, records)
  warn_of_joint(population, any(multiplier > 0))
  population
}

# The work of fitting sets of neurons, each a unit (population-work.R).
sets_work <- function(data, groups, sets, wanted, multiplier, how, link, control, progress) {
  v <- prior_weights(data)
  moments <- design_moments(data$design, v / sum(v))
  cells <- set_cells(neuron_cells(data, groups, how, multiplier), sets, multiplier)
  fit <- function(set, wanted) fit_set(data$design, moments, cells[set], wanted, link, control, FALSE)
  grid <- shared_grid(spiking_sets(cells, sets), fit, wanted)
  list(design = fitted_part(data$design), counts = data$counts, moments = moments,
       each = stats::setNames(cells, colnames(data$counts)), wanted = grid, n_group = length(groups$columns),
       link = link, control = control, progress = progress && length(sets) == 1, is_whole = TRUE,
       is_light = identical(wanted$values, Inf))
}

# The records of a set of neurons (names).
fit_unit <- function(work, neurons) {
  cells <- work$each[neurons]
  fits <- fit_sets(work$design, work$moments, cells, list(seq_along(cells)), work$wanted, work$link, work$control,
                   work$progress)
  Map(function(fit, cell) list(fit = fit, weight = shared_weight(cell, work$n_group)), fits, cells)
}

# Without the neurons that have no spike, and the sets that have none but these.
spiking_sets <- function(cells, sets) {
  spiking <- which(vapply(cells, `[[`, TRUE, "has_spike"))
  Filter(length, lapply(sets, intersect, spiking))
}

# The paths of all neurons. moments: of all rows; cells: of set_cells().
fit_sets <- function(design, moments, cells, sets, wanted, link, control, progress) {
  sets <- spiking_sets(cells, sets)
  fit <- function(set, wanted) fit_set(design, moments, cells[set], wanted, link, control, progress)
  wanted <- shared_grid(sets, fit, wanted)
  n_col <- length(unclass(design)$columns)
  fits <- lapply(cells, function(cell) silent_path(wanted, cell$penalty, n_col))
  for (set in sets) fits[set] <- fit(set, wanted)
  fits
}

# What each neuron brings: list(counts, weights, offset, moments, penalty (as alone), mean_count, has_spike,
# kind). Neurons of the same kind, which miss the same bins and have the same groups, have all the same but
# the counts.
neuron_cells <- function(data, groups, how, multiplier) {
  cells <- vector("list", ncol(data$counts))
  kind <- 0
  for (members in missing_patterns(data$counts)) {
    v <- prior_weights(data) * !is.na(data$counts[, members[1]])
    v <- v / max(v)
    moments <- design_moments(data$design, v / sum(v))
    weights <- if (!all(v == 1)) v
    for (alike in like_groups(groups, members)) {
      penalty <- penalty_with_gaps(data$design, moments, neuron_groups(groups, alike[1]), v / sum(v), how, multiplier)
      kind <- kind + 1
      cells[alike] <- lapply(alike, function(k) {
        counts <- known_or_zero(data$counts[, k])
        list(counts = counts, weights = weights, offset = data$offset, moments = moments, penalty = penalty,
             mean_count = sum(v * counts) / sum(v), has_spike = any(counts > 0 & v > 0), kind = kind)
      })
    }
  }
  cells
}

# penalty_for(), where groups may be without columns.
penalty_with_gaps <- function(design, moments, groups, weights, how, multiplier) {
  has_columns <- lengths(all_groups(groups)) > 0
  named <- seq_along(groups$columns)
  present <- list(columns = groups$columns[has_columns[named]], free = groups$free[has_columns[-named]])
  part <- penalty_for(group_moments(design, moments, present, weights), present, how,
                      multiplier[has_columns[named]])
  n <- length(has_columns)
  out <- list(size = integer(n), rank = integer(n), column = part$column,
              transform = rep(list(matrix(0, 0, 0)), n),
              weight = numeric(n), scale = numeric(n), spread = numeric(n), n_free = length(groups$free),
              rows = named, lasso = 0, ridge = 0)
  for (field in c("size", "rank", "transform", "weight", "scale", "spread")) out[[field]][has_columns] <- part[[field]]
  out
}

# Cells with the weights of the groups that their sets share.
set_cells <- function(cells, sets, multiplier) {
  for (set in sets) cells[set] <- share_weights(cells[set], multiplier)
  cells
}

# The weights of the first n_group groups, those with a name.
shared_weight <- function(cell, n_group) first_few(cell$penalty$weight, n_group)

# The cells of a set with the weights of its shared groups: w_g with w_g^2 the sum of the
# neurons' own, of those that spike.
share_weights <- function(cells, multiplier) {
  spiking <- Filter(function(cell) cell$has_spike, cells)
  if (length(spiking) == 0) spiking <- cells
  scale <- sqrt(Reduce(`+`, lapply(spiking, function(cell) cell$penalty$scale^2)))
  n_free <- cells[[1]]$penalty$n_free
  lapply(cells, function(cell) {
    cell$penalty$scale <- as.double(scale)
    cell$penalty$weight <- as.double(scale * c(multiplier, numeric(n_free)))
    cell
  })
}

# One grid for all sets: from the largest of their lambda_max down.
shared_grid <- function(sets, fit, wanted) {
  if (length(sets) < 2 || !is.null(wanted$values)) return(wanted)
  tops <- vapply(sets, function(set) fit(set, list(values = NULL, n = 1L, ratio = 1))[[1]]$lambda_max, 0)
  top <- if (max(tops) > 0) max(tops) else 1
  wanted$values <- if (wanted$n == 1) top else top * wanted$ratio^((seq_len(wanted$n) - 1) / (wanted$n - 1))
  wanted
}

# The paths of the neurons of one set (their cells), all of them with spikes.
fit_set <- function(design, moments, cells, wanted, link, control, progress) {
  if (length(cells) > 1) return(run_joint(design, moments, cells, wanted, link, control, progress))
  cell <- cells[[1]]
  fit_paths(design, cell$moments, cell$penalty, list(cell$counts), cell$weights, cell$offset, wanted,
            link, control, progress)
}

# The call of the core. moments: of all rows, for centring; cells: of neuron_cells(), with shared weights.
run_joint <- function(design, moments, cells, wanted, link, control, progress) {
  part <- function(name) lapply(cells, `[[`, name)
  kinds <- unlist(part("kind"))
  distinct <- which(!duplicated(kinds))
  centred <- centred_blocks(design, moments)
  floors <- vapply(cells, function(cell) signal_floor(cell$penalty, gradient_scale(cell$mean_count, link)), 0)
  lambda <- list(values = wanted$values, n = wanted$n, ratio = as.double(wanted$ratio),
                 floor = rep(sqrt(sum(floors^2)), length(cells)))
  penalties <- lapply(cells[distinct], function(cell) c(cell$penalty, list(off = centred$off)))
  fits <- .Call(C_joint, centred$blocks, part("counts"), part("offset"), part("weights"), penalties,
                match(kinds, kinds[distinct]), lambda, core_options(control, link, progress))
  as_given(fits, centred, penalties[[1]])
}

# ---- what the user should know -------------------------------------------------------------------

# As of a population's paths, but what the neurons of a set have in common is said once.
warn_of_joint <- function(population, penalised) {
  silent <- is_silent(population)
  each_neuron(population, function(k) {
    path <- population[[k]]
    first <- match(TRUE, names(population) %in% set_of(population, k) & !silent)
    if (silent[k] || k == first) warn_of_path(path, penalised)
  })
}

# What needs a path's own penalty. path: its field fitted_with has the neurons that it was fitted with.
refuse_joint <- function(path) {
  if (is.null(path$fitted_with)) return()
  stop_input("this path is one of a joint fit with ", quoted(path$fitted_with),
             ", where what is selected depends on ",
             "all of them; it can't be fitted again alone. For its own, fit `neurons` = \"separate\".",
             arg = "object", class = "neurolasso_joint_path")
}

#' @export
print.group_lasso_joint <- function(x, ...) {
  NextMethod()
  if (length(unclass(x)$sets) > 1) return(invisible(x))
  cat("In order of entry (lambda):\n")
  print_entries(entry_order(joint_path(x)))
  invisible(x)
}

# Who shares, in words; NULL where nobody does. x: the fields of a population.
describe_sharing <- function(x) {
  if (is.null(x$sets)) return(NULL)
  if (is.null(x$by_neuron)) describe_sets(x$sets, population_word(x)) else describe_mask(x)
}

# word: what one of the groups is called.
describe_sets <- function(sets, word) {
  sizes <- lengths(sets)
  shared <- sum(sizes > 1)
  if (shared == 0) return(NULL)
  if (length(sizes) == 1) return(sprintf("Joint: a %s enters for all %d neurons or for none", word, sizes))
  range <- unique(range(sizes[sizes > 1]))
  alone <- sum(sizes == 1)
  sprintf("Joint in %s of %s neurons%s: a %s enters for all of a set or for none", count_of(shared, "set"),
          paste(range, collapse = " to "),
          if (alone > 0) sprintf(", %d by %s", alone, if (alone == 1) "itself" else "themselves") else "", word)
}

# The names of the neurons that share with neuron k.
set_of <- function(population, k) {
  sets <- unclass(population)$sets
  sets[[which(vapply(sets, function(set) names(population)[k] %in% set, TRUE))]]
}
