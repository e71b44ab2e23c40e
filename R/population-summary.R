# population-summary.R: what a population says of itself: its size, and which share of its neurons has what.

#' @export
print.group_lasso_population <- function(x, ...) {
  print_population(population_overview(x))
  invisible(x)
}

# What print() says in its first lines.
population_overview <- function(population) {
  x <- unclass(population)
  has_failed <- is_failed(population)
  fits <- x$fits[!has_failed]
  list(neurons = names(population), n_bins = nrow(x$data$counts), counts_missing = sum(is.na(x$data$counts)),
       groups = names(x$groups), word = population_word(x), n_columns = ncol(x$data$design), na.action = x$data$na.action,
       n_lambda = max(0, lengths(lapply(fits, `[[`, "lambda"))), standardize = x$standardize,
       lasso_share = x$lasso_share, ridge_share = x$ridge_share, link = x$link,
       kkt = max(0, vapply(fits, function(fit) max(fit$kkt), 0)), sharing = describe_sharing(x),
       silent = names(population)[is_silent(population)],
       unconverged = names(population)[!is_converged(population) & !has_failed],
       failed = names(population)[has_failed])
}

# x: the fields of a population.
population_word <- function(x) group_word(list(groups = x$groups, design = x$data$design))

# x: a population_overview()
print_population <- function(x) {
  cat(sprintf("Group-lasso paths of %s: %s bins, %s (%s)\n", count_of(length(x$neurons), "neuron"),
              format(x$n_bins, big.mark = ","), count_of(length(x$groups), x$word),
              count_of(x$n_columns, "column")))
  if (!is.null(x$na.action)) cat(sprintf("(%s)\n", naprint(x$na.action)))
  if (x$counts_missing > 0) {
    cat(sprintf("(%s missing, left out for their neurons)\n", count_of(x$counts_missing, "count")))
  }
  cat(sprintf("%s each; standardize = \"%s\"%s%s; largest KKT residual %s\n", count_of(x$n_lambda, "lambda"),
              x$standardize, describe_shares(x), if (x$link == "log") "" else sprintf("; link = \"%s\"", x$link),
              format(x$kkt, digits = 2)))
  if (!is.null(x$sharing)) cat(x$sharing, "\n", sep = "")
  named <- function(what, neurons) {
    if (length(neurons) > 0) cat(sprintf("%d %s%s\n", length(neurons), what,
                paste0(": ", gsub("`", "", quoted(neurons)))))
  }
  named("silent", x$silent)
  named("not converged", x$unconverged)
  named("without a path, as the fit failed", x$failed)
}

# Places along the paths that a summary shows where none is asked for; those that were not fitted are left out.
usual_fractions <- c(0.5, 0.2, 0.1, 0.05)

#' @rdname group_lasso_population
#' @export
summary.group_lasso_population <- function(object, fraction = NULL, lambda = NULL, ...) {
  check_no_more(...)
  places <- summary_places(object, fraction, lambda)
  is_in <- lapply(places, function(place) population_at(object, place$lambda, place$fraction)$norms > 0)
  spiking <- !is_silent(object) & !is_failed(object)
  n_covariates <- length(unclass(object)$groups)
  counted <- function(f) {
    out <- vapply(is_in, function(active) as.double(f(active[, spiking, drop = FALSE])),
                  double(n_covariates + 1))
    matrix(out, n_covariates + 1, dimnames = list(NULL, names(places)))
  }
  share <- counted(function(active) c(rowMeans(active), NA))[seq_len(n_covariates), , drop = FALSE]
  share[is.nan(share)] <- NA # no neuron has a spike
  rownames(share) <- names(unclass(object)$groups)
  sizes <- counted(function(active) tabulate(colSums(active) + 1, n_covariates + 1))
  rownames(sizes) <- 0:n_covariates
  structure(
    list(overview = population_overview(object), share = share, sizes = sizes,
         neurons = neuron_table(object, is_in[[length(is_in)]]),
         relative = is.null(lambda), call = unclass(object)$call),
    class = "summary.group_lasso_population"
  )
}

# list(lambda, fraction) for each place, one of them NULL, named as the columns of a summary.
summary_places <- function(population, fraction, lambda) {
  if (!is.null(lambda)) {
    check_place(lambda, fraction, 1)
    return(stats::setNames(list(list(lambda = lambda)), lambda_labels(lambda)))
  }
  if (is.null(fraction)) {
    reach <- vapply(which(!is_failed(population)), function(k) {
      path <- neuron_solutions(population, k)
      if (path$lambda_max > 0) min(path$lambda) / path$lambda_max else 0
    }, 0)
    fraction <- usual_fractions[usual_fractions >= max(reach) * (1 - 1e-12)]
    if (length(fraction) == 0) fraction <- max(reach)
  }
  if (!is.numeric(fraction) || length(fraction) == 0) check_number(fraction, "fraction", 0, open = TRUE)
  stats::setNames(lapply(fraction, function(f) list(fraction = f)), lambda_labels(fraction))
}

# One row per neuron. is_in: covariates x neurons.
neuron_table <- function(population, is_in) {
  x <- unclass(population)
  rows <- lapply(seq_along(x$fits), function(k) {
    fit <- x$fits[[k]]
    spikes <- sum(x$data$counts[, k], na.rm = TRUE)
    if (!is.null(fit$error)) {
      return(data.frame(spikes = spikes, lambda_max = NA, first = NA_character_, n_covariates = NA, kkt = NA))
    }
    entries <- entry_order(neuron_solutions(population, k))
    data.frame(spikes = spikes, lambda_max = fit$lambda_max,
               first = if (is.na(entries[1])) NA_character_ else names(entries)[1], n_covariates = sum(is_in[, k]),
               kkt = max(fit$kkt))
  })
  table <- data.frame(bins = nobs(population), do.call(rbind, rows), converged = is_converged(population))
  rownames(table) <- names(population)
  table
}

#' @export
print.summary.group_lasso_population <- function(x, digits = 2, ...) {
  print_population(x$overview)
  cat(sprintf("\nShare of the %s with spikes that has a %s in, at lambda%s:\n",
              count_of(sum(x$sizes[, 1]), "neuron"), x$overview$word, if (x$relative) " / lambda_max" else ""))
  print(format(as.data.frame(x$share[order(-rowSums(x$share)), , drop = FALSE]), digits = digits, nsmall = 2))
  cat(sprintf("\nNeurons by how many %ss are in:\n", x$overview$word))
  used <- which(rowSums(x$sizes) > 0)
  print(as.data.frame(x$sizes[seq_len(max(used, 1)), , drop = FALSE]))
  invisible(x)
}
