# A place cell on a linear track in bins of 1 ms (Kramer and Eden 2016, chapter 9): place x direction, and the
# cell's own last 150 ms.
#
#   NEUROLASSO_SHARED=<folder of recordings> Rscript bench/recordings/history-ca1.R [n1|n2]

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "recording.R"))
args <- commandArgs(TRUE)
cell <- if (length(args) > 0) args[1] else "n1"

d <- read_recording("ca1_kramereden_ch9.csv.gz")
other <- setdiff(c("n1", "n2"), cell)
past <- basis_conv(basis_raised_cosine_log(8), window = 150)
covariates <- list(place = cbind(x = d$x, dir = d$dir), history = d[[cell]], other_cell = d[[other]],
                   delayed_direction = d$dir)
bases <- list(place = basis_bspline(10) * basis_factor(), history = past, other_cell = past,
              delayed_direction = basis_conv(basis_bspline(5), window = 150))

fit <- cost_of(group_lasso(covariates, d[[cell]], bases, offset = log(0.001), progress = FALSE))
report("expand and fit", fit)
path <- fit$value
print(path)
print(path$design)
print(entry_order(path))
cat("largest KKT residual", format(max(path$kkt), digits = 2), "\n")

lambda <- path$lambda[which.min(abs(path$lambda - 0.05 * path$lambda_max))]
free <- refit(path, lambda = lambda)
print(free)
draw("history-ca1", height = 1150, width = 1700, {
  layout(rbind(c(1, 1), c(2, 3)), heights = c(3, 2))
  plot(path, main = paste("CA1 cell", cell))
  par(mar = c(4.5, 4.5, 3, 1), mgp = c(2.8, 0.7, 0))
  place <- tuning_curve(path, "place", lambda = lambda)
  runs <- split(place, place$dir)
  raw <- lapply(split(seq_len(nrow(d)), d$dir), function(at) raw_curve(d$x[at], d[[cell]][at], seq(0, 100, 5), 0.001))
  colours <- c("#0072B2", "#D55E00")
  matplot(runs[[1]]$x, sapply(runs, `[[`, "rate"), type = "l", lty = 1, lwd = 2,
          ylim = c(0, max(sapply(runs, `[[`, "rate"), sapply(raw, function(r) max(r$rate + r$se, na.rm = TRUE)))),
          col = colours, las = 1, bty = "l", xlab = "position (cm)", ylab = "rate (spikes/s)",
          main = "place: model (lines), spikes over time spent (points)")
  for (k in seq_along(raw)) {
    points(raw[[k]]$x, raw[[k]]$rate, pch = 19, cex = 0.8, col = colours[k])
    segments(raw[[k]]$x, raw[[k]]$rate - raw[[k]]$se, y1 = raw[[k]]$rate + raw[[k]]$se, col = colours[k])
  }
  legend("topleft", paste("direction", names(runs)), col = colours, lwd = 2, bty = "n")
  draw_filter(path, free, "history", lambda, 1, "its own past: penalised (line), refitted (dashed, 95 %)")
})
