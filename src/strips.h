/* strips.h: cross products of dense columns, eight at a time through the kernels that make
 * gradients. */
#ifndef NL_STRIPS_H
#define NL_STRIPS_H

#include "cross.h"

/* Sets n_strip: the sums of all strips, or of a batch of them that takes up to `most` doubles. */
void nl_strips_need(const nl_design *design, const nl_cross_list *list, size_t most,
                    nl_cross_need *need);

/* Writes the products of which a dense block is a part into out. */
void nl_strips_products(const nl_cross_work *work, const nl_hook *hook);

#endif
