#' Plot a joint fit
#'
#' `"path"` draws what all neurons have of each covariate, the norm \eqn{\|\Theta_g\|}{||Theta_g||} that is penalised,
#' against the penalty, as for one neuron's path. `"neurons"` draws who has it, at one place on the path: a heat map,
#' covariates x neurons, the darker, the larger \eqn{\|\theta_{gi}\|}{||theta_gi||}; white where the covariate is out.
#' `"entry"` is the picture of any population ([plot.group_lasso_population()]), of use where there are several sets.
#'
#' @param x A [group_lasso_joint].
#' @param type What is drawn.
#' @param fraction For `"neurons"` and `"entry"`: the place, as a share of `lambda_max`.
#' @param palette Colours from small to large norms (`"neurons"`).
#' @param max_labels Up to how many neurons are named on the axis (`"neurons"`).
#' @param main,... Passed on: for `"path"` to [plot.group_lasso_path()], for `"entry"` to
#'   [plot.group_lasso_population()]; for `"neurons"` graphical parameters such as `cex.main`.
#' @return Invisibly: for `"neurons"` the norms (covariates x neurons, in the order of the picture); else what the
#'   plots named above return.
#' @examples
#' session <- simulate_session(200, encodes = "position", seed = 1)
#' counts <- cbind(a = session$counts, b = rev(session$counts), c = rpois(length(session$counts), 0.5))
#' joint <- group_lasso(session$covariates, counts, basis_bspline(5), neurons = "joint", n_lambda = 20)
#' plot(joint)
#' plot(joint, type = "neurons")
#' @export
plot.group_lasso_joint <- function(x, type = c("path", "neurons", "entry"), fraction = 0.1,
                                   palette = entry_colours, max_labels = 40, main = "", ...) {
  type <- check_choice(type, c("path", "neurons", "entry"), "type")
  if (type == "entry") return(plot.group_lasso_population(x, fraction = fraction, main = main, ...))
  if (type == "path") return(invisible(plot.group_lasso_path(joint_path(x), main = main, ...)))
  norms <- population_at(x, NULL, fraction)$norms
  norms <- norms[order(-rowSums(norms^2)), !is_silent(x), drop = FALSE]
  largest <- apply(norms, 2, which.max)
  norms <- norms[, order(largest, -apply(norms, 2, max)), drop = FALSE]
  draw_norms(norms, fraction, palette, check_count(max_labels, "max_labels", lower = 0), main, ...)
  invisible(norms)
}

# What plot.group_lasso_path() draws, of all neurons that spike together.
joint_path <- function(population) {
  spiking <- which(!is_silent(population) & !is_failed(population))
  if (length(spiking) == 0) spiking <- 1L
  path <- neuron_solutions(population, spiking[1])
  squares <- lapply(unclass(population)$fits[spiking], function(fit) fit$group_norms^2)
  path$group_norms <- sqrt(Reduce(`+`, squares))
  dimnames(path$group_norms) <- dimnames(path$group_scores) <- list(names(path$groups), NULL)
  path$standardize <- unclass(population)$standardize
  path$design <- unclass(population)$data$design
  path
}

# A heat map of norms (covariates x neurons).
draw_norms <- function(norms, fraction, palette, max_labels, main, ...) {
  size <- dim(norms)
  named <- size[2] <= max_labels
  below <- if (named) label_lines(colnames(norms)) else 2
  old <- graphics::par(mar = pmax(graphics::par("mar"), c(below + 2, label_lines(rownames(norms)), 4.6, 1)))
  on.exit(graphics::par(old))
  open_map(size, size[2] + 0.5, main, ...)
  top <- max(norms, 0)
  place <- if (top > 0) 1 + round(norms / top * (length(palette) - 1)) else norms + 1
  colour <- palette[place]
  colour[norms == 0] <- "white"
  draw_cells(matrix(colour, nrow(norms)))
  label_axis(2, rownames(norms), TRUE)
  label_axis(1, colnames(norms), named)
  graphics::mtext("neuron", side = 1, line = below + 0.2)
  graphics::mtext(sprintf("group norm at lambda = %s lambda_max, from 0 (white) to %s",
                          format(fraction, digits = 2),
                          format(top, digits = 2)), side = 3, line = 0.6, adj = 0, cex = 0.8, col = "grey30")
}
