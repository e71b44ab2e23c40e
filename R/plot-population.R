#' Plot a population
#'
#' `"map"`: covariates x neurons: the darker, the earlier the covariate enters that neuron's path, as a share of the
#' neuron's `lambda_max` and on a logarithmic scale; white where it never does. On the right, for each covariate, the
#' share of the neurons (of those with spikes) that have it in at `fraction`. Covariates are in order of that share,
#' neurons in order of what enters first, and how early the next does. `"sizes"`: how many neurons have 0, 1, 2, ...
#' covariates in at `fraction`.
#'
#' @param x A [group_lasso_population].
#' @param fraction The share of each neuron's `lambda_max` at which bars count who is in.
#' @param what Which panels; several are drawn into one figure, one alone leaves `layout()` and `par()` to you.
#' @param palette Colours from late to early entry.
#' @param max_labels Up to how many neurons, and covariates, are named on the axes.
#' @param main,xlab Of the map, as in [graphics::plot.default()].
#' @param ... Graphical parameters of the map such as `cex.main`, `col.main`.
#' @return Invisibly what is drawn: a list of `entry` (covariates x neurons, in the order of the picture, top to
#'   bottom and left to right), `share` (per covariate) and `sizes` (neurons with 0, 1, ... covariates in).
#' @examples
#' session <- simulate_session(200, encodes = "position", seed = 1)
#' counts <- cbind(a = session$counts, b = rev(session$counts), c = rpois(length(session$counts), 0.5))
#' population <- group_lasso(session$covariates, counts, basis_bspline(5), n_lambda = 20)
#' plot(population)
#' @export
plot.group_lasso_population <- function(x, fraction = 0.1, what = c("map", "sizes"), palette = entry_colours,
                                        max_labels = 40, main = "", xlab = "neuron", ...) {
  max_labels <- check_count(max_labels, "max_labels", lower = 0)
  fraction <- check_number(fraction, "fraction", 0, open = TRUE)
  what <- check_panels(what, c("map", "sizes"))
  seen <- summary(x, fraction = fraction)
  share <- seen$share[, 1]
  entry <- order_population(entry_order(x, relative = TRUE), share)
  share <- share[rownames(entry)]
  place <- paste("at", format(fraction, digits = 2))
  draw_panels(what, list(
    map = function() draw_map(entry, share, c("share in", place), palette, max_labels, main, xlab, ...),
    sizes = function() draw_sizes(seen$sizes[, 1], paste(place, "lambda_max"), seen$overview$word)
  ))
  invisible(list(entry = entry, share = share, sizes = seen$sizes[, 1]))
}

check_panels <- function(what, panels) {
  if (!is.character(what) || length(what) == 0 || !all(what %in% panels) || anyDuplicated(what)) {
    stop_input("`what` must be one or several of ", quoted(panels), ", not ", describe(what), ".",
               arg = "what")
  }
  panels[panels %in% what]
}

# The map over the others, side by side. draw: a list of functions by panel.
draw_panels <- function(what, draw) {
  if (length(what) > 1) {
    below <- setdiff(what, "map")
    numbers <- rbind(if ("map" %in% what) rep(1, length(below)), seq_along(below) + ("map" %in% what))
    graphics::layout(numbers, heights = if (nrow(numbers) == 2) c(1.6, 1) else 1)
    on.exit(graphics::layout(1))
  }
  for (panel in what) draw[[panel]]()
}

# entry: covariates x neurons, in the order of the picture; share: for each of its rows; share_label: lines.
draw_map <- function(entry, share, share_label, palette, max_labels, main, xlab, ...) {
  size <- dim(entry)
  # bars stand to the right of the map, in its units
  bars <- size[2] + 0.5 + size[2] * c(0.04, 0.3)
  named <- size <= max_labels
  below <- if (named[2]) label_lines(colnames(entry)) else 2
  left <- if (named[1]) label_lines(rownames(entry)) else 4
  # from inside out: the neurons' names, `xlab`; above: the key, `main`
  wanted <- c(max(below + 2, 4), left, 4.6, 1)
  old <- graphics::par(mar = pmax(graphics::par("mar"), wanted))
  on.exit(graphics::par(old))
  open_map(size, bars[2], main, ...)
  draw_entries(entry, palette)
  draw_shares(share, bars, share_label)
  label_axis(2, rownames(entry), named[1])
  if (!named[1]) graphics::mtext("covariate, by share", side = 2, line = 2.4)
  label_axis(1, colnames(entry), named[2])
  graphics::mtext(xlab, side = 1, line = below + 0.2, at = (size[2] + 1) / 2)
}

# An empty map of size (rows, columns); right: where its axis ends.
open_map <- function(size, right, main, ...) {
  graphics::plot(NULL, xlim = c(0.5, right), ylim = c(size[1] + 0.5, 0.5), xaxs = "i", yaxs = "i",
                 axes = FALSE, xlab = "", ylab = "", ...)
  graphics::title(main = main, line = 3, ...)
}

