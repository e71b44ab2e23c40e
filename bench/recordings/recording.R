# What the scripts of this folder share: where recordings and figures are.

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "..", "common.R"))
suppressPackageStartupMessages(library(neurolasso))
`%||%` <- function(x, y) if (is.null(x)) y else x

# A recording, from the folder that NEUROLASSO_SHARED names (or its folder data).
read_recording <- function(name) {
  files <- file.path(Sys.getenv("NEUROLASSO_SHARED"), c("", "data"), name)
  found <- files[file.exists(files)]
  if (length(found) == 0) stop("set NEUROLASSO_SHARED to the folder that holds ", name, call. = FALSE)
  utils::read.csv(gzfile(found[1]))
}

# Draws into figures/<name>.png of the working folder.
draw <- function(name, expr, width = 1500, height = 1000) {
  dir.create("figures", showWarnings = FALSE)
  grDevices::png(file.path("figures", paste0(name, ".png")), width, height, res = 150)
  on.exit(grDevices::dev.off())
  expr
}

# The filter of a covariate against lag in ms, as the change of the rate by one spike: penalised (line), and without
# the penalty (`refit`, dashed) with its 95 % band. limits: NULL, or those of the axis (percent).
draw_filter <- function(path, refit, covariate, lambda, bin_ms, title = covariate, limits = NULL) {
  percent <- function(effect) 100 * (exp(effect) - 1)
  filter <- tuning_curve(path, covariate, lambda = lambda)
  free <- tuning_curve(refit, covariate)
  lag <- filter$lag * bin_ms
  band <- percent(c(free$lower, rev(free$upper)))
  plot(range(lag, 0), limits %||% range(band, percent(filter$effect), 0), type = "n", las = 1, bty = "l",
       xlab = "time since the spike (ms)", ylab = "change of the rate (%)", main = title)
  polygon(c(lag, rev(lag)), band, col = "#0072B233", border = NA)
  abline(h = 0, col = "grey60")
  lines(lag, percent(free$effect), lty = 2, col = "#0072B2")
  lines(lag, percent(filter$effect), lwd = 2)
}

# Rate (spikes/s) and its standard error in bins of x, from counts alone.
raw_curve <- function(x, counts, breaks, bin_width) {
  bin <- cut(x, breaks, include.lowest = TRUE)
  spikes <- tapply(counts, bin, sum)
  seconds <- tapply(counts, bin, length) * bin_width
  data.frame(x = (breaks[-1] + breaks[-length(breaks)]) / 2, rate = as.vector(spikes / seconds),
             se = as.vector(sqrt(spikes) / seconds))
}

# Neurons fitted each by itself and together: time and memory, what is in, and two figures. ...: for group_lasso().
compare_joint <- function(name, title, design, counts, ...) {
  separate <- cost_of(group_lasso(design, counts, ..., progress = FALSE))
  report("separate", separate)
  joint <- cost_of(group_lasso(design, counts, ..., neurons = "joint", progress = FALSE))
  report("joint", joint)
  print(joint$value)
  print(summary(separate$value))
  kkt <- max(sapply(as.list(joint$value), function(path) path$kkt))
  cat("largest KKT residual", format(kkt, digits = 2), "\n")
  draw(name, {
    layout(matrix(1:2), heights = c(1.2, 1))
    plot(joint$value, main = title)
    plot(joint$value, type = "neurons", main = "who has it in the joint fit")
  })
  # a page of its own: this picture lays itself out
  draw(paste0(name, "-separate"), plot(separate$value, main = "each by itself: when a covariate enters"))
}
