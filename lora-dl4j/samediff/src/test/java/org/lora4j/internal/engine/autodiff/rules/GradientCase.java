/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;

/** A small computation, the gradients of all whose variables are checked. */
record GradientCase(String name, Function<TestGraph, SDVariable> build) {

    TestGraph graph() {
        TestGraph graph = new TestGraph();
        return graph.lossOf(build.apply(graph));
    }

    @Override
    public String toString() {
        return name;
    }
}
