# What each method selects for recorded neurons, with a covariate that can't matter: 49 CA1 cells (ca1_nstat_animal1 of
# the shared recordings) and a grid cell (mec_gerlei2020); position, speed, direction, and position as it was 300 s ago.
#   Rscript bench/selection/recordings.R [--lambdas=25] [--minutes=10] [--methods=...] [--every=1] [--write=file.csv]
# Adds a row per cell and method to bench/selection/results/recordings.csv, where it isn't there yet, and prints how often
# each covariate is selected, and how often the first to enter is the one with the best held-out score by itself. --write:
# the counts, for the vignette.
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])))
.libPaths(c(.libPaths(), Sys.getenv("NEUROLASSO_BENCH_LIBRARY", file.path(dirname(here), "library"))))
source(file.path(here, "methods.R"))
names_of <- c("position", "speed", "direction", "ago")

# Not selections, but what the path and single covariates say.
methods$first <- function(s) names(neurolasso::entry_order(s$path))[1]
methods$best_single <- function(s) {
  only_first_step <- neurolasso::forward_selection(s$path, alpha = 0)
  names(which.max(colMeans(only_first_step$scores[[1]], na.rm = TRUE)))
}

read_recording <- function(file) {
  folder <- Sys.getenv("NEUROLASSO_SHARED", file.path("..", "shared"))
  utils::read.csv(gzfile(file.path(folder, "data", file)))
}

rotate <- function(x, by) c(utils::tail(x, by), utils::head(x, -by))

# list(design, counts = one column per cell, offset)
ca1 <- function() {
  d <- read_recording("ca1_nstat_animal1.csv.gz")
  rate <- 30 # bins a second
  velocity <- function(x) as.numeric(stats::filter(c(0, diff(x)), rep(1 / 11, 11), circular = TRUE)) * rate
  vx <- velocity(d$x)
  vy <- velocity(d$y)
  covariates <- list(
    position = cbind(x = d$x, y = d$y), speed = pmin(sqrt(vx^2 + vy^2), 1), direction = atan2(vy, vx),
    ago = cbind(x = rotate(d$x, 300 * rate), y = rotate(d$y, 300 * rate))
  )
  place <- neurolasso::basis_bspline(8, bounds = c(-1, 1)) * neurolasso::basis_bspline(8, bounds = c(-1, 1))
  bases <- list(position = place, speed = neurolasso::basis_bspline(5), ago = place,
                direction = neurolasso::basis_cyclic(8, bounds = c(-pi, pi)))
  list(design = neurolasso::expand_covariates(covariates, bases), counts = d[grep("^n", names(d))])
}

grid <- function() {
  d <- read_recording("mec_gerlei2020_M12_2018-04-10.csv.gz")
  shift <- which(cumsum(d$dt) > 300)[1]
  keep <- d$speed < 50
  covariates <- list(
    position = cbind(x = d$x, y = d$y)[keep, ], speed = d$speed[keep], direction = d$hd_deg[keep],
    ago = cbind(x = rotate(d$x, shift), y = rotate(d$y, shift))[keep, ]
  )
  place <- neurolasso::basis_bspline(9) * neurolasso::basis_bspline(9)
  bases <- list(position = place, speed = neurolasso::basis_bspline(6), ago = place,
                direction = neurolasso::basis_cyclic(12, bounds = c(-180, 180)))
  list(design = neurolasso::expand_covariates(covariates, bases), counts = data.frame(grid = d$n_c2[keep]),
       offset = log(d$dt[keep]))
}

out <- file.path(here, "results", "recordings.csv")
done <- if (file.exists(out)) utils::read.csv(out)[c("cell", "method")] else data.frame(cell = "", method = "")
asked <- asked_methods(c("first", "best_single", "default", "lambda_1se", "lambda_min", "random_1se", "random_min", "bic",
                         "shift", "forward"))
end <- Sys.time() + 60 * option("minutes", 10)
for (recording in list(grid, ca1)) {
  data <- recording()
  columns <- if (any(grepl("^grpreg|^adelie", asked))) dense_columns(data$design)
  for (cell in names(data$counts)[seq(1, length(data$counts), by = option("every", 1))]) {
    left <- setdiff(asked, done$method[done$cell == cell])
    if (Sys.time() > end || length(left) == 0) next
    study <- new_study(data$design, data$counts[[cell]], option("lambdas", 25), columns, data$offset)
    add_rows(data.frame(cell, spikes = sum(data$counts[[cell]]), method = left,
                        selected = ask_methods(left, study, names_of, 1)), out)
  }
}

table <- utils::read.csv(out, colClasses = c(selected = "character"))
cells <- table[table$cell != "grid", ]
counts <- do.call(rbind, lapply(split(cells, cells$method), function(m) {
  parts <- strsplit(m$selected, "+", fixed = TRUE)
  there <- vapply(names_of, function(name) sum(vapply(parts, function(p) name %in% p, TRUE)), 0)
  data.frame(method = m$method[1], cells = nrow(m), t(there))
}))
print(counts, row.names = FALSE)
file <- option("write", "")
if (file != "") utils::write.csv(counts[!counts$method %in% c("first", "best_single"), ], file, row.names = FALSE)
both <- merge(cells[cells$method == "first", ], cells[cells$method == "best_single", ], by = "cell")
cat(sprintf("The first to enter has the best held-out score by itself in %d of %d CA1 cells.\n",
            sum(both$selected.x == both$selected.y), nrow(both)))
cat("The grid cell:\n")
print(table[table$cell == "grid", c("method", "selected")], row.names = FALSE)
