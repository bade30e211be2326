/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;

/**
 * The arithmetic of an optimizer that works element by element, for one parameter. Loops inside are short, with one result
 * each: HotSpot gives up vectorizing long bodies.
 */
interface BlockRule {

    /** The remembered arrays. */
    List<StateArray> state();

    /**
     * Prepares the constants of a step.
     *
     * @param update number of this update of the parameter, from 1
     */
    void begin(UpdateStep step, long update);

    /**
     * Updates {@code p} from the scaled gradient {@code g}, which may be overwritten; the first {@code n} elements. Other
     * threads may be at other blocks.
     */
    void apply(int block, float[] p, float[] g, int n);

    /** As for floats. */
    void apply(int block, double[] p, double[] g, int n);
}
