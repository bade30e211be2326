/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.Combine;
import org.lora4j.combine.CombineAlgorithm;
import org.lora4j.method.LoraMethod;
import org.lora4j.samediff.ExpertGate;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Makes one plain adapter of the parts of a task. */
final class TaskExport {

    static final String A = LoraMethod.A;

    private TaskExport() {}

    /** Puts factors side by side; a part that only has a head gives it to the others. */
    static Adapter plain(Optional<Adapter> shared, Optional<Adapter> experts, Optional<Adapter> specific) {
        List<Adapter> factors = new ArrayList<>();
        shared.ifPresent(factors::add);
        experts.ifPresent(factors::add);
        specific.filter(part -> !part.modules().isEmpty()).ifPresent(factors::add);
        if (factors.isEmpty()) {
            return specific.orElseThrow();
        }
        Adapter sum = factors.size() == 1 ? factors.get(0) : sum(factors);
        return specific.filter(part -> part.modules().isEmpty())
                .map(head -> withHead(sum, head))
                .orElse(sum);
    }

    private static Adapter sum(List<Adapter> factors) {
        double[] weights = factors.stream().mapToDouble(part -> 1).toArray();
        return Combine.of(factors)
                .weights(weights)
                .algorithm(CombineAlgorithm.CAT)
                .combine();
    }

    private static Adapter withHead(Adapter factors, Adapter head) {
        return Adapter.of(
                        factors.config().toBuilder()
                                .modulesToSave(head.config().modulesToSave())
                                .build(),
                        factors.modules(),
                        head.savedParameters())
                .onBaseOf(List.of(factors, head));
    }

    /** Multiplies the shares of a constant gate into B. */
    static Adapter folded(Adapter experts, ExpertGate gate) {
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        experts.modules().forEach((path, factors) -> {
            double[] shares = softmax(gate.values().get(path));
            INDArray b = factors.get(LoraMethod.B).dup('c');
            long each = b.size(1) / shares.length;
            for (long row = 0; row < b.size(0); row++) {
                for (long column = 0; column < b.size(1); column++) {
                    b.putScalar(row, column, b.getDouble(row, column) * shares[(int) (column / each)]);
                }
            }
            modules.put(path, Map.of(A, factors.get(A), LoraMethod.B, b));
        });
        return Adapter.of(experts.config(), modules, Map.of()).onBaseOf(List.of(experts));
    }

    private static double[] softmax(INDArray z) {
        double[] shares = z.dup('c').data().asDouble();
        double largest = Double.NEGATIVE_INFINITY;
        for (double value : shares) {
            largest = Math.max(largest, value);
        }
        double sum = 0;
        for (int i = 0; i < shares.length; i++) {
            shares[i] = Math.exp(shares[i] - largest);
            sum += shares[i];
        }
        for (int i = 0; i < shares.length; i++) {
            shares[i] /= sum;
        }
        return shares;
    }
}
