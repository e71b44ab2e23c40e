#' Plot a path
#'
#' The norm of each covariate's coefficients against the penalty, on a logarithmic axis: weak penalties on
#' the left, where all that carries anything is in, strong ones on the right, where covariates have
#' dropped out. Each curve is labelled with its covariate's name at its left end; the axis above counts
#' the covariates that are in. With `groups`, curves are those of groups.
#'
#' @param x A `group_lasso_path`.
#' @param col Colours, one per covariate in order of entry, recycled. By default the first eight to enter
#'   have colours that stay apart for colour-blind readers, and the others are grey.
#' @param lty,lwd Line types and widths, one per covariate in order of entry, recycled. By default solid,
#'   and thinner where grey.
#' @param labels Label the curves? As many are as there is room for, those with the largest norms first.
#' @param max_labels How many labels at most.
#' @param cex_labels Size of the labels; NULL: as large as there is room for.
#' @param main,xlab,ylab,xlim,ylim As in [graphics::plot.default()]. Where `xlim` leaves no room on the left,
#'   names stand on the curves.
#' @param ... Graphical parameters such as `cex.lab`, `cex.axis`, `las`.
#' @return `x`, invisibly.
#' @section Lambda 0: it has no place on a logarithmic axis and is left out.
#' @examples
#' session <- simulate_session(300, encodes = c("position", "speed"), seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(6))
#' plot(path, main = "A cell that encodes position and speed")
#' @export
plot.group_lasso_path <- function(x, col = NULL, lty = 1, lwd = NULL, labels = TRUE, max_labels = 30,
                                  cex_labels = NULL, main = "", xlab = "penalty (lambda)",
                                  ylab = norm_label(x), xlim = NULL, ylim = NULL, ...) {
  labels <- check_flag(labels, "labels")
  max_labels <- check_count(max_labels, "max_labels", lower = 0)
  shown <- is.finite(x$lambda) & x$lambda > 0
  if (!any(shown)) {
    stop_input("there is nothing to plot: the path has no finite lambda above 0.", arg = "x")
  }
  curves <- path_curves(x, shown)
  style <- curve_style(nrow(curves$norms), col, lty, lwd)
  top <- max(curves$norms, 0)
  old <- graphics::par(mar = pmax(graphics::par("mar"), c(0, 4.8, 4.6, 0)))
  on.exit(graphics::par(old))
  graphics::plot.new() # the labels depend on its size
  named <- if (labels) curves_to_label(curves, min(max_labels, label_room(cex_labels))) else integer()
  graphics::plot.window(xlim %||% wide_enough(curves, named, cex_labels),
                        ylim %||% c(0, if (top > 0) 1.04 * top else 1), log = "x", ...)
  graphics::title(xlab = xlab, ...)
  graphics::title(ylab = ylab, line = 3.5, ...)
  if (length(main) > 0 && any(nzchar(main))) graphics::title(main = main, line = 3, ...)
  draw_frame(curves, list(...))
  for (i in rev(seq_len(nrow(curves$norms)))) {
    active <- which(curves$norms[i, ] > 0)
    if (length(active) == 0) next
    # up to the first lambda at which the covariate is out: its line on the axis says nothing
    drawn <- seq_len(min(max(active) + 1, length(curves$lambda)))
    graphics::lines(curves$lambda[drawn], curves$norms[i, drawn], col = style$col[i],
                    lty = style$lty[i], lwd = style$lwd[i], type = if (length(drawn) == 1) "p" else "l")
  }
  label_curves(curves, named, style, cex_labels)
  invisible(x)
}

norm_label <- function(path) {
  if (path$standardize == "none") "coefficient norm" else "group norm"
}

# Norms in order of entry, at lambdas in increasing order.
path_curves <- function(path, shown) {
  order <- names(entry_order(path))
  columns <- rev(which(shown))
  list(norms = path$group_norms[order, columns, drop = FALSE], lambda = path$lambda[columns],
       names = order, word = group_word(path))
}

# Colours of Okabe and Ito (2008) that stand out on white.
path_colours <- c("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#A6761D")

curve_style <- function(n, col, lty, lwd) {
  every <- function(x) rep_len(x, n)
  coloured <- seq_len(n) <= length(path_colours)
  list(
    col = if (is.null(col)) ifelse(coloured, path_colours[seq_len(n)], "grey55") else every(col),
    lty = every(lty %||% 1),
    lwd = if (is.null(lwd)) ifelse(coloured, 2, 1) else every(lwd)
  )
}

# Rows of the curves with the largest norms at the left end.
curves_to_label <- function(curves, most) {
  height <- curves$norms[, 1]
  in_play <- which(height > 0)
  first_few(in_play[order(-height[in_play])], most)
}

