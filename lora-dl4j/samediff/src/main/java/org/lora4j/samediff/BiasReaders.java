/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.samediff.form.Site;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/** Who reads the bias of a module: what changes the bias changes it for all of them. */
final class BiasReaders {

    private BiasReaders() {}

    /** Whether every use of a module adds the same bias, and nothing else reads it. */
    static boolean areOwn(SameDiff graph, GraphModule module) {
        String bias = module.bias();
        if (!module.sites().stream().allMatch(site -> bias.equals(site.bias()))) {
            return false;
        }
        Set<String> ops = module.sites().stream().map(Site::op).collect(Collectors.toSet());
        Set<String> outputs = ops.stream()
                .map(op -> graph.getOps().get(op).getOutputsOfOp().get(0))
                .collect(Collectors.toSet());
        return GraphOrder.consumers(graph, bias).stream().allMatch(reader -> {
            SameDiffOp op = graph.getOps().get(reader);
            return ops.contains(reader) || GraphOrder.inputs(op).stream().anyMatch(outputs::contains);
        });
    }

    /** Whether a bias is added behind the op that applies the module, and not by that op. */
    static boolean isBehind(SameDiff graph, GraphModule module) {
        SameDiffOp op = graph.getOps().get(module.sites().get(0).op());
        return module.bias() != null && !GraphOrder.inputs(op).contains(module.bias());
    }
}
