# joint-cv.R: cross-validation of neurons that share groups: what all neurons of a set lose or gain together chooses
# the penalty of the set.
#
# A group_lasso_joint_cv is a group_lasso_population_cv (population-cv.R) with one field more:
#   together  for each set of neurons with a score list(neurons (names), lambda, cv_mean, cv_se, score (K x L),
#             lambda_min, lambda_1se)

chosen_places <- c("lambda_min", "lambda_1se")

# first: a group_lasso_joint; the rest as cv_population() takes it.
cv_joint <- function(first, wanted, adaptive, folds, gap, progress, call) {
  x <- unclass(first)
  folds <- do.call(make_folds, c(folds, list(x$data, population_signals(x))))
  parts <- split_folds(folds, gap, x$data)
  wanted <- wanted %||% lambda_request(x$fits[!is_failed(first)][[1]]$lambda)
  problem <- joint_problem(x)
  weights <- if (adaptive) lapply(problem$sets, function(set) learned_together(problem, set))
  for (s in seq_along(weights)) problem <- reweighted_set(problem, problem$sets[[s]], weights[[s]])
  fits <- fit_joint_problem(problem, wanted, progress)
  wanted <- lambda_request(fits[[1]]$lambda)
  of_folds <- map_fits(parts, function(part) fit_joint_problem(in_fold(problem, part), wanted, FALSE))
  records <- lapply(seq_along(fits), function(k) {
    set <- which(vapply(problem$sets, function(set) k %in% set, TRUE))
    list(fit = fits[[k]], weight = shared_weight(problem$cells[[k]], length(x$groups)), adaptive = weights[[set]],
         held_out = score_neuron_folds(problem, k, parts, lapply(of_folds, `[[`, k)))
  })
  names(records) <- names(first)
  cv <- new_population_cv(first, records, TRUE, folds, gap, call)
  cv <- structure(c(unclass(cv), list(together = lapply(x$sets, function(set) add_scores(cv, set)))),
                  class = c("group_lasso_joint_cv", class(cv)))
  warn_of_joint(population_of(cv), any(population_weights(cv) > 0))
  each_neuron(population_of(cv), function(k) warn_of_folds(neuron_cv(cv, k)))
  cv
}

population_weights <- function(cv) unclass(population_of(cv))$weight

# ---- the problem and its folds -------------------------------------------------------------------

# The data and penalties of a joint fit again. x: an unclassed group_lasso_joint. Returns what fit_joint_problem() takes,
# and own: the cells with the penalty that each neuron has alone.
joint_problem <- function(x) {
  groups <- list(columns = x$groups, free = x$free, overlap = x$overlap, by_neuron = x$by_neuron)
  sets <- lapply(x$sets, match, names(x$fits))
  v <- prior_weights(x$data)
  multiplier <- rep(1, length(x$groups))
  own <- neuron_cells(x$data, groups, path_shape(x), multiplier)
  cells <- set_cells(own, sets, multiplier)
  ratio <- x$weight / vapply(cells, function(cell) first_few(cell$penalty$scale, length(multiplier)), multiplier)
  known <- apply(matrix(ratio, length(multiplier)), 1, function(r) c(r[is.finite(r)], 1)[1])
  if (any(abs(known - 1) > 1e-12)) {
    multiplier <- as.numeric(known)
    own <- neuron_cells(x$data, groups, path_shape(x), multiplier)
    cells <- set_cells(own, sets, multiplier)
  }
  list(design = x$data$design, moments = design_moments(x$data$design, v / sum(v)), cells = cells, own = own,
       sets = sets, groups = groups, standardize = x$standardize, offset = x$data$offset, link = x$link,
       control = x$control)
}

fit_joint_problem <- function(problem, wanted, progress) {
  fit_sets(problem$design, problem$moments, problem$cells, problem$sets, wanted, problem$link, problem$control,
           progress)
}

# The problem of the bins that a fold trains on. Neurons of a kind go on sharing one vector of weights.
in_fold <- function(problem, part) {
  weights <- list()
  problem$cells <- lapply(problem$cells, function(cell) {
    kind <- as.character(cell$kind)
    if (is.null(weights[[kind]])) {
      v <- (cell$weights %||% 1) * part$train
      weights[[kind]] <<- if (any(v > 0)) v / max(v) else v
    }
    v <- weights[[kind]]
    cell$weights <- v
    cell$has_spike <- any(cell$counts > 0 & v > 0)
    if (cell$has_spike) cell$mean_count <- sum(v * cell$counts) / sum(v)
    cell
  })
  problem
}

# score_folds() of one neuron: of the bins in which its counts are known.
score_neuron_folds <- function(problem, k, parts, fits) {
  cell <- problem$cells[[k]]
  v <- cell$weights %||% rep(1, length(cell$counts))
  known <- list(design = problem$design, counts = cell$counts, offset = problem$offset, v = v, link = problem$link)
  parts <- lapply(parts, function(part) list(train = part$train, held = part$held & v > 0))
  score_folds(known, parts, fits)
}

# ---- adaptive weights ----------------------------------------------------------------------------

# learned_weights() of a set of neurons (numbers): from the norms over all of them.
learned_together <- function(problem, set) {
  size <- shared_weight(problem$cells[[set[1]]], length(problem$groups$columns))
  set <- Filter(function(k) problem$cells[[k]]$has_spike, set)
  weights <- as.numeric(size > 0)
  if (length(set) > 0) {
    level <- sqrt(mean(vapply(set, function(k) neuron_noise(problem, k), 0)^2))
    fits <- fit_set(problem$design, problem$moments, problem$cells[set], lambda_request(level), problem$link,
                    problem$control, FALSE)
    norms <- sqrt(Reduce(`+`, lapply(fits, function(fit) fit$group_norms[, 1]^2)))
    if (any(norms[size > 0] > 0)) weights <- weights_for(norms, size)
  }
  stats::setNames(weights, names(problem$groups$columns))
}

