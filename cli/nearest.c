#include "cli/args.h"
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 32

static int min3(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours count one each. */
static int distance(const char *a, const char *b)
{
    int d[WORD_MAX + 1][WORD_MAX + 1];
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n > WORD_MAX || m > WORD_MAX)
        return WORD_MAX;
    for (int i = 0; i <= n; i++)
        d[i][0] = i;
    for (int j = 0; j <= m; j++)
        d[0][j] = j;
    for (int i = 1; i <= n; i++)
        for (int j = 1; j <= m; j++) {
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    return d[n][m];
}

const char *nearest(const char *word, const char *const *words)
{
    const char *best = NULL, *prefixed = NULL;
    int best_distance = WORD_MAX, n_prefixed = 0;
    size_t len = strlen(word);
    for (; len && *words; words++) {
        int n = distance(word, *words);
        if (n < best_distance) {
            best_distance = n;
            best = *words;
        }
        if (strncmp(*words, word, len) == 0) {
            prefixed = *words;
            n_prefixed++;
        }
    }
    if (best && best_distance * 3 <= (int)(len > 3 ? len : 3))
        return best;
    return n_prefixed == 1 ? prefixed : NULL;
}
