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
first <- head(grep("coupling", names(entry_order(path)), value = TRUE), 5)
draw("coupling-m1", height = 1100, {
  layout(rbind(c(1, 1, 1), c(2, 3, 4)), heights = c(3, 2))
  plot(path, main = paste("What drives", target), max_labels = 12)
  for (covariate in first[1:3]) draw_filter(path, covariate, lambda, bin_ms = 50)
})
