/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/** Ops with weights that no form adapts yet, each with its reason. */
final class RefusedForm implements SiteForm {

    private static final String RECURRENT =
            "recurrent ops apply several weights in one piece; adapt the layers around them";
    private static final String TRANSPOSED_CONVOLUTION = "transposed convolutions are not supported yet";

    private static final Map<String, String> REASONS = Map.ofEntries(
            Map.entry(
                    "depthwise_conv2d", "depthwise convolutions have one small kernel a channel and no rank to reduce"),
            Map.entry(
                    "sconv2d", "separable convolutions are not supported; use a depthwise and a pointwise convolution"),
            Map.entry("deconv2d", TRANSPOSED_CONVOLUTION),
            Map.entry("deconv2d_tf", TRANSPOSED_CONVOLUTION),
            Map.entry("deconv3d", TRANSPOSED_CONVOLUTION),
            Map.entry("deconv3d_tf", TRANSPOSED_CONVOLUTION),
            Map.entry("batched_gemm", "batched_gemm of ND4J M2.1 damages native memory; use matmul"),
            Map.entry("embedding_lookup", "embedding_lookup has no gradient in ND4J M2.1; use gather"),
            Map.entry("gather_nd", "gather_nd has no gradient in ND4J M2.1; use gather"),
            Map.entry("lstmLayer", RECURRENT),
            Map.entry("lstmBlock", RECURRENT),
            Map.entry("lstmBlockCell", RECURRENT),
            Map.entry("lstmCell", RECURRENT),
            Map.entry("gru", RECURRENT),
            Map.entry("gruCell", RECURRENT),
            Map.entry("sru", RECURRENT),
            Map.entry("sruCell", RECURRENT));

    @Override
    public String name() {
        return "refused";
    }

    @Override
    public Set<String> ops() {
        return REASONS.keySet();
    }

    @Override
    public List<Finding> inspect(GraphReader reader, SameDiffOp op) {
        List<Finding> findings = new ArrayList<>();
        for (int i = 0; i < GraphOrder.inputs(op).size(); i++) {
            Operand weight = reader.operand(op, i);
            boolean matrix = weight.shape() != null
                    && weight.rank() >= 2
                    && weight.type().isFPType();
            if (matrix) {
                findings.add(Forms.refuse(weight, op, REASONS.get(op.getOp().opName())));
            }
        }
        return findings;
    }
}
