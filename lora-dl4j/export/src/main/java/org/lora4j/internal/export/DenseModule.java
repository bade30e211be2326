/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.Pooling;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A step of a pooling as a module of sentence-transformers: a {@code Dense}, or a {@code Normalize}. Only the first numbers of a vector are
 * kept by a {@code Dense} whose rows are those of the identity, as no other module does it; its vectors are the same to the bit.
 *
 * @param weight {@code [out, in]}; null for a {@code Normalize}
 * @param bias {@code [out]}, or null
 * @param activation the class of PyTorch after it
 * @apiNote Status: internal
 */
public record DenseModule(INDArray weight, INDArray bias, String activation) {

    private static final String IDENTITY = "torch.nn.modules.linear.Identity";

    /** Whether it divides vectors by their length. */
    public boolean isNormalization() {
        return weight == null;
    }

    /**
     * The modules behind a pooling.
     *
     * @param hidden the width of the hidden states
     * @param trained tensors that were trained, by name, in PyTorch's layout
     * @param problems takes what has no module
     * @return in their order
     */
    public static List<DenseModule> of(Pooling pooling, int hidden, Map<String, INDArray> trained, Problems problems) {
        List<Pooling.Mode> modes = pooling.modes();
        problems.check(
                modes.size() == 1 || !modes.contains(Pooling.Mode.POOLER),
                "pooling = " + pooling
                        + ", expected no pooler joined with others: sentence-transformers has no module for it");
        problems.check(
                modes.stream().sorted().toList().equals(modes),
                "pooling = " + pooling + ", expected its modes in the order in which sentence-transformers joins them, "
                        + modes.stream().sorted().toList());
        List<DenseModule> modules = new ArrayList<>();
        List<Pooling.Step> steps = pooling.steps();
        int width = modes.size() * hidden;
        for (int i = 0; i < steps.size(); i++) {
            Pooling.Step step = steps.get(i);
            boolean active = i + 1 < steps.size() && steps.get(i + 1) instanceof Pooling.Activation;
            if (step instanceof Pooling.Normalization) {
                modules.add(new DenseModule(null, null, IDENTITY));
            } else if (step instanceof Pooling.First first) {
                modules.add(new DenseModule(first(first.dimensions(), width), null, IDENTITY));
            } else if (step instanceof Pooling.Linear linear) {
                Pooling.Function function =
                        active ? ((Pooling.Activation) steps.get(++i)).function() : Pooling.Function.IDENTITY;
                function.torchName()
                        .ifPresentOrElse(
                                name -> modules.add(linear(linear, trained, name)),
                                () -> problems.add(noModule(function)));
            } else {
                problems.add(noModule(step.name()));
            }
            width = step.dimension(width);
        }
        return modules;
    }

    private static String noModule(Object step) {
        return "step " + step + " of the pooling, expected one that sentence-transformers has a module for";
    }

    private static DenseModule linear(Pooling.Linear linear, Map<String, INDArray> trained, String activation) {
        INDArray weight = trained.get(linear.module() + ".weight");
        INDArray bias = trained.getOrDefault(linear.module() + ".bias", linear.bias());
        return new DenseModule(
                weight != null ? weight : linear.weight().permute(1, 0).dup('c'), bias, activation);
    }

    private static INDArray first(int rows, int columns) {
        INDArray kept = Nd4j.zeros(DataType.FLOAT, rows, columns);
        for (int i = 0; i < rows; i++) {
            kept.putScalar(i, i, 1);
        }
        return kept;
    }
}
