# What the scripts of this folder share: where recordings and figures are.

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "..", "common.R"))
suppressPackageStartupMessages(library(neurolasso))

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

# The filter of a covariate against lag in ms.
draw_filter <- function(path, covariate, lambda, bin_ms, ...) {
  filter <- tuning_curve(path, covariate, lambda = lambda)
  old <- par(mar = c(5, 6, 3, 1), mgp = c(4.2, 0.8, 0))
  on.exit(par(old))
  plot(filter$lag * bin_ms, filter$effect, type = "l", lwd = 2, las = 1, bty = "l", xlab = "", main = covariate,
       ylab = "effect on the log rate", ...)
  title(xlab = "time since the spike (ms)", line = 2.6)
  abline(h = 0, col = "grey70")
}
