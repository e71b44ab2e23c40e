# How each package is asked for the path. A package is a list of
#   scale      whose optimality its answer is held to: "none" (the penalty lambda sqrt(p_g) ||beta_g||),
#              "group" (the same on orthonormalised groups), "lasso" (every column on its own)
#   settings   defaults of what can be tightened
#   arrange    what is made ready before the clock starts
#   fit        the call that is timed
#   answer     lambda, intercept, coefficients (p x L) of the fit
#   note       what a reader of the table should know

# ---- ours: from raw covariates -------------------------------------------------------------------

our_basis <- function(basis) {
  if (is.null(basis)) return(NULL)
  switch(basis$kind, bspline = neurolasso::basis_bspline(basis$n_basis),
         raised_cosine = neurolasso::basis_raised_cosine(basis$n_basis))
}

# Versions without threads run on one.
our_control <- function(threads) {
  if ("n_threads" %in% names(formals(neurolasso::group_lasso_control))) {
    return(neurolasso::group_lasso_control(n_threads = threads))
  }
  if (threads > 1) stop("this neurolasso has no n_threads")
  neurolasso::group_lasso_control()
}

fit_ours <- function(input) {
  problem <- input$problem
  fit <- function(...) {
    neurolasso::group_lasso(problem$covariates, problem$counts, basis = our_basis(problem$basis),
                            standardize = input$scale, control = our_control(input$threads),
                            progress = FALSE, ...)
  }
  if (!is.null(input$lambda)) return(fit(lambda = input$lambda))
  fit(n_lambda = problem$lambda$n, lambda_min_ratio = problem$lambda$ratio)
}

our_answer <- function(fit, input) {
  list(lambda = fit$lambda, intercept = unname(fit$intercept), coefficients = unname(fit$coefficients))
}

ours <- function(scale, note = "") {
  list(scale = scale, settings = list(), arrange = function(input) c(input, scale = scale), fit = fit_ours,
       answer = our_answer, note = note)
}

# ---- peers: from a ready dense matrix ------------------------------------------------------------

group_index <- function(input) {
  rep(seq_along(input$starts), diff(c(input$starts, ncol(input$X) + 1)))
}

with_index <- function(input) c(input, list(index = group_index(input)))

fit_adelie <- function(input) {
  adelie::grpnet(input$X, adelie::glm.poisson(input$y), groups = input$starts, lambda = input$lambda,
                 standardize = FALSE, adev_tol = 1, early_exit = FALSE, n_threads = input$threads,
                 tol = input$settings$tol, irls_tol = input$settings$irls_tol)
}

adelie_answer <- function(fit, input) {
  list(lambda = fit$state$lmdas, intercept = fit$state$intercepts,
       coefficients = Matrix::t(fit$state$betas))
}

fit_grpreg <- function(input) {
  grpreg::grpreg(input$X, input$y, group = input$index, penalty = "grLasso", family = "poisson",
                 lambda = input$lambda)
}

grpreg_answer <- function(fit, input) {
  list(lambda = fit$lambda, intercept = unname(fit$beta[1, ]),
       coefficients = unname(fit$beta[-1, , drop = FALSE]))
}

fit_grpnet <- function(input) {
  grpnet::grpnet(input$X, input$y, group = input$index, family = "poisson", lambda = input$lambda,
                 standardized = FALSE, orthogonalized = FALSE)
}

grpnet_answer <- function(fit, input) {
  list(lambda = fit$lambda, intercept = unname(fit$a0), coefficients = unname(as.matrix(fit$beta)))
}

# Its loss is the sum over bins, not the mean.
fit_grplasso <- function(input) {
  grplasso::grplasso(input$X, input$y, index = input$index, lambda = input$lambda * length(input$y),
                     model = grplasso::PoissReg(), standardize = FALSE,
                     control = grplasso::grpl.control(trace = 0))
}

arrange_grplasso <- function(input) {
  input <- with_index(input)
  input$index <- c(NA, input$index)
  input$X <- cbind(1, input$X)
  input
}

grplasso_answer <- function(fit, input) {
  beta <- unname(fit$coefficients)
  list(lambda = unname(fit$lambda) / length(input$y), intercept = beta[1, ],
       coefficients = beta[-1, , drop = FALSE])
}

fit_sparsegl <- function(input) {
  sparsegl::sparsegl(input$X, input$y, group = input$index, family = stats::poisson(), lambda = input$lambda,
                     asparse = 0, standardize = FALSE)
}

sparsegl_answer <- function(fit, input) {
  list(lambda = fit$lambda, intercept = unname(fit$b0), coefficients = fit$beta)
}

# Another problem, so on its own grid where ours was made from the data.
fit_glmnet <- function(input) {
  fit <- function(...) glmnet::glmnet(input$X, input$y, family = "poisson", standardize = FALSE, ...)
  if (!is.null(input$grid$values)) return(fit(lambda = input$grid$values))
  fit(nlambda = input$grid$n, lambda.min.ratio = input$grid$ratio)
}

glmnet_answer <- function(fit, input) {
  list(lambda = fit$lambda, intercept = unname(fit$a0), coefficients = fit$beta)
}

peer <- function(fit, answer, scale = "none", settings = list(), arrange = identity, note = "") {
  list(scale = scale, settings = settings, arrange = arrange, fit = fit, answer = answer, note = note)
}

packages <- list(
  neurolasso = ours("none"),
  neurolasso_group = ours("group", "standardised groups"),
  adelie = peer(fit_adelie, adelie_answer, settings = list(tol = 1e-7, irls_tol = 1e-7)),
  grpreg = peer(fit_grpreg, grpreg_answer, scale = "group", arrange = with_index,
                note = "standardised groups"),
  grpnet = peer(fit_grpnet, grpnet_answer, arrange = with_index),
  grplasso = peer(fit_grplasso, grplasso_answer, arrange = arrange_grplasso),
  sparsegl = peer(fit_sparsegl, sparsegl_answer, arrange = with_index),
  glmnet = peer(fit_glmnet, glmnet_answer, scale = "lasso", note = "plain lasso: another problem")
)
