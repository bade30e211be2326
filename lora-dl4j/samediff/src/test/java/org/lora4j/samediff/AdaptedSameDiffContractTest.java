/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdaptedModelContract;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AdaptedSameDiffContractTest extends AdaptedModelContract {

    private static FormCase.Maker graph() {
        return FormCase.all().stream()
                .filter(form -> form.name.equals("x W + b"))
                .findFirst()
                .orElseThrow()
                .make(DataType.DOUBLE);
    }

    @Override
    protected AdaptedModel model() {
        return AdaptedSameDiff.of(graph().sd);
    }

    private static SDVariable weight(SameDiff graph, String name, long... shape) {
        return graph.var(name, RandomStreams.uniform(new SplittableRandom(name.hashCode()), 1, DataType.DOUBLE, shape));
    }

    /** A module that is used twice, with one bias. */
    private static SameDiff twice() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 4);
        SDVariable w = weight(graph, "m.weight", 4, 4);
        SDVariable b = weight(graph, "m.bias", 4);
        graph.math().tanh(x.mmul(w).add(b)).mmul(w).add("y", b);
        return graph;
    }

    /** A table that is looked up, and multiplied with behind. */
    private static SameDiff tied() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT32, -1);
        SDVariable table = weight(graph, "table.weight", 6, 4);
        graph.mmul("y", graph.gather(table, ids, 0), table, false, true, false);
        return graph;
    }

    private Sharing sharing(String name, SameDiff graph, LoraConfig config, Map<String, INDArray> inputs) {
        return new Sharing(
                name,
                () -> AdaptedSameDiff.of(graph),
                config,
                adapted -> ((AdaptedSameDiff) adapted)
                        .output(inputs, "y")
                        .get("y")
                        .dup('c')
                        .data()
                        .asDouble(),
                this::mergedAndUnloaded);
    }

    @Override
    protected List<Sharing> sharing() {
        LoraConfig all = LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules(ModuleSelector.regex(".*"))
                .build();
        INDArray x = RandomStreams.uniform(new SplittableRandom(5), 1, DataType.DOUBLE, 3, 4);
        return List.of(
                sharing(
                        "a bias, two uses of a module",
                        twice(),
                        all.toBuilder().loraBias(true).build(),
                        Map.of("x", x)),
                sharing("a table", tied(), all, Map.of("ids", Nd4j.createFromArray(1, 5, 1))));
    }

    @Override
    protected LoraConfig config() {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules(ModuleSelector.allLinear())
                .build();
    }

    @Override
    protected double[] output(AdaptedModel adapted) {
        return ((AdaptedSameDiff) adapted)
                .output(graph().inputs, "y")
                .get("y")
                .dup('c')
                .data()
                .asDouble();
    }

    @Override
    protected AdaptedModel mergedAndUnloaded(AdaptedModel adapted) {
        return AdaptedSameDiff.of(((AdaptedSameDiff) adapted).mergeAndUnload());
    }
}
