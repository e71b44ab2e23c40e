# population-work.R: a population's fits as work in units (loop.R): here or in the workers of a plan, kept in
# a checkpoint, and what becomes of neurons whose fit failed.

# The records of all neurons, in order: list(fit, ...) as f() makes them, or list(error = a message). Units
# that a checkpoint has are read. What failed in a worker is done again here, the unit as it was, and what
# fails here alone, neuron by neuron.
run_population <- function(work, units, f, checkpoint, progress) {
  records <- stats::setNames(vector("list", ncol(work$counts)), colnames(work$counts))
  for (unit in units) records[unit] <- read_records(checkpoint, unit) %||% records[unit]
  left <- Filter(function(unit) is.null(records[[unit[1]]]), units)
  if (length(left) == 0) return(records)
  bar <- step_bar(length(left), "neurons", progress)
  tell <- fit_steps(length(left))
  came <- run_units(work, left, f, checkpoint, function() {
    bar()
    tell()
  })
  first_error <- NULL
  failed <- list()
  for (i in seq_along(left)) {
    if (is.null(came[[i]]$error)) {
      records[left[[i]]] <- came[[i]]$records
      write_missing(checkpoint, came[[i]]$records)
    } else {
      first_error <- first_error %||% came[[i]]$error
      failed <- c(failed, left[i])
    }
  }
  if (length(failed) == 0) return(records)
  for (unit in failed) records[unit] <- run_again(work, unit, f, checkpoint)
  lost <- names(records)[vapply(records, function(record) !is.null(record$error), TRUE)]
  if (length(lost) == length(records)) stop(first_error)
  warn_of_failed(unlist(failed), lost, first_error, records)
  records
}

# A failed unit: what a worker wrote before it died; else again as it was; else each neuron alone.
run_again <- function(work, unit, f, checkpoint) {
  written <- read_records(checkpoint, unit)
  if (!is.null(written)) return(written)
  here <- function(unit) run_chunk(work, list(unit), f, checkpoint, function() NULL)[[1]]
  again <- here(unit)
  if (is.null(again$error)) return(again$records)
  # neurons that share groups are fitted together or not at all
  if (isTRUE(work$is_whole)) return(rep(list(list(error = conditionMessage(again$error))), length(unit)))
  alone <- if (length(unit) > 1) lapply(unit, here) else list(again)
  unlist(lapply(alone, function(one) one$records %||% list(list(error = conditionMessage(one$error)))),
         recursive = FALSE)
}

warn_of_failed <- function(neurons, lost, error, records) {
  what <- if (length(lost) == 0) "they were fitted again here, and nothing is lost" else
    paste0("fitted again here; still without a result: ", quoted(lost), " (", records[[lost[1]]]$error, ")")
  warn_user("the fits of ", quoted(neurons), " failed (", conditionMessage(error), "); ", what, ".",
            class = "neurolasso_worker_failed", fields = list(neurons = neurons, lost = lost))
}

# ---- the fits of paths ---------------------------------------------------------------------------

# Neurons (names) that ride together in the passes of one call of the core, three at most (NL_ABREAST in
# src/paths.c); they miss the same bins. Where a design has many columns Grams cost more than passes, and
# neurons are faster by themselves (measured: 1.3 times, with 1,393 columns).
company_size <- 3
company_columns <- 500
companies <- function(counts, n_col) {
  size <- if (n_col > company_columns) 1 else company_size
  units <- lapply(missing_patterns(counts), function(members) {
    split(colnames(counts)[members], (seq_along(members) - 1) %/% size)
  })
  unname(unlist(units, recursive = FALSE))
}

# The work of fitting the paths of a population's data. wanted, multiplier: as group_lasso() has them.
path_work <- function(population, wanted, multiplier) {
  x <- unclass(population)
  list(design = fitted_part(x$data$design), counts = x$data$counts, offset = x$data$offset,
       weights = x$data$weights, groups = path_groups(x), shape = path_shape(x), multiplier = multiplier,
       wanted = wanted, link = x$link, control = x$control, is_light = identical(wanted$values, Inf))
}

# A design without what fits don't need, which workers should not have to carry: the bases, whose functions
# may hold anything, and the formula with its environment.
fitted_part <- function(design) {
  fields <- unclass(design)
  fields$bases <- stats::setNames(vector("list", length(fields$bases)), names(fields$bases))
  fields[c("source", "leaves")] <- NULL
  structure(fields, class = "covariate_design")
}

# Records of paths: list(fit, of fit_paths(); weight, of each covariate's penalty).
fit_company <- function(work, neurons) {
  known <- !is.na(work$counts[, neurons[1]])
  v <- prior_weights(work) * known
  v <- v / max(v)
  moments <- design_moments(work$design, v / sum(v))
  penalty <- penalty_for(group_moments(work$design, moments, work$groups, v / sum(v)), work$groups,
                         work$shape, work$multiplier)
  lanes <- lapply(stats::setNames(neurons, neurons), function(neuron) known_or_zero(work$counts[, neuron]))
  fits <- fit_paths(work$design, moments, penalty, lanes, if (all(v == 1)) NULL else v, work$offset, work$wanted,
                    work$link, work$control, FALSE)
  lapply(fits, function(fit) list(fit = fit, weight = named_weights(penalty)))
}

# What the problem of a checkpoint consists of: everything that the records depend on, but for how many
# threads work on them. It doesn't know the bases, only their values.
work_parts <- function(work, stage) {
  apart <- c("design", "counts", "folds", "control")
  list(covariates = unclass(work$design)[c("blocks", "columns", "session")], counts = as_doubles(work$counts),
       folds = work$folds,
       arguments = c(work[setdiff(names(work), apart)], unclass(work$control)[c("tol", "max_passes")]),
       version = c(stage, package_version_text()))
}
