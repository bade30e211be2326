/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

/**
 * The numbers of a model for one position, as they come.
 *
 * @apiNote Status: internal
 */
public final class Logits {

    private Logits() {}

    /**
     * Refuses numbers from which no token can be chosen.
     *
     * @param step the position after the prompt, for the message
     */
    static void check(float[] logits, int step) {
        int bad = 0;
        int first = -1;
        boolean possible = false;
        for (int id = 0; id < logits.length; id++) {
            // False for NaN, too.
            if (!(logits[id] < Float.POSITIVE_INFINITY)) {
                first = bad == 0 ? id : first;
                bad++;
            }
            possible |= logits[id] > Float.NEGATIVE_INFINITY;
        }
        String where = "logits of new token " + step + ": ";
        if (bad > 0) {
            throw new IllegalArgumentException(where + bad + " of " + logits.length
                    + " are NaN or Infinity, the first that of id " + first + " (" + logits[first]
                    + "); expected numbers. Weights or an adapter have such values, or numbers overflow on the way: check the"
                    + " files, or compute in a wider type.");
        }
        if (!possible) {
            throw new IllegalArgumentException(where
                    + (logits.length == 0 ? "there are none" : "all " + logits.length + " are -Infinity")
                    + "; expected a number for one token at least. Check the mask and the weights of the head.");
        }
    }

    /** The first of the largest. */
    static int best(float[] logits) {
        int best = 0;
        for (int id = 1; id < logits.length; id++) {
            if (logits[id] > logits[best]) {
                best = id;
            }
        }
        return best;
    }

    /**
     * The logarithm of a token's probability in the softmax. Costs one exponential for each token.
     *
     * @param logits one for each token
     * @return a number, 0 or below
     */
    public static double logProbability(float[] logits, int id) {
        return logits[id] - logSum(logits);
    }

    /** The logarithm of the sum of all exponentials. */
    static double logSum(float[] logits) {
        double best = logits[best(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - best);
        }
        return best + Math.log(sum);
    }

    /** The ids of the largest, in their order; of equal ones the first. */
    static int[] largest(float[] logits, int count) {
        int[] ids = new int[Math.min(count, logits.length)];
        int found = 0;
        for (int id = 0; id < logits.length; id++) {
            if (found == ids.length && (found == 0 || logits[id] <= logits[ids[found - 1]])) {
                continue;
            }
            int at = found < ids.length ? found++ : found - 1;
            while (at > 0 && logits[id] > logits[ids[at - 1]]) {
                ids[at] = ids[at - 1];
                at--;
            }
            ids[at] = id;
        }
        return ids;
    }
}
