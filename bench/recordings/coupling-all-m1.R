# Who drives whom among 171 motor cortex neurons (Stevenson et al. 2011): every neuron's past second through eight
# filters on a log axis, its own included, and the velocity of the hand, for each of the neurons: 1,368 columns of
# coupling in one design, 171 paths. `workers`: processes of a multisession plan; `checkpoint`: a folder to go on in.
#
#   NEUROLASSO_SHARED=<folder of recordings> Rscript bench/recordings/coupling-all-m1.R [lambdas] [neurons] [workers]
#     [checkpoint]

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "recording.R"))
args <- commandArgs(TRUE)
argument <- function(k, default) if (length(args) >= k) as.integer(args[k]) else default
n_lambda <- argument(1, 50L)
n_neuron <- argument(2, 171L)
n_worker <- argument(3, 1L)
checkpoint <- if (length(args) >= 4) args[4]

d <- read_recording("m1_stevenson2011.csv.gz")
counts <- as.matrix(d[grep("^n[0-9]+$", names(d))])
design <- expand_covariates(list(coupling = counts, velocity = cbind(x = d$vel_x, y = d$vel_y)),
                            list(coupling = basis_conv(basis_raised_cosine_log(8), window = 20),
                                 velocity = basis_bspline(5) * basis_bspline(5)))
rm(d)
targets <- counts[, seq_len(n_neuron), drop = FALSE]
if (n_worker > 1) future::plan("multisession", workers = n_worker)
fit <- cost_of(group_lasso(design, targets, n_lambda = n_lambda, lambda_min_ratio = 0.05, checkpoint = checkpoint))
report(sprintf("%d paths of %d lambdas on %d columns", n_neuron, n_lambda, ncol(design)), fit)
population <- fit$value
cat(sprintf("design %.0f MB (as a matrix %.0f), counts %.0f MB, result %.0f MB\n",
            object.size(unclass(design)$blocks) / 1e6, prod(dim(design)) * 8e-6, object.size(targets) / 1e6,
            object.size(population) / 1e6))
print(population)
# what a neuron's history does to itself, and to others, one fifth down the paths
is_in <- selected(population, fraction = 0.2)
drives <- is_in[sub("^coupling[.]", "", rownames(is_in)) %in% colnames(is_in), , drop = FALSE]
rownames(drives) <- sub("^coupling[.]", "", rownames(drives))
itself <- mapply(function(from, to) drives[from, to], rownames(drives), rownames(drives))
cat(sprintf("at 0.2 lambda_max: own history in for %d of %d, velocity for %d; median %g others drive a neuron\n",
            sum(itself), ncol(is_in), sum(is_in["velocity", ]),
            stats::median(colSums(is_in[rownames(is_in) != "velocity", , drop = FALSE]) - itself)))
draw("coupling-all-m1", height = 1300, plot(population, fraction = 0.2, main = "Who drives whom"))
