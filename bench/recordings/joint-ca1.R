# 49 neurons of CA1 in an open field (nSTAT, Barbieri et al. 2004): which of place, heading, speed and time they encode
# together, and what that says beside fits of each neuron by itself.
#
#   NEUROLASSO_SHARED=<folder of recordings> Rscript bench/recordings/joint-ca1.R

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "recording.R"))

d <- read_recording("ca1_nstat_animal1.csv.gz")
counts <- as.matrix(d[grep("^n[0-9]+$", names(d))])
step <- c(0, sqrt(diff(d$x)^2 + diff(d$y)^2)) * 30
covariates <- list(place = cbind(x = d$x, y = d$y), speed = pmin(step, quantile(step, 0.995)),
                   heading = atan2(c(0, diff(d$y)), c(1, diff(d$x))), time = d$time,
                   noise = rnorm(nrow(d)))
bases <- list(place = basis_bspline(8) * basis_bspline(8), speed = basis_bspline(5),
              heading = basis_cyclic(8, bounds = c(-pi, pi)), time = basis_bspline(8), noise = basis_bspline(5))
design <- expand_covariates(covariates, bases)

compare_joint("joint-ca1", "49 neurons of CA1, joint", design, counts)
