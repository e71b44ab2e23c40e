# joint.R: neurons that share groups: a covariate enters for all neurons of a set or for none.
#
# A group_lasso_joint is a group_lasso_population (population.R) with one field more:
#   sets  a list of the neurons' names in each set

# ---- which neurons share -------------------------------------------------------------------------

# NULL where every neuron is by itself ("separate"); else a list of numbers of neurons: each neuron is in one set.
neuron_sets <- function(neurons, names) {
  if (is.character(neurons) && is.null(dim(neurons)) && !is.factor(neurons)) {
    neurons <- check_choice(neurons, c("separate", "joint"), "neurons")
    return(if (neurons == "joint") list(seq_along(names)))
  }
  if (is.factor(neurons)) return(sets_of_factor(neurons, names))
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

# What fit_population() does for neurons that share. data: of population_rows(); sets: of neuron_sets().
fit_joint <- function(data, groups, sets, wanted, multiplier, how, link, control, progress, call) {
  v <- prior_weights(data)
  moments <- design_moments(data$design, v / sum(v))
  cells <- neuron_cells(data, groups, how, multiplier)
  shared <- lapply(sets, function(set) share_weights(cells, set))
  spiking <- which(vapply(cells, `[[`, TRUE, "has_spike"))
  fit <- function(set, wanted) {
    fit_set(data, moments, cells[intersect(set, spiking)], wanted, link, control, progress)
  }
  for (s in seq_along(sets)) cells[sets[[s]]] <- lapply(cells[sets[[s]]], with_weights, shared[[s]], multiplier)
  wanted <- shared_grid(Filter(function(set) any(set %in% spiking), sets), fit, wanted)
  n_col <- length(unclass(data$design)$columns)
  fits <- lapply(cells, function(cell) silent_path(wanted, cell$penalty, n_col))
  for (set in sets) {
    set <- intersect(set, spiking)
    if (length(set) > 0) fits[set] <- fit(set, wanted)
  }
  weight <- vapply(cells, function(cell) cell$penalty$weight, double(length(groups)))
  population <- new_population(fits, matrix(weight, length(groups)), data, groups, how, link, control, call,
                               list(sets = lapply(sets, function(set) colnames(data$counts)[set])),
                               "group_lasso_joint")
  warn_of_joint(population, any(multiplier > 0))
  population
}

# What each neuron brings: list(counts, weights, offset, moments, penalty (as alone), mean_count, has_spike, pattern).
# Neurons of the same pattern, which miss the same bins, have all the same but the counts.
neuron_cells <- function(data, groups, how, multiplier) {
  cells <- vector("list", ncol(data$counts))
  patterns <- missing_patterns(data$counts)
  for (pattern in seq_along(patterns)) {
    members <- patterns[[pattern]]
    v <- prior_weights(data) * !is.na(data$counts[, members[1]])
    v <- v / max(v)
    moments <- design_moments(data$design, v / sum(v))
    weights <- if (!all(v == 1)) v
    penalty <- penalty_for(moments, groups, how, multiplier)
    cells[members] <- lapply(members, function(k) {
      counts <- known_or_zero(data$counts[, k])
      list(counts = counts, weights = weights, moments = moments, penalty = penalty,
           mean_count = sum(v * counts) / sum(v), offset = data$offset, pattern = pattern,
           has_spike = any(counts > 0 & v > 0))
    })
  }
  cells
}

# The scale of each shared group's penalty: w_g with w_g^2 the sum of the neurons' own, of those that spike.
share_weights <- function(cells, set) {
  spiking <- Filter(function(cell) cell$has_spike, cells[set])
  if (length(spiking) == 0) spiking <- cells[set]
  sqrt(Reduce(`+`, lapply(spiking, function(cell) cell$penalty$scale^2)))
}

with_weights <- function(cell, scale, multiplier) {
  cell$penalty$scale <- as.double(scale)
  cell$penalty$weight <- as.double(scale * multiplier)
  cell
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
fit_set <- function(data, moments, cells, wanted, link, control, progress) {
  if (length(cells) > 1) return(run_joint(data$design, moments, cells, wanted, link, control, progress))
  cell <- cells[[1]]
  fit_paths(data$design, cell$moments, cell$penalty, list(cell$counts), cell$weights, cell$offset, wanted, link,
            control, progress)
}

# The call of the core. moments: of all rows, for centring; cells: of neuron_cells(), with shared weights.
run_joint <- function(design, moments, cells, wanted, link, control, progress) {
  part <- function(name) lapply(cells, `[[`, name)
  patterns <- unlist(part("pattern"))
  distinct <- which(!duplicated(patterns))
  centred <- centred_blocks(design, moments)
  floors <- vapply(cells, function(cell) {
    signal_floor(cell$moments, cell$penalty, gradient_scale(cell$mean_count, link))
  }, 0)
  lambda <- list(values = wanted$values, n = wanted$n, ratio = as.double(wanted$ratio), floor = sqrt(sum(floors^2)))
  options <- list(tol = control$tol, max_passes = control$max_passes,
                  n_threads = usable_threads(control$n_threads), progress = as.integer(progress),
                  link = link_code(link))
  fits <- .Call(C_joint, centred$blocks, part("counts"), part("offset"), part("weights"),
                lapply(cells[distinct], function(cell) c(cell$penalty, list(off = centred$off))),
                match(patterns, patterns[distinct]), lambda, options)
  lapply(fits, function(fit) {
    fit$intercept <- fit$intercept - colSums(fit$coefficients * centred$taken)
    fit
  })
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

# NULL where no neurons share.
describe_sets <- function(sets) {
  sizes <- lengths(sets)
  shared <- sum(sizes > 1)
  if (shared == 0) return(NULL)
  if (length(sizes) == 1) return(sprintf("Joint: a covariate enters for all %d neurons or for none", sizes))
  sprintf("Joint in %s of %d to %d neurons, %d by %s: a covariate enters for all of a set or for none",
          count_of(shared, "set"), min(sizes[sizes > 1]), max(sizes), sum(sizes == 1),
          if (sum(sizes == 1) == 1) "itself" else "themselves")
}

# The names of the neurons that share with neuron k.
set_of <- function(population, k) {
  sets <- unclass(population)$sets
  sets[[which(vapply(sets, function(set) names(population)[k] %in% set, TRUE))]]
}
