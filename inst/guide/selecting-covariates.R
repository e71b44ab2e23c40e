# The guide "Selecting covariates", as a script. The vignette of the same name takes its code from here.
# Writes selecting-covariates.svg to the folder in the environment variable NEUROLASSO_FIGURES, or to the
# working directory.

## ---- simulate ----
library(neurolasso)

# ten minutes on a linear maze; the neuron encodes position and nothing else
session <- simulate_session(duration = 600, encodes = "position", seed = 123)
session
position <- session$covariates$position # cm
speed <- session$covariates$speed       # cm/s
counts <- session$counts                # spikes per bin

## ---- fit ----
covariates <- list(position = position, speed = speed)
path <- group_lasso(covariates, counts, basis = basis_raised_cosine(6))
path

## ---- plot ----
plot(path, main = "Regularization path of grouped coefficients")

## ---- save ----
folder <- Sys.getenv("NEUROLASSO_FIGURES", unset = ".")
figure <- file.path(folder, "selecting-covariates.svg")
svg(figure, width = 7, height = 5)
plot(path, main = "Regularization path of grouped coefficients")
invisible(dev.off())

## ---- read ----
entry_order(path)
selected(path, lambda = path$lambda_max / 4)
summary(path, n = 6)

## ---- more ----
everything <- group_lasso(
  session$covariates, counts,
  basis = list(
    position = basis_bspline(10),
    speed = basis_bspline(6),
    head_direction = basis_cyclic(8, bounds = c(0, 2 * pi)),
    theta_phase = basis_cyclic(8, bounds = c(0, 2 * pi))
  ),
  offset = log(session$bin_width)
)
entry_order(everything)

## ---- tuning ----
curve <- tuning_curve(everything, "position", lambda = everything$lambda_max / 50)
place <- cut(position, seq(0, 200, by = 5), include.lowest = TRUE)
raw <- tapply(counts, place, mean) / session$bin_width # spikes/s in 5 cm of maze
plot(seq(2.5, 197.5, by = 5), raw, pch = 16, col = "grey60",
     ylim = c(0, 1.1 * max(raw)), las = 1, bty = "l",
     xlab = "position (cm)", ylab = "rate (spikes/s)")
lines(rate ~ position, curve, lwd = 2, col = "#0072B2")
text(105, 0.6 * max(raw), "model", col = "#0072B2", adj = 0)
text(105, 0.5 * max(raw), "spikes per second there", col = "grey50", adj = 0)

## ---- nemos ----
strengths <- 10^seq(-4, 0, length.out = 10) # np.geomspace(1e-4, 1, 10)
as_nemos <- group_lasso(covariates, counts, basis = basis_raised_cosine(6),
                        standardize = "none", lambda = strengths)
norms <- as_nemos$group_norms
colnames(norms) <- signif(as_nemos$lambda, 3)
round(t(norms), 4)
max(as_nemos$kkt)
