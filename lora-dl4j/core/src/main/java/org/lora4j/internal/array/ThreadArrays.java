/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

/**
 * Java arrays that a thread uses again for every block. Fresh ones would be zeroed, and each would lie in memory that is
 * not in the cache: that costs as much as the arithmetic of a short kernel.
 *
 * @apiNote Status: internal
 */
public final class ThreadArrays {

    private static final ThreadLocal<ThreadArrays> OF_THREAD = ThreadLocal.withInitial(ThreadArrays::new);

    private final float[][] arrays = new float[6][0];
    private float[][] equal = {};

    private ThreadArrays() {}

    /** An array of at least a length, holding anything; calls with other slots give other arrays. */
    public static float[] array(int slot, int length) {
        float[][] arrays = OF_THREAD.get().arrays;
        if (arrays[slot].length < length) {
            arrays[slot] = new float[length];
        }
        return arrays[slot];
    }

    /** So many arrays of one length, holding anything; every call gives the same ones, or more. */
    public static float[][] arrays(int count, int length) {
        ThreadArrays own = OF_THREAD.get();
        if (own.equal.length < count || own.equal[0].length != length) {
            own.equal = new float[count][length];
        }
        return own.equal;
    }
}
