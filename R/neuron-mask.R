# neuron-mask.R: groups of pairs of a column and a neuron, as NeMoS's masks have them: groups x columns x neurons.
#
# What read_neuron_mask() returns has, beside what read_groups() does (columns and free: of any neuron),
# by_neuron: for each neuron list(columns, free) with the same names, where a group may be without columns.

# An array of three dimensions, or a list of such, one for each covariate.
is_neuron_mask <- function(x) {
  is_cube <- function(x) is.array(x) && length(dim(x)) == 3
  is_cube(x) || (is.list(x) && !is.data.frame(x) && length(x) > 0 && all(vapply(x, is_cube, TRUE)))
}

read_neuron_mask <- function(mask, design) {
  if (is.list(mask)) mask <- join_cubes(mask, covariate_columns(design))
  fields <- unclass(design)
  check_mask(mask, fields)
  if (!is.null(colnames(mask))) mask <- mask[, in_column_order(colnames(mask), fields$columns), , drop = FALSE]
  names <- group_names(rownames(mask), nrow(mask))
  if (anyDuplicated(names)) refuse_groups("must have a name of its own for each group; more than one: ",
                                          quoted(repeated(names)), ".")
  sets <- function(flags) stats::setNames(lapply(seq_along(names), function(g) unname(which(flags[g, ]))), names)
  by_neuron <- lapply(seq_len(dim(mask)[3]), function(k) {
    columns <- sets(matrix(mask[, , k] == 1, nrow(mask)))
    list(columns = columns, free = free_columns(columns, fields))
  })
  # every neuron has the same free groups, some of them without columns
  free <- unique(unlist(lapply(by_neuron, function(own) names(own$free))))
  free <- stats::setNames(as.list(free), free)
  by_neuron <- lapply(by_neuron, function(own) {
    list(columns = own$columns, free = lapply(free, function(name) own$free[[name]] %||% integer()))
  })
  list(columns = sets(apply(mask == 1, 1:2, any)),
       free = lapply(free,
                     function(name) sort(unique(unlist(lapply(by_neuron, function(own) own$free[[name]]))))),
       by_neuron = by_neuron, neurons = dimnames(mask)[[3]])
}

check_mask <- function(mask, fields) {
  if (!(is.numeric(mask) || is.logical(mask)) || anyNA(mask) || !all(mask %in% 0:1)) {
    refuse_groups("must be an array of 0 and 1, groups x columns x neurons, and has other values.")
  }
  if (ncol(mask) != length(fields$columns)) {
    refuse_groups("must have a column (second dimension) for each of the ", length(fields$columns),
                  " columns, and has ", ncol(mask), ".")
  }
  empty <- apply(mask == 0, 1, all)
  if (any(empty) || nrow(mask) == 0) {
    where <- if (nrow(mask) == 0) "it at all" else paste("group", paste(first_few(which(empty), 6), collapse = ", "))
    refuse_groups("must have a pair of a column and a neuron in every group; there is none in ", where, ".")
  }
}

# One array of those of all covariates (numbers of their columns), in their order.
join_cubes <- function(masks, covariates) {
  masks <- masks_in_order(masks, names(covariates))
  size <- vapply(masks, dim, integer(3))
  fits <- size[2, ] == lengths(covariates) & size[1, ] == size[1, 1] & size[3, ] == size[3, 1]
  if (!all(fits)) {
    refuse_groups("must have masks of as many groups and neurons, and of as many columns as the covariate has; `",
                  names(masks)[!fits][1], "` has the dimensions ",
                  paste(size[, !fits, drop = FALSE][, 1], collapse = " x "), ".")
  }
  slices <- lapply(seq_len(size[3, 1]), function(k) {
    unname(do.call(cbind, lapply(masks, function(mask) matrix(mask[, , k], nrow(mask)))))
  })
  array(unlist(slices), c(size[1, 1], sum(size[2, ]), size[3, 1]),
        list(rownames(masks[[1]]), NULL, dimnames(masks[[1]])[[3]]))
}

# ---- neurons and their groups --------------------------------------------------------------------

# The groups of neuron k. x: groups, or the fields of a population.
neuron_groups <- function(x, k) {
  if (!is.null(x$by_neuron)) return(x$by_neuron[[k]])
  list(columns = if (is.null(x$groups)) x$columns else x$groups, free = x$free, overlap = x$overlap)
}

# The same for its path, without free groups that have no columns of its own. k: a
# number, or, of a population, a name.
own_groups <- function(x, k) {
  groups <- neuron_groups(x, k)
  groups$free <- groups$free[lengths(groups$free) > 0]
  groups$overlap <- x$overlap
  groups
}

# How many neurons share a group, in words; x: the fields of a population.
describe_mask <- function(x) {
  sharing <- rowSums(matrix(vapply(x$by_neuron, function(own) lengths(own$columns) > 0,
                                   logical(length(x$groups))),
                            length(x$groups)))
  range <- unique(range(sharing))
  sprintf("Groups are shared by %s%s: each is in for all of its neurons or for none",
          if (length(range) == 2) paste(range[1], "to ") else "", count_of(max(range), "neuron"))
}

# The groups of one neuron alone, for a path.
groups_of_one <- function(groups) {
  if (is.null(groups$by_neuron)) return(groups)
  if (length(groups$by_neuron) != 1) {
    refuse_groups("is a mask for ", length(groups$by_neuron), " neurons, but `counts` are one neuron's.")
  }
  own_groups(groups, 1)
}

# Neurons (numbers) divided by their groups.
like_groups <- function(groups, members) {
  if (is.null(groups$by_neuron)) return(list(members))
  key <- vapply(groups$by_neuron[members], function(own) paste(deparse(unname(own$columns)), collapse = ""), "")
  unname(split(members, factor(key, unique(key))))
}

# Sets of neurons that share groups, directly or through others.
sets_of_mask <- function(neurons, names, groups) {
  if (length(groups$by_neuron) != length(names)) {
    refuse_groups("must have as many neurons (third dimension of a mask groups x columns x neurons) as `counts`, ",
                  length(names), ", and has ", length(groups$by_neuron), ".")
  }
  if (!is.null(groups$neurons) && !identical(groups$neurons, names)) {
    refuse_groups("must have the neurons in the order of `counts` (", quoted(names), "), not ",
                  quoted(groups$neurons), ".")
  }
  if (!is.character(neurons) || !"separate" %in% neurons) {
    stop_input("`neurons` must be left out where `groups` is a mask groups x columns x neurons, which says itself ",
               "who shares.", arg = "neurons")
  }
  has <- vapply(groups$by_neuron, function(own) lengths(own$columns) > 0, logical(length(groups$columns)))
  has <- matrix(has, length(groups$columns))
  set <- seq_along(names)
  repeat {
    before <- set
    for (g in seq_len(nrow(has))) set[has[g, ]] <- min(set[has[g, ]])
    if (identical(set, before)) break
  }
  unname(split(seq_along(names), set))
}
