/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

/** What a thread needs to work on a product, and keeps for the next one. */
final class Workspace implements AutoCloseable {

    final Blas blas = new Blas();
    /** Weights in F32, or scores. */
    final Memory memory = new Memory();

    final int[] stored = new int[HalfWeight.PIECE];
    final int[] even = new int[HalfWeight.PIECE];
    final int[] odd = new int[HalfWeight.PIECE];
    private float[][] floats = new float[2][0];

    /** An array of at least a length, holding anything. */
    float[] floats(int slot, int length) {
        if (floats[slot].length < length) {
            floats[slot] = new float[length];
        }
        return floats[slot];
    }

    @Override
    public void close() {
        memory.close();
    }
}
