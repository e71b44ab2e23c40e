#' Plot a cross-validated population
#'
#' `"map"`: covariates x neurons, coloured where the covariate is in at the neuron's own lambda: the darker, the earlier
#' it entered the path; with the share of the neurons (of those with spikes) that have it in. `"sizes"`: how many
#' neurons have 0, 1, 2, ... covariates in. `"scores"`: bits per spike of the held-out bins, each neuron with one
#' standard error on each side, in order; 0 is the model that knows only the training rate.
#'
#' @param x What [cv_group_lasso()] returns for a population.
#' @param lambda NULL or `"lambda_1se"`, or `"lambda_min"`.
#' @inheritParams plot.group_lasso_population
#' @return Invisibly what is drawn: a list of `entry` (covariates x neurons, in the order of the picture, NA where the
#'   covariate is out), `share` (per covariate), `sizes` and `neurons`, as `summary()` gives them.
#' @examples
#' session <- simulate_session(200, encodes = "position", seed = 1)
#' counts <- cbind(a = session$counts, b = rev(session$counts), c = rpois(length(session$counts), 0.5))
#' cv <- cv_group_lasso(session$covariates, counts, basis = basis_bspline(5), n_lambda = 20, n_folds = 4)
#' plot(cv)
#' plot(cv, what = "scores")
#' @export
plot.group_lasso_population_cv <- function(x, lambda = NULL, what = c("map", "sizes", "scores"),
                                           palette = entry_colours, max_labels = 40, main = "",
                                           xlab = "neuron", ...) {
  max_labels <- check_count(max_labels, "max_labels", lower = 0)
  what <- check_panels(what, c("map", "sizes", "scores"))
  seen <- summary(x, lambda = lambda)
  entry <- entry_order(x, relative = TRUE)
  entry[!(selected(x, seen$place) %in% TRUE)] <- NA
  entry <- order_population(entry, seen$share)
  share <- seen$share[rownames(entry)]
  place <- paste("at", seen$place)
  draw_panels(what, list(
    map = function() draw_map(entry, share, c("share in", place), palette, max_labels, main, xlab, ...),
    sizes = function() draw_sizes(seen$sizes, place, seen$overview$word),
    scores = function() draw_scores(seen$neurons)
  ))
  invisible(list(entry = entry, share = share, sizes = seen$sizes, neurons = seen$neurons))
}

# neurons: the table of a summary.
draw_scores <- function(neurons) {
  neurons <- neurons[order(-neurons$bits_per_spike, na.last = NA), ]
  error <- ifelse(is.finite(neurons$se), neurons$se, 0)
  at <- seq_len(nrow(neurons))
  ends <- rbind(neurons$bits_per_spike - error, neurons$bits_per_spike + error)
  old <- graphics::par(mar = small_panel)
  on.exit(graphics::par(old))
  graphics::plot(NULL, xlim = c(0, max(at, 1) + 1), ylim = range(0, ends), las = 1, bty = "l", xaxt = "n", xlab = "",
                 ylab = "")
  graphics::axis(1, at = unique(round(pretty(c(0, at, 1)))))
  graphics::title(xlab = "neuron, by score", line = 2.2)
  graphics::title(ylab = "bits per spike", line = 3.2)
  graphics::abline(h = 0, col = "grey70")
  graphics::segments(at, ends[1, ], at, ends[2, ], col = "grey60")
  graphics::points(at, neurons$bits_per_spike, pch = 16, cex = 0.7,
                   col = ifelse(neurons$n_covariates > 0, path_colours[1], "grey50"))
}
