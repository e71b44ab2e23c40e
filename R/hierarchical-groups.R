#' Groups for interactions that enter only with their main effects
#'
#' A place-by-direction term says little where place itself isn't in the model. These groups, for `groups =` of
#' [group_lasso()], make each covariate a group, and put into the group of an interaction its main effects as well:
#' the interaction is in only together with them, while they may be in without it.
#'
#' A group that has other groups' columns overlaps with them, so the penalty is the latent group lasso (see
#' [group_lasso()], Groups): a main effect's coefficients are the sum of a part of its own and of one part for each
#' interaction that is in.
#'
#' @section What is guaranteed:
#' An interaction's coefficients are zero unless its group is in. Where it is, the part of its group is a multiple of
#' the gradient of the loss at all of the group's columns, mapped by an invertible matrix, and so the main effects'
#' coefficients are not zero either, but for cancellations to the last digit, which data don't produce. (With
#' `standardize = "group"` the map has the rank of the columns' covariance, and an interaction that spans its main
#' effects, as a product of B-splines does, shares its part with them.) `selected(path)` names the groups; a
#' covariate is in the model if its own group is, or that of an interaction of it:
#' `selected(path, by = "covariate")`.
#'
#' @param ... One argument for each interaction: named by the covariate that is the interaction, its value are the
#'   names of the covariates that must come with it. Or, without a name, the name of a covariate made of others' with
#'   colons, `"position:direction"`, as a formula calls a product: its parents are all covariates whose parts are
#'   among its own (`"a"`, `"b"`, `"c"`, `"a:b"`, ... of `"a:b:c"`), and each single part must be one. Parents'
#'   parents come along. Covariates that are not mentioned are groups by themselves.
#' @return An object of class `hierarchical_groups`: for each interaction its parents, or NULL where its name tells.
#' @references
#' Overlap: Jacob, Obozinski and Vert (2009), Proc 26th ICML, 433, \doi{10.1145/1553374.1553431}. Hierarchies by it:
#' Lim and Hastie (2015), J Comput Graph Stat 24:627, \doi{10.1080/10618600.2014.938812}; Yan and Bien (2017), Stat
#' Sci 32:531, \doi{10.1214/17-STS622}.
#' @examples
#' session <- simulate_session(300, encodes = c("position", "head_direction"), seed = 1)
#' covariates <- session$covariates[c("position", "head_direction", "speed")]
#' covariates$both <- cbind(covariates$position, covariates$head_direction)
#' place <- basis_bspline(5)
#' compass <- basis_cyclic(4, bounds = c(0, 2 * pi))
#' bases <- list(position = place, head_direction = compass, speed = place, both = place * compass)
#' path <- group_lasso(covariates, session$counts, bases, n_lambda = 20,
#'                     groups = hierarchical_groups(both = c("position", "head_direction")))
#' path
#' selected(path, lambda = path$lambda_max / 3)
#' # the same with a formula, whose names tell
#' data <- data.frame(session$covariates, counts = session$counts)
#' group_lasso(counts ~ basis_bspline(position, 5) + basis_bspline(speed, 5) +
#'               basis_bspline(position, 5) * basis_bspline(speed, 5),
#'             data, groups = hierarchical_groups("position:speed"), n_lambda = 20)
#' @export
hierarchical_groups <- function(...) {
  parents <- list(...)
  named <- nzchar(names(parents) %||% rep("", length(parents)))
  is_text <- vapply(parents, function(x) is.character(x) && length(x) > 0 && !anyNA(x), TRUE)
  if (length(parents) == 0 || !all(is_text) || any(lengths(parents[!named]) != 1)) {
    stop_input("give each interaction as `interaction = c(\"a\", \"b\")`, its main effects' names, or as a name ",
               "like \"a:b\".", arg = "...")
  }
  names <- unlist(Map(function(x, name) if (nzchar(name)) name else x, parents, names(parents) %||% ""))
  parents[!named] <- list(NULL)
  if (anyDuplicated(names)) {
    stop_input("give each interaction once; more than once: ", quoted(repeated(names)), ".", arg = "...")
  }
  structure(stats::setNames(parents, names), class = "hierarchical_groups")
}

#' @export
print.hierarchical_groups <- function(x, ...) {
  cat("<hierarchical_groups>\n")
  for (name in names(x)) {
    with <- if (is.null(x[[name]])) gsub(":", ", ", name, fixed = TRUE) else toString(x[[name]])
    cat(sprintf("  %s enters with %s\n", name, with))
  }
  invisible(x)
}

# The columns of each covariate with those of all that must come with it. covariates: of covariate_columns().
hierarchy_sets <- function(hierarchy, covariates) {
  names <- names(covariates)
  unknown <- setdiff(c(names(hierarchy), unlist(hierarchy)), names)
  if (length(unknown) > 0) {
    refuse_groups("must be of covariates, ", quoted(names), "; there is no ", quoted(unknown), ".")
  }
  parents <- lapply(stats::setNames(names, names), function(name) {
    if (!name %in% names(hierarchy)) return(character())
    hierarchy[[name]] %||% parents_by_name(name, names)
  })
  with <- lapply(names, with_ancestors, parents)
  stats::setNames(lapply(with, function(x) sort(unlist(covariates[x], use.names = FALSE))), names)
}

# Covariates whose parts, between colons, are some of a covariate's.
parents_by_name <- function(name, names) {
  parts <- strsplit(c(name, names), ":", fixed = TRUE)
  own <- parts[[1]]
  absent <- setdiff(own, names)
  if (length(own) < 2 || length(absent) > 0) {
    refuse_groups("has `", name, "` without its main effects: ",
                  if (length(own) < 2) "its name has no parts between colons" else
                    paste("there is no covariate", quoted(absent)), ". Give them by name.")
  }
  setdiff(names[vapply(parts[-1], function(x) all(x %in% own), TRUE)], name)
}

# A covariate, its parents, theirs, and so on.
with_ancestors <- function(name, parents) {
  all <- name
  new <- parents[[name]]
  while (length(new) > 0) {
    if (name %in% new) refuse_groups("must not have `", name, "` among its own main effects.")
    all <- union(all, new)
    new <- setdiff(unlist(parents[new]), setdiff(all, name))
  }
  all
}