# Room for the names on the left, as a share of the axis.
wide_enough <- function(curves, named, cex) {
  range <- range(curves$lambda)
  if (range[1] == range[2]) range <- range * c(0.5, 2)
  if (length(named) == 0) return(range)
  width <- max(graphics::strwidth(curves$names[named], units = "inches", cex = label_size(named, cex)))
  share <- min(0.45, (width + 0.3) / max(graphics::par("pin")[1], 0.5))
  c(range[1] * (range[2] / range[1])^(-share / (1 - share)), range[2])
}

# Labels shrink when there are many, down to half the usual size: each needs its line.
smallest_label <- 0.5
line_height <- function(cex) 1.1 * cex * graphics::par("csi") # inches

label_size <- function(named, cex) {
  if (!is.null(cex)) return(cex)
  # labels that fill four fifths of the height leave room to stand near their curves
  max(min(0.95, 0.8 * graphics::par("pin")[2] / (max(length(named), 1) * line_height(1))), smallest_label)
}

# How many labels fit one above the other.
label_room <- function(cex) max(floor(graphics::par("pin")[2] / line_height(cex %||% smallest_label)), 1)

draw_frame <- function(curves, parameters) {
  for_axes <- c("cex.axis", "col.axis", "font.axis", "las", "mgp", "tck", "tcl")
  parameters <- parameters[names(parameters) %in% for_axes]
  axis <- function(...) do.call(graphics::axis, merge_parameters(list(...), parameters))
  lines <- graphics::par("usr")
  axis(2, las = 1)
  at <- grDevices::axisTicks(log10(range(curves$lambda)), log = TRUE, nint = 5)
  at <- at[at >= min(curves$lambda) * 0.999 & at <= max(curves$lambda) * 1.001]
  if (length(at) < 2) at <- signif(range(curves$lambda), 2)
  axis(1, at = at, labels = format_ticks(at), gap.axis = 0.25)
  nearest <- vapply(at, function(a) which.min(abs(log(curves$lambda) - log(a))), 0L)
  graphics::axis(3, at = at, labels = colSums(curves$norms[, nearest, drop = FALSE] > 0), tick = FALSE,
                 line = -0.6, cex.axis = 0.85, col.axis = "grey30")
  graphics::mtext(paste0(curves$word, "s in"), side = 3, line = 1.4, cex = 0.75, col = "grey30")
  graphics::segments(max(10^lines[1], min(curves$lambda)), 0, 10^lines[2], 0, col = "grey85")
  graphics::box(bty = "l")
}

merge_parameters <- function(x, y) c(x[!names(x) %in% names(y)], y)

format_ticks <- function(at) vapply(at, function(a) format(a, digits = 3), "")

# Names to the left of the curves; where the user's xlim leaves no room there, on them.
label_curves <- function(curves, named, style, cex) {
  usr <- graphics::par("usr")
  first <- match(TRUE, log10(curves$lambda) >= usr[1] - 1e-9)
  named <- named[!is.na(first) & curves$norms[named, first] > 0]
  if (length(named) == 0) return()
  size <- label_size(named, cex)
  height <- curves$norms[named, first]
  line <- line_height(size) * (usr[4] - usr[3]) / graphics::par("pin")[2]
  left <- log10(curves$lambda[first])
  gap <- 0.02 * (usr[2] - usr[1])
  width <- max(graphics::strwidth(curves$names[named], units = "inches", cex = size))
  has_room <- (left - usr[1] - 1.4 * gap) / (usr[2] - usr[1]) * graphics::par("pin")[1] > width
  lift <- if (has_room) 0 else 0.7 * line
  y <- spread_labels(height + lift, line, usr[3] + line / 2, usr[4] - line / 2)
  if (has_room) {
    graphics::segments(10^(left - gap * 0.2), height, 10^(left - gap * 1.2), y, col = "grey70", lwd = 0.8)
  }
  graphics::text(10^(left + (if (has_room) -1.4 else 0.5) * gap), y, curves$names[named],
                 adj = c(if (has_room) 1 else 0, 0.5), cex = size, col = style$col[named])
}

# Moves label heights apart until neighbours are `gap` apart, within low .. high where they fit; keeps
# their order, and labels that don't collide where they are. Neighbours that touch form a clump around
# the mean of their places.
spread_labels <- function(y, gap, low, high) {
  order <- order(y)
  placed <- function(clump) {
    half <- gap * (clump$n - 1) / 2
    max(min(clump$wish, high - half), low + half)
  }
  clumps <- list()
  for (wish in y[order]) {
    clump <- list(n = 1, wish = wish)
    while (length(clumps) > 0) {
      last <- clumps[[length(clumps)]]
      if (placed(clump) - placed(last) >= gap * (clump$n + last$n) / 2) break
      n <- clump$n + last$n
      clump <- list(n = n, wish = (clump$wish * clump$n + last$wish * last$n) / n)
      clumps <- clumps[-length(clumps)]
    }
    clumps <- c(clumps, list(clump))
  }
  out <- y
  out[order] <- unlist(lapply(clumps, function(c) placed(c) + gap * (seq_len(c$n) - (c$n + 1) / 2)))
  out
}
