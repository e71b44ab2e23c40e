# What each method selects for recorded neurons, with a covariate that can't matter: 49 CA1 cells (ca1_nstat_animal1 of
# the shared recordings); position, speed, direction of movement, and position as it was 300 s ago.
#   Rscript bench/selection/recordings.R [--every=1] [--lambdas=25]
# Writes bench/selection/results/ca1.csv, a row per cell, and prints how often each covariate is selected, how often the
# first to enter is the one with the best held-out score, and how often the shifted one is in.
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])))
option <- function(name, default) {
  given <- grep(paste0("^--", name, "="), commandArgs(TRUE), value = TRUE)
  if (length(given) == 0) default else as.numeric(sub("^[^=]*=", "", given[1]))
}
suppressPackageStartupMessages(library(neurolasso))
d <- utils::read.csv(gzfile(file.path(Sys.getenv("NEUROLASSO_SHARED", file.path("..", "shared")), "data",
                                      "ca1_nstat_animal1.csv.gz")))
rate <- 30 # bins a second
velocity <- function(x) as.numeric(stats::filter(c(0, diff(x)), rep(1 / 11, 11), circular = TRUE)) * rate
vx <- velocity(d$x)
vy <- velocity(d$y)
rotate <- function(x, by) c(utils::tail(x, by), utils::head(x, -by))
covariates <- list(
  position = cbind(x = d$x, y = d$y), speed = pmin(sqrt(vx^2 + vy^2), 1), direction = atan2(vy, vx),
  ago = cbind(x = rotate(d$x, 300 * rate), y = rotate(d$y, 300 * rate))
)
place <- basis_bspline(8, bounds = c(-1, 1)) * basis_bspline(8, bounds = c(-1, 1))
design <- expand_covariates(covariates, list(position = place, speed = basis_bspline(5), ago = place,
                                             direction = basis_cyclic(8, bounds = c(-pi, pi))))
cells <- grep("^n", names(d), value = TRUE)
cells <- cells[colSums(d[cells]) >= 100]
cells <- cells[seq(1, length(cells), by = option("every", 1))]
one_line <- function(x) paste(names(covariates)[names(covariates) %in% x], collapse = "+")
rows <- lapply(cells, function(cell) {
  path <- group_lasso(design, d[[cell]], n_lambda = option("lambdas", 25), progress = FALSE)
  cv <- cv_group_lasso(path)
  set.seed(1)
  random <- cv_group_lasso(path, folds = "random")
  adaptive <- cv_group_lasso(design, d[[cell]], n_lambda = option("lambdas", 25), folds = cv$folds,
                             group_weights = adaptive_weights(cv), progress = FALSE)
  forward <- forward_selection(cv)
  single <- colMeans(forward$scores[[1]], na.rm = TRUE)
  data.frame(
    cell, spikes = sum(d[[cell]]), first = names(entry_order(path))[1], best_single = names(which.max(single)),
    bits = round(max(cv$cv_mean), 3), lambda_1se = one_line(selected(cv)),
    lambda_min = one_line(selected(cv, lambda = "lambda_min")), random_1se = one_line(selected(random)),
    random_min = one_line(selected(random, lambda = "lambda_min")), adaptive_1se = one_line(selected(adaptive)),
    bic = one_line(selected(path, lambda = path$lambda[which.min(BIC(path))])),
    shift = one_line(selected(shift_control(cv))), forward = one_line(selected(forward))
  )
})
table <- do.call(rbind, rows)
utils::write.csv(table, file.path(here, "results", "ca1.csv"), row.names = FALSE)
cat(sprintf("%d cells; the first to enter is the best single one in %d\n", nrow(table),
            sum(table$first == table$best_single)))
methods <- names(table)[-(1:5)]
print(vapply(methods, function(m) {
  vapply(names(covariates), function(name) sum(name == unlist(strsplit(table[[m]], "+", fixed = TRUE))), 0)
}, double(4)))
