/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.lora4j.config.LoraConfig;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A base of two linear layers, and graphs over it that differ in their head. */
final class TinyTasks {

    static final int IN = 3;
    static final int INNER = 4;

    final DataType type;
    private final INDArray up;
    private final INDArray down;
    private final INDArray bias;

    TinyTasks(DataType type) {
        this(type, 5);
    }

    TinyTasks(DataType type, long base) {
        this.type = type;
        SplittableRandom random = new SplittableRandom(base);
        up = values(random, IN, INNER);
        bias = values(random, INNER);
        down = values(random, INNER, INNER);
    }

    INDArray values(SplittableRandom random, long... shape) {
        INDArray values = Nd4j.create(type, shape);
        for (long i = 0; i < values.length(); i++) {
            values.putScalar(i, 2 * random.nextDouble() - 1);
        }
        return values;
    }

    /** x [., 3] -> up (with bias) -> tanh -> down -> head -> cross entropy. */
    SameDiff graph(int classes) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", type, -1, IN);
        SDVariable labels = graph.placeHolder("labels", type, -1, classes);
        SDVariable inner =
                graph.math().tanh(x.mmul(graph.constant("up.weight", up)).add(graph.constant("up.bias", bias)));
        SDVariable features = inner.mmul(graph.constant("down.weight", down));
        SplittableRandom random = new SplittableRandom(classes);
        SDVariable head = graph.constant("head.weight", values(random, INNER, classes));
        SDVariable logits = features.mmul(head).add("logits", graph.constant("head.bias", values(random, classes)));
        graph.loss().softmaxCrossEntropy("loss", labels, logits, graph.constant("one", Nd4j.scalar(type, 1.0)));
        graph.setLossVariables("loss");
        return graph;
    }

    Task task(String name, int classes) {
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < classes; i++) {
            labels.add("label " + i);
        }
        return new Task(name, graph(classes), List.of("head"), Optional.of(new TaskLabels(labels)));
    }

    List<Task> twoTasks() {
        return List.of(task("animals", 2), task("colors", 3));
    }

    Batch batch(int classes, int rows, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray x = values(random, rows, IN);
        INDArray labels = Nd4j.zeros(type, rows, classes);
        for (int row = 0; row < rows; row++) {
            labels.putScalar(row, random.nextInt(classes), 1);
        }
        return Batch.of(Map.of("x", x, "labels", labels), rows);
    }

    Batches batches(int classes, int count) {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            batches.add(batch(classes, 5, 100L * classes + i));
        }
        return Batches.shuffled(batches);
    }

    static LoraConfig lora(int rank, double alpha, String... targets) {
        return LoraConfig.builder()
                .rank(rank)
                .alpha(alpha)
                .targetModules(targets)
                .build();
    }

    /** Gives every trainable array other values, so that no part is without effect. */
    void disturb(MultiTaskModel model, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (String task : model.tasks()) {
            for (TrainableParameter parameter : model.task(task).trainableParameters()) {
                parameter.value().assign(values(random, parameter.value().shape()));
            }
        }
    }

    static INDArray logits(AdaptedSameDiff model, Batch batch) {
        return model.output(Map.of("x", batch.placeholders().get("x")), "logits")
                .get("logits");
    }
}