# colour: a matrix.
draw_cells <- function(colour) {
  graphics::rect(col(colour) - 0.5, row(colour) - 0.5, col(colour) + 0.5, row(colour) + 0.5, col = colour,
                 border = NA)
  graphics::rect(0.5, 0.5, ncol(colour) + 0.5, nrow(colour) + 0.5, border = "grey60")
}

# Names, or where they are too many, numbers.
label_axis <- function(side, names, named) {
  at <- if (named) seq_along(names) else pretty(c(1, length(names)))
  at <- at[at >= 1 & at <= length(names)]
  graphics::axis(side, at = at, labels = if (named) names[at] else at, tick = FALSE, line = -0.6,
                 las = if (named || side == 2) 2 else 1)
}

# Margins of the panels under a map.
small_panel <- c(3.6, 4.8, 0.8, 1)

# sizes: the number of neurons with 0, 1, ... covariates, or groups (word), in.
draw_sizes <- function(sizes, place, word) {
  used <- sizes[seq_len(max(which(sizes > 0), 1))]
  old <- graphics::par(mar = small_panel)
  on.exit(graphics::par(old))
  graphics::plot(NULL, xlim = c(-0.6, length(used) - 0.4), ylim = c(0, max(used, 1)), xaxs = "i", yaxs = "i",
                 bty = "l", xaxt = "n", yaxt = "n", xlab = "", ylab = "")
  graphics::axis(2, at = unique(round(pretty(c(0, max(used, 1)), 4))), las = 1)
  graphics::title(xlab = sprintf("number of %ss in %s", word, place), line = 2.2)
  graphics::title(ylab = "neurons", line = 3.2)
  graphics::rect(seq_along(used) - 1.35, 0, seq_along(used) - 0.65, used, col = path_colours[1], border = NA)
  graphics::axis(1, at = unique(round(pretty(seq_along(used) - 1))), tick = FALSE, line = -0.5)
}

# From late to early; the latest still stand apart from white.
entry_colours <- grDevices::hcl.colors(80, "Blues 3", rev = TRUE)[-(1:16)]

# Covariates by share, then neurons by the covariate that enters first and by how early the others do.
order_population <- function(entry, share) {
  early <- replace(entry, is.na(entry), 0)
  early <- early[order(-share, -rowSums(early)), , drop = FALSE]
  first <- apply(early, 2, function(e) if (max(e) > 0) which.max(e) else nrow(early) + 1)
  columns <- order(first, -colSums(early))
  entry[rownames(early), columns, drop = FALSE]
}

# Lines of margin that names need.
label_lines <- function(names) 1 + max(graphics::strwidth(names, units = "inches")) / graphics::par("csi")

draw_entries <- function(entry, palette) {
  known <- entry[!is.na(entry) & entry > 0]
  low <- if (length(known) > 0) min(known, 0.5) else 0.5
  place <- log(pmin(entry, 1) / low) / log(1 / low)
  colour <- palette[1 + round(place * (length(palette) - 1))]
  colour[is.na(colour)] <- "white"
  draw_cells(matrix(colour, nrow(entry)))
  # the key, in the margin above the map
  usr <- graphics::par("usr")
  line <- graphics::par("cxy")[2]
  edges <- seq(0.5, 0.5 + 0.35 * ncol(entry), length.out = length(palette) + 1)
  top <- usr[4] - 1.5 * abs(line)
  graphics::rect(edges[-length(edges)], top, edges[-1], top + 0.6 * abs(line), col = palette, border = NA, xpd = NA)
  graphics::text(edges[1], top - 0.5 * abs(line), format(low, digits = 1), adj = c(0, 0.5), cex = 0.75, xpd = NA)
  graphics::text(edges[length(edges)], top - 0.5 * abs(line), "1", adj = c(1, 0.5), cex = 0.75, xpd = NA)
  graphics::text(edges[length(edges)] + 0.02 * ncol(entry), top + 0.3 * abs(line),
                 "enters at (lambda / lambda_max)", adj = c(0, 0.5), cex = 0.75, xpd = NA)
}

draw_shares <- function(share, bars, label) {
  at <- seq_along(share)
  length <- ifelse(is.na(share), 0, share) * diff(bars)
  graphics::rect(bars[1], at - 0.35, bars[1] + length, at + 0.35, col = path_colours[1], border = NA)
  graphics::segments(bars[1], 0.5, bars[1], length(share) + 0.5, col = "grey60")
  graphics::axis(1, at = bars, labels = c("0", "1"), cex.axis = 0.75, line = 0)
  graphics::mtext(label, side = 1, line = 1.5 + seq_along(label) * 0.8, at = mean(bars), cex = 0.75)
}
