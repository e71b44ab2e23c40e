/* strips.h: cross products of dense columns, eight at a time through the kernels that make
 * gradients. */
#ifndef NL_STRIPS_H
#define NL_STRIPS_H

#include "cross.h"

/* Sets n_strip: the sums of all strips, or of a batch of them that takes up to `most` doubles. */
void nl_strips_need(const nl_design *design, const nl_cross_list *list, size_t most,
                    nl_cross_need *need);

/* Adds the products of which a dense block is a part to out, as nl_cross does. */
void nl_strips_products(const nl_design *design, const nl_cross_list *list,
                        const double *weight, double *out, size_t ld,
                        const nl_cross_need *need, nl_cross_space *space,
                        const nl_hook *hook);

#endif
