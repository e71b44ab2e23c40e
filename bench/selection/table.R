# Counts of bench/selection/results/cells-*.csv: per method the share of neurons whose covariates are found exactly, the
# misses per covariate that is there, the false inclusions per covariate that isn't, with 95 % intervals (Wilson).
#   Rscript bench/selection/table.R [--write=file.csv] [--few=methods]
# Neurons count that every method has seen but for those of --few (grpreg_bic,adelie_1se,stability_1se,adaptive_1se,adaptive_min,adaptive_paired,paired_1se,min_and_shift): these on
# what they have seen. --write: the counts, for the vignette.
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])))
source(file.path(here, "methods.R"))
files <- list.files(file.path(here, "results"), "^cells-.*csv$", full.names = TRUE)
d <- do.call(rbind, lapply(files, function(file) {
  cbind(run = basename(file), utils::read.csv(file, colClasses = c(encodes = "character", selected = "character")))
}))
parts <- function(x) strsplit(x, "+", fixed = TRUE)
truth <- parts(d$encodes)
came <- parts(d$selected)
d$exact <- mapply(setequal, truth, came)
d$missed <- lengths(Map(setdiff, truth, came))
d$false <- lengths(Map(setdiff, came, truth))
d$there <- lengths(truth)
d$absent <- 4 - d$there
d$neuron <- paste(d$run, d$seed)

options(width = 160)
few <- strsplit(option("few", "grpreg_bic,adelie_1se,stability_1se,adaptive_1se,adaptive_min,adaptive_paired,paired_1se,min_and_shift"), ",", fixed = TRUE)[[1]]
main <- setdiff(unique(d$method), few)
seen_by <- rowSums(table(d$neuron, d$method)[, main, drop = FALSE] > 0)
d <- d[d$neuron %in% names(seen_by)[seen_by == length(main)], ]

# Sums per method, within the columns `by`.
counts <- function(d, by = character()) {
  d$neurons <- 1
  sums <- stats::aggregate(d[c("neurons", "exact", "missed", "there", "false", "absent")], d[c(by, "method")], sum)
  sums[do.call(order, unname(sums[c(by, "method")])), ]
}

wilson <- function(k, n) {
  z <- 1.96
  middle <- (k + z^2 / 2) / (n + z^2)
  half <- z * sqrt(k * (n - k) / n + z^2 / 4) / (n + z^2)
  sprintf("%.3f (%.3f-%.3f)", k / n, pmax(middle - half, 0), pmin(middle + half, 1))
}

show <- function(title, sums) {
  cat(title, "\n")
  sums <- sums[order(-sums$exact / sums$neurons), ]
  print(with(sums, data.frame(method, neurons, exact = wilson(exact, neurons), missed = wilson(missed, there),
                              false = wilson(false, absent))), row.names = FALSE)
}

by_drive <- counts(d, "drive")
for (drive in unique(by_drive$drive)) {
  show(if (drive == 0) "Without an unobserved drive" else sprintf("With an unobserved drive (sd %g)", drive),
       by_drive[by_drive$drive == drive, ])
}
show("All", counts(d))
cat("Exact, by spikes and strength\n")
by_size <- counts(d, c("spikes", "strength"))
print(round(stats::xtabs(exact / neurons ~ method + paste(spikes, strength, sep = " x "), by_size), 2))
cat("False inclusions under the drive, by spikes\n")
driven <- counts(d[d$drive > 0, ], "spikes")
print(round(stats::xtabs(false / absent ~ method + spikes, driven), 2))
file <- option("write", "")
if (file != "") utils::write.csv(counts(d, c("drive", "spikes")), file, row.names = FALSE)
