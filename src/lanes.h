/* lanes.h: eight coefficient vectors at a time. Arrays "in lanes" hold NL_LANES numbers
 * for each entry, side by side: entry i of lane v is x[i * NL_LANES + v]. A pass over the
 * data reads every covariate once for all of them.
 *
 * Kernels are written for nl_v, a vector of NL_VECTOR doubles with + - * /: four of them
 * where the compiler has vector types (GCC, clang), one elsewhere, so the same source is
 * plain C99 then. NL_CLONES compiles a kernel for several processors and picks one when
 * the package is loaded, where the compiler and the C library can (GCC on x86-64 with
 * glibc). */
#ifndef NL_LANES_H
#define NL_LANES_H

#include <stddef.h>
#include <stdint.h>

enum { NL_LANES = 8 };

#if defined(__GNUC__)
typedef double nl_v __attribute__((vector_size(32), aligned(8), may_alias));
enum { NL_VECTOR = 4 };
#else
typedef double nl_v;
enum { NL_VECTOR = 1 };
#endif
enum { NL_HALVES = NL_LANES / NL_VECTOR }; /* vectors that make up all lanes */

/* All lanes in single precision. */
#if defined(__GNUC__)
typedef float nl_f __attribute__((vector_size(32), aligned(4), may_alias));
enum { NL_FLOATS = 8 };
#else
typedef float nl_f;
enum { NL_FLOATS = 1 };
#endif

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 && defined(__x86_64__) && \
    defined(__GLIBC__) && !defined(NL_NO_CLONES)
#define NL_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define NL_CLONES
#endif

/* For parts of a kernel, which must be compiled for its processor. */
#if defined(__GNUC__)
#define NL_INLINE static inline __attribute__((always_inline))
#else
#define NL_INLINE static inline
#endif

/* Before a loop of a few turns, all of which are to be written out, with its arrays in registers.
 */
#if defined(__clang__)
#define NL_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define NL_UNROLL _Pragma("GCC unroll 8")
#else
#define NL_UNROLL
#endif

/* Asks for the line of cache that holds *x. */
#if defined(__GNUC__)
#define NL_FETCH(x) __builtin_prefetch(x)
#else
#define NL_FETCH(x) ((void)(x))
#endif
enum { NL_LINE = 64 }; /* its bytes */

/* x (n, a multiple of NL_LANES) <- exp(x), to two units in the last place. Below -708 the
 * result is 0, also for -Inf; above 709 it is exp(709). NaN gives 0. */
void nl_exp(int n, double *x);

/* Copies a vector (n) into one lane of x (n in lanes), or out of it. */
void nl_lane_set(size_t n, const double *from, int lane, double *x);
void nl_lane_get(size_t n, const double *x, int lane, double *to);

#endif
