# Who drives one of 171 motor cortex neurons (Stevenson et al. 2011): every neuron's past second through eight
# filters on a log axis, its own included, and the velocity of the hand. 1,368 columns of coupling.
#
#   NEUROLASSO_SHARED=<folder of recordings> Rscript bench/recordings/coupling-m1.R [neuron] [lambdas]

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "recording.R"))
args <- commandArgs(TRUE)
target <- if (length(args) > 0) args[1] else "n134"
n_lambda <- if (length(args) > 1) as.integer(args[2]) else 100L

d <- read_recording("m1_stevenson2011.csv.gz")
counts <- as.matrix(d[grep("^n[0-9]+$", names(d))])
covariates <- list(coupling = counts, velocity = cbind(x = d$vel_x, y = d$vel_y))
bases <- list(coupling = basis_conv(basis_raised_cosine_log(8), window = 20),
              velocity = basis_bspline(5) * basis_bspline(5))
rm(d)

design <- cost_of(expand_covariates(covariates, bases))
report("expand", design)
storage <- vapply(unclass(design$value)$blocks, function(block) as.numeric(object.size(block)), 0)
tables <- vapply(unclass(design$value)$blocks, function(block) !is.null(block$index), TRUE)
cat(sprintf("%d bins, %d columns, %d of %d covariates as tables; %.0f MB, as a matrix %.0f MB\n", nrow(design$value),
            ncol(design$value), sum(tables), length(tables), sum(storage) / 1e6, prod(dim(design$value)) * 8e-6))
fit <- cost_of(group_lasso(design$value, counts[, target], n_lambda = n_lambda, lambda_min_ratio = 0.05,
                           progress = FALSE))
report("fit", fit)
path <- fit$value
print(path)
cat("largest KKT residual", format(max(path$kkt), digits = 2), "\n")

lambda <- path$lambda[which.min(abs(path$lambda - 0.15 * path$lambda_max))]
free <- refit(path, lambda = lambda)
entered <- grep("coupling", names(entry_order(path)), value = TRUE)
own <- paste0("coupling.", target)
others <- setdiff(entered, own)[1:2]
velocity <- tuning_curve(path, "velocity", lambda = lambda, n = 41)
draw("coupling-m1", height = 1150, width = 1700, {
  layout(rbind(rep(1, 4), 2:5), heights = c(3, 2))
  plot(path, main = paste("What drives", target), max_labels = 12)
  par(mar = c(4.5, 4.5, 3, 1), mgp = c(2.8, 0.7, 0))
  draw_filter(path, free, own, lambda, 50, "its own past")
  limits <- 100 * (exp(range(sapply(others, function(o) range(tuning_curve(free, o)[c("lower", "upper")])))) - 1)
  for (o in others) draw_filter(path, free, o, lambda, 50, sub("coupling.", "from ", o, fixed = TRUE), limits)
  image(sort(unique(velocity$x)), sort(unique(velocity$y)), matrix(velocity$rate / 0.05, 41, byrow = TRUE), las = 1,
        col = hcl.colors(64, "YlGnBu", rev = TRUE), xlab = "hand velocity, x", ylab = "hand velocity, y",
        main = "rate (spikes/s)")
  contour(sort(unique(velocity$x)), sort(unique(velocity$y)), matrix(velocity$rate / 0.05, 41, byrow = TRUE),
          add = TRUE, col = "grey30")
})
