# Counts of bench/selection/results/cells-*.csv: per method the share of neurons whose covariates are found
# exactly, the misses per covariate that is there, the false inclusions per covariate that isn't, with 95 %
#   intervals (Wilson). Rscript bench/selection/table.R [files]
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])))
files <- commandArgs(TRUE)
if (length(files) == 0) files <- list.files(file.path(here, "results"), "^cells-.*csv$", full.names = TRUE)
d <- do.call(rbind, lapply(files, utils::read.csv, colClasses = c(encodes = "character", selected = "character")))
parts <- function(x) strsplit(x, "+", fixed = TRUE)
truth <- parts(d$encodes)
came <- parts(d$selected)
d$exact <- mapply(setequal, truth, came)
d$missed <- lengths(Map(setdiff, truth, came))
d$false <- lengths(Map(setdiff, came, truth))
d$there <- lengths(truth)

wilson <- function(k, n) {
  if (n == 0) return("")
  z <- 1.96
  middle <- (k + z^2 / 2) / (n + z^2)
  half <- z * sqrt(k * (n - k) / n + z^2 / 4) / (n + z^2)
  sprintf("%.3f (%.3f-%.3f)", k / n, max(middle - half, 0), min(middle + half, 1))
}

count <- function(d) {
  out <- do.call(rbind, lapply(split(d, d$method), function(m) {
    data.frame(method = m$method[1], neurons = nrow(m), exact = wilson(sum(m$exact), nrow(m)),
               missed = wilson(sum(m$missed), sum(m$there)), false = wilson(sum(m$false), sum(4 - m$there)),
               order = -mean(m$exact))
  }))
  out[order(out$order), c("method", "neurons", "exact", "missed", "false")]
}

for (drive in sort(unique(d$drive))) {
  cat(if (drive == 0) "Without an unobserved drive\n" else sprintf("With an unobserved drive (sd %g)\n", drive))
  print(count(d[d$drive == drive, ]), row.names = FALSE)
}
cat("All\n")
print(count(d), row.names = FALSE)
cat("Exact, by spikes and strength\n")
by <- stats::aggregate(exact ~ method + spikes + strength, d, mean)
print(round(stats::xtabs(exact ~ method + paste(spikes, strength, sep = " x "), by), 2))
