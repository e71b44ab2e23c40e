# 171 neurons of motor cortex while a hand moves (Stevenson et al. 2011): position, velocity, speed and what the hand
# will do in 100 and 200 ms, for all neurons or none, and for each by itself.
#
#   NEUROLASSO_SHARED=<folder of recordings> Rscript bench/recordings/joint-m1.R [lambdas]

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "recording.R"))

args <- commandArgs(TRUE)
n_lambda <- if (length(args) > 0) as.integer(args[1]) else 100L

d <- read_recording("m1_stevenson2011.csv.gz")
counts <- as.matrix(d[grep("^n[0-9]+$", names(d))])
ahead <- function(x, bins) c(x[-seq_len(bins)], rep(NA, bins))
velocity <- function(bins) cbind(x = ahead(d$vel_x, bins), y = ahead(d$vel_y, bins))
covariates <- list(position = cbind(x = d$pos_x, y = d$pos_y), velocity = cbind(x = d$vel_x, y = d$vel_y),
                   velocity_100ms = velocity(2), velocity_200ms = velocity(4), speed = sqrt(d$vel_x^2 + d$vel_y^2),
                   noise = rnorm(nrow(d)))
plane <- basis_bspline(5) * basis_bspline(5)
bases <- list(position = plane, velocity = plane, velocity_100ms = plane, velocity_200ms = plane,
              speed = basis_bspline(6), noise = basis_bspline(6))
design <- expand_covariates(covariates, bases)

compare_joint("joint-m1", "171 neurons of motor cortex, joint", design, counts, n_lambda = n_lambda)