# noise_level() of a neuron's own problem.
neuron_noise <- function(problem, k) {
  cell <- problem$own[[k]]
  groups <- neuron_groups(problem$groups, k)$columns
  present <- which(lengths(groups) > 0)
  cell$penalty$rows <- cell$penalty$rows[present]
  v <- cell$weights %||% rep(1, length(cell$counts))
  noise_level(list(v = v, counts = cell$counts, link = problem$link, penalty = cell$penalty, moments = cell$moments),
              list(standardize = problem$standardize, groups = groups[present]))
}

# The problem with the penalties of a set so many times as large.
reweighted_set <- function(problem, set, weights) {
  problem$cells[set] <- lapply(problem$cells[set], function(cell) {
    n <- length(weights)
    cell$penalty$weight[seq_len(n)] <- cell$penalty$weight[seq_len(n)] * unname(weights)
    cell
  })
  problem
}

# ---- what a set says together --------------------------------------------------------------------

# The scores of a set (names), of all neurons' bins and spikes, and the penalties that they choose. cv: without
# `together`.
add_scores <- function(cv, set) {
  held_out <- unclass(cv)$held_out[set]
  lambda <- unclass(population_of(cv))$fits[[set[1]]]$lambda
  gains <- lapply(held_out, function(one) {
    trained <- one$base$training_spikes > 0
    gain <- (one$loglik - one$base$null) / log(2)
    gain[!trained, ] <- 0
    list(gain = gain, spikes = one$base$spikes * trained, trained = trained)
  })
  sum_of <- function(part) Reduce(`+`, lapply(gains, `[[`, part))
  usable <- sum_of("trained") > 0
  gain <- sum_of("gain")
  spikes <- sum_of("spikes")
  mean <- if (any(spikes > 0)) colSums(gain) / sum(spikes) else rep(NA_real_, ncol(gain))
  se <- ratio_error(gain[usable, , drop = FALSE], spikes[usable], mean)
  score <- gain / spikes
  score[spikes == 0, ] <- NA
  chosen <- choose_lambda(mean, se)
  list(neurons = set, lambda = lambda, cv_mean = mean, cv_se = se, score = score, lambda_min = lambda[chosen$min],
       lambda_1se = lambda[chosen$one_se])
}

# What the set of neuron k says.
together_of <- function(cv, k) {
  together <- unclass(cv)$together
  together[[which(vapply(together, function(one) names(cv)[k] %in% one$neurons, TRUE))]]
}

# A row for each set; NULL where there are none.
together_table <- function(cv, place) {
  together <- unclass(cv)$together
  if (is.null(together)) return(NULL)
  at <- function(one, what) one[[what]][match(one[[place]], one$lambda)]
  data.frame(set = seq_along(together), neurons = vapply(together, function(one) length(one$neurons), 1L),
             lambda_min = vapply(together, `[[`, 0, "lambda_min"),
             lambda_1se = vapply(together, `[[`, 0, "lambda_1se"),
             bits_per_spike = vapply(together, at, 0, "cv_mean"), se = vapply(together, at, 0, "cv_se"))
}

print_together <- function(table, place, most = 6) {
  shown <- first_few(which(table$neurons > 1), most)
  for (s in shown) {
    who <- if (nrow(table) > 1) paste("set", s) else "together"
    cat(sprintf("%s (%s): %.3f held-out bits/spike (se %.3f) at %s = %s\n", who,
                count_of(table$neurons[s], "neuron"), table$bits_per_spike[s], table$se[s], place,
                format(table[[place]][s], digits = 3)))
  }
}

#' Plot a cross-validated joint fit
#'
#' `"score"` draws the held-out score of all neurons of a set together against the penalty that they share, as
#' [plot.group_lasso_cv()] does for one neuron; `"neurons"` the pictures of any cross-validated population.
#'
#' @param x What [cv_group_lasso()] returns for neurons that are fitted together.
#' @param type What is drawn.
#' @param set For `"score"`: which set of neurons, by number, as `summary(x)$together` has them.
#' @param main,... Passed on: for `"score"` to [plot.group_lasso_cv()], for `"neurons"` to
#'   [plot.group_lasso_population_cv()].
#' @return Invisibly `x` for `"score"`; for `"neurons"` what the plot named above returns.
#' @examples
#' session <- simulate_session(200, encodes = "position", seed = 1)
#' counts <- cbind(a = session$counts, b = rev(session$counts), c = rpois(length(session$counts), 0.5))
#' cv <- cv_group_lasso(session$covariates, counts, basis = basis_bspline(5), neurons = "joint", n_lambda = 20,
#'                      n_folds = 4)
#' cv
#' plot(cv)
#' @export
plot.group_lasso_joint_cv <- function(x, type = c("score", "neurons"), set = 1, main = "", ...) {
  type <- check_choice(type, c("score", "neurons"), "type")
  if (type == "neurons") return(invisible(plot.group_lasso_population_cv(x, main = main, ...)))
  together <- unclass(x)$together
  set <- check_count(set, "set")
  if (set > length(together)) {
    stop_input("`set` must be at most the number of sets, ", length(together), ", not ", set, ".", arg = "set")
  }
  one <- together[[set]]
  one$path <- joint_path(population_of(x)[intersect(one$neurons, names(x))])
  plot.group_lasso_cv(structure(one, class = "group_lasso_cv"), main = main, ...)
  invisible(x)
}
