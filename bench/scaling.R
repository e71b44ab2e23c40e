# How the cost of a path grows with the bins, the covariates and the lambdas, ours and adelie's:
#   Rscript bench/scaling.R [--peers=adelie|none] [--repeats=1] [--cap=900] [--scale=1] [--results=folder]
#                           [--draw]
# Writes scaling-<blas>.csv and scaling-<blas>.svg. --draw: the figure alone, from the csv that is there.

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
source(file.path(here, "run.R"))

# One size at a time moves away from these.
base_sizes <- list(n = 1e5, n_cov = 20, n_lambda = 100)
sweeps <- list(n = c(1e4, 3e4, 1e5, 3e5, 1e6), n_cov = c(5, 10, 20, 50, 100),
               n_lambda = c(10, 20, 50, 100, 200))
sweep_labels <- c(n = "bins", n_cov = "covariates (10 columns each)", n_lambda = "lambdas")

# ---- measuring -----------------------------------------------------------------------------------

scaling_row <- function(sweep, package, fit, kkt, sizes, run) {
  failed <- !is.null(fit$error)
  sizes$n <- round(sizes$n * run$scale)
  data.frame(sweep = sweep, value = sizes[[sweep]], package = package, n = sizes$n, n_cov = sizes$n_cov,
             n_lambda = sizes$n_lambda, seconds = if (failed) NA else signif(fit$seconds, 4),
             kkt = signif(kkt, 3), peak_mb = if (failed) NA else round(fit$memory, 1),
             scale = run$scale, note = if (failed) fit$error else "", run$facts)
}

run_point <- function(sweep, value, run, file) {
  sizes <- base_sizes
  sizes[[sweep]] <- value
  problem <- prepare("splines", run, sizes)
  on.exit(unlink(c(problem$file, problem$dense_file)))
  measure <- function(package, lambda, cap) {
    fit <- fit_package(package, problem, run, lambda, cap = cap)
    row <- scaling_row(sweep, package, fit, certify(fit, package, problem), sizes, run)
    append_csv(row, file)
    cat(sprintf("%-9s %-7s %-11s %8s s  KKT %-8s %s\n", sweep, format(value), package,
                format(row$seconds), format(row$kkt), row$note))
    fit
  }
  ours <- stop_on_error(measure("neurolasso", NULL, 3600))
  for (peer in problem$peers) measure(peer, ours$answer$lambda, run$cap)
}

# ---- the figure ----------------------------------------------------------------------------------

package_colours <- c(neurolasso = "#0b6e4f", adelie = "#b5521b")

# Names at the right ends of the lines, moved apart where they would overlap (in log10 of seconds).
label_heights <- function(y, gap) {
  order <- order(y)
  for (i in seq_along(order)[-1]) y[order[i]] <- max(y[order[i]], y[order[i - 1]] + gap)
  y
}

plain_number <- function(x) vapply(x, format, "", big.mark = " ", scientific = FALSE)

# Round values inside a range: 1, 3, 10, 30, ...
seconds_ticks <- function(range) {
  ticks <- as.vector(outer(c(1, 3), 10^(-4:5)))
  ticks[ticks >= range[1] & ticks <= range[2]]
}

draw_sweep <- function(rows, label, ylim, axis_title) {
  values <- sort(unique(rows$value))
  room <- (max(values) / min(values))^0.35
  plot(NA, xlim = range(values) * c(1, room), ylim = ylim, log = "xy", axes = FALSE, xlab = label,
       ylab = axis_title)
  ticks <- function(side, at, ...) axis(side, at, plain_number(at), lwd = 0, lwd.ticks = 0.5, ...)
  ticks(1, values, cex.axis = 0.7)
  ticks(2, seconds_ticks(ylim), las = 1, cex.axis = 0.85)
  ends <- lapply(split(rows, rows$package), function(line) {
    line <- line[order(line$value), ]
    colour <- package_colours[[line$package[1]]]
    lines(line$value, line$seconds, col = colour, lwd = 1.8)
    points(line$value, line$seconds, col = colour, pch = 16, cex = 0.7)
    utils::tail(line, 1)
  })
  ends <- do.call(rbind, ends)
  heights <- 10^label_heights(log10(ends$seconds), 0.06 * diff(log10(ylim)))
  text(ends$value, heights, ends$package, pos = 4, col = package_colours[ends$package], cex = 0.9, xpd = NA)
}

draw_scaling <- function(rows, file) {
  rows <- rows[!is.na(rows$seconds), ]
  ylim <- range(rows$seconds) * c(0.8, 1.25)
  grDevices::svg(file, width = 9, height = 3.2)
  on.exit(grDevices::dev.off())
  par(mfrow = c(1, 3), mar = c(4, 3.5, 1, 0.5), mgp = c(2.4, 0.6, 0), tcl = -0.25)
  titles <- c(n = "seconds for a path", n_cov = "", n_lambda = "")
  for (sweep in names(sweeps)) {
    draw_sweep(rows[rows$sweep == sweep, ], sweep_labels[[sweep]], ylim, titles[[sweep]])
  }
}

# ---- the command ---------------------------------------------------------------------------------

main_scaling <- function(args) {
  options <- parse_arguments(args, c("peers", "repeats", "cap", "scale", "results", "draw"))
  for (name in c("peers", "repeats", "cap")) {
    if (is.null(options[[name]])) options[[name]] <- c(peers = "adelie", repeats = "1", cap = "900")[[name]]
  }
  run <- new_run(options)
  file <- file.path(run$results, sprintf("scaling-%s.csv", run$facts$blas))
  if (!option(options, "draw", FALSE)) {
    unlink(file)
    for (sweep in names(sweeps)) for (value in sweeps[[sweep]]) run_point(sweep, value, run, file)
  }
  draw_scaling(utils::read.csv(file), sub("csv$", "svg", file))
}

main_scaling(commandArgs(TRUE))
