/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.lora4j.integration.benchmark.Torch.Linear;

/** The perceptron of {@link MlpTeam} in PyTorch. */
final class TorchMlp {

    private static final int STEPS = 4;

    private final List<Tensor> parameters = new ArrayList<>();
    private final Linear first;
    private final Linear second;
    private final Linear head;
    private final Tensor x;
    private final Tensor labels;

    private TorchMlp(int batch, boolean lora) {
        first = Linear.of(MlpTeam.INPUTS, MlpTeam.HIDDEN, lora, !lora, parameters);
        second = Linear.of(MlpTeam.HIDDEN, MlpTeam.HIDDEN, lora, !lora, parameters);
        head = Linear.of(MlpTeam.HIDDEN, MlpTeam.CLASSES, false, !lora, parameters);
        x = torch.randn(batch, MlpTeam.INPUTS);
        labels = Torch.numbers(MlpTeam.CLASSES, batch);
    }

    private Tensor loss() {
        Tensor hidden = torch.relu(second.of(torch.relu(first.of(x))));
        return torch.cross_entropy_loss(head.of(hidden), labels);
    }

    static List<Contender> contenders(Predicate<String> wanted) {
        List<Contender> contenders = new ArrayList<>();
        for (int batch : MlpTeam.BATCHES) {
            for (boolean lora : new boolean[] {true, false}) {
                String key = key(lora, batch);
                if (wanted.test(key)) {
                    TorchMlp network = new TorchMlp(batch, lora);
                    String label = String.format(
                            Locale.ROOT,
                            "PyTorch %s, batch %d, step (%,d parameters)",
                            lora ? "LoRA" : "full",
                            batch,
                            Torch.count(network.parameters));
                    contenders.add(Contender.timed(key, label, STEPS, Torch.step(network::loss, network.parameters)));
                }
            }
        }
        return contenders;
    }

    static String key(boolean lora, int batch) {
        return "torch." + (lora ? "lora" : "full") + batch;
    }
}
