/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

/** Seeds derived from the seed of a run. */
final class Seeds {

    // Two streams must not meet: a dropout mask must not follow the order of the batches.
    private static final long ORDER = 0x6F72646572L;
    private static final long PASS = 0x70617373L;

    private Seeds() {}

    static long order(long seed, int epoch) {
        return mix(mix(seed ^ ORDER) + epoch);
    }

    static long pass(long seed, long pass) {
        return mix(mix(seed ^ PASS) + pass);
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014, Fast splittable pseudorandom number generators). */
    private static long mix(long seed) {
        long z = seed + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
