/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.Map;
import org.lora4j.internal.engine.autodiff.rules.Shapes;

/** The shapes of a graph's variables and of their gradients, of which each has the shape of a variable. */
record GradientShapes(Shapes ofVariables, Map<String, String> shapedLike) implements Shapes {

    private String known(String variable) {
        return ofVariables.knows(variable) ? variable : shapedLike.getOrDefault(variable, variable);
    }

    @Override
    public boolean knows(String variable) {
        return ofVariables.knows(known(variable));
    }

    @Override
    public int rank(String variable) {
        return ofVariables.rank(known(variable));
    }

    @Override
    public int[] broadcastDimensions(String input, String output) {
        return ofVariables.broadcastDimensions(known(input), known(output));
    }
}
